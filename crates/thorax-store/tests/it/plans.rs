//! How the databases find rows: on a database of some size, no statement behind a page looks through all rows of a large table.
//! The statements are taken from the program as it runs, so none can be forgotten here that a listed call makes.

use std::collections::BTreeSet;

use sea_orm::{ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection, DbBackend, Statement as Sql};
use thorax_domain::audit::{Action, Object};
use thorax_domain::clock::Timestamp;
use thorax_domain::ids::{PredictionId, UserId};
use thorax_domain::job::{JobState, Priority, Progress};
use thorax_domain::patient::RecordNumber;
use thorax_domain::prediction::Diagnosis;
use thorax_domain::review::{Decision, PredictionStatus};
use thorax_domain::user::{Role, Username, Viewer};
use thorax_domain::xray::Source;
use thorax_store::audit::AuditFilter;
use thorax_store::jobs::{JobFilter, Retry};
use thorax_store::page::{Cursor, PageRequest, PageSize, Seek};
use thorax_store::patients::PatientFilter;
use thorax_store::predictions::PredictionFilter;
use thorax_store::statements::Statements;
use thorax_store::statistics::Span;
use thorax_store::users::UserFilter;
use thorax_store::{DatabaseKind, Seed};

use crate::databases::{Fresh, on_both};
use crate::world::{LEASE, any, at, claim_one, completed, patient, take_in, user};

/// Tables that grow with the years.
const LARGE: [&str; 14] = [
    "predictions",
    "prediction_details",
    "model_scores",
    "heat_maps",
    "reviews",
    "xray_images",
    "patients",
    "patient_words",
    "users",
    "user_words",
    "sessions",
    "api_tokens",
    "jobs",
    "audit_events",
];

async fn filters(fresh: &Fresh, viewer: Viewer, middle: Cursor) {
    let base = PredictionFilter::default;
    let day = Timestamp::of_day(middle.at.day());
    let filters = [
        base(),
        PredictionFilter { diagnosis: Some(Diagnosis::Covid), ..base() },
        PredictionFilter { validated: Some(false), ..base() },
        PredictionFilter { inconclusive: Some(true), ..base() },
        PredictionFilter { status: Some(PredictionStatus::Pending), ..base() },
        PredictionFilter::awaiting_review(),
        PredictionFilter { source: Some(Source::Dicom), ..base() },
        PredictionFilter { confidence_from: Some(0.9), ..base() },
        PredictionFilter { confidence_from: Some(0.9), diagnosis: Some(Diagnosis::Covid), ..base() },
        PredictionFilter { from: Some(day), until: Some(middle.at), ..base() },
        PredictionFilter { search: "anna ab".into(), ..base() },
        PredictionFilter { search: "d0000000".into(), diagnosis: Some(Diagnosis::Normal), ..base() },
    ];
    for filter in filters {
        let last = PageRequest { total: Some(10_000), ..PageRequest::numbered(300, PageSize::DEFAULT) };
        let by_cursor = |seek| PageRequest { seek, ..PageRequest::default() };
        for page in [
            PageRequest::default(),
            PageRequest::numbered(3, PageSize::DEFAULT),
            last,
            by_cursor(Seek::After(middle)),
            by_cursor(Seek::Before(middle)),
            by_cursor(Seek::From { end: middle.at, offset: 25 }),
        ] {
            fresh.predictions().list(viewer, &filter, &page).await.unwrap();
        }
        fresh.predictions().count(viewer, &filter).await.unwrap();
        fresh.predictions().calendar(viewer, &filter).await.unwrap();
    }
}

/// Everything that a page or a worker asks. Counting all rows of a list that no sum knows is left out: it is kept in the cache.
async fn ask_everything(fresh: &Fresh, viewer: Viewer, middle: Cursor) {
    let id = PredictionId::from_uuid(middle.id);
    filters(fresh, viewer, middle).await;
    let page = PageRequest::default();
    let after = PageRequest { seek: Seek::After(middle), ..page };
    let doctor = Viewer { role: Role::Doctor, ..viewer };
    let row = fresh.predictions().find(doctor, id).await.unwrap().unwrap().row;
    let of_patient = PredictionFilter::of_patient(row.patient_id);
    fresh.predictions().find(viewer, id).await.unwrap();
    fresh.predictions().list(viewer, &of_patient, &page).await.unwrap();
    fresh.predictions().count(viewer, &of_patient).await.unwrap();
    fresh.predictions().standing(viewer, id).await.unwrap();
    fresh.predictions().heat(viewer, id, "elm").await.unwrap();
    fresh.predictions().next_to_review(Some(id)).await.unwrap();
    let xray = fresh.xrays().find(doctor, row.xray_id).await.unwrap().unwrap();
    fresh.xrays().find(viewer, row.xray_id).await.unwrap();
    fresh.xrays().page(viewer, row.xray_id, None).await.unwrap();
    fresh.xrays().list(viewer, None, &page).await.unwrap();
    fresh.xrays().list(viewer, Some(row.patient_id), &after).await.unwrap();
    fresh.xrays().count(viewer, Some(row.patient_id)).await.unwrap();
    fresh.xrays().same(row.patient_id, &xray.sha256).await.unwrap();
    fresh.patients().find(viewer, row.patient_id).await.unwrap();
    fresh.patients().of_user(viewer.user).await.unwrap();
    fresh.patients().by_record_number(viewer, &RecordNumber::new("D00000001").unwrap()).await.unwrap();
    fresh.patients().list(viewer, &PatientFilter::default(), &after).await.unwrap();
    let search = PatientFilter { search: "anna ab".into() };
    fresh.patients().list(viewer, &search, &page).await.unwrap();
    fresh.patients().count(viewer, &search).await.unwrap();
    fresh.users().any().await.unwrap();
    fresh.users().find(viewer.user).await.unwrap();
    fresh.users().credentials(&Username::new("doctor").unwrap()).await.unwrap();
    fresh.users().list(&UserFilter::default(), &after, at(0)).await.unwrap();
    let search = UserFilter { search: "doc".into(), role: Some(Role::Doctor), ..UserFilter::default() };
    fresh.users().list(&search, &page, at(0)).await.unwrap();
    fresh.sessions().find(&[1; 32], at(0)).await.unwrap();
    fresh.sessions().of_user(viewer.user, at(0)).await.unwrap();
    fresh.sessions().sweep(at(0)).await.unwrap();
    fresh.tokens().find(&[1; 32], at(0)).await.unwrap();
    fresh.tokens().of_user(viewer.user).await.unwrap();
    fresh.jobs().depth().await.unwrap();
    fresh.jobs().next_due(Priority::BATCH).await.unwrap();
    fresh.jobs().reap(at(0)).await.unwrap();
    fresh.jobs().claim("w", any(1), at(0), LEASE).await.unwrap();
    fresh.jobs().list(&JobFilter::default(), &after).await.unwrap();
    fresh.jobs().list(&JobFilter { state: Some(JobState::Dead), prediction: None }, &page).await.unwrap();
    fresh.jobs().count(&JobFilter { state: Some(JobState::Dead), prediction: None }).await.unwrap();
    fresh.statistics().summary().await.unwrap();
    fresh.statistics().dashboard(10).await.unwrap();
    fresh.statistics().over_time(Span::Week, at(0).minus(LEASE * 100_000), at(0)).await.unwrap();
    let by = |filter: AuditFilter| async move { fresh.audit().list(&filter, Some(1_000_000), 50).await.unwrap() };
    let any = AuditFilter::default;
    by(any()).await;
    by(AuditFilter { actor: Some(viewer.user), ..any() }).await;
    by(AuditFilter { patient: Some(row.patient_id), ..any() }).await;
    by(AuditFilter { action: Some(Action::View), ..any() }).await;
    by(AuditFilter { object: Some(Object::XRay), ..any() }).await;
    by(AuditFilter { object_id: Some("x".into()), ..any() }).await;
    by(AuditFilter { request_id: Some("x".into()), ..any() }).await;
    by(AuditFilter { ip: Some("192.0.2.7".into()), ..any() }).await;
}

/// What workers and doctors write.
async fn write_everything(fresh: &Fresh, doctor: Viewer) {
    let someone = patient(fresh, "Ben Baker", "R-2").await;
    let id = completed(fresh, someone, doctor, 1000, (Diagnosis::Covid, 0.9)).await;
    fresh.predictions().review(id, &Decision::Confirm, doctor.user, ("", at(1100)), &[]).await.unwrap();
    let (xray, waiting) = take_in(fresh, someone, doctor, 1200).await;
    fresh.jobs().cancel(waiting.id, at(1201), &[]).await.unwrap();
    let lease = claim_one(fresh, 1202).await;
    let progress = Progress { stage: "elm".into(), done: 3, total: 6 };
    let lease = fresh.jobs().progress(&lease, &progress, at(1203), LEASE).await.unwrap();
    fresh.jobs().fail(&lease, "x", Retry::Never, at(1204)).await.unwrap();
    fresh.jobs().requeue(lease.job, at(1205), &[]).await.unwrap();
    claim_one(fresh, 1206).await;
    fresh.jobs().reap(at(5000)).await.unwrap();
    fresh.jobs().sweep(at(1)).await.unwrap();
    fresh.xrays().delete(xray.id, &[]).await.unwrap();
    fresh.patients().erase(someone, &[]).await.unwrap();
}

/// The plan in words, a line a step. Values are not known here: PostgreSQL is asked for the plan that serves all. That it
/// can be asked shows that the statement is sound on both.
async fn plan(database: &DatabaseConnection, sql: &str) -> Vec<String> {
    let backend = database.get_database_backend();
    if backend == DbBackend::Sqlite {
        let rows = database.query_all_raw(Sql::from_string(backend, format!("EXPLAIN QUERY PLAN {sql}"))).await;
        return rows.unwrap().iter().map(|row| row.try_get::<String>("", "detail").unwrap()).collect();
    }
    database.execute_unprepared(&format!("PREPARE asked AS {sql}")).await.unwrap();
    let values = (1..).take_while(|number| sql.contains(&format!("${number}"))).map(|_| "NULL");
    let values = values.collect::<Vec<_>>().join(", ");
    let execute = if values.is_empty() { "asked".to_owned() } else { format!("asked({values})") };
    let rows = database.query_all_raw(Sql::from_string(backend, format!("EXPLAIN EXECUTE {execute}"))).await.unwrap();
    database.execute_unprepared("DEALLOCATE asked").await.unwrap();
    rows.iter().map(|row| row.try_get_by_index::<String>(0).unwrap()).collect()
}

/// One connection, which on PostgreSQL plans for all values and as if each table were large.
async fn planner(fresh: &Fresh) -> DatabaseConnection {
    let mut options = ConnectOptions::new(&fresh.address);
    options.max_connections(1);
    let database = Database::connect(options).await.unwrap();
    if database.get_database_backend() == DbBackend::Postgres {
        let sql = "SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan";
        database.execute_unprepared(sql).await.unwrap();
    }
    database
}

/// The large table that a step looks through from end to end, if it does. Reading an index in order until the page is full is
/// what a list does, and is no such step.
fn looks_through(step: &str, sql: &str) -> Option<&'static str> {
    let step = step.trim_start_matches([' ', '-', '>']);
    let named = |name: &str| {
        LARGE.into_iter().find(|table| {
            *table == name || sql.contains(&format!(" {table} {name} ")) || sql.ends_with(&format!(" {table} {name}"))
        })
    };
    if let Some(rest) = step.strip_prefix("SCAN ") {
        let (name, how) = rest.split_once(' ').unwrap_or((rest, ""));
        let in_order = how.starts_with("USING") && sql.contains("LIMIT");
        // An index of the waiting jobs only, which are as many as the queue may hold.
        let bounded = how.ends_with("INDEX jobs_due");
        return if in_order || bounded { None } else { named(name) };
    }
    let rest = step.strip_prefix("Seq Scan on ").or_else(|| step.strip_prefix("Parallel Seq Scan on "))?;
    named(rest.split(' ').next().unwrap_or(rest))
}

async fn looked_through(database: &DatabaseConnection, texts: &BTreeSet<String>) -> Vec<String> {
    let mut found = Vec::new();
    for sql in texts {
        let steps = plan(database, sql).await;
        for step in &steps {
            if let Some(table) = looks_through(step, sql) {
                found.push(format!("{table} in\n{sql}\n{}\n", steps.join("\n")));
            }
        }
    }
    found
}

async fn no_page_looks_through_a_large_table(fresh: &Fresh) {
    let doctor = user(fresh, "doctor", Role::Doctor).await;
    fresh.seed(Seed { predictions: 4000, number: 5, now: at(0) }, |_| {}).await.unwrap();
    let someone = patient(fresh, "Anna Abel", "R-1").await;
    for seconds in 0..10 {
        completed(fresh, someone, doctor, seconds * 7, (Diagnosis::Covid, 0.9)).await;
        take_in(fresh, someone, doctor, seconds * 7 + 3).await;
    }
    for number in 0..300 {
        user(fresh, &format!("user{number}"), Role::Patient).await;
    }
    fresh.optimize().await.unwrap();
    let list = PageRequest::numbered(80, PageSize::DEFAULT);
    let row = fresh.predictions().list(doctor, &PredictionFilter::default(), &list).await.unwrap().rows.remove(0);
    let middle = Cursor { at: row.created_at, id: row.id.uuid() };
    let asked = Statements::new();
    asked.scope(ask_everything(fresh, doctor, middle)).await;
    asked.scope(write_everything(fresh, doctor)).await;
    let nobody = Viewer { user: UserId::new(at(0)), role: Role::Patient };
    asked.scope(ask_everything(fresh, nobody, middle)).await;

    let database = planner(fresh).await;
    let all = asked.all();
    assert!(all.iter().all(|one| !one.failed));
    let texts: BTreeSet<String> = all.into_iter().map(|one| one.sql).collect();
    assert!(texts.len() > 90, "{}", texts.len());
    let mut found = looked_through(&database, &texts).await;
    database.close().await.unwrap();
    if fresh.kind() == DatabaseKind::Sqlite {
        // Nobody may have had it look at how its rows are spread.
        let unread = crate::databases::sqlite().await;
        found.extend(looked_through(&planner(&unread).await, &texts).await);
    }
    assert!(found.is_empty(), "{} statements look through all of\n{}", found.len(), found.join("\n"));
}

on_both!(no_page_looks_through_a_large_table);
