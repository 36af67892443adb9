//! The guide's figures: from the cache, until something changes.

use std::time::Duration;

use serde_json::json;
use thorax_domain::user::Scope;
use thorax_store::predictions::PredictionFilter;
use thorax_store::statements::counting;

use crate::api::{Api, program};

const PATH: &str = "/api/v1/statistics";
/// The statement that finds the token.
const TOKEN: usize = 1;

#[tokio::test]
async fn the_figures_are_the_guides_and_add_up() {
    let api = Api::seeded(300).await;
    let found = api.json(&api.doctor, PATH).await;
    let number = |name: &str| found[name].as_u64().unwrap();
    let per: Vec<_> = found["per_diagnosis"].as_array().unwrap().iter().collect();
    assert_eq!(per.len(), 4);
    assert_eq!(per.iter().map(|one| one["count"].as_u64().unwrap()).sum::<u64>(), number("total"));
    let count = |name: &str| per.iter().find(|one| one["diagnosis"] == name).unwrap()["count"].as_u64().unwrap();
    assert_eq!((count("COVID"), count("Normal")), (number("covid_cases"), number("normal_cases")));
    assert!((0.2..=1.0).contains(&found["avg_confidence"].as_f64().unwrap()));
    assert_eq!(api.get(&api.patient, PATH).await.status, 403);
}

#[tokio::test]
async fn a_second_look_costs_nothing_and_a_change_is_seen_at_once() {
    let api = Api::seeded(50).await;
    let looked = async || counting(api.json(&api.doctor, PATH)).await;
    let (first, cost) = looked().await;
    assert_eq!(cost, TOKEN + 1);
    assert_eq!(looked().await, (first.clone(), TOKEN));

    let row = api.rows(&PredictionFilter::awaiting_review()).await.remove(0);
    let review = format!("/api/v1/predictions/{}/review", row.id);
    assert_eq!(api.post(&api.doctor, &review, json!({"verdict": "confirmed"})).await.status, 200);
    let (second, cost) = looked().await;
    assert_eq!(cost, TOKEN + 1);
    assert_eq!(second["validated"].as_u64().unwrap(), first["validated"].as_u64().unwrap() + 1);

    let patient = format!("/api/v1/patients/{}", row.patient_id);
    assert_eq!(api.call(&api.admin, "DELETE", &patient, None).await.status, 204);
    let (third, _) = looked().await;
    assert!(third["total"].as_u64() < second["total"].as_u64(), "what is erased does not count");
}

#[tokio::test]
async fn the_figures_expire_after_five_minutes_and_the_view_after_fifteen() {
    let api = Api::seeded(5).await;
    let admin = program(&api.site, api.admin.viewer, Scope::ALL, None).await;
    api.json(&admin, "/api/v1/me").await;
    let cost = async |who| counting(api.json(who, PATH)).await.1 - TOKEN;
    assert_eq!(cost(&api.doctor).await, 1);
    assert_eq!(cost(&admin).await, 0, "another role's view over the same figures");
    api.site.clock.advance(Duration::from_mins(16));
    // The token's last use is noted again, with one statement more.
    api.json(&api.doctor, "/api/v1/me").await;
    assert_eq!(cost(&api.doctor).await, 1);
}

#[tokio::test]
async fn a_hundred_who_ask_at_once_fill_it_once() {
    let api = Api::seeded(20).await;
    let all = futures_util::future::join_all((0..100).map(|_| api.get(&api.doctor, PATH)));
    let (answers, statements) = counting(all).await;
    assert!(answers.iter().all(|answer| answer.status == 200 && answer.body == answers[0].body));
    assert_eq!(statements, 100 * TOKEN + 1);
}

#[tokio::test]
async fn the_rest_of_the_figures_is_there() {
    let api = Api::seeded(300).await;
    for path in
        ["timeline?span=month", "timeline?from=2026-01-01T00:00:00Z&until=2026-02-01T00:00:00Z", "agreement", "reviews"]
    {
        let found = api.json(&api.doctor, &format!("{PATH}/{path}")).await;
        assert!(!found["items"].as_array().unwrap().is_empty(), "{path}");
    }
    assert_eq!(api.get(&api.doctor, &format!("{PATH}/timeline?span=year")).await.status, 422);
}
