//! `thorax bundle`.

use std::io::{self, Write};

use anyhow::Result;
use clap::{Args, Subcommand};
use thorax_domain::prediction::NetworkIdentity;
use thorax_inference::bundle::{Bundle, Thresholds};

use super::{Outcome, table};
use crate::app;
use crate::config::Options;

const EXAMPLES: &str = "\
Examples:
  thorax bundle info                       networks, recipe, thresholds, origin and licences
  thorax bundle verify                     hashes, and the golden film through every network
  thorax bundle verify --engine rten --bundle models/two-views";

/// Look into the bundle, or verify it
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Inspect {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Show what the bundle holds, its files' hashes checked
    Info(#[command(flatten)] Options),
    /// Check hashes and labels, and that every network and the ensemble reproduce the golden values
    Verify(#[command(flatten)] Options),
}

impl Inspect {
    pub fn run(self) -> Result<Outcome> {
        let mut out = io::stdout().lock();
        match self.what {
            What::Info(options) => info(&app::open_bundle(&options)?, &mut out)?,
            What::Verify(options) => {
                let bundle = app::open_bundle(&options)?;
                writeln!(out, "bundle   {} {}", bundle.manifest().id, bundle.hash())?;
                writeln!(out, "files    {} networks, labels and every hash in order", bundle.networks().len())?;
                let engine = app::open_engine(&options)?;
                writeln!(out, "engine   {}", table::engine(&engine.engine.identity()))?;
                if let Some(why) = &engine.passed_over {
                    writeln!(out, "         {why}")?;
                }
                let analyzer = app::analyzer(bundle, engine, &options)?;
                writeln!(out, "numbers  {}", NetworkIdentity::precisions(&analyzer.networks()))?;
                let films = analyzer.bundle().golden().films.len();
                writeln!(
                    out,
                    "golden   {} networks and the ensemble reproduce the values of {films} golden film{}",
                    analyzer.bundle().networks().len(),
                    if films == 1 { "" } else { "s" }
                )?;
                writeln!(out, "verified")?;
            }
        }
        Ok(Outcome::Complete)
    }
}

fn info(bundle: &Bundle, out: &mut impl Write) -> Result<()> {
    let manifest = bundle.manifest();
    writeln!(out, "bundle    {} of {}, licence {}", manifest.id, manifest.created, manifest.licence)?;
    writeln!(out, "hash      {}", bundle.hash())?;
    writeln!(out, "folder    {}", bundle.directory().display())?;
    writeln!(out, "labels    {}", manifest.labels.join(", "))?;
    for view in bundle.views() {
        writeln!(out, "view      {}: {}", view.name, view.recipe.describe())?;
    }
    let ensemble = &manifest.ensemble;
    writeln!(
        out,
        "ensemble  at least {} votes, {:.0} % coverage at 1 - p <= {}",
        ensemble.minimum_votes,
        ensemble.coverage * 100.0,
        ensemble.conformal_threshold
    )?;
    match manifest.thresholds {
        Some(Thresholds { screening, confirmation }) => {
            writeln!(out, "COVID     screening at p >= {screening}, confirmation at p >= {confirmation}")?;
        }
        None => writeln!(out, "COVID     no thresholds for screening and confirmation stated")?,
    }
    let gate = &manifest.gate;
    write!(
        out,
        "gate      {}; short side >= {}, aspect <= {}, contrast >= {}, sharpness >= {}",
        gate.network, gate.minimum_short_side, gate.maximum_aspect, gate.minimum_contrast, gate.minimum_sharpness
    )?;
    match &manifest.locator {
        Some(locator) => writeln!(out, ", lungs apart >= {}", locator.minimum_separation)?,
        None => writeln!(out)?,
    }
    writeln!(out)?;
    writeln!(
        out,
        "{:<20} {:<8} {:>12} {:>12}  {:<12} origin",
        "network", "view", "parameters", "temperature", "licence"
    )?;
    for network in bundle.networks() {
        writeln!(
            out,
            "{:<20} {:<8} {:>12} {:>12.3}  {:<12} {}",
            network.name, network.view, network.parameters, network.temperature, network.licence, network.origin
        )?;
    }
    for (title, figures) in [("training", &manifest.training), ("metrics", &manifest.metrics)] {
        if !figures.is_empty() {
            writeln!(out, "\n[{title}]\n{}", figures.to_string().trim_end())?;
        }
    }
    Ok(())
}
