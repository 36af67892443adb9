//! The workers of a process: take jobs while there is room, give each to an attempt, and end in order. There is one place more
//! than workers, for what somebody may be waiting for: a process busy with large batches takes it at once.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use thorax_domain::clock::Timestamp;
use thorax_domain::job::{Lease, Priority};
use thorax_store::StoreError;
use thorax_store::jobs::Wish;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::attempt;
use crate::app::App;

/// Longest between two looks into the queue: another process may have put something there.
const LOOK: Duration = Duration::from_secs(2);
/// After the database did not answer.
const BREATH: Duration = Duration::from_secs(1);

/// The workers of a process.
pub struct Workers {
    app: Arc<App>,
    name: String,
    /// For every job.
    places: Places,
    /// For those that are no part of a large batch.
    reserved: Places,
    under_way: TaskTracker,
}

/// Room for jobs of a priority and above.
struct Places {
    free: Arc<Semaphore>,
    least: Priority,
}

impl Places {
    fn new(places: usize, least: Priority) -> Self {
        Self { free: Arc::new(Semaphore::new(places)), least }
    }

    /// All places that are free, after waiting for one.
    async fn take(&self) -> Vec<OwnedSemaphorePermit> {
        // The semaphore is never closed; if it were, there would be no room for ever.
        let Ok(first) = Arc::clone(&self.free).acquire_owned().await else { return std::future::pending().await };
        let mut places = vec![first];
        while let Ok(place) = Arc::clone(&self.free).try_acquire_owned() {
            places.push(place);
        }
        places
    }
}

impl Workers {
    /// So many workers, with a name that no other process has.
    #[must_use]
    pub fn new(app: Arc<App>, at_once: usize) -> Self {
        let name = format!("{}-{}", std::process::id(), Uuid::now_v7().simple());
        let (places, reserved) = (Places::new(at_once.max(1), Priority::BATCH), Places::new(1, Priority::NORMAL));
        Self { app, name, places, reserved, under_way: TaskTracker::new() }
    }

    /// Works until the program is to end; then takes nothing more, and returns once what is under way is done or given back.
    pub async fn run(&self) {
        let stop = self.app.stop.clone();
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.take() => {}
        }
        self.under_way.close();
        self.under_way.wait().await;
    }

    async fn take(&self) {
        // A job that is taken before it can be done only waits with its lease running.
        if let Err(why) = self.app.networks.opened().await {
            tracing::error!(why = &*why, "no X-rays can be read here");
            return std::future::pending().await;
        }
        tokio::join!(self.fill(&self.places), self.fill(&self.reserved));
    }

    /// Takes jobs for these places, for ever.
    async fn fill(&self, places: &Places) {
        loop {
            // Asked for before looking, so that a job that comes in between is not slept over.
            let work = self.app.store.work();
            let wait = match self.look(places).await {
                Ok(0) => self.until_due(places.least).await,
                Ok(_) => Duration::ZERO,
                Err(error) => {
                    tracing::error!(%error, "the queue cannot be looked into");
                    BREATH
                }
            };
            tokio::select! {
                () = work => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Takes as many jobs as there is room for, after waiting for room for one. Says how many.
    async fn look(&self, places: &Places) -> Result<usize, StoreError> {
        let free = places.take().await;
        let jobs = self.app.store.jobs();
        let now = self.now().await?;
        let lost = jobs.reap(now).await?;
        if lost > 0 {
            tracing::warn!(jobs = lost, "workers said nothing for too long; their jobs are taken back");
            metrics::counter!("thorax_jobs_total", "outcome" => "lost").increment(lost);
        }
        let wish = Wish { limit: free.len() as u64, least: places.least };
        let leases = jobs.claim(&self.name, wish, now, self.app.work.lease()).await?;
        let taken = leases.len();
        for (lease, place) in leases.into_iter().zip(free) {
            let app = Arc::clone(&self.app);
            self.spawn(async move {
                attempt::run(&app, lease).await;
                drop(place);
            });
        }
        Ok(taken)
    }

    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.under_way.spawn(work);
    }

    /// What time the database has, by which leases end.
    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.app.store.time(self.app.clock.now()).await
    }

    /// How long nothing of this priority or above will be due.
    async fn until_due(&self, least: Priority) -> Duration {
        let due = async {
            let due = self.app.store.jobs().next_due(least).await.ok()??;
            Some(due.since(self.now().await.ok()?))
        };
        due.await.map_or(LOOK, |due| due.clamp(Duration::from_millis(5), LOOK))
    }

    /// Does everything in the queue that is due, here and now, and says how many jobs that were: for tests and for the command
    /// line.
    ///
    /// # Errors
    /// Where the queue cannot be looked into.
    pub async fn drain(&self) -> Result<usize, StoreError> {
        let mut done = 0;
        loop {
            let wish = Wish { limit: 1, least: Priority::BATCH };
            let leases: Vec<Lease> =
                self.app.store.jobs().claim(&self.name, wish, self.now().await?, self.app.work.lease()).await?;
            let Some(lease) = leases.into_iter().next() else { return Ok(done) };
            attempt::run(&self.app, lease).await;
            done += 1;
        }
    }
}
