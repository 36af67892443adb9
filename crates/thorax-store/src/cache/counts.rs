//! Hits and misses: of the program, by class, and of one request, one by one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use thorax_domain::clock::Stopwatch;

use super::Key;

tokio::task_local! {
    static CURRENT: Log;
}

type Log = Arc<Mutex<Vec<Asked>>>;

/// How often a class of keys was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassCount {
    /// The class.
    pub class: String,
    /// Found.
    pub hits: u64,
    /// Not found, and so filled.
    pub misses: u64,
    /// Not found, and got from another's fill.
    pub shared: u64,
}

/// What the toolbar shows: one asking of the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The class and name.
    pub key: String,
    /// Whether it was found.
    pub hit: bool,
    /// How long it took, a fill included.
    pub elapsed: Duration,
}

/// Runs `work` and gives what it asked the cache, for the toolbar.
pub async fn watching<T>(work: impl Future<Output = T>) -> (T, Vec<Asked>) {
    let log = Log::default();
    let result = CURRENT.scope(Arc::clone(&log), work).await;
    let asked = std::mem::take(&mut *log.lock().unwrap_or_else(PoisonError::into_inner));
    (result, asked)
}

/// Notes one asking in the log of the request.
pub(super) fn asked(key: Key<'_>, hit: bool, watch: &mut Stopwatch) {
    let elapsed = Duration::from_secs_f64(watch.lap() / 1e3);
    let _ = CURRENT.try_with(|log| {
        let asked = Asked { key: key.shown(), hit, elapsed };
        log.lock().unwrap_or_else(PoisonError::into_inner).push(asked);
    });
}

pub(super) fn current() -> Option<Log> {
    CURRENT.try_with(Arc::clone).ok()
}

/// Runs work that was spawned within the log of the request that spawned it.
pub(super) async fn within<T>(log: Option<Log>, work: impl Future<Output = T>) -> T {
    match log {
        Some(log) => CURRENT.scope(log, work).await,
        None => work.await,
    }
}

#[derive(Debug, Default)]
pub(super) struct Counts(Mutex<BTreeMap<&'static str, [u64; 3]>>);

impl Counts {
    fn add(&self, class: &'static str, place: usize) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(class).or_default()[place] += 1;
    }

    pub(super) fn hit(&self, key: Key<'_>, watch: &mut Stopwatch) {
        self.add(key.class, 0);
        asked(key, true, watch);
    }

    pub(super) fn miss(&self, class: &'static str) {
        self.add(class, 1);
    }

    pub(super) fn shared(&self, class: &'static str) {
        self.add(class, 2);
    }

    pub(super) fn all(&self) -> Vec<ClassCount> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let one = |(class, [hits, misses, shared]): (&&'static str, &[u64; 3])| ClassCount {
            class: (*class).to_owned(),
            hits: *hits,
            misses: *misses,
            shared: *shared,
        };
        counts.iter().map(one).collect()
    }
}
