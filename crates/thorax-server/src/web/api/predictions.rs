//! `/api/v1/predictions`: what the networks said, asking them, and what doctors make of it.

mod answers;
mod ask;
mod export;
mod parts;
mod review;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use thorax_domain::audit::{Action, Object};
use thorax_domain::prediction::Diagnosis;
use thorax_domain::review::PredictionStatus;
use thorax_domain::user::Scope;
use thorax_domain::xray::Source;
use thorax_store::predictions::PredictionFilter;

pub use answers::{FullPrediction, Prediction};

use super::body::Body;
use super::endpoint::Endpoint;
use super::listing::{Listed, SEARCHED, id};
use super::notes::{event, note};
use super::query::Query;
use super::{body, parameters, schema};
use crate::app::App;
use crate::web::auth::Caller;
use crate::web::{AppState, Route, Section, WebError};

/// What is here.
pub fn endpoints() -> Vec<Endpoint> {
    let listed = Endpoint::new(Route::get("/api/v1/predictions", Section::Results, list), Scope::Read)
        .named("list_predictions", "Predictions", "Predictions, newest first")
        .gives_page::<Prediction>("One page.");
    let searched = Endpoint::new(Route::post("/api/v1/predictions/_search", Section::Results, search), Scope::Read)
        .named("search_predictions", "Predictions", "Search for predictions")
        .about(SEARCHED)
        .takes(parameters::search("Beginnings of words of the patient's name or record number; all must fit."))
        .gives_page::<Prediction>("One page.");
    let found = Endpoint::new(Route::get("/api/v1/predictions/{id}", Section::Results, show), Scope::Read)
        .named("get_prediction", "Predictions", "One prediction with its six opinions")
        .gives::<FullPrediction>(200, "The prediction.")
        .tagged();
    let mut endpoints = vec![filtered(listed).paged(), filtered(searched).paged().in_body(), found, ask::endpoint()];
    endpoints.extend(review::endpoints());
    endpoints.push(export::endpoint());
    endpoints
}

/// The parameters that [`filter`] takes out of an address.
fn filtered(endpoint: Endpoint) -> Endpoint {
    let words = |name, words: &[String], what| {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        parameters::word(name, &words, what)
    };
    endpoint
        .takes(words("diagnosis", &schema::words(&Diagnosis::ALL), "Only this final diagnosis."))
        .takes(words("status", &schema::words(PredictionStatus::ALL), "Only those that are this far."))
        .takes(words("source", &schema::words(Source::ALL), "Only X-rays that came through this door."))
        .takes(parameters::flag("validated", "Only validated ones, or only those that are not."))
        .takes(parameters::flag("inconclusive", "Only inconclusive ones, or only those that are not."))
        .takes(parameters::share("confidence_from", "At least this confidence."))
        .takes(parameters::share("confidence_to", "At most this confidence."))
        .takes(parameters::moment("from", "Made at this moment or later."))
        .takes(parameters::moment("until", "Made before this moment."))
        .takes(parameters::id("patient_id", "Only this patient's."))
}

/// Which predictions a query means.
fn filter(query: &mut Query) -> PredictionFilter {
    PredictionFilter {
        diagnosis: query.take("diagnosis", "COVID, Lung Opacity, Normal or Viral Pneumonia"),
        validated: query.flag("validated"),
        inconclusive: query.flag("inconclusive"),
        status: query.take("status", "pending, running, completed, refused, failed or cancelled"),
        confidence_from: query.share("confidence_from"),
        confidence_to: query.share("confidence_to"),
        from: query.moment("from"),
        until: query.moment("until"),
        patient: query.take("patient_id", "an id"),
        source: query.take("source", "upload, api, cli, dicom or demo"),
        search: query.search(),
    }
}

/// `GET /api/v1/predictions`
async fn list(State(app): State<AppState>, caller: Caller, query: Query) -> Result<Json<Listed<Prediction>>, WebError> {
    listed(&app, &caller, query, Action::List).await
}

/// `POST /api/v1/predictions/_search`
async fn search(
    State(app): State<AppState>,
    caller: Caller,
    Body(query): Body<Query>,
) -> Result<Json<Listed<Prediction>>, WebError> {
    listed(&app, &caller, query, Action::Search).await
}

async fn listed(
    app: &App,
    caller: &Caller,
    mut query: Query,
    action: Action,
) -> Result<Json<Listed<Prediction>>, WebError> {
    let (filter, page) = (filter(&mut query), query.page());
    query.finish()?;
    let found = app.store.predictions().list(caller.viewer(), &filter, &page).await?;
    let mut listed = event(app, caller, action, Object::Prediction, "list").with("rows", found.rows.len());
    listed.patient = filter.patient;
    note(app, listed).await?;
    Ok(Json(Listed::from(found.map(Prediction::from))))
}

/// `GET /api/v1/predictions/{id}`
async fn show(
    State(app): State<AppState>,
    caller: Caller,
    Path(of): Path<String>,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    let of = id(&of)?;
    let detail = app.store.predictions().find(caller.viewer(), of).await?.ok_or(WebError::NotFound)?;
    note(&app, event(&app, &caller, Action::View, Object::Prediction, of).about(detail.row.patient_id)).await?;
    body::tagged(&headers, &FullPrediction::new(detail, caller.user.role))
}
