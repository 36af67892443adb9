//! Storing what the networks said.

use std::collections::BTreeMap;

use sea_orm::{DatabaseTransaction, Value};
use serde::Serialize;
use sha2::{Digest, Sha256};
use thorax_domain::clock::Timestamp;
use thorax_domain::prediction::{Consensus, Diagnosis, ModelScore, Probability, Provenance};
use thorax_domain::review::PredictionStatus;
use uuid::Uuid;

use crate::db::execute;
use crate::error::{Result, StoreError};
use crate::jobs::NewResult;
use crate::predictions::AGREEMENT;
use crate::sql::insert;
use crate::tallies::{CONSENSUS, Counted, Difference, band};

pub(super) async fn store(
    transaction: &DatabaseTransaction,
    before: &Counted,
    result: &NewResult,
    now: Timestamp,
) -> Result<()> {
    let consensus = result.prediction.consensus.as_ref();
    let status = if consensus.is_some() { PredictionStatus::Completed } else { PredictionStatus::Refused };
    let after = Counted {
        status: status.word().to_owned(),
        final_diagnosis: consensus.and_then(|one| one.final_diagnosis).map(|one| one.name().to_owned()),
        consensus_confidence: consensus.and_then(|one| one.consensus_confidence).map(Probability::get),
        inconclusive: consensus.is_some_and(|one| one.inconclusive),
        ..before.clone()
    };
    let counts = |count: Option<usize>| -> Value { count.and_then(|one| i32::try_from(one).ok()).unwrap_or(0).into() };
    let sql = "UPDATE predictions SET status = $2, completed_at = $3, final_diagnosis = $4, consensus_confidence = $5, \
               confidence_band = $6, agreement = $7, models_voted = $8, inconclusive = $9, error = NULL WHERE id = $1";
    let values: [Value; 9] = [
        before.id.into(),
        status.word().into(),
        now.micros().into(),
        after.final_diagnosis.clone().into(),
        after.consensus_confidence.into(),
        after.consensus_confidence.map(band).into(),
        counts(consensus.map(|one| one.agreement)),
        counts(consensus.map(|one| one.models_voted)),
        after.inconclusive.into(),
    ];
    execute(transaction, sql, values).await?;
    details(transaction, before.id, result).await?;
    let mut difference = Difference::default();
    difference.take(before)?;
    difference.add(&after)?;
    if let Some(consensus) = consensus {
        scores(transaction, before.id, &consensus.models, result).await?;
        difference.votes(&votes(consensus), 1);
    }
    heat(transaction, before.id, result).await?;
    difference.apply(transaction).await
}

fn votes(consensus: &Consensus) -> Vec<(&str, &str)> {
    let first = consensus.final_diagnosis.map(|one| (CONSENSUS, one.name()));
    first.into_iter().chain(consensus.models.iter().map(|one| (one.name.as_str(), one.diagnosis.name()))).collect()
}

fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|_| StoreError::Corrupt("a result with numbers that JSON has not"))
}

/// Keeps what all results of a bundle share once, under its own hash.
pub(crate) fn provenance(provenance: &Provenance) -> Result<(String, String)> {
    let shared = Provenance { input_sha256: String::new(), forced: false, ..provenance.clone() };
    let body = json(&shared)?;
    let hash: [u8; 32] = Sha256::digest(body.as_bytes()).into();
    Ok((thorax_domain::xray::Sha256::from_bytes(&hash).to_string(), body))
}

async fn details(transaction: &DatabaseTransaction, id: Uuid, result: &NewResult) -> Result<()> {
    let (provenance_id, body) = provenance(&result.provenance)?;
    let sql = "INSERT INTO provenances (id, body) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING";
    execute(transaction, sql, [provenance_id.as_str().into(), body.into()]).await?;
    let consensus = result.prediction.consensus.as_ref();
    let probabilities = consensus.and_then(|one| one.probabilities.as_ref()).map(json).transpose()?;
    let values: [Value; 9] = [
        id.into(),
        probabilities.into(),
        json(&consensus.map(|one| &one.prediction_set[..]).unwrap_or_default())?.into(),
        json(&consensus.map(|one| &one.reasons[..]).unwrap_or_default())?.into(),
        json(&result.prediction.gate)?.into(),
        provenance_id.into(),
        json(&result.timings)?.into(),
        result.field.as_ref().map(json).transpose()?.into(),
        result.provenance.bundle.as_str().into(),
    ];
    let sql = "INSERT INTO prediction_details (prediction_id, probabilities, prediction_set, reasons, gate, provenance_id, \
               timings, field, bundle) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    execute(transaction, sql, values).await.map(|_| ())
}

/// The columns of `model_scores`, in the order of [`score`].
pub(crate) const SCORE: [&str; 11] = [
    "prediction_id",
    "position",
    "name",
    "diagnosis",
    "confidence",
    "p_covid",
    "p_lung_opacity",
    "p_normal",
    "p_viral_pneumonia",
    "milliseconds",
    "lung_share",
];

pub(crate) fn score(id: Uuid, position: usize, score: &ModelScore, lung_share: Option<f64>) -> Vec<Value> {
    let of = |diagnosis| -> Value { score.probabilities.of(diagnosis).get().into() };
    vec![
        id.into(),
        i32::try_from(position).unwrap_or(i32::MAX).into(),
        score.name.as_str().into(),
        score.diagnosis.name().into(),
        score.confidence.get().into(),
        of(Diagnosis::Covid),
        of(Diagnosis::LungOpacity),
        of(Diagnosis::Normal),
        of(Diagnosis::ViralPneumonia),
        score.milliseconds.into(),
        lung_share.into(),
    ]
}

async fn scores(transaction: &DatabaseTransaction, id: Uuid, models: &[ModelScore], result: &NewResult) -> Result<()> {
    if models.is_empty() {
        return Ok(());
    }
    let shares: BTreeMap<&str, f64> =
        result.heat.iter().filter_map(|one| Some((one.name.as_str(), one.lung_share?))).collect();
    let rows =
        models.iter().enumerate().map(|(position, one)| score(id, position, one, shares.get(&*one.name).copied()));
    let (sql, values) = insert("model_scores", &SCORE, rows.collect(), "");
    execute(transaction, &sql, values).await.map(|_| ())
}

async fn heat(transaction: &DatabaseTransaction, id: Uuid, result: &NewResult) -> Result<()> {
    let networks = result.heat.iter().filter_map(|one| Some((one.name.as_str(), one.grid.as_ref()?)));
    let agreement = result.agreement_map.as_ref().map(|grid| (AGREEMENT, grid));
    let rows: Vec<Vec<Value>> =
        networks.chain(agreement).map(|(name, grid)| vec![id.into(), name.into(), grid.to_bytes().into()]).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let (sql, values) = insert("heat_maps", &["prediction_id", "name", "grid"], rows, "");
    execute(transaction, &sql, values).await.map(|_| ())
}
