//! The cache that several nodes share, on a Redis server.
//!
//! A generation is a random number rather than a counter: where the server throws a tag away to make room, the next one is still
//! another than any before.

use std::time::Duration;

use bytes::Bytes;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{AsyncCommands, Client, ExistenceCheck, SetExpiry, SetOptions};

use crate::error::Result;

/// How long a request waits for the server before it goes on without.
const PATIENCE: Duration = Duration::from_millis(500);
/// How long a generation lasts; all that depends on it ends with it. Much longer than anything is kept, so that this is seldom
/// seen.
const TAGS_LAST: Duration = Duration::from_hours(7 * 24);

#[derive(Clone)]
pub(super) struct Server {
    connection: ConnectionManager,
    prefix: String,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Server").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

impl Server {
    pub(super) async fn connect(address: &str, prefix: &str) -> Result<Self> {
        let settings = ConnectionManagerConfig::new()
            .set_response_timeout(Some(PATIENCE))
            .set_connection_timeout(Some(PATIENCE))
            .set_number_of_retries(3);
        let connection = Client::open(address)?.get_connection_manager_with_config(settings).await?;
        Ok(Self { connection, prefix: prefix.to_owned() })
    }

    fn entry(&self, name: &str) -> String {
        format!("{}:e:{name}", self.prefix)
    }

    fn tag(&self, tag: &str) -> String {
        format!("{}:t:{tag}", self.prefix)
    }

    pub(super) async fn get(&self, name: &str) -> Result<Option<Bytes>> {
        let found: Option<Vec<u8>> = self.connection.clone().get(self.entry(name)).await?;
        Ok(found.map(Bytes::from))
    }

    pub(super) async fn put(&self, name: &str, ttl: Duration, value: &[u8]) -> Result<()> {
        let milliseconds = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX).clamp(1, 1 << 40);
        Ok(self.connection.clone().pset_ex(self.entry(name), value, milliseconds).await?)
    }

    pub(super) async fn generations(&self, tags: &[&str]) -> Result<Vec<u64>> {
        let names: Vec<String> = tags.iter().map(|tag| self.tag(tag)).collect();
        let found: Vec<Option<u64>> = self.connection.clone().mget(&names).await?;
        let mut generations = Vec::with_capacity(tags.len());
        for (name, generation) in names.iter().zip(found) {
            generations.push(match generation {
                Some(generation) => generation,
                None => self.first(name).await?,
            });
        }
        Ok(generations)
    }

    /// The generation of a tag that nobody has asked for: whoever is first decides.
    async fn first(&self, name: &str) -> Result<u64> {
        let mut connection = self.connection.clone();
        let options = SetOptions::default()
            .conditional_set(ExistenceCheck::NX)
            .with_expiration(SetExpiry::EX(TAGS_LAST.as_secs()));
        let ours: u64 = rand::random();
        let _: redis::Value = connection.set_options(name, ours, options).await?;
        let decided: Option<u64> = connection.get(name).await?;
        Ok(decided.unwrap_or(ours))
    }

    pub(super) async fn invalidate(&self, tag: &str) -> Result<()> {
        let generation: u64 = rand::random();
        Ok(self.connection.clone().set_ex(self.tag(tag), generation, TAGS_LAST.as_secs()).await?)
    }

    /// Everything on the server's database, others' keys included.
    pub(super) async fn size(&self) -> Result<u64> {
        Ok(redis::cmd("DBSIZE").query_async(&mut self.connection.clone()).await?)
    }
}
