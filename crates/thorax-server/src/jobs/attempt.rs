//! One attempt at one job: keeps the lease while the work goes on, and reports how it ended. Only the attempt that holds the
//! lease is heard, so that whatever happens to it is not seen twice.

use std::sync::Arc;
use std::time::Duration;

use thorax_domain::audit::{Action, AuditEvent, Object};
use thorax_domain::clock::{Stopwatch, Timestamp};
use thorax_domain::ids::PatientId;
use thorax_domain::job::{JobState, Lease, Progress};
use thorax_store::StoreError;
use thorax_store::cache::PREDICTIONS;
use thorax_store::jobs::{NewResult, Retry, backoff};
use tokio::sync::watch;
use tracing::Instrument;

use super::reading;
use crate::app::App;

/// How often the progress is looked at; it is stored only where it has changed or the lease needs renewing.
const LOOK: Duration = Duration::from_millis(250);
/// How long work under way may take when the program is to end; then it is given back.
const LAST_WORK: Duration = Duration::from_secs(8);

/// Why an attempt came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum AttemptError {
    /// Trying again would give the same. The text is shown to people.
    #[error("{0}")]
    Hopeless(String),
    /// It may go well another time. The text is shown to people; the cause goes to the log.
    #[error("{what}")]
    Passing {
        /// For people.
        what: &'static str,
        /// For the log.
        #[source]
        cause: anyhow::Error,
    },
    /// The job was called off or taken back; somebody else reports, or nobody.
    #[error("the lease is lost")]
    Lost,
}

impl AttemptError {
    /// Something that may go well another time.
    pub fn passing(what: &'static str, cause: impl Into<anyhow::Error>) -> Self {
        Self::Passing { what, cause: cause.into() }
    }
}

impl From<StoreError> for AttemptError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::LeaseLost | StoreError::Gone(_) => Self::Lost,
            other => Self::passing("the database did not answer", other),
        }
    }
}

/// How an attempt ended.
enum Ended {
    Done(Box<(NewResult, PatientId)>),
    Failed(AttemptError),
    GivenBack,
}

/// Runs one attempt to its end and reports it.
pub async fn run(app: &Arc<App>, lease: Lease) {
    let span = tracing::info_span!("job", job = %lease.job, prediction = %lease.prediction, attempt = lease.attempt);
    async {
        let watch = Stopwatch::start();
        metrics::gauge!("thorax_jobs_running").increment(1);
        let (lease, ended) = work(app, lease).await;
        let outcome = match report(app, &lease, ended).await {
            Ok(outcome) => outcome,
            Err(StoreError::LeaseLost | StoreError::Gone(_)) => "lost",
            Err(error) => {
                // The lease ends by itself, and then the job is tried again.
                tracing::error!(%error, "the end of the attempt could not be reported");
                "unreported"
            }
        };
        metrics::gauge!("thorax_jobs_running").decrement(1);
        metrics::counter!("thorax_jobs_total", "outcome" => outcome).increment(1);
        metrics::histogram!("thorax_job_seconds").record(watch.total() / 1e3);
        tracing::info!(outcome, milliseconds = watch.total().round(), "job ended");
    }
    .instrument(span)
    .await;
}

/// Does the work and keeps the lease meanwhile.
async fn work(app: &Arc<App>, mut lease: Lease) -> (Lease, Ended) {
    let (say, mut progress) = watch::channel(Progress { stage: "start".to_owned(), done: 0, total: 0 });
    let work = reading::read(Arc::clone(app), lease, say);
    tokio::pin!(work);
    let ending = async {
        app.stop.cancelled().await;
        tokio::time::sleep(LAST_WORK).await;
    };
    tokio::pin!(ending);
    loop {
        tokio::select! {
            done = &mut work => return (lease, done.map_or_else(Ended::Failed, |done| Ended::Done(Box::new(done)))),
            () = &mut ending => return (lease, Ended::GivenBack),
            () = tokio::time::sleep(LOOK) => {}
        }
        match keep(app, &lease, &mut progress).await {
            Ok(kept) => lease = kept,
            Err(StoreError::LeaseLost | StoreError::Gone(_)) => return (lease, Ended::Failed(AttemptError::Lost)),
            // The lease lasts a little longer than this; the work goes on.
            Err(error) => tracing::warn!(%error, "the lease could not be renewed"),
        }
    }
}

/// Stores the progress where it has changed, and renews the lease before it ends.
async fn keep(app: &App, lease: &Lease, progress: &mut watch::Receiver<Progress>) -> Result<Lease, StoreError> {
    let now = now(app).await?;
    let lasts = app.work.lease();
    let is_old = lease.until.since(now) < lasts.mul_f64(0.67);
    if !is_old && !progress.has_changed().unwrap_or(false) {
        return Ok(*lease);
    }
    let latest = progress.borrow_and_update().clone();
    app.store.jobs().progress(lease, &latest, now, lasts).await
}

/// Reports how the attempt ended; says what to count it as.
async fn report(app: &App, lease: &Lease, ended: Ended) -> Result<&'static str, StoreError> {
    let jobs = app.store.jobs();
    let now = now(app).await?;
    let (error, retry) = match ended {
        Ended::Done(done) => {
            let (result, patient) = *done;
            let event = AuditEvent::of_the_program(now, Action::Complete, Object::Prediction, lease.prediction);
            jobs.complete(lease, &result, now, &[event.about(patient)]).await?;
            if let Err(error) = app.cache.invalidate(PREDICTIONS).await {
                tracing::error!(%error, "the cache could not be told; old figures are shown until they expire");
            }
            return Ok("done");
        }
        Ended::GivenBack => {
            jobs.give_back(lease, now).await?;
            return Ok("given_back");
        }
        Ended::Failed(AttemptError::Lost) => return Ok("lost"),
        Ended::Failed(error @ AttemptError::Hopeless(_)) => (error, Retry::Never),
        Ended::Failed(error @ AttemptError::Passing { .. }) => {
            (error, Retry::After(backoff(lease.attempt, jitter(lease))))
        }
    };
    tracing::warn!(error = said(&error), "the attempt failed");
    match jobs.fail(lease, &error.to_string(), retry, now).await? {
        JobState::Dead => {
            let _ = app.cache.invalidate(PREDICTIONS).await;
            Ok("dead")
        }
        _ => Ok("retried"),
    }
}

fn said(error: &AttemptError) -> String {
    match error {
        AttemptError::Passing { what, cause } => format!("{what}: {cause:#}"),
        other => other.to_string(),
    }
}

async fn now(app: &App) -> Result<Timestamp, StoreError> {
    app.store.time(app.clock.now()).await
}

/// Between 0 and 1, another for every job and attempt, so that what failed together is not tried again together.
fn jitter(lease: &Lease) -> f64 {
    let [.., last] = *lease.job.uuid().as_bytes();
    f64::from(last.wrapping_mul(31).wrapping_add(lease.attempt.to_le_bytes()[0].wrapping_mul(97))) / 255.0
}
