//! Answers that need not be found twice, in memory or on Redis: never the only copy of anything but what somebody can easily
//! type again ([`Cache::remember`]). A key is a name and the generation of each of its tags, so that to invalidate is one write
//! and a late fill cannot bring an old answer back.

mod counts;
mod flight;
mod memory;
mod server;

use std::any::Any;
use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use serde::Serialize;
use serde::de::DeserializeOwned;
use thorax_domain::clock::{Clock, Stopwatch, Timestamp};
use tokio::sync::watch;

use crate::error::Result;
use crate::statements::Statements;
use counts::Counts;
pub use counts::{Asked, ClassCount, watching};
use memory::Memory;
use server::Server;

/// Goes up with every new, validated or deleted prediction, after the commit.
pub const PREDICTIONS: &str = "predictions";

/// How long an answer is good for unless something else is said: 300 s.
pub const DEFAULT_TTL: Duration = Duration::from_mins(5);

/// A tag that every key has: to forget everything is to invalidate it.
const EVERYTHING: &str = "*";

/// How long a server that did not answer is left alone, so that pages do not wait for it one by one.
const REST: Duration = Duration::from_secs(2);

/// The cache. Clones share it.
#[derive(Debug, Clone)]
pub struct Cache(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    place: Place,
    clock: Arc<dyn Clock>,
    counts: Counts,
    flights: Mutex<HashMap<String, watch::Receiver<Landed>>>,
    /// Until when the server is left alone.
    rests_until: AtomicI64,
}

/// What a fill gave, once it has: bytes or an error of the filler's type.
type Landed = Option<Result<Bytes, Arc<dyn Any + Send + Sync>>>;

/// Where answers are kept.
#[derive(Debug)]
enum Place {
    Memory(Memory),
    Server(Server),
}

/// A name in the cache. The class is what hits and misses are counted by, such as `statistics`, `view`, `sidebar`; the name
/// tells things of a class apart, such as a user's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key<'a> {
    /// What sort of answer.
    pub class: &'static str,
    /// Which of them; may be empty.
    pub name: &'a str,
    /// What it depends on.
    pub tags: &'a [&'a str],
}

impl Key<'_> {
    /// As the toolbar shows it.
    fn shown(&self) -> String {
        if self.name.is_empty() { self.class.to_owned() } else { format!("{}:{}", self.class, self.name) }
    }
}

impl Cache {
    /// In memory, of at most `megabytes`.
    #[must_use]
    pub fn memory(megabytes: u64, clock: Arc<dyn Clock>) -> Self {
        Self::new(Place::Memory(Memory::new(megabytes)), clock)
    }

    /// On a Redis server, `redis://HOST:PORT/NUMBER`. All keys begin with `prefix`, which should name the program's version:
    /// what another version wrote may read otherwise.
    ///
    /// # Errors
    /// Where the server does not answer.
    pub async fn redis(address: &str, prefix: &str, clock: Arc<dyn Clock>) -> Result<Self> {
        Ok(Self::new(Place::Server(Server::connect(address, prefix).await?), clock))
    }

    fn new(place: Place, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Shared {
            place,
            clock,
            counts: Counts::default(),
            flights: Mutex::default(),
            rests_until: AtomicI64::new(i64::MIN),
        }))
    }

    /// `memory` or `redis`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.0.place {
            Place::Memory(_) => "memory",
            Place::Server(_) => "redis",
        }
    }

    /// What is kept under `key`, or what `fill` gives, which is then kept for `ttl`. Of many that miss at the same time one
    /// fills and all get its answer; the fill goes on when the one who began it goes away. A cache that does not answer is a
    /// miss.
    ///
    /// # Errors
    /// Those of `fill`, for all who wait for it.
    pub async fn get_or_fill<E, F>(
        &self,
        key: Key<'_>,
        ttl: Duration,
        fill: impl FnOnce() -> F + Send + 'static,
    ) -> Result<Bytes, Arc<E>>
    where
        F: Future<Output = Result<Bytes, E>> + Send + 'static,
        E: Send + Sync + 'static,
    {
        self.fetch(key, ttl, anything, fill).await
    }

    /// The same for values that go through JSON.
    ///
    /// # Errors
    /// Those of `fill`, for all who wait for it.
    ///
    /// # Panics
    /// Where JSON cannot hold the value, which is a bug of its type.
    pub async fn value_or_fill<T, E, F>(
        &self,
        key: Key<'_>,
        ttl: Duration,
        fill: impl FnOnce() -> F + Send + 'static,
    ) -> Result<T, Arc<E>>
    where
        T: Serialize + DeserializeOwned + Send + 'static,
        F: Future<Output = Result<T, E>> + Send + 'static,
        E: Send + Sync + 'static,
    {
        let written = move || async move {
            let value = fill().await?;
            Ok(Bytes::from(serde_json::to_vec(&value).expect("a value that JSON cannot hold: this is a bug")))
        };
        let bytes = self.fetch(key, ttl, readable::<T>, written).await?;
        Ok(serde_json::from_slice(&bytes).expect("what was just written as JSON is read again, or this is a bug"))
    }

    async fn fetch<E, F>(
        &self,
        key: Key<'_>,
        ttl: Duration,
        good: fn(&Bytes) -> bool,
        fill: impl FnOnce() -> F + Send + 'static,
    ) -> Result<Bytes, Arc<E>>
    where
        F: Future<Output = Result<Bytes, E>> + Send + 'static,
        E: Send + Sync + 'static,
    {
        let mut watch = Stopwatch::start();
        let name = self.full_name(key).await;
        if let Some(found) = self.0.find(name.as_deref()).await.filter(good) {
            self.0.counts.hit(key, &mut watch);
            return Ok(found);
        }
        let result = self.fly((key, ttl, good), name, fill).await;
        counts::asked(key, false, &mut watch);
        result
    }

    /// What is kept under `key`, if anything.
    pub async fn get(&self, key: Key<'_>) -> Option<Bytes> {
        let mut watch = Stopwatch::start();
        let name = self.full_name(key).await;
        let found = self.0.find(name.as_deref()).await;
        if found.is_some() {
            self.0.counts.hit(key, &mut watch);
        } else {
            self.0.counts.miss(key.class);
            counts::asked(key, false, &mut watch);
        }
        found
    }

    /// Keeps something.
    pub async fn put(&self, key: Key<'_>, ttl: Duration, value: Bytes) {
        let name = self.full_name(key).await;
        self.0.keep(name.as_deref(), ttl, &value).await;
    }

    /// Keeps something small that nobody could find once more, where other entries do not push it out; [`Cache::get`] gives it
    /// back. Says whether it is kept: a server that does not answer keeps nothing.
    pub async fn remember(&self, key: Key<'_>, ttl: Duration, value: Bytes) -> bool {
        let Some(name) = self.full_name(key).await else { return false };
        let bytes = self.0.dated(ttl, &value);
        match &self.0.place {
            Place::Memory(memory) => {
                memory.remember(&name, bytes).await;
                true
            }
            Place::Server(server) => self.0.or_rest(server.put(&name, ttl, &bytes).await).is_some(),
        }
    }

    /// Makes everything with this tag unfindable.
    ///
    /// # Errors
    /// Where the server does not answer: old answers are then shown until they expire.
    pub async fn invalidate(&self, tag: &str) -> Result<()> {
        match &self.0.place {
            Place::Memory(memory) => memory.invalidate(tag),
            Place::Server(server) => server.invalidate(tag).await?,
        }
        Ok(())
    }

    /// The generation of a tag; it changes with every invalidation. For `ETag`s.
    pub async fn generation(&self, tag: &str) -> u64 {
        self.0.generations(&[tag]).await.map_or(0, |found| found.first().copied().unwrap_or(0))
    }

    /// Forgets everything.
    ///
    /// # Errors
    /// Where the server does not answer.
    pub async fn clear(&self) -> Result<()> {
        self.invalidate(EVERYTHING).await?;
        if let Place::Memory(memory) = &self.0.place {
            memory.clear();
        }
        Ok(())
    }

    /// How often each class was found since the program started, in alphabetical order.
    #[must_use]
    pub fn counts(&self) -> Vec<ClassCount> {
        self.0.counts.all()
    }

    /// How many things are kept, and their bytes where they are known.
    pub async fn size(&self) -> (u64, Option<u64>) {
        match &self.0.place {
            Place::Memory(memory) => memory.size().await,
            Place::Server(server) => (server.size().await.unwrap_or(0), None),
        }
    }

    /// The name with the generations of its tags; `None` where the server does not tell them.
    async fn full_name(&self, key: Key<'_>) -> Option<String> {
        let tags: Vec<&str> = key.tags.iter().copied().chain([EVERYTHING]).collect();
        let generations = self.0.generations(&tags).await?;
        let generations: Vec<String> = generations.iter().map(|one| format!("{one:x}")).collect();
        Some(format!("{}:{}:{}", key.class, key.name, generations.join(".")))
    }
}

impl Shared {
    async fn generations(&self, tags: &[&str]) -> Option<Vec<u64>> {
        match &self.place {
            Place::Memory(memory) => Some(memory.generations(tags)),
            Place::Server(_) if self.clock.now().micros() < self.rests_until.load(Ordering::Relaxed) => None,
            Place::Server(server) => self.or_rest(server.generations(tags).await),
        }
    }

    async fn find(&self, name: Option<&str>) -> Option<Bytes> {
        let name = name?;
        let found = match &self.place {
            Place::Memory(memory) => memory.get(name).await,
            Place::Server(server) => self.or_rest(server.get(name).await).flatten(),
        }?;
        // The first eight bytes say how long it is good for.
        let (until, value) = found.split_first_chunk::<8>()?;
        let good = self.clock.now() < Timestamp::from_micros(i64::from_be_bytes(*until));
        good.then(|| found.slice(found.len() - value.len()..))
    }

    async fn keep(&self, name: Option<&str>, ttl: Duration, value: &Bytes) {
        let Some(name) = name else { return };
        let bytes = self.dated(ttl, value);
        match &self.place {
            Place::Memory(memory) => memory.put(name, bytes).await,
            Place::Server(server) => {
                self.or_rest(server.put(name, ttl, &bytes).await);
            }
        }
    }

    /// The value with, in front of it, how long it is good for.
    fn dated(&self, ttl: Duration, value: &Bytes) -> Bytes {
        let mut bytes = BytesMut::with_capacity(8 + value.len());
        bytes.put_i64(self.clock.now().plus(ttl).micros());
        bytes.put_slice(value);
        bytes.freeze()
    }

    fn or_rest<T>(&self, result: Result<T>) -> Option<T> {
        if let Err(error) = &result {
            self.rests_until.store(self.clock.now().plus(REST).micros(), Ordering::Relaxed);
            let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
            tracing::warn!(error = %error, cause, "the cache server did not answer; going on without");
        }
        result.ok()
    }
}

fn anything(_: &Bytes) -> bool {
    true
}

/// What another version of the program kept may read otherwise.
fn readable<T: DeserializeOwned>(bytes: &Bytes) -> bool {
    serde_json::from_slice::<T>(bytes).is_ok()
}
