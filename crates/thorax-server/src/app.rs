//! The composition: from options to a bundle, an engine and an analyzer, and to the services of a program that serves. What
//! lives here: [`App`], which is what handlers and workers are given. What never does: a request, a command line.
//! Start reading at `app/services.rs`.

mod networks;
mod services;

pub use networks::{NetworkState, Networks};
pub use services::{App, Parts, open_store, resident};

use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use thorax_inference::analyzer::{Analyzer, OpenError, Settings};
use thorax_inference::bundle::Bundle;
use thorax_inference::engine::{self, Opened};

use crate::config::{self, Options, PrecisionName};

/// The program's name and version, as provenance records it.
pub const PROGRAM: &str = concat!("thorax ", env!("CARGO_PKG_VERSION"));

/// What the operator asked for cannot be, however often it is tried: exit code 2, as for a wrong option.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

/// The bundle that the options mean, its hashes checked.
///
/// # Errors
/// [`Usage`] when there is none; otherwise what is wrong with it.
pub fn open_bundle(options: &Options) -> Result<Bundle> {
    let folder = find_bundle(options)?;
    Bundle::open(&folder).with_context(|| format!("the bundle in {} is refused", folder.display()))
}

/// The folder of the bundle that the options mean.
///
/// # Errors
/// [`Usage`] when there is none, or more than one to choose from.
pub fn find_bundle(options: &Options) -> Result<PathBuf, Usage> {
    config::find_bundle(options.bundle.as_deref()).map_err(|none| Usage(none.to_string()))
}

/// The engine that the options mean.
///
/// # Errors
/// [`Usage`] when an inference server is needed and none can be meant; otherwise when the library that was asked for cannot be
/// loaded or the server does not answer.
pub fn open_engine(options: &Options) -> Result<Opened> {
    let places = options.places().map_err(|wrong| Usage(wrong.to_string()))?;
    Ok(engine::open(options.engine.into(), &places)?)
}

/// The bundle on the engine, its golden values checked.
///
/// # Errors
/// [`Usage`] when the memory budget is too small; otherwise which network misses its golden values.
pub fn analyzer(bundle: Bundle, engine: Opened, options: &Options) -> Result<Analyzer> {
    let folder = bundle.directory().to_path_buf();
    Analyzer::open(bundle, engine.engine, settings(options)).map_err(|error| match error {
        OpenError::Budget(small) => Usage(format!("{small}; give more with --memory-budget")).into(),
        other => anyhow::Error::new(other).context(format!("the bundle in {} is refused", folder.display())),
    })
}

/// Names of networks, proved to be in the bundle.
///
/// # Errors
/// [`Usage`] naming the one that is not there.
pub fn networks(bundle: &Bundle, names: &[String]) -> Result<(), Usage> {
    bundle.select(names).map(|_| ()).map_err(|unknown| Usage(unknown.to_string()))
}

fn settings(options: &Options) -> Settings {
    let standard = Settings::default();
    Settings {
        memory_budget: options.memory_budget.budget(),
        threads: threads(options),
        batch: options.batch.map(usize::from),
        batch_wait: Duration::from_millis(options.batch_wait.into()),
        full_precision: options.precision == PrecisionName::F32,
        ..standard
    }
}

/// How many threads run networks: as many as the options say, or one for each core. As many prepare films beside them.
pub fn threads(options: &Options) -> usize {
    options.threads.map_or_else(cores, usize::from)
}

/// How many cores the process may use.
pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}
