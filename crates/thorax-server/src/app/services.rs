//! The services of a program that serves or works, and how they come up.

use std::fmt;
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use secrecy::ExposeSecret;
use thorax_domain::clock::{Clock, SystemClock, Timestamp};
use thorax_imaging::clahe::ClaheCache;
use thorax_inference::analyzer::MemoryReport;
use thorax_store::blobs::Blobs;
use thorax_store::cache::Cache;
use thorax_store::{Settings, Store};
use tokio_util::sync::CancellationToken;

use super::Networks;
use crate::config::{self, StoreOptions, WebOptions, WorkOptions};
use crate::workflow::accounts::Attempts;
use crate::workflow::passwords::Passwords;
use crate::workflow::sandbox::{self, Sandbox};

/// Memory of a cache that is not on Redis.
const CACHE_MEGABYTES: u64 = 64;
/// Equalised films kept in memory: few, since each is a blob once it was made.
const CLAHE_BYTES: usize = 64 << 20;
const CLAHE_FILMS: NonZeroUsize = NonZeroUsize::new(16).expect("16 is not 0");

/// What handlers and workers are given.
pub struct App {
    /// What is kept.
    pub store: Store,
    /// What need not be found twice.
    pub cache: Cache,
    /// Files of patients.
    pub blobs: Blobs,
    /// Films with their contrast raised.
    pub clahe: ClaheCache,
    /// Where files of strangers are decoded.
    pub sandbox: Sandbox,
    /// Hashing and checking passwords.
    pub passwords: Passwords,
    /// How often passwords are tried.
    pub attempts: Attempts,
    /// The networks, as far as they are open.
    pub networks: Networks,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Since when the program runs.
    pub started: Timestamp,
    /// How the site answers.
    pub web: WebOptions,
    /// How the work is done.
    pub work: WorkOptions,
    /// Cancelled when the program is to end.
    pub stop: CancellationToken,
    preparing: AtomicBool,
}

/// What an [`App`] is made from; tests make it by hand.
pub struct Parts {
    /// What is kept.
    pub store: Store,
    /// What need not be found twice.
    pub cache: Cache,
    /// Files of patients.
    pub blobs: Blobs,
    /// The networks.
    pub networks: Networks,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// How the site answers.
    pub web: WebOptions,
    /// How the work is done.
    pub work: WorkOptions,
    /// The program that decodes, where it is not the running one.
    pub decoder: Option<std::path::PathBuf>,
}

impl App {
    /// Brings the services up: folder, database, cache.
    ///
    /// # Errors
    /// Where one of them cannot be had, with advice.
    pub async fn open(options: &StoreOptions, web: WebOptions, work: WorkOptions, networks: Networks) -> Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        make_private(&options.data)?;
        let store = open_store(options).await?;
        let cache = match &options.redis {
            Some(address) => Cache::redis(address.expose_secret(), "thorax:", Arc::clone(&clock))
                .await
                .context("Redis does not answer; check --redis")?,
            None => Cache::memory(CACHE_MEGABYTES, Arc::clone(&clock)),
        };
        let folder = options.data.join("blobs");
        let blobs = Blobs::folder(&folder).with_context(|| format!("files cannot be kept in {}", folder.display()))?;
        Ok(Self::new(Parts { store, cache, blobs, networks, clock, web, work, decoder: None }))
    }

    /// Services from their parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let Parts { store, cache, blobs, networks, clock, web, work, decoder } = parts;
        let sandbox = Sandbox::new(sandbox::Limits {
            program: decoder.unwrap_or_else(config::program),
            memory: work.decode_memory.bytes(),
            seconds: work.decode_seconds,
            at_once: super::cores().max(2),
        });
        let clahe = ClaheCache::new(CLAHE_FILMS, CLAHE_BYTES);
        let (passwords, stop, preparing) = (Passwords::default(), CancellationToken::new(), AtomicBool::new(false));
        Self {
            store,
            cache,
            blobs,
            clahe,
            sandbox,
            passwords,
            attempts: Attempts::default(),
            started: clock.now(),
            networks,
            clock,
            web,
            work,
            stop,
            preparing,
        }
    }

    /// Whether the program is ending.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Whether the program is still getting ready what it was asked to show.
    #[must_use]
    pub fn is_preparing(&self) -> bool {
        self.preparing.load(Ordering::Relaxed)
    }

    /// Says whether the program is still getting something ready.
    pub fn set_preparing(&self, preparing: bool) {
        self.preparing.store(preparing, Ordering::Relaxed);
    }

    /// Brings the gauges of the metrics up to date.
    #[expect(clippy::cast_precision_loss, reason = "gauges are floating point")]
    pub async fn measure(&self) {
        if let Some(analyzer) = self.networks.analyzer() {
            measure_memory(&analyzer.memory());
        }
        metrics::gauge!("thorax_ready").set(if self.networks.analyzer().is_some() { 1.0 } else { 0.0 });
        if let Ok(depth) = self.store.jobs().depth().await {
            metrics::gauge!("thorax_jobs_waiting").set(depth.queued as f64);
            metrics::gauge!("thorax_jobs_leased").set(depth.leased as f64);
            metrics::gauge!("thorax_jobs_dead").set(depth.dead as f64);
        }
        for class in self.cache.counts() {
            let name = class.class;
            metrics::counter!("thorax_cache_total", "class" => name.clone(), "outcome" => "hit").absolute(class.hits);
            metrics::counter!("thorax_cache_total", "class" => name.clone(), "outcome" => "miss")
                .absolute(class.misses);
            metrics::counter!("thorax_cache_total", "class" => name, "outcome" => "shared").absolute(class.shared);
        }
        if let Some(bytes) = resident() {
            metrics::gauge!("process_resident_memory_bytes").set(bytes as f64);
        }
    }
}

/// The memory of the networks, as the ledger and the device tell it. What is not known has no gauge.
#[expect(clippy::cast_precision_loss, reason = "gauges are floating point")]
fn measure_memory(report: &MemoryReport) {
    metrics::gauge!("thorax_networks_bytes").set(report.accounted as f64);
    metrics::gauge!("thorax_networks_peak_bytes").set(report.accounted_peak as f64);
    metrics::counter!("thorax_out_of_memory_total").absolute(report.out_of_memory);
    if let Some(budget) = report.budget {
        metrics::gauge!("thorax_memory_budget_bytes").set(budget as f64);
    }
    if let Some(limit) = report.lowered_to.or(report.budget) {
        metrics::gauge!("thorax_memory_limit_bytes").set(limit as f64);
    }
    let device = &report.device;
    for (what, bytes) in [("total", device.total), ("free", device.free), ("used", device.used), ("peak", device.peak)]
    {
        if let Some(bytes) = bytes {
            metrics::gauge!("thorax_device_memory_bytes", "device" => device.device.clone(), "what" => what)
                .set(bytes as f64);
        }
    }
}

impl fmt::Debug for App {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("App").field("store", &self.store).field("cache", &self.cache).finish_non_exhaustive()
    }
}

/// The database that the options mean.
///
/// # Errors
/// Where it cannot be opened or brought up to date. The address is not in the words: it may hold a password.
pub async fn open_store(options: &StoreOptions) -> Result<Store> {
    let settings = Settings {
        connections: options.connections,
        slow_statement: Duration::from_millis(options.slow_query),
        ..Settings::default()
    };
    let (address, what) = if let Some(address) = &options.database {
        (address.expose_secret().to_owned(), "the database of --database".to_owned())
    } else {
        make_private(&options.data)?;
        let file = options.data.join("thorax.db");
        (format!("sqlite:{}", file.display()), format!("the database {}", file.display()))
    };
    Store::open(&address, &settings).await.with_context(|| format!("{what} cannot be opened"))
}

/// The folder of the data: only its owner may look into it.
fn make_private(folder: &Path) -> Result<()> {
    let failed = || format!("the data folder {} cannot be made", folder.display());
    fs::create_dir_all(folder).with_context(failed)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).with_context(failed)?;
    }
    Ok(())
}

/// The memory of this process, which Linux writes into `/proc/self/status`.
#[must_use]
pub fn resident() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}
