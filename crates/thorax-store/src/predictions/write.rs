//! Writing predictions: asking, reviewing, deleting.

use sea_orm::{DatabaseTransaction, FromQueryResult, Value};
use thorax_domain::audit::AuditEvent;
use thorax_domain::clock::Timestamp;
use thorax_domain::ids::{JobId, PatientId, PredictionId, UserId, XRayId};
use thorax_domain::job::JobKind;
use thorax_domain::prediction::Diagnosis;
use thorax_domain::review::{Decision, PredictionStatus, Review, ReviewRefused, ReviewVerdict, Reviewable};
use uuid::Uuid;

use super::{NewPrediction, Reviewed};
use crate::audit;
use crate::db::{Store, execute, select};
use crate::error::{Result, StoreError, maybe};
use crate::tallies::{CONSENSUS, Counted, Difference, counted};

#[derive(FromQueryResult)]
struct Number {
    n: i64,
}

/// Adds a prediction and its job.
pub(crate) async fn add(
    transaction: &DatabaseTransaction,
    prediction: &NewPrediction,
    source: &str,
    capacity: Option<u64>,
) -> Result<()> {
    if let Some(capacity) = capacity {
        let waiting =
            select::<Number>(transaction, "SELECT COUNT(*) AS n FROM jobs WHERE state = 'queued'", []).await?;
        let waiting = waiting.first().map_or(0, |row| crate::db::count(row.n));
        if waiting >= capacity {
            return Err(StoreError::QueueFull(waiting));
        }
    }
    let one = prediction;
    let values: [Value; 7] = [
        one.id.uuid().into(),
        one.xray.uuid().into(),
        one.patient.uuid().into(),
        source.into(),
        one.requested_by.uuid().into(),
        one.forced.into(),
        one.created_at.micros().into(),
    ];
    let sql = "INSERT INTO predictions (id, xray_id, patient_id, source, status, requested_by, forced, created_at) \
               VALUES ($1, $2, $3, $4, 'pending', $5, $6, $7)";
    execute(transaction, sql, values).await?;
    let values: [Value; 6] = [
        JobId::new(one.created_at).uuid().into(),
        JobKind::Predict.word().into(),
        one.id.uuid().into(),
        i32::from(one.priority.0).into(),
        one.max_attempts.max(1).into(),
        one.created_at.micros().into(),
    ];
    let sql = "INSERT INTO jobs (id, kind, prediction_id, state, priority, max_attempts, run_at, created_at) \
               VALUES ($1, $2, $3, 'queued', $4, $5, $6, $6)";
    execute(transaction, sql, values).await?;
    let mut difference = Difference::default();
    difference.add(&Counted {
        id: one.id.uuid(),
        xray_id: one.xray.uuid(),
        patient_id: one.patient.uuid(),
        status: PredictionStatus::Pending.word().to_owned(),
        source: source.to_owned(),
        created_at: one.created_at.micros(),
        final_diagnosis: None,
        consensus_confidence: None,
        is_validated: false,
        inconclusive: false,
        corrected_label: None,
    })?;
    difference.apply(transaction).await
}

#[derive(FromQueryResult)]
struct SourceOf {
    source: String,
}

pub(super) async fn request(
    store: &Store,
    prediction: &NewPrediction,
    capacity: Option<u64>,
    events: &[AuditEvent],
) -> Result<()> {
    let transaction = store.begin().await?;
    let sql = "SELECT source FROM xray_images WHERE id = $1 AND patient_id = $2";
    let found: Vec<SourceOf> =
        select(&transaction, sql, [prediction.xray.uuid().into(), prediction.patient.uuid().into()]).await?;
    let source = found.into_iter().next().ok_or(StoreError::Gone("the X-ray"))?.source;
    add(&transaction, prediction, &source, capacity).await?;
    audit::append(&transaction, events).await?;
    store.notify_work(&transaction).await?;
    transaction.commit().await?;
    store.announce_work();
    Ok(())
}

#[derive(Debug, FromQueryResult)]
pub(crate) struct Vote {
    name: String,
    diagnosis: String,
}

/// Votes on one prediction, the consensus first.
pub(crate) async fn votes(transaction: &DatabaseTransaction, prediction: &Counted) -> Result<Vec<Vote>> {
    let sql = "SELECT name, diagnosis FROM model_scores WHERE prediction_id = $1 ORDER BY position";
    let mut votes: Vec<Vote> = select(transaction, sql, [prediction.id.into()]).await?;
    if let Some(diagnosis) = &prediction.final_diagnosis {
        votes.insert(0, Vote { name: CONSENSUS.to_owned(), diagnosis: diagnosis.clone() });
    }
    Ok(votes)
}

pub(crate) fn pairs(votes: &[Vote]) -> Vec<(&str, &str)> {
    votes.iter().map(|one| (one.name.as_str(), one.diagnosis.as_str())).collect()
}

pub(super) async fn review(
    store: &Store,
    id: PredictionId,
    decision: &Decision,
    by: UserId,
    (note, at): (&str, Timestamp),
    events: &[AuditEvent],
) -> Result<Option<Reviewed>> {
    let transaction = store.begin().await?;
    let Some(before) = counted(&transaction, "p.id = ", id.uuid()).await?.into_iter().next() else { return Ok(None) };
    let diagnosis: Option<Diagnosis> = maybe(before.final_diagnosis.as_deref(), "a diagnosis")?;
    let review = Reviewable::new(before.status()?, before.is_validated, diagnosis)?.sign(decision, by, at, note)?;
    // The condition holds off a doctor who signed meanwhile.
    let sql = "UPDATE predictions SET review_verdict = $2, corrected_label = $3, reviewed_by = $4, is_validated = $5, \
               validated_at = $6 WHERE id = $1 AND is_validated IS FALSE AND status = 'completed'";
    let values: [Value; 6] = [
        id.uuid().into(),
        review.verdict.word().into(),
        review.corrected_label.map(Diagnosis::name).into(),
        by.uuid().into(),
        review.validates().into(),
        review.validates().then_some(at.micros()).into(),
    ];
    if execute(&transaction, sql, values).await? == 0 {
        return Err(ReviewRefused::AlreadyValidated.into());
    }
    keep(&transaction, id, &review).await?;
    if review.validates() {
        settle(&transaction, before.clone(), &review, diagnosis).await?;
    }
    audit::append(&transaction, events).await?;
    transaction.commit().await?;
    store.announce(id);
    let (xray, patient) = (XRayId::from_uuid(before.xray_id), PatientId::from_uuid(before.patient_id));
    Ok(Some(Reviewed { review, xray, patient }))
}

async fn keep(transaction: &DatabaseTransaction, id: PredictionId, review: &Review) -> Result<()> {
    let sql = "INSERT INTO reviews (prediction_id, at, reviewed_by, verdict, corrected_label, notes) \
               VALUES ($1, $2, $3, $4, $5, $6)";
    let values: [Value; 6] = [
        id.uuid().into(),
        review.at.micros().into(),
        review.reviewed_by.uuid().into(),
        review.verdict.word().into(),
        review.corrected_label.map(Diagnosis::name).into(),
        review.notes.as_str().into(),
    ];
    execute(transaction, sql, values).await.map(|_| ())
}

/// Counts a review that settled a result.
async fn settle(
    transaction: &DatabaseTransaction,
    before: Counted,
    review: &Review,
    diagnosis: Option<Diagnosis>,
) -> Result<()> {
    let mut difference = Difference::default();
    difference.take(&before)?;
    difference.add(&Counted { is_validated: true, ..before.clone() })?;
    let actual = if review.verdict == ReviewVerdict::Corrected { review.corrected_label } else { diagnosis };
    if let Some(actual) = actual {
        let votes = votes(transaction, &before).await?;
        difference.review(&pairs(&votes), actual.name(), 1);
    }
    difference.apply(transaction).await
}

/// Removes predictions that a condition finds with all that belongs to them, and takes them out of the sums.
pub(crate) async fn remove(transaction: &DatabaseTransaction, condition: &str, value: Uuid) -> Result<Vec<Counted>> {
    let gone = counted(transaction, condition, value).await?;
    let mut difference = Difference::default();
    for one in &gone {
        difference.take(one)?;
        let votes = votes(transaction, one).await?;
        difference.votes(&pairs(&votes), -1);
        if one.is_validated
            && let Some(actual) = one.corrected_label.as_ref().or(one.final_diagnosis.as_ref())
        {
            difference.review(&pairs(&votes), actual, -1);
        }
        for table in ["jobs", "reviews", "heat_maps", "model_scores", "prediction_details"] {
            execute(transaction, &format!("DELETE FROM {table} WHERE prediction_id = $1"), [one.id.into()]).await?;
        }
        execute(transaction, "DELETE FROM predictions WHERE id = $1", [one.id.into()]).await?;
    }
    difference.apply(transaction).await?;
    Ok(gone)
}

pub(super) async fn delete(store: &Store, id: PredictionId, events: &[AuditEvent]) -> Result<bool> {
    let transaction = store.begin().await?;
    let gone = remove(&transaction, "p.id = ", id.uuid()).await?;
    let Some(one) = gone.first() else { return Ok(false) };
    if one.is_validated {
        return Err(ReviewRefused::AlreadyValidated.into());
    }
    audit::append(&transaction, events).await?;
    transaction.commit().await?;
    store.announce(id);
    Ok(true)
}
