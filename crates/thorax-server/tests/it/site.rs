//! The site in this process: its services on a database in a folder of its own, its router without a socket, a clock that is
//! moved by hand. Workers do their work when they are told to.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode};
use bytes::Bytes;
use http_body_util::BodyExt;
use std::net::SocketAddr;
use thorax_domain::clock::{Clock, FixedClock, Timestamp};
use thorax_domain::ids::{PatientId, UserId};
use thorax_domain::job::Priority;
use thorax_domain::patient::{FullName, RecordNumber, Sex};
use thorax_domain::user::{Role, Username, Viewer};
use thorax_domain::xray::Source;
use thorax_imaging::encode;
use thorax_inference::analyzer::{Analyzer, Settings as AnalyzerSettings};
use thorax_inference::bundle::Bundle;
use thorax_inference::engine::{self, Choice, Places};
use thorax_server::app::{App, Networks, Parts};
use thorax_server::config::{WebOptions, WorkOptions};
use thorax_server::jobs::Workers;
use thorax_server::web;
use thorax_server::workflow::intake::NewFile;
use thorax_store::blobs::Blobs;
use thorax_store::cache::Cache;
use thorax_store::patients::NewPatient;
use thorax_store::users::NewUser;
use thorax_store::{Settings, Store};
use tower::ServiceExt;

use crate::films;
use crate::program::toy;

/// The site, with a doctor and a patient in it.
pub struct Site {
    /// Its services.
    pub app: Arc<App>,
    /// Its router.
    pub router: Router,
    /// Its clock.
    pub clock: FixedClock,
    /// A doctor.
    pub doctor: Viewer,
    /// Somebody to take X-rays of.
    pub patient: PatientId,
    /// Everything is under it, and goes with it.
    _folder: tempfile::TempDir,
}

/// An answer, with its body read.
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: String,
}

impl Answer {
    /// A header as text, empty where it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// The toy's six networks.
pub fn networks() -> Networks {
    let bundle = Bundle::open(&toy()).unwrap();
    let engine = engine::open(Choice::Rten, &Places::default()).unwrap();
    let settings = AnalyzerSettings { threads: 2, ..AnalyzerSettings::default() };
    Networks::ready(Arc::new(Analyzer::open(bundle, engine.engine, settings).unwrap()))
}

/// Somebody with an account.
pub async fn user(store: &Store, name: &str, role: Role, now: Timestamp) -> Viewer {
    let id = UserId::new(now);
    let user = NewUser {
        id,
        username: Username::new(name).unwrap(),
        full_name: format!("The {name}"),
        password_hash: "no password fits this".to_owned(),
        role,
        created_at: now,
    };
    store.users().create(&user, &[]).await.unwrap();
    Viewer { user: id, role }
}

/// Somebody to take X-rays of.
pub async fn patient(store: &Store, number: &str, now: Timestamp) -> PatientId {
    let patient = NewPatient {
        id: PatientId::new(now),
        user_id: None,
        record_number: RecordNumber::new(number).unwrap(),
        full_name: FullName::new("Anna Example").unwrap(),
        date_of_birth: "1980-02-01".parse().unwrap(),
        sex: Sex::Female,
        created_at: now,
    };
    store.patients().create(&patient, &[]).await.unwrap();
    patient.id
}

/// Another film for every number.
pub fn film(number: u32) -> Bytes {
    let grey = u8::try_from(60 + number % 150).unwrap();
    Bytes::from(encode::png(&films::film(grey, 40 + number / 150)).unwrap())
}

impl Site {
    /// The site with its networks.
    pub async fn open() -> Self {
        Self::with(networks(), |_, _| ()).await
    }

    /// The site with other networks or settings.
    pub async fn with(networks: Networks, set: impl FnOnce(&mut WebOptions, &mut WorkOptions)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = format!("sqlite:{}", folder.path().join("thorax.db").display());
        let store = Store::open(&address, &Settings::default()).await.unwrap();
        let clock = FixedClock::new("2026-11-23T08:00:00Z".parse().unwrap());
        let (mut web, mut work) = (WebOptions::default(), WorkOptions::default());
        set(&mut web, &mut work);
        let parts = Parts {
            cache: Cache::memory(8, Arc::new(clock.clone())),
            blobs: Blobs::folder(&folder.path().join("blobs")).unwrap(),
            networks,
            clock: Arc::new(clock.clone()),
            web,
            work,
            decoder: Some(env!("CARGO_BIN_EXE_thorax").into()),
            store,
        };
        let app = Arc::new(App::new(parts));
        let doctor = user(&app.store, "house", Role::Doctor, clock.now()).await;
        let patient = patient(&app.store, "R-1", clock.now()).await;
        Self { router: web::router(Arc::clone(&app)), app, clock, doctor, patient, _folder: folder }
    }

    /// A file that the doctor brings.
    pub fn file(&self, bytes: Bytes) -> NewFile {
        NewFile {
            bytes,
            patient: self.patient,
            viewer: self.doctor,
            origin: thorax_domain::audit::Origin::default(),
            source: Source::Upload,
            priority: Priority::NORMAL,
            force: false,
        }
    }

    /// Does everything in the queue that is due; says how many jobs that were.
    pub async fn drain(&self) -> usize {
        Workers::new(Arc::clone(&self.app), 1).drain().await.unwrap()
    }

    /// Asks for a page or from a program on this machine.
    pub async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.ask("GET", path, headers, Body::empty()).await
    }

    /// Sends a request as if from a connection of this machine.
    pub async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Body) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let from = headers.iter().find(|(name, _)| *name == "x-test-from").map_or("127.0.0.1", |(_, from)| *from);
        let from: SocketAddr = format!("{from}:40000").parse().unwrap();
        let request = request.extension(ConnectInfo(from)).body(body).unwrap();
        let (head, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = String::from_utf8_lossy(&bytes).into_owned();
        Answer { status: head.status, headers: head.headers, body }
    }
}
