//! Opening: addresses, pools and what a connection is told first.

use std::time::Duration;

use sea_orm::{ConnectOptions, Database, DatabaseConnection};
use sea_orm_migration::MigratorTrait;
use std::sync::Arc;
use tokio::sync::{Notify, broadcast};
use uuid::Uuid;

use super::{DatabaseKind, Inner, Settings, Store};
use crate::audit::AuditLog;
use crate::error::{Result, StoreError};
use crate::migrations::Migrator;
use crate::statements;

/// Changes that a slow listener may fall behind before it has to look for itself.
const CHANGES: usize = 1024;

/// Pages that a connection of SQLite keeps, in KiB with a minus. The system keeps the file's pages as well, so readers get by
/// with few, and an idle server stays small.
const WRITER_CACHE: &str = "-16000";
const READER_CACHE: &str = "-4000";

pub(super) async fn open(address: &str, settings: &Settings) -> Result<Store> {
    let (kind, reader, mut writer) = if address.starts_with("sqlite:") {
        let writer = sqlite(address, settings, 1, WRITER_CACHE).await?;
        let in_memory = address.contains(":memory:") || address.contains("mode=memory");
        let reader = if in_memory {
            writer.clone()
        } else {
            sqlite(address, settings, settings.connections, READER_CACHE).await?
        };
        (DatabaseKind::Sqlite, reader, writer)
    } else if address.starts_with("postgres:") || address.starts_with("postgresql:") {
        let pool = postgres(address, settings).await?;
        (DatabaseKind::PostgreSql, pool.clone(), pool)
    } else {
        return Err(StoreError::Address);
    };
    migrate(&writer, settings.migrate).await?;
    let mut reader = reader;
    statements::watch(&mut reader, settings.slow_statement);
    statements::watch(&mut writer, settings.slow_statement);
    let (progress, _) = broadcast::channel(CHANGES);
    let audit = AuditLog::start(reader.clone(), writer.clone());
    let node = Uuid::from_u128(rand::random());
    let store = Store { inner: Arc::new(Inner { kind, reader, writer, work: Notify::new(), progress, audit, node }) };
    if kind == DatabaseKind::PostgreSql {
        tokio::spawn(super::listen::listen(address.to_owned(), Arc::downgrade(&store.inner)));
    }
    Ok(store)
}

async fn migrate(writer: &DatabaseConnection, run: bool) -> Result<()> {
    if run {
        Migrator::up(writer, None).await?;
    } else if !Migrator::get_pending_migrations(writer).await?.is_empty() {
        return Err(StoreError::Corrupt("a database of another version; run the migrations"));
    }
    Ok(())
}

fn options(address: &str, settings: &Settings, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(address);
    options
        .max_connections(connections.max(1))
        .min_connections(1)
        .acquire_timeout(settings.patience)
        .connect_timeout(settings.patience)
        .idle_timeout(None::<Duration>)
        .max_lifetime(None::<Duration>)
        .test_before_acquire(false)
        .sqlx_logging(false);
    options
}

/// A PRAGMA reaches one connection, so each new one is told: lock patience before WAL, which needs a lock.
async fn sqlite(
    address: &str,
    settings: &Settings,
    connections: u32,
    cache: &'static str,
) -> Result<DatabaseConnection> {
    let patience = settings.patience;
    let mut options = options(address, settings, connections);
    options.map_sqlx_sqlite_opts(move |options| {
        options
            .create_if_missing(true)
            .busy_timeout(patience)
            .pragma("journal_mode", "WAL")
            .pragma("synchronous", "NORMAL")
            .pragma("foreign_keys", "ON")
            .pragma("temp_store", "MEMORY")
            .pragma("cache_size", cache)
            .pragma("journal_size_limit", "67108864")
            .statement_cache_capacity(256)
    });
    Ok(Database::connect(options).await?)
}

async fn postgres(address: &str, settings: &Settings) -> Result<DatabaseConnection> {
    let mut options = options(address, settings, settings.connections);
    options.test_before_acquire(true).test_before_acquire_if_idle_for(Duration::from_secs(30));
    options.set_application_name("thorax");
    Ok(Database::connect(options).await?)
}
