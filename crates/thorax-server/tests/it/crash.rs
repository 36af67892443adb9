//! Workers are killed in the middle of their work, again and again: nothing is lost and nothing is there twice.

use std::sync::Arc;
use std::time::Duration;

use thorax_domain::audit::Action;
use thorax_domain::clock::{Clock, SystemClock};
use thorax_domain::ids::PredictionId;
use thorax_domain::review::PredictionStatus;
use thorax_server::app::{App, Networks, Parts};
use thorax_server::config::{WebOptions, WorkOptions};
use thorax_server::workflow::intake::{NewFile, Taken, take_in};
use thorax_store::audit::AuditFilter;
use thorax_store::blobs::Blobs;
use thorax_store::cache::Cache;
use thorax_store::{Settings, Store};

use crate::process::{PATIENCE, Program};
use crate::site::{film, patient, user};
use thorax_domain::user::{Role, Viewer};

/// X-rays that are read while workers come and go.
const XRAYS: u32 = 24;
/// Workers that are killed.
const KILLED: u32 = 6;
/// Between two looks.
const LOOK: Duration = Duration::from_millis(10);

struct House {
    app: Arc<App>,
    viewer: Viewer,
    asked: Vec<PredictionId>,
    folder: tempfile::TempDir,
    database: String,
}

impl House {
    /// X-rays that wait to be read, in a database of ours.
    async fn open(database: Option<String>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = database.unwrap_or_else(|| format!("sqlite:{}", folder.path().join("thorax.db").display()));
        let store = Store::open(&database, &Settings::default()).await.unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let app = Arc::new(App::new(Parts {
            cache: Cache::memory(1, Arc::clone(&clock)),
            blobs: Blobs::folder(&folder.path().join("blobs")).unwrap(),
            networks: Networks::elsewhere(),
            web: WebOptions::default(),
            work: WorkOptions { attempts: 100, ..WorkOptions::default() },
            decoder: Some(env!("CARGO_BIN_EXE_thorax").into()),
            store,
            clock,
        }));
        let viewer = user(&app.store, "house", Role::Doctor, app.clock.now()).await;
        let patient = patient(&app.store, "R-1", app.clock.now()).await;
        let mut asked = Vec::new();
        for number in 0..XRAYS {
            let file = NewFile {
                bytes: film(number),
                patient,
                viewer,
                origin: thorax_domain::audit::Origin::default(),
                source: thorax_domain::xray::Source::Upload,
                priority: thorax_domain::job::Priority::NORMAL,
                force: false,
            };
            let Taken::New { prediction, .. } = take_in(&app, file).await.unwrap() else { panic!("new") };
            asked.push(prediction);
        }
        Self { app, viewer, asked, folder, database }
    }

    fn worker(&self) -> Program {
        let data = self.folder.path().to_str().unwrap();
        let (database, lease) = (self.database.as_str(), "1");
        Program::start(&[
            "work",
            "--data",
            data,
            "--database",
            database,
            "--lease",
            lease,
            "--workers",
            "2",
            "--log",
            "error",
        ])
    }

    async fn completed(&self) -> usize {
        let mut completed = 0;
        for id in &self.asked {
            let standing = self.app.store.predictions().standing(self.viewer, *id).await.unwrap().unwrap();
            completed += usize::from(standing.status == PredictionStatus::Completed);
        }
        completed
    }

    /// Waits until so many are completed; says how many are.
    async fn until(&self, wanted: usize) -> usize {
        for _ in 0..PATIENCE.as_millis() / LOOK.as_millis() {
            let completed = self.completed().await;
            if completed >= wanted {
                return completed;
            }
            tokio::time::sleep(LOOK).await;
        }
        panic!("{} of {XRAYS} are read, and no more come", self.completed().await);
    }

    /// Everything that was asked for is there, whole and once.
    async fn check(&self) {
        let store = &self.app.store;
        for id in &self.asked {
            let found = store.predictions().find(self.viewer, *id).await.unwrap().unwrap();
            assert_eq!(found.row.status, PredictionStatus::Completed);
            assert_eq!(found.scores.len(), 6, "six opinions, each once");
        }
        let filter = AuditFilter { action: Some(Action::Complete), ..AuditFilter::default() };
        assert_eq!(store.audit().count(&filter, 1000).await.unwrap(), u64::from(XRAYS), "each was completed once");
        let depth = store.jobs().depth().await.unwrap();
        assert_eq!((depth.queued, depth.leased, depth.dead), (0, 0, 0));
    }
}

/// Kills workers at different moments, then lets one finish.
async fn kill_again_and_again(database: Option<String>) {
    let house = House::open(database).await;
    let mut done = 0;
    for round in 0..KILLED {
        let mut worker = house.worker();
        // At once, or after some were read: while it starts, claims, decodes, reads or stores.
        done = house.until((done + round as usize % 3).min(XRAYS as usize)).await;
        worker.kill();
    }
    let last = house.worker();
    house.until(XRAYS as usize).await;
    assert!(last.end().success(), "it ends in order when asked to");
    house.check().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_workers_lose_nothing_and_double_nothing_on_sqlite() {
    kill_again_and_again(None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_workers_lose_nothing_and_double_nothing_on_postgresql() {
    let Some(database) = crate::servers::postgres().await else { return };
    kill_again_and_again(Some(database)).await;
}
