//! A doctor's review: confirm, correct, or unsure, signed; then the next in the list.

use axum::Form;
use axum::extract::Path;
use axum::response::Response;
use serde::Deserialize;
use thorax_domain::ids::PredictionId;
use thorax_domain::prediction::Diagnosis;
use thorax_domain::review::{Decision, ReviewRefused};
use thorax_store::StoreError;

use super::forms::sentence;
use super::visit::{Visit, go, id};
use super::xray::{Besides, show};
use crate::web::WebError;
use crate::web::view::{FieldError, FormErrors, ReviewForm};
use crate::workflow;

/// What the form sends.
#[derive(Debug, Deserialize)]
pub struct Signed {
    #[serde(default)]
    verdict: String,
    #[serde(default)]
    label: String,
    #[serde(default)]
    notes: String,
    #[serde(default)]
    next: String,
}

/// `POST /predictions/{id}/review`
pub async fn review(
    visit: Visit,
    Path(prediction): Path<String>,
    Form(form): Form<Signed>,
) -> Result<Response, WebError> {
    let prediction: PredictionId = id(&prediction)?;
    let decision = match decision(&form) {
        Ok(decision) => decision,
        Err(wrong) => return once_more(visit, prediction, &form, wrong).await,
    };
    let taken = workflow::review::review(&visit.app, &visit.by(), prediction, &decision, &form.notes).await;
    let reviewed = match taken {
        Ok(reviewed) => reviewed.ok_or(WebError::NotFound)?,
        Err(StoreError::Review(refused)) => {
            let wrong = FieldError { field: field(refused), message: sentence(&refused.to_string()) };
            return match refused {
                ReviewRefused::AlreadyValidated | ReviewRefused::NotCompleted => {
                    Err(WebError::Conflict(refused.to_string()))
                }
                _ => once_more(visit, prediction, &form, wrong).await,
            };
        }
        Err(other) => return Err(other.into()),
    };
    let said = if reviewed.review.validates() { "reviewed" } else { "unsure" };
    if form.next != "1" {
        return Ok(go(&format!("/xrays/{}?prediction={prediction}", reviewed.xray), said));
    }
    let next = visit.app.store.predictions().next_to_review(Some(prediction)).await?;
    Ok(match next.filter(|(next, _)| *next != prediction) {
        Some((next, xray)) => go(&format!("/xrays/{xray}?prediction={next}"), said),
        None => go("/worklist", "all-reviewed"),
    })
}

fn decision(form: &Signed) -> Result<Decision, FieldError> {
    match form.verdict.as_str() {
        "confirmed" => Ok(Decision::Confirm),
        "unsure" => Ok(Decision::Unsure),
        "corrected" => form
            .label
            .parse::<Diagnosis>()
            .map(Decision::Correct)
            .map_err(|_| FieldError { field: "label", message: "Choose the diagnosis that it is instead.".to_owned() }),
        _ => Err(FieldError { field: "verdict", message: "Choose one: confirm, correct, unsure.".to_owned() }),
    }
}

const fn field(refused: ReviewRefused) -> &'static str {
    match refused {
        ReviewRefused::NothingToConfirm | ReviewRefused::AlreadyValidated | ReviewRefused::NotCompleted => "verdict",
        ReviewRefused::SameLabel => "label",
        ReviewRefused::NoteTooLong => "notes",
    }
}

/// The page once more, with what was typed and what is wrong with it.
async fn once_more(
    visit: Visit,
    prediction: PredictionId,
    form: &Signed,
    wrong: FieldError,
) -> Result<Response, WebError> {
    let standing = visit.app.store.predictions().standing(visit.viewer(), prediction).await?;
    let xray = standing.ok_or(WebError::NotFound)?.xray;
    let typed = ReviewForm {
        verdict: form.verdict.clone(),
        label: form.label.parse().ok(),
        notes: form.notes.clone(),
        errors: FormErrors { general: None, fields: vec![wrong] },
    };
    let besides = Besides { prediction: prediction.to_string(), list: String::new() };
    show(visit, xray, besides, Some(typed)).await
}
