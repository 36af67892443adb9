//! Everything about one prediction: the row, what lies beside it, six opinions, the reviews.

use sea_orm::{FromQueryResult, Value};
use serde::de::DeserializeOwned;
use thorax_domain::clock::Timestamp;
use thorax_domain::ids::{PredictionId, UserId};
use thorax_domain::prediction::{Distribution, ModelScore, Probability, Provenance};
use thorax_domain::review::Review;
use thorax_domain::user::Viewer;
use uuid::Uuid;

use super::list::{COLUMNS, JOINS, ROWS};
use super::rows::{Raw, SignedReview};
use super::{PredictionDetail, PredictionRow, Score};
use crate::db::Store;
use crate::error::{Result, StoreError, maybe, word};
use crate::scope;
use crate::sql::Sql;

/// What lies beside the row.
#[derive(Debug, FromQueryResult)]
struct Beside {
    requested_by: Uuid,
    forced: bool,
    error: Option<String>,
    input_sha256: String,
    probabilities: Option<String>,
    prediction_set: Option<String>,
    reasons: Option<String>,
    gate: Option<String>,
    timings: Option<String>,
    field: Option<String>,
    bundle: Option<String>,
    provenance: Option<String>,
    has_agreement_map: bool,
}

#[derive(Debug, FromQueryResult)]
struct RawScore {
    name: String,
    diagnosis: String,
    confidence: f64,
    p_covid: f64,
    p_lung_opacity: f64,
    p_normal: f64,
    p_viral_pneumonia: f64,
    milliseconds: f64,
    lung_share: Option<f64>,
    has_heat: bool,
}

#[derive(Debug, FromQueryResult)]
struct RawReview {
    at: i64,
    reviewed_by: Uuid,
    verdict: String,
    corrected_label: Option<String>,
    notes: String,
    reviewer_name: Option<String>,
}

pub(crate) const BESIDE: &str = "SELECT p.requested_by, p.forced, p.error, x.sha256 AS input_sha256, d.probabilities, \
    d.prediction_set, d.reasons, d.gate, d.timings, d.field, d.bundle, v.body AS provenance, \
    EXISTS (SELECT 1 FROM heat_maps h WHERE h.prediction_id = p.id AND h.name = 'agreement') AS has_agreement_map \
    FROM predictions p JOIN xray_images x ON x.id = p.xray_id LEFT JOIN prediction_details d ON d.prediction_id = p.id \
    LEFT JOIN provenances v ON v.id = d.provenance_id WHERE p.id = $1";
pub(crate) const SCORES: &str = "SELECT s.name, s.diagnosis, s.confidence, s.p_covid, s.p_lung_opacity, s.p_normal, \
    s.p_viral_pneumonia, s.milliseconds, s.lung_share, \
    EXISTS (SELECT 1 FROM heat_maps h WHERE h.prediction_id = s.prediction_id AND h.name = s.name) AS has_heat \
    FROM model_scores s WHERE s.prediction_id = $1 ORDER BY s.position";
pub(crate) const REVIEWS: &str = "SELECT r.at, r.reviewed_by, r.verdict, r.corrected_label, r.notes, \
    u.full_name AS reviewer_name FROM reviews r LEFT JOIN users u ON u.id = r.reviewed_by \
    WHERE r.prediction_id = $1 ORDER BY r.at, r.reviewed_by";

/// One row of the list by its id.
pub(crate) fn row_statement(viewer: Viewer, id: PredictionId) -> (String, Vec<Value>) {
    let mut sql = Sql::new(ROWS);
    sql.push(&format!("SELECT {COLUMNS} FROM predictions p"));
    sql.is("p.id = ", id.uuid());
    scope::predictions(&mut sql, viewer, "p");
    sql.push(JOINS);
    sql.into_parts()
}

pub(super) async fn find(store: &Store, viewer: Viewer, id: PredictionId) -> Result<Option<PredictionDetail>> {
    let (sql, values) = row_statement(viewer, id);
    match store.one::<Raw>(&sql, values).await? {
        Some(row) => detail(store, row.try_into()?).await.map(Some),
        None => Ok(None),
    }
}

/// What belongs to a row that the viewer may see; three statements.
pub(crate) async fn detail(store: &Store, row: PredictionRow) -> Result<PredictionDetail> {
    let id: Value = row.id.uuid().into();
    let beside: Beside = store.one(BESIDE, [id.clone()]).await?.ok_or(StoreError::Gone("the prediction"))?;
    let scores = store.all::<RawScore>(SCORES, [id.clone()]).await?;
    let reviews = store.all::<RawReview>(REVIEWS, [id]).await?;
    let scores = scores.into_iter().map(TryInto::try_into).collect::<Result<_>>()?;
    let reviews: Vec<SignedReview> = reviews.into_iter().map(TryInto::try_into).collect::<Result<_>>()?;
    let provenance = json::<Provenance>(beside.provenance.as_deref(), "provenance")?.map(|one| Provenance {
        input_sha256: beside.input_sha256,
        forced: beside.forced,
        ..one
    });
    Ok(PredictionDetail {
        requested_by: UserId::from_uuid(beside.requested_by),
        probabilities: json(beside.probabilities.as_deref(), "probabilities")?,
        prediction_set: json(beside.prediction_set.as_deref(), "a prediction set")?.unwrap_or_default(),
        reasons: json(beside.reasons.as_deref(), "reasons")?.unwrap_or_default(),
        gate: json(beside.gate.as_deref(), "a gate's verdict")?,
        provenance,
        timings: json(beside.timings.as_deref(), "timings")?.unwrap_or_default(),
        field: json(beside.field.as_deref(), "a field")?,
        bundle: beside.bundle.unwrap_or_default(),
        error: beside.error,
        notes: reviews.last().map(|one| one.review.notes.clone()),
        reviews,
        has_agreement_map: beside.has_agreement_map,
        scores,
        row,
    })
}

fn json<T: DeserializeOwned>(text: Option<&str>, what: &'static str) -> Result<Option<T>> {
    text.map(|text| serde_json::from_str(text).map_err(|_| StoreError::Corrupt(what))).transpose()
}

impl TryFrom<RawScore> for Score {
    type Error = StoreError;

    fn try_from(raw: RawScore) -> Result<Self> {
        use thorax_domain::prediction::Diagnosis;
        let probabilities = Distribution::new(|one| match one {
            Diagnosis::Covid => raw.p_covid,
            Diagnosis::LungOpacity => raw.p_lung_opacity,
            Diagnosis::Normal => raw.p_normal,
            Diagnosis::ViralPneumonia => raw.p_viral_pneumonia,
        });
        let score = ModelScore {
            name: raw.name,
            diagnosis: word(&raw.diagnosis, "a diagnosis")?,
            confidence: Probability::new(raw.confidence).map_err(|_| StoreError::Corrupt("a confidence"))?,
            probabilities: probabilities.map_err(|_| StoreError::Corrupt("probabilities"))?,
            milliseconds: raw.milliseconds,
        };
        Ok(Self { score, lung_share: raw.lung_share, has_heat: raw.has_heat })
    }
}

impl TryFrom<RawReview> for SignedReview {
    type Error = StoreError;

    fn try_from(raw: RawReview) -> Result<Self> {
        let review = Review {
            verdict: word(&raw.verdict, "a verdict")?,
            corrected_label: maybe(raw.corrected_label.as_deref(), "a diagnosis")?,
            reviewed_by: UserId::from_uuid(raw.reviewed_by),
            at: Timestamp::from_micros(raw.at),
            notes: raw.notes,
        };
        Ok(Self { review, reviewer_name: raw.reviewer_name })
    }
}
