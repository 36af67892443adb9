//! One story from the first account to the erased patient, the same on both databases.

use thorax_domain::audit::{Action, AuditEvent, Object};
use thorax_domain::ids::UserId;
use thorax_domain::prediction::Diagnosis;
use thorax_domain::review::{Decision, PredictionStatus, ReviewRefused, ReviewVerdict};
use thorax_domain::user::{Role, Username, Viewer};
use thorax_store::audit::AuditFilter;
use thorax_store::page::{PageRequest, PageSize};
use thorax_store::patients::PatientFilter;
use thorax_store::predictions::PredictionFilter;
use thorax_store::users::NewUser;
use thorax_store::{Store, StoreError};

use crate::databases::on_both;
use crate::world::{at, claim_one, completed, grid, new_patient, patient, result, take_in, user};

async fn an_xray_is_taken_in_read_reviewed_and_released(store: &Store) {
    let doctor = user(store, "doctor", Role::Doctor).await;
    let account = NewUser {
        id: UserId::new(at(1)),
        username: Username::new("anna").unwrap(),
        full_name: "Anna Müller".into(),
        password_hash: "hash".into(),
        role: Role::Patient,
        created_at: at(1),
    };
    let mut person = new_patient("Anna Müller", "R-17", 1);
    person.user_id = Some(account.id);
    store.users().register(&account, &person, &[]).await.unwrap();
    let anna = Viewer { user: account.id, role: Role::Patient };

    let (xray, prediction) = take_in(store, person.id, doctor, 10).await;
    let standing = store.predictions().standing(doctor, prediction.id).await.unwrap().unwrap();
    assert_eq!((standing.status, standing.ahead), (PredictionStatus::Pending, 0));
    let lease = claim_one(store, 11).await;
    store.jobs().complete(&lease, &result(Diagnosis::Covid, 0.9), at(12), &[]).await.unwrap();

    let page = store.xrays().page(doctor, xray.id, None).await.unwrap().unwrap();
    assert_eq!(page.patient.full_name.as_str(), "Anna Müller");
    assert_eq!(page.xray, xray);
    let shown = page.shown.unwrap();
    assert_eq!(shown.row.final_diagnosis, Some(Diagnosis::Covid));
    assert_eq!((shown.row.agreement, shown.row.models_voted, shown.scores.len()), (5, 6, 6));
    assert_eq!(shown.scores[5].score.diagnosis, Diagnosis::Normal);
    assert!(shown.scores[0].has_heat && shown.has_agreement_map);
    let provenance = shown.provenance.unwrap();
    assert_eq!((provenance.input_sha256.as_str(), provenance.forced), (xray.sha256.as_str(), false));
    assert_eq!(shown.timings.keys().collect::<Vec<_>>(), ["total"]);
    assert_eq!(store.predictions().heat(doctor, prediction.id, "elm").await.unwrap(), Some(grid(0.5)));
    assert_eq!(store.predictions().agreement_map(doctor, prediction.id).await.unwrap(), Some(grid(0.25)));

    // Nothing is released yet.
    assert!(store.predictions().find(anna, prediction.id).await.unwrap().is_none());
    assert!(store.xrays().find(anna, xray.id).await.unwrap().is_none());
    assert!(store.xrays().page(anna, xray.id, None).await.unwrap().is_none());
    assert!(store.predictions().heat(anna, prediction.id, "elm").await.unwrap().is_none());
    let reviews = store.predictions();
    let unsure = reviews.review(prediction.id, &Decision::Unsure, doctor.user, ("hm", at(20)), &[]).await.unwrap();
    assert_eq!(unsure.unwrap().review.verdict, ReviewVerdict::Unsure);
    assert!(store.predictions().find(anna, prediction.id).await.unwrap().is_none());
    let correct = Decision::Correct(Diagnosis::ViralPneumonia);
    let signed = reviews.review(prediction.id, &correct, doctor.user, ("flu", at(21)), &[]).await.unwrap().unwrap();
    assert_eq!((signed.xray, signed.patient), (xray.id, person.id));
    let again = reviews.review(prediction.id, &Decision::Confirm, doctor.user, ("no", at(22)), &[]).await;
    assert!(matches!(again, Err(StoreError::Review(ReviewRefused::AlreadyValidated))));

    // Now it is.
    let released = store.predictions().find(anna, prediction.id).await.unwrap().unwrap();
    assert_eq!(released.row.label(), Some(Diagnosis::ViralPneumonia));
    assert_eq!(released.row.reviewer_name.as_deref(), Some("The doctor"));
    assert_eq!(released.notes.as_deref(), Some("flu"));
    assert_eq!(released.reviews.len(), 2);
    let own = store.xrays().list(anna, None, &PageRequest::default()).await.unwrap();
    assert_eq!(own.rows.len(), 1);
    assert_eq!(own.rows[0].prediction.as_ref().unwrap().id, prediction.id);
    let matrix = store.statistics().reviews().await.unwrap();
    assert_eq!(matrix.iter().filter(|cell| cell.actual == Diagnosis::ViralPneumonia).count(), 7);
}

async fn nobody_sees_what_is_anothers(store: &Store) {
    let doctor = user(store, "doctor", Role::Doctor).await;
    let stranger = user(store, "stranger", Role::Patient).await;
    let someone = patient(store, "Ben Baker", "R-1").await;
    let id = completed(store, someone, doctor, 10, (Diagnosis::Normal, 0.8)).await;
    store.predictions().review(id, &Decision::Confirm, doctor.user, ("", at(12)), &[]).await.unwrap();
    let found = store.predictions().find(doctor, id).await.unwrap().unwrap();
    assert!(store.predictions().find(stranger, id).await.unwrap().is_none());
    assert!(store.predictions().standing(stranger, id).await.unwrap().is_none());
    assert!(store.xrays().find(stranger, found.row.xray_id).await.unwrap().is_none());
    assert!(store.patients().find(stranger, someone).await.unwrap().is_none());
    let all = PredictionFilter::default();
    assert!(store.predictions().list(stranger, &all, &PageRequest::default()).await.unwrap().rows.is_empty());
    assert_eq!(store.predictions().count(stranger, &all).await.unwrap(), 0);
    assert_eq!(store.xrays().count(stranger, None).await.unwrap(), 0);
    assert_eq!(store.patients().count(stranger, &PatientFilter::default()).await.unwrap(), 0);
    assert_eq!(store.patients().count(doctor, &PatientFilter::default()).await.unwrap(), 1);
}

async fn an_erased_patient_leaves_only_the_audit_log(store: &Store) {
    let doctor = user(store, "doctor", Role::Doctor).await;
    let account = user(store, "anna", Role::Patient).await;
    let mut person = new_patient("Anna Müller", "R-17", 1);
    person.user_id = Some(account.user);
    store.patients().create(&person, &[]).await.unwrap();
    let other = patient(store, "Ben Baker", "R-18").await;
    let kept = completed(store, other, doctor, 5, (Diagnosis::Normal, 0.8)).await;
    let first = completed(store, person.id, doctor, 10, (Diagnosis::Covid, 0.9)).await;
    completed(store, person.id, doctor, 256, (Diagnosis::Covid, 0.7)).await; // The same bytes as Ben's film.
    take_in(store, person.id, doctor, 30).await;
    store.predictions().review(first, &Decision::Confirm, doctor.user, ("", at(40)), &[]).await.unwrap();

    let event = AuditEvent::new(at(50), doctor, Action::Erase, Object::Patient, person.id).about(person.id);
    let erased = store.patients().erase(person.id, &[event]).await.unwrap().unwrap();
    assert_eq!((erased.xrays, erased.predictions, erased.user), (3, 3, Some(account.user)));
    assert_eq!(erased.blobs.len(), 2, "the bytes that Ben's film shares stay");
    assert!(store.patients().erase(person.id, &[]).await.unwrap().is_none());
    assert!(store.patients().find(doctor, person.id).await.unwrap().is_none());
    assert!(store.users().find(account.user).await.unwrap().is_none());
    let all = PredictionFilter::default();
    let left = store.predictions().list(doctor, &all, &PageRequest::first(PageSize::LARGEST)).await.unwrap();
    assert_eq!(left.rows.iter().map(|row| row.id).collect::<Vec<_>>(), [kept]);
    assert_eq!(store.predictions().count(doctor, &all).await.unwrap(), 1);
    let summary = store.statistics().summary().await.unwrap();
    assert_eq!((summary.total, summary.covid_cases, summary.normal_cases), (1, 0, 1));
    assert!(store.statistics().reviews().await.unwrap().is_empty());
    assert_eq!(store.jobs().depth().await.unwrap().queued, 0);
    let filter = AuditFilter { patient: Some(person.id), ..AuditFilter::default() };
    let log = store.audit().list(&filter, None, 50).await.unwrap();
    assert_eq!(log.rows[0].event.action, Action::Erase);
    assert_eq!(log.rows.len(), 4);
}

async fn what_is_not_validated_can_be_deleted(store: &Store) {
    let doctor = user(store, "doctor", Role::Doctor).await;
    let someone = patient(store, "Ben Baker", "R-1").await;
    let id = completed(store, someone, doctor, 10, (Diagnosis::Normal, 0.8)).await;
    let xray = store.predictions().find(doctor, id).await.unwrap().unwrap().row.xray_id;
    assert!(store.predictions().delete(id, &[]).await.unwrap());
    assert!(!store.predictions().delete(id, &[]).await.unwrap());
    assert_eq!(store.statistics().summary().await.unwrap().total, 0);
    assert!(store.statistics().agreement().await.unwrap().is_empty());
    let gone = store.xrays().delete(xray, &[]).await.unwrap().unwrap();
    assert_eq!((gone.xrays, gone.predictions, gone.blobs.len()), (1, 0, 1));
    assert!(store.xrays().delete(xray, &[]).await.unwrap().is_none());

    let id = completed(store, someone, doctor, 20, (Diagnosis::Normal, 0.8)).await;
    store.predictions().review(id, &Decision::Confirm, doctor.user, ("", at(22)), &[]).await.unwrap();
    let refused = store.predictions().delete(id, &[]).await;
    assert!(matches!(refused, Err(StoreError::Review(ReviewRefused::AlreadyValidated))));
    assert!(store.predictions().find(doctor, id).await.unwrap().is_some());
}

on_both!(
    an_xray_is_taken_in_read_reviewed_and_released,
    nobody_sees_what_is_anothers,
    an_erased_patient_leaves_only_the_audit_log,
    what_is_not_validated_can_be_deleted,
);
