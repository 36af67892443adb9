//! The workers of a process: take jobs while there is room, give each to an attempt, and end in order. There is one place more
//! than workers, and the last free one is for what somebody may be waiting for: a process busy with large batches takes it at once.

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
    /// One for each worker and one more.
    places: Arc<Semaphore>,
    under_way: TaskTracker,
}

impl Workers {
    /// So many workers, with a name that no other process has.
    #[must_use]
    pub fn new(app: Arc<App>, at_once: usize) -> Self {
        let name = format!("{}-{}", std::process::id(), Uuid::now_v7().simple());
        let places = Arc::new(Semaphore::new(at_once.max(1) + 1));
        Self { app, name, places, under_way: TaskTracker::new() }
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
        loop {
            // Asked for before looking, so that a job that comes in between is not slept over.
            let work = self.app.store.work();
            let free = self.free_places().await;
            let least = if free.len() > 1 { Priority::BATCH } else { Priority::NORMAL };
            let wait = match self.fill(free).await {
                Ok(0) => self.until_due(least).await,
                Ok(_) => Duration::ZERO,
                Err(error) => {
                    tracing::error!(%error, "the queue cannot be looked into");
                    BREATH
                }
            };
            tokio::select! {
                () = work => {}
                () = self.room_for_batches(), if least > Priority::BATCH => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// All places that are free, after waiting for one.
    async fn free_places(&self) -> Vec<OwnedSemaphorePermit> {
        // The semaphore is never closed; if it were, there would be no room for ever.
        let Ok(first) = Arc::clone(&self.places).acquire_owned().await else { return std::future::pending().await };
        let mut free = vec![first];
        while let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            free.push(place);
        }
        free
    }

    /// Waits until more than the last place is free.
    async fn room_for_batches(&self) {
        drop(self.places.acquire_many(2).await);
    }

    /// Takes as many jobs as there are places, none of a large batch into the last one. Says how many.
    async fn fill(&self, free: Vec<OwnedSemaphorePermit>) -> Result<usize, StoreError> {
        let jobs = self.app.store.jobs();
        let now = self.now().await?;
        let lost = jobs.reap(now).await?;
        if lost > 0 {
            tracing::warn!(jobs = lost, "workers said nothing for too long; their jobs are taken back");
            metrics::counter!("thorax_jobs_total", "outcome" => "lost").increment(lost);
        }
        let (for_all, mut free) = (free.len() - 1, free.into_iter());
        let mut taken = 0;
        if for_all > 0 {
            taken = self.claim(Wish { limit: for_all as u64, least: Priority::BATCH }, now, &mut free).await?;
        }
        if taken == for_all {
            taken += self.claim(Wish { limit: 1, least: Priority::NORMAL }, now, &mut free).await?;
        }
        Ok(taken)
    }

    /// Takes such jobs, gives each a place and an attempt, and says how many they are.
    async fn claim(
        &self,
        wish: Wish,
        now: Timestamp,
        places: &mut impl Iterator<Item = OwnedSemaphorePermit>,
    ) -> Result<usize, StoreError> {
        let leases = self.app.store.jobs().claim(&self.name, wish, now, self.app.work.lease()).await?;
        let taken = leases.len();
        for (lease, place) in leases.into_iter().zip(places) {
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
