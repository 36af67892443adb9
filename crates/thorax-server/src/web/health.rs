//! Whether the program lives and whether it can work: for a load balancer and for a supervisor.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;

use super::{AppState, Route, Section};
use crate::app::{NetworkState, PROGRAM};

/// The answer of both routes.
#[derive(Debug, Serialize)]
struct Health {
    status: &'static str,
    program: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    waiting_for: Vec<&'static str>,
}

/// The routes of this room.
#[must_use]
pub fn routes() -> Vec<Route> {
    vec![Route::get("/healthz", Section::Public, alive), Route::get("/readyz", Section::Public, ready)]
}

/// `GET /healthz`: the process answers.
async fn alive() -> Json<Health> {
    Json(Health { status: "alive", program: PROGRAM, waiting_for: Vec::new() })
}

/// `GET /readyz`: the database answers and X-rays can be read, here or elsewhere.
async fn ready(State(state): State<AppState>) -> (StatusCode, Json<Health>) {
    let mut waiting_for = Vec::new();
    match state.networks.state() {
        NetworkState::Ready(_) | NetworkState::Elsewhere => {}
        NetworkState::Opening => waiting_for.push("the bundle, which is being verified"),
        NetworkState::Refused(_) => waiting_for.push("a bundle that can be used; see the log"),
    }
    if state.store.ping().await.is_err() {
        waiting_for.push("the database");
    }
    if state.is_preparing() {
        waiting_for.push("the sample X-rays, which are being read");
    }
    if state.is_stopping() {
        waiting_for.push("nothing: it is shutting down");
    }
    let (code, status) =
        if waiting_for.is_empty() { (StatusCode::OK, "ready") } else { (StatusCode::SERVICE_UNAVAILABLE, "not ready") };
    (code, Json(Health { status, program: PROGRAM, waiting_for }))
}
