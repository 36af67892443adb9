//! A doctor's word on a prediction, and calling one off.

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use thorax_domain::clock::Timestamp;
use thorax_domain::ids::{PredictionId, UserId};
use thorax_domain::prediction::Diagnosis;
use thorax_domain::review::{Decision, Review, ReviewVerdict, Reviewable};
use thorax_domain::user::Scope;
use utoipa::ToSchema;

use super::super::body::Body;
use super::super::endpoint::Endpoint;
use super::super::listing::id;
use super::super::schema::{DiagnosisWord, VerdictWord};
use super::answers::PredictionState;
use crate::web::auth::Caller;
use crate::web::{AppState, Route, Section, WebError};
use crate::workflow::review::{call_off, review};

/// What a doctor says.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReview {
    /// What the doctor makes of it.
    #[schema(value_type = VerdictWord)]
    verdict: ReviewVerdict,
    /// The label instead: with `corrected`, and only with it.
    #[serde(default)]
    #[schema(value_type = Option<DiagnosisWord>)]
    corrected_label: Option<Diagnosis>,
    /// What the doctor writes beside it.
    #[serde(default)]
    #[schema(max_length = 4000, pattern = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$")]
    notes: String,
}

/// A review as it is signed.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignedReview {
    /// Of which prediction.
    #[schema(value_type = Uuid)]
    prediction_id: PredictionId,
    /// What the doctor made of it.
    #[schema(value_type = VerdictWord)]
    verdict: ReviewVerdict,
    /// The label instead.
    #[schema(value_type = Option<DiagnosisWord>)]
    corrected_label: Option<Diagnosis>,
    /// Who signed.
    #[schema(value_type = Uuid)]
    reviewed_by: UserId,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    reviewed_at: Timestamp,
    /// Whether the result is settled by it, and so goes to the patient.
    is_validated: bool,
    /// What the doctor wrote beside it.
    notes: String,
}

impl SignedReview {
    fn new(prediction_id: PredictionId, review: Review) -> Self {
        let is_validated = review.validates();
        let Review { verdict, corrected_label, reviewed_by, at, notes } = review;
        Self { prediction_id, verdict, corrected_label, reviewed_by, reviewed_at: at, is_validated, notes }
    }
}

/// What is here.
pub fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::new(Route::post("/api/v1/predictions/{id}/review", Section::Clinical, sign), Scope::Review)
            .named("review_prediction", "Predictions", "Sign a review")
            .about(
                "`confirmed` and `corrected` settle the result for good and release it to the patient; `unsure` leaves it to \
                 another doctor. `corrected_label` goes with `corrected` and with nothing else.",
            )
            .reads_as::<NewReview>(|review| {
                let corrected = serde_json::json!({"properties": {"verdict": {"const": "corrected"}}});
                let labelled = serde_json::json!({
                    "required": ["corrected_label"],
                    "properties": {"corrected_label": {"type": "string"}}
                });
                let bare = serde_json::json!({"properties": {"corrected_label": {"type": "null"}}});
                serde_json::json!({"allOf": [review], "if": corrected, "then": labelled, "else": bare})
            })
            .gives::<SignedReview>(200, "The review as it is signed.")
            .fails(409, "A signed review stands, there is nothing to review yet, or the label is the networks' own."),
        Endpoint::new(Route::post("/api/v1/predictions/{id}/cancel", Section::Clinical, cancel), Scope::Write)
            .named("cancel_prediction", "Predictions", "Call off a reading that is not finished")
            .gives::<PredictionState>(200, "It is called off.")
            .fails(409, "It is finished already."),
    ]
}

async fn sign(
    State(app): State<AppState>,
    caller: Caller,
    Path(of): Path<String>,
    Body(new): Body<NewReview>,
) -> Result<Json<SignedReview>, WebError> {
    let of = id(&of)?;
    let (decision, notes) = new.decision()?;
    let reviewed = review(&app, &caller.by(), of, &decision, &notes).await?.ok_or(WebError::NotFound)?;
    Ok(Json(SignedReview::new(of, reviewed.review)))
}

impl NewReview {
    fn decision(self) -> Result<(Decision, String), WebError> {
        let is_odd = |one: char| one.is_control() && !matches!(one, '\n' | '\r' | '\t');
        if self.notes.chars().any(is_odd) || self.notes.chars().count() > Reviewable::LONGEST_NOTE {
            return Err(WebError::field("notes", "must have at most 4000 characters, and none that control a screen"));
        }
        let decision = match (self.verdict, self.corrected_label) {
            (ReviewVerdict::Confirmed, None) => Decision::Confirm,
            (ReviewVerdict::Unsure, None) => Decision::Unsure,
            (ReviewVerdict::Corrected, Some(label)) => Decision::Correct(label),
            (ReviewVerdict::Corrected, None) => {
                return Err(WebError::field("corrected_label", "is needed with the verdict corrected"));
            }
            (_, Some(_)) => {
                return Err(WebError::field("corrected_label", "goes with the verdict corrected only"));
            }
        };
        Ok((decision, self.notes))
    }
}

async fn cancel(
    State(app): State<AppState>,
    caller: Caller,
    Path(of): Path<String>,
) -> Result<Json<PredictionState>, WebError> {
    let of = id(&of)?;
    let standing = app.store.predictions().standing(caller.viewer(), of).await?.ok_or(WebError::NotFound)?;
    if !call_off(&app, &caller.by(), of, standing.patient).await? {
        return Err(WebError::Conflict("this reading is finished already".to_owned()));
    }
    let status = thorax_domain::review::PredictionStatus::Cancelled;
    Ok(Json(PredictionState { prediction_id: of, status }))
}
