//! `thorax batch`.

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use thorax_domain::clock::Stopwatch;
use thorax_inference::analyzer::Urgency;
use thorax_store::results::Journal;

use super::predict::How;
use super::sources::{self, Source};
use super::{Outcome, count};
use crate::app::{self, Usage};
use crate::config::Options;
use crate::record::{Record, Status};
use crate::workflow::analyze::{Finished, Order, Reader};
use crate::workflow::input::Input;
use crate::workflow::stream::Flow;

const EXAMPLES: &str = "\
Examples:
  thorax batch films/ --out results.csv
  thorax batch films/ --out results.jsonl --memory-budget 2GiB
Press Ctrl-C at any time and run the same command again: it goes on where it stopped. A file that has changed since is read again.";

/// Films under way at the same time, for each worker.
const IN_FLIGHT_PER_WORKER: usize = 8;

/// Read a folder into one results file; can be stopped and resumed
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Batch {
    /// The folder, with all below it
    #[arg(value_name = "DIR")]
    folder: PathBuf,

    /// The results file, .csv or .jsonl; resumed where it is there already
    #[arg(long, value_name = "FILE")]
    out: PathBuf,

    #[command(flatten)]
    how: How,

    #[command(flatten)]
    options: Options,
}

/// Where it is entered what came of each film.
struct Book<'a> {
    journal: &'a mut Journal<Record>,
    tally: Tally,
    bar: ProgressBar,
}

/// What has been done so far.
#[derive(Debug, Default)]
struct Tally {
    read: usize,
    refused: usize,
    failed: usize,
    known: usize,
    passed_over: usize,
}

impl Batch {
    pub fn run(self) -> Result<Outcome> {
        if !self.folder.is_dir() {
            return Err(Usage(format!(
                "{} is not a folder; for single files there is `thorax predict`",
                self.folder.display()
            ))
            .into());
        }
        let bundle = app::open_bundle(&self.options)?;
        app::networks(&bundle, &self.how.models)?;
        let mut journal = Journal::open(&self.out)?;
        if journal.dropped() > 0 {
            eprintln!("thorax: the last record was half written and is read again");
        }
        let sources = self.sources();
        let analyzer = app::analyzer(bundle, app::open_engine(&self.options)?, &self.options)?;
        let order = Order {
            networks: self.how.models.clone(),
            force: self.how.force,
            age_years: self.how.age,
            keep_film: false,
            urgency: Urgency::Routine,
        };
        let reader = Reader::new(&analyzer, order)?;
        let stopped = stop_on_interrupt()?;
        let watch = Stopwatch::start();
        let tally = self.read_all(&reader, &sources, &mut journal, &stopped)?;
        let seconds = watch.total() / 1e3;
        self.report(&tally, seconds, analyzer.memory().process_peak);
        if stopped.load(Ordering::Relaxed) {
            eprintln!("thorax: stopped. {} is whole; run the same command again to go on", self.out.display());
            return Ok(Outcome::Incomplete);
        }
        Ok(if tally.failed == 0 { Outcome::Complete } else { Outcome::Incomplete })
    }

    /// The files of the folder, without the results file, which may lie among them.
    fn sources(&self) -> Vec<Source> {
        let out = self.out.canonicalize().ok();
        let is_out =
            |source: &Source| matches!(source, Source::Found(path) if out.is_some() && path.canonicalize().ok() == out);
        let mut sources = sources::expand(std::slice::from_ref(&self.folder));
        sources.retain(|source| !is_out(source));
        sources
    }

    fn read_all(
        &self,
        reader: &Reader<'_>,
        sources: &[Source],
        journal: &mut Journal<Record>,
        stopped: &AtomicBool,
    ) -> Result<Tally> {
        let threads = app::threads(&self.options);
        let flow = Flow { feeders: threads, in_flight: threads * IN_FLIGHT_PER_WORKER };
        let book = RefCell::new(Book { journal, tally: Tally::default(), bar: progress(sources.len()) });
        let open = |source| {
            let clock = Stopwatch::start();
            let input = Source::open(source, reader.byte_limit());
            (!book.borrow_mut().knows(&input)).then_some((source, clock, input))
        };
        let films = sources.iter().take_while(|_| !stopped.load(Ordering::Relaxed)).filter_map(open);
        reader.read_each(flow, films, |source, finished| book.borrow_mut().enter(source, finished))?;
        let Book { tally, bar, .. } = book.into_inner();
        bar.finish_and_clear();
        Ok(tally)
    }

    #[expect(clippy::cast_precision_loss, reason = "a number of films, shown with two digits")]
    fn report(&self, tally: &Tally, seconds: f64, peak: Option<u64>) {
        let done = tally.read + tally.refused + tally.failed;
        let mut parts = vec![format!(
            "{} read, {} refused, {} failed",
            count(tally.read, "film", "films"),
            tally.refused,
            tally.failed
        )];
        if tally.known > 0 {
            parts.push(format!("{} there already", tally.known));
        }
        if tally.passed_over > 0 {
            parts.push(format!("{} passed over: no picture", count(tally.passed_over, "file", "files")));
        }
        if done > 0 {
            parts.push(format!("{:.2} films a second", done as f64 / seconds));
        }
        if let Some(peak) = peak {
            parts.push(format!("peak memory {} MiB", peak >> 20));
        }
        eprintln!("thorax: {}\nthorax: results in {}", parts.join("; "), self.out.display());
    }
}

impl Book<'_> {
    /// Whether the file is entered already, which is counted.
    fn knows(&mut self, input: &Input) -> bool {
        let knows = input.content.as_ref().is_ok_and(|content| self.journal.holds(&input.name, &content.sha256));
        if knows {
            self.tally.known += 1;
            self.bar.inc(1);
        }
        knows
    }

    fn enter(&mut self, source: &Source, finished: Finished) -> Result<()> {
        self.bar.inc(1);
        if matches!(source, Source::Found(_)) && !finished.is_picture {
            self.tally.passed_over += 1;
            return Ok(());
        }
        let record = finished.record;
        match record.status {
            Status::Ok => self.tally.read += 1,
            Status::Refused => self.tally.refused += 1,
            Status::Failed => self.tally.failed += 1,
        }
        Ok(self.journal.append(&record)?)
    }
}

/// A flag that Ctrl-C and a request to end raise. The films under way are still written; a second Ctrl-C ends at once, and
/// the file is whole then, too.
fn stop_on_interrupt() -> Result<Arc<AtomicBool>> {
    let stopped = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stopped);
    ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(1);
        }
        eprintln!("\nthorax: finishing the films under way; press Ctrl-C again to end at once");
    })
    .context("cannot listen for Ctrl-C")?;
    Ok(stopped)
}

/// A progress bar on the terminal; nothing where standard error is none.
pub fn progress(files: usize) -> ProgressBar {
    let bar = ProgressBar::new(files as u64);
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} films, {per_sec}, {eta} left")
        .expect("the template is a constant that a test renders; this is a bug");
    bar.with_style(style)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_progress_bar_can_be_drawn() {
        assert_eq!(super::progress(7).length(), Some(7));
    }
}
