//! Results of [`clahe`] kept for the next caller with the same film and parameters.

use super::{Clahe, ClaheError, clahe};
use crate::{GrayImage, Pixels};
use lru::LruCache;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How often a [`ClaheCache`] knew the answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheCounters {
    /// Results that were there.
    pub hits: u64,
    /// Results that had to be computed.
    pub misses: u64,
}

/// The least recently used results are forgotten first. Shared among threads by reference.
#[derive(Debug)]
pub struct ClaheCache {
    state: Mutex<State>,
    most_bytes: usize,
}

#[derive(Debug)]
struct State {
    results: LruCache<Key, Arc<GrayImage>>,
    bytes: usize,
    counters: CacheCounters,
}

/// The caller's digest of the film, and the parameters; the clip limit by its bits, since a float is not a key.
type Key = ([u8; 32], u64, u32, u32);

impl ClaheCache {
    /// Results kept by [`ClaheCache::default`].
    pub const RESULTS: NonZeroUsize = NonZeroUsize::new(100).expect("100 is not 0");
    /// Bytes kept by [`ClaheCache::default`]: a hundred films of 2500 × 2048 in 16 bits would fill a gigabyte.
    pub const BYTES: usize = 512 << 20;

    /// A cache of at most `results` results, of at most `most_bytes` together.
    #[must_use]
    pub fn new(results: NonZeroUsize, most_bytes: usize) -> Self {
        let state = State { results: LruCache::new(results), bytes: 0, counters: CacheCounters::default() };
        Self { state: Mutex::new(state), most_bytes }
    }

    /// The equalised image, computed only when it is not known. `digest` names the image: the SHA-256 of its file or samples.
    /// Two threads that ask for the same unknown result both compute it; neither waits.
    ///
    /// # Errors
    /// [`ClaheError`] as from [`clahe`]; errors are not kept.
    pub fn clahe(&self, digest: [u8; 32], image: &GrayImage, parameters: &Clahe) -> Result<Arc<GrayImage>, ClaheError> {
        let key = (digest, parameters.clip_limit.to_bits(), parameters.tiles_x, parameters.tiles_y);
        if let Some(known) = self.state().look_up(&key) {
            return Ok(known);
        }
        let result = Arc::new(clahe(image, parameters)?);
        self.state().keep(key, &result, self.most_bytes);
        Ok(result)
    }

    /// Forgets all results. The counters stay.
    pub fn clear(&self) {
        let mut state = self.state();
        state.results.clear();
        state.bytes = 0;
    }

    /// Results held now.
    #[must_use]
    pub fn len(&self) -> usize {
        self.state().results.len()
    }

    /// Whether nothing is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Hits and misses since the cache was made.
    #[must_use]
    pub fn counters(&self) -> CacheCounters {
        self.state().counters
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No caller's code runs under the lock, and a state that a panic left behind is still a valid cache.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for ClaheCache {
    fn default() -> Self {
        Self::new(Self::RESULTS, Self::BYTES)
    }
}

impl State {
    fn look_up(&mut self, key: &Key) -> Option<Arc<GrayImage>> {
        let known = self.results.get(key).cloned();
        match known {
            Some(_) => self.counters.hits += 1,
            None => self.counters.misses += 1,
        }
        known
    }

    fn keep(&mut self, key: Key, result: &Arc<GrayImage>, most_bytes: usize) {
        self.bytes += bytes(result);
        if let Some((_, displaced)) = self.results.push(key, Arc::clone(result)) {
            self.bytes -= bytes(&displaced);
        }
        while self.bytes > most_bytes {
            let Some((_, oldest)) = self.results.pop_lru() else { break };
            self.bytes -= bytes(&oldest);
        }
    }
}

fn bytes(image: &GrayImage) -> usize {
    match image.pixels() {
        Pixels::U8(samples) => samples.len(),
        Pixels::U16(samples) => samples.len() * 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn film(level: u8) -> GrayImage {
        GrayImage::new(4, 4, Pixels::U8(vec![level; 16])).unwrap()
    }

    fn ask(cache: &ClaheCache, level: u8) -> Arc<GrayImage> {
        cache.clahe([level; 32], &film(level), &Clahe { clip_limit: 2.0, tiles_x: 2, tiles_y: 2 }).unwrap()
    }

    #[test]
    fn remembers_by_film_and_parameters() {
        let cache = ClaheCache::default();
        let first = ask(&cache, 1);
        assert!(Arc::ptr_eq(&first, &ask(&cache, 1)));
        cache.clahe([1; 32], &film(1), &Clahe { clip_limit: 3.0, tiles_x: 2, tiles_y: 2 }).unwrap();
        assert_eq!(cache.counters(), CacheCounters { hits: 1, misses: 2 });
        cache.clear();
        assert!(cache.is_empty());
        assert!(!Arc::ptr_eq(&first, &ask(&cache, 1)));
    }

    #[test]
    fn forgets_the_least_recently_used() {
        let cache = ClaheCache::new(NonZeroUsize::new(2).unwrap(), ClaheCache::BYTES);
        for level in [1, 2, 1, 3] {
            ask(&cache, level);
        }
        ask(&cache, 1);
        assert_eq!(cache.counters(), CacheCounters { hits: 2, misses: 3 });
        ask(&cache, 2);
        assert_eq!(cache.counters().misses, 4);
    }

    #[test]
    fn holds_no_more_bytes_than_allowed() {
        let cache = ClaheCache::new(ClaheCache::RESULTS, 40);
        for level in 0..5 {
            ask(&cache, level);
        }
        assert_eq!(cache.len(), 2);
        assert!(ClaheCache::new(ClaheCache::RESULTS, 0).is_empty());
    }

    #[test]
    fn errors_are_not_kept() {
        let cache = ClaheCache::default();
        assert!(cache.clahe([0; 32], &film(0), &Clahe { clip_limit: 2.0, tiles_x: 0, tiles_y: 2 }).is_err());
        assert!(cache.is_empty());
    }
}
