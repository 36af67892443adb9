//! The cache of one process.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

/// What an entry takes beside its bytes.
const OVERHEAD: usize = 128;

/// Least recently and least often used entries go first when it is full.
#[derive(Debug)]
pub(super) struct Memory {
    entries: moka::future::Cache<String, Bytes>,
    tags: Mutex<HashMap<String, u64>>,
}

impl Memory {
    pub(super) fn new(megabytes: u64) -> Self {
        let weight =
            |name: &String, value: &Bytes| u32::try_from(name.len() + value.len() + OVERHEAD).unwrap_or(u32::MAX);
        let entries = moka::future::Cache::builder().max_capacity(megabytes << 20).weigher(weight).build();
        Self { entries, tags: Mutex::default() }
    }

    pub(super) async fn get(&self, name: &str) -> Option<Bytes> {
        self.entries.get(name).await
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
    }

    pub(super) async fn size(&self) -> (u64, Option<u64>) {
        self.entries.run_pending_tasks().await;
        (self.entries.entry_count(), Some(self.entries.weighted_size()))
    }
}
