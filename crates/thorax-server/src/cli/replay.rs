//! `thorax replay`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use clap::ValueEnum;
use thorax_domain::clock::Stopwatch;
use thorax_domain::prediction::{Diagnosis, NetworkIdentity};
use thorax_inference::analyzer::Urgency;

use super::{Outcome, table};
use crate::app;
use crate::config::{EngineName, Options};
use crate::record::{Record, Status};
use crate::workflow::analyze::{Order, Reader};
use crate::workflow::input::Input;

const EXAMPLES: &str = "\
Examples:
  thorax predict --format json film.dcm > result.json
  thorax replay result.json film.dcm
  thorax replay results.jsonl film.dcm        the record of a batch with this content is taken
Exit code 0 when everything but the times comes out the same, bit for bit; 1 when not, or when it is another file or bundle.
Another kind of processor may round differently and so disagree in the last digits.";

/// Run a recorded result again and say whether the same comes out
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Replay {
    /// What `predict --format json` or `batch --out *.jsonl` wrote
    #[arg(value_name = "RESULT.json")]
    result: PathBuf,

    /// The film
    #[arg(value_name = "FILE")]
    film: PathBuf,

    #[command(flatten)]
    options: Options,
}

impl Replay {
    pub fn run(mut self) -> Result<Outcome> {
        let input = Input::of_path(&self.film, thorax_imaging::decode::Limits::default().bytes);
        let sha256 = match &input.content {
            Ok(content) => content.sha256.clone(),
            Err(error) => bail!("{}: {error}", self.film.display()),
        };
        let recorded = find(&self.result, &sha256)?;
        let provenance = &recorded.provenance;
        if self.options.engine == EngineName::Auto {
            self.options.engine = EngineName::from_str(&provenance.engine.name, false).map_err(|_| {
                anyhow!("the result is from the engine {:?}, which this program does not have", provenance.engine.name)
            })?;
        }
        let bundle = app::open_bundle(&self.options)?;
        if bundle.hash() != provenance.bundle_sha256 {
            bail!(
                "the result is from the bundle {} with the hash {}, but {} has the hash {}; give the folder of that bundle with --bundle",
                provenance.bundle,
                provenance.bundle_sha256,
                bundle.directory().display(),
                bundle.hash()
            );
        }
        let analyzer = app::analyzer(bundle, app::open_engine(&self.options)?, &self.options)?;
        let order = Order {
            networks: provenance.networks.iter().map(|network| network.name.clone()).collect(),
            force: provenance.forced,
            age_years: recorded.film.as_ref().and_then(|film| film.age_years),
            keep_film: false,
            urgency: Urgency::Stat,
        };
        let again = Reader::new(&analyzer, order)?.read(Stopwatch::start(), input).record;
        Ok(verdict(&recorded, &again))
    }
}

/// The record about the file with this hash.
fn find(result: &Path, sha256: &str) -> Result<Record> {
    let text = fs::read_to_string(result).with_context(|| format!("cannot read {}", result.display()))?;
    let records = serde_json::Deserializer::from_str(&text)
        .into_iter::<Record>()
        .collect::<Result<Vec<_>, _>>()
        .with_context(|| format!("{} holds no results of `thorax predict --format json`", result.display()))?;
    let count = records.len();
    let mut about_it = records.iter().filter(|record| record.provenance.input_sha256 == sha256);
    match about_it.next_back() {
        Some(record) if record.status == Status::Failed => {
            bail!(
                "the recorded reading failed ({}); there is nothing to compare",
                record.error.as_deref().unwrap_or_default()
            )
        }
        Some(record) => Ok(record.clone()),
        None if count == 1 => bail!(
            "the result is about another file: its content has the hash {}, this file's is {sha256}",
            records[0].provenance.input_sha256
        ),
        None => bail!("none of the {count} results in {} is about this file, whose hash is {sha256}", result.display()),
    }
}

/// Says what came out.
fn verdict(recorded: &Record, again: &Record) -> Outcome {
    let (then, now) = (&recorded.provenance, &again.provenance);
    println!("film    {}", now.input_sha256);
    println!("bundle  {} {}", now.bundle, now.bundle_sha256);
    println!("engine  {}", table::engine(&now.engine));
    for (what, before, after) in [
        ("engine", table::engine(&then.engine), table::engine(&now.engine)),
        ("arithmetic", NetworkIdentity::precisions(&then.networks), NetworkIdentity::precisions(&now.networks)),
        ("program", then.program.clone(), now.program.clone()),
    ] {
        if before != after {
            println!("note    the {what} was {before} then and is {after} now");
        }
    }
    let differences = differences(recorded, again);
    for difference in &differences {
        println!("differs {difference}");
    }
    if differences.is_empty() {
        println!("agrees, bit for bit");
        Outcome::Complete
    } else {
        println!("does not agree");
        Outcome::Incomplete
    }
}

/// What is not the same, times and names of files apart.
fn differences(recorded: &Record, again: &Record) -> Vec<String> {
    let (recorded, again) = (recorded.clone().without_times(), again.clone().without_times());
    let mut found = Vec::new();
    if recorded.status != again.status {
        found.push(format!("status: {:?} then, {:?} now", recorded.status, again.status));
    }
    if recorded.gate != again.gate {
        found.push("the gate's verdict".to_owned());
    }
    if recorded.film != again.film {
        found.push("the decoded film's size, depth or age".to_owned());
    }
    if recorded.attention != again.attention {
        found.push("the share of heat on the lungs".to_owned());
    }
    if let (Some(then), Some(now)) = (&recorded.prediction, &again.prediction) {
        for (one, other) in then.models.iter().zip(&now.models).filter(|(one, other)| one != other) {
            let distance = Diagnosis::ALL
                .into_iter()
                .map(|label| (one.probabilities.of(label).get() - other.probabilities.of(label).get()).abs())
                .fold(0.0, f64::max);
            found.push(format!("{}: a probability by {distance:.2e}", one.name));
        }
        if then != now && found.is_empty() {
            found.push("the consensus".to_owned());
        }
    }
    found
}
