//! The queue: a job is enqueued with its prediction, leased by a worker, and reported only by the attempt that holds it.

mod finish;
mod rows;

use std::collections::BTreeMap;
use std::time::Duration;

use sea_orm::{ConnectionTrait, FromQueryResult, Value};
use thorax_domain::audit::AuditEvent;
use thorax_domain::clock::Timestamp;
use thorax_domain::ids::{JobId, PredictionId, XRayId};
use thorax_domain::job::{JobState, Lease, Priority, Progress};
use thorax_domain::prediction::{Prediction, Provenance};
use uuid::Uuid;

use crate::db::{DatabaseKind, Store, count, execute, int};
use crate::error::{Result, StoreError};
use crate::heat::HeatGrid;
use crate::page::{Cursor, Page, PageRequest, Window};
use crate::sql::Sql;
pub(crate) use finish::{provenance, score};

/// Jobs; from [`Store::jobs`].
#[derive(Debug, Clone, Copy)]
pub struct Jobs<'a>(pub(crate) &'a Store);

/// What the worker found out.
#[derive(Debug, Clone)]
pub struct NewResult {
    /// What the gate and the networks said. Without a consensus the prediction is refused, else completed.
    pub prediction: Prediction,
    /// What it depends on. A result that cannot name its bundle cannot be stored.
    pub provenance: Provenance,
    /// Milliseconds of each stage.
    pub timings: BTreeMap<String, f64>,
    /// Where on the film the networks looked.
    pub field: Option<serde_json::Value>,
    /// Where each network looked.
    pub heat: Vec<NetworkHeat>,
    /// Where those that agree looked.
    pub agreement_map: Option<HeatGrid>,
}

/// Where one network looked.
#[derive(Debug, Clone)]
pub struct NetworkHeat {
    /// Its name.
    pub name: String,
    /// Its heat map.
    pub grid: Option<HeatGrid>,
    /// Share of its heat on the lungs.
    pub lung_share: Option<f64>,
}

/// What becomes of a job that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Tried again after this long, unless it was tried often enough. See [`backoff`].
    After(Duration),
    /// Never: it is hopeless.
    Never,
}

/// How long to wait before the next attempt: 2, 4, 8 … seconds, at most five minutes, of which `jitter` (0 to 1) decides the
/// second half.
#[must_use]
pub fn backoff(attempt: i32, jitter: f64) -> Duration {
    let attempt = u32::try_from(attempt).unwrap_or(0).min(9);
    let whole = Duration::from_secs(2_u64.pow(attempt)).min(Duration::from_mins(5));
    whole.mul_f64(0.5 + 0.5 * jitter.clamp(0.0, 1.0))
}

/// How full the queue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueueDepth {
    /// Jobs that wait.
    pub queued: u64,
    /// Jobs that workers hold.
    pub leased: u64,
    /// Jobs that nobody will try again without a person.
    pub dead: u64,
    /// When the oldest waiting job was enqueued.
    pub oldest: Option<Timestamp>,
}

/// Which jobs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// Only in this state.
    pub state: Option<JobState>,
    /// Only of this prediction.
    pub prediction: Option<PredictionId>,
}

/// Which jobs a worker has room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish {
    /// So many at most.
    pub limit: u64,
    /// None that is less urgent.
    pub least: Priority,
}

/// A job in the admin's list.
#[derive(Debug, Clone, PartialEq)]
pub struct JobRow {
    /// Which one.
    pub id: JobId,
    /// What it is about.
    pub prediction: PredictionId,
    /// And of which X-ray.
    pub xray: XRayId,
    /// Where it stands.
    pub state: JobState,
    /// Which comes first.
    pub priority: i16,
    /// Attempts so far.
    pub attempt: i32,
    /// Attempts at most.
    pub max_attempts: i32,
    /// Not before.
    pub run_at: Timestamp,
    /// Held until.
    pub lease_until: Option<Timestamp>,
    /// By whom.
    pub worker: Option<String>,
    /// How far.
    pub progress: Progress,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// Enqueued at.
    pub created_at: Timestamp,
    /// Finished at.
    pub finished_at: Option<Timestamp>,
}

impl Jobs<'_> {
    /// Leases jobs that are due, most urgent first, and sets their predictions running. Each is given to one worker only, however
    /// many ask at once.
    ///
    /// # Errors
    /// Of the database.
    pub async fn claim(&self, worker: &str, wish: Wish, now: Timestamp, lease: Duration) -> Result<Vec<Lease>> {
        let until = now.plus(lease);
        let Wish { limit, least: Priority(priority) } = wish;
        let values = [worker.into(), until.micros().into(), now.micros().into(), int(limit), priority.into()];
        let statement = self.0.statement(&claim_statement(self.0.kind()), values);
        let mut claimed = Claimed::find_by_statement(statement).all(self.0.writer()).await?;
        if claimed.is_empty() {
            return Ok(Vec::new());
        }
        claimed.sort_by_key(|job| (std::cmp::Reverse(job.priority), job.run_at, job.id));
        // For show: what counts is the job, so this need not be one transaction with it.
        let mut sql = Sql::new("UPDATE predictions SET status = 'running'");
        sql.condition("status = 'pending' AND id IN (");
        for (place, job) in claimed.iter().enumerate() {
            sql.push(if place == 0 { "" } else { ", " }).bind(job.prediction_id);
        }
        sql.push(")");
        let (text, values) = sql.into_parts();
        self.0.writer().execute_raw(self.0.statement(&text, values)).await?;
        Ok(claimed
            .into_iter()
            .map(|job| {
                self.0.announce(PredictionId::from_uuid(job.prediction_id));
                job.lease(until)
            })
            .collect())
    }

    /// Renews a lease and notes the progress.
    ///
    /// # Errors
    /// [`crate::StoreError::LeaseLost`] where the job was called off, or the lease ended and another attempt took it: stop.
    pub async fn progress(&self, lease: &Lease, progress: &Progress, now: Timestamp, lasts: Duration) -> Result<Lease> {
        let sql = "UPDATE jobs SET stage = $3, done = $4, total = $5, lease_until = $6 \
                   WHERE id = $1 AND attempt = $2 AND state = 'leased'";
        let until = now.plus(lasts);
        let steps = |steps: u32| -> Value { i32::try_from(steps).unwrap_or(i32::MAX).into() };
        let values: [Value; 6] = [
            lease.job.uuid().into(),
            lease.attempt.into(),
            progress.stage.as_str().into(),
            steps(progress.done),
            steps(progress.total),
            until.micros().into(),
        ];
        let held = self.0.writer().execute_raw(self.0.statement(sql, values)).await?.rows_affected();
        if held == 0 {
            return Err(StoreError::LeaseLost);
        }
        self.0.announce(lease.prediction);
        Ok(Lease { until, ..*lease })
    }

    /// Stores the result: prediction, scores, heat maps, statistics, the end of the job and audit events in one transaction,
    /// once, and only by the attempt that holds the lease. The caller bumps the tag `predictions`.
    ///
    /// # Errors
    /// [`crate::StoreError::LeaseLost`]
    pub async fn complete(
        &self,
        lease: &Lease,
        result: &NewResult,
        now: Timestamp,
        events: &[AuditEvent],
    ) -> Result<()> {
        finish::complete(self.0, lease, result, now, events).await
    }

    /// Notes that an attempt failed, `error` in words for people without names. Says whether it is queued again or dead; a dead
    /// job's prediction has failed.
    ///
    /// # Errors
    /// [`crate::StoreError::LeaseLost`]
    pub async fn fail(&self, lease: &Lease, error: &str, retry: Retry, now: Timestamp) -> Result<JobState> {
        finish::fail(self.0, lease, error, retry, now).await
    }

    /// Gives a job back untried, as when the worker is asked to stop: the attempt does not count.
    ///
    /// # Errors
    /// [`crate::StoreError::LeaseLost`]
    pub async fn give_back(&self, lease: &Lease, now: Timestamp) -> Result<()> {
        finish::give_back(self.0, lease, now).await
    }

    /// Calls off the job of a prediction that is not final; says whether there was one. A worker that holds it learns so at its
    /// next report.
    ///
    /// # Errors
    /// Of the database.
    pub async fn cancel(&self, prediction: PredictionId, now: Timestamp, events: &[AuditEvent]) -> Result<bool> {
        finish::cancel(self.0, prediction, now, events).await
    }

    /// Queues a dead or cancelled job again, with all its attempts; says whether there was one.
    ///
    /// # Errors
    /// Of the database.
    pub async fn requeue(&self, id: JobId, now: Timestamp, events: &[AuditEvent]) -> Result<bool> {
        finish::requeue(self.0, id, now, events).await
    }

    /// Takes jobs back whose lease ended before `now`: queued again, or dead after the last attempt. Says how many.
    ///
    /// # Errors
    /// Of the database.
    pub async fn reap(&self, now: Timestamp) -> Result<u64> {
        finish::reap(self.0, now).await
    }

    /// When the next job of this priority or above is due or the next lease ends; `None` where there is neither.
    ///
    /// # Errors
    /// Of the database.
    pub async fn next_due(&self, least: Priority) -> Result<Option<Timestamp>> {
        let sql = "SELECT MIN(due) AS due FROM (SELECT MIN(run_at) AS due FROM jobs WHERE state = 'queued' \
                   AND priority >= $1 UNION ALL SELECT MIN(lease_until) FROM jobs WHERE state = 'leased') d";
        let found = self.0.one::<Due>(sql, [least.0.into()]).await?;
        Ok(found.and_then(|row| row.due).map(Timestamp::from_micros))
    }

    /// How full the queue is; one statement.
    ///
    /// # Errors
    /// Of the database.
    pub async fn depth(&self) -> Result<QueueDepth> {
        let mut depth = QueueDepth::default();
        for row in self.0.all::<InState>(DEPTH, []).await? {
            match row.state.as_str() {
                "queued" => {
                    depth.queued = count(row.n);
                    depth.oldest = row.oldest.map(Timestamp::from_micros);
                }
                "leased" => depth.leased = count(row.n),
                _ => depth.dead = count(row.n),
            }
        }
        Ok(depth)
    }

    /// The admin's list, newest first; one statement.
    ///
    /// # Errors
    /// Of the database.
    pub async fn list(&self, filter: &JobFilter, page: &PageRequest) -> Result<Page<JobRow>> {
        let window = Window::new(page);
        let (sql, values) = rows::list_statement(filter, &window);
        let found = self.0.all::<rows::Raw>(&sql, values).await?;
        let rows = found.into_iter().map(TryInto::try_into).collect::<Result<Vec<JobRow>>>()?;
        Ok(window.page(rows, |row| Cursor { at: row.created_at, id: row.id.uuid() }))
    }

    /// How many there are in the list; one statement.
    ///
    /// # Errors
    /// Of the database.
    pub async fn count(&self, filter: &JobFilter) -> Result<u64> {
        let mut sql = Sql::new("SELECT COUNT(*) FROM jobs j");
        rows::conditions(&mut sql, filter);
        let (text, values) = sql.into_parts();
        self.0.number(&text, values).await
    }
}

impl Jobs<'_> {
    /// The prediction that a job is about; one statement.
    ///
    /// # Errors
    /// Of the database.
    pub async fn prediction(&self, id: JobId) -> Result<Option<PredictionId>> {
        #[derive(sea_orm::FromQueryResult)]
        struct Row {
            prediction_id: uuid::Uuid,
        }
        let row = self.0.one::<Row>("SELECT prediction_id FROM jobs WHERE id = $1", [id.uuid().into()]).await?;
        Ok(row.map(|row| PredictionId::from_uuid(row.prediction_id)))
    }

    /// Removes the rows of jobs that were done or called off before `before`; their predictions stay. Says how many.
    ///
    /// # Errors
    /// Of the database.
    pub async fn sweep(&self, before: Timestamp) -> Result<u64> {
        let transaction = self.0.begin().await?;
        let sql = "DELETE FROM jobs WHERE state IN ('done', 'cancelled') AND created_at < $1 AND finished_at < $1";
        let gone = execute(&transaction, sql, [before.micros().into()]).await?;
        transaction.commit().await?;
        Ok(gone)
    }
}

pub(crate) const DEPTH: &str = "SELECT state, COUNT(*) AS n, MIN(created_at) AS oldest FROM jobs \
    WHERE state IN ('queued', 'leased', 'dead') GROUP BY state";

/// One text for both: SQLite has one writer and needs no row locks. The jobs are chosen once, before the update: as a plain
/// subquery PostgreSQL may choose anew for every row it looks at, skip what it has locked itself, and take more than asked.
pub(crate) fn claim_statement(kind: DatabaseKind) -> String {
    let skip_those_held = if kind == DatabaseKind::PostgreSql { " FOR UPDATE SKIP LOCKED" } else { "" };
    format!(
        "WITH due AS MATERIALIZED (SELECT id FROM jobs WHERE state = 'queued' AND run_at <= $3 \
         AND priority >= $5 ORDER BY priority DESC, run_at, id LIMIT $4{skip_those_held}) \
         UPDATE jobs SET state = 'leased', attempt = attempt + 1, worker = $1, lease_until = $2, stage = '', done = 0, \
         total = 0 WHERE id IN (SELECT id FROM due) AND state = 'queued' \
         RETURNING id, prediction_id, attempt, max_attempts, priority, run_at"
    )
}

#[derive(Debug, FromQueryResult)]
struct Claimed {
    id: Uuid,
    prediction_id: Uuid,
    attempt: i32,
    max_attempts: i32,
    priority: i32,
    run_at: i64,
}

impl Claimed {
    fn lease(self, until: Timestamp) -> Lease {
        Lease {
            job: JobId::from_uuid(self.id),
            prediction: PredictionId::from_uuid(self.prediction_id),
            attempt: self.attempt,
            max_attempts: self.max_attempts,
            priority: Priority(i16::try_from(self.priority).unwrap_or(0)),
            until,
        }
    }
}

#[derive(Debug, FromQueryResult)]
struct Due {
    due: Option<i64>,
}

#[derive(Debug, FromQueryResult)]
struct InState {
    state: String,
    n: i64,
    oldest: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_doubles_up_to_five_minutes_and_jitter_stays_in_the_second_half() {
        assert_eq!(backoff(1, 1.0), Duration::from_secs(2));
        assert_eq!(backoff(3, 0.0), Duration::from_secs(4));
        assert_eq!(backoff(60, 1.0), Duration::from_mins(5));
        assert_eq!(backoff(-1, 2.0), Duration::from_secs(1));
    }
}
