//! A hospital moves from one database to another.

use thorax_domain::prediction::Diagnosis;
use thorax_domain::review::Decision;
use thorax_domain::user::Role;
use thorax_store::audit::AuditFilter;
use thorax_store::predictions::PredictionFilter;
use thorax_store::{Seed, StoreError};

use crate::databases::{Fresh, postgres, sqlite};
use crate::world::{at, completed, patient, user};

async fn moved(from: &Fresh, to: &Fresh) {
    let (source, target) = (&from.store, &to.store);
    let doctor = user(source, "doctor", Role::Doctor).await;
    source.seed(Seed { predictions: 500, number: 1, now: at(0) }, |_| {}).await.unwrap();
    let someone = patient(source, "Anna Müller", "R-1").await;
    let id = completed(source, someone, doctor, 10, (Diagnosis::Covid, 0.9)).await;
    source.predictions().review(id, &Decision::Confirm, doctor.user, ("ja ✓", at(20)), &[]).await.unwrap();
    let event = thorax_domain::audit::AuditEvent::new(
        at(1),
        doctor,
        thorax_domain::audit::Action::View,
        thorax_domain::audit::Object::Patient,
        someone,
    );
    source.audit().record(vec![event.clone()]).await.unwrap();

    let mut reported = 0;
    let copied = source.copy_to(target, |_| reported += 1).await.unwrap();
    assert_eq!(reported, copied.len());
    let rows = |name: &str| copied.iter().find(|one| one.table == name).unwrap().rows;
    assert_eq!((rows("predictions"), rows("model_scores"), rows("heat_maps")), (501, 3006, 7));

    let all = PredictionFilter::default();
    let page = thorax_store::page::PageRequest::numbered(3, thorax_store::page::PageSize::DEFAULT);
    assert_eq!(
        source.predictions().list(doctor, &all, &page).await.unwrap(),
        target.predictions().list(doctor, &all, &page).await.unwrap()
    );
    assert_eq!(
        source.predictions().find(doctor, id).await.unwrap(),
        target.predictions().find(doctor, id).await.unwrap()
    );
    assert_eq!(source.statistics().summary().await.unwrap(), target.statistics().summary().await.unwrap());
    assert_eq!(source.statistics().agreement().await.unwrap(), target.statistics().agreement().await.unwrap());
    let heat = target.predictions().heat(doctor, id, "elm").await.unwrap();
    assert_eq!(source.predictions().heat(doctor, id, "elm").await.unwrap(), heat);
    assert!(heat.is_some());

    // Life goes on in the new place.
    completed(target, someone, doctor, 30, (Diagnosis::Normal, 0.8)).await;
    target.audit().record(vec![event]).await.unwrap();
    let log = target.audit().list(&AuditFilter::default(), None, 2).await.unwrap().rows;
    assert!(log[0].seq > log[1].seq);
    let again = source.copy_to(target, |_| ()).await;
    assert!(matches!(again, Err(StoreError::Copy { table: "users", .. })), "a database in use is not written over");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_sqlite_to_postgresql() {
    let Some(target) = postgres().await else { return };
    moved(&sqlite().await, &target).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_postgresql_to_sqlite() {
    let Some(source) = postgres().await else { return };
    moved(&source, &sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_table_and_column_is_copied() {
    use sea_orm::{ConnectionTrait as _, Database, DbBackend, Statement};
    use std::collections::BTreeSet;
    let mut known = BTreeSet::new();
    for (table, columns) in thorax_store::copied_columns() {
        known.extend(columns.into_iter().map(|column| format!("{table}.{column}")));
    }
    for fresh in [Some(sqlite().await), postgres().await].into_iter().flatten() {
        let database = Database::connect(&fresh.address).await.unwrap();
        let sql = match database.get_database_backend() {
            DbBackend::Sqlite => {
                "SELECT m.name || '.' || c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c \
                 WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name <> 'seaql_migrations'"
            }
            _ => {
                "SELECT CAST(table_name || '.' || column_name AS TEXT) FROM information_schema.columns \
                 WHERE table_schema = 'public' AND table_name <> 'seaql_migrations'"
            }
        };
        let rows = database.query_all_raw(Statement::from_string(database.get_database_backend(), sql)).await.unwrap();
        let found: BTreeSet<String> = rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
        assert_eq!(found, known);
        database.close().await.unwrap();
    }
}
