//! **How good a bundle is on films with known labels.** What lives here: the labels file, reading the films through the path of
//! every reading, the figures and their report. What never does: a figure's arithmetic (`measures`), a pixel, a command line.
//! Start reading at [`Evaluation`], then `evaluation/reading.rs`, then `evaluation/figures.rs`.

mod covered;
mod drawings;
mod figures;
mod films;
mod groups;
mod labels;
mod markdown;
mod reading;
mod selection;

pub use covered::{Check, Checks};
pub use drawings::{coverage, reliability, roc};
pub use figures::{
    AtThreshold, Calibration, ClassDecisions, ClassDiscrimination, Conformal, Decisions, Discrimination,
};
pub use films::{Duplicate, Films, Missing, SameContent, UnknownLabel, Unread};
pub use groups::Group;
pub use labels::{Labelled, Labels, Traits};
pub use markdown::{estimate, markdown};
pub use reading::{Case, Plan, read};
pub use selection::Selected;

use serde::Serialize;
use thorax_domain::DECISION_SUPPORT;
use thorax_domain::clock::Timestamp;
use thorax_domain::prediction::{EngineIdentity, NetworkIdentity, Provenance};
use thorax_inference::bundle::Manifest;

use crate::measures;

/// Everything that the report says; `evaluation.json` is this.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evaluation {
    /// Stands above every report.
    pub notice: &'static str,
    /// Where the figures come from.
    pub provenance: Origin,
    /// What became of every row of the labels file.
    pub films: Films,
    /// How well the ensemble and each network tell each class from the rest.
    pub discrimination: Vec<Discrimination>,
    /// What the program called the films.
    pub decisions: Decisions,
    /// COVID by the bundle's thresholds; none where the bundle states none.
    pub thresholds: Option<Vec<AtThreshold>>,
    /// Whether probabilities mean what they say.
    pub calibration: Calibration,
    /// What is gained by silence about the films that the program is least sure of.
    pub selection: Vec<Selected>,
    /// Parts of the films.
    pub groups: Vec<Group>,
    /// Films with lungs covered and with borders only; none where these checks were skipped.
    pub checks: Option<Checks>,
}

/// Where the figures come from.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Origin {
    /// When.
    pub created: Timestamp,
    /// The program's version.
    pub program: String,
    /// The bundle's name.
    pub bundle: String,
    /// SHA-256 of its manifest.
    pub bundle_sha256: String,
    /// The preprocessing, one line.
    pub recipe: String,
    /// The networks.
    pub networks: Vec<NetworkIdentity>,
    /// The engine.
    pub engine: EngineIdentity,
    /// SHA-256 of the labels file.
    pub labels_sha256: String,
    /// The split asked for; none for all rows.
    pub split: Option<String>,
    /// How often patients were drawn anew for an interval.
    pub bootstrap_draws: usize,
    /// Where the row of random numbers began.
    pub bootstrap_seed: u64,
}

impl Origin {
    /// The origin of figures over these labels, read as `provenance` says.
    #[must_use]
    pub fn new(provenance: Provenance, labels: &Labels, split: Option<String>, created: Timestamp) -> Self {
        Self {
            created,
            program: provenance.program,
            bundle: provenance.bundle,
            bundle_sha256: provenance.bundle_sha256,
            recipe: provenance.recipe,
            networks: provenance.networks,
            engine: provenance.engine,
            labels_sha256: labels.sha256.clone(),
            split,
            bootstrap_draws: measures::DRAWS,
            bootstrap_seed: measures::SEED,
        }
    }
}

impl Evaluation {
    /// The figures over films that were read with the bundle of this manifest; `checks` says whether covered, too.
    #[must_use]
    pub fn of(provenance: Origin, films: Films, cases: &[Case], manifest: &Manifest, checks: bool) -> Self {
        let names: Vec<String> = manifest.network.iter().map(|network| network.name.clone()).collect();
        Self {
            notice: DECISION_SUPPORT,
            provenance,
            films,
            discrimination: figures::discrimination(cases, &names),
            decisions: figures::decisions(cases, manifest.ensemble.coverage),
            thresholds: manifest.thresholds.map(|thresholds| figures::at_thresholds(cases, thresholds)),
            calibration: figures::calibration(cases),
            selection: selection::tenths(cases),
            groups: groups::groups(cases),
            checks: checks.then(|| Checks::of(cases, manifest.locator.is_some())),
        }
    }
}

#[cfg(test)]
mod tests;
