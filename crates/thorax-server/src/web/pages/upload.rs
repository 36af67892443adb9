//! Upload: the form, and what came of each file. A file is taken in as soon as it has arrived, so that a batch of hundreds needs
//! the memory of one.

use axum::Json;
use axum::body::Bytes;
use axum::extract::multipart::{Field, MultipartRejection};
use axum::extract::{Multipart, Query};
use axum::http::header::{ACCEPT, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use thorax_domain::audit::{Action, Object};
use thorax_domain::ids::PatientId;
use thorax_domain::job::Priority;
use thorax_domain::patient::RecordNumber;
use thorax_domain::xray::Source;

use super::forms::sentence;
use super::visit::{Visit, id, page_with};
use crate::web::WebError;
use crate::web::error::FieldProblem;
use crate::web::view::{FieldError, FormErrors, UploadPage, UploadResult, Uploaded};
use crate::workflow::intake::{COME_BACK, IntakeError, NewFile, Taken, take_in as intake};

/// Longest text field of the form.
const LONGEST_TEXT: usize = 1024;
/// From how many files on they are a batch, which others need not wait behind.
const BATCH: usize = 3;

/// Whose X-rays are to be uploaded, where it is known already.
#[derive(Debug, Deserialize)]
pub struct For {
    #[serde(default)]
    patient: String,
}

/// What came of one file, for programs.
#[derive(Debug, Serialize)]
struct Line {
    file: String,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    xray_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prediction_id: Option<String>,
    message: String,
    reasons: [(); 0],
}

#[derive(Debug, Serialize)]
struct Lines {
    files: Vec<Line>,
}

/// What has arrived so far.
#[derive(Default)]
struct Arrived {
    record_number: String,
    patient: Option<PatientId>,
    force: bool,
    lines: Vec<Line>,
    wrong: Option<FieldError>,
    is_full: bool,
}

/// `GET /upload`
pub async fn form(visit: Visit, Query(of): Query<For>) -> Result<Response, WebError> {
    let record_number = match of.patient.as_str() {
        "" => String::new(),
        patient => {
            let known = visit.app.store.patients().find(visit.viewer(), id(patient)?).await?;
            let known = known.ok_or(WebError::NotFound)?;
            visit.note(visit.event(Action::View, Object::Patient, known.id).about(known.id)).await?;
            known.record_number.to_string()
        }
    };
    shown(&visit, Arrived { record_number, ..Arrived::default() }).await
}

/// `POST /upload`
pub async fn take_in(
    visit: Visit,
    headers: HeaderMap,
    body: Result<Multipart, MultipartRejection>,
) -> Result<Response, WebError> {
    let body = body.map_err(|_| WebError::BadRequest("send the files as a form, multipart/form-data".to_owned()))?;
    let arrived = receive(&visit, body).await?;
    let wants_json = headers
        .get(ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|accept| accept.contains("json") && !accept.contains("text/html"));
    if wants_json { told(arrived) } else { shown(&visit, arrived).await }
}

async fn receive(visit: &Visit, mut body: Multipart) -> Result<Arrived, WebError> {
    let mut arrived = Arrived::default();
    while let Some(field) = body.next_field().await.map_err(|error| broken(&error))? {
        match field.name() {
            Some("record_number") => arrived.record_number = text(field).await?,
            Some("force") => arrived.force = text(field).await? == "1",
            Some("files") => file(visit, &mut arrived, field).await?,
            _ => {}
        }
        if arrived.wrong.is_some() {
            return Ok(arrived);
        }
    }
    if arrived.lines.is_empty() {
        arrived.wrong = Some(FieldError { field: "files", message: "Choose at least one file.".to_owned() });
        if arrived.patient.is_none() {
            find_patient(visit, &mut arrived).await?;
        }
    }
    Ok(arrived)
}

fn broken(error: &axum::extract::multipart::MultipartError) -> WebError {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        WebError::TooLarge("more was sent than is taken at once; send fewer files".to_owned())
    } else {
        WebError::BadRequest("what was sent broke off or is no form; send it again".to_owned())
    }
}

async fn text(mut field: Field<'_>) -> Result<String, WebError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(|error| broken(&error))? {
        bytes.extend(chunk);
        if bytes.len() > LONGEST_TEXT {
            return Err(WebError::BadRequest("a field of the form is too long".to_owned()));
        }
    }
    Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
}

/// Whose X-rays these are; every file needs to know.
async fn find_patient(visit: &Visit, arrived: &mut Arrived) -> Result<(), WebError> {
    let wrong = |message: &str| Some(FieldError { field: "record_number", message: message.to_owned() });
    let Ok(number) = RecordNumber::new(&arrived.record_number) else {
        arrived.wrong = wrong("Say whose X-rays these are: the record number of the patient.");
        return Ok(());
    };
    match visit.app.store.patients().by_record_number(visit.viewer(), &number).await? {
        Some(patient) => arrived.patient = Some(patient.id),
        None => arrived.wrong = wrong("There is no patient with this record number. Enter the patient first."),
    }
    Ok(())
}

async fn file(visit: &Visit, arrived: &mut Arrived, mut field: Field<'_>) -> Result<(), WebError> {
    let name = field.file_name().unwrap_or("file").chars().take(200).collect::<String>();
    if name.is_empty() {
        // A browser sends this for a form without a file.
        return Ok(());
    }
    if arrived.patient.is_none() {
        find_patient(visit, arrived).await?;
    }
    let Some(patient) = arrived.patient else {
        return Ok(());
    };
    if arrived.lines.len() >= visit.app.web.upload_files {
        arrived.lines.push(failed(name, "More files than are taken at once; send it again by itself.".to_owned()));
        return Ok(());
    }
    let limit = visit.app.web.upload_limit.bytes();
    let mut bytes = Vec::new();
    let mut is_whole = true;
    while let Some(chunk) = field.chunk().await.map_err(|error| broken(&error))? {
        is_whole &= bytes.len() as u64 + chunk.len() as u64 <= limit;
        if is_whole {
            bytes.extend(chunk);
        }
    }
    if !is_whole {
        arrived.lines.push(refused(name, sentence(&IntakeError::TooLarge(limit).to_string())));
        return Ok(());
    }
    let priority = if arrived.lines.len() < BATCH { Priority::NORMAL } else { Priority::BATCH };
    let new = NewFile {
        bytes: Bytes::from(bytes),
        patient,
        viewer: visit.viewer(),
        origin: visit.caller.origin.clone(),
        source: Source::Upload,
        priority,
        force: arrived.force,
    };
    let taken = intake(&visit.app, new).await;
    arrived.is_full |= matches!(taken, Err(IntakeError::QueueFull(_)));
    arrived.lines.push(line(name, taken));
    Ok(())
}

fn line(file: String, taken: Result<Taken, IntakeError>) -> Line {
    match taken {
        Ok(Taken::New { xray, prediction }) => Line {
            file,
            state: "accepted",
            xray_id: Some(xray.to_string()),
            prediction_id: Some(prediction.to_string()),
            message: "In the queue.".to_owned(),
            reasons: [],
        },
        Ok(Taken::Known { xray }) => Line {
            file,
            state: "duplicate",
            xray_id: Some(xray.to_string()),
            prediction_id: None,
            message: "The patient has this very file already.".to_owned(),
            reasons: [],
        },
        Err(error @ (IntakeError::TooLarge(_) | IntakeError::NoFilm(_))) => refused(file, sentence(&error.to_string())),
        Err(error @ (IntakeError::QueueFull(_) | IntakeError::NoSuchPatient)) => {
            failed(file, sentence(&error.to_string()))
        }
        Err(error @ (IntakeError::Decoder(_) | IntakeError::Store(_))) => {
            let shown = sentence(&error.to_string());
            tracing::error!(error = format!("{:#}", anyhow::Error::new(error)), "a file was not taken in");
            failed(file, shown)
        }
    }
}

fn refused(file: String, message: String) -> Line {
    Line { file, state: "refused", xray_id: None, prediction_id: None, message, reasons: [] }
}

fn failed(file: String, message: String) -> Line {
    Line { file, state: "failed", xray_id: None, prediction_id: None, message, reasons: [] }
}

/// The answer for a program.
fn told(arrived: Arrived) -> Result<Response, WebError> {
    if let Some(wrong) = arrived.wrong {
        return Err(WebError::Invalid(vec![FieldProblem { field: wrong.field.to_owned(), detail: wrong.message }]));
    }
    if arrived.is_full && arrived.lines.iter().all(|line| line.state == "failed") {
        let detail = "The queue is full. Nothing is lost; send it again in a moment.".to_owned();
        return Err(WebError::Unavailable { wait: COME_BACK, detail });
    }
    Ok(Json(Lines { files: arrived.lines }).into_response())
}

/// The answer for a browser without JavaScript.
async fn shown(visit: &Visit, arrived: Arrived) -> Result<Response, WebError> {
    let status = match (&arrived.wrong, arrived.is_full) {
        (Some(_), _) => StatusCode::UNPROCESSABLE_ENTITY,
        (None, true) => StatusCode::SERVICE_UNAVAILABLE,
        (None, false) => StatusCode::OK,
    };
    let wait = COME_BACK.as_secs();
    let page = UploadPage {
        frame: visit.frame("Upload", "/upload").await?,
        record_number: arrived.record_number,
        errors: FormErrors { general: None, fields: arrived.wrong.into_iter().collect() },
        results: arrived.lines.into_iter().map(result).collect(),
        maximum_files: visit.app.web.upload_files as u64,
        maximum_bytes: visit.app.web.upload_limit.bytes(),
        retry_after: arrived.is_full.then_some(wait),
        may_force: true,
    };
    let mut answer = page_with(status, &page)?;
    if arrived.is_full {
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait));
    }
    Ok(answer)
}

fn result(line: Line) -> UploadResult {
    let xray_id = line.xray_id.unwrap_or_default();
    let state = match line.state {
        "accepted" => Uploaded::Accepted { xray_id },
        "duplicate" => Uploaded::Duplicate { xray_id },
        "refused" => Uploaded::Refused(Vec::new()),
        _ => Uploaded::Failed,
    };
    UploadResult { file: line.file, state, message: line.message }
}
