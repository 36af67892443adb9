//! What stands around every answer: headers, ids, times, errors, metrics, health.

use axum::body::Body;
use thorax_server::app::Networks;
use thorax_server::config::secret;

use crate::site::Site;

async fn bare() -> Site {
    // Numbers are counted from here on.
    thorax_server::telemetry::metrics();
    Site::with(Networks::elsewhere(), |_, _| ()).await
}

#[tokio::test]
async fn every_answer_carries_what_keeps_a_browser_safe() {
    let site = bare().await;
    for path in ["/healthz", "/no/such/page", "/api/v1/nothing"] {
        let answer = site.get(path, &[]).await;
        let policy = answer.header("content-security-policy");
        for part in
            ["default-src 'self'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"]
        {
            assert!(policy.contains(part), "{path}: {part} in {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "same-origin");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin");
        assert!(answer.header("permissions-policy").contains("camera=()"));
        assert_eq!(answer.header("cache-control"), "private, no-store");
        assert!(answer.header("server-timing").starts_with("total;dur="), "{path}");
        assert_eq!(answer.header("x-request-id").len(), 36);
        assert_eq!(answer.header("strict-transport-security"), "", "only where there is TLS");
    }
}

#[tokio::test]
async fn behind_tls_browsers_are_told_to_stay_there() {
    let set =
        |web: &mut thorax_server::config::WebOptions, _: &mut _| web.public_url = Some("https://x.example".into());
    let site = Site::with(Networks::elsewhere(), set).await;
    assert!(site.get("/healthz", &[]).await.header("strict-transport-security").contains("max-age=31536000"));
}

#[tokio::test]
async fn what_is_not_there_is_a_page_for_people_and_a_problem_for_programs() {
    let site = bare().await;
    let page = site.get("/no/such/page", &[("accept", "text/html")]).await;
    assert_eq!(page.status, 404);
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(page.body.contains(page.header("x-request-id")), "the page names the request");
    let problem = site.get("/api/v1/nothing", &[]).await;
    assert_eq!(problem.status, 404);
    assert_eq!(problem.header("content-type"), "application/problem+json");
    let body: serde_json::Value = serde_json::from_str(&problem.body).unwrap();
    assert_eq!(body["type"], "urn:thorax:problem:not-found");
    assert_eq!(body["request_id"], problem.header("x-request-id"));
    let wrong_method = site.ask("DELETE", "/healthz", &[("accept", "application/json")], Body::empty()).await;
    assert_eq!(wrong_method.status, 405);
    assert!(wrong_method.header("allow").contains("GET"));
}

#[tokio::test]
async fn forms_of_other_sites_are_not_taken() {
    let site = bare().await;
    for headers in [
        vec![("host", "thorax.example"), ("sec-fetch-site", "cross-site")],
        vec![("host", "thorax.example"), ("sec-fetch-site", "same-site")],
        vec![("host", "thorax.example"), ("origin", "https://evil.example")],
        vec![("host", "thorax.example"), ("origin", "null")],
    ] {
        let answer = site.ask("POST", "/healthz", &headers, Body::empty()).await;
        assert_eq!(answer.status, 403, "{headers:?}");
        assert!(
            answer.body.contains("did not come from this site") || answer.body.contains("not for you"),
            "{}",
            answer.body
        );
    }
    let own = [("host", "thorax.example"), ("sec-fetch-site", "same-origin")];
    assert_eq!(site.ask("POST", "/healthz", &own, Body::empty()).await.status, 405);
}

#[tokio::test]
async fn metrics_are_for_this_machine_and_for_who_holds_the_token() {
    let site = bare().await;
    site.get("/healthz", &[]).await;
    let metrics = site.get("/metrics", &[]).await;
    assert_eq!(metrics.status, 200);
    assert!(metrics.header("content-type").starts_with("text/plain; version=0.0.4"));
    for line in [
        "thorax_http_requests_total{method=\"GET\",route=\"/healthz\",status=\"200\"}",
        "# TYPE thorax_http_request_seconds histogram",
        "thorax_jobs_waiting 0",
    ] {
        assert!(metrics.body.contains(line), "{line} is not in {}", metrics.body);
    }
    assert_ne!(site.get("/metrics", &[("x-test-from", "192.0.2.1")]).await.status, 200);
    assert_ne!(
        site.get("/metrics", &[("x-forwarded-for", "127.0.0.1")]).await.status,
        200,
        "a proxy speaks for others"
    );

    let Ok(token) = secret("open sesame");
    let site = Site::with(Networks::elsewhere(), |web, _| web.metrics_token = Some(token)).await;
    let from = ("x-test-from", "192.0.2.1");
    assert_eq!(site.get("/metrics", &[from, ("authorization", "Bearer open sesame")]).await.status, 200);
    assert_ne!(site.get("/metrics", &[from, ("authorization", "Bearer open sesam")]).await.status, 200);
    assert_ne!(site.get("/metrics", &[]).await.status, 200, "where there is a token, it is needed");
}

#[tokio::test]
async fn ready_is_what_can_read_and_is_not_ending() {
    let site = bare().await;
    assert_eq!(site.get("/readyz", &[]).await.status, 200);
    site.app.set_preparing(true);
    let preparing = site.get("/readyz", &[]).await;
    assert_eq!(preparing.status, 503);
    assert!(preparing.body.contains("sample X-rays"));
    site.app.set_preparing(false);
    site.app.stop.cancel();
    assert_eq!(site.get("/readyz", &[]).await.status, 503);
    assert_eq!(site.get("/healthz", &[]).await.status, 200);
}

#[tokio::test]
async fn no_two_routes_are_one() {
    let mut seen = std::collections::BTreeSet::new();
    for route in thorax_server::web::routes() {
        assert!(seen.insert((route.path, route.method.to_string())), "{route:?} is there twice");
    }
    // Building the router proves that no two paths contradict each other.
    bare().await;
}
