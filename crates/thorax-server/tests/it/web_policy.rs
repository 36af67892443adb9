//! The written policy, tried: every route of the table, as everybody.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::Method;
use thorax_domain::audit::{Action, Outcome};
use thorax_domain::clock::Clock;
use thorax_domain::user::Viewer;
use thorax_server::web;
use thorax_server::web::policy::{Expected, Written, written};
use thorax_server::workflow::accounts::{NewToken, create_token};
use thorax_server::workflow::by::By;
use thorax_store::audit::AuditFilter;
use thorax_store::jobs::JobFilter;
use thorax_store::page::{PageRequest, PageSize};

use crate::web_world::{Answer, World};

#[test]
fn every_route_has_a_row_and_every_row_a_route() {
    let routes: BTreeSet<String> =
        web::routes().iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    let rows: BTreeSet<String> = written().iter().map(|row| format!("{} {}", row.method, row.path)).collect();
    let unwritten: Vec<_> = routes.difference(&rows).collect();
    let gone: Vec<_> = rows.difference(&routes).collect();
    assert!(unwritten.is_empty(), "routes without a row in web/policy/written: {unwritten:?}");
    assert!(gone.is_empty(), "rows without a route: {gone:?}");
    assert_eq!(rows.len(), written().len(), "a row is there twice");
}

/// What stands for the braces of a path: the things of the world.
struct Things(BTreeMap<&'static str, String>);

impl Things {
    /// The path with the ids of things that are there; sessions and tokens are those of whoever asks.
    async fn path(&self, world: &World, path: &str, caller: Option<Viewer>) -> String {
        let mut parts: Vec<String> = Vec::new();
        for part in path.split('/') {
            let before = parts.last().cloned().unwrap_or_default();
            parts.push(match part {
                "{name}" if before == "heat" && path.starts_with("/api/") => "agreement".to_owned(),
                "{name}" if before == "heat" => "agreement.png".to_owned(),
                "{name}" => self.0["asset"].clone(),
                part if part.starts_with('{') => match (before.as_str(), caller) {
                    ("sessions", Some(caller)) => world.session(caller).await.1.to_string(),
                    ("tokens", Some(caller)) => token(world, caller).await,
                    (kind, _) => self.0.get(kind).cloned().unwrap_or_else(|| self.0["xrays"].clone()),
                },
                part => part.to_owned(),
            });
        }
        parts.join("/")
    }
}

async fn token(world: &World, viewer: Viewer) -> String {
    let by = By { viewer, origin: thorax_domain::audit::Origin::default() };
    let new = NewToken { name: "test".to_owned(), scopes: "read".parse().unwrap(), lasts: None };
    create_token(&world.site.app, &by, new).await.unwrap().token.id.to_string()
}

/// What a form of a route holds, so that it does something.
fn form(path: &str) -> &'static str {
    match path {
        "/account" => "full_name=The+Same",
        "/account/tokens" => "name=x&scope=read&days=1",
        "/predictions/{id}/review" => "verdict=confirmed",
        "/admin/users/{id}/role" => "role=patient",
        "/admin/users/{id}/active" => "active=1",
        "/login" | "/account/password" | "/register" | "/admin/users" => {
            "username=x&current=x&password=x&password_again=x"
        }
        _ => "",
    }
}

fn outcome(answer: &Answer) -> Expected {
    match answer.status.as_u16() {
        401 => Expected::SignIn,
        303 if answer.header("location").starts_with("/login") && !answer.header("location").contains("said=") => {
            Expected::SignIn
        }
        403 => Expected::Forbidden,
        404 => Expected::Nothing,
        500.. => panic!("{}: {}", answer.status, answer.body),
        _ => Expected::Served,
    }
}

/// A world, and the ids of what is in it.
async fn world() -> (World, Things) {
    let world = World::open().await;
    let (xray, prediction) = world.released(1).await;
    let (_, waiting) = world.taken_in(2).await;
    let jobs = world.site.app.store.jobs();
    assert!(jobs.cancel(waiting, world.site.clock.now(), &[]).await.unwrap());
    let of = JobFilter { state: None, prediction: Some(waiting) };
    let job = jobs.list(&of, &PageRequest::first(PageSize::DEFAULT)).await.unwrap().rows[0].id;
    let page = world.ask("GET", "/login", &[("accept", "text/html")], "").await.body;
    let asset = page.split("/static/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let things = Things(BTreeMap::from([
        ("asset", asset),
        ("xrays", xray.to_string()),
        ("predictions", prediction.to_string()),
        ("patients", world.patient.to_string()),
        ("users", world.other.user.to_string()),
        ("jobs", job.to_string()),
    ]));
    (world, things)
}

/// What is wrong with one row in a world.
async fn try_row(world: &World, things: &Things, row: &Written) -> Vec<String> {
    let callers = [None, Some(world.owner), Some(world.other), Some(world.doctor), Some(world.admin)];
    let mut wrong = Vec::new();
    for (caller, expected) in callers.into_iter().zip(row.gets) {
        let path = things.path(world, row.path, caller).await;
        let mut headers = vec![("accept", "text/html".to_owned())];
        if let Some(caller) = caller {
            headers.push(("cookie", world.session(caller).await.0));
        }
        let is_api = row.path.starts_with("/api/");
        let body = if is_api && row.method != Method::GET { "{}" } else { form(row.path) };
        let kind = if is_api { "application/json" } else { "application/x-www-form-urlencoded" };
        if row.method != Method::GET {
            headers.push(("content-type", kind.to_owned()));
        }
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = world.ask(row.method.as_str(), &path, &headers, body.to_owned()).await;
        let got = outcome(&answer);
        if got != expected {
            let who = caller.map_or("nobody", |caller| caller.role.word());
            wrong.push(format!("{} {} as {who}: {got:?} ({}), not {expected:?}", row.method, row.path, answer.status));
        }
    }
    wrong
}

#[tokio::test]
async fn every_route_does_for_everybody_what_the_policy_says() {
    let takes_away =
        |row: &Written| row.method == Method::DELETE || row.path.ends_with("/delete") || row.path.ends_with("/erase");
    let (last, rows): (Vec<_>, Vec<_>) = written().into_iter().partition(takes_away);
    let mut wrong = Vec::new();
    let (shared, things) = world().await;
    for row in rows {
        wrong.extend(try_row(&shared, &things, &row).await);
    }
    for row in last {
        let (own, things) = world().await;
        wrong.extend(try_row(&own, &things, &row).await);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn nobody_learns_of_what_is_not_theirs_and_the_log_tells_who_tried() {
    let world = World::open().await;
    let (xray, prediction) = world.read(1).await;
    let paths = [
        format!("/xrays/{xray}"),
        format!("/xrays/{xray}/image.png"),
        format!("/xrays/{xray}/image.png?clahe=1"),
        format!("/xrays/{xray}/pixels"),
        format!("/predictions/{prediction}/progress"),
        format!("/predictions/{prediction}/heat/agreement.png"),
        format!("/patients/{}", world.patient),
    ];
    for path in &paths {
        // Not even the patient, before a doctor has released it.
        for viewer in [world.owner, world.other] {
            let answer = world.get(viewer, path).await;
            assert_eq!(answer.status, 404, "{path}");
            assert!(!answer.body.contains(crate::web_world::NAME), "{path}");
        }
        assert_eq!(world.get(world.doctor, path).await.status, 200, "{path}");
    }
    assert_eq!(world.get(world.doctor, "/xrays/not-an-id").await.status, 404);
    assert_eq!(world.get(world.owner, "/worklist").await.status, 403);
    let tried = AuditFilter { actor: Some(world.owner.user), action: Some(Action::View), ..AuditFilter::default() };
    let log = world.site.app.store.audit().list(&tried, None, 50).await.unwrap().rows;
    assert!(log.iter().any(|row| row.event.outcome == Outcome::Denied && row.event.object_id == "/worklist"));
}

#[tokio::test]
async fn a_token_opens_the_api_only() {
    let world = World::open().await;
    let by = By { viewer: world.doctor, origin: thorax_domain::audit::Origin::default() };
    let new = NewToken { name: "test".to_owned(), scopes: "read write".parse().unwrap(), lasts: None };
    let made = create_token(&world.site.app, &by, new).await.unwrap();
    let bearer = format!("Bearer {}", made.secret.expose());
    let answer = world.ask("GET", "/worklist", &[("authorization", &bearer), ("accept", "text/html")], "").await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/login?next=/worklist"));
}
