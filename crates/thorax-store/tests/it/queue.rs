//! The queue: who gets a job, who may report, and what becomes of it when nobody does.

use std::collections::BTreeSet;
use std::time::Duration;

use sea_orm::{ConnectionTrait, Database};
use thorax_domain::audit::{Action, AuditEvent, Object};
use thorax_domain::job::{JobState, Priority, Progress};
use thorax_domain::prediction::{Diagnosis, Prediction, Refusal, Verdict};
use thorax_domain::review::PredictionStatus;
use thorax_domain::user::{Role, Viewer};
use thorax_store::jobs::{JobFilter, NewResult, Retry, Wish};
use thorax_store::page::PageRequest;
use thorax_store::predictions::PredictionFilter;
use thorax_store::xrays::Intake;
use thorax_store::{Store, StoreError};

use crate::databases::{Fresh, on_both};
use crate::world::{LEASE, any, at, claim_one, new_prediction, new_xray, patient, result, take_in, take_in_as, user};

async fn doctor_with_jobs(store: &Store, jobs: u64) -> Viewer {
    let doctor = user(store, "doctor", Role::Doctor).await;
    let someone = patient(store, "Anna Abel", "R-1").await;
    for number in 0..jobs {
        take_in(store, someone, doctor, number).await;
    }
    doctor
}

async fn every_job_goes_to_one_worker(store: &Store) {
    doctor_with_jobs(store, 40).await;
    let workers = (0..8).map(|worker| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut mine = Vec::new();
            loop {
                let claimed = store.jobs().claim(&format!("w{worker}"), any(3), at(100), LEASE).await.unwrap();
                if claimed.is_empty() {
                    break mine;
                }
                mine.extend(claimed.into_iter().map(|lease| lease.job));
            }
        })
    });
    let mut all = Vec::new();
    for worker in futures_util::future::join_all(workers).await {
        all.extend(worker.unwrap());
    }
    assert_eq!(all.len(), 40);
    assert_eq!(all.iter().map(ToString::to_string).collect::<BTreeSet<_>>().len(), 40);
    let depth = store.jobs().depth().await.unwrap();
    assert_eq!((depth.queued, depth.leased, depth.dead), (0, 40, 0));
}

/// Where PostgreSQL expects that nothing waits it plans a loop; what is chosen must be chosen once all the same.
async fn no_more_is_taken_than_asked_for_whatever_the_plan(store: &Fresh) {
    let doctor = doctor_with_jobs(store, 40).await;
    assert_eq!(store.jobs().claim("w", any(40), at(100), LEASE).await.unwrap().len(), 40);
    let database = Database::connect(&store.address).await.unwrap();
    database.execute_unprepared("ANALYZE").await.unwrap();
    database.close().await.unwrap();
    let someone = patient(store, "Ben Baker", "R-2").await;
    for number in 50..55 {
        take_in(store, someone, doctor, number).await;
    }
    for waiting in (1..=5).rev() {
        assert_eq!(store.jobs().depth().await.unwrap().queued, waiting);
        assert_eq!(store.jobs().claim("w", any(1), at(100), LEASE).await.unwrap().len(), 1);
    }
}

async fn the_urgent_comes_first_then_the_oldest(store: &Store) {
    let doctor = doctor_with_jobs(store, 2).await;
    let someone = patient(store, "Ben Baker", "R-2").await;
    let xray = new_xray(someone, doctor.user, 9, 50);
    let mut urgent = new_prediction(&xray, 50);
    urgent.priority = Priority::URGENT;
    let intake = Intake { patient: None, xray: &xray, prediction: Some(&urgent), capacity: None, audit: &[] };
    store.xrays().take_in(&intake).await.unwrap();
    let leases = store.jobs().claim("w", any(10), at(60), LEASE).await.unwrap();
    assert_eq!(leases[0].prediction, urgent.id);
    assert!(leases[1].job < leases[2].job);
}

async fn room_for_urgent_jobs_takes_no_others(store: &Store) {
    let doctor = user(store, "doctor", Role::Doctor).await;
    let someone = patient(store, "Anna Abel", "R-1").await;
    for seconds in 0..3 {
        take_in_as(store, someone, doctor, seconds, Priority::BATCH).await;
    }
    let urgent = Wish { limit: 2, least: Priority::NORMAL };
    assert!(store.jobs().claim("w", urgent, at(10), LEASE).await.unwrap().is_empty());
    assert_eq!(store.jobs().next_due(Priority::NORMAL).await.unwrap(), None);
    assert_eq!(store.jobs().next_due(Priority::BATCH).await.unwrap(), Some(at(0)));
    let (_, waited_for) = take_in_as(store, someone, doctor, 5, Priority::NORMAL).await;
    assert_eq!(store.jobs().next_due(Priority::NORMAL).await.unwrap(), Some(at(5)));
    let leases = store.jobs().claim("w", urgent, at(10), LEASE).await.unwrap();
    assert_eq!(leases.iter().map(|lease| lease.prediction).collect::<Vec<_>>(), [waited_for.id]);
    assert_eq!(store.jobs().claim("w", any(10), at(10), LEASE).await.unwrap().len(), 3);
}

async fn a_full_queue_takes_nothing_in(store: &Store) {
    let doctor = doctor_with_jobs(store, 2).await;
    let someone = patient(store, "Ben Baker", "R-2").await;
    let xray = new_xray(someone, doctor.user, 9, 50);
    let prediction = new_prediction(&xray, 50);
    let intake = Intake { patient: None, xray: &xray, prediction: Some(&prediction), capacity: Some(2), audit: &[] };
    assert!(matches!(store.xrays().take_in(&intake).await, Err(StoreError::QueueFull(2))));
    assert!(store.xrays().find(doctor, xray.id).await.unwrap().is_none(), "the X-ray was rolled back too");
    claim_one(store, 51).await;
    store.xrays().take_in(&intake).await.unwrap();
    let again = new_prediction(&xray, 60);
    assert!(matches!(store.predictions().request(&again, Some(2), &[]).await, Err(StoreError::QueueFull(2))));
    store.predictions().request(&again, Some(3), &[]).await.unwrap();
    assert_eq!(store.predictions().standing(doctor, again.id).await.unwrap().unwrap().ahead, 2);
}

async fn a_worker_that_was_overtaken_stores_nothing(store: &Store) {
    let doctor = doctor_with_jobs(store, 1).await;
    let slow = claim_one(store, 10).await;
    assert_eq!(store.jobs().reap(at(69)).await.unwrap(), 0, "the lease still holds");
    assert_eq!(store.jobs().reap(at(71)).await.unwrap(), 1);
    assert_eq!(store.jobs().reap(at(71)).await.unwrap(), 0);
    let quick = claim_one(store, 72).await;
    assert_eq!((slow.attempt, quick.attempt), (1, 2));
    let covid = result(Diagnosis::Covid, 0.9);
    let late = store.jobs().complete(&slow, &covid, at(73), &[]).await;
    assert!(matches!(late, Err(StoreError::LeaseLost)));
    let progress = Progress { stage: "elm".into(), done: 3, total: 6 };
    assert!(matches!(store.jobs().progress(&slow, &progress, at(73), LEASE).await, Err(StoreError::LeaseLost)));
    assert!(matches!(store.jobs().fail(&slow, "x", Retry::Never, at(73)).await, Err(StoreError::LeaseLost)));
    assert!(matches!(store.jobs().give_back(&slow, at(73)).await, Err(StoreError::LeaseLost)));
    store.jobs().complete(&quick, &result(Diagnosis::Normal, 0.8), at(74), &[]).await.unwrap();
    let twice = store.jobs().complete(&quick, &covid, at(75), &[]).await;
    assert!(matches!(twice, Err(StoreError::LeaseLost)), "a result is stored once");
    let found = store.predictions().find(doctor, quick.prediction).await.unwrap().unwrap();
    assert_eq!(found.row.final_diagnosis, Some(Diagnosis::Normal));
    assert_eq!(store.statistics().summary().await.unwrap().total, 1);
}

async fn a_heartbeat_keeps_the_lease_and_tells_how_far_it_is(store: &Store) {
    let doctor = doctor_with_jobs(store, 1).await;
    let mut changes = store.changes();
    let lease = claim_one(store, 10).await;
    assert_eq!(changes.recv().await.unwrap(), lease.prediction);
    let progress = Progress { stage: "elm".into(), done: 3, total: 6 };
    let lease = store.jobs().progress(&lease, &progress, at(65), LEASE).await.unwrap();
    assert_eq!(lease.until, at(65).plus(LEASE));
    assert_eq!(store.jobs().reap(at(100)).await.unwrap(), 0);
    let standing = store.predictions().standing(doctor, lease.prediction).await.unwrap().unwrap();
    assert_eq!((standing.status, standing.progress), (PredictionStatus::Running, Some(progress)));
    assert_eq!(store.jobs().next_due(Priority::BATCH).await.unwrap(), Some(lease.until));
    assert_eq!(changes.recv().await.unwrap(), lease.prediction);
}

async fn failures_are_tried_again_and_then_given_up(store: &Store) {
    let doctor = doctor_with_jobs(store, 1).await;
    let wait = Retry::After(Duration::from_secs(30));
    for attempt in 1..=3 {
        let now = attempt * 100;
        let lease = claim_one(store, now).await;
        let state = store.jobs().fail(&lease, "out of memory", wait, at(now)).await.unwrap();
        assert_eq!(state, if attempt < 3 { JobState::Queued } else { JobState::Dead });
        assert!(store.jobs().claim("w", any(1), at(now + 29), LEASE).await.unwrap().is_empty(), "not before its time");
    }
    let rows = store.jobs().list(&JobFilter::default(), &PageRequest::default()).await.unwrap().rows;
    assert_eq!((rows[0].state, rows[0].attempt), (JobState::Dead, 3));
    assert_eq!(rows[0].last_error.as_deref(), Some("out of memory"));
    let standing = store.predictions().standing(doctor, rows[0].prediction).await.unwrap().unwrap();
    assert_eq!(standing.status, PredictionStatus::Failed);
    assert_eq!(standing.error.as_deref(), Some("out of memory"));

    let event = AuditEvent::new(at(400), doctor, Action::Retry, Object::Job, rows[0].id);
    assert!(store.jobs().requeue(rows[0].id, at(400), std::slice::from_ref(&event)).await.unwrap());
    assert!(!store.jobs().requeue(rows[0].id, at(400), &[event]).await.unwrap());
    let lease = claim_one(store, 401).await;
    assert_eq!((lease.attempt, lease.max_attempts), (4, 6));
    store.jobs().complete(&lease, &result(Diagnosis::Normal, 0.8), at(402), &[]).await.unwrap();
    let standing = store.predictions().standing(doctor, lease.prediction).await.unwrap().unwrap();
    assert_eq!((standing.status, standing.error), (PredictionStatus::Completed, None));
    assert!(!store.jobs().requeue(rows[0].id, at(403), &[]).await.unwrap(), "what is done is done");
    assert_eq!(store.jobs().sweep(at(10_000)).await.unwrap(), 1);
    assert_eq!(store.jobs().count(&JobFilter::default()).await.unwrap(), 0);
}

async fn a_worker_that_always_dies_ends_in_the_dead_letters(store: &Store) {
    doctor_with_jobs(store, 1).await;
    for attempt in 1..=3 {
        claim_one(store, attempt * 100).await;
        assert_eq!(store.jobs().reap(at(attempt * 100 + 61)).await.unwrap(), 1);
    }
    assert_eq!(store.jobs().depth().await.unwrap().dead, 1);
    assert_eq!(store.jobs().next_due(Priority::BATCH).await.unwrap(), None);
}

async fn what_is_called_off_stays_so(store: &Store) {
    let doctor = doctor_with_jobs(store, 2).await;
    let lease = claim_one(store, 10).await;
    assert!(store.jobs().cancel(lease.prediction, at(11), &[]).await.unwrap());
    assert!(!store.jobs().cancel(lease.prediction, at(11), &[]).await.unwrap());
    let late = store.jobs().complete(&lease, &result(Diagnosis::Covid, 0.9), at(12), &[]).await;
    assert!(matches!(late, Err(StoreError::LeaseLost)));
    let standing = store.predictions().standing(doctor, lease.prediction).await.unwrap().unwrap();
    assert_eq!((standing.status, standing.job), (PredictionStatus::Cancelled, Some(JobState::Cancelled)));
    assert_eq!(store.jobs().reap(at(1000)).await.unwrap(), 0);
    let other = claim_one(store, 20).await;
    assert_ne!(other.job, lease.job);
    store.jobs().give_back(&other, at(21)).await.unwrap();
    let again = claim_one(store, 22).await;
    assert_eq!((again.job, again.attempt, again.max_attempts), (other.job, 2, 4));
}

async fn a_refusal_is_stored_with_what_was_measured(store: &Store) {
    let doctor = doctor_with_jobs(store, 1).await;
    let lease = claim_one(store, 10).await;
    let refusal = Refusal { code: "lateral".into(), message: "From the side.".into(), measured: 0.9, limit: 0.5 };
    let prediction = Prediction { gate: Verdict::new(vec![refusal]), consensus: None };
    let refused = NewResult { prediction, heat: Vec::new(), agreement_map: None, ..result(Diagnosis::Normal, 0.9) };
    store.jobs().complete(&lease, &refused, at(11), &[]).await.unwrap();
    let found = store.predictions().find(doctor, lease.prediction).await.unwrap().unwrap();
    assert_eq!((found.row.status, found.scores.len()), (PredictionStatus::Refused, 0));
    assert_eq!(found.gate, Some(refused.prediction.gate));
    assert_eq!(store.statistics().summary().await.unwrap().total, 0);
    assert_eq!(store.predictions().count(doctor, &PredictionFilter::default()).await.unwrap(), 1);
}

async fn workers_hear_of_new_jobs(store: &Store) {
    let waiting = store.work();
    tokio::pin!(waiting);
    waiting.as_mut().enable();
    doctor_with_jobs(store, 1).await;
    waiting.await;
}

on_both!(
    every_job_goes_to_one_worker,
    no_more_is_taken_than_asked_for_whatever_the_plan,
    the_urgent_comes_first_then_the_oldest,
    room_for_urgent_jobs_takes_no_others,
    a_full_queue_takes_nothing_in,
    a_worker_that_was_overtaken_stores_nothing,
    a_heartbeat_keeps_the_lease_and_tells_how_far_it_is,
    failures_are_tried_again_and_then_given_up,
    a_worker_that_always_dies_ends_in_the_dead_letters,
    what_is_called_off_stays_so,
    a_refusal_is_stored_with_what_was_measured,
    workers_hear_of_new_jobs,
);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_on_one_postgresql_hear_of_each_others_jobs() {
    let Some(fresh) = crate::databases::postgres().await else { return };
    let other = Store::open(&fresh.address, &thorax_store::Settings::default()).await.unwrap();
    let mut changes = other.changes();
    let doctor = user(&fresh, "doctor", Role::Doctor).await;
    let someone = patient(&fresh, "Anna Abel", "R-1").await;
    // The other node listens soon after it was opened; until then it would have polled.
    let heard = async {
        for seconds in 0.. {
            let waiting = other.work();
            tokio::pin!(waiting);
            waiting.as_mut().enable();
            take_in(&fresh, someone, doctor, seconds).await;
            if tokio::time::timeout(Duration::from_millis(200), waiting).await.is_ok() {
                break;
            }
        }
        let lease = claim_one(&fresh, 1000).await;
        while changes.recv().await.unwrap() != lease.prediction {}
    };
    tokio::time::timeout(Duration::from_secs(30), heard).await.expect("the other node hears of it");
}
