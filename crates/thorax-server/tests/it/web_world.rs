//! Everybody who comes to the site, a film that was read and released, and requests as one of them.

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use std::net::SocketAddr;
use thorax_domain::clock::Clock;
use thorax_domain::ids::{PatientId, PredictionId, SessionId, XRayId};
use thorax_domain::patient::{FullName, RecordNumber, Sex};
use thorax_domain::review::Decision;
use thorax_domain::user::{Role, Session, Viewer};
use thorax_server::workflow::accounts::Secret;
use thorax_server::workflow::intake::{NewFile, Taken, take_in};
use thorax_store::patients::NewPatient;
use thorax_store::statements::Statements;
use tower::ServiceExt;

use crate::site::{Site, film, user};

/// A name that must be nowhere but on pages.
pub const NAME: &str = "Wilhelmine Quastenflosser";
/// A number that must be nowhere but on pages.
pub const NUMBER: &str = "ZX-4711-Q";

/// The site and everybody who comes to it.
pub struct World {
    /// The site.
    pub site: Site,
    /// An administrator.
    pub admin: Viewer,
    /// A doctor.
    pub doctor: Viewer,
    /// The patient whose film was read.
    pub owner: Viewer,
    /// Another patient.
    pub other: Viewer,
    /// The owner as a patient.
    pub patient: PatientId,
}

/// An answer, with its body read and its statements.
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, as far as it is text.
    pub body: String,
    /// The body.
    pub bytes: Vec<u8>,
    /// How many statements it took.
    pub statements: usize,
}

impl Answer {
    /// A header as text, empty where it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The session cookie that the answer sets.
    pub fn cookie(&self) -> String {
        let mut cookies = self.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
        let cookie = cookies.rfind(|text| text.starts_with("thorax=")).unwrap();
        cookie.split(';').next().unwrap().to_owned()
    }
}

impl World {
    /// The site with everybody in it.
    pub async fn open() -> Self {
        Self::over(Site::open().await).await
    }

    /// Everybody on a site.
    pub async fn over(site: Site) -> Self {
        let (store, now) = (&site.app.store, site.clock.now());
        let admin = user(store, "chief", Role::Admin, now).await;
        let owner = user(store, "owner", Role::Patient, now).await;
        let other = user(store, "other", Role::Patient, now).await;
        let mut patients = Vec::new();
        for (viewer, number, name) in [(owner, NUMBER, NAME), (other, "R-3", "Somebody Else")] {
            let patient = NewPatient {
                id: PatientId::new(now),
                user_id: Some(viewer.user),
                record_number: RecordNumber::new(number).unwrap(),
                full_name: FullName::new(name).unwrap(),
                date_of_birth: "1980-02-01".parse().unwrap(),
                sex: Sex::Female,
                created_at: now,
            };
            store.patients().create(&patient, &[]).await.unwrap();
            patients.push(patient.id);
        }
        Self { doctor: site.doctor, admin, owner, other, patient: patients[0], site }
    }

    /// A film of the owner, taken in.
    pub async fn taken_in(&self, number: u32) -> (XRayId, PredictionId) {
        let file = NewFile { patient: self.patient, ..self.site.file(film(number)) };
        let Taken::New { xray, prediction } = take_in(&self.site.app, file).await.unwrap() else {
            panic!("the film was there already");
        };
        (xray, prediction)
    }

    /// A film of the owner, taken in and read.
    pub async fn read(&self, number: u32) -> (XRayId, PredictionId) {
        let known = self.taken_in(number).await;
        assert_eq!(self.site.drain().await, 1);
        known
    }

    /// A film of the owner, read and released.
    pub async fn released(&self, number: u32) -> (XRayId, PredictionId) {
        let (xray, prediction) = self.read(number).await;
        let (store, now) = (self.site.app.store.predictions(), self.site.clock.now());
        let notes = ("Nothing to worry about.", now);
        store.review(prediction, &Decision::Confirm, self.doctor.user, notes, &[]).await.unwrap().unwrap();
        (xray, prediction)
    }

    /// A new session of somebody: its cookie and its id.
    pub async fn session(&self, viewer: Viewer) -> (String, SessionId) {
        let (secret, now) = (Secret::new("").unwrap(), self.site.clock.now());
        let session = Session {
            id: SessionId::new(now),
            user_id: viewer.user,
            created_at: now,
            seen_at: now,
            expires_at: now.plus(std::time::Duration::from_hours(24 * 14)),
            ip: "192.0.2.7".to_owned(),
            agent: "test".to_owned(),
        };
        self.site.app.store.sessions().begin(&session, &secret.hash(), None, &[]).await.unwrap();
        (format!("thorax={}", secret.expose()), session.id)
    }

    /// Asks for a page as somebody.
    pub async fn get(&self, viewer: Viewer, path: &str) -> Answer {
        let (cookie, _) = self.session(viewer).await;
        self.ask("GET", path, &[("cookie", &cookie), ("accept", "text/html")], "").await
    }

    /// Sends a form as somebody.
    pub async fn post(&self, viewer: Viewer, path: &str, form: &str) -> Answer {
        let (cookie, _) = self.session(viewer).await;
        self.form(path, form, &[("cookie", &cookie)]).await
    }

    /// Searches a list as somebody: where the site then sends them.
    pub async fn search(&self, viewer: Viewer, list: &str, form: &str) -> String {
        let sent = self.post(viewer, &format!("{list}/search"), form).await;
        assert_eq!(sent.status, 303, "{form}: {}", sent.body);
        sent.header("location").to_owned()
    }

    /// Sends a form with headers.
    pub async fn form(&self, path: &str, form: &str, headers: &[(&str, &str)]) -> Answer {
        let kind = [("content-type", "application/x-www-form-urlencoded"), ("accept", "text/html")];
        self.ask("POST", path, &[&kind, headers].concat(), form.to_owned()).await
    }

    /// Sends a request from somewhere else.
    pub async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let from = headers.iter().find(|(name, _)| *name == "x-test-from").map_or("192.0.2.7", |(_, from)| *from);
        let from: SocketAddr = format!("{from}:40000").parse().unwrap();
        let request = request.extension(ConnectInfo(from)).body(body.into()).unwrap();
        let (head, body) = self.site.router.clone().oneshot(request).await.unwrap().into_parts();
        let statements = head.extensions.get::<Statements>().map_or(0, Statements::count);
        let bytes = body.collect().await.unwrap().to_bytes().to_vec();
        let body = String::from_utf8_lossy(&bytes).into_owned();
        Answer { status: head.status, headers: head.headers, body, bytes, statements }
    }
}
