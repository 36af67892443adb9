//! A prediction as people see it: how far it is, the opinions, the consensus, where it comes from.

use thorax_domain::prediction::{Diagnosis, Precision};

use super::Moment;
use super::text;

/// How far a prediction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Waits in the queue.
    Pending,
    /// Being read.
    Running,
    /// Read.
    Completed,
    /// Refused by the gate.
    Refused,
    /// Could not be read.
    Failed,
    /// Taken back before it was read.
    Cancelled,
}

impl Status {
    /// All of them, in the order of a prediction's life.
    pub const ALL: [Self; 6] =
        [Self::Pending, Self::Running, Self::Completed, Self::Refused, Self::Failed, Self::Cancelled];

    /// As stored and in addresses.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// For people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Pending => "Waiting",
            Self::Running => "Being read",
            Self::Completed => "Read",
            Self::Refused => "Refused",
            Self::Failed => "Failed",
            Self::Cancelled => "Cancelled",
        }
    }
}

/// A probability between 0 and 1, and how it is written and drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Confidence(pub f64);

impl Confidence {
    /// `71.8 %`.
    #[must_use]
    pub fn text(self) -> String {
        text::percent(&self.0)
    }
}

/// What there is to show of a prediction.
#[derive(Debug, Clone, PartialEq)]
pub enum Reading {
    /// Nobody has asked for one.
    None,
    /// It waits or is being read.
    Working(Progress),
    /// The gate refused it.
    Refused(Vec<Refusal>),
    /// It could not be read: what was wrong and what to do.
    Failed(String),
    /// It was taken back.
    Cancelled,
    /// It was read.
    Completed(Box<Outcome>),
}

/// How far the reading is; the page follows `/predictions/{id}/events`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// `pending` or `running`.
    pub status: Status,
    /// What is being done, in words: "Network 3 of 6: Xception".
    pub stage: String,
    /// Networks done.
    pub done: u64,
    /// Networks in all.
    pub total: u64,
    /// Jobs before it in the queue, where it waits.
    pub ahead: Option<u64>,
}

/// One thing that the gate holds against a film.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// `too_blurred` …
    pub code: String,
    /// What is wrong and what to do.
    pub message: String,
    /// What was measured.
    pub measured: f64,
    /// The limit that it broke.
    pub limit: f64,
}

/// A completed reading.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The likeliest diagnosis; none with too few votes.
    pub diagnosis: Option<Diagnosis>,
    /// The ensemble's calibrated probability of it.
    pub confidence: Option<Confidence>,
    /// The ensemble's four, in the order of `Diagnosis::ALL`.
    pub probabilities: Option<[f64; 4]>,
    /// Every diagnosis that cannot be ruled out.
    pub prediction_set: Vec<Diagnosis>,
    /// Coverage that the set promises, as 0.9.
    pub coverage: f64,
    /// Networks that name the final diagnosis.
    pub agreement: u64,
    /// Networks that voted.
    pub voted: u64,
    /// Whether more than one diagnosis is possible or a doubt remains.
    pub inconclusive: bool,
    /// Why, and what else to bear in mind.
    pub reasons: Vec<String>,
    /// Whether the gate was overridden, and what it had said.
    pub forced: Option<Vec<Refusal>>,
    /// Each network's opinion, in the bundle's order.
    pub opinions: Vec<Opinion>,
    /// Where the result comes from.
    pub provenance: Provenance,
    /// How long each stage took.
    pub timings: Vec<Stage>,
    /// When it was read.
    pub completed: Moment,
}

impl Outcome {
    /// `90 %`.
    #[must_use]
    pub fn coverage_text(&self) -> String {
        format!("{:.0} %", self.coverage * 100.0)
    }
}

/// One network's opinion.
#[derive(Debug, Clone, PartialEq)]
pub struct Opinion {
    /// Its name in the bundle; also in the heat map's address.
    pub name: String,
    /// Its title for people.
    pub title: String,
    /// Its likeliest diagnosis.
    pub diagnosis: Diagnosis,
    /// Its probability of that.
    pub confidence: Confidence,
    /// All four, in the order of `Diagnosis::ALL`.
    pub probabilities: [f64; 4],
    /// How long it took.
    pub milliseconds: f64,
    /// Share of its evidence on the lungs.
    pub lung_share: Option<Confidence>,
    /// Whether it has a heat map.
    pub heat: bool,
}

/// Enough to run it again and compare bit for bit.
#[derive(Debug, Clone, PartialEq)]
pub struct Provenance {
    /// Name of the bundle.
    pub bundle: String,
    /// Its hash.
    pub bundle_sha256: String,
    /// The preprocessing, one line.
    pub recipe: String,
    /// The conformal threshold.
    pub conformal_threshold: f64,
    /// Fewest votes for a diagnosis.
    pub minimum_votes: u64,
    /// Engine and its version.
    pub engine: String,
    /// The program's version.
    pub program: String,
    /// Hash of the file.
    pub input_sha256: String,
    /// The networks that were asked.
    pub networks: Vec<ReadNetwork>,
}

/// A network that was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadNetwork {
    /// Its name.
    pub name: String,
    /// Hash of its file.
    pub sha256: String,
    /// In which numbers it was computed.
    pub precision: Precision,
}

/// How long one stage took.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    /// Its name.
    pub name: String,
    /// How long.
    pub milliseconds: f64,
}

/// What a doctor settled. Never changes once it is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reviewed {
    /// `confirmed`, `corrected`, `unsure`.
    pub verdict: String,
    /// The diagnosis that stands.
    pub label: Option<Diagnosis>,
    /// The note.
    pub notes: String,
    /// Who.
    pub by: String,
    /// When.
    pub at: Moment,
    /// Whether it is settled; an unsure one may be settled by another doctor.
    pub validated: bool,
}
