//! Tokens and their scopes, patients, users, and what administrators see.

use serde_json::json;
use thorax_domain::user::Scope;

use crate::api::{Api, Program, body, program};

#[tokio::test]
async fn a_token_is_shown_once_does_what_it_may_and_can_be_revoked() {
    let api = Api::open().await;
    let answer =
        api.post(&api.doctor, "/api/v1/tokens", json!({"name": "ward 7", "scopes": ["read"], "days": 30})).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let made = body(&answer);
    let token = Program { viewer: api.doctor.viewer, token: made["token"].as_str().unwrap().to_owned() };
    assert_eq!(api.json(&token, "/api/v1/me").await["scopes"], json!(["read"]));
    assert_eq!(api.get(&token, "/api/v1/predictions").await.status, 200);
    let new = json!({"record_number": "7", "full_name": "Anna", "date_of_birth": "1980-02-01"});
    assert_eq!(api.post(&token, "/api/v1/patients", new).await.status, 403, "it may read only");

    let listed = api.json(&api.doctor, "/api/v1/tokens").await;
    let row = listed["items"].as_array().unwrap().iter().find(|one| one["name"] == "ward 7").unwrap();
    assert!(row.get("token").is_none() && made["token"].as_str().unwrap().starts_with(row["prefix"].as_str().unwrap()));
    let path = format!("/api/v1/tokens/{}", row["token_id"].as_str().unwrap());
    assert_eq!(api.call(&api.admin, "DELETE", &path, None).await.status, 404, "it is another's");
    assert_eq!(api.call(&api.doctor, "DELETE", &path, None).await.status, 204);
    let answer = api.get(&token, "/api/v1/predictions").await;
    assert_eq!((answer.status.as_u16(), answer.header("www-authenticate")), (401, "Bearer"));
}

#[tokio::test]
async fn a_token_ends_and_makes_none_that_may_more() {
    let api = Api::open().await;
    let writer = program(&api.site, api.doctor.viewer, &[Scope::Read, Scope::Write], Some(2)).await;
    let make = |scopes: &[&str], days: Option<u64>| json!({"name": "x", "scopes": scopes, "days": days});
    for (body, status) in [
        (make(&["read"], Some(1)), 201),
        (make(&["read", "review"], Some(1)), 403),
        (make(&["admin"], Some(1)), 403),
        (make(&["read"], None), 403),
        (make(&["read"], Some(0)), 422),
        (make(&[], Some(1)), 422),
        (make(&["all"], Some(1)), 422),
    ] {
        assert_eq!(api.post(&writer, "/api/v1/tokens", body.clone()).await.status, status, "{body}");
    }
    api.site.clock.advance(std::time::Duration::from_hours(72));
    assert_eq!(api.get(&writer, "/api/v1/me").await.status, 401);
}

#[tokio::test]
async fn each_scope_opens_its_own_doors() {
    let api = Api::seeded(200).await;
    let row = api.rows(&thorax_store::predictions::PredictionFilter::awaiting_review()).await.remove(0);
    let review = format!("/api/v1/predictions/{}/review", row.id);
    let xray = json!({"xray_id": row.xray_id});
    for (scope, expected) in [
        (Scope::Read, [200, 403, 403, 403]),
        (Scope::Write, [403, 202, 403, 403]),
        (Scope::Review, [403, 403, 200, 403]),
        (Scope::Admin, [403, 403, 403, 200]),
    ] {
        let program = program(&api.site, api.admin.viewer, &[scope], None).await;
        let got = [
            api.get(&program, "/api/v1/predictions").await.status.as_u16(),
            api.post(&program, "/api/v1/predictions", xray.clone()).await.status.as_u16(),
            api.post(&program, &review, json!({"verdict": "unsure"})).await.status.as_u16(),
            api.get(&program, "/api/v1/users").await.status.as_u16(),
        ];
        assert_eq!(got, expected, "{scope}");
    }
}

#[tokio::test]
async fn patients_are_made_changed_and_erased() {
    let api = Api::seeded(20).await;
    let new = json!({"record_number": "X-7", "full_name": "Anna Müller", "date_of_birth": "1980-02-01", "sex": "F"});
    let answer = api.post(&api.doctor, "/api/v1/patients", new.clone()).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let path = answer.header("location").to_owned();
    assert_eq!(api.post(&api.doctor, "/api/v1/patients", new).await.status, 409, "the number is taken");
    let found = api.get(&api.doctor, &path).await;
    assert_eq!(body(&found)["full_name"], "Anna Müller");

    let bearer = format!("Bearer {}", api.doctor.token);
    let headers = [("authorization", bearer.as_str()), ("if-none-match", found.header("etag"))];
    assert_eq!(api.site.get(&path, &headers).await.status, 304);
    let change = json!({"full_name": "Anna Maier"});
    let changed = api.call(&api.doctor, "PATCH", &path, Some(change)).await;
    assert_eq!((changed.status.as_u16(), &body(&changed)["full_name"]), (200, &json!("Anna Maier")));
    assert_eq!(api.site.get(&path, &headers).await.status, 200, "it has changed");
    for wrong in [json!({"full_name": " Anna"}), json!({"date_of_birth": "1980-02-30"}), json!({"id": 1})] {
        assert_eq!(api.call(&api.doctor, "PATCH", &path, Some(wrong.clone())).await.status, 422, "{wrong}");
    }

    assert_eq!(api.call(&api.doctor, "DELETE", &path, None).await.status, 403);
    assert_eq!(api.call(&api.admin, "DELETE", &path, None).await.status, 204);
    assert_eq!(api.get(&api.admin, &path).await.status, 404);
    assert_eq!(api.call(&api.admin, "DELETE", &path, None).await.status, 404);
}

#[tokio::test]
async fn administrators_keep_accounts_but_do_not_lock_themselves_out() {
    let api = Api::open().await;
    let new = json!({"username": "cuddy", "full_name": "Lisa Cuddy", "role": "doctor"});
    let answer = api.post(&api.admin, "/api/v1/users", new.clone()).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert!(body(&answer)["password"].as_str().unwrap().len() >= 20);
    let path = answer.header("location").to_owned();
    assert_eq!(api.post(&api.admin, "/api/v1/users", new).await.status, 409);
    let changed = api.call(&api.admin, "PATCH", &path, Some(json!({"role": "admin", "is_active": false}))).await;
    assert_eq!((&body(&changed)["role"], &body(&changed)["is_active"]), (&json!("admin"), &json!(false)));
    let own = format!("/api/v1/users/{}", api.admin.viewer.user);
    let locked_out = api.call(&api.admin, "PATCH", &own, Some(json!({"is_active": false}))).await;
    assert_eq!(locked_out.status, 409);
    let asked = json!({"search": "cud", "role": "admin", "active": false});
    let found = body(&api.post(&api.admin, "/api/v1/users/_search", asked).await);
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
    assert_eq!(api.get(&api.doctor, "/api/v1/users").await.status, 403);
}

#[tokio::test]
async fn administrators_see_how_the_house_is() {
    let api = Api::seeded(3).await;
    let system = api.json(&api.admin, "/api/v1/system").await;
    assert_eq!(
        (&system["database"], &system["cache"], &system["networks"]),
        (&json!("sqlite"), &json!("memory"), &json!("elsewhere"))
    );
    // No networks in this process: the figures of the process, and none of theirs.
    #[cfg(target_os = "linux")]
    assert!(
        system["resident_bytes"].as_u64().unwrap() > 0
            && system["peak_bytes"].as_u64() >= system["resident_bytes"].as_u64()
    );
    for figure in ["network_bytes", "budget_bytes", "lowered_budget_bytes", "out_of_memory", "card"] {
        assert_eq!(system.get(figure), Some(&json!(null)), "{figure}");
    }
    api.json(&api.admin, "/api/v1/statistics").await;
    api.json(&api.admin, "/api/v1/statistics").await;
    let caches = api.json(&api.admin, "/api/v1/caches").await;
    let view = caches["items"].as_array().unwrap().iter().find(|one| one["class"] == "view").unwrap().clone();
    assert_eq!((&view["hits"], &view["misses"]), (&json!(1), &json!(1)));
    assert_eq!(api.call(&api.admin, "DELETE", "/api/v1/caches", None).await.status, 204);
    let log = api.json(&api.admin, "/api/v1/audit?limit=1&object=cache").await;
    assert_eq!(log["items"][0]["action"], "clear");
    let older = log["next_cursor"].as_str().unwrap();
    let next = api.json(&api.admin, &format!("/api/v1/audit?limit=1&object=cache&cursor={older}")).await;
    assert_eq!(next["items"][0]["action"], "view");
}
