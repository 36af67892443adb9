//! How jobs end: with a result, with an error, called off, given back, taken back. Each takes the prediction first, then the
//! job, then the sums, so that no two writers wait for each other.

mod result;

use sea_orm::{DatabaseTransaction, FromQueryResult, Value};
use thorax_domain::audit::AuditEvent;
use thorax_domain::clock::Timestamp;
use thorax_domain::ids::{JobId, PredictionId};
use thorax_domain::job::{JobState, Lease};
use thorax_domain::review::PredictionStatus;
use uuid::Uuid;

use super::{NewResult, Retry};
use crate::audit;
use crate::db::{Store, execute, select};
use crate::error::{Result, StoreError};
use crate::tallies::{Counted, Difference, counted};

pub(crate) use result::{provenance, score};

/// Stored where a worker went away too often.
const GONE: &str = "The worker stopped in the middle of this job, every time it was tried.";

async fn held(transaction: &DatabaseTransaction, prediction: PredictionId) -> Result<Option<Counted>> {
    Ok(counted(transaction, "p.id = ", prediction.uuid()).await?.into_iter().next())
}

pub(super) async fn complete(
    store: &Store,
    lease: &Lease,
    result: &NewResult,
    now: Timestamp,
    events: &[AuditEvent],
) -> Result<()> {
    let transaction = store.begin().await?;
    let before = held(&transaction, lease.prediction).await?.ok_or(StoreError::LeaseLost)?;
    let sql = "UPDATE jobs SET state = 'done', lease_until = NULL, finished_at = $3, last_error = NULL, done = total \
               WHERE id = $1 AND attempt = $2 AND state = 'leased'";
    own(&transaction, sql, [lease.job.uuid().into(), lease.attempt.into(), now.micros().into()]).await?;
    result::store(&transaction, &before, result, now).await?;
    audit::append(&transaction, events).await?;
    transaction.commit().await?;
    store.announce(lease.prediction);
    Ok(())
}

/// Runs a statement on a job that only the holder of the lease may touch.
async fn own(transaction: &DatabaseTransaction, sql: &str, values: impl IntoIterator<Item = Value>) -> Result<()> {
    if execute(transaction, sql, values).await? == 0 { Err(StoreError::LeaseLost) } else { Ok(()) }
}

/// Sets a prediction's status, and moves it in the sums where that changes where it is counted.
async fn set_status(
    transaction: &DatabaseTransaction,
    before: &Counted,
    status: PredictionStatus,
    error: Option<&str>,
    now: Timestamp,
) -> Result<()> {
    let sql = "UPDATE predictions SET status = $2, error = $3, completed_at = $4 WHERE id = $1";
    let finished = status.is_final().then_some(now.micros());
    let values: [Value; 4] = [before.id.into(), status.word().into(), error.into(), finished.into()];
    execute(transaction, sql, values).await?;
    let mut difference = Difference::default();
    difference.take(before)?;
    difference.add(&Counted { status: status.word().to_owned(), ..before.clone() })?;
    difference.apply(transaction).await
}

const RETRIED: &str = "UPDATE jobs SET state = 'queued', run_at = $3, lease_until = NULL, worker = NULL, last_error = $4 \
    WHERE id = $1 AND attempt = $2 AND state = 'leased'";
const DIED: &str = "UPDATE jobs SET state = 'dead', finished_at = $3, lease_until = NULL, last_error = $4 \
    WHERE id = $1 AND attempt = $2 AND state = 'leased'";

pub(super) async fn fail(store: &Store, lease: &Lease, error: &str, retry: Retry, now: Timestamp) -> Result<JobState> {
    let transaction = store.begin().await?;
    let before = held(&transaction, lease.prediction).await?.ok_or(StoreError::LeaseLost)?;
    let (state, sql, at, status) = match retry {
        Retry::After(wait) if lease.attempt < lease.max_attempts => {
            (JobState::Queued, RETRIED, now.plus(wait), PredictionStatus::Pending)
        }
        Retry::After(_) | Retry::Never => (JobState::Dead, DIED, now, PredictionStatus::Failed),
    };
    let values: [Value; 4] = [lease.job.uuid().into(), lease.attempt.into(), at.micros().into(), error.into()];
    own(&transaction, sql, values).await?;
    let shown = (status == PredictionStatus::Failed).then_some(error);
    set_status(&transaction, &before, status, shown, now).await?;
    transaction.commit().await?;
    store.announce(lease.prediction);
    Ok(state)
}

pub(super) async fn give_back(store: &Store, lease: &Lease, now: Timestamp) -> Result<()> {
    let transaction = store.begin().await?;
    let before = held(&transaction, lease.prediction).await?.ok_or(StoreError::LeaseLost)?;
    // The attempt does not count, and its number is used up all the same: one more attempt is allowed instead.
    let sql = "UPDATE jobs SET state = 'queued', max_attempts = max_attempts + 1, run_at = $3, lease_until = NULL, \
               worker = NULL WHERE id = $1 AND attempt = $2 AND state = 'leased'";
    own(&transaction, sql, [lease.job.uuid().into(), lease.attempt.into(), now.micros().into()]).await?;
    set_status(&transaction, &before, PredictionStatus::Pending, None, now).await?;
    store.notify_work(&transaction).await?;
    transaction.commit().await?;
    store.announce(lease.prediction);
    store.announce_work();
    Ok(())
}

pub(super) async fn cancel(
    store: &Store,
    prediction: PredictionId,
    now: Timestamp,
    events: &[AuditEvent],
) -> Result<bool> {
    let transaction = store.begin().await?;
    let Some(before) = held(&transaction, prediction).await? else { return Ok(false) };
    let sql = "UPDATE jobs SET state = 'cancelled', finished_at = $2, lease_until = NULL \
               WHERE prediction_id = $1 AND state IN ('queued', 'leased')";
    if execute(&transaction, sql, [prediction.uuid().into(), now.micros().into()]).await? == 0 {
        return Ok(false);
    }
    set_status(&transaction, &before, PredictionStatus::Cancelled, None, now).await?;
    audit::append(&transaction, events).await?;
    transaction.commit().await?;
    store.announce(prediction);
    Ok(true)
}

#[derive(FromQueryResult)]
struct About {
    id: Uuid,
    prediction_id: Uuid,
    attempt: i32,
    max_attempts: i32,
}

pub(super) async fn requeue(store: &Store, id: JobId, now: Timestamp, events: &[AuditEvent]) -> Result<bool> {
    let transaction = store.begin().await?;
    let sql = "SELECT id, prediction_id, attempt, max_attempts FROM jobs WHERE id = $1";
    let found: Vec<About> = select(&transaction, sql, [id.uuid().into()]).await?;
    let Some(job) = found.first() else { return Ok(false) };
    let prediction = PredictionId::from_uuid(job.prediction_id);
    let Some(before) = held(&transaction, prediction).await? else { return Ok(false) };
    // Attempts go on counting, so that a report of an old one is never taken for one of the new.
    let sql = "UPDATE jobs SET state = 'queued', max_attempts = attempt + max_attempts, run_at = $2, \
               finished_at = NULL, lease_until = NULL, worker = NULL WHERE id = $1 AND state IN ('dead', 'cancelled')";
    if execute(&transaction, sql, [id.uuid().into(), now.micros().into()]).await? == 0 {
        return Ok(false);
    }
    set_status(&transaction, &before, PredictionStatus::Pending, None, now).await?;
    audit::append(&transaction, events).await?;
    store.notify_work(&transaction).await?;
    transaction.commit().await?;
    store.announce(prediction);
    store.announce_work();
    Ok(true)
}

pub(super) async fn reap(store: &Store, now: Timestamp) -> Result<u64> {
    let sql = "SELECT id, prediction_id, attempt, max_attempts FROM jobs \
               WHERE state = 'leased' AND lease_until < $1 ORDER BY lease_until LIMIT 1000";
    let mut taken = 0;
    for job in store.all::<About>(sql, [now.micros().into()]).await? {
        let prediction = PredictionId::from_uuid(job.prediction_id);
        if take_back(store, &job, prediction, now).await? {
            store.announce(prediction);
            taken += 1;
        }
    }
    if taken > 0 {
        store.announce_work();
    }
    Ok(taken)
}

async fn take_back(store: &Store, job: &About, prediction: PredictionId, now: Timestamp) -> Result<bool> {
    let transaction = store.begin().await?;
    let Some(before) = held(&transaction, prediction).await? else { return Ok(false) };
    let again = job.attempt < job.max_attempts;
    let (sql, status) = if again { (RETRIED, PredictionStatus::Pending) } else { (DIED, PredictionStatus::Failed) };
    // The lease may have been renewed, or the job finished, since it was looked at.
    let sql = format!("{sql} AND lease_until < $3");
    let values: [Value; 4] = [job.id.into(), job.attempt.into(), now.micros().into(), GONE.into()];
    if execute(&transaction, &sql, values).await? == 0 {
        return Ok(false);
    }
    set_status(&transaction, &before, status, (!again).then_some(GONE), now).await?;
    store.notify_work(&transaction).await?;
    transaction.commit().await?;
    Ok(true)
}
