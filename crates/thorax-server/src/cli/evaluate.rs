//! `thorax evaluate`.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use thorax_domain::clock::{Clock, SystemClock};
use thorax_inference::analyzer::{Analyzer, Origin as Request};

use super::{Outcome, batch, count};
use crate::app::{self, Usage};
use crate::config::Options;
use crate::evaluation::{self, Case, Evaluation, Films, Labels, Origin, Plan};
use crate::measures::Interval;
use crate::new_file;

const EXAMPLES: &str = "\
Examples:
  thorax evaluate films/ --labels labels.csv
  thorax evaluate films/ --labels labels.csv --split test --out evaluation-test
The labels file is CSV with the columns file (below DIR) and label (COVID or COVID-19, Lung Opacity, Normal, Viral Pneumonia);
patient_id, source, sex, age, view and split are used where they are there. docs/operations.md describes what comes out.";

/// Measure a bundle on films with known labels: a report with figures, intervals and drawings
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Evaluate {
    /// The folder that holds the films
    #[arg(value_name = "DIR")]
    folder: PathBuf,

    /// The labels, one row a film
    #[arg(long, value_name = "FILE")]
    labels: PathBuf,

    /// The folder for evaluation.json, evaluation.md and the drawings; what an earlier evaluation wrote there is replaced
    #[arg(long, value_name = "FOLDER", default_value = "evaluation")]
    out: PathBuf,

    /// Read only the rows with this in the column split
    #[arg(long, value_name = "NAME")]
    split: Option<String>,

    /// Do not read each film twice more, with the lungs covered and with nothing but the border
    #[arg(long)]
    skip_checks: bool,

    #[command(flatten)]
    options: Options,
}

impl Evaluate {
    pub fn run(self) -> Result<Outcome> {
        if !self.folder.is_dir() {
            return Err(Usage(format!("{} is not a folder", self.folder.display())).into());
        }
        let labels = self.labels()?;
        let (films, listed) = Films::list(&labels, self.split.as_deref());
        fs::create_dir_all(&self.out).with_context(|| format!("cannot make the folder {}", self.out.display()))?;
        let bundle = app::open_bundle(&self.options)?;
        let analyzer = app::analyzer(bundle, app::open_engine(&self.options)?, &self.options)?;
        let plan = Plan {
            folder: &self.folder,
            analyzer: &analyzer,
            workers: app::threads(&self.options),
            checks: !self.skip_checks,
        };
        let bar = batch::progress(listed.len());
        let (films, cases) = evaluation::read(&plan, films, &listed, || bar.inc(1))?;
        bar.finish_and_clear();
        let evaluation = self.evaluation(&labels, films, &cases, &analyzer)?;
        self.write(&evaluation, &cases)?;
        print!("{}", summary(&evaluation));
        eprintln!("thorax: the report is in {}", self.out.join("evaluation.md").display());
        Ok(if evaluation.films.is_complete() { Outcome::Complete } else { Outcome::Incomplete })
    }

    /// The labels, proved to have rows of the split asked for.
    fn labels(&self) -> Result<Labels> {
        let refused = |why: String| Usage(format!("{}: {why}", self.labels.display()));
        let labels = Labels::open(&self.labels).map_err(|error| refused(error.to_string()))?;
        let Some(split) = &self.split else { return Ok(labels) };
        if !labels.has_splits {
            return Err(refused("there is no column \"split\" for --split".to_owned()).into());
        }
        if !labels.splits().contains(&split.as_str()) {
            let known = labels.splits().join(", ");
            return Err(refused(format!("no row has the split {split:?}; there are {known}")).into());
        }
        Ok(labels)
    }

    fn evaluation(&self, labels: &Labels, films: Films, cases: &[Case], analyzer: &Analyzer) -> Result<Evaluation> {
        let request = Request { networks: &[], input_sha256: "", forced: false, program: app::PROGRAM };
        let provenance = analyzer.provenance(request)?;
        let origin = Origin::new(provenance, labels, self.split.clone(), SystemClock.now());
        Ok(Evaluation::of(origin, films, cases, analyzer.bundle().manifest(), !self.skip_checks))
    }

    fn write(&self, evaluation: &Evaluation, cases: &[Case]) -> Result<()> {
        let json = serde_json::to_string_pretty(evaluation)? + "\n";
        for (name, text) in [
            ("evaluation.json", json),
            ("evaluation.md", evaluation::markdown(evaluation)),
            ("roc.svg", evaluation::roc(cases, evaluation.discrimination.first())),
            ("reliability.svg", evaluation::reliability(&evaluation.calibration)),
            ("coverage.svg", evaluation::coverage(cases)),
        ] {
            let path = self.out.join(name);
            new_file::write(&path, text.as_bytes()).with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(())
    }
}

/// What one wants to know at once.
fn summary(evaluation: &Evaluation) -> String {
    let films = &evaluation.films;
    let mut lines = vec![format!(
        "films        {} listed: {} read, {} refused by the gate, {} without a diagnosis, {} unreadable, {} missing",
        films.listed,
        films.read,
        films.refused,
        films.undecided.len(),
        films.unreadable.len(),
        films.missing.len()
    )];
    let (unknown, duplicates) = (films.unknown_labels.len(), films.duplicates.len());
    if unknown + duplicates > 0 {
        let unknown = count(unknown, "row with an unknown label", "rows with an unknown label");
        let duplicates = count(duplicates, "row that names a film again", "rows that name a film again");
        lines.push(format!("             {unknown}, {duplicates}"));
    }
    let share = |interval: Option<Interval>| interval.map_or("undefined".to_owned(), |interval| interval.text());
    for class in evaluation.discrimination.iter().take(1).flat_map(|ensemble| &ensemble.classes) {
        lines.push(format!("AUROC        {:<16} {}", class.diagnosis, evaluation::estimate(class.auroc)));
    }
    lines.push(format!("accuracy     {}", share(evaluation.decisions.accuracy)));
    lines.push(format!("inconclusive {}", share(evaluation.decisions.inconclusive)));
    for at in evaluation.thresholds.iter().flatten() {
        lines.push(format!(
            "COVID        {} at p >= {}: sensitivity {}, specificity {}",
            at.name,
            at.threshold,
            share(at.sensitivity),
            share(at.specificity)
        ));
    }
    if let Some(checks) = &evaluation.checks {
        lines.push(format!(
            "checks       AUROC of COVID from the border alone {}",
            evaluation::estimate(checks.border_only.covid_auroc)
        ));
        let lungs = checks
            .lungs_covered
            .map_or("not made: the bundle finds no lungs".to_owned(), |check| evaluation::estimate(check.covid_auroc));
        lines.push(format!("             with the lungs covered {lungs}; near 0.5 is what one wants"));
    }
    lines.push(evaluation.notice.to_owned());
    lines.join("\n") + "\n"
}
