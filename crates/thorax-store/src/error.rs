//! What can go wrong in the store. Not found is no error: reads say `None`.

use sea_orm::{DbErr, SqlErr};
use thorax_domain::review::ReviewRefused;

/// What can go wrong in the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Something with that name is there already.
    #[error("{0} is taken")]
    Taken(Unique),
    /// The review is not taken.
    #[error(transparent)]
    Review(#[from] ReviewRefused),
    /// The queue holds as much as it may; nothing was written.
    #[error("the queue is full: {0} jobs wait")]
    QueueFull(u64),
    /// The lease ended, the job was called off, or another attempt holds it; nothing was written.
    #[error("the lease is lost")]
    LeaseLost,
    /// What a write needs is not there (any more); nothing was written.
    #[error("{0} is gone")]
    Gone(&'static str),
    /// Audit events could not be stored, so what they are about must not be shown.
    #[error("the audit log could not be written")]
    NotRecorded,
    /// What is stored cannot be read; somebody changed it by hand, or this is a bug.
    #[error("what is stored as {0} cannot be read")]
    Corrupt(&'static str),
    /// The address names no database that this program knows.
    #[error("a database is written as sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME")]
    Address,
    /// A blob could not be kept or fetched.
    #[error("blob store")]
    Blob(#[from] object_store::Error),
    /// A blob's bytes are not those of its name.
    #[error("a blob is damaged: its bytes do not have the hash it is kept under")]
    Damaged,
    /// The cache server did not do as asked.
    #[error("cache server")]
    Redis(#[from] redis::RedisError),
    /// A copy does not match its source.
    #[error("the copy of {table} has {copied} rows and the source {source_rows}")]
    Copy {
        /// Of which table.
        table: &'static str,
        /// Rows of the source.
        source_rows: u64,
        /// Rows of the copy.
        copied: u64,
    },
    /// The database did not do as asked.
    #[error("database")]
    Database(#[source] DbErr),
}

/// Where two things may not have the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unique {
    /// A user's name.
    #[error("the username")]
    Username,
    /// A patient's number.
    #[error("the record number")]
    RecordNumber,
    /// A user is one patient.
    #[error("the user's patient")]
    PatientOfUser,
    /// Something else.
    #[error("the name")]
    Other,
}

/// What the store answers.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(message)) => Self::Taken(unique(&message)),
            Some(SqlErr::ForeignKeyConstraintViolation(_)) => Self::Gone("what it belongs to"),
            _ => Self::Database(error),
        }
    }
}

/// Which name is taken: SQLite tells the columns, PostgreSQL the index, and both hold these words.
fn unique(message: &str) -> Unique {
    if message.contains("username") {
        Unique::Username
    } else if message.contains("record_number") {
        Unique::RecordNumber
    } else if message.contains("patients") && message.contains("user_id") {
        Unique::PatientOfUser
    } else {
        Unique::Other
    }
}

/// A stored word as the domain's.
pub(crate) fn word<T: std::str::FromStr>(text: &str, what: &'static str) -> Result<T> {
    text.parse().map_err(|_| StoreError::Corrupt(what))
}

/// A stored word as the domain's, where there is one.
pub(crate) fn maybe<T: std::str::FromStr>(text: Option<&str>, what: &'static str) -> Result<Option<T>> {
    text.map(|text| word(text, what)).transpose()
}
