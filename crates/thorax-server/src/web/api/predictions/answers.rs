//! What programs are told of a prediction.

use std::collections::BTreeMap;

use serde::Serialize;
use thorax_domain::clock::{Date, Timestamp};
use thorax_domain::ids::{PatientId, PredictionId, UserId, XRayId};
use thorax_domain::patient::Sex;
use thorax_domain::prediction::{Diagnosis, Distribution, Provenance, Reason, Verdict};
use thorax_domain::review::{PredictionStatus, ReviewVerdict};
use thorax_domain::user::Role;
use thorax_domain::xray::{Source, View};
use thorax_store::predictions::{PredictionDetail, PredictionRow, Score};
use utoipa::ToSchema;

use super::super::schema::{DiagnosisWord, SexWord, SourceWord, StatusWord, VerdictWord, ViewWord};
use super::parts::{GateVerdict, Probabilities, ProvenanceOf, ReasonGiven};

/// One run of the networks over one X-ray.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "programs see these names")]
pub struct Prediction {
    /// Which one.
    #[schema(value_type = Uuid)]
    pub prediction_id: PredictionId,
    /// How far it is.
    #[schema(value_type = StatusWord)]
    pub status: PredictionStatus,
    /// Of which X-ray.
    #[schema(value_type = Uuid)]
    pub xray_id: XRayId,
    /// Whose chest.
    #[schema(value_type = Uuid)]
    pub patient_id: PatientId,
    /// The patient's name.
    pub patient_name: String,
    /// The patient's number.
    pub record_number: String,
    /// The patient's birthday.
    #[schema(value_type = String, format = Date)]
    pub date_of_birth: Date,
    /// The patient's sex.
    #[schema(value_type = SexWord)]
    pub sex: Sex,
    /// The ensemble's likeliest class; null before there is one.
    #[schema(value_type = Option<DiagnosisWord>)]
    pub final_diagnosis: Option<Diagnosis>,
    /// Its calibrated probability.
    #[schema(minimum = 0, maximum = 1)]
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
    #[schema(value_type = Option<String>, format = DateTime)]
    pub validated_at: Option<Timestamp>,
    /// What a doctor made of it, settled or not.
    #[schema(value_type = Option<VerdictWord>)]
    pub review_verdict: Option<ReviewVerdict>,
    /// The doctor's label instead.
    #[schema(value_type = Option<DiagnosisWord>)]
    pub corrected_label: Option<Diagnosis>,
    /// Which doctor.
    #[schema(value_type = Option<Uuid>)]
    pub reviewed_by: Option<UserId>,
    /// The doctor's name.
    pub reviewer_name: Option<String>,
    /// How the beam went, where it is known.
    #[schema(value_type = Option<ViewWord>)]
    pub view: Option<View>,
    /// The door the X-ray came through.
    #[schema(value_type = SourceWord)]
    pub source: Source,
    /// Asked at.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// Answered at.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub completed_at: Option<Timestamp>,
}

impl From<PredictionRow> for Prediction {
    fn from(row: PredictionRow) -> Self {
        Self {
            prediction_id: row.id,
            status: row.status,
            xray_id: row.xray_id,
            patient_id: row.patient_id,
            patient_name: row.patient_name,
            record_number: row.record_number,
            date_of_birth: row.date_of_birth,
            sex: row.sex,
            final_diagnosis: row.final_diagnosis,
            consensus_confidence: row.consensus_confidence,
            agreement: row.agreement,
            models_voted: row.models_voted,
            inconclusive: row.inconclusive,
            forced: row.forced,
            is_validated: row.is_validated,
            validated_at: row.validated_at,
            review_verdict: row.review_verdict,
            corrected_label: row.corrected_label,
            reviewed_by: row.reviewed_by,
            reviewer_name: row.reviewer_name,
            view: row.view,
            source: row.source,
            created_at: row.created_at,
            completed_at: row.completed_at,
        }
    }
}

/// One network's opinion.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ModelScore {
    /// The network's name in the bundle.
    pub name: String,
    /// Its likeliest class.
    #[schema(value_type = DiagnosisWord)]
    pub diagnosis: Diagnosis,
    /// Its calibrated probability of that class.
    #[schema(minimum = 0, maximum = 1)]
    pub confidence: f64,
    /// All four calibrated probabilities.
    #[schema(value_type = Probabilities)]
    pub probabilities: Distribution,
    /// How long it took.
    pub milliseconds: f64,
    /// Share of its heat on the lungs.
    pub lung_share: Option<f64>,
    /// Whether there is a heat map of it.
    pub has_heat_map: bool,
}

impl From<Score> for ModelScore {
    fn from(Score { score, lung_share, has_heat }: Score) -> Self {
        Self {
            name: score.name,
            diagnosis: score.diagnosis,
            confidence: score.confidence.get(),
            probabilities: score.probabilities,
            milliseconds: score.milliseconds,
            lung_share,
            has_heat_map: has_heat,
        }
    }
}

/// Everything about one prediction.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FullPrediction {
    /// As in a list.
    #[serde(flatten)]
    pub prediction: Prediction,
    /// Who asked.
    #[schema(value_type = Uuid)]
    pub requested_by: UserId,
    /// The ensemble's calibrated probabilities.
    #[schema(value_type = Option<Probabilities>)]
    pub probabilities: Option<Distribution>,
    /// Every class that cannot be ruled out.
    #[schema(value_type = Vec<DiagnosisWord>)]
    pub prediction_set: Vec<Diagnosis>,
    /// Why inconclusive, and what else to bear in mind.
    #[schema(value_type = Vec<ReasonGiven>)]
    pub reasons: Vec<Reason>,
    /// The opinions, in the bundle's order.
    pub models: Vec<ModelScore>,
    /// What the gate thought of the film; null before it looked.
    #[schema(value_type = Option<GateVerdict>)]
    pub gate: Option<Verdict>,
    /// What the result depends on.
    #[schema(value_type = Option<ProvenanceOf>)]
    pub provenance: Option<Provenance>,
    /// Milliseconds of each stage.
    pub milliseconds: BTreeMap<String, f64>,
    /// Why it failed, in words for people.
    pub error: Option<String>,
    /// What the doctor wrote; not for patients.
    pub notes: Option<String>,
    /// Whether there is an agreement map.
    pub has_agreement_map: bool,
    /// Decision support, not a diagnosis.
    pub notice: &'static str,
}

impl FullPrediction {
    /// As a doctor or a patient may see it.
    pub fn new(detail: PredictionDetail, reader: Role) -> Self {
        Self {
            prediction: detail.row.into(),
            requested_by: detail.requested_by,
            probabilities: detail.probabilities,
            prediction_set: detail.prediction_set,
            reasons: detail.reasons,
            models: detail.scores.into_iter().map(ModelScore::from).collect(),
            gate: detail.gate,
            provenance: detail.provenance,
            milliseconds: detail.timings,
            error: detail.error,
            notes: detail.notes.filter(|_| reader != Role::Patient),
            has_agreement_map: detail.has_agreement_map,
            notice: thorax_domain::DECISION_SUPPORT,
        }
    }
}

/// Where a prediction stands.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PredictionState {
    /// Which one.
    #[schema(value_type = Uuid)]
    pub prediction_id: PredictionId,
    /// How far it is.
    #[schema(value_type = StatusWord)]
    pub status: PredictionStatus,
}
