//! `golden.json`: films and what the bundle must make of them, in every program that loads it.

use std::collections::HashMap;

use base64::Engine as _;
use serde::Deserialize;
use thorax_domain::prediction::Precision;
use thorax_imaging::{GrayImage, Pixels};

use crate::network::NetworkOutputs;

/// Golden inputs and outputs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Golden {
    /// How far a value may be off.
    pub tolerance: Tolerance,
    /// The films.
    pub films: Vec<GoldenFilm>,
}

/// How far values may be off.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tolerance {
    /// Grey levels of the prepared picture.
    pub pixels: u8,
    /// Logits, and means of class activation maps.
    pub logits: f64,
    /// Probabilities of the ensemble.
    pub probability: f64,
    /// The same for what is computed in a reduced precision; without it nothing more is tolerated there.
    pub reduced: Option<Reduced>,
}

/// How far values of a reduced precision may be off.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reduced {
    /// Logits, and means of class activation maps.
    pub logits: f64,
    /// Probabilities of the ensemble.
    pub probability: f64,
}

impl Tolerance {
    /// Logits and probabilities in this precision.
    fn of(&self, precision: Precision) -> Reduced {
        let full = Reduced { logits: self.logits, probability: self.probability };
        if precision == Precision::F32 { full } else { self.reduced.unwrap_or(full) }
    }
}

/// One film and its golden outputs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GoldenFilm {
    /// The film's file beside the manifest.
    pub file: String,
    /// Its SHA-256.
    pub sha256: String,
    /// Whose film it is and under which licence.
    pub attribution: String,
    /// The 8-bit picture that each view's recipe makes of it, base64, by the view's name.
    pixels: HashMap<String, String>,
    /// Golden outputs of each network, by name.
    pub networks: HashMap<String, GoldenNetwork>,
    /// The ensemble's probabilities in the order of the labels.
    pub probabilities: [f64; 4],
}

/// Golden outputs of one network.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GoldenNetwork {
    /// Logits in the order of the labels.
    pub logits: [f64; 4],
    /// Means of the class activation maps over all cells alike.
    pub cam_mean: [f64; 4],
    /// Euclidean length of the embedding.
    pub embedding_norm: f64,
}

/// A golden value that was not reproduced.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error(
    "{what} of the golden film {film} is {measured}, the bundle says {expected} (tolerance {tolerance}): this program or \
         engine does not compute what was trained, so it may not be used"
)]
pub struct GoldenError {
    /// Which value, with the network's name.
    pub what: String,
    /// Which film.
    pub film: String,
    /// What came out.
    pub measured: f64,
    /// What should.
    pub expected: f64,
    /// How far it may be off.
    pub tolerance: f64,
}

impl GoldenFilm {
    fn expect(&self, what: &str, measured: f64, expected: f64, tolerance: f64) -> Result<(), GoldenError> {
        // Written so that NaN fails too.
        if (measured - expected).abs() <= tolerance {
            return Ok(());
        }
        Err(GoldenError { what: what.to_owned(), film: self.file.clone(), measured, expected, tolerance })
    }
}

impl Golden {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let golden: Self = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if golden.films.is_empty() {
            return Err("there is no golden film, so nothing proves the networks".to_owned());
        }
        if golden.films.iter().any(|film| film.file.contains(['/', '\\'])) {
            return Err("golden films must lie beside the manifest".to_owned());
        }
        Ok(golden)
    }

    /// Compares the picture that a view's recipe made with the golden one.
    ///
    /// # Errors
    /// [`GoldenError`] with the largest difference in grey levels.
    pub fn check_pixels(&self, film: &GoldenFilm, view: &str, prepared: &GrayImage) -> Result<(), GoldenError> {
        let golden = film.pixels.get(view).map(String::as_str).unwrap_or_default();
        let expected = base64::engine::general_purpose::STANDARD.decode(golden).unwrap_or_default();
        let differs = match prepared.pixels() {
            Pixels::U8(pixels) if pixels.len() == expected.len() => {
                pixels.iter().zip(&expected).map(|(one, other)| one.abs_diff(*other)).max().unwrap_or(u8::MAX)
            }
            _ => u8::MAX,
        };
        let tolerance = f64::from(self.tolerance.pixels);
        film.expect(&format!("largest difference of view {view}"), f64::from(differs), 0.0, tolerance)
    }

    /// Compares what one network gave, in this precision, with its golden values.
    ///
    /// # Errors
    /// [`GoldenError`] naming the network and the output.
    pub fn check_network(
        &self,
        film: &GoldenFilm,
        (name, precision): (&str, Precision),
        outputs: &NetworkOutputs,
        logits: &[f64; 4],
    ) -> Result<(), GoldenError> {
        let nothing = GoldenNetwork { logits: [f64::NAN; 4], cam_mean: [f64::NAN; 4], embedding_norm: f64::NAN };
        let golden = film.networks.get(name).unwrap_or(&nothing);
        let tolerance = self.tolerance.of(precision).logits;
        for (index, (&measured, &expected)) in logits.iter().zip(&golden.logits).enumerate() {
            film.expect(&format!("logit {index} of {name}"), measured, expected, tolerance)?;
        }
        let cells = outputs.cam.film(0).len() / 4;
        for (index, &expected) in golden.cam_mean.iter().enumerate() {
            let map = outputs.cam.film(0).get(index * cells..(index + 1) * cells).unwrap_or_default();
            #[expect(clippy::cast_precision_loss, reason = "a map has some hundred cells")]
            let measured = map.iter().map(|&one| f64::from(one)).sum::<f64>() / cells as f64;
            film.expect(&format!("mean of map {index} of {name}"), measured, expected, tolerance)?;
        }
        let norm = outputs.embedding.film(0).iter().map(|&one| f64::from(one).powi(2)).sum::<f64>().sqrt();
        let relative = norm / golden.embedding_norm;
        film.expect(&format!("length of the embedding of {name} (relative)"), relative, 1.0, tolerance)
    }

    /// Compares the ensemble's probabilities with the golden ones.
    ///
    /// # Errors
    /// [`GoldenError`] with the first that is off.
    pub fn check_probabilities(
        &self,
        film: &GoldenFilm,
        precision: Precision,
        measured: &[f64; 4],
    ) -> Result<(), GoldenError> {
        let tolerance = self.tolerance.of(precision).probability;
        for (index, (&measured, &expected)) in measured.iter().zip(&film.probabilities).enumerate() {
            let what = format!("probability {index} of the ensemble");
            film.expect(&what, measured, expected, tolerance)?;
        }
        Ok(())
    }
}
