//! `/api/v1/patients`: whose chests.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use thorax_domain::audit::{Action, Object};
use thorax_domain::clock::{Date, Timestamp};
use thorax_domain::ids::{PatientId, UserId};
use thorax_domain::patient::{FullName, Patient, RecordNumber, Sex};
use thorax_domain::user::Scope;
use thorax_store::patients::{NewPatient, PatientChange, PatientFilter, PatientRow};
use utoipa::ToSchema;

use super::body::{self, Body};
use super::endpoint::Endpoint;
use super::listing::{Listed, SEARCHED, id};
use super::notes::{event, note};
use super::parameters;
use super::query::Query;
use super::schema::SexWord;
use super::tidy;
use crate::app::App;
use crate::web::auth::Caller;
use crate::web::{AppState, Route, Section, WebError};
use crate::workflow::erase::erase_patient;
use crate::workflow::patients::change;
use crate::workflow::register;

/// Whose chest it is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Patient)]
pub struct PatientAnswer {
    /// Which one.
    #[schema(value_type = Uuid)]
    patient_id: PatientId,
    /// The account with which the patient signs in.
    #[schema(value_type = Option<Uuid>)]
    user_id: Option<UserId>,
    /// The hospital's number.
    record_number: String,
    /// The name.
    full_name: String,
    /// Born on.
    #[schema(value_type = String, format = Date)]
    date_of_birth: Date,
    /// Sex.
    #[schema(value_type = SexWord)]
    sex: Sex,
    /// Known here since.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<Patient> for PatientAnswer {
    fn from(patient: Patient) -> Self {
        Self {
            patient_id: patient.id,
            user_id: patient.user_id,
            record_number: patient.record_number.into(),
            full_name: patient.full_name.into(),
            date_of_birth: patient.date_of_birth,
            sex: patient.sex,
            created_at: patient.created_at,
        }
    }
}

impl From<NewPatient> for PatientAnswer {
    fn from(new: NewPatient) -> Self {
        let NewPatient { id, user_id, record_number, full_name, date_of_birth, sex, created_at } = new;
        Self::from(Patient { id, user_id, record_number, full_name, date_of_birth, sex, created_at })
    }
}

/// A patient in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct ListedPatient {
    /// The patient.
    #[serde(flatten)]
    patient: PatientAnswer,
    /// How many X-rays there are.
    xrays: u64,
    /// When the last one came in.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_xray_at: Option<Timestamp>,
}

impl From<PatientRow> for ListedPatient {
    fn from(row: PatientRow) -> Self {
        Self { patient: row.patient.into(), xrays: row.xrays, last_xray_at: row.last_xray_at }
    }
}

/// A patient to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreatePatient {
    /// The hospital's number; nobody else may have it.
    #[serde(deserialize_with = "tidy::exact")]
    #[schema(value_type = String, min_length = 1, max_length = 64, pattern = r"^[^\s\u0000-\u001f\u007f-\u009f]+( [^\s\u0000-\u001f\u007f-\u009f]+)*$")]
    record_number: RecordNumber,
    /// The name.
    #[serde(deserialize_with = "tidy::exact")]
    #[schema(value_type = String, min_length = 1, max_length = 200, pattern = r"^[^\s\u0000-\u001f\u007f-\u009f]+( [^\s\u0000-\u001f\u007f-\u009f]+)*$")]
    full_name: FullName,
    /// Born on.
    #[schema(value_type = String, format = Date)]
    date_of_birth: Date,
    /// Sex; `U` where it is not known.
    #[serde(default = "unknown")]
    #[schema(value_type = SexWord)]
    sex: Sex,
}

const fn unknown() -> Sex {
    Sex::Unknown
}

/// What is changed of a patient; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePatient {
    /// The hospital's number; nobody else may have it.
    #[serde(default, deserialize_with = "tidy::maybe")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 64, pattern = r"^[^\s\u0000-\u001f\u007f-\u009f]+( [^\s\u0000-\u001f\u007f-\u009f]+)*$")]
    record_number: Option<RecordNumber>,
    /// The name.
    #[serde(default, deserialize_with = "tidy::maybe")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200, pattern = r"^[^\s\u0000-\u001f\u007f-\u009f]+( [^\s\u0000-\u001f\u007f-\u009f]+)*$")]
    full_name: Option<FullName>,
    /// Born on.
    #[schema(value_type = Option<String>, format = Date)]
    date_of_birth: Option<Date>,
    /// Sex.
    #[schema(value_type = Option<SexWord>)]
    sex: Option<Sex>,
}

/// What is here.
pub fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::new(Route::get("/api/v1/patients", Section::Clinical, list), Scope::Read)
            .named("list_patients", "Patients", "Patients, newest first")
            .paged()
            .gives_page::<ListedPatient>("One page."),
        Endpoint::new(Route::post("/api/v1/patients/_search", Section::Clinical, search), Scope::Read)
            .named("search_patients", "Patients", "Search for patients")
            .about(SEARCHED)
            .takes(parameters::search("Beginnings of words of the name or of the record number; all must fit."))
            .paged()
            .in_body()
            .gives_page::<ListedPatient>("One page."),
        Endpoint::new(Route::post("/api/v1/patients", Section::Clinical, make), Scope::Write)
            .named("create_patient", "Patients", "Make a patient")
            .reads::<CreatePatient>()
            .gives::<PatientAnswer>(201, "The patient.")
            .header(201, "Location", "Where the patient is.")
            .fails(409, "The record number is taken."),
        Endpoint::new(Route::get("/api/v1/patients/{id}", Section::Results, show), Scope::Read)
            .named("get_patient", "Patients", "One patient")
            .gives::<PatientAnswer>(200, "The patient.")
            .tagged(),
        Endpoint::new(Route::patch("/api/v1/patients/{id}", Section::Clinical, update), Scope::Write)
            .named("update_patient", "Patients", "Change a patient")
            .reads::<ChangePatient>()
            .gives::<PatientAnswer>(200, "The patient as changed.")
            .fails(409, "The record number is taken."),
        Endpoint::new(Route::delete("/api/v1/patients/{id}", Section::Admin, erase), Scope::Admin)
            .named("erase_patient", "Patients", "Erase a patient")
            .about("With all X-rays, results and files, and the account. Nothing brings them back.")
            .gives_nothing("All of it is gone."),
    ]
}

/// `GET /api/v1/patients`
async fn list(
    State(app): State<AppState>,
    caller: Caller,
    query: Query,
) -> Result<Json<Listed<ListedPatient>>, WebError> {
    listed(&app, &caller, query, Action::List).await
}

/// `POST /api/v1/patients/_search`
async fn search(
    State(app): State<AppState>,
    caller: Caller,
    Body(query): Body<Query>,
) -> Result<Json<Listed<ListedPatient>>, WebError> {
    listed(&app, &caller, query, Action::Search).await
}

async fn listed(
    app: &App,
    caller: &Caller,
    mut query: Query,
    action: Action,
) -> Result<Json<Listed<ListedPatient>>, WebError> {
    let (filter, page) = (PatientFilter { search: query.search() }, query.page());
    query.finish()?;
    let found = app.store.patients().list(caller.viewer(), &filter, &page).await?;
    note(app, event(app, caller, action, Object::Patient, "list").with("rows", found.rows.len())).await?;
    Ok(Json(found.map(ListedPatient::from).into()))
}

/// `POST /api/v1/patients`
async fn make(
    State(app): State<AppState>,
    caller: Caller,
    Body(new): Body<CreatePatient>,
) -> Result<Response, WebError> {
    let CreatePatient { record_number, full_name, date_of_birth, sex } = new;
    let created_at = app.clock.now();
    let id = PatientId::new(created_at);
    let new = NewPatient { id, user_id: None, record_number, full_name, date_of_birth, sex, created_at };
    register::patient(&app, &caller.by(), &new).await?;
    let location = [(LOCATION, format!("/api/v1/patients/{id}"))];
    Ok((StatusCode::CREATED, location, Json(PatientAnswer::from(new))).into_response())
}

/// `GET /api/v1/patients/{id}`
async fn show(
    State(app): State<AppState>,
    caller: Caller,
    Path(of): Path<String>,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    let of: PatientId = id(&of)?;
    let patient = app.store.patients().find(caller.viewer(), of).await?.ok_or(WebError::NotFound)?;
    note(&app, event(&app, &caller, Action::View, Object::Patient, of).about(of)).await?;
    body::tagged(&headers, &PatientAnswer::from(patient))
}

/// `PATCH /api/v1/patients/{id}`
async fn update(
    State(app): State<AppState>,
    caller: Caller,
    Path(of): Path<String>,
    Body(new): Body<ChangePatient>,
) -> Result<Json<PatientAnswer>, WebError> {
    let of: PatientId = id(&of)?;
    let ChangePatient { record_number, full_name, date_of_birth, sex } = new;
    let changed = PatientChange { user_id: None, record_number, full_name, date_of_birth, sex };
    let patient = change(&app, &caller.by(), of, &changed).await?.ok_or(WebError::NotFound)?;
    Ok(Json(patient.into()))
}

/// `DELETE /api/v1/patients/{id}`
async fn erase(State(app): State<AppState>, caller: Caller, Path(of): Path<String>) -> Result<StatusCode, WebError> {
    erase_patient(&app, &caller.by(), id(&of)?).await?.ok_or(WebError::NotFound)?;
    Ok(StatusCode::NO_CONTENT)
}
