//! `bundle.toml`, as `docs/bundle.md` describes it.

use serde::Deserialize;
use thorax_domain::prediction::{Diagnosis, Precision};
use thorax_imaging::recipe::Recipe;

/// The manifest.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of the format; 3.
    pub schema: u32,
    /// The bundle's name.
    pub id: String,
    /// Day on which it was made, `YYYY-MM-DD`.
    pub created: String,
    /// Licence of the bundle as a whole.
    pub licence: String,
    /// Names of the classes in the order of the outputs.
    pub labels: Vec<String>,
    /// The ways in which a film is prepared; each network reads one of them.
    pub view: Vec<View>,
    /// The networks, the gate's first.
    pub network: Vec<Network>,
    /// How their opinions become one.
    pub ensemble: Ensemble,
    /// Warnings that labels carry.
    #[serde(default)]
    pub caution: Vec<Caution>,
    /// The gate.
    pub gate: GateLimits,
    /// What finds the lungs, if anything.
    pub locator: Option<Locator>,
    /// Where COVID begins to be suspected and where it counts as found, if the bundle says so.
    pub thresholds: Option<Thresholds>,
    /// The file of golden values.
    pub golden: FileHash,
    /// What it was trained on and how; for people.
    #[serde(default)]
    pub training: toml::Table,
    /// How good it is; for people.
    #[serde(default)]
    pub metrics: toml::Table,
}

/// A way of preparing a film.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct View {
    /// Short name, which networks refer to.
    pub name: String,
    /// The steps.
    pub recipe: Recipe,
}

/// One network.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// Short name, for commands and files.
    pub name: String,
    /// Name for people.
    pub title: String,
    /// Its file beside the manifest.
    pub file: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Name of the view that it reads.
    pub view: String,
    /// Number of weights.
    pub parameters: u64,
    /// Precisions besides f32 in which it was measured and found good enough (`docs/model-card.md`).
    #[serde(default)]
    pub reduced: Vec<Precision>,
    /// Licence of the weights that it started from.
    pub licence: String,
    /// Where these came from.
    pub origin: String,
    /// Logits are divided by this before softmax.
    pub temperature: f64,
}

/// How six opinions become one.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ensemble {
    /// Fewest votes for a diagnosis.
    pub minimum_votes: usize,
    /// Share of films whose true class the prediction set must hold.
    pub coverage: f64,
    /// A class is in the prediction set when 1 - p is at most this.
    pub conformal_threshold: f64,
}

/// A warning that a label carries.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Caution {
    /// For which label.
    pub label: Diagnosis,
    /// For patients of at least this age in years.
    pub minimum_age: u16,
    /// What to tell.
    pub message: String,
}

/// The gate's limits and the file of its classifier.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateLimits {
    /// Whose embedding the classifier reads; the first network.
    pub network: String,
    /// The classifier's file.
    pub file: String,
    /// Its SHA-256.
    pub sha256: String,
    /// Pixels of the shorter side.
    pub minimum_short_side: u32,
    /// Longer side by shorter side.
    pub maximum_aspect: f64,
    /// Standard deviation at 8 bits.
    pub minimum_contrast: f64,
    /// Variance of the Laplacian at 224 × 224.
    pub minimum_sharpness: f64,
}

/// The small network that finds the lungs: its output `lungs`, `1 × h × w`, is the probability of lung for each cell of the
/// whole film.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Locator {
    /// Its file beside the manifest.
    pub file: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// How a film is prepared for it; cuts nothing.
    pub recipe: Recipe,
    /// How much a cell of a network's maps counts that shows no lung, beside 1 and this for one that shows nothing else.
    pub outside: f64,
    /// Least depth of the valley between the two lungs that it finds, 0 to 1.
    pub minimum_separation: f64,
}

/// Limits of the ensemble's probability of COVID; a film is called positive when it is at least this.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// Low, so that few who have it are passed over.
    pub screening: f64,
    /// High, so that few who do not have it are called so; at least `screening`.
    pub confirmation: f64,
}

/// A file and its hash.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileHash {
    /// The file beside the manifest.
    pub file: String,
    /// Its SHA-256.
    pub sha256: String,
}

/// The schema that is read.
const SCHEMA: u32 = 4;

/// What every manifest has, of whichever schema.
#[derive(Deserialize)]
struct Version {
    schema: u32,
}

impl Manifest {
    /// Reads a manifest. Its schema comes first: one written for another program is told so, whatever else is in it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let Version { schema } = toml::from_str(text).map_err(|error| error.to_string())?;
        if schema != SCHEMA {
            return Err(format!("schema is {schema}, this program reads {SCHEMA}"));
        }
        toml::from_str(text).map_err(|error| error.to_string())
    }

    /// Checks what the types cannot: labels, numbers, references, file names. Gives the labels in order.
    pub(super) fn check(&self) -> Result<[Diagnosis; 4], String> {
        let labels = self.labels.iter().map(|label| label.parse()).collect::<Result<Vec<Diagnosis>, _>>();
        let labels: [Diagnosis; 4] =
            labels.map_err(|error| error.to_string())?.try_into().map_err(|labels: Vec<_>| {
                format!("labels must be the four diagnoses, each once; there are {}", labels.len())
            })?;
        if Diagnosis::ALL.iter().any(|one| !labels.contains(one)) {
            return Err("labels must name each of the four diagnoses once".to_owned());
        }
        self.check_views()?;
        self.check_networks()?;
        self.check_ensemble()?;
        self.check_thresholds()?;
        let files = self.network.iter().map(|network| &network.file).chain([&self.gate.file, &self.golden.file]);
        for file in files.chain(self.locator.iter().map(|locator| &locator.file)) {
            if file.contains(['/', '\\']) || file.starts_with('.') {
                return Err(format!("file {file:?} must lie beside the manifest"));
            }
        }
        Ok(labels)
    }

    fn check_views(&self) -> Result<(), String> {
        for (index, view) in self.view.iter().enumerate() {
            if self.view[..index].iter().any(|other| other.name == view.name) {
                return Err(format!("two views are named {:?}", view.name));
            }
            if view.recipe.needs_lungs() && self.locator.is_none() {
                return Err(format!("view {:?} crops to the lungs, and there is no locator to find them", view.name));
            }
        }
        let Some(locator) = &self.locator else { return Ok(()) };
        if locator.recipe.cuts() {
            return Err("the locator's recipe must not cut: its map lies over the whole film".to_owned());
        }
        if !(locator.outside.is_finite() && locator.outside > 0.0) {
            return Err(
                "locator.outside must be above 0: a film without lungs would have no cell that counts".to_owned()
            );
        }
        if !(0.0..=1.0).contains(&locator.minimum_separation) {
            return Err("locator.minimum_separation must be between 0 and 1".to_owned());
        }
        Ok(())
    }

    fn check_networks(&self) -> Result<(), String> {
        let first = self.network.first().ok_or("the bundle has no network")?;
        if first.name != self.gate.network {
            return Err(format!("the gate's network {:?} must come first, not {:?}", self.gate.network, first.name));
        }
        for (index, network) in self.network.iter().enumerate() {
            if self.network[..index].iter().any(|other| other.name == network.name) {
                return Err(format!("two networks are named {:?}", network.name));
            }
            if self.view.iter().all(|view| view.name != network.view) {
                return Err(format!("network {} reads the view {:?}, which there is not", network.name, network.view));
            }
            if !(network.temperature.is_finite() && network.temperature > 0.0) {
                return Err(format!("temperature of {} must be above 0", network.name));
            }
        }
        Ok(())
    }

    fn check_ensemble(&self) -> Result<(), String> {
        let ensemble = &self.ensemble;
        if ensemble.minimum_votes == 0 || ensemble.minimum_votes > self.network.len() {
            return Err(format!("ensemble.minimum_votes must lie within 1 and {}", self.network.len()));
        }
        for (name, value) in [("coverage", ensemble.coverage), ("conformal_threshold", ensemble.conformal_threshold)] {
            if !(0.0..=1.0).contains(&value) {
                return Err(format!("ensemble.{name} must lie within 0 and 1"));
            }
        }
        Ok(())
    }

    fn check_thresholds(&self) -> Result<(), String> {
        let Some(Thresholds { screening, confirmation }) = self.thresholds else { return Ok(()) };
        for (name, value) in [("screening", screening), ("confirmation", confirmation)] {
            if !(0.0..=1.0).contains(&value) {
                return Err(format!("thresholds.{name} must lie within 0 and 1"));
            }
        }
        if confirmation < screening {
            return Err("thresholds.confirmation must not be below thresholds.screening".to_owned());
        }
        Ok(())
    }
}
