//! What programs are told when something goes wrong: one snapshot of each kind.

use axum::body::Body;
use serde_json::{Value, json};

use crate::api::{Api, Program, body};
use crate::site::Answer;

/// The problem, its request id taken out, which is that of the header.
fn problem(answer: &Answer) -> Value {
    assert_eq!(answer.header("content-type"), "application/problem+json", "{}", answer.body);
    let mut problem = body(answer);
    let id = problem.as_object_mut().unwrap().remove("request_id").unwrap();
    assert_eq!(id, answer.header("x-request-id"));
    problem
}

fn expected(kind: &str, title: &str, status: u16, detail: &str) -> Value {
    json!({"type": format!("urn:thorax:problem:{kind}"), "title": title, "status": status, "detail": detail})
}

#[tokio::test]
async fn each_kind_of_refusal_has_its_form() {
    let api = Api::open().await;
    let nobody = Program { viewer: api.doctor.viewer, token: "wrong".to_owned() };
    let none = "/api/v1/patients/0190a0a0-0000-7000-8000-000000000000";
    for (answer, wanted) in [
        (api.get(&nobody, "/api/v1/me").await, expected("sign-in", "Unauthorized", 401, "sign in first")),
        (
            api.get(&api.doctor, "/api/v1/users").await,
            expected("forbidden", "Forbidden", 403, "this part of the site is for others"),
        ),
        (api.get(&api.doctor, none).await, expected("not-found", "Not Found", 404, "there is nothing at this address")),
        (
            api.get(&api.doctor, "/api/v1/patients/7").await,
            expected("not-found", "Not Found", 404, "there is nothing at this address"),
        ),
        (
            api.get(&api.doctor, "/api/v1/nothing").await,
            expected("not-found", "Not Found", 404, "there is nothing at this address"),
        ),
        (
            api.call(&api.doctor, "PUT", "/api/v1/patients", None).await,
            expected("method-not-allowed", "Method Not Allowed", 405, "this address cannot be asked in this way"),
        ),
    ] {
        assert_eq!(problem(&answer), wanted);
    }
}

#[tokio::test]
async fn bodies_that_cannot_be_read_are_told_apart() {
    let api = Api::open().await;
    let bearer = format!("Bearer {}", api.doctor.token);
    let send = async |kind: &str, body: &str| {
        let headers = [("authorization", bearer.as_str()), ("content-type", kind)];
        api.site.ask("POST", "/api/v1/patients", &headers, Body::from(body.to_owned())).await
    };
    let answer = send("text/plain", "{}").await;
    let words = "send a body with Content-Type: application/json";
    assert_eq!(problem(&answer), expected("unsupported-type", "Unsupported Media Type", 415, words));
    let answer = send("application/json", "{").await;
    assert_eq!((answer.status.as_u16(), &problem(&answer)["type"]), (400, &json!("urn:thorax:problem:bad-request")));
    let answer = send("application/json", &format!("\"{}\"", "x".repeat(300 << 10))).await;
    let words = "the body is larger than is taken here";
    assert_eq!(problem(&answer), expected("too-large", "Payload Too Large", 413, words));
    let answer =
        send("application/json; charset=utf-8", r#"{"record_number":"1","full_name":"A","date_of_birth":3}"#).await;
    let mut wanted = expected("invalid", "Unprocessable Entity", 422, "some of what was sent cannot be accepted");
    wanted["errors"] = json!([{"field": "date_of_birth", "detail": "must be a string"}]);
    assert_eq!(problem(&answer), wanted);
    assert!(!answer.body.contains("full_name"), "what was sent is not repeated");
}

#[tokio::test]
async fn a_full_queue_says_when_to_come_back() {
    let api = Api::with(|web, _| web.queue = 0).await;
    let answer = api.upload(&api.doctor, &api.site.patient.to_string(), &[&crate::site::film(1)]).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, "15"));
    assert_eq!(problem(&answer)["type"], "urn:thorax:problem:unavailable");
}

#[tokio::test]
async fn a_form_without_files_or_patient_is_refused_by_field() {
    let api = Api::open().await;
    let patient = api.site.patient.to_string();
    let nobody = "0190a0a0-0000-7000-8000-000000000000";
    assert_eq!(problem(&api.upload(&api.doctor, &patient, &[]).await)["errors"][0]["field"], "files");
    assert_eq!(problem(&api.upload(&api.doctor, "7", &[b"x"]).await)["errors"][0]["field"], "patient_id");
    assert_eq!(api.upload(&api.doctor, nobody, &[b"x"]).await.status, 404);
    assert_eq!(api.upload(&api.patient, &patient, &[b"x"]).await.status, 403);
}

#[tokio::test]
async fn another_sites_form_is_refused() {
    let api = Api::open().await;
    let bearer = format!("Bearer {}", api.doctor.token);
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
        ("sec-fetch-site", "cross-site"),
        ("origin", "https://evil.example"),
    ];
    let answer = api.site.ask("POST", "/api/v1/patients", &headers, Body::from("{}")).await;
    assert_eq!((answer.status.as_u16(), &problem(&answer)["type"]), (403, &json!("urn:thorax:problem:cross-site")));
}

#[tokio::test]
async fn the_reference_and_the_document_are_for_everybody_and_need_no_script() {
    let api = Api::open().await;
    let page = api.site.get("/api/docs", &[("accept", "text/html")]).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("POST /api/v1/predictions") && !page.body.contains("style=\""));
    let document = api.site.get("/api/v1/openapi.json", &[]).await;
    assert_eq!((document.status.as_u16(), &body(&document)["openapi"]), (200, &json!("3.1.0")));
    let again = api.site.get("/api/v1/openapi.json", &[("if-none-match", document.header("etag"))]).await;
    assert_eq!(again.status, 304);
}
