//! `thorax predict`.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::ValueEnum;
use thorax_domain::clock::Stopwatch;
use thorax_domain::prediction::NetworkIdentity;
use thorax_inference::analyzer::Urgency;

use super::sources::{self, Source};
use super::{Outcome, count, heatmaps, table};
use crate::app;
use crate::config::Options;
use crate::record::Status;
use crate::workflow::analyze::{Order, Reader};

const EXAMPLES: &str = "\
Examples:
  thorax predict film.jpg
  thorax predict --format json --heatmaps maps films/
  curl -s https://pacs.example/film.dcm | thorax predict -
  thorax predict --memory-budget 300MiB --threads 1 film.png      on a small machine
  thorax predict --force photo.jpg                                read it though the gate refuses";

/// Read X-rays: the gate's verdict, six opinions and the consensus for each
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Predict {
    /// JPEG, PNG or DICOM files, folders (with all below them), or - for standard input
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// A table for people, or one JSON object a line for programs
    #[arg(long, value_name = "FORM", default_value = "text")]
    format: Format,

    /// Write where the networks looked into this folder: a picture and the raw grid for each, named by content and network
    #[arg(long, value_name = "DIR")]
    heatmaps: Option<PathBuf>,

    #[command(flatten)]
    how: How,

    #[command(flatten)]
    options: Options,
}

/// What a reading may be asked to do, in `predict` and `batch` alike.
#[derive(Debug, Clone, clap::Args)]
pub struct How {
    /// Ask only these networks, by name; fewer than the bundle's minimum give no diagnosis
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub models: Vec<String>,

    /// Read films that the gate refuses, too; recorded in the result
    #[arg(long)]
    pub force: bool,

    /// Age of the patient in years, for files that do not say it
    #[arg(long, value_name = "YEARS", value_parser = clap::value_parser!(u16).range(0..=130))]
    pub age: Option<u16>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

impl Predict {
    pub fn run(self) -> Result<Outcome> {
        let bundle = app::open_bundle(&self.options)?;
        app::networks(&bundle, &self.how.models)?;
        if let Some(folder) = &self.heatmaps {
            fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
        }
        let analyzer = app::analyzer(bundle, app::open_engine(&self.options)?, &self.options)?;
        let sources = sources::expand(&self.paths);
        let order = Order {
            networks: self.how.models.clone(),
            force: self.how.force,
            age_years: self.how.age,
            keep_film: self.heatmaps.is_some(),
            // Whoever names one film waits for it; of several, the last is waited for, and no single one.
            urgency: if sources.len() == 1 { Urgency::Stat } else { Urgency::Routine },
        };
        let reader = Reader::new(&analyzer, order)?;
        if sources.is_empty() {
            eprintln!(
                "thorax: there are no files in {}",
                self.paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
            );
        }
        let outcome = self.read_all(&reader, &sources)?;
        if let (Format::Text, Some(peak)) = (self.format, analyzer.memory().process_peak) {
            let engine = table::engine(&analyzer.engine());
            let numbers = NetworkIdentity::precisions(&analyzer.networks());
            eprintln!("{} on {engine} ({numbers}); peak memory {} MiB", app::PROGRAM, peak >> 20);
        }
        Ok(outcome)
    }

    fn read_all(&self, reader: &Reader<'_>, sources: &[Source]) -> Result<Outcome> {
        let mut out = io::stdout().lock();
        let mut outcome = Outcome::Complete;
        let mut passed_over = 0;
        for source in sources {
            let clock = Stopwatch::start();
            let finished = reader.read(clock, source.open(reader.byte_limit()));
            if matches!(source, Source::Found(_)) && !finished.is_picture {
                passed_over += 1;
                continue;
            }
            if finished.record.status == Status::Failed {
                outcome = Outcome::Incomplete;
            }
            match self.format {
                Format::Json => {
                    serde_json::to_writer(&mut out, &finished.record)?;
                    out.write_all(b"\n")?;
                }
                Format::Text => out.write_all(table::render(&finished.record).as_bytes())?,
            }
            out.flush()?;
            if let (Some(folder), Some((film, reading))) = (&self.heatmaps, &finished.picture) {
                heatmaps::write(folder, &finished.record, film, reading)?;
            }
        }
        if passed_over > 0 {
            eprintln!("thorax: {} passed over: no picture", count(passed_over, "file was", "files were"));
        }
        Ok(outcome)
    }
}
