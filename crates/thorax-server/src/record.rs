//! The shape of a result, the same in `predict`, `batch` and `replay`. Fields are added, never renamed or taken away:
//! `docs/operations.md` lists them and `tests/it/shape.rs` holds them.

mod columns;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use thorax_domain::DECISION_SUPPORT;
use thorax_domain::prediction::{Consensus, Provenance, Verdict};
use thorax_imaging::decode;

/// What came of one file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The path as it was given, or `-`.
    pub file: String,
    /// Hash of the content; none where it could not be read.
    pub sha256: Option<String>,
    /// How it ended.
    pub status: Status,
    /// What was wrong and what to do; only where it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What the file held; only where it could be decoded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub film: Option<Film>,
    /// What the gate thought. A file that failed never came to it: not accepted, no reasons.
    pub gate: Verdict,
    /// The consensus and the opinions behind it; only where the status is `ok`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prediction: Option<Consensus>,
    /// Where the networks looked; one a vote, only where there is a diagnosis.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attention: Vec<Attention>,
    /// What the result depends on.
    pub provenance: Provenance,
    /// How long it took.
    pub milliseconds: Milliseconds,
    /// What stands under every result.
    pub notice: Cow<'static, str>,
}

/// How the reading of a file ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// The networks read it.
    Ok,
    /// The gate refused it.
    Refused,
    /// It could not be read.
    Failed,
}

/// What a file held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Film {
    /// The file format, with the transfer syntax for DICOM.
    pub format: String,
    /// Columns of the picture that was read.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Bits a sample, 8 or 16.
    pub bits: u8,
    /// Age in whole years, from the file or the command; it decides which warnings apply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_years: Option<u16>,
}

/// How much of a network's evidence lies on the lungs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attention {
    /// The network.
    pub name: String,
    /// Share of its heat on the lungs, 0 to 1; none where the bundle finds no lungs.
    pub lung_share: Option<f64>,
}

/// Wall-clock milliseconds of each stage.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Milliseconds {
    /// From bytes to pixels.
    pub decode: f64,
    /// From pixels to what the networks see.
    pub preprocess: f64,
    /// Until the gate's verdict.
    pub gate: f64,
    /// Until the last network's opinion, the gate's pass included.
    pub inference: f64,
    /// From opening the file to the result.
    pub total: f64,
}

impl Record {
    /// A record of a file that failed; where it got further, the rest is filled in.
    #[must_use]
    pub fn failed(file: String, error: String, provenance: Provenance) -> Self {
        let sha256 = Some(provenance.input_sha256.clone()).filter(|hash| !hash.is_empty());
        Self {
            file,
            sha256,
            status: Status::Failed,
            error: Some(error),
            film: None,
            gate: Verdict { accepted: false, reasons: Vec::new() },
            prediction: None,
            attention: Vec::new(),
            provenance,
            milliseconds: Milliseconds::default(),
            notice: Cow::Borrowed(DECISION_SUPPORT),
        }
    }

    /// The record with every time set to zero: what must be the same when the file is read again.
    #[must_use]
    pub fn without_times(mut self) -> Self {
        self.milliseconds = Milliseconds::default();
        for score in self.prediction.iter_mut().flat_map(|consensus| &mut consensus.models) {
            score.milliseconds = 0.0;
        }
        self
    }
}

impl Film {
    /// The facts of a decoded film; an age that was given goes before the file's.
    #[must_use]
    pub fn of(film: &decode::Film, age_given: Option<u16>) -> Self {
        Self {
            format: film.format.to_string(),
            width: film.image.width(),
            height: film.image.height(),
            bits: film.image.bits(),
            age_years: age_given.or(film.facts.age_years),
        }
    }
}
