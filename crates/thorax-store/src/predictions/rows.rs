//! What reads of predictions give.

use std::collections::BTreeMap;

use sea_orm::FromQueryResult;
use thorax_domain::clock::{Date, Timestamp};
use thorax_domain::ids::{PatientId, PredictionId, UserId, XRayId};
use thorax_domain::patient::Sex;
use thorax_domain::prediction::{Diagnosis, Distribution, ModelScore, Provenance, Reason, Verdict};
use thorax_domain::review::{PredictionStatus, Review, ReviewVerdict};
use thorax_domain::xray::{Source, View};
use uuid::Uuid;

use crate::error::{Result, StoreError, maybe, word};

/// A prediction in a list, with its X-ray, patient and reviewer: one statement for the whole page.
#[derive(Debug, Clone, PartialEq)]
pub struct PredictionRow {
    /// Which one.
    pub id: PredictionId,
    /// Of which X-ray.
    pub xray_id: XRayId,
    /// Whose chest.
    pub patient_id: PatientId,
    /// The patient's name.
    pub patient_name: String,
    /// The patient's number.
    pub record_number: String,
    /// The patient's birthday.
    pub date_of_birth: Date,
    /// The patient's sex.
    pub sex: Sex,
    /// How far it is.
    pub status: PredictionStatus,
    /// The ensemble's likeliest class.
    pub final_diagnosis: Option<Diagnosis>,
    /// Its calibrated probability.
    pub consensus_confidence: Option<f64>,
    /// How many networks name it.
    pub agreement: u32,
    /// How many voted.
    pub models_voted: u32,
    /// Whether the networks leave it open.
    pub inconclusive: bool,
    /// Whether the gate was overridden.
    pub forced: bool,
    /// Whether a doctor settled it.
    pub is_validated: bool,
    /// When.
    pub validated_at: Option<Timestamp>,
    /// What a doctor made of it, settled or not.
    pub review_verdict: Option<ReviewVerdict>,
    /// The label instead.
    pub corrected_label: Option<Diagnosis>,
    /// Who.
    pub reviewed_by: Option<UserId>,
    /// The doctor's name.
    pub reviewer_name: Option<String>,
    /// How the beam went.
    pub view: Option<View>,
    /// The door the X-ray came through.
    pub source: Source,
    /// Asked at.
    pub created_at: Timestamp,
    /// Answered at.
    pub completed_at: Option<Timestamp>,
}

impl PredictionRow {
    /// The label that holds: the doctor's where there is one, else the networks'.
    #[must_use]
    pub fn label(&self) -> Option<Diagnosis> {
        self.corrected_label.or(self.final_diagnosis)
    }
}

/// One network's opinion.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// The opinion.
    pub score: ModelScore,
    /// Share of its heat on the lungs.
    pub lung_share: Option<f64>,
    /// Whether there is a heat map of it.
    pub has_heat: bool,
}

/// Everything about one prediction but the heat maps.
#[derive(Debug, Clone, PartialEq)]
pub struct PredictionDetail {
    /// As in a list.
    pub row: PredictionRow,
    /// Who asked.
    pub requested_by: UserId,
    /// The ensemble's calibrated probabilities.
    pub probabilities: Option<Distribution>,
    /// Every class that cannot be ruled out.
    pub prediction_set: Vec<Diagnosis>,
    /// Why inconclusive, and what else to bear in mind.
    pub reasons: Vec<Reason>,
    /// What the gate thought; `None` before it looked.
    pub gate: Option<Verdict>,
    /// What the result depends on; `None` before there is one.
    pub provenance: Option<Provenance>,
    /// Milliseconds of each stage.
    pub timings: BTreeMap<String, f64>,
    /// Where on the film the networks looked, as the analysis wrote it.
    pub field: Option<serde_json::Value>,
    /// The bundle's name.
    pub bundle: String,
    /// Why it failed, in words for people.
    pub error: Option<String>,
    /// What the doctor wrote in the review that stands; also the last of [`Self::reviews`].
    pub notes: Option<String>,
    /// All reviews in the order they were signed: those that left it open, then the one that settled it.
    pub reviews: Vec<SignedReview>,
    /// Whether there is an agreement map.
    pub has_agreement_map: bool,
    /// The opinions, in the bundle's order.
    pub scores: Vec<Score>,
}

/// A review as it was signed, with the doctor's name.
#[derive(Debug, Clone, PartialEq)]
pub struct SignedReview {
    /// The review.
    pub review: Review,
    /// Who signed.
    pub reviewer_name: Option<String>,
}

/// A row of a list as the database gives it.
#[derive(Debug, FromQueryResult)]
pub(crate) struct Raw {
    id: Uuid,
    xray_id: Uuid,
    patient_id: Uuid,
    source: String,
    status: String,
    forced: bool,
    created_at: i64,
    completed_at: Option<i64>,
    final_diagnosis: Option<String>,
    consensus_confidence: Option<f64>,
    agreement: i32,
    models_voted: i32,
    inconclusive: bool,
    is_validated: bool,
    validated_at: Option<i64>,
    reviewed_by: Option<Uuid>,
    review_verdict: Option<String>,
    corrected_label: Option<String>,
    patient_name: String,
    record_number: String,
    date_of_birth: String,
    sex: String,
    view: Option<String>,
    reviewer_name: Option<String>,
}

impl TryFrom<Raw> for PredictionRow {
    type Error = StoreError;

    fn try_from(raw: Raw) -> Result<Self> {
        Ok(Self {
            id: PredictionId::from_uuid(raw.id),
            xray_id: XRayId::from_uuid(raw.xray_id),
            patient_id: PatientId::from_uuid(raw.patient_id),
            patient_name: raw.patient_name,
            record_number: raw.record_number,
            date_of_birth: word(&raw.date_of_birth, "a birthday")?,
            sex: word(&raw.sex, "a sex")?,
            status: word(&raw.status, "a status")?,
            final_diagnosis: maybe(raw.final_diagnosis.as_deref(), "a diagnosis")?,
            consensus_confidence: raw.consensus_confidence,
            agreement: u32::try_from(raw.agreement).unwrap_or(0),
            models_voted: u32::try_from(raw.models_voted).unwrap_or(0),
            inconclusive: raw.inconclusive,
            forced: raw.forced,
            is_validated: raw.is_validated,
            validated_at: raw.validated_at.map(Timestamp::from_micros),
            review_verdict: maybe(raw.review_verdict.as_deref(), "a verdict")?,
            corrected_label: maybe(raw.corrected_label.as_deref(), "a diagnosis")?,
            reviewed_by: raw.reviewed_by.map(UserId::from_uuid),
            reviewer_name: raw.reviewer_name,
            view: maybe(raw.view.as_deref(), "a view")?,
            source: word(&raw.source, "a source")?,
            created_at: Timestamp::from_micros(raw.created_at),
            completed_at: raw.completed_at.map(Timestamp::from_micros),
        })
    }
}
