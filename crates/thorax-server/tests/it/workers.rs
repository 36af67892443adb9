//! The workers of a process, busy with a large batch when somebody comes who waits.

use std::sync::Arc;

use thorax_domain::job::{JobState, Priority};
use thorax_domain::prediction::{EngineIdentity, Precision};
use thorax_inference::analyzer::{Analyzer, Settings};
use thorax_inference::bundle::Bundle;
use thorax_inference::engine::{self, Batch, Choice, Engine, EngineError, Graph, Places, Session, Tensor};
use thorax_server::app::Networks;
use thorax_server::jobs::Workers;
use thorax_server::workflow::intake::{NewFile, take_in};
use thorax_store::jobs::JobFilter;
use thorax_store::page::PageRequest;
use tokio::sync::RwLock;

use crate::process::PATIENCE;
use crate::program::toy;
use crate::site::{Site, film};

/// rten behind a door: while somebody holds it for writing, no pass begins.
#[derive(Debug)]
struct BehindADoor {
    rten: Arc<dyn Engine>,
    door: Arc<RwLock<()>>,
}

impl Engine for BehindADoor {
    fn identity(&self) -> EngineIdentity {
        self.rten.identity()
    }

    fn load(&self, graph: Graph<'_>) -> Result<Box<dyn Session>, EngineError> {
        Ok(Box::new(Waiting { session: self.rten.load(graph)?, door: Arc::clone(&self.door) }))
    }

    fn footprint(&self, parameters: u64, precision: Precision, films: usize) -> u64 {
        self.rten.footprint(parameters, precision, films)
    }
}

struct Waiting {
    session: Box<dyn Session>,
    door: Arc<RwLock<()>>,
}

impl Session for Waiting {
    fn run(&mut self, batch: &Batch, outputs: &[&str]) -> Result<Vec<Tensor>, EngineError> {
        let _open = self.door.blocking_read();
        self.session.run(batch, outputs)
    }
}

async fn ask(site: &Site, number: u32, priority: Priority) {
    take_in(&site.app, NewFile { priority, ..site.file(film(number)) }).await.unwrap();
}

/// Waits until so many jobs wait and so many are held.
async fn until(site: &Site, queued: u64, leased: u64) {
    let mut changes = site.app.store.changes();
    let reached = async {
        loop {
            let depth = site.app.store.jobs().depth().await.unwrap();
            if (depth.queued, depth.leased) == (queued, leased) {
                break;
            }
            changes.recv().await.unwrap();
        }
    };
    tokio::time::timeout(PATIENCE, reached).await.expect("it gets there");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_somebody_waits_for_is_taken_though_a_batch_fills_the_places() {
    let door = Arc::new(RwLock::new(()));
    let rten = engine::open(Choice::Rten, &Places::default()).unwrap().engine;
    let engine = Arc::new(BehindADoor { rten, door: Arc::clone(&door) });
    let open = move || Analyzer::open(Bundle::open(&toy()).unwrap(), engine, Settings::default()).unwrap();
    let analyzer = tokio::task::spawn_blocking(open).await.unwrap();
    let site = Site::with(Networks::ready(Arc::new(analyzer)), |_, _| ()).await;
    let shut = door.write().await;
    for number in 0..3 {
        ask(&site, number, Priority::BATCH).await;
    }
    let workers = Workers::new(Arc::clone(&site.app), 2);
    let working = tokio::spawn(async move { workers.run().await });
    until(&site, 1, 2).await;
    ask(&site, 3, Priority::NORMAL).await;
    until(&site, 1, 3).await;
    let waiting = JobFilter { state: Some(JobState::Queued), prediction: None };
    let waiting = site.app.store.jobs().list(&waiting, &PageRequest::default()).await.unwrap().rows;
    assert_eq!(waiting[0].priority, Priority::BATCH.0, "the batch has no more places than there are workers");
    drop(shut);
    until(&site, 0, 0).await;
    assert_eq!(site.app.store.statistics().summary().await.unwrap().total, 4);
    site.app.stop.cancel();
    working.await.unwrap();
}
