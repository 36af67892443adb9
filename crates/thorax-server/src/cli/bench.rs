//! `thorax bench`.

mod chart;
mod figures;
mod measure;
mod reference;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use thorax_domain::clock::Stopwatch;
use thorax_inference::analyzer::Analyzer;
use thorax_inference::bundle::Bundle;
use thorax_inference::engine::Opened;

use super::sources::{self, Source};
use super::{Outcome, count};
use crate::app::{self, Usage};
use crate::config::{Options, PrecisionName};
use crate::new_file;
use figures::{Measured, Report};
use measure::Films;

const EXAMPLES: &str = "\
Examples:
  thorax bench                                    on the films that come with the bundle
  thorax bench --engine rten --runs 50 film.dcm   an engine and a film of your own
  thorax bench --json > here.json                 for programs, and to be drawn beside another machine's
  thorax bench --svg throughput.svg --beside here.json
Do nothing else on the machine meanwhile. Read the ratios: a shared machine's speed drifts.";

/// Measure this machine: how long a film takes and where, how many go through in a second, how much memory
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Bench {
    /// Films, or folders of them [default: the golden films of the bundle]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// Timed readings of one film at a time, and at least as many in each batch size
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    runs: u16,

    /// Batch sizes to measure films a second with: how many films go through a network together at most; 0 for none
    #[arg(long, value_name = "A,B", value_delimiter = ',', default_value = "1,2,4,8,16", value_parser = clap::value_parser!(u16).range(0..=256))]
    batches: Vec<u16>,

    /// Time urgent films beside a running batch, too
    #[arg(long)]
    urgent: bool,

    /// Give the networks just the memory that the largest of them needs
    #[arg(long)]
    one_at_a_time: bool,

    /// Print one JSON object
    #[arg(long)]
    json: bool,

    /// Draw films a second against the batch size into this file
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,

    /// Draw what an earlier run printed with --json, too; may be given several times
    #[arg(long, value_name = "FILE", requires = "svg")]
    beside: Vec<PathBuf>,

    #[command(flatten)]
    options: Options,
}

impl Bench {
    pub fn run(self) -> Result<Outcome> {
        let since_start = Stopwatch::start();
        let others = self.beside.iter().map(|path| earlier(path)).collect::<Result<Vec<Measured>>>()?;
        let bundle = app::open_bundle(&self.options)?;
        let engine = app::open_engine(&self.options)?;
        let films = self.films(&bundle)?;
        let options = self.options(&bundle, &engine)?;
        let mut report = measure::one_at_a_time((&bundle, &engine, &options), &films, self.runs.into(), &since_start)?;
        if self.urgent {
            let alone = &report.measured.one_at_a_time;
            report.urgent = Some(measure::urgent((&bundle, &engine, &options), &films, self.runs.into(), alone)?);
        }
        for &batch in self.batches.iter().filter(|&&batch| batch > 0) {
            let options = Options { batch: Some(batch), ..options.clone() };
            let point = measure::throughput((&bundle, &engine, &options), &films, self.runs.into())?;
            report.measured.throughput.push(point);
        }
        report.beside = if self.paths.is_empty() { reference::beside(&report) } else { None };
        self.say(&report)?;
        if let Some(path) = &self.svg {
            let drawing = chart::draw(others.iter().chain([&report.measured]));
            new_file::write(path, drawing.as_bytes()).with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(Outcome::Complete)
    }

    fn say(&self, report: &Report) -> Result<()> {
        let text = if self.json { serde_json::to_string(report)? + "\n" } else { report.text() };
        io::stdout().lock().write_all(text.as_bytes())?;
        Ok(())
    }

    /// The options, with the budget that holds the largest network alone where that is asked for.
    fn options(&self, bundle: &Bundle, engine: &Opened) -> Result<Options> {
        let mut options = self.options.clone();
        if self.one_at_a_time {
            let full_precision = options.precision == PrecisionName::F32;
            options.memory_budget = Analyzer::smallest_budget(bundle, engine.engine.as_ref(), full_precision)?.into();
        }
        Ok(options)
    }

    /// The films to read, proved to be there.
    fn films(&self, bundle: &Bundle) -> Result<Films> {
        if self.paths.is_empty() {
            let golden = bundle.golden().films.iter().map(|film| bundle.directory().join(&film.file));
            return Ok(Films::new(golden.map(Source::Named).collect()));
        }
        let sources = sources::expand(&self.paths);
        if sources.contains(&Source::Stdin) {
            return Err(Usage("standard input can be read once only; save it to a file".to_owned()).into());
        }
        if sources.is_empty() {
            let paths = count(self.paths.len(), "folder", "folders");
            return Err(Usage(format!("there are no files in the {paths} given")).into());
        }
        Ok(Films::new(sources))
    }
}

/// What an earlier run printed.
fn earlier(path: &Path) -> Result<Measured> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let refused = |error| Usage(format!("{} is not what `thorax bench --json` prints: {error}", path.display()));
    Ok(serde_json::from_str(&text).map_err(refused)?)
}
