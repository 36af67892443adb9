//! The composition: from options to a bundle, an engine and an analyzer.

use std::thread;

use anyhow::{Context, Result};
use thorax_inference::analyzer::{Analyzer, OpenError, Settings};
use thorax_inference::bundle::Bundle;
use thorax_inference::engine::{self, Opened};

use crate::config::{self, Options};

/// The program's name and version, as provenance records it.
pub const PROGRAM: &str = concat!("thorax ", env!("CARGO_PKG_VERSION"));

/// What the operator asked for cannot be, however often it is tried: exit code 2, as for a wrong option.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

/// The bundle that the options mean, its hashes checked.
pub fn open_bundle(options: &Options) -> Result<Bundle> {
    let folder = config::find_bundle(options.bundle.as_deref()).map_err(|none| Usage(none.to_string()))?;
    Bundle::open(&folder).with_context(|| format!("the bundle in {} is refused", folder.display()))
}

/// The engine that the options mean.
pub fn open_engine(options: &Options) -> Result<Opened> {
    let library = config::find_library(options.onnxruntime.as_deref());
    Ok(engine::open(options.engine.into(), library.as_deref())?)
}

/// The bundle on the engine, its golden values checked.
pub fn analyzer(bundle: Bundle, engine: Opened, options: &Options) -> Result<Analyzer> {
    let folder = bundle.directory().to_path_buf();
    Analyzer::open(bundle, engine.engine, settings(options)).map_err(|error| match error {
        OpenError::Budget(small) => Usage(format!("{small}; give more with --memory-budget")).into(),
        other => anyhow::Error::new(other).context(format!("the bundle in {} is refused", folder.display())),
    })
}

/// Names of networks, proved to be in the bundle.
pub fn networks(bundle: &Bundle, names: &[String]) -> Result<(), Usage> {
    bundle.select(names).map(|_| ()).map_err(|unknown| Usage(unknown.to_string()))
}

fn settings(options: &Options) -> Settings {
    let standard = Settings::default();
    let threads = options.threads.map_or(standard.threads, usize::from);
    Settings { memory_budget: options.memory_budget.budget(), threads, ..standard }
}

/// How many cores the process may use.
pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}
