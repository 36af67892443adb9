//! Jobs as rows of the admin's list.

use sea_orm::{FromQueryResult, Value};
use thorax_domain::clock::Timestamp;
use thorax_domain::ids::{JobId, PredictionId, XRayId};
use thorax_domain::job::{JobState, Progress};
use uuid::Uuid;

use super::{JobFilter, JobRow};
use crate::error::{Result, StoreError, word};
use crate::page::Window;
use crate::sql::Sql;

const COLUMNS: &str = "j.id, j.prediction_id, j.state, j.priority, j.attempt, j.max_attempts, j.run_at, j.lease_until, \
    j.worker, j.stage, j.done, j.total, j.last_error, j.created_at, j.finished_at";

pub(super) fn conditions(sql: &mut Sql, filter: &JobFilter) {
    sql.is_maybe("j.state = ", filter.state.map(JobState::word))
        .is_maybe("j.prediction_id = ", filter.prediction.map(PredictionId::uuid));
}

pub(crate) fn list_statement(filter: &JobFilter, window: &Window) -> (String, Vec<Value>) {
    let mut sql = Sql::new("SELECT r.*, p.xray_id FROM (");
    sql.push(&format!("SELECT {COLUMNS} FROM jobs j"));
    conditions(&mut sql, filter);
    window.seek(&mut sql, "j");
    window.cut(&mut sql, "j");
    sql.push(") r JOIN predictions p ON p.id = r.prediction_id").push(&window.order("r"));
    sql.into_parts()
}

#[derive(Debug, FromQueryResult)]
pub(super) struct Raw {
    id: Uuid,
    prediction_id: Uuid,
    xray_id: Uuid,
    state: String,
    priority: i32,
    attempt: i32,
    max_attempts: i32,
    run_at: i64,
    lease_until: Option<i64>,
    worker: Option<String>,
    stage: String,
    done: i32,
    total: i32,
    last_error: Option<String>,
    created_at: i64,
    finished_at: Option<i64>,
}

impl TryFrom<Raw> for JobRow {
    type Error = StoreError;

    fn try_from(raw: Raw) -> Result<Self> {
        let steps = |steps: i32| u32::try_from(steps).unwrap_or(0);
        Ok(Self {
            id: JobId::from_uuid(raw.id),
            prediction: PredictionId::from_uuid(raw.prediction_id),
            xray: XRayId::from_uuid(raw.xray_id),
            state: word(&raw.state, "a job's state")?,
            priority: i16::try_from(raw.priority).unwrap_or(0),
            attempt: raw.attempt,
            max_attempts: raw.max_attempts,
            run_at: Timestamp::from_micros(raw.run_at),
            lease_until: raw.lease_until.map(Timestamp::from_micros),
            worker: raw.worker,
            progress: Progress { stage: raw.stage, done: steps(raw.done), total: steps(raw.total) },
            last_error: raw.last_error,
            created_at: Timestamp::from_micros(raw.created_at),
            finished_at: raw.finished_at.map(Timestamp::from_micros),
        })
    }
}
