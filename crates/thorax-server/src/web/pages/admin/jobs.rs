//! Jobs: where each stands, trying again, calling off.

use axum::extract::{Path, Query};
use axum::response::Response;
use serde::Deserialize;
use thorax_domain::audit::{Action, Object};
use thorax_domain::ids::JobId;
use thorax_domain::job::JobState;
use thorax_store::jobs::{JobFilter, JobRow as Kept, QueueDepth};
use thorax_store::page::PageSize;

use crate::web::pages::forms::bad_query;
use crate::web::pages::rows;
use crate::web::pages::visit::{Visit, go, id, moment, page as answer};
use crate::web::pages::worklist::{Place, request};
use crate::web::view::{Choice, JobRow, JobsFilter, JobsPage};
use crate::web::{AppState, WebError, cached};
use crate::workflow::review::{call_off_job, try_again};

/// Which jobs.
#[derive(Debug, Deserialize)]
pub struct Search {
    #[serde(default)]
    state: String,
    page: Option<u64>,
    after: Option<String>,
    before: Option<String>,
}

/// `GET /admin/jobs`
pub async fn list(visit: Visit, Query(search): Query<Search>) -> Result<Response, WebError> {
    let state: Option<JobState> = match search.state.as_str() {
        "" => None,
        word => Some(word.parse().map_err(|_| bad_query("state", "there is no such state"))?),
    };
    let frame = visit.frame("Jobs", "/admin/jobs").await?;
    let filter = JobFilter { state, prediction: None };
    let depth = visit.app.store.jobs().depth().await?;
    let all = count(&visit, None).await?;
    let total = match state {
        None => all,
        Some(JobState::Queued) => depth.queued,
        Some(JobState::Leased) => depth.leased,
        Some(JobState::Dead) => depth.dead,
        Some(JobState::Done | JobState::Cancelled) => count(&visit, state).await?,
    };
    let place = Place { page: search.page, after: search.after, before: search.before };
    let wanted = request(&place, PageSize::DEFAULT, total)?;
    let found = visit.app.store.jobs().list(&filter, &wanted).await?;
    visit.note(visit.event(Action::List, Object::Job, format!("page {}", found.number))).await?;
    let query: Vec<_> = state.map(|state| ("state".to_owned(), state.to_string())).into_iter().collect();
    let pager = rows::pager(&found, total, "/admin/jobs", &query);
    let filter = states(&visit, state, all, &depth).await?;
    answer(&JobsPage { frame, filter, rows: found.rows.into_iter().map(row).collect(), pager })
}

async fn count(visit: &Visit, state: Option<JobState>) -> Result<u64, WebError> {
    let app = AppState::clone(&visit.app);
    let name = format!("jobs:{}", state.map_or("all", JobState::word));
    cached::count(&visit.app, &name, async move {
        Ok(app.store.jobs().count(&JobFilter { state, prediction: None }).await?)
    })
    .await
}

async fn states(visit: &Visit, chosen: Option<JobState>, all: u64, depth: &QueueDepth) -> Result<JobsFilter, WebError> {
    let choice = |state: Option<JobState>| Choice {
        value: state.map(|state| state.to_string()).unwrap_or_default(),
        text: state.map_or("All", title).to_owned(),
        chosen: state == chosen,
    };
    let mut states = vec![(choice(None), all)];
    for state in JobState::ALL {
        let jobs = match state {
            JobState::Queued => depth.queued,
            JobState::Leased => depth.leased,
            JobState::Dead => depth.dead,
            JobState::Done | JobState::Cancelled => count(visit, Some(*state)).await?,
        };
        states.push((choice(Some(*state)), jobs));
    }
    Ok(JobsFilter { states })
}

const fn title(state: JobState) -> &'static str {
    match state {
        JobState::Queued => "Waiting",
        JobState::Leased => "Being done",
        JobState::Done => "Done",
        JobState::Dead => "Dead",
        JobState::Cancelled => "Cancelled",
    }
}

fn row(job: Kept) -> JobRow {
    let tries = |number: i32| u64::try_from(number).unwrap_or(0);
    JobRow {
        id: job.id.to_string(),
        kind: "predict".to_owned(),
        state: job.state.to_string(),
        xray_id: Some(job.xray.to_string()),
        attempt: (tries(job.attempt), tries(job.max_attempts)),
        stage: job.progress.stage,
        progress: (u64::from(job.progress.done), u64::from(job.progress.total)),
        worker: job.worker,
        created: moment(job.created_at),
        run_at: moment(job.run_at),
        finished: job.finished_at.map(moment),
        last_error: job.last_error,
    }
}

/// `POST /admin/jobs/{id}/retry`
pub async fn retry(visit: Visit, Path(job): Path<String>) -> Result<Response, WebError> {
    let job: JobId = id(&job)?;
    let is_queued = try_again(&visit.app, &visit.by(), job).await?;
    Ok(go("/admin/jobs", if is_queued { "requeued" } else { "unchanged" }))
}

/// `POST /admin/jobs/{id}/cancel`
pub async fn cancel(visit: Visit, Path(job): Path<String>) -> Result<Response, WebError> {
    let job: JobId = id(&job)?;
    let is_called_off = call_off_job(&visit.app, &visit.by(), job).await?;
    Ok(go("/admin/jobs", if is_called_off { "cancelled" } else { "unchanged" }))
}
