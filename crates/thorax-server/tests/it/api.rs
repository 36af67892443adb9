//! The API as programs use it: the site of `site`, an account of each role, and a token with every scope for each.

use axum::body::Body;
use serde_json::Value;
use thorax_domain::clock::Clock;
use thorax_domain::ids::{TokenId, UserId};
use thorax_domain::user::{ApiToken, Role, Scope, Scopes, Viewer};
use thorax_server::app::Networks;
use thorax_server::config::{WebOptions, WorkOptions};
use thorax_server::workflow::accounts::hash;
use thorax_store::Seed;
use thorax_store::page::{PageRequest, PageSize};
use thorax_store::predictions::{PredictionFilter, PredictionRow};

use crate::site::{Answer, Site, user};

/// The site, and who calls it.
pub struct Api {
    /// The site.
    pub site: Site,
    /// An administrator.
    pub admin: Program,
    /// A doctor.
    pub doctor: Program,
    /// A patient, of whom nothing is known.
    pub patient: Program,
}

/// A program that acts for somebody.
pub struct Program {
    /// For whom.
    pub viewer: Viewer,
    /// Its token.
    pub token: String,
}

impl Api {
    /// Without networks.
    pub async fn open() -> Self {
        Self::with(|_, _| ()).await
    }

    /// With other settings.
    pub async fn with(set: impl FnOnce(&mut WebOptions, &mut WorkOptions)) -> Self {
        Self::of(Site::with(Networks::elsewhere(), set).await).await
    }

    /// Over a site.
    pub async fn of(site: Site) -> Self {
        let mut programs = Vec::new();
        for (name, role) in [("root", Role::Admin), ("wilson", Role::Doctor), ("anna", Role::Patient)] {
            let viewer = user(&site.app.store, name, role, site.clock.now()).await;
            programs.push(program(&site, viewer, Scope::ALL, None).await);
        }
        let [admin, doctor, patient] = <[Program; 3]>::try_from(programs).ok().unwrap();
        Self { site, admin, doctor, patient }
    }

    /// With made-up predictions.
    pub async fn seeded(predictions: u64) -> Self {
        let api = Self::open().await;
        let seed = Seed { predictions, number: 7, now: api.site.clock.now() };
        api.site.app.store.seed(seed, |_| ()).await.unwrap();
        // The first use of a token is noted, with statements that later ones don't cost.
        for who in [&api.admin, &api.doctor, &api.patient] {
            api.json(who, "/api/v1/me").await;
        }
        api
    }

    /// What is there, newest first.
    pub async fn rows(&self, filter: &PredictionFilter) -> Vec<PredictionRow> {
        let page = PageRequest::first(PageSize::LARGEST);
        self.site.app.store.predictions().list(self.admin.viewer, filter, &page).await.unwrap().rows
    }

    /// Asks.
    pub async fn get(&self, who: &Program, path: &str) -> Answer {
        self.call(who, "GET", path, None).await
    }

    /// Asks, and the answer is as it should be.
    pub async fn json(&self, who: &Program, path: &str) -> Value {
        let answer = self.get(who, path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        body(&answer)
    }

    /// Sends JSON.
    pub async fn post(&self, who: &Program, path: &str, json: Value) -> Answer {
        self.call(who, "POST", path, Some(json)).await
    }

    /// Sends a request.
    pub async fn call(&self, who: &Program, method: &str, path: &str, json: Option<Value>) -> Answer {
        let bearer = format!("Bearer {}", who.token);
        let mut headers = vec![("authorization", bearer.as_str())];
        if json.is_some() {
            headers.push(("content-type", "application/json"));
        }
        let body = json.map_or_else(Body::empty, |json| Body::from(json.to_string()));
        self.site.ask(method, path, &headers, body).await
    }

    /// Sends files of one patient.
    pub async fn upload(&self, who: &Program, patient: &str, files: &[&[u8]]) -> Answer {
        let bearer = format!("Bearer {}", who.token);
        let headers = [("authorization", bearer.as_str()), ("content-type", "multipart/form-data; boundary=xxx")];
        self.site.ask("POST", "/api/v1/xrays", &headers, Body::from(form(patient, files))).await
    }
}

/// A form of one patient with files.
fn form(patient: &str, files: &[&[u8]]) -> Vec<u8> {
    let mut form =
        format!("--xxx\r\nContent-Disposition: form-data; name=\"patient_id\"\r\n\r\n{patient}\r\n").into_bytes();
    for file in files {
        form.extend(b"--xxx\r\nContent-Disposition: form-data; name=\"files\"; filename=\"f\"\r\n\r\n");
        form.extend(*file);
        form.extend(b"\r\n");
    }
    form.extend(b"--xxx--\r\n");
    form
}

/// The JSON of an answer.
pub fn body(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap()
}

/// A program with a token of some scopes.
pub async fn program(site: &Site, viewer: Viewer, scopes: &[Scope], days: Option<u64>) -> Program {
    let now = site.clock.now();
    let id = TokenId::new(now);
    let token = format!("thorax_{id}");
    let kept = ApiToken {
        id,
        user_id: UserId::from_uuid(viewer.user.uuid()),
        name: "a test".to_owned(),
        prefix: token[..13].to_owned(),
        scopes: Scopes(scopes.iter().copied().collect()),
        created_at: now,
        expires_at: days.map(|days| now.plus(std::time::Duration::from_secs(days * 86_400))),
        last_used_at: Some(now),
        revoked_at: None,
    };
    site.app.store.tokens().create(&kept, &hash(&token), &[]).await.unwrap();
    Program { viewer, token }
}
