//! The cache: the same tests in memory and on Redis.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use thorax_domain::clock::FixedClock;
use thorax_store::cache::{Cache, Key, PREDICTIONS, watching};
use thorax_store::statements::counting;
use tokio::sync::Semaphore;

use crate::servers;
use crate::world::at;

const KEY: Key<'static> = Key { class: "prediction_statistics", name: "", tags: &[PREDICTIONS] };
const TTL: Duration = Duration::from_mins(5);

struct Fixture {
    cache: Cache,
    clock: FixedClock,
    fills: Arc<AtomicU32>,
}

impl Fixture {
    async fn get(&self) -> u32 {
        self.get_of(KEY).await
    }

    /// The number of the fill that gave the answer.
    async fn get_of(&self, key: Key<'_>) -> u32 {
        let fills = Arc::clone(&self.fills);
        let fill = move || async move { Ok::<_, Infallible>(fills.fetch_add(1, Ordering::SeqCst) + 1) };
        self.cache.value_or_fill(key, TTL, fill).await.unwrap()
    }
}

async fn found_until_it_expires(fixture: &Fixture) {
    assert_eq!((fixture.get().await, fixture.get().await), (1, 1));
    fixture.clock.advance(Duration::from_micros(299_999_999));
    assert_eq!(fixture.get().await, 1);
    fixture.clock.advance(Duration::from_micros(1));
    assert_eq!(fixture.get().await, 2);
    let counts = fixture.cache.counts();
    assert_eq!((counts[0].class.as_str(), counts[0].hits, counts[0].misses), ("prediction_statistics", 2, 2));
}

async fn a_tag_makes_all_of_its_own_unfindable_and_nothing_else(fixture: &Fixture) {
    let other = Key { class: "sidebar", name: "u1", tags: &["user:1"] };
    let both = Key { class: "view", name: "/a", tags: &[PREDICTIONS, "user:1"] };
    let before = fixture.cache.generation(PREDICTIONS).await;
    assert_eq!((fixture.get().await, fixture.get_of(other).await, fixture.get_of(both).await), (1, 2, 3));
    fixture.cache.invalidate(PREDICTIONS).await.unwrap();
    assert_ne!(fixture.cache.generation(PREDICTIONS).await, before);
    assert_eq!((fixture.get_of(other).await, fixture.get().await, fixture.get_of(both).await), (2, 4, 5));
    fixture.cache.invalidate("user:1").await.unwrap();
    assert_eq!((fixture.get().await, fixture.get_of(other).await, fixture.get_of(both).await), (4, 6, 7));
}

async fn a_hundred_that_miss_at_once_fill_once(fixture: &Fixture) {
    let gate = Arc::new(Semaphore::new(0));
    let waiting = (0..100).map(|_| {
        let (cache, gate, fills) = (fixture.cache.clone(), Arc::clone(&gate), Arc::clone(&fixture.fills));
        tokio::spawn(async move {
            let fill = move || async move {
                gate.acquire().await.unwrap().forget();
                Ok::<_, Infallible>(fills.fetch_add(1, Ordering::SeqCst) + 1)
            };
            cache.value_or_fill::<u32, _, _>(KEY, TTL, fill).await.unwrap()
        })
    });
    let waiting: Vec<_> = waiting.collect();
    gate.add_permits(100);
    for answer in waiting {
        assert_eq!(answer.await.unwrap(), 1);
    }
    assert_eq!(fixture.fills.load(Ordering::SeqCst), 1);
    let counts = &fixture.cache.counts()[0];
    assert_eq!((counts.misses, counts.hits + counts.shared), (1, 99));
}

async fn a_fill_goes_on_when_its_request_goes_away(fixture: &Fixture) {
    let (started, done) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let (cache, start, go) = (fixture.cache.clone(), Arc::clone(&started), Arc::clone(&done));
    let request = tokio::spawn(async move {
        let fill = move || async move {
            start.add_permits(1);
            go.acquire().await.unwrap().forget();
            Ok::<_, Infallible>(77_u32)
        };
        cache.value_or_fill(KEY, TTL, fill).await
    });
    started.acquire().await.unwrap().forget();
    request.abort();
    assert!(request.await.unwrap_err().is_cancelled());
    done.add_permits(1);
    assert_eq!(fixture.get().await, 77, "another waits for the fill that was left");
    assert_eq!(fixture.fills.load(Ordering::SeqCst), 0);
}

async fn a_late_fill_does_not_bring_the_old_answer_back(fixture: &Fixture) {
    let (started, done) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let (cache, start, go) = (fixture.cache.clone(), Arc::clone(&started), Arc::clone(&done));
    let slow = tokio::spawn(async move {
        let fill = move || async move {
            start.add_permits(1);
            go.acquire().await.unwrap().forget();
            Ok::<_, Infallible>(77_u32)
        };
        cache.value_or_fill(KEY, TTL, fill).await
    });
    started.acquire().await.unwrap().forget();
    fixture.cache.invalidate(PREDICTIONS).await.unwrap();
    assert_eq!(fixture.get().await, 1, "whoever asks after the change is not given what was read before it");
    done.add_permits(1);
    assert_eq!(slow.await.unwrap().unwrap(), 77);
    assert_eq!(fixture.get().await, 1);
}

async fn errors_are_given_to_all_and_kept_for_nobody(fixture: &Fixture) {
    let failing = || async { Err::<u32, _>("no database") };
    let failed = fixture.cache.value_or_fill(KEY, TTL, failing).await;
    assert_eq!(*failed.unwrap_err(), "no database");
    assert_eq!(fixture.get().await, 1);
}

async fn a_fill_that_panics_takes_nobody_along(fixture: &Fixture) {
    let cache = fixture.cache.clone();
    let crashed = tokio::spawn(async move {
        let crash = || async { Ok::<_, Infallible>(Bytes::from(vec![0; usize::MAX])) };
        cache.get_or_fill(KEY, TTL, crash).await
    });
    assert!(crashed.await.unwrap_err().is_panic());
    assert_eq!(fixture.get().await, 1);
}

async fn clearing_forgets_everything(fixture: &Fixture) {
    let plain = Key { class: "view", name: "x", tags: &[] };
    fixture.cache.put(plain, TTL, Bytes::from_static(b"page")).await;
    assert_eq!(fixture.cache.get(plain).await.unwrap(), "page");
    assert_eq!(fixture.get().await, 1);
    assert!(fixture.cache.size().await.0 >= 2);
    fixture.cache.clear().await.unwrap();
    assert_eq!(fixture.cache.get(plain).await, None);
    assert_eq!(fixture.get().await, 2);
}

async fn what_cannot_be_read_is_filled_again(fixture: &Fixture) {
    fixture.cache.put(KEY, TTL, Bytes::from_static(b"{ not a number")).await;
    assert_eq!(fixture.get().await, 1);
}

async fn a_request_is_told_what_it_asked(fixture: &Fixture) {
    let (_, asked) = watching(async { (fixture.get().await, fixture.get().await) }).await;
    let hits: Vec<_> = asked.iter().map(|one| (one.key.as_str(), one.hit)).collect();
    assert_eq!(hits, [("prediction_statistics", false), ("prediction_statistics", true)]);
}

macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod in_memory {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(&super::in_memory_fixture()).await;
            })+
        }
        mod on_redis {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let Some(fixture) = super::on_redis_fixture().await else { return };
                super::$name(&fixture).await;
            })+
        }
    };
}

fn in_memory_fixture() -> Fixture {
    let clock = FixedClock::new(at(0));
    Fixture { cache: Cache::memory(16, Arc::new(clock.clone())), clock, fills: Arc::default() }
}

async fn on_redis_fixture() -> Option<Fixture> {
    let clock = FixedClock::new(at(0));
    let cache = Cache::redis(&servers::redis()?, "test", Arc::new(clock.clone())).await.unwrap();
    Some(Fixture { cache, clock, fills: Arc::default() })
}

on_both!(
    found_until_it_expires,
    a_tag_makes_all_of_its_own_unfindable_and_nothing_else,
    a_hundred_that_miss_at_once_fill_once,
    a_fill_goes_on_when_its_request_goes_away,
    a_late_fill_does_not_bring_the_old_answer_back,
    errors_are_given_to_all_and_kept_for_nobody,
    a_fill_that_panics_takes_nobody_along,
    clearing_forgets_everything,
    what_cannot_be_read_is_filled_again,
    a_request_is_told_what_it_asked,
);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_on_one_redis_see_each_others_changes() {
    let Some(address) = servers::redis() else { return };
    let clock = Arc::new(FixedClock::new(at(0)));
    let here = Cache::redis(&address, "test", clock.clone()).await.unwrap();
    let there = Cache::redis(&address, "test", clock.clone()).await.unwrap();
    here.put(KEY, TTL, Bytes::from_static(b"1")).await;
    assert_eq!(there.get(KEY).await.unwrap(), "1");
    there.invalidate(PREDICTIONS).await.unwrap();
    assert_eq!(here.get(KEY).await, None);
    let other_version = Cache::redis(&address, "other", clock).await.unwrap();
    assert_eq!(other_version.get(KEY).await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_server_every_question_is_a_miss() {
    let Some((mut server, address)) = servers::own_redis() else { return };
    let clock = FixedClock::new(at(0));
    let cache = Cache::redis(&address, "test", Arc::new(clock.clone())).await.unwrap();
    let fixture = Fixture { cache, clock, fills: Arc::default() };
    assert_eq!((fixture.get().await, fixture.get().await), (1, 1));
    server.stop();
    assert_eq!((fixture.get().await, fixture.get().await), (2, 3));
    assert_eq!(fixture.cache.get(KEY).await, None);
    assert!(fixture.cache.invalidate(PREDICTIONS).await.is_err());
    let nowhere = Cache::redis(&address, "test", Arc::new(FixedClock::new(at(0)))).await;
    assert!(matches!(nowhere, Err(thorax_store::StoreError::Redis(_))));
}

#[tokio::test]
async fn a_fills_statements_are_those_of_the_request() {
    let fresh = crate::databases::sqlite().await;
    let fixture = in_memory_fixture();
    let store = fresh.store.clone();
    let fill = move || async move { store.users().any().await };
    let (answer, statements) = counting(fixture.cache.value_or_fill(KEY, TTL, fill)).await;
    assert_eq!((answer.unwrap(), statements), (false, 1));
}

#[tokio::test]
async fn a_full_cache_makes_room() {
    let cache = Cache::memory(1, Arc::new(FixedClock::new(at(0))));
    for number in 0..100 {
        let name = number.to_string();
        cache.put(Key { class: "view", name: &name, tags: &[] }, TTL, Bytes::from(vec![0; 100_000])).await;
    }
    let (_, bytes) = cache.size().await;
    assert!(bytes.unwrap() <= 1 << 20);
}
