//! How far a prediction is, for those who wait in front of the screen: once (`progress`), or as it goes (`events`, server-sent).

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use axum::Json;
use axum::extract::{Extension, Path, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::{Stream, stream};
use serde::Serialize;
use thorax_domain::ids::{PredictionId, XRayId};
use thorax_domain::review::PredictionStatus;
use thorax_domain::user::Viewer;
use thorax_store::predictions::Standing;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::{AppState, Route, Section, WebError};

/// Between two looks where nobody says that something changed: the worker may be another process.
const LOOK: Duration = Duration::from_secs(1);
/// Longest that one stream lasts; a browser asks for another one, and is then checked again.
const LONGEST: Duration = Duration::from_mins(10);
/// After how long a browser asks again when a stream has ended.
const AGAIN: Duration = Duration::from_secs(2);

/// How far a prediction is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// Which prediction.
    pub prediction_id: PredictionId,
    /// Of which X-ray.
    pub xray_id: XRayId,
    /// `pending`, `running`, `completed`, `refused`, `failed` or `cancelled`.
    pub status: PredictionStatus,
    /// Whether nothing will change any more.
    pub is_final: bool,
    /// What is being done, in words.
    pub stage: String,
    /// Networks that have looked.
    pub done: u32,
    /// Networks that are to look; 0 before that is known.
    pub total: u32,
    /// X-rays that wait before this one.
    pub ahead: u64,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// The routes of this room.
#[must_use]
pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/predictions/{id}/progress", Section::Results, progress),
        Route::get("/predictions/{id}/events", Section::Results, events),
    ]
}

impl Progress {
    /// From what the store says.
    #[must_use]
    pub fn new(id: PredictionId, standing: Standing) -> Self {
        let (done, total) = standing.progress.as_ref().map_or((0, 0), |progress| (progress.done, progress.total));
        Self {
            prediction_id: id,
            xray_id: standing.xray,
            status: standing.status,
            is_final: standing.status.is_final(),
            stage: stage(&standing),
            done,
            total,
            ahead: standing.ahead,
            error: standing.error,
        }
    }
}

/// What is being done, in words.
fn stage(standing: &Standing) -> String {
    match (standing.status, &standing.progress) {
        (PredictionStatus::Completed, _) => "Read".to_owned(),
        (PredictionStatus::Refused, _) => "The gate refused the film".to_owned(),
        (PredictionStatus::Failed, _) => "Could not be read".to_owned(),
        (PredictionStatus::Cancelled, _) => "Called off".to_owned(),
        (PredictionStatus::Pending, _) | (PredictionStatus::Running, None) => "In the queue".to_owned(),
        (PredictionStatus::Running, Some(progress)) if progress.stage == "networks" => {
            let next = progress.done.saturating_add(1).min(progress.total);
            format!("Network {next} of {}", progress.total)
        }
        (PredictionStatus::Running, Some(progress)) if progress.stage == "decode" => "Decoding the file".to_owned(),
        (PredictionStatus::Running, Some(_)) => "Beginning".to_owned(),
    }
}

async fn look(state: &AppState, viewer: Viewer, id: PredictionId) -> Result<Option<Progress>, WebError> {
    let standing = state.store.predictions().standing(viewer, id).await?;
    Ok(standing.map(|standing| Progress::new(id, standing)))
}

/// `GET /predictions/{id}/progress`
async fn progress(
    State(state): State<AppState>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
) -> Result<Json<Progress>, WebError> {
    let id = id.parse().map_err(|_| WebError::NotFound)?;
    look(&state, viewer, id).await?.map(Json).ok_or(WebError::NotFound)
}

/// `GET /predictions/{id}/events`: an event `progress` whenever something has changed, and the last one when it is final.
async fn events(
    State(state): State<AppState>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, WebError> {
    let id = id.parse().map_err(|_| WebError::NotFound)?;
    let changes = state.store.changes();
    let first = look(&state, viewer, id).await?.ok_or(WebError::NotFound)?;
    let end = Box::pin(tokio::time::sleep(LONGEST));
    let follower = Follower { state, viewer, id, changes, end, next: Some(first), last: None };
    Ok(Sse::new(stream::unfold(follower, Follower::event)).keep_alive(KeepAlive::default()))
}

/// One browser that follows one prediction.
struct Follower {
    state: AppState,
    viewer: Viewer,
    id: PredictionId,
    changes: Receiver<PredictionId>,
    end: Pin<Box<dyn Future<Output = ()> + Send>>,
    next: Option<Progress>,
    last: Option<Progress>,
}

impl Follower {
    /// The next event; `None` after the last one, when the program ends, or when it has lasted long enough.
    async fn event(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        loop {
            if self.last.as_ref().is_some_and(|last| last.is_final) {
                return None;
            }
            if let Some(next) = self.next.take().filter(|next| self.last.as_ref() != Some(next)) {
                let event = Event::default().event("progress").retry(AGAIN).json_data(&next).ok()?;
                self.last = Some(next);
                return Some((Ok(event), self));
            }
            if !self.has_reason_to_look().await {
                return None;
            }
            self.next = look(&self.state, self.viewer, self.id).await.ok()?;
            self.next.as_ref()?;
        }
    }

    /// Waits until something may have changed; false when it is time to end.
    async fn has_reason_to_look(&mut self) -> bool {
        let id = self.id;
        let changes = &mut self.changes;
        let news = async {
            loop {
                match changes.recv().await {
                    Ok(one) if one == id => return,
                    // Some were missed: this one may be among them.
                    Err(RecvError::Lagged(_)) => return,
                    Ok(_) => {}
                    Err(RecvError::Closed) => std::future::pending().await,
                }
            }
        };
        tokio::select! {
            () = news => true,
            () = tokio::time::sleep(LOOK) => true,
            () = &mut self.end => false,
            () = self.state.stop.cancelled() => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use thorax_domain::clock::Timestamp;
    use thorax_domain::ids::PatientId;
    use thorax_domain::job::{self, JobState};

    fn standing(status: PredictionStatus, progress: Option<(&str, u32)>, ahead: u64) -> Standing {
        let now = Timestamp::from_micros(1);
        Standing {
            xray: XRayId::new(now),
            patient: PatientId::new(now),
            status,
            progress: progress.map(|(stage, done)| job::Progress { stage: stage.to_owned(), done, total: 6 }),
            job: Some(JobState::Queued),
            ahead,
            error: None,
        }
    }

    #[test]
    fn the_stage_is_said_in_words() {
        use PredictionStatus::{Completed, Pending, Running};
        for (standing, words) in [
            (standing(Pending, None, 7), "In the queue"),
            (standing(Running, Some(("decode", 0)), 0), "Decoding the file"),
            (standing(Running, Some(("networks", 2)), 0), "Network 3 of 6"),
            (standing(Running, Some(("networks", 6)), 0), "Network 6 of 6"),
            (standing(Completed, None, 0), "Read"),
        ] {
            assert_eq!(stage(&standing), words);
        }
    }
}
