//! A doctor's word on a prediction, and asking the networks once more.

use thorax_domain::audit::{Action, Object};
use thorax_domain::ids::{JobId, PatientId, PredictionId, XRayId};
use thorax_domain::job::Priority;
use thorax_domain::review::Decision;
use thorax_store::StoreError;
use thorax_store::predictions::{NewPrediction, Reviewed};

use super::by::By;
use super::forget;
use crate::app::App;

/// Signs a review. `None` where there is no such prediction.
///
/// # Errors
/// [`StoreError::Review`] where it is not taken: a signed review stands.
pub async fn review(
    app: &App,
    by: &By,
    id: PredictionId,
    decision: &Decision,
    notes: &str,
) -> Result<Option<Reviewed>, StoreError> {
    let Some(standing) = app.store.predictions().standing(by.viewer, id).await? else {
        return Ok(None);
    };
    let now = app.clock.now();
    let verdict = match decision {
        Decision::Confirm => "confirmed",
        Decision::Correct(_) => "corrected",
        Decision::Unsure => "unsure",
    };
    let event = by.event(now, Action::Review, Object::Prediction, id).about(standing.patient).with("verdict", verdict);
    let reviewed = app.store.predictions().review(id, decision, by.viewer.user, (notes, now), &[event]).await?;
    forget::predictions(app).await;
    Ok(reviewed)
}

/// An X-ray that the networks are to read once more.
#[derive(Debug, Clone, Copy)]
pub struct Again {
    /// The X-ray.
    pub xray: XRayId,
    /// Whose chest.
    pub patient: PatientId,
    /// Whether in spite of the gate; the log then says so.
    pub force: bool,
}

/// Asks the networks once more.
///
/// # Errors
/// [`StoreError::QueueFull`], [`StoreError::Gone`]
pub async fn ask_again(app: &App, by: &By, again: Again) -> Result<PredictionId, StoreError> {
    let now = app.clock.now();
    let id = PredictionId::new(now);
    let prediction = NewPrediction {
        id,
        xray: again.xray,
        patient: again.patient,
        requested_by: by.viewer.user,
        forced: again.force,
        priority: Priority::URGENT,
        max_attempts: i32::from(app.work.attempts),
        created_at: now,
    };
    let action = if again.force { Action::Force } else { Action::Predict };
    let event = by.event(now, action, Object::Prediction, id).about(again.patient).with("xray", again.xray);
    app.store.predictions().request(&prediction, Some(app.web.queue), &[event]).await?;
    forget::predictions(app).await;
    Ok(id)
}

/// Calls off a reading that is not finished; says whether there was one.
///
/// # Errors
/// Of the database.
pub async fn call_off(app: &App, by: &By, id: PredictionId, patient: PatientId) -> Result<bool, StoreError> {
    let now = app.clock.now();
    let event = by.event(now, Action::Cancel, Object::Prediction, id).about(patient);
    let called_off = app.store.jobs().cancel(id, now, &[event]).await?;
    forget::predictions(app).await;
    Ok(called_off)
}

/// Queues a dead or cancelled job again; says whether there was one.
///
/// # Errors
/// Of the database.
pub async fn try_again(app: &App, by: &By, job: JobId) -> Result<bool, StoreError> {
    let now = app.clock.now();
    let event = by.event(now, Action::Retry, Object::Job, job);
    let is_queued = app.store.jobs().requeue(job, now, &[event]).await?;
    forget::predictions(app).await;
    Ok(is_queued)
}

/// Calls off a job that is not finished; says whether there was one.
///
/// # Errors
/// Of the database.
pub async fn call_off_job(app: &App, by: &By, job: JobId) -> Result<bool, StoreError> {
    let Some(prediction) = app.store.jobs().prediction(job).await? else {
        return Ok(false);
    };
    let Some(standing) = app.store.predictions().standing(by.viewer, prediction).await? else {
        return Ok(false);
    };
    call_off(app, by, prediction, standing.patient).await
}
