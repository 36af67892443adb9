//! What a page costs: the same number of statements for one row and for fifty.

use thorax_domain::prediction::Diagnosis;
use thorax_domain::user::Role;
use thorax_store::Store;
use thorax_store::audit::AuditFilter;
use thorax_store::jobs::JobFilter;
use thorax_store::page::{PageRequest, PageSize};
use thorax_store::patients::PatientFilter;
use thorax_store::predictions::PredictionFilter;
use thorax_store::statements::{Statements, counting};
use thorax_store::users::UserFilter;

use crate::databases::on_both;
use crate::world::{at, completed, patient, user};

async fn pages_cost_the_same_for_one_and_for_fifty_rows(store: &Store) {
    let doctor = user(store, "doctor", Role::Doctor).await;
    let mut one = None;
    for rows in 0..50_u64 {
        let someone = patient(store, &format!("Anna Abel {rows}"), &format!("R-{rows}")).await;
        let id = completed(store, someone, doctor, rows * 5, (Diagnosis::Covid, 0.9)).await;
        if rows > 0 && rows < 49 {
            user(store, &format!("user{rows}"), Role::Patient).await;
            continue;
        }
        let of_one = store.predictions().find(doctor, id).await.unwrap().unwrap().row;
        let page = PageRequest::first(PageSize::LARGEST);
        let second = PageRequest::numbered(2, PageSize::new(1));
        let all = PredictionFilter::default();
        let search = PredictionFilter { search: "anna".into(), ..all.clone() };
        let sure = PredictionFilter { confidence_from: Some(0.5), ..all.clone() };
        let predictions = store.predictions();
        let cost = [
            counting(predictions.list(doctor, &all, &page)).await.1,
            counting(predictions.list(doctor, &all, &second)).await.1,
            counting(predictions.list(doctor, &search, &page)).await.1,
            counting(predictions.list(doctor, &sure, &page)).await.1,
            counting(predictions.calendar(doctor, &all)).await.1,
            counting(predictions.count(doctor, &all)).await.1,
            counting(predictions.count(doctor, &search)).await.1,
            counting(predictions.find(doctor, id)).await.1,
            counting(predictions.standing(doctor, id)).await.1,
            counting(store.xrays().page(doctor, of_one.xray_id, None)).await.1,
            counting(store.xrays().list(doctor, None, &page)).await.1,
            counting(store.patients().list(doctor, &PatientFilter::default(), &page)).await.1,
            counting(store.users().list(&UserFilter::default(), &page, at(0))).await.1,
            counting(store.jobs().list(&JobFilter::default(), &page)).await.1,
            counting(store.audit().list(&AuditFilter::default(), None, 50)).await.1,
            counting(store.statistics().summary()).await.1,
            counting(store.statistics().dashboard(10)).await.1,
            counting(store.statistics().reviews()).await.1,
        ];
        assert_eq!(cost, [1, 1, 2, 1, 1, 1, 2, 4, 1, 6, 2, 1, 1, 1, 1, 1, 2, 1], "{rows}");
        one = Some(cost);
    }
    assert!(one.is_some());
}

async fn statements_are_noted_where_they_belong(store: &Store) {
    let doctor = user(store, "doctor", Role::Doctor).await;
    let log = Statements::new();
    log.scope(async {
        store.users().find(doctor.user).await.unwrap();
        let spawned = (Statements::current().unwrap(), store.clone());
        let task = tokio::spawn(async move { spawned.0.scope(async { spawned.1.users().any().await }).await });
        assert!(task.await.unwrap().unwrap());
        let outside = store.clone();
        tokio::spawn(async move { outside.users().any().await }).await.unwrap().unwrap();
    })
    .await;
    store.users().any().await.unwrap();
    let noted = log.all();
    assert_eq!((noted.len(), log.count()), (2, 2));
    assert!(noted[0].sql.contains("FROM users u WHERE u.id = $1") && !noted[0].failed);
    assert!(!noted[0].sql.contains(&doctor.user.to_string()), "values are not noted");
    assert_eq!(log.elapsed(), noted.iter().map(|one| one.elapsed).sum::<std::time::Duration>());
}

on_both!(pages_cost_the_same_for_one_and_for_fifty_rows, statements_are_noted_where_they_belong);
