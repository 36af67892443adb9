//! The cache of one process.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use moka::policy::EvictionPolicy;

/// What an entry takes beside its bytes.
const OVERHEAD: usize = 128;
/// Bytes for what is remembered: some ten thousand searches.
const REMEMBERED: u64 = 4 << 20;

/// Least recently and least often used entries go first when it is full.
#[derive(Debug)]
pub(super) struct Memory {
    entries: moka::future::Cache<String, Bytes>,
    /// What nobody could find once more has a room of its own, where nothing large pushes it out and the latest always fits.
    remembered: moka::future::Cache<String, Bytes>,
    tags: Mutex<HashMap<String, u64>>,
}

impl Memory {
    pub(super) fn new(megabytes: u64) -> Self {
        let weight =
            |name: &String, value: &Bytes| u32::try_from(name.len() + value.len() + OVERHEAD).unwrap_or(u32::MAX);
        let room = |bytes| moka::future::Cache::builder().max_capacity(bytes).weigher(weight);
        let entries = room(megabytes << 20).build();
        let remembered = room(REMEMBERED).eviction_policy(EvictionPolicy::lru()).build();
        Self { entries, remembered, tags: Mutex::default() }
    }

    pub(super) async fn get(&self, name: &str) -> Option<Bytes> {
        match self.entries.get(name).await {
            None => self.remembered.get(name).await,
            found => found,
        }
    }

    pub(super) async fn remember(&self, name: &str, value: Bytes) {
        self.remembered.insert(name.to_owned(), value).await;
    }

    pub(super) async fn put(&self, name: &str, value: Bytes) {
        self.entries.insert(name.to_owned(), value).await;
    }

    pub(super) fn generations(&self, tags: &[&str]) -> Vec<u64> {
        let mut known = self.tags.lock().unwrap_or_else(PoisonError::into_inner);
        tags.iter()
            .map(|tag| match known.get(*tag) {
                Some(generation) => *generation,
                None => *known.entry((*tag).to_owned()).or_insert_with(rand::random),
            })
            .collect()
    }

    pub(super) fn invalidate(&self, tag: &str) {
        self.tags.lock().unwrap_or_else(PoisonError::into_inner).insert(tag.to_owned(), rand::random());
    }

    pub(super) fn clear(&self) {
        self.entries.invalidate_all();
        self.remembered.invalidate_all();
    }

    pub(super) async fn size(&self) -> (u64, Option<u64>) {
        let (mut count, mut bytes) = (0, 0);
        for room in [&self.entries, &self.remembered] {
            room.run_pending_tasks().await;
            count += room.entry_count();
            bytes += room.weighted_size();
        }
        (count, Some(bytes))
    }
}
