//! `POST /api/v1/predictions`: asks the networks about an X-ray, and waits for them where the asker would rather wait.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use thorax_domain::ids::{PredictionId, XRayId};
use thorax_domain::review::PredictionStatus;
use thorax_domain::user::{Scope, Viewer};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use utoipa::ToSchema;

use super::super::body::Body;
use super::super::endpoint::Endpoint;
use super::super::parameters;
use super::FullPrediction;
use super::answers::PredictionState;
use crate::app::App;
use crate::web::auth::Caller;
use crate::web::{AppState, Route, Section, WebError};
use crate::workflow::review::{Again, ask_again};

/// Longest that is waited, however much longer the asker would.
const LONGEST: u64 = 25;
/// Between two looks where nobody says that something changed: the worker may be another process.
const LOOK: Duration = Duration::from_secs(1);
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// Which X-ray the networks are to read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPrediction {
    /// The X-ray.
    #[schema(value_type = Uuid)]
    xray_id: XRayId,
    /// Read it though the gate refuses; the result then says so.
    #[serde(default)]
    force: bool,
}

/// What is here.
pub fn endpoint() -> Endpoint {
    Endpoint::new(Route::post("/api/v1/predictions", Section::Clinical, ask), Scope::Write)
        .named("create_prediction", "Predictions", "Ask the networks about an X-ray")
        .about(
            "The work is queued; `Location` says where to look for the result. With `Prefer: wait=10` the answer waits so many \
             seconds (25 at most) for the result, and is 202 where that was not enough.",
        )
        .takes(parameters::header("Prefer", "`wait=SECONDS`, to wait for the result."))
        .reads::<NewPrediction>()
        .gives::<FullPrediction>(200, "The result, as `Prefer: wait` asked.")
        .gives::<PredictionState>(202, "It is queued.")
        .header(200, "Location", "Where the prediction is.")
        .header(202, "Location", "Where the prediction is.")
        .header(200, "Preference-Applied", "How long was waited at most.")
        .fails(404, "There is no such X-ray.")
        .fails(503, "The queue is full, or it cannot be done right now.")
}

async fn ask(
    State(app): State<AppState>,
    caller: Caller,
    headers: HeaderMap,
    Body(new): Body<NewPrediction>,
) -> Result<Response, WebError> {
    let xray = app.store.xrays().find(caller.viewer(), new.xray_id).await?.ok_or(WebError::NotFound)?;
    let again = Again { xray: xray.id, patient: xray.patient_id, force: new.force };
    let id = ask_again(&app, &caller.by(), again).await?;
    let location = [(LOCATION, format!("/api/v1/predictions/{id}"))];
    let queued = PredictionState { prediction_id: id, status: PredictionStatus::Pending };
    let Some(seconds) = wait(&headers) else {
        return Ok((StatusCode::ACCEPTED, location, Json(queued)).into_response());
    };
    let applied = [(PREFERENCE_APPLIED, format!("wait={seconds}"))];
    let status = until_final(&app, caller.viewer(), id, Duration::from_secs(seconds)).await?;
    if !status.is_final() {
        let standing = PredictionState { status, ..queued };
        return Ok((StatusCode::ACCEPTED, location, applied, Json(standing)).into_response());
    }
    let detail = app.store.predictions().find(caller.viewer(), id).await?.ok_or(WebError::NotFound)?;
    Ok((StatusCode::OK, location, applied, Json(FullPrediction::new(detail, caller.user.role))).into_response())
}

/// The seconds of `Prefer: wait=SECONDS` (RFC 7240). What is not understood there is not an error.
fn wait(headers: &HeaderMap) -> Option<u64> {
    let sent = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    let mut preferences = sent.flat_map(|value| value.split([',', ';'])).filter_map(|one| one.trim().split_once('='));
    let seconds = preferences.find(|(name, _)| name.trim().eq_ignore_ascii_case("wait"))?.1;
    let seconds: u64 = seconds.trim().trim_matches('"').parse().ok()?;
    Some(seconds.min(LONGEST))
}

/// Waits until a prediction is final, or so long, and says where it stands. No thread waits with it.
async fn until_final(
    app: &App,
    viewer: Viewer,
    id: PredictionId,
    most: Duration,
) -> Result<PredictionStatus, WebError> {
    let mut changes = app.store.changes();
    let look = async || -> Result<PredictionStatus, WebError> {
        let standing = app.store.predictions().standing(viewer, id).await?;
        standing.map(|standing| standing.status).ok_or(WebError::NotFound)
    };
    let settled = async {
        loop {
            let status = look().await?;
            if status.is_final() || app.is_stopping() {
                return Ok::<_, WebError>(status);
            }
            // However the wait ends, the next look tells.
            let _ = tokio::time::timeout(LOOK, change(&mut changes, id)).await;
        }
    };
    match tokio::time::timeout(most, settled).await {
        Ok(status) => status,
        Err(_) => look().await,
    }
}

/// Waits until somebody says that a prediction has changed, or may have.
async fn change(changes: &mut Receiver<PredictionId>, id: PredictionId) {
    loop {
        match changes.recv().await {
            Ok(other) if other != id => {}
            Err(RecvError::Closed) => std::future::pending().await,
            Ok(_) | Err(RecvError::Lagged(_)) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_wait_that_is_understood_is_waited_and_not_for_ever() {
        let seconds =
            |text: &str| wait(&HeaderMap::from_iter([(HeaderName::from_static("prefer"), text.parse().unwrap())]));
        assert_eq!((seconds("wait=10"), seconds("respond-async, wait = \"3\"")), (Some(10), Some(3)));
        assert_eq!((seconds("wait=100000"), seconds("wait=0")), (Some(LONGEST), Some(0)));
        assert_eq!((seconds("wait=-1"), seconds("wait"), seconds("return=minimal")), (None, None, None));
        assert_eq!(wait(&HeaderMap::new()), None);
    }
}
