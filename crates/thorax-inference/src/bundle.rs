//! The bundle: networks, recipe, thresholds and figures that `training/` made, and that nothing here replaces with a guess.
//! The format is described in `docs/bundle.md`.

mod gate_file;
mod golden;
mod manifest;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use thorax_domain::prediction::Diagnosis;
use thorax_imaging::heat::{Heat, Part};

use crate::engine::Tensor;
use crate::pooling::LungWeights;

pub use gate_file::Classifier;
pub use golden::{Golden, GoldenError, GoldenFilm, GoldenNetwork, Tolerance};
pub use manifest::{Caution, Ensemble, GateLimits, Locator, Manifest, Network, Thresholds, View};

/// A bundle whose manifest, labels and hashes are in order. Its golden values are checked when its networks are loaded.
#[derive(Debug, Clone)]
pub struct Bundle {
    directory: PathBuf,
    hash: String,
    manifest: Manifest,
    labels: [Diagnosis; 4],
    /// For each network the view that it reads.
    views: Vec<usize>,
    classifier: Classifier,
    golden: Golden,
}

/// Why a bundle is refused.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// A file of it is not there or cannot be read.
    #[error("{}: {source}. Without its bundle Thorax reads nothing; give its folder with --bundle", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file's text does not have the form.
    #[error("{}: {reason}", path.display())]
    Form {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A file is not the one that the manifest names.
    #[error("{}: its SHA-256 is {measured}, the manifest says {expected}: the file was changed or damaged", path.display())]
    Hash {
        /// Which file.
        path: PathBuf,
        /// What the file has.
        measured: String,
        /// What the manifest says.
        expected: String,
    },
}

impl Bundle {
    /// Opens the bundle in `directory`: reads the manifest, checks labels, numbers and the hash of every file.
    ///
    /// # Errors
    /// [`BundleError`], naming the file and what is wrong with it.
    pub fn open(directory: &Path) -> Result<Self, BundleError> {
        let path = directory.join("bundle.toml");
        let bytes = read(&path)?;
        let form = |reason: String| BundleError::Form { path: path.clone(), reason };
        let text = std::str::from_utf8(&bytes).map_err(|error| form(error.to_string()))?;
        let manifest = Manifest::parse(text).map_err(form)?;
        let labels = manifest.check().map_err(form)?;
        let networks = manifest.network.iter().map(|network| (&network.file, &network.sha256));
        for (file, sha256) in networks.chain(manifest.locator.iter().map(|locator| (&locator.file, &locator.sha256))) {
            verified(&directory.join(file), sha256)?;
        }
        let place = |network: &Network| manifest.view.iter().position(|view| view.name == network.view);
        let views = manifest.network.iter().filter_map(place).collect();
        let gate_path = directory.join(&manifest.gate.file);
        let classifier = Classifier::parse(&verified(&gate_path, &manifest.gate.sha256)?)
            .map_err(|reason| BundleError::Form { path: gate_path, reason })?;
        let golden_path = directory.join(&manifest.golden.file);
        let golden = Golden::parse(&verified(&golden_path, &manifest.golden.sha256)?)
            .map_err(|reason| BundleError::Form { path: golden_path, reason })?;
        for film in &golden.films {
            verified(&directory.join(&film.file), &film.sha256)?;
        }
        Ok(Self { directory: directory.to_path_buf(), hash: hash(&bytes), manifest, labels, views, classifier, golden })
    }

    /// The manifest.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// SHA-256 of the manifest, hexadecimal; as the manifest holds the hashes of all files, it stands for the whole bundle.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Where the bundle lies.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The diagnoses in the order of the networks' outputs.
    #[must_use]
    pub const fn labels(&self) -> &[Diagnosis; 4] {
        &self.labels
    }

    /// The networks, the gate's first.
    #[must_use]
    pub fn networks(&self) -> &[Network] {
        &self.manifest.network
    }

    /// The views.
    #[must_use]
    pub fn views(&self) -> &[View] {
        &self.manifest.view
    }

    /// Index of the view that a network reads.
    #[must_use]
    pub fn view_of(&self, network: usize) -> usize {
        self.views[network]
    }

    /// The part of a film of `size` that a network's view shows, with these lungs.
    #[must_use]
    pub fn part_of(&self, network: usize, size: (u32, u32), lungs: Option<&Heat>) -> Part {
        self.views()[self.view_of(network)].recipe.field(size, lungs).part_of(size.0, size.1)
    }

    /// How much each cell of maps counts that show a part of a film with these lungs.
    #[must_use]
    pub fn lung_weights(&self, cam: &Tensor, part: Part, lungs: Option<&Heat>) -> LungWeights {
        let outside = self.manifest.locator.as_ref().map(|locator| locator.outside);
        let grid = (cam.shape.get(3).copied().unwrap_or(0), cam.shape.get(2).copied().unwrap_or(0));
        LungWeights::new(lungs.zip(outside), part, grid)
    }

    /// The recipes of all views in one line, for the provenance of a result.
    #[must_use]
    pub fn describe_views(&self) -> String {
        let views = self.views().iter().map(|view| format!("{}: {}", view.name, view.recipe.describe()));
        views.collect::<Vec<_>>().join("; ")
    }

    /// The gate's classifier.
    #[must_use]
    pub const fn classifier(&self) -> &Classifier {
        &self.classifier
    }

    /// What the bundle must reproduce.
    #[must_use]
    pub const fn golden(&self) -> &Golden {
        &self.golden
    }

    /// A graph's file, read and verified now: what is loaded is what was hashed.
    ///
    /// # Errors
    /// [`BundleError::Read`] or [`BundleError::Hash`].
    pub fn graph(&self, file: &str, sha256: &str) -> Result<Vec<u8>, BundleError> {
        verified(&self.directory.join(file), sha256)
    }

    /// A film of the golden values, read and verified.
    ///
    /// # Errors
    /// [`BundleError::Read`] or [`BundleError::Hash`].
    pub fn golden_film(&self, film: &GoldenFilm) -> Result<Vec<u8>, BundleError> {
        verified(&self.directory.join(&film.file), &film.sha256)
    }

    /// Indices of the networks of these names, in the bundle's order; all of them for no names.
    ///
    /// # Errors
    /// The first name that no network has.
    pub fn select(&self, names: &[String]) -> Result<Vec<usize>, UnknownNetwork> {
        let known: HashMap<&str, usize> =
            self.networks().iter().enumerate().map(|(index, network)| (network.name.as_str(), index)).collect();
        if names.is_empty() {
            return Ok((0..self.networks().len()).collect());
        }
        let mut chosen = names
            .iter()
            .map(|name| {
                known.get(name.as_str()).copied().ok_or_else(|| UnknownNetwork {
                    name: name.clone(),
                    known: self.networks().iter().map(|network| network.name.clone()).collect::<Vec<_>>().join(", "),
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        chosen.sort_unstable();
        chosen.dedup();
        Ok(chosen)
    }
}

/// A name that no network of the bundle has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the bundle has no network {name:?}; it has {known}")]
pub struct UnknownNetwork {
    name: String,
    known: String,
}

fn read(path: &Path) -> Result<Vec<u8>, BundleError> {
    std::fs::read(path).map_err(|source| BundleError::Read { path: path.to_path_buf(), source })
}

fn verified(path: &Path, expected: &str) -> Result<Vec<u8>, BundleError> {
    let bytes = read(path)?;
    let measured = hash(&bytes);
    if measured == expected {
        return Ok(bytes);
    }
    Err(BundleError::Hash { path: path.to_path_buf(), measured, expected: expected.to_owned() })
}

/// SHA-256, hexadecimal in lower case.
#[must_use]
pub fn hash(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
