//! The X-ray page: film, opinions, consensus, review, and what came before; and asking the networks once more.

use axum::Form;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use thorax_domain::audit::{Action, Object};
use thorax_domain::ids::{PredictionId, XRayId};
use thorax_domain::review::PredictionStatus;
use thorax_domain::user::Role;
use thorax_domain::xray::XRayImage;
use thorax_store::page::{Cursor, PageRequest, PageSize, Seek};
use thorax_store::predictions::{PredictionDetail, PredictionRow};

use super::reading::{reading, reviewed};
use super::statistics::titles;
use super::visit::{Visit, go, id, moment, page_with};
use super::worklist::Asked;
use super::{mine, rows};
use crate::web::WebError;
use crate::web::view::{Reading, ReviewForm, ViewerFilm, XRayPage};
use crate::workflow::erase::delete_xray;
use crate::workflow::review::{Again, ask_again, call_off};

/// What the address of an X-ray says besides.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Besides {
    /// The prediction to be shown; else the newest.
    #[serde(default)]
    pub prediction: String,
    /// The query of the worklist that the doctor came from.
    #[serde(default)]
    pub list: String,
}

/// `GET /xrays/{id}`
pub async fn page(
    visit: Visit,
    Path(xray): Path<String>,
    Query(besides): Query<Besides>,
) -> Result<Response, WebError> {
    let xray = id(&xray)?;
    if visit.is_patient() { mine::one(visit, xray).await } else { show(visit, xray, besides, None).await }
}

/// The page, with what was typed into the review where it was not taken.
pub async fn show(
    visit: Visit,
    xray: XRayId,
    besides: Besides,
    typed: Option<ReviewForm>,
) -> Result<Response, WebError> {
    let wanted: Option<PredictionId> =
        if besides.prediction.is_empty() { None } else { Some(id(&besides.prediction)?) };
    let asked = Asked::of(&visit, &besides.list).await?;
    let list = asked.query();
    let found = visit.app.store.xrays().page(visit.viewer(), xray, wanted).await?.ok_or(WebError::NotFound)?;
    let uploader = visit.app.store.users().find(found.xray.uploaded_by).await?;
    visit.note(visit.event(Action::View, Object::XRay, xray).about(found.patient.id)).await?;
    let status = if typed.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let (next_in_list, previous_in_list) = neighbours(&visit, found.shown.as_ref(), &asked).await?;
    let shown = found.shown;
    let seen = match &shown {
        Some(detail) => seen(&visit, detail).await?,
        None => Reading::None,
    };
    let others = found.predictions.iter().filter(|one| shown.as_ref().is_none_or(|shown| shown.row.id != one.id));
    let other = |one: &PredictionRow| (rows::href(one, &list), moment(one.created_at), rows::status(one.status));
    let page = XRayPage {
        frame: visit.frame("X-ray", "/worklist").await?,
        other_predictions: others.map(other).collect(),
        film: film(&found.xray, uploader.map(|user| user.full_name)),
        patient: rows::facts(&found.patient),
        prediction_id: shown.as_ref().map(|one| one.row.id.to_string()),
        reading: seen,
        reviewed: shown.as_ref().and_then(reviewed),
        review: shown.as_ref().filter(|one| is_open(one)).map(|_| typed.unwrap_or_default()),
        previous: found.previous.iter().map(rows::previous).collect(),
        next_in_list,
        previous_in_list,
        list: if list.is_empty() { "/worklist".to_owned() } else { format!("/worklist?{list}") },
        may_predict: true,
        may_force: true,
        may_delete: visit.caller.user.role == Role::Admin,
    };
    page_with(status, &page)
}

/// Whether a review would be taken.
fn is_open(detail: &PredictionDetail) -> bool {
    detail.row.status == PredictionStatus::Completed && !detail.row.is_validated
}

async fn seen(visit: &Visit, detail: &PredictionDetail) -> Result<Reading, WebError> {
    let standing = if detail.row.status.is_final() {
        None
    } else {
        visit.app.store.predictions().standing(visit.viewer(), detail.row.id).await?
    };
    Ok(reading(detail, standing, &titles(&visit.app)))
}

/// The X-rays after and before this one in the list that the doctor came from.
async fn neighbours(
    visit: &Visit,
    shown: Option<&PredictionDetail>,
    asked: &Asked,
) -> Result<(Option<String>, Option<String>), WebError> {
    let Some(detail) = shown.filter(|_| !asked.sought().is_gone()) else {
        return Ok((None, None));
    };
    let here = Cursor { at: detail.row.created_at, id: detail.row.id.uuid() };
    let one = async |seek| {
        let request = PageRequest { seek, ..PageRequest::first(PageSize::new(1)) };
        let found = visit.app.store.predictions().list(visit.viewer(), asked.filter(), &request).await?;
        Ok::<_, WebError>(found.rows.first().map(|row| rows::href(row, &asked.query())))
    };
    Ok((one(Seek::After(here)).await?, one(Seek::Before(here)).await?))
}

fn film(xray: &XRayImage, uploader: Option<String>) -> ViewerFilm {
    ViewerFilm {
        xray_id: xray.id.to_string(),
        width: xray.width,
        height: xray.height,
        bits: if xray.bits > 8 { 16 } else { 8 },
        format: xray.format.to_uppercase(),
        bytes: xray.bytes,
        sha256: xray.sha256.to_string(),
        view: xray.view.map(|view| view.to_string()),
        source: xray.source.to_string(),
        age_years: xray.age_years,
        uploaded_by: uploader.unwrap_or_else(|| "somebody whose account is gone".to_owned()),
        created: moment(xray.created_at),
    }
}

/// What the form for asking once more sends.
#[derive(Debug, Deserialize)]
pub struct Ask {
    #[serde(default)]
    force: String,
}

/// `POST /xrays/{id}/predict`
pub async fn predict(visit: Visit, Path(xray): Path<String>, Form(ask): Form<Ask>) -> Result<Response, WebError> {
    let xray = id(&xray)?;
    let found = visit.app.store.xrays().find(visit.viewer(), xray).await?.ok_or(WebError::NotFound)?;
    let force = ask.force == "1";
    let again = Again { xray, patient: found.patient_id, force };
    let prediction = ask_again(&visit.app, &visit.by(), again).await?;
    let said = if force { "forced" } else { "asked" };
    Ok(go(&format!("/xrays/{xray}?prediction={prediction}"), said))
}

/// `POST /predictions/{id}/cancel`
pub async fn cancel(visit: Visit, Path(prediction): Path<String>) -> Result<Response, WebError> {
    let prediction = id(&prediction)?;
    let standing = visit.app.store.predictions().standing(visit.viewer(), prediction).await?;
    let standing = standing.ok_or(WebError::NotFound)?;
    let is_called_off = call_off(&visit.app, &visit.by(), prediction, standing.patient).await?;
    let said = if is_called_off { "cancelled" } else { "unchanged" };
    Ok(go(&format!("/xrays/{}?prediction={prediction}", standing.xray), said))
}

/// `POST /xrays/{id}/delete`
pub async fn delete(visit: Visit, Path(xray): Path<String>) -> Result<Response, WebError> {
    let deleted = delete_xray(&visit.app, &visit.by(), id(&xray)?).await?;
    deleted.map(|_| go("/worklist", "deleted")).ok_or(WebError::NotFound)
}
