//! The sums that every write keeps equal the sums over the rows themselves, whatever happens to the rows.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sea_orm::{ConnectionTrait as _, Database, DatabaseConnection};
use thorax_domain::prediction::Diagnosis;
use thorax_domain::review::Decision;
use thorax_domain::user::Role;
use thorax_store::Seed;
use thorax_store::jobs::Retry;
use thorax_store::predictions::PredictionFilter;
use thorax_store::statistics::Span;

use crate::databases::{Fresh, on_both};
use crate::world::{at, claim_one, completed, patient, take_in, user};

/// Each sum beside the plain aggregate that it stands for.
const SUMS: [(&str, &str); 4] = [
    (
        "SELECT day, phase, final_diagnosis, is_validated, inconclusive, predictions, confidence_micro \
         FROM prediction_tallies WHERE predictions <> 0",
        "SELECT created_at / 86400000000, PHASE, COALESCE(final_diagnosis, ''), is_validated, inconclusive, COUNT(*), \
         CAST(SUM(CAST(ROUND(CAST(COALESCE(consensus_confidence, 0) * 1000000 AS NUMERIC)) AS BIGINT)) AS BIGINT) \
         FROM predictions GROUP BY 1, 2, 3, 4, 5",
    ),
    (
        "SELECT phase, final_diagnosis, is_validated, inconclusive, source, confidence_band, predictions \
         FROM prediction_facets WHERE predictions <> 0",
        "SELECT PHASE, COALESCE(final_diagnosis, ''), is_validated, inconclusive, source, \
         COALESCE(confidence_band, -1), COUNT(*) FROM predictions GROUP BY 1, 2, 3, 4, 5, 6",
    ),
    (
        "SELECT first, second, both_voted, agreed FROM model_pairs WHERE both_voted <> 0",
        "WITH votes AS (SELECT prediction_id, name, diagnosis FROM model_scores \
         UNION ALL SELECT id, 'consensus', final_diagnosis FROM predictions WHERE final_diagnosis IS NOT NULL) \
         SELECT a.name, b.name, COUNT(*), CAST(SUM(CASE WHEN a.diagnosis = b.diagnosis THEN 1 ELSE 0 END) AS BIGINT) \
         FROM votes a JOIN votes b ON b.prediction_id = a.prediction_id AND b.name > a.name GROUP BY a.name, b.name",
    ),
    (
        "SELECT model, predicted, actual, reviews FROM review_tallies WHERE reviews <> 0",
        "WITH votes AS (SELECT prediction_id, name, diagnosis FROM model_scores \
         UNION ALL SELECT id, 'consensus', final_diagnosis FROM predictions WHERE final_diagnosis IS NOT NULL) \
         SELECT v.name, v.diagnosis, COALESCE(p.corrected_label, p.final_diagnosis), COUNT(*) FROM predictions p \
         JOIN votes v ON v.prediction_id = p.id WHERE p.is_validated IS TRUE GROUP BY 1, 2, 3",
    ),
];
const PHASE: &str = "CASE status WHEN 'completed' THEN 'completed' WHEN 'pending' THEN 'open' WHEN 'running' THEN 'open' \
    ELSE 'closed' END";

/// Rows as sets of texts; the databases write truth differently.
async fn rows(database: &DatabaseConnection, sql: &str) -> BTreeSet<String> {
    let statement = sea_orm::Statement::from_string(database.get_database_backend(), sql);
    let rows = database.query_all_raw(statement).await.unwrap();
    let text = |row: &sea_orm::QueryResult| {
        let cells = (0..row.column_names().len()).map(|place| {
            let number = row.try_get_by_index::<i64>(place).map(|one| one.to_string());
            number
                .or_else(|_| row.try_get_by_index::<i32>(place).map(|one| one.to_string()))
                .or_else(|_| row.try_get_by_index::<bool>(place).map(|one| i32::from(one).to_string()))
                .or_else(|_| row.try_get_by_index::<String>(place))
                .unwrap()
        });
        cells.collect::<Vec<_>>().join("|")
    };
    rows.iter().map(text).collect()
}

/// Whether all sums are those of the rows.
pub async fn check_all(fresh: &Fresh, when: &str) {
    let database = Database::connect(&fresh.address).await.unwrap();
    check(&database, when).await;
    database.close().await.unwrap();
}

async fn check(database: &DatabaseConnection, when: &str) {
    for (kept, plain) in SUMS {
        let plain = plain.replace("PHASE", PHASE);
        let (kept, plain) = (rows(database, kept).await, rows(database, &plain).await);
        assert_eq!(kept, plain, "{when}");
    }
}

async fn sums_follow_the_rows(fresh: &Fresh) {
    let store = &fresh.store;
    let database = Database::connect(&fresh.address).await.unwrap();
    let doctor = user(store, "doctor", Role::Doctor).await;
    let anna = patient(store, "Anna Abel", "R-1").await;
    let ben = patient(store, "Ben Baker", "R-2").await;
    check(&database, "empty").await;
    let (xray, first) = take_in(store, anna, doctor, 10).await;
    check(&database, "waiting").await;
    let lease = claim_one(store, 11).await;
    store.jobs().fail(&lease, "x", Retry::Never, at(12)).await.unwrap();
    check(&database, "failed").await;
    store.jobs().requeue(lease.job, at(13), &[]).await.unwrap();
    check(&database, "queued again").await;
    store.jobs().cancel(first.id, at(14), &[]).await.unwrap();
    check(&database, "called off").await;
    let covid = completed(store, anna, doctor, 20, (Diagnosis::Covid, 0.915)).await;
    let normal = completed(store, ben, doctor, 30, (Diagnosis::Normal, 0.55)).await;
    let viral = completed(store, ben, doctor, 100_000, (Diagnosis::ViralPneumonia, 0.8)).await;
    check(&database, "completed").await;
    let correct = Decision::Correct(Diagnosis::LungOpacity);
    for (id, decision) in [(covid, Decision::Confirm), (normal, correct), (viral, Decision::Unsure)] {
        store.predictions().review(id, &decision, doctor.user, ("", at(200_000)), &[]).await.unwrap();
    }
    check(&database, "reviewed").await;
    store.predictions().delete(viral, &[]).await.unwrap();
    check(&database, "deleted").await;
    store.xrays().delete(xray.id, &[]).await.unwrap();
    check(&database, "X-ray deleted").await;
    store.seed(Seed { predictions: 300, number: 1, now: at(0) }, |_| {}).await.unwrap();
    check(&database, "made up").await;
    store.patients().erase(anna, &[]).await.unwrap();
    check(&database, "erased").await;
    database.close().await.unwrap();
}

async fn figures_are_those_of_the_rows(fresh: &Fresh) {
    let store = &fresh.store;
    let doctor = user(store, "doctor", Role::Doctor).await;
    let anna = patient(store, "Anna Abel", "R-1").await;
    for (seconds, top, confidence) in
        [(1, Diagnosis::Covid, 0.9), (2, Diagnosis::Covid, 0.5), (3, Diagnosis::Normal, 0.7)]
    {
        completed(store, anna, doctor, seconds, (top, confidence)).await;
    }
    take_in(store, anna, doctor, 4).await;
    let summary = store.statistics().summary().await.unwrap();
    assert_eq!((summary.total, summary.covid_cases, summary.normal_cases), (3, 2, 1));
    assert!((summary.avg_confidence - 0.7).abs() < 1e-9);
    assert_eq!((summary.validated, summary.awaiting_review, summary.inconclusive), (0, 3, 1));
    let covid = &summary.per_diagnosis[0];
    assert_eq!((covid.diagnosis, covid.count), (Diagnosis::Covid, 2));
    assert!((covid.avg_confidence - 0.7).abs() < 1e-9);
    let dashboard = store.statistics().dashboard(2).await.unwrap();
    assert_eq!((dashboard.recent.len(), dashboard.summary), (2, summary));
    assert_eq!(store.predictions().count(doctor, &PredictionFilter::default()).await.unwrap(), 4);

    let day = Duration::from_hours(24);
    let days = store.statistics().over_time(Span::Day, at(0).minus(day * 3), at(0).plus(day)).await.unwrap();
    assert_eq!(days.len(), 5);
    let counts: Vec<u64> = days.iter().map(|day| day.counts.iter().map(|one| one.count).sum()).collect();
    assert_eq!(counts, [0, 0, 0, 3, 0]);
    let months = store.statistics().over_time(Span::Month, at(0).minus(day * 40), at(0).plus(day)).await.unwrap();
    assert_eq!(months.last().unwrap().counts[0].count, 2);

    let pairs: BTreeMap<_, _> = store
        .statistics()
        .agreement()
        .await
        .unwrap()
        .into_iter()
        .map(|one| ((one.first, one.second), (one.both, one.agree)))
        .collect();
    assert_eq!(pairs.len(), 21);
    assert_eq!(pairs[&("aspen".into(), "birch".into())], (3, 3));
    assert_eq!(pairs[&("aspen".into(), "fir".into())], (3, 0));
}

async fn the_same_number_makes_the_same_rows(fresh: &Fresh) {
    let store = &fresh.store;
    let refused = store.seed(Seed { predictions: 5, number: 1, now: at(0) }, |_| {}).await;
    assert!(matches!(refused, Err(thorax_store::StoreError::Gone(_))), "nobody could have signed");
    user(store, "doctor", Role::Doctor).await;
    let mut reported = Vec::new();
    store.seed(Seed { predictions: 250, number: 1, now: at(0) }, |done| reported.push(done)).await.unwrap();
    assert_eq!(reported, [250]);
    let summary = store.statistics().summary().await.unwrap();
    assert_eq!(summary.total, 250);
    assert_eq!(
        summary.per_diagnosis.iter().map(|one| one.count).collect::<Vec<_>>(),
        MADE_UP,
        "another generator makes another benchmark: change these on purpose only"
    );
    store.seed(Seed { predictions: 10, number: 2, now: at(0) }, |_| {}).await.unwrap();
    assert_eq!(store.statistics().summary().await.unwrap().total, 260);
}
const MADE_UP: [u64; 4] = [41, 60, 129, 20];

on_both!(sums_follow_the_rows, figures_are_those_of_the_rows, the_same_number_makes_the_same_rows);
