//! Lists: what they cost, how they go on, and what they refuse.

use std::collections::BTreeSet;

use serde_json::Value;
use thorax_store::predictions::PredictionFilter;
use thorax_store::statements::counting;

use crate::api::{Api, body};

/// Each list, and the statements it costs with the one that finds the token.
const COSTS: [(&str, usize); 9] = [
    ("/api/v1/predictions?limit=50", 2),
    ("/api/v1/predictions?limit=50&diagnosis=COVID&validated=false&confidence_from=0.1&source=demo", 2),
    ("/api/v1/predictions/export", 3),
    ("/api/v1/xrays?limit=50", 3),
    ("/api/v1/patients?limit=50", 2),
    ("/api/v1/users?limit=50", 2),
    ("/api/v1/jobs?limit=50", 2),
    ("/api/v1/audit?limit=50", 2),
    ("/api/v1/statistics/reviews", 2),
];

#[tokio::test]
async fn a_list_costs_the_same_for_one_row_and_for_fifty() {
    for rows in [1, 50] {
        let api = Api::seeded(rows).await;
        for (path, expected) in COSTS {
            let (answer, statements) = counting(api.get(&api.admin, path)).await;
            assert_eq!((answer.status.as_u16(), statements), (200, expected), "{path} of {rows} rows");
        }
    }
}

#[tokio::test]
async fn one_thing_costs_the_same_however_much_there_is() {
    for rows in [1, 50] {
        let api = Api::seeded(rows).await;
        let row = &api.rows(&PredictionFilter::default()).await[0];
        for (path, expected) in [
            (format!("/api/v1/predictions/{}", row.id), 5),
            (format!("/api/v1/patients/{}", row.patient_id), 2),
            ("/api/v1/me".to_owned(), 1),
        ] {
            let (answer, statements) = counting(api.get(&api.admin, &path)).await;
            assert_eq!((answer.status.as_u16(), statements), (200, expected), "{path} of {rows} rows");
        }
        let path = format!("/api/v1/xrays/{}", row.xray_id);
        let (answer, statements) = counting(api.get(&api.admin, &path)).await;
        assert!(answer.status == 200 && statements <= 8, "{path} costs {statements}");
    }
}

#[tokio::test]
async fn cursors_lead_through_the_whole_list_once() {
    let api = Api::seeded(120).await;
    let (mut seen, mut pages, mut cursor) = (BTreeSet::new(), 0, String::new());
    loop {
        let page = api.json(&api.doctor, &format!("/api/v1/predictions?limit=50{cursor}")).await;
        for item in page["items"].as_array().unwrap() {
            assert!(seen.insert(item["prediction_id"].as_str().unwrap().to_owned()), "a row came twice");
        }
        pages += 1;
        match &page["next_cursor"] {
            Value::String(next) => cursor = format!("&cursor={next}"),
            _ => break,
        }
    }
    assert_eq!((seen.len(), pages), (120, 3));
}

#[tokio::test]
async fn filters_hold_together_and_wrong_ones_are_named() {
    let api = Api::seeded(200).await;
    let page = api.json(&api.doctor, "/api/v1/predictions?diagnosis=Lung%20Opacity&validated=true&limit=50").await;
    let items = page["items"].as_array().unwrap();
    assert!(!items.is_empty());
    assert!(items.iter().all(|one| one["final_diagnosis"] == "Lung Opacity" && one["is_validated"] == true));
    let row = &api.rows(&PredictionFilter::default()).await[0];
    let found = api.json(&api.doctor, &format!("/api/v1/predictions?search={}", row.record_number)).await;
    assert!(found["items"].as_array().unwrap().iter().all(|one| one["record_number"] == row.record_number.as_str()));

    let answer = api.get(&api.doctor, "/api/v1/predictions?diagnosis=Flu&limit=0&page=2&cursor=zzz").await;
    assert_eq!(answer.status, 422);
    let errors = body(&answer)["errors"].clone();
    let fields: Vec<&str> = errors.as_array().unwrap().iter().map(|one| one["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["diagnosis", "limit", "cursor", "page"]);
}

#[tokio::test]
async fn a_patient_sees_nothing_of_others() {
    let api = Api::seeded(50).await;
    for list in ["/api/v1/predictions", "/api/v1/xrays"] {
        assert_eq!(api.json(&api.patient, list).await["items"], serde_json::json!([]), "{list}");
    }
    let row = &api.rows(&PredictionFilter::default()).await[0];
    for path in [
        format!("/api/v1/predictions/{}", row.id),
        format!("/api/v1/xrays/{}", row.xray_id),
        format!("/api/v1/patients/{}", row.patient_id),
    ] {
        assert_eq!(api.get(&api.patient, &path).await.status, 404, "{path}");
        assert_eq!(api.get(&api.doctor, &path).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn an_export_holds_every_row_in_both_forms() {
    let api = Api::seeded(250).await;
    let answer = api.get(&api.doctor, "/api/v1/predictions/export").await;
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
    assert!(answer.header("content-disposition").contains("predictions.csv"));
    assert_eq!(answer.body.lines().count(), 251);
    assert!(answer.body.starts_with("prediction_id,status,xray_id,"));
    let answer = api.get(&api.doctor, "/api/v1/predictions/export?format=jsonl&validated=false").await;
    let rows: Vec<Value> = answer.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(!rows.is_empty() && rows.iter().all(|row| row["is_validated"] == false));
    assert_eq!(api.get(&api.doctor, "/api/v1/predictions/export?format=xlsx").await.status, 422);
}
