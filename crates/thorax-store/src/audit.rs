//! Who did what: append only. Writes note their events in their own transaction; reads hand theirs to [`AuditLog::record`],
//! which stores the events of all requests that wait in one transaction.

mod rows;

use sea_orm::{DatabaseConnection, DatabaseTransaction, FromQueryResult, Value};
use thorax_domain::audit::{Action, AuditEvent, Object};
use thorax_domain::clock::Timestamp;
use thorax_domain::ids::{PatientId, UserId};
use tokio::sync::{mpsc, oneshot};

use crate::db::{begin, execute, statement};
use crate::error::{Result, StoreError};
use crate::sql::{Sql, insert};

/// Most events of one transaction.
const BATCH: usize = 500;
/// Most requests that wait for their events to be stored; one more waits for a place.
const WAITING: usize = 1024;

/// The audit log; from [`crate::Store::audit`].
#[derive(Debug)]
pub struct AuditLog {
    reader: DatabaseConnection,
    waiting: mpsc::Sender<Waiting>,
}

/// Events of one request, and where to say that they are stored.
struct Waiting {
    events: Vec<AuditEvent>,
    stored: oneshot::Sender<bool>,
}

/// Which events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only by this user.
    pub actor: Option<UserId>,
    /// Only about this patient.
    pub patient: Option<PatientId>,
    /// Only this.
    pub action: Option<Action>,
    /// Only to such things.
    pub object: Option<Object>,
    /// Only to this very thing.
    pub object_id: Option<String>,
    /// Only in this request.
    pub request_id: Option<String>,
    /// Only from this address.
    pub ip: Option<String>,
    /// At this moment or later.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
}

/// An event as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditRow {
    /// Its number; newer ones are larger.
    pub seq: i64,
    /// The event.
    pub event: AuditEvent,
    /// The actor's username, where the account is still there.
    pub actor_name: Option<String>,
}

/// A page of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditPage {
    /// The rows, newest first.
    pub rows: Vec<AuditRow>,
    /// Ask with it for older rows; `None` where there are none.
    pub before: Option<i64>,
}

impl AuditLog {
    pub(crate) fn start(reader: DatabaseConnection, writer: DatabaseConnection) -> Self {
        let (waiting, queue) = mpsc::channel(WAITING);
        tokio::spawn(store_batches(writer, queue));
        Self { reader, waiting }
    }

    /// Stores events and returns once they are committed. Requests that come meanwhile share the next transaction; their
    /// statements are not among those of the request.
    ///
    /// # Errors
    /// Where they could not be stored.
    pub async fn record(&self, events: Vec<AuditEvent>) -> Result<()> {
        if events.is_empty() {
            return Ok(());
        }
        let (stored, answer) = oneshot::channel();
        self.waiting.send(Waiting { events, stored }).await.map_err(|_| StoreError::NotRecorded)?;
        if answer.await.unwrap_or(false) { Ok(()) } else { Err(StoreError::NotRecorded) }
    }

    /// The log, newest first; one statement.
    ///
    /// # Errors
    /// Of the database.
    pub async fn list(&self, filter: &AuditFilter, before: Option<i64>, limit: u64) -> Result<AuditPage> {
        let (sql, values) = list_statement(filter, before, limit);
        let asked = statement(self.reader.get_database_backend(), &sql, values);
        let found = rows::Raw::find_by_statement(asked).all(&self.reader).await?;
        let more = u64::try_from(found.len()).is_ok_and(|found| found > limit);
        let keep = usize::try_from(limit).unwrap_or(usize::MAX);
        let rows: Vec<AuditRow> = found.into_iter().take(keep).map(TryInto::try_into).collect::<Result<_>>()?;
        let before = rows.last().map(|row| row.seq).filter(|_| more);
        Ok(AuditPage { rows, before })
    }

    /// How many events there are, counted up to `most`; one statement.
    ///
    /// # Errors
    /// Of the database.
    pub async fn count(&self, filter: &AuditFilter, most: u64) -> Result<u64> {
        use sea_orm::ConnectionTrait as _;
        let mut sql = Sql::new("SELECT COUNT(*) FROM (SELECT 1 AS one FROM audit_events a");
        conditions(&mut sql, filter);
        sql.push(" LIMIT ").bind(crate::db::int(most)).push(") found");
        let (text, values) = sql.into_parts();
        let asked = statement(self.reader.get_database_backend(), &text, values);
        let row = self.reader.query_one_raw(asked).await?;
        let number: Option<i64> = row.map(|row| row.try_get_by_index(0)).transpose()?;
        Ok(number.map_or(0, crate::db::count))
    }
}

pub(crate) fn list_statement(filter: &AuditFilter, before: Option<i64>, limit: u64) -> (String, Vec<Value>) {
    let mut sql = Sql::new("SELECT f.*, u.username AS actor_name FROM (SELECT a.* FROM audit_events a");
    conditions(&mut sql, filter);
    sql.is_maybe("a.seq < ", before).push(" ORDER BY a.seq DESC LIMIT ").bind(crate::db::int(limit.saturating_add(1)));
    sql.push(") f LEFT JOIN users u ON u.id = f.actor ORDER BY f.seq DESC");
    sql.into_parts()
}

fn conditions(sql: &mut Sql, filter: &AuditFilter) {
    sql.is_maybe("a.actor = ", filter.actor.map(UserId::uuid))
        .is_maybe("a.patient_id = ", filter.patient.map(PatientId::uuid))
        .is_maybe("a.action = ", filter.action.map(Action::word))
        .is_maybe("a.object = ", filter.object.map(Object::word))
        .is_maybe("a.object_id = ", filter.object_id.clone())
        .is_maybe("a.request_id = ", filter.request_id.clone())
        .is_maybe("a.ip = ", filter.ip.clone())
        .is_maybe("a.at >= ", filter.from.map(Timestamp::micros))
        .is_maybe("a.at < ", filter.until.map(Timestamp::micros));
}

/// Stores what waits, as much as there is at a time.
async fn store_batches(writer: DatabaseConnection, mut queue: mpsc::Receiver<Waiting>) {
    let mut batch = Vec::with_capacity(BATCH);
    while queue.recv_many(&mut batch, BATCH).await > 0 {
        let events: Vec<AuditEvent> = batch.iter_mut().flat_map(|one| std::mem::take(&mut one.events)).collect();
        let stored = store(&writer, &events).await;
        if let Err(error) = &stored {
            tracing::error!(events = events.len(), error = %error, "audit events could not be stored");
        }
        for one in batch.drain(..) {
            // Whoever asked may have gone away.
            let _ = one.stored.send(stored.is_ok());
        }
    }
}

async fn store(writer: &DatabaseConnection, events: &[AuditEvent]) -> Result<()> {
    let transaction = begin(writer).await?;
    append(&transaction, events).await?;
    Ok(transaction.commit().await?)
}

/// Notes events in the transaction of a write.
pub(crate) async fn append(transaction: &DatabaseTransaction, events: &[AuditEvent]) -> Result<()> {
    for events in events.chunks(BATCH) {
        let rows = events.iter().map(rows::values).collect();
        let (sql, values) = insert("audit_events", rows::COLUMNS, rows, "");
        execute(transaction, &sql, values).await?;
    }
    Ok(())
}
