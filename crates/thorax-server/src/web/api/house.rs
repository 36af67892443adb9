//! Jobs, caches, the audit log and the program itself, for administrators.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;
use thorax_domain::audit::{Action, Object};
use thorax_domain::clock::Timestamp;
use thorax_domain::ids::JobId;
use thorax_domain::job::JobState;
use thorax_domain::user::Scope;
use thorax_inference::engine::DeviceMemory;
use thorax_store::cache::ClassCount;
use thorax_store::jobs::{JobFilter, JobRow};
use utoipa::ToSchema;
use uuid::Uuid;

use super::endpoint::Endpoint;
use super::listing::{Listed, Whole, id};
use super::notes::{event, note};
use super::query::Query;
use super::schema::{self, JobStateWord};
use super::{audit, parameters};
use crate::app::{NetworkState, PROGRAM, resident};
use crate::web::auth::Caller;
use crate::web::{AppState, Route, Section, WebError};
use crate::workflow::forget;
use crate::workflow::review::try_again;

/// Work that waits for a worker, or is done.
#[derive(Debug, Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "programs see these names")]
pub struct Job {
    /// Which one.
    #[schema(value_type = Uuid)]
    job_id: JobId,
    /// What it is about.
    prediction_id: Uuid,
    /// And of which X-ray.
    xray_id: Uuid,
    /// Where it stands.
    #[schema(value_type = JobStateWord)]
    state: JobState,
    /// Which comes first: the larger.
    priority: i16,
    /// Attempts so far.
    attempt: i32,
    /// Attempts at most.
    max_attempts: i32,
    /// Not before.
    #[schema(value_type = String, format = DateTime)]
    run_at: Timestamp,
    /// Held until.
    #[schema(value_type = Option<String>, format = DateTime)]
    lease_until: Option<Timestamp>,
    /// By whom.
    worker: Option<String>,
    /// What is being done.
    stage: String,
    /// Steps done.
    done: u32,
    /// Steps in all.
    total: u32,
    /// What went wrong last.
    last_error: Option<String>,
    /// Enqueued at.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Finished at.
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_at: Option<Timestamp>,
}

impl From<JobRow> for Job {
    fn from(row: JobRow) -> Self {
        Self {
            job_id: row.id,
            prediction_id: row.prediction.uuid(),
            xray_id: row.xray.uuid(),
            state: row.state,
            priority: row.priority,
            attempt: row.attempt,
            max_attempts: row.max_attempts,
            run_at: row.run_at,
            lease_until: row.lease_until,
            worker: row.worker,
            stage: row.progress.stage,
            done: row.progress.done,
            total: row.progress.total,
            last_error: row.last_error,
            created_at: row.created_at,
            finished_at: row.finished_at,
        }
    }
}

/// How often a class of cached answers was found since the program started.
#[derive(Debug, Serialize, ToSchema)]
pub struct CacheClass {
    /// The class.
    class: String,
    /// Found.
    hits: u64,
    /// Not found, and so filled.
    misses: u64,
    /// Waited for another's fill.
    shared: u64,
}

impl From<ClassCount> for CacheClass {
    fn from(ClassCount { class, hits, misses, shared }: ClassCount) -> Self {
        Self { class, hits, misses, shared }
    }
}

/// How the program is.
#[derive(Debug, Serialize, ToSchema)]
pub struct System {
    /// Name and version.
    program: String,
    /// `sqlite` or `postgresql`.
    database: &'static str,
    /// `memory` or `redis`.
    cache: &'static str,
    /// `ready`, `opening`, `refused`, or `elsewhere` where other processes read.
    networks: &'static str,
    /// Why they are refused.
    reason: Option<String>,
    /// Bytes that this process holds.
    resident_bytes: Option<u64>,
    /// The most that it ever held.
    peak_bytes: Option<u64>,
    /// Bytes that the networks take.
    network_bytes: Option<u64>,
    /// Bytes that they may take; null without a limit.
    budget_bytes: Option<u64>,
    /// Bytes that they keep to instead, since the device had less.
    lowered_budget_bytes: Option<u64>,
    /// How often the device had too little.
    out_of_memory: Option<u64>,
    /// The graphics card, where the networks are on one.
    card: Option<Card>,
    /// Jobs that wait.
    queued: u64,
    /// Jobs that workers hold.
    leased: u64,
    /// Jobs that nobody will try again without a person.
    dead: u64,
    /// When the oldest waiting job was enqueued.
    #[schema(value_type = Option<String>, format = DateTime)]
    oldest: Option<Timestamp>,
}

/// Memory of a graphics card, as measured; null what its driver does not tell.
#[derive(Debug, Serialize, ToSchema)]
pub struct Card {
    /// Its name.
    name: String,
    /// All of it.
    total_bytes: Option<u64>,
    /// What nobody uses.
    free_bytes: Option<u64>,
    /// What this process holds.
    used_bytes: Option<u64>,
    /// The most that this process was seen to hold.
    peak_bytes: Option<u64>,
}

impl From<DeviceMemory> for Card {
    fn from(DeviceMemory { device, total, free, used, peak, .. }: DeviceMemory) -> Self {
        Self { name: device, total_bytes: total, free_bytes: free, used_bytes: used, peak_bytes: peak }
    }
}

/// What is here.
pub fn endpoints() -> Vec<Endpoint> {
    let states = schema::words(JobState::ALL);
    let states: Vec<&str> = states.iter().map(String::as_str).collect();
    let mut endpoints = vec![
        Endpoint::new(Route::get("/api/v1/jobs", Section::Admin, jobs), Scope::Admin)
            .named("list_jobs", "Administration", "Jobs, newest first")
            .takes(parameters::word("state", &states, "Only in this state."))
            .takes(parameters::id("prediction_id", "Only of this prediction."))
            .paged()
            .gives_page::<Job>("One page."),
        Endpoint::new(Route::post("/api/v1/jobs/{id}/retry", Section::Admin, retry), Scope::Admin)
            .named("retry_job", "Administration", "Queue a dead or cancelled job again")
            .gives_nothing("It is queued, with all its attempts.")
            .fails(404, "There is no such job that is dead or cancelled."),
        Endpoint::new(Route::get("/api/v1/caches", Section::Admin, caches), Scope::Admin)
            .named("list_caches", "Administration", "How often cached answers were found")
            .gives_whole::<CacheClass>("Each class of answers."),
        Endpoint::new(Route::delete("/api/v1/caches", Section::Admin, clear), Scope::Admin)
            .named("clear_caches", "Administration", "Empty the cache")
            .gives_nothing("It is empty."),
        Endpoint::new(Route::get("/api/v1/system", Section::Admin, system), Scope::Admin)
            .named("get_system", "Administration", "How the program is")
            .gives::<System>(200, "The program."),
    ];
    endpoints.push(audit::endpoint());
    endpoints
}

/// `GET /api/v1/jobs`
async fn jobs(State(app): State<AppState>, caller: Caller, mut query: Query) -> Result<Json<Listed<Job>>, WebError> {
    let state = query.take("state", "queued, leased, done, dead or cancelled");
    let filter = JobFilter { state, prediction: query.take("prediction_id", "an id") };
    let page = query.page();
    query.finish()?;
    let found = app.store.jobs().list(&filter, &page).await?;
    note(&app, event(&app, &caller, Action::List, Object::Job, "list").with("rows", found.rows.len())).await?;
    Ok(Json(found.map(Job::from).into()))
}

/// `POST /api/v1/jobs/{id}/retry`
async fn retry(State(app): State<AppState>, caller: Caller, Path(of): Path<String>) -> Result<StatusCode, WebError> {
    let was_there = try_again(&app, &caller.by(), id(&of)?).await?;
    if was_there { Ok(StatusCode::NO_CONTENT) } else { Err(WebError::NotFound) }
}

/// `GET /api/v1/caches`
async fn caches(State(app): State<AppState>, caller: Caller) -> Result<Json<Whole<CacheClass>>, WebError> {
    note(&app, event(&app, &caller, Action::View, Object::Cache, "counts")).await?;
    Ok(Json(Whole::of(app.cache.counts().into_iter().map(CacheClass::from))))
}

/// `DELETE /api/v1/caches`
async fn clear(State(app): State<AppState>, caller: Caller) -> Result<StatusCode, WebError> {
    note(&app, event(&app, &caller, Action::Clear, Object::Cache, "all")).await?;
    forget::on_request(&app, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /api/v1/system`
async fn system(State(app): State<AppState>, caller: Caller) -> Result<Json<System>, WebError> {
    let depth = app.store.jobs().depth().await?;
    let (networks, reason) = match app.networks.state() {
        NetworkState::Ready(_) => ("ready", None),
        NetworkState::Opening => ("opening", None),
        NetworkState::Elsewhere => ("elsewhere", None),
        NetworkState::Refused(why) => ("refused", Some(why.to_string())),
    };
    let memory = app.networks.analyzer().map(|analyzer| analyzer.memory());
    note(&app, event(&app, &caller, Action::View, Object::System, "health")).await?;
    Ok(Json(System {
        program: PROGRAM.to_owned(),
        database: match app.store.kind() {
            thorax_store::DatabaseKind::Sqlite => "sqlite",
            thorax_store::DatabaseKind::PostgreSql => "postgresql",
        },
        cache: app.cache.kind(),
        networks,
        reason,
        resident_bytes: resident(),
        peak_bytes: DeviceMemory::of_this_process().peak,
        network_bytes: memory.as_ref().map(|report| report.accounted),
        budget_bytes: memory.as_ref().and_then(|report| report.budget),
        lowered_budget_bytes: memory.as_ref().and_then(|report| report.lowered_to),
        out_of_memory: memory.as_ref().map(|report| report.out_of_memory),
        card: memory.map(|report| report.device).filter(|device| !device.is_main).map(Card::from),
        queued: depth.queued,
        leased: depth.leased,
        dead: depth.dead,
        oldest: depth.oldest,
    }))
}
