//! What stands around every request: its id and its clock, the headers of its answer, its log line and its metrics; inside
//! that the checks for another site's forms and for panics.

mod headers;

use std::any::Any;
use std::sync::Arc;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use thorax_domain::clock::Stopwatch;
use thorax_store::cache::watching;
use thorax_store::statements::Statements;
use tower_http::CompressionLevel;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::csrf::{CsrfLayer, ProtectionError};
use tracing::Instrument;

use super::assets::Assets;
use super::request::{Peer, RequestId, Whose};
use super::{AppState, WebError, error, timing, toolbar};
use headers::Headers;

/// Carries the request's id in the answer.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

#[derive(Clone)]
struct Around {
    headers: Arc<Headers>,
    assets: Assets,
    behind_proxy: bool,
    is_development: bool,
}

/// Puts the layers around a router.
pub fn around(router: Router<AppState>, state: &AppState) -> Router<AppState> {
    let web = &state.web;
    let around = Around {
        headers: Arc::new(Headers::new(web)),
        assets: Assets::new(web.cdn.as_deref().unwrap_or_default()),
        behind_proxy: web.behind_proxy,
        is_development: web.development,
    };
    router
        .layer(csrf(state))
        .layer(CatchPanicLayer::custom(broken))
        .layer(from_fn_with_state(around, request))
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest))
}

type Refuse = fn(ProtectionError) -> Response;

fn csrf(state: &AppState) -> CsrfLayer<Refuse> {
    let layer = CsrfLayer::new();
    let layer = match state.web.public_url.as_deref().map(|url| url.trim_end_matches('/')) {
        Some(origin) => layer.clone().add_trusted_origin(origin).unwrap_or(layer),
        None => layer,
    };
    layer.with_rejection_response((|_| WebError::CrossSite.into_response()) as Refuse)
}

/// A handler that panicked is an error of ours like any other.
#[expect(clippy::needless_pass_by_value, reason = "the layer hands the panic over")]
fn broken(panic: Box<dyn Any + Send>) -> Response {
    let said = panic.downcast_ref::<&str>().copied();
    let said = said.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a word");
    WebError::Internal(anyhow::anyhow!("a handler panicked: {said}")).into_response()
}

async fn request(State(around): State<Around>, mut request: Request, next: Next) -> Response {
    let watch = Stopwatch::start();
    let id = RequestId::new();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("unknown", MatchedPath::as_str);
    let method = known(request.method());
    let whose = Whose::default();
    let asker = error::Asker::of(&request, whose.clone(), around.assets.clone());
    request.extensions_mut().insert(whose);
    let peer = Peer::of(&request, around.behind_proxy);
    request.extensions_mut().insert(id);
    request.extensions_mut().insert(peer);
    let span = tracing::info_span!("request", id = %id, method, route);
    let statements = Statements::new();
    let answering = statements.scope(timing::scope(next.run(request))).instrument(span.clone());
    let with_toolbar = around.is_development && peer.is_local;
    let ((response, mut stages), cached) =
        if with_toolbar { watching(answering).await } else { (answering.await, Vec::new()) };
    let mut response = error::finish(response, &asker, id);
    if statements.count() > 0 {
        stages.push(("db", statements.elapsed().as_secs_f64() * 1e3));
    }
    let total = watch.total();
    around.headers.add(response.headers_mut());
    response.headers_mut().insert(SERVER_TIMING, timing::header(&stages, total));
    if let Ok(value) = HeaderValue::try_from(id.to_string()) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    if with_toolbar {
        let (route, request_id) = (format!("{method} {route}"), id.to_string());
        let (statements, stages) = (statements.all(), stages.clone());
        let cost = toolbar::Cost { route, request_id, milliseconds: total, statements, asked: cached, stages };
        response = toolbar::insert(response, cost).await;
    }
    response.extensions_mut().insert(statements.clone());
    let status = response.status().as_u16();
    span.in_scope(|| tell(status, total, statements.count(), &stages));
    if statements.count() > 0 {
        metrics::counter!("thorax_statements_total", "route" => route.to_owned()).increment(statements.count() as u64);
    }
    let (seconds, status) = (total / 1e3, status.to_string());
    metrics::counter!("thorax_http_requests_total", "method" => method, "route" => route.to_owned(), "status" => status)
        .increment(1);
    metrics::histogram!("thorax_http_request_seconds", "route" => route.to_owned()).record(seconds);
    response
}

/// One line a request; what carries no news is for debugging only.
fn tell(status: u16, milliseconds: f64, statements: usize, stages: &timing::Stages) {
    let milliseconds = (milliseconds * 1e3).round() / 1e3;
    let stages = stages.iter().map(|(name, took)| format!("{name}={took:.2}")).collect::<Vec<_>>().join(" ");
    if status >= 500 {
        tracing::warn!(status, milliseconds, statements, stages, "answered");
    } else {
        tracing::info!(status, milliseconds, statements, stages, "answered");
    }
}

/// The method as a label: whatever a client makes up is one.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
