//! Lists: what they cost, how they go on, and what they refuse.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use thorax_domain::audit::{Action, Object};
use thorax_domain::user::Scope;
use thorax_store::audit::AuditFilter;
use thorax_store::predictions::PredictionFilter;
use thorax_store::statements::counting;

use crate::api::{Api, body, program};

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
    let asked = json!({"search": row.record_number, "limit": 50});
    let found = body(&api.post(&api.doctor, "/api/v1/predictions/_search", asked).await);
    let items = found["items"].as_array().unwrap();
    assert!(!items.is_empty() && items.iter().all(|one| one["record_number"] == row.record_number.as_str()));

    let answer = api.get(&api.doctor, "/api/v1/predictions?diagnosis=Flu&limit=0&page=2&cursor=zzz").await;
    assert_eq!(answer.status, 422);
    let errors = body(&answer)["errors"].clone();
    let fields: Vec<&str> = errors.as_array().unwrap().iter().map(|one| one["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["diagnosis", "limit", "cursor", "page"]);
}

/// Each search, what it looks for, its rows a page, and the statements it costs with the one that finds the token.
const SEARCHES: [(&str, &str, u64, usize); 3] =
    [("/api/v1/predictions", "d0000", 50, 3), ("/api/v1/patients", "d0000", 10, 3), ("/api/v1/users", "the", 3, 2)];

#[tokio::test]
async fn a_search_takes_its_text_in_the_body_and_goes_on_with_its_cursor() {
    let api = Api::seeded(300).await;
    for (list, text, limit, expected) in SEARCHES {
        let path = format!("{list}/_search");
        let (mut seen, mut pages, mut asked) = (BTreeSet::new(), 0, json!({"search": text, "limit": limit}));
        loop {
            let (answer, statements) = counting(api.post(&api.admin, &path, asked.clone())).await;
            assert_eq!((answer.status.as_u16(), statements), (200, expected), "{path}: {}", answer.body);
            let page = body(&answer);
            for item in page["items"].as_array().unwrap() {
                assert!(item.to_string().to_lowercase().contains(text), "{path}: {item}");
                assert!(seen.insert(item.to_string()), "{path}: a row came twice");
            }
            pages += 1;
            if page["next_cursor"].is_null() {
                break;
            }
            asked["cursor"] = page["next_cursor"].clone();
        }
        assert!(pages > 1, "{path} has {} rows", seen.len());
        let everything = body(&api.post(&api.admin, &path, json!({})).await);
        assert_eq!(everything, api.json(&api.admin, list).await, "{path} without a text is the list");
        assert_eq!(api.post(&api.admin, &path, json!({"limit": 25.0})).await.status, 200, "25.0 is whole");
        let refused = api.get(&api.admin, &format!("{list}?search={text}")).await;
        assert_eq!((refused.status.as_u16(), &body(&refused)["errors"][0]["field"]), (422, &json!("search")));
        let wrong = api.post(&api.admin, &path, json!({"search": 7, "limit": "3", "page": 2})).await;
        let errors = body(&wrong)["errors"].clone();
        let fields: Vec<&str> = errors.as_array().unwrap().iter().map(|one| one["field"].as_str().unwrap()).collect();
        assert_eq!(
            (wrong.status.as_u16(), BTreeSet::from_iter(fields)),
            (422, BTreeSet::from(["limit", "page", "search"]))
        );
    }
    let export = api.get(&api.doctor, "/api/v1/predictions/export?search=anna").await;
    assert_eq!((export.status.as_u16(), &body(&export)["errors"][0]["field"]), (422, &json!("search")));
}

#[tokio::test]
async fn a_search_needs_to_read_only_and_is_written_down() {
    let api = Api::seeded(5).await;
    let (reads, writes) = (
        program(&api.site, api.doctor.viewer, &[Scope::Read], None).await,
        program(&api.site, api.doctor.viewer, &[Scope::Write], None).await,
    );
    for list in ["/api/v1/predictions/_search", "/api/v1/patients/_search"] {
        assert_eq!(api.post(&reads, list, json!({"search": "anna"})).await.status, 200, "{list}");
        assert_eq!(api.post(&writes, list, json!({"search": "anna"})).await.status, 403, "{list}");
    }
    assert_eq!(api.post(&api.admin, "/api/v1/users/_search", json!({"search": "anna"})).await.status, 200);
    let searched = AuditFilter { action: Some(Action::Search), ..AuditFilter::default() };
    let log = api.site.app.store.audit().list(&searched, None, 50).await.unwrap().rows;
    let of: Vec<Object> = log.iter().map(|row| row.event.object).collect();
    assert_eq!(of, [Object::User, Object::Patient, Object::Prediction]);
    assert!(log.iter().all(|row| !serde_json::to_string(&row.event).unwrap().contains("anna")));
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
