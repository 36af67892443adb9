//! People, films and results to test with.

use std::collections::BTreeMap;
use std::time::Duration;

use thorax_domain::audit::{Action, AuditEvent, Object};
use thorax_domain::clock::Timestamp;
use thorax_domain::ids::{PatientId, PredictionId, UserId, XRayId};
use thorax_domain::job::{Lease, Priority};
use thorax_domain::patient::{FullName, RecordNumber, Sex};
use thorax_domain::prediction::{
    Consensus, Diagnosis, Distribution, EngineIdentity, ModelScore, NetworkIdentity, Precision, Prediction, Provenance,
    Verdict,
};
use thorax_domain::user::{Role, Username, Viewer};
use thorax_domain::xray::{Sha256, Source, View, XRayImage};
use thorax_store::jobs::{NetworkHeat, NewResult, Wish};
use thorax_store::patients::NewPatient;
use thorax_store::predictions::NewPrediction;
use thorax_store::users::NewUser;
use thorax_store::xrays::Intake;
use thorax_store::{HeatGrid, Store};

pub const LEASE: Duration = Duration::from_mins(1);
pub const NETWORKS: [&str; 6] = ["aspen", "birch", "cedar", "dogwood", "elm", "fir"];

/// Seconds after the morning on which all tests play.
pub fn at(seconds: u64) -> Timestamp {
    Timestamp::of_day(20_000).plus(Duration::from_secs(8 * 3600 + seconds))
}

pub async fn user(store: &Store, name: &str, role: Role) -> Viewer {
    let user = NewUser {
        id: UserId::new(at(0)),
        username: Username::new(name).unwrap(),
        full_name: format!("The {name}"),
        password_hash: "hash".into(),
        role,
        created_at: at(0),
    };
    store.users().create(&user, &[]).await.unwrap();
    Viewer { user: user.id, role }
}

pub fn new_patient(name: &str, record: &str, seconds: u64) -> NewPatient {
    NewPatient {
        id: PatientId::new(at(seconds)),
        user_id: None,
        record_number: RecordNumber::new(record).unwrap(),
        full_name: FullName::new(name).unwrap(),
        date_of_birth: "1980-05-17".parse().unwrap(),
        sex: Sex::Female,
        created_at: at(seconds),
    }
}

pub async fn patient(store: &Store, name: &str, record: &str) -> PatientId {
    let patient = new_patient(name, record, 0);
    store.patients().create(&patient, &[]).await.unwrap();
    patient.id
}

pub fn new_xray(patient: PatientId, by: UserId, byte: u8, seconds: u64) -> XRayImage {
    XRayImage {
        id: XRayId::new(at(seconds)),
        patient_id: patient,
        sha256: Sha256::from_bytes(&[byte; 32]),
        clahe: None,
        bytes: 12_345,
        format: "png".into(),
        width: 1024,
        height: 900,
        bits: 16,
        view: Some(View::Pa),
        source: Source::Upload,
        age_years: Some(44),
        uploaded_by: by,
        created_at: at(seconds),
    }
}

pub fn new_prediction(xray: &XRayImage, seconds: u64) -> NewPrediction {
    NewPrediction {
        id: PredictionId::new(at(seconds)),
        xray: xray.id,
        patient: xray.patient_id,
        requested_by: xray.uploaded_by,
        forced: false,
        priority: Priority::NORMAL,
        max_attempts: 3,
        created_at: at(seconds),
    }
}

/// An X-ray with a prediction that waits.
pub async fn take_in(store: &Store, patient: PatientId, by: Viewer, seconds: u64) -> (XRayImage, NewPrediction) {
    take_in_as(store, patient, by, seconds, Priority::NORMAL).await
}

pub async fn take_in_as(
    store: &Store,
    patient: PatientId,
    by: Viewer,
    seconds: u64,
    priority: Priority,
) -> (XRayImage, NewPrediction) {
    let xray = new_xray(patient, by.user, u8::try_from(seconds % 251).unwrap(), seconds);
    let prediction = NewPrediction { priority, ..new_prediction(&xray, seconds) };
    let audit = [AuditEvent::new(at(seconds), by, Action::Create, Object::XRay, xray.id).about(patient)];
    let intake = Intake { patient: None, xray: &xray, prediction: Some(&prediction), capacity: None, audit: &audit };
    store.xrays().take_in(&intake).await.unwrap();
    (xray, prediction)
}

pub fn probabilities(top: Diagnosis, confidence: f64) -> Distribution {
    let rest = (1.0 - confidence) / 3.0;
    Distribution::new(|one| if one == top { confidence } else { rest }).unwrap()
}

pub fn provenance() -> Provenance {
    Provenance {
        bundle: "test".into(),
        bundle_sha256: "1".repeat(64),
        recipe: "224 px".into(),
        coverage: 0.9,
        conformal_threshold: 0.2,
        minimum_votes: 4,
        networks: NETWORKS
            .map(|name| NetworkIdentity { name: name.into(), sha256: "2".repeat(64), precision: Precision::F32 })
            .to_vec(),
        engine: EngineIdentity { name: "rten".into(), version: "1".into() },
        program: "0".into(),
        input_sha256: "3".repeat(64),
        forced: true,
    }
}

pub fn grid(value: f32) -> HeatGrid {
    HeatGrid::new(3, 2, vec![value; 6]).unwrap()
}

/// All six agree but the last, which says it is normal (or COVID, where the others say normal).
pub fn result(top: Diagnosis, confidence: f64) -> NewResult {
    let other = if top == Diagnosis::Normal { Diagnosis::Covid } else { Diagnosis::Normal };
    let opinion = |(place, name): (usize, &str)| {
        let diagnosis = if place == 5 { other } else { top };
        let probabilities = probabilities(diagnosis, confidence);
        let confidence = probabilities.of(diagnosis);
        ModelScore { name: name.into(), diagnosis, confidence, probabilities, milliseconds: 7.5 }
    };
    let ensemble = probabilities(top, confidence);
    let consensus = Consensus {
        final_diagnosis: Some(top),
        consensus_confidence: Some(ensemble.of(top)),
        probabilities: Some(ensemble),
        prediction_set: vec![top],
        agreement: 5,
        models_voted: 6,
        inconclusive: confidence < 0.6,
        reasons: Vec::new(),
        models: NETWORKS.into_iter().enumerate().map(opinion).collect(),
    };
    let heat = |name: &&str| NetworkHeat { name: (*name).into(), grid: Some(grid(0.5)), lung_share: Some(0.8) };
    NewResult {
        prediction: Prediction { gate: Verdict::new(Vec::new()), consensus: Some(consensus) },
        provenance: provenance(),
        timings: BTreeMap::from([("total".to_owned(), 700.0)]),
        field: Some(serde_json::json!({"left": 3})),
        heat: NETWORKS.iter().map(heat).collect(),
        agreement_map: Some(grid(0.25)),
    }
}

/// So many jobs, however urgent they are.
pub const fn any(limit: u64) -> Wish {
    Wish { limit, least: Priority::BATCH }
}

pub async fn claim_one(store: &Store, seconds: u64) -> Lease {
    store.jobs().claim("worker", any(1), at(seconds), LEASE).await.unwrap().pop().expect("a job waits")
}

/// An X-ray whose prediction is completed, whatever else waits.
pub async fn completed(
    store: &Store,
    patient: PatientId,
    by: Viewer,
    seconds: u64,
    (top, confidence): (Diagnosis, f64),
) -> PredictionId {
    let (_, prediction) = take_in_as(store, patient, by, seconds, Priority::URGENT).await;
    let lease = claim_one(store, seconds).await;
    assert_eq!(lease.prediction, prediction.id);
    store.jobs().complete(&lease, &result(top, confidence), at(seconds + 1), &[]).await.unwrap();
    prediction.id
}
