//! `POST /api/v1/xrays`: files of one patient, each with its own answer.

use axum::Json;
use axum::body::Bytes;
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest, Multipart, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use bytes::BytesMut;
use serde::Serialize;
use serde_json::json;
use thorax_domain::ids::{PatientId, PredictionId, XRayId};
use thorax_domain::job::Priority;
use thorax_domain::user::Scope;
use thorax_domain::xray::Source;
use utoipa::ToSchema;

use super::super::endpoint::Endpoint;
use super::super::listing::Whole;
use crate::web::auth::Caller;
use crate::web::{AppState, Route, Section, WebError};
use crate::workflow::intake::{IntakeError, NewFile, Taken, take_in};

/// Longest field that is no file.
const FIELD: u64 = 100;
/// From so many files on it is a batch, which others go before.
const BATCH: usize = 10;

/// What became of one file.
#[derive(Debug, Serialize, ToSchema)]
pub struct TakenFile {
    /// Which one of those that were sent, from 0.
    index: usize,
    /// `new`, `known` (this patient has an X-ray with these very bytes), `refused` or `queue_full` (send it again later).
    #[schema(pattern = "^(new|known|refused|queue_full)$")]
    outcome: &'static str,
    /// The X-ray; where it is new or known.
    #[schema(value_type = Option<Uuid>)]
    xray_id: Option<XRayId>,
    /// What the networks will say; where it is new.
    #[schema(value_type = Option<Uuid>)]
    prediction_id: Option<PredictionId>,
    /// Why not; where it did not come in.
    detail: Option<String>,
}

/// What is here.
pub fn endpoint() -> Endpoint {
    let form = json!({
        "type": "object",
        "required": ["patient_id", "files"],
        "additionalProperties": false,
        "properties": {
            "patient_id": {"type": "string", "format": "uuid", "description": "Whose chest. Sent before the files."},
            "force": {"type": "string", "enum": ["true", "false"], "description": "Read them though the gate refuses."},
            "files": {
                "type": "array", "minItems": 1, "maxItems": 500,
                "items": {"type": "string", "format": "binary"},
                "description": "DICOM, PNG or JPEG."
            }
        }
    });
    Endpoint::new(Route::post("/api/v1/xrays", Section::Clinical, upload).upload(), Scope::Write)
        .named("upload_xrays", "X-rays", "Send X-rays of one patient")
        .about("Each file has its own answer. Those that come in are queued for the networks.")
        .reads_form(&form)
        .gives_whole::<TakenFile>("What became of each file, in the order in which they were sent.")
        .moved(200, 207)
        .fails(404, "There is no such patient.")
        .fails(503, "The queue is full, and no file came in.")
}

async fn upload(State(app): State<AppState>, caller: Caller, request: Request) -> Result<Response, WebError> {
    let mut form = multipart(request).await?;
    let mut heading = Heading::default();
    let mut files = Vec::new();
    while let Some(field) = form.next_field().await.map_err(|error| broken(&error))? {
        match field.name().unwrap_or_default() {
            "patient_id" => {
                heading.patient = Some(word(field).await?.parse().map_err(|_| wrong("patient_id", "must be an id"))?);
            }
            "force" => {
                heading.force = word(field).await?.parse().map_err(|_| wrong("force", "must be true or false"))?;
            }
            "files" if files.len() >= app.web.upload_files => {
                return Err(WebError::TooLarge(format!("at most {} files are taken at once", app.web.upload_files)));
            }
            "files" => {
                let index = files.len();
                files.push(file(&app, &caller, &heading, (index, field)).await?);
            }
            _ => return Err(wrong("body", "holds a field that is neither patient_id nor force nor files")),
        }
    }
    if files.is_empty() {
        return Err(wrong("files", "are missing"));
    }
    if files.iter().all(|file| file.outcome == "queue_full") {
        let detail = files.pop().and_then(|file| file.detail).unwrap_or_default();
        return Err(WebError::Unavailable { wait: crate::workflow::intake::COME_BACK, detail });
    }
    Ok((StatusCode::MULTI_STATUS, Json(Whole::of(files))).into_response())
}

/// What the form says before its files.
#[derive(Debug, Default)]
struct Heading {
    patient: Option<PatientId>,
    force: bool,
}

async fn multipart(request: Request) -> Result<Multipart, WebError> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.to_ascii_lowercase().starts_with("multipart/form-data") {
        return Err(WebError::UnsupportedType("send a form with files, multipart/form-data".to_owned()));
    }
    let form = Multipart::from_request(request, &()).await;
    form.map_err(|_| WebError::BadRequest("the form says of no boundary between its fields".to_owned()))
}

/// Takes one file in, as the form goes by: no more than one is held in memory.
async fn file(
    app: &AppState,
    caller: &Caller,
    heading: &Heading,
    (index, field): (usize, Field<'_>),
) -> Result<TakenFile, WebError> {
    let patient = heading.patient.ok_or_else(|| wrong("patient_id", "is needed, before the files"))?;
    let none = TakenFile { index, outcome: "refused", xray_id: None, prediction_id: None, detail: None };
    let limit = app.web.upload_limit.bytes();
    let Some(bytes) = content(field, limit).await? else {
        return Ok(TakenFile { detail: Some(IntakeError::TooLarge(limit).to_string()), ..none });
    };
    let new = NewFile {
        bytes,
        patient,
        viewer: caller.viewer(),
        origin: caller.origin.clone(),
        source: Source::Api,
        priority: if index < BATCH { Priority::NORMAL } else { Priority::BATCH },
        force: heading.force,
    };
    match take_in(app, new).await {
        Ok(Taken::New { xray, prediction }) => {
            Ok(TakenFile { outcome: "new", xray_id: Some(xray), prediction_id: Some(prediction), ..none })
        }
        Ok(Taken::Known { xray }) => Ok(TakenFile { outcome: "known", xray_id: Some(xray), ..none }),
        Err(error @ IntakeError::QueueFull(_)) => {
            Ok(TakenFile { outcome: "queue_full", detail: Some(error.to_string()), ..none })
        }
        Err(error @ (IntakeError::NoFilm(_) | IntakeError::TooLarge(_))) => {
            Ok(TakenFile { detail: Some(error.to_string()), ..none })
        }
        Err(error) => Err(error.into()),
    }
}

/// A file's bytes; `None` where there are more than are taken, of which no more is kept.
async fn content(mut field: Field<'_>, limit: u64) -> Result<Option<Bytes>, WebError> {
    let mut bytes = BytesMut::new();
    let mut is_too_large = false;
    while let Some(piece) = field.chunk().await.map_err(|error| broken(&error))? {
        is_too_large |= bytes.len() as u64 + piece.len() as u64 > limit;
        if is_too_large {
            bytes.clear();
        } else {
            bytes.extend_from_slice(&piece);
        }
    }
    Ok((!is_too_large).then(|| bytes.freeze()))
}

/// A field that is no file.
async fn word(field: Field<'_>) -> Result<String, WebError> {
    let bytes = content(field, FIELD).await?.unwrap_or_default();
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn wrong(field: &str, why: &str) -> WebError {
    WebError::field(field, why)
}

fn broken(error: &MultipartError) -> WebError {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        WebError::TooLarge("more was sent than is taken at once".to_owned())
    } else {
        WebError::BadRequest("the form cannot be read".to_owned())
    }
}
