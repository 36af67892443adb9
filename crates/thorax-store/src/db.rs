//! The database: SQLite with one writer and many readers, or PostgreSQL with one pool.

mod listen;
mod open;

use std::sync::Arc;
use std::time::Duration;

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, FromQueryResult, SqliteTransactionMode,
    Statement, TransactionOptions, TransactionTrait, Value,
};
use thorax_domain::clock::Timestamp;
use thorax_domain::ids::PredictionId;
use tokio::sync::{Notify, broadcast};
use uuid::Uuid;

use crate::audit::AuditLog;
use crate::error::Result;
use crate::jobs::Jobs;
use crate::patients::Patients;
use crate::predictions::Predictions;
use crate::sessions::Sessions;
use crate::statistics::Statistics;
use crate::tokens::Tokens;
use crate::users::Users;
use crate::xrays::XRays;

/// Which database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseKind {
    /// A file, or memory.
    Sqlite,
    /// A server.
    PostgreSql,
}

/// How a database is opened.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Connections that read (SQLite) or all connections (PostgreSQL).
    pub connections: u32,
    /// How long a request waits for a connection or a lock before it fails.
    pub patience: Duration,
    /// Statements that take this long are logged.
    pub slow_statement: Duration,
    /// Whether pending migrations are run; otherwise a database that is not up to date is refused.
    pub migrate: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connections: 8,
            patience: Duration::from_secs(10),
            slow_statement: Duration::from_millis(100),
            migrate: true,
        }
    }
}

/// The open database. Clones share it.
#[derive(Debug, Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    kind: DatabaseKind,
    reader: DatabaseConnection,
    writer: DatabaseConnection,
    work: Notify,
    progress: broadcast::Sender<PredictionId>,
    audit: AuditLog,
    /// Tells this process from others on the same database.
    node: Uuid,
}

macro_rules! repositories {
    ($($(#[$doc:meta])* $name:ident: $type:ident),+ $(,)?) => {
        impl Store {
            $($(#[$doc])*
            #[must_use]
            pub const fn $name(&self) -> $type<'_> {
                $type(self)
            })+
        }
    };
}

repositories! {
    /// Accounts.
    users: Users,
    /// Browsers that signed in.
    sessions: Sessions,
    /// Tokens of programs.
    tokens: Tokens,
    /// Whose chests.
    patients: Patients,
    /// Radiographs, and how they come in.
    xrays: XRays,
    /// What the networks said, and what doctors made of it.
    predictions: Predictions,
    /// The queue.
    jobs: Jobs,
    /// Figures about all of it.
    statistics: Statistics,
}

impl Store {
    /// Opens `sqlite:PATH`, `sqlite::memory:` or `postgres://USER:PASSWORD@HOST/NAME`, and brings its tables up to date.
    ///
    /// # Errors
    /// Where the address is none, the database cannot be reached or a migration fails.
    pub async fn open(address: &str, settings: &Settings) -> Result<Self> {
        open::open(address, settings).await
    }

    /// Who did what.
    #[must_use]
    pub fn audit(&self) -> &AuditLog {
        &self.inner.audit
    }

    /// Which database it is.
    #[must_use]
    pub fn kind(&self) -> DatabaseKind {
        self.inner.kind
    }

    /// Asks the database for something small: an error means that it is not there.
    ///
    /// # Errors
    /// Where it does not answer.
    pub async fn ping(&self) -> Result<()> {
        self.inner.reader.ping().await?;
        Ok(())
    }

    /// What time the database has: several nodes on one PostgreSQL agree on it. `now` is the answer for SQLite, which has none.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn time(&self, now: Timestamp) -> Result<Timestamp> {
        if self.kind() == DatabaseKind::Sqlite {
            return Ok(now);
        }
        let sql = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT) AS micros";
        let row = self.inner.reader.query_one_raw(self.statement(sql, [])).await?;
        Ok(row.map(|row| row.try_get("", "micros")).transpose()?.map_or(now, Timestamp::from_micros))
    }

    /// Has the database look at how its rows are spread, so that it finds them along the right index. Worth while after many
    /// rows came at once; call it once a day as well.
    ///
    /// # Errors
    /// Where it does not do so.
    pub async fn optimize(&self) -> Result<()> {
        let sql = match self.kind() {
            DatabaseKind::Sqlite => "PRAGMA analysis_limit = 1000; ANALYZE; PRAGMA wal_checkpoint(PASSIVE)",
            DatabaseKind::PostgreSql => "ANALYZE",
        };
        self.inner.writer.execute_unprepared(sql).await?;
        Ok(())
    }

    /// Closes all connections. What was committed is on disk.
    ///
    /// # Errors
    /// Where the database does not let go.
    pub async fn close(&self) -> Result<()> {
        self.inner.reader.close_by_ref().await?;
        self.inner.writer.close_by_ref().await?;
        Ok(())
    }

    /// Becomes ready when a job was enqueued: in this process, and on PostgreSQL by any node. Ask for it before looking into
    /// the queue, and poll as well: a connection may have been down meanwhile.
    pub fn work(&self) -> tokio::sync::futures::Notified<'_> {
        self.inner.work.notified()
    }

    /// The predictions whose progress or status changes, as they change: in this process, and on PostgreSQL on any node. Poll
    /// as well: on SQLite the worker may be another process.
    #[must_use]
    pub fn changes(&self) -> broadcast::Receiver<PredictionId> {
        self.inner.progress.subscribe()
    }
}

impl Store {
    pub(crate) fn reader(&self) -> &DatabaseConnection {
        &self.inner.reader
    }

    /// For single statements that write.
    pub(crate) fn writer(&self) -> &DatabaseConnection {
        &self.inner.writer
    }

    /// A transaction that writes. On SQLite it holds the only write lock from its first moment, so nothing else may be
    /// awaited inside it than its own statements.
    pub(crate) async fn begin(&self) -> Result<DatabaseTransaction> {
        begin(&self.inner.writer).await
    }

    /// Tells those who listen, here and on other nodes, that a prediction has changed.
    pub(crate) fn announce(&self, prediction: PredictionId) {
        // Nobody listening is no fault.
        let _ = self.inner.progress.send(prediction);
        if self.kind() == DatabaseKind::PostgreSql {
            let store = self.clone();
            tokio::spawn(async move {
                let text = format!("{} {prediction}", store.inner.node);
                let told = store.statement("SELECT pg_notify('thorax_change', $1)", [text.into()]);
                if let Err(error) = store.writer().execute_raw(told).await {
                    tracing::debug!(error = %error, "other nodes could not be told of a change; they poll");
                }
            });
        }
    }

    /// Has other nodes on the same PostgreSQL look into the queue once the transaction is committed.
    pub(crate) async fn notify_work(&self, transaction: &DatabaseTransaction) -> Result<()> {
        if self.kind() == DatabaseKind::PostgreSql {
            execute(transaction, "SELECT pg_notify('thorax_work', '')", []).await?;
        }
        Ok(())
    }

    pub(crate) fn announce_work(&self) {
        self.inner.work.notify_waiters();
    }

    pub(crate) fn statement(&self, sql: &str, values: impl IntoIterator<Item = Value>) -> Statement {
        statement(self.backend(), sql, values)
    }

    pub(crate) fn backend(&self) -> DbBackend {
        match self.inner.kind {
            DatabaseKind::Sqlite => DbBackend::Sqlite,
            DatabaseKind::PostgreSql => DbBackend::Postgres,
        }
    }

    pub(crate) async fn all<R: FromQueryResult>(
        &self,
        sql: &str,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<R>> {
        Ok(R::find_by_statement(self.statement(sql, values)).all(self.reader()).await?)
    }

    pub(crate) async fn one<R: FromQueryResult>(
        &self,
        sql: &str,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Option<R>> {
        Ok(R::find_by_statement(self.statement(sql, values)).one(self.reader()).await?)
    }

    pub(crate) async fn number(&self, sql: &str, values: impl IntoIterator<Item = Value>) -> Result<u64> {
        let row = self.reader().query_one_raw(self.statement(sql, values)).await?;
        let number: Option<i64> = row.map(|row| row.try_get_by_index(0)).transpose()?.flatten();
        Ok(number.and_then(|number| u64::try_from(number).ok()).unwrap_or(0))
    }
}

/// A statement with its values. PostgreSQL's texts hold no NUL, so none is kept on either.
pub(crate) fn statement(backend: DbBackend, sql: &str, values: impl IntoIterator<Item = Value>) -> Statement {
    let values = values.into_iter().map(|value| match value {
        Value::String(Some(text)) if text.contains('\0') => text.replace('\0', "").into(),
        value => value,
    });
    Statement::from_sql_and_values(backend, sql, values)
}

pub(crate) async fn begin(writer: &DatabaseConnection) -> Result<DatabaseTransaction> {
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    Ok(writer.begin_with_options(options).await?)
}

/// A count as the databases hold it.
pub(crate) fn int(number: u64) -> Value {
    Value::BigInt(Some(i64::try_from(number).unwrap_or(i64::MAX)))
}

/// A count as they give it.
pub(crate) fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// Runs a statement inside a transaction and says how many rows it touched.
pub(crate) async fn execute(
    transaction: &DatabaseTransaction,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<u64> {
    let statement = statement(transaction.get_database_backend(), sql, values);
    Ok(transaction.execute_raw(statement).await?.rows_affected())
}

/// Rows that a statement inside a transaction gives.
pub(crate) async fn select<R: FromQueryResult>(
    transaction: &DatabaseTransaction,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<R>> {
    let statement = statement(transaction.get_database_backend(), sql, values);
    Ok(R::find_by_statement(statement).all(transaction).await?)
}
