//! X-rays come in, wait, are read and stored, each once.

use thorax_domain::audit::{Action, Object};
use thorax_domain::ids::PatientId;
use thorax_domain::job::JobState;
use thorax_domain::review::PredictionStatus;
use thorax_server::workflow::intake::{IntakeError, Taken, take_in};
use thorax_store::audit::AuditFilter;
use thorax_store::jobs::JobFilter;

use crate::films;
use crate::site::{Site, film};
use thorax_imaging::{GrayImage, Pixels, encode};

async fn taken(site: &Site, bytes: bytes::Bytes) -> (thorax_domain::ids::XRayId, thorax_domain::ids::PredictionId) {
    match take_in(&site.app, site.file(bytes)).await.unwrap() {
        Taken::New { xray, prediction } => (xray, prediction),
        Taken::Known { .. } => panic!("it was there already"),
    }
}

#[tokio::test]
async fn an_xray_comes_in_waits_and_is_read() {
    let site = Site::open().await;
    let (xray, prediction) = taken(&site, film(1)).await;
    let standing = site.app.store.predictions().standing(site.doctor, prediction).await.unwrap().unwrap();
    assert_eq!((standing.status, standing.job), (PredictionStatus::Pending, Some(JobState::Queued)));
    assert_eq!(site.drain().await, 1);

    let found = site.app.store.predictions().find(site.doctor, prediction).await.unwrap().unwrap();
    assert_eq!(found.row.status, PredictionStatus::Completed);
    assert!(found.row.final_diagnosis.is_some());
    assert_eq!(found.scores.len(), 6);
    assert!(found.scores.iter().all(|score| score.has_heat) && found.has_agreement_map);
    let provenance = found.provenance.unwrap();
    let image = site.app.store.xrays().find(site.doctor, xray).await.unwrap().unwrap();
    assert_eq!(provenance.input_sha256, image.sha256.as_str());
    for stage in ["decode", "preprocess", "gate", "inference", "clahe", "total"] {
        assert!(found.timings.contains_key(stage), "{stage}");
    }
    assert_eq!((image.format.as_str(), image.width, image.bits, image.age_years), ("png", 40, 8, Some(46)));
    let clear = site.app.blobs.get(&image.clahe.unwrap()).await.unwrap().unwrap();
    assert!(clear.starts_with(b"\xff\xd8\xff"));
}

#[tokio::test]
async fn who_brought_it_and_what_came_of_it_is_written_down() {
    let site = Site::open().await;
    let (xray, prediction) = taken(&site, film(2)).await;
    site.drain().await;
    let filter = AuditFilter { patient: Some(site.patient), ..AuditFilter::default() };
    let rows = site.app.store.audit().list(&filter, None, 10).await.unwrap().rows;
    let mut events: Vec<_> =
        rows.iter().map(|row| (row.event.action, row.event.object, row.event.object_id.clone())).collect();
    events.sort();
    let mut expected = vec![
        (Action::Create, Object::XRay, xray.to_string()),
        (Action::Predict, Object::Prediction, prediction.to_string()),
        (Action::Complete, Object::Prediction, prediction.to_string()),
    ];
    expected.sort();
    assert_eq!(events, expected);
}

#[tokio::test]
async fn the_same_bytes_come_in_once_for_one_patient() {
    let site = Site::open().await;
    let (xray, _) = taken(&site, film(3)).await;
    assert_eq!(take_in(&site.app, site.file(film(3))).await.unwrap(), Taken::Known { xray });
    assert_eq!(site.drain().await, 1);
    let other = crate::site::patient(&site.app.store, "R-2", site.app.clock.now()).await;
    let file = thorax_server::workflow::intake::NewFile { patient: other, ..site.file(film(3)) };
    assert!(matches!(take_in(&site.app, file).await, Ok(Taken::New { .. })));
    assert_eq!(site.drain().await, 1);
}

#[tokio::test]
async fn what_cannot_be_read_or_kept_leaves_nothing_behind() {
    let site = Site::with(crate::site::networks(), |web, _| web.upload_limit = 100_000.into()).await;
    let refused = take_in(&site.app, site.file(bytes::Bytes::from_static(b"a text"))).await.unwrap_err();
    assert!(matches!(refused, IntakeError::NoFilm(_)), "{refused}");
    let refused = take_in(&site.app, site.file(vec![0; 100_001].into())).await.unwrap_err();
    assert!(matches!(refused, IntakeError::TooLarge(100_000)), "{refused}");
    let nobody = PatientId::new(site.app.clock.now());
    let file = thorax_server::workflow::intake::NewFile { patient: nobody, ..site.file(film(4)) };
    assert!(matches!(take_in(&site.app, file).await, Err(IntakeError::NoSuchPatient)));
    assert_eq!(site.app.store.xrays().count(site.doctor, None).await.unwrap(), 0);
    assert_eq!(site.app.store.jobs().count(&JobFilter::default()).await.unwrap(), 0);
}

#[tokio::test]
async fn a_full_queue_refuses_and_loses_nothing() {
    let site = Site::with(crate::site::networks(), |web, _| web.queue = 2).await;
    taken(&site, film(5)).await;
    taken(&site, film(6)).await;
    let full = take_in(&site.app, site.file(film(7))).await.unwrap_err();
    assert!(matches!(full, IntakeError::QueueFull(2)), "{full}");
    assert!(full.to_string().contains("nothing is lost"));
    assert_eq!(site.drain().await, 2);
    taken(&site, film(7)).await;
    assert_eq!(site.drain().await, 1);
}

#[tokio::test]
async fn the_gate_refuses_unless_somebody_insists() {
    let site = Site::open().await;
    let dark = GrayImage::new(64, 64, Pixels::U8(vec![0; 64 * 64])).unwrap();
    let bytes = bytes::Bytes::from(encode::png(&dark).unwrap());
    let (_, prediction) = taken(&site, bytes).await;
    site.drain().await;
    let refused = site.app.store.predictions().find(site.doctor, prediction).await.unwrap().unwrap();
    assert_eq!(refused.row.status, PredictionStatus::Refused);
    assert!(!refused.gate.unwrap().reasons.is_empty());
    let picture = encode::png(&films::film(0, 64)).unwrap();
    let insisted = thorax_server::workflow::intake::NewFile { force: true, ..site.file(picture.into()) };
    let Taken::New { prediction, .. } = take_in(&site.app, insisted).await.unwrap() else { panic!("new") };
    site.drain().await;
    let forced = site.app.store.predictions().find(site.doctor, prediction).await.unwrap().unwrap();
    assert!(forced.row.forced && forced.row.status == PredictionStatus::Completed && forced.row.inconclusive);
}

#[tokio::test]
async fn a_file_that_is_gone_is_hopeless_and_visible() {
    let site = Site::open().await;
    let (xray, prediction) = taken(&site, film(8)).await;
    let image = site.app.store.xrays().find(site.doctor, xray).await.unwrap().unwrap();
    site.app.blobs.remove(&image.sha256).await.unwrap();
    assert_eq!(site.drain().await, 1);
    let standing = site.app.store.predictions().standing(site.doctor, prediction).await.unwrap().unwrap();
    assert_eq!((standing.status, standing.job), (PredictionStatus::Failed, Some(JobState::Dead)));
    assert!(standing.error.unwrap().contains("not there"));
}

#[tokio::test]
async fn what_was_called_off_is_not_read() {
    let site = Site::open().await;
    let (_, prediction) = taken(&site, film(9)).await;
    assert!(site.app.store.jobs().cancel(prediction, site.app.clock.now(), &[]).await.unwrap());
    assert_eq!(site.drain().await, 0);
    let standing = site.app.store.predictions().standing(site.doctor, prediction).await.unwrap().unwrap();
    assert_eq!(standing.status, PredictionStatus::Cancelled);
}
