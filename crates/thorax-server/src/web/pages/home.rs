//! The first page after signing in, one per role, and the sidebar by itself.

use axum::response::{Html as HtmlBody, IntoResponse, Response};
use thorax_domain::audit::{Action, Object};
use thorax_domain::clock::Timestamp;
use thorax_domain::user::Role;
use thorax_store::audit::AuditFilter;
use thorax_store::page::{Cursor, PageRequest, PageSize, Seek};
use thorax_store::patients::PatientFilter;
use thorax_store::predictions::PredictionFilter;
use thorax_store::users::UserFilter;
use uuid::Uuid;

use super::visit::{Visit, page, render, sidebar as navigation};
use super::{admin, mine, rows};
use crate::web::view::{AdminHome, DoctorHome, DoctorStatistics, Html, PatientHome, Row};
use crate::web::{AppState, WebError, cached};

/// Rows of each of a doctor's two lists.
const SHORT_LIST: PageSize = PageSize::DEFAULT;
/// Reviews beyond which a doctor's own are not counted.
const MOST_REVIEWS: u64 = 10_000;
/// Before every row: what is after it, towards newer ones, are the oldest.
const BEGINNING: Cursor = Cursor { at: Timestamp::from_micros(0), id: Uuid::nil() };

/// `GET /`
pub async fn home(visit: Visit) -> Result<Response, WebError> {
    match visit.caller.user.role {
        Role::Doctor => doctor(visit).await,
        Role::Admin => administrator(visit).await,
        Role::Patient => patient(visit).await,
    }
}

/// `GET /fragments/sidebar`
pub async fn sidebar(visit: Visit) -> Result<Response, WebError> {
    Ok(HtmlBody(navigation(&visit.app, &visit.caller).await?.0).into_response())
}

async fn doctor(visit: Visit) -> Result<Response, WebError> {
    let frame = visit.frame("Home", "/").await?;
    let statistics = statistics(&visit).await?;
    let (store, viewer) = (visit.app.store.predictions(), visit.viewer());
    let recent = store.list(viewer, &PredictionFilter::default(), &short(Seek::ByNumber)).await?;
    let waiting = store.list(viewer, &PredictionFilter::awaiting_review(), &short(Seek::Before(BEGINNING))).await?;
    visit.note(visit.event(Action::List, Object::Prediction, "home")).await?;
    let row = |one| rows::row(one, "");
    let oldest = |one| rows::row(one, "validated=false&status=completed");
    let waiting: Vec<Row> = waiting.rows.into_iter().rev().map(oldest).take(10).collect();
    page(&DoctorHome { frame, statistics, recent: recent.rows.into_iter().map(row).take(10).collect(), waiting })
}

fn short(seek: Seek) -> PageRequest {
    PageRequest { seek, ..PageRequest::first(SHORT_LIST) }
}

/// The doctor's figures, from the cache where they are there.
async fn statistics(visit: &Visit) -> Result<Html, WebError> {
    let (app, user) = (AppState::clone(&visit.app), visit.caller.user.id);
    cached::doctor_statistics(&visit.app, user, async move {
        let summary = cached::statistics(&app).await?;
        let mine = AuditFilter { actor: Some(user), action: Some(Action::Review), ..AuditFilter::default() };
        render(&DoctorStatistics {
            total: summary.total,
            covid: summary.covid_cases,
            normal: summary.normal_cases,
            awaiting: summary.awaiting_review,
            reviewed_by_me: app.store.audit().count(&mine, MOST_REVIEWS).await?,
            avg_confidence: (summary.total > 0).then_some(summary.avg_confidence),
        })
    })
    .await
}

async fn administrator(visit: Visit) -> Result<Response, WebError> {
    let frame = visit.frame("Home", "/").await?;
    let statistics = statistics(&visit).await?;
    let (app, viewer) = (AppState::clone(&visit.app), visit.viewer());
    let users =
        cached::count(&visit.app, "users:", async move { Ok(app.store.users().count(&UserFilter::default()).await?) });
    let users = users.await?;
    let app = AppState::clone(&visit.app);
    let patients = cached::count(&visit.app, "patients:", async move {
        Ok(app.store.patients().count(viewer, &PatientFilter::default()).await?)
    });
    let patients = patients.await?;
    let depth = visit.app.store.jobs().depth().await?;
    let jobs = (depth.queued, depth.leased, depth.dead);
    let checks = admin::checks(&visit.app, &depth).await;
    page(&AdminHome { frame, statistics, users, patients, jobs, checks })
}

async fn patient(visit: Visit) -> Result<Response, WebError> {
    let frame = visit.frame("Home", "/").await?;
    let filter = PredictionFilter { validated: Some(true), ..PredictionFilter::default() };
    let newest = PageRequest::first(PageSize::new(1));
    let newest = visit.app.store.predictions().list(visit.viewer(), &filter, &newest).await?.rows.into_iter().next();
    let released = cached::predictions(&visit.app, visit.viewer(), &filter).await?;
    let (latest, of) = match newest {
        Some(row) => {
            let of = row.patient_id;
            (mine::result(row, String::new(), (0, 0)), Some(of))
        }
        None => (None, None),
    };
    let in_review = mine::in_review(&visit).await?;
    let event = visit.event(Action::View, Object::Prediction, "home");
    visit
        .note(match of {
            Some(patient) => event.about(patient),
            None => event,
        })
        .await?;
    page(&PatientHome { frame, latest, released, in_review })
}
