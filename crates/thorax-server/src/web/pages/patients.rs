//! Patients: the list, one patient, a new one, and erasing everything of one.

use axum::Form;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use thorax_domain::audit::{Action, Object};
use thorax_domain::ids::{PatientId, UserId};
use thorax_domain::user::{Role, Username};
use thorax_store::page::{Page, PageSize};
use thorax_store::patients::{NewPatient, PatientFilter, PatientRow as Listed};
use thorax_store::predictions::PredictionFilter;
use thorax_store::{StoreError, Unique};

use super::forms::{Reader, sentence};
use super::rows;
use super::search::{self, Sought};
use super::visit::{Visit, go, id, moment, page as answer, page_with};
use super::worklist::{Place, request};
use crate::web::view::{FormErrors, NewPatientPage, PatientForm, PatientPage, PatientRow, PatientsPage};
use crate::web::{AppState, WebError, cached};
use crate::workflow::{erase as verbs, register};

/// What is asked of the list.
#[derive(Debug, Deserialize)]
pub struct Asked {
    #[serde(default)]
    search: String,
    page: Option<u64>,
    after: Option<String>,
    before: Option<String>,
}

/// What the form for a new patient sends.
#[derive(Debug, Deserialize)]
pub struct Typed {
    #[serde(default)]
    record_number: String,
    #[serde(default)]
    full_name: String,
    #[serde(default)]
    date_of_birth: String,
    #[serde(default)]
    sex: String,
    #[serde(default)]
    username: String,
}

/// `GET /patients`
pub async fn list(visit: Visit, Query(asked): Query<Asked>) -> Result<Response, WebError> {
    let sought = Sought::find(&visit, &asked.search).await?;
    let mut frame = visit.frame("Patients", "/patients").await?;
    sought.tell(&mut frame);
    let place = Place { page: asked.page, after: asked.after, before: asked.before };
    let (found, total) = listed(&visit, &sought, &place).await?;
    visit.note(visit.event(sought.action(), Object::Patient, format!("page {}", found.number))).await?;
    let pager = rows::pager(&found, total, "/patients", &sought.pairs());
    let row = |one: Listed| PatientRow {
        facts: rows::facts(&one.patient),
        created: moment(one.patient.created_at),
        xrays: one.xrays,
        last_xray: one.last_xray_at.map(moment),
    };
    let rows = found.rows.into_iter().map(row).collect();
    answer(&PatientsPage { frame, q: sought.text().to_owned(), rows, pager })
}

/// The page that is asked for, and how many patients there are in all.
async fn listed(visit: &Visit, sought: &Sought, place: &Place) -> Result<(Page<Listed>, u64), WebError> {
    if sought.is_gone() {
        return Ok((rows::nothing(PageSize::DEFAULT), 0));
    }
    let filter = PatientFilter { search: sought.text().to_owned() };
    let (app, viewer, counted) = (AppState::clone(&visit.app), visit.viewer(), filter.clone());
    let total = cached::count(&visit.app, &format!("patients:{}", filter.search), async move {
        Ok(app.store.patients().count(viewer, &counted).await?)
    })
    .await?;
    let wanted = request(place, PageSize::DEFAULT, total)?;
    Ok((visit.app.store.patients().list(viewer, &filter, &wanted).await?, total))
}

/// `POST /patients/search`
pub async fn search(visit: Visit, Form(typed): Form<search::Typed>) -> Result<Response, WebError> {
    search::go_to(&visit, "/patients", &typed).await
}

/// `GET /patients/{id}`
pub async fn page(visit: Visit, Path(patient): Path<String>, Query(place): Query<Place>) -> Result<Response, WebError> {
    let patient: PatientId = id(&patient)?;
    let known = visit.app.store.patients().find(visit.viewer(), patient).await?.ok_or(WebError::NotFound)?;
    let frame = visit.frame("Patient", "/patients").await?;
    let filter = PredictionFilter::of_patient(patient);
    let total = cached::predictions(&visit.app, visit.viewer(), &filter).await?;
    let wanted = request(&place, PageSize::DEFAULT, total)?;
    let found = visit.app.store.predictions().list(visit.viewer(), &filter, &wanted).await?;
    let username = match known.user_id {
        Some(user) => visit.app.store.users().find(user).await?.map(|user| user.username.to_string()),
        None => None,
    };
    visit.note(visit.event(Action::View, Object::Patient, patient).about(patient)).await?;
    let pager = rows::pager(&found, total, &format!("/patients/{patient}"), &[]);
    let list = format!("patient={patient}");
    answer(&PatientPage {
        frame,
        facts: rows::facts(&known),
        created: moment(known.created_at),
        username,
        rows: found.rows.into_iter().map(|row| rows::row(row, &list)).collect(),
        pager,
        may_erase: visit.caller.user.role == Role::Admin,
    })
}

/// `GET /patients/new`
pub async fn form(visit: Visit) -> Result<Response, WebError> {
    show(&visit, StatusCode::OK, PatientForm::default()).await
}

async fn show(visit: &Visit, status: StatusCode, form: PatientForm) -> Result<Response, WebError> {
    page_with(status, &NewPatientPage { frame: visit.frame("New patient", "/patients").await?, form })
}

/// `POST /patients`
pub async fn create(visit: Visit, Form(typed): Form<Typed>) -> Result<Response, WebError> {
    let mut reader = Reader::default();
    let user = account(&visit, &mut reader, &typed.username).await?;
    if let Some(patient) = read(&visit, &mut reader, &typed, user) {
        match register::patient(&visit.app, &visit.by(), &patient).await {
            Ok(()) => return Ok(go(&format!("/patients/{}", patient.id), "created")),
            Err(StoreError::Taken(Unique::PatientOfUser)) => {
                reader.wrong("username", "This account is another patient's already.");
            }
            Err(StoreError::Taken(name)) => {
                reader.wrong("record_number", sentence(&format!("{name} is taken")));
            }
            Err(other) => return Err(other.into()),
        }
    }
    let Typed { record_number, full_name, date_of_birth, sex, username } = typed;
    let errors: FormErrors = reader.errors;
    let form = PatientForm { record_number, full_name, date_of_birth, sex, username, errors };
    show(&visit, StatusCode::UNPROCESSABLE_ENTITY, form).await
}

/// The account of a patient, where one was named.
async fn account(visit: &Visit, reader: &mut Reader, typed: &str) -> Result<Option<UserId>, WebError> {
    if typed.trim().is_empty() {
        return Ok(None);
    }
    let Some(name) = reader.field("username", Username::new(typed)) else {
        return Ok(None);
    };
    let known = visit.app.store.users().credentials(&name).await?;
    let patient = known.filter(|known| known.user.role == Role::Patient).map(|known| known.user.id);
    if patient.is_none() {
        reader.wrong("username", "There is no patient's account with this name.");
    }
    Ok(patient)
}

fn read(visit: &Visit, reader: &mut Reader, typed: &Typed, user_id: Option<UserId>) -> Option<NewPatient> {
    let now = visit.now();
    let record_number = reader.record_number(&typed.record_number);
    let full_name = reader.full_name(&typed.full_name);
    let date_of_birth = reader.date_of_birth(&typed.date_of_birth, now);
    let sex = reader.sex(&typed.sex);
    let patient = NewPatient {
        id: PatientId::new(now),
        user_id,
        record_number: record_number?,
        full_name: full_name?,
        date_of_birth: date_of_birth?,
        sex: sex?,
        created_at: now,
    };
    (!reader.errors.any()).then_some(patient)
}

/// `POST /patients/{id}/erase`
pub async fn erase(visit: Visit, Path(patient): Path<String>) -> Result<Response, WebError> {
    let erased = verbs::erase_patient(&visit.app, &visit.by(), id(&patient)?).await?;
    erased.map(|_| go("/patients", "erased")).ok_or(WebError::NotFound)
}
