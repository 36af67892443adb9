//! Asking the networks, waiting for them, reviewing, calling off.

use axum::body::Body;
use serde_json::json;
use thorax_domain::audit::{Action, Object};
use thorax_store::audit::AuditFilter;
use thorax_store::predictions::PredictionFilter;

use crate::api::{Api, body};
use crate::site::{Site, film};

#[tokio::test]
async fn an_xray_is_sent_read_and_reviewed() {
    let api = Api::of(Site::open().await).await;
    let patient = api.site.patient.to_string();
    let answer = api.upload(&api.doctor, &patient, &[&film(1), b"no film", &film(1)]).await;
    assert_eq!(answer.status, 207, "{}", answer.body);
    let files = body(&answer)["items"].clone();
    let outcomes: Vec<&str> = files.as_array().unwrap().iter().map(|one| one["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["new", "refused", "known"]);
    assert!(files[1]["detail"].is_string());
    assert_eq!(files[0]["xray_id"], files[2]["xray_id"]);
    assert_eq!(api.site.drain().await, 1);

    let path = format!("/api/v1/predictions/{}", files[0]["prediction_id"].as_str().unwrap());
    let found = api.json(&api.doctor, &path).await;
    assert_eq!((&found["status"], found["models"].as_array().unwrap().len()), (&json!("completed"), 6));
    assert_eq!(found["notice"], "Decision support, not a diagnosis. A physician decides.");
    let other = if found["final_diagnosis"] == "COVID" { "Normal" } else { "COVID" };
    let review = json!({"verdict": "corrected", "corrected_label": other, "notes": "seen\ntwice"});
    let signed = api.post(&api.doctor, &format!("{path}/review"), review.clone()).await;
    assert_eq!(signed.status, 200, "{}", signed.body);
    assert_eq!(body(&signed)["is_validated"], true);
    let again = api.post(&api.doctor, &format!("{path}/review"), review).await;
    assert_eq!(again.status, 409, "a signed review stands");
    assert_eq!(api.json(&api.doctor, &path).await["corrected_label"], other);
}

#[tokio::test]
async fn asking_answers_at_once_or_waits_for_the_result() {
    let api = Api::of(Site::open().await).await;
    let sent = body(&api.upload(&api.doctor, &api.site.patient.to_string(), &[&film(1)]).await);
    api.site.drain().await;
    let xray = json!({"xray_id": sent["items"][0]["xray_id"]});

    let answer = api.post(&api.doctor, "/api/v1/predictions", xray.clone()).await;
    assert_eq!(answer.status, 202);
    let queued = body(&answer);
    assert_eq!(queued["status"], "pending");
    assert_eq!(queued.as_object().unwrap().len(), 2, "the guide's two fields");
    assert_eq!(answer.header("location"), format!("/api/v1/predictions/{}", queued["prediction_id"].as_str().unwrap()));
    api.site.drain().await;

    let bearer = format!("Bearer {}", api.doctor.token);
    let headers = |wait| [("authorization", bearer.as_str()), ("content-type", "application/json"), ("prefer", wait)];
    let waiting = headers("wait=10");
    let ask = api.site.ask("POST", "/api/v1/predictions", &waiting, Body::from(xray.to_string()));
    let work = async {
        while api.site.drain().await == 0 {
            tokio::task::yield_now().await;
        }
    };
    let (answer, ()) = tokio::join!(ask, work);
    assert_eq!((answer.status.as_u16(), answer.header("preference-applied")), (200, "wait=10"));
    let result = body(&answer);
    assert_eq!(result["status"], "completed");
    assert!(result["prediction_id"].is_string() && result["final_diagnosis"].is_string());

    let answer = api.site.ask("POST", "/api/v1/predictions", &headers("wait=0"), Body::from(xray.to_string())).await;
    assert_eq!((answer.status.as_u16(), body(&answer)["status"].as_str()), (202, Some("pending")));
}

#[tokio::test]
async fn what_is_queued_can_be_called_off_once() {
    let api = Api::of(Site::open().await).await;
    let sent = body(&api.upload(&api.doctor, &api.site.patient.to_string(), &[&film(1)]).await);
    let path = format!("/api/v1/predictions/{}", sent["items"][0]["prediction_id"].as_str().unwrap());
    let answer = api.call(&api.doctor, "POST", &format!("{path}/cancel"), None).await;
    assert_eq!((answer.status.as_u16(), body(&answer)["status"].as_str()), (200, Some("cancelled")));
    assert_eq!(api.call(&api.doctor, "POST", &format!("{path}/cancel"), None).await.status, 409);
    assert_eq!(api.json(&api.doctor, &path).await["status"], "cancelled");

    let jobs = api.json(&api.admin, "/api/v1/jobs?state=cancelled").await;
    let job = jobs["items"][0]["job_id"].as_str().unwrap();
    let retry = format!("/api/v1/jobs/{job}/retry");
    assert_eq!(api.call(&api.admin, "POST", &retry, None).await.status, 204);
    assert_eq!(api.call(&api.admin, "POST", &retry, None).await.status, 404);
    assert_eq!(api.site.drain().await, 1);
    assert_eq!(api.json(&api.doctor, &path).await["status"], "completed");
}

#[tokio::test]
async fn pictures_come_with_a_tag_and_are_not_sent_twice() {
    let api = Api::of(Site::open().await).await;
    let sent = body(&api.upload(&api.doctor, &api.site.patient.to_string(), &[&film(1)]).await);
    api.site.drain().await;
    let xray = format!("/api/v1/xrays/{}", sent["items"][0]["xray_id"].as_str().unwrap());
    let bearer = format!("Bearer {}", api.doctor.token);
    for (path, kind) in [
        (format!("{xray}/image"), "image/png"),
        (format!("{xray}/image?clahe=true"), "image/jpeg"),
        (format!("{xray}/pixels"), "application/octet-stream"),
        (xray.clone(), "application/json"),
    ] {
        let answer = api.get(&api.doctor, &path).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, kind), "{path}");
        let headers = [("authorization", bearer.as_str()), ("if-none-match", answer.header("etag"))];
        assert_eq!(api.site.get(&path, &headers).await.status, 304, "{path}");
    }
    assert_eq!(api.get(&api.doctor, &format!("{xray}/image?clahe=maybe")).await.status, 422);
    let prediction = sent["items"][0]["prediction_id"].as_str().unwrap();
    let detail = api.json(&api.doctor, &format!("/api/v1/predictions/{prediction}")).await;
    let network = detail["models"][0]["name"].as_str().unwrap();
    for name in [network, "agreement"] {
        let answer = api.get(&api.doctor, &format!("/api/v1/predictions/{prediction}/heat/{name}")).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "image/png"), "{name}");
    }
    assert_eq!(api.get(&api.doctor, &format!("/api/v1/predictions/{prediction}/heat/nobody")).await.status, 404);
}

#[tokio::test]
async fn a_review_that_does_not_fit_is_refused_by_field() {
    let api = Api::seeded(50).await;
    let row = api.rows(&PredictionFilter::awaiting_review()).await.remove(0);
    let path = format!("/api/v1/predictions/{}/review", row.id);
    for (review, field) in [
        (json!({"verdict": "corrected"}), "corrected_label"),
        (json!({"verdict": "confirmed", "corrected_label": "COVID"}), "corrected_label"),
        (json!({"verdict": "unsure", "notes": "\u{0}"}), "notes"),
        (json!({"verdict": "perhaps"}), "verdict"),
        (json!({"verdict": "unsure", "sign": true}), "sign"),
    ] {
        let answer = api.post(&api.doctor, &path, review.clone()).await;
        assert_eq!(
            (answer.status.as_u16(), body(&answer)["errors"][0]["field"].as_str()),
            (422, Some(field)),
            "{review}"
        );
    }
    let same = json!({"verdict": "corrected", "corrected_label": row.final_diagnosis});
    assert_eq!(api.post(&api.doctor, &path, same).await.status, 409);
    assert_eq!(api.post(&api.doctor, &path, json!({"verdict": "unsure"})).await.status, 200);
    api.site.clock.advance(std::time::Duration::from_secs(1));
    let settled = api.post(&api.doctor, &path, json!({"verdict": "confirmed"})).await;
    assert_eq!(settled.status, 200, "another may settle it: {}", settled.body);
}

#[tokio::test]
async fn every_look_is_written_down_before_it_is_answered() {
    let api = Api::seeded(5).await;
    let row = api.rows(&PredictionFilter::default()).await.remove(0);
    api.json(&api.doctor, &format!("/api/v1/predictions/{}", row.id)).await;
    api.json(&api.doctor, &format!("/api/v1/predictions?patient_id={}", row.patient_id)).await;
    api.json(&api.doctor, &format!("/api/v1/patients/{}", row.patient_id)).await;
    api.get(&api.doctor, "/api/v1/predictions/export").await;
    let filter = AuditFilter { actor: Some(api.doctor.viewer.user), ..AuditFilter::default() };
    let rows = api.site.app.store.audit().list(&filter, None, 10).await.unwrap().rows;
    let seen: Vec<_> = rows.iter().rev().map(|row| (row.event.action, row.event.object, row.event.patient)).collect();
    let patient = Some(row.patient_id);
    assert_eq!(
        seen,
        [
            (Action::View, Object::Prediction, patient),
            (Action::List, Object::Prediction, patient),
            (Action::View, Object::Patient, patient),
            (Action::Export, Object::Prediction, None),
        ]
    );
    assert!(rows.iter().all(|row| row.event.origin.ip == "127.0.0.1" && !row.event.origin.request_id.is_empty()));
}
