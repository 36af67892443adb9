//! A patient's own results, after release, in plain language.

use axum::extract::Query;
use axum::response::Response;
use thorax_domain::audit::{Action, Object};
use thorax_domain::ids::XRayId;
use thorax_domain::user::{Role, Viewer};
use thorax_store::page::PageSize;
use thorax_store::predictions::{PredictionFilter, PredictionRow};

use super::rows;
use super::visit::{Visit, moment, page};
use super::worklist::{Place, request};
use crate::web::view::{MyResult, MyResultPage, MyResultsPage};
use crate::web::{AppState, WebError, cached};

/// `GET /my`
pub async fn list(visit: Visit, Query(place): Query<Place>) -> Result<Response, WebError> {
    let frame = visit.frame("My results", "/my").await?;
    let filter = PredictionFilter { validated: Some(true), ..PredictionFilter::default() };
    let total = cached::predictions(&visit.app, visit.viewer(), &filter).await?;
    let wanted = request(&place, PageSize::DEFAULT, total)?;
    let found = visit.app.store.predictions().list(visit.viewer(), &filter, &wanted).await?;
    let in_review = in_review(&visit).await?;
    let pager = rows::pager(&found, total, "/my", &[]);
    let event = visit.event(Action::List, Object::Prediction, format!("page {}", found.number));
    visit
        .note(match found.rows.first() {
            Some(row) => event.about(row.patient_id),
            None => event,
        })
        .await?;
    let results = found.rows.into_iter().filter_map(|row| result(row, String::new(), (0, 0))).collect();
    page(&MyResultsPage { frame, results, in_review, pager })
}

/// How many X-rays of the patient wait for a doctor. The store shows a patient nothing before release, so the number is asked
/// for as whoever may see it; nothing but the number is shown.
pub async fn in_review(visit: &Visit) -> Result<u64, WebError> {
    let (app, user) = (AppState::clone(&visit.app), visit.caller.user.id);
    cached::count(&visit.app, &format!("in-review:{user}"), async move {
        let Some(patient) = app.store.patients().of_user(user).await? else {
            return Ok(0);
        };
        let store = app.store.xrays();
        let all = store.count(Viewer { user, role: Role::Doctor }, Some(patient.id)).await?;
        let released = store.count(Viewer { user, role: Role::Patient }, Some(patient.id)).await?;
        Ok(all.saturating_sub(released))
    })
    .await
}

/// A result as its patient reads it; none where no doctor has settled it.
pub fn result(row: PredictionRow, notes: String, size: (u32, u32)) -> Option<MyResult> {
    Some(MyResult {
        xray_id: row.xray_id.to_string(),
        taken: moment(row.created_at),
        released: moment(row.validated_at?),
        label: row.label()?,
        corrected: row.corrected_label.is_some(),
        doctor: row.reviewer_name.unwrap_or_else(|| "your doctor".to_owned()),
        notes,
        size,
    })
}

/// `GET /xrays/{id}` for a patient.
pub async fn one(visit: Visit, id: XRayId) -> Result<Response, WebError> {
    let shown = visit.app.store.xrays().page(visit.viewer(), id, None).await?.ok_or(WebError::NotFound)?;
    let taken = moment(shown.xray.created_at);
    let detail = shown.shown.filter(|shown| shown.row.is_validated).ok_or(WebError::NotFound)?;
    let size = (shown.xray.width, shown.xray.height);
    let result = result(detail.row, detail.notes.unwrap_or_default(), size).ok_or(WebError::NotFound)?;
    let frame = visit.frame("My result", "/my").await?;
    visit.note(visit.event(Action::View, Object::XRay, id).about(shown.patient.id)).await?;
    page(&MyResultPage { frame, result: MyResult { taken, ..result } })
}
