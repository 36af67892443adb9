//! `/api/v1/xrays`: radiographs, coming in and to be looked at.

mod films;
mod upload;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Serialize;
use thorax_domain::audit::{Action, Object};
use thorax_domain::clock::Timestamp;
use thorax_domain::ids::{PatientId, UserId, XRayId};
use thorax_domain::user::Scope;
use thorax_domain::xray::{Sha256, Source, View, XRayImage};
use thorax_store::xrays::{XRayPage, XRayRow};
use utoipa::ToSchema;

use super::body;
use super::endpoint::Endpoint;
use super::listing::{Listed, id};
use super::notes::{event, note};
use super::parameters;
use super::predictions::Prediction;
use super::query::Query;
use super::schema::{SourceWord, ViewWord};
use crate::web::auth::Caller;
use crate::web::{AppState, Route, Section, WebError};
use crate::workflow::erase::delete_xray;

/// One radiograph.
#[derive(Debug, Serialize, ToSchema)]
pub struct XRay {
    /// Which one.
    #[schema(value_type = Uuid)]
    xray_id: XRayId,
    /// Whose chest.
    #[schema(value_type = Uuid)]
    patient_id: PatientId,
    /// SHA-256 of the file as it came in.
    #[schema(value_type = String, pattern = "^[0-9a-f]{64}$")]
    sha256: Sha256,
    /// Size of the file.
    bytes: u64,
    /// `jpeg`, `png` or `dicom`.
    format: String,
    /// Pixels across.
    width: u32,
    /// Pixels down.
    height: u32,
    /// Bits that a pixel holds.
    bits: u8,
    /// How the beam went, where it is known.
    #[schema(value_type = Option<ViewWord>)]
    view: Option<View>,
    /// The door it came through.
    #[schema(value_type = SourceWord)]
    source: Source,
    /// The patient's age when it was taken, where it is known.
    age_years: Option<u16>,
    /// Who brought it.
    #[schema(value_type = Uuid)]
    uploaded_by: UserId,
    /// Came in at.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<XRayImage> for XRay {
    fn from(xray: XRayImage) -> Self {
        Self {
            xray_id: xray.id,
            patient_id: xray.patient_id,
            sha256: xray.sha256,
            bytes: xray.bytes,
            format: xray.format,
            width: xray.width,
            height: xray.height,
            bits: xray.bits,
            view: xray.view,
            source: xray.source,
            age_years: xray.age_years,
            uploaded_by: xray.uploaded_by,
            created_at: xray.created_at,
        }
    }
}

/// A radiograph in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct ListedXRay {
    /// The radiograph.
    #[serde(flatten)]
    xray: XRay,
    /// Its newest prediction; null where there is none to be seen.
    prediction: Option<Prediction>,
}

impl From<XRayRow> for ListedXRay {
    fn from(row: XRayRow) -> Self {
        Self { xray: row.xray.into(), prediction: row.prediction.map(Prediction::from) }
    }
}

/// A radiograph with what was said of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct FullXRay {
    /// The radiograph.
    #[serde(flatten)]
    xray: XRay,
    /// Its predictions, newest first, at most 50.
    predictions: Vec<Prediction>,
    /// Newest predictions of the patient's other X-rays, newest first, at most 10.
    previous: Vec<Prediction>,
}

impl From<XRayPage> for FullXRay {
    fn from(page: XRayPage) -> Self {
        let all = |rows: Vec<_>| rows.into_iter().map(Prediction::from).collect();
        Self { xray: page.xray.into(), predictions: all(page.predictions), previous: all(page.previous) }
    }
}

/// What is here.
pub fn endpoints() -> Vec<Endpoint> {
    let mut endpoints = vec![
        Endpoint::new(Route::get("/api/v1/xrays", Section::Results, list), Scope::Read)
            .named("list_xrays", "X-rays", "X-rays, newest first")
            .takes(parameters::id("patient_id", "Only this patient's."))
            .paged()
            .gives_page::<ListedXRay>("One page."),
        upload::endpoint(),
        Endpoint::new(Route::get("/api/v1/xrays/{id}", Section::Results, show), Scope::Read)
            .named("get_xray", "X-rays", "One X-ray with what was said of it")
            .gives::<FullXRay>(200, "The X-ray.")
            .tagged(),
        Endpoint::new(Route::delete("/api/v1/xrays/{id}", Section::Admin, delete), Scope::Admin)
            .named("delete_xray", "X-rays", "Delete an X-ray")
            .about("With its file and everything that was read from it. Nothing brings them back.")
            .gives_nothing("It is gone."),
    ];
    endpoints.extend(films::endpoints());
    endpoints
}

/// `GET /api/v1/xrays`
async fn list(
    State(app): State<AppState>,
    caller: Caller,
    mut query: Query,
) -> Result<Json<Listed<ListedXRay>>, WebError> {
    let (patient, page) = (query.take("patient_id", "an id"), query.page());
    query.finish()?;
    let found = app.store.xrays().list(caller.viewer(), patient, &page).await?;
    let mut listed = event(&app, &caller, Action::List, Object::XRay, "list").with("rows", found.rows.len());
    listed.patient = patient;
    note(&app, listed).await?;
    Ok(Json(found.map(ListedXRay::from).into()))
}

/// `GET /api/v1/xrays/{id}`
async fn show(
    State(app): State<AppState>,
    caller: Caller,
    Path(of): Path<String>,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    let of: XRayId = id(&of)?;
    let page = app.store.xrays().page(caller.viewer(), of, None).await?.ok_or(WebError::NotFound)?;
    note(&app, event(&app, &caller, Action::View, Object::XRay, of).about(page.xray.patient_id)).await?;
    body::tagged(&headers, &FullXRay::from(page))
}

/// `DELETE /api/v1/xrays/{id}`
async fn delete(State(app): State<AppState>, caller: Caller, Path(of): Path<String>) -> Result<StatusCode, WebError> {
    delete_xray(&app, &caller.by(), id(&of)?).await?.ok_or(WebError::NotFound)?;
    Ok(StatusCode::NO_CONTENT)
}
