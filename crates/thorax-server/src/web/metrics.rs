//! `GET /metrics` in Prometheus' format. Whoever may read it learns how busy the site is, so it is not for everybody.

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::response::IntoResponse;
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};

use super::request::Peer;
use super::{AppState, Route, Section};
use crate::telemetry;

/// The routes of this room.
#[must_use]
pub fn routes() -> Vec<Route> {
    vec![Route::get("/metrics", Section::Operations, expose)]
}

/// Whether a request may read the metrics without being an administrator's: it holds the token, or there is none and it comes
/// from this machine.
#[must_use]
pub fn may_read(state: &AppState, request: &Request) -> bool {
    match &state.web.metrics_token {
        Some(token) => {
            let given = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
            let given = given.and_then(|text| text.strip_prefix("Bearer ")).unwrap_or_default();
            // Hashes of both are compared, so that how long it takes tells nothing of the token.
            Sha256::digest(given) == Sha256::digest(token.expose_secret())
        }
        None => request.extensions().get::<Peer>().is_some_and(|peer| peer.is_local),
    }
}

async fn expose(State(state): State<AppState>) -> impl IntoResponse {
    state.measure().await;
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], telemetry::metrics().render())
}
