//! What the networks say, each for itself and together.

use serde::{Deserialize, Serialize};

use super::{Diagnosis, Distribution, Probability};

/// One network's opinion. A network that failed or was skipped has none, and so never votes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelScore {
    /// The network's name in the bundle.
    pub name: String,
    /// Its likeliest class.
    pub diagnosis: Diagnosis,
    /// Its calibrated probability of that class.
    pub confidence: Probability,
    /// All four calibrated probabilities.
    pub probabilities: Distribution,
    /// How long its forward pass took; of a pass over several films, the film's share.
    pub milliseconds: f64,
}

/// Why a consensus is inconclusive, or what a reader must bear in mind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// Short and stable, for programs: `prediction_set`, `too_few_votes`, `network_failed`, `caution`, `gate_overridden`.
    pub code: String,
    /// For people.
    pub message: String,
}

/// What the networks say together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Consensus {
    /// The ensemble's likeliest class; `None` where too few networks voted.
    pub final_diagnosis: Option<Diagnosis>,
    /// The ensemble's calibrated probability of the final diagnosis.
    pub consensus_confidence: Option<Probability>,
    /// The ensemble's calibrated probabilities.
    pub probabilities: Option<Distribution>,
    /// Every class that cannot be ruled out at the bundle's coverage.
    pub prediction_set: Vec<Diagnosis>,
    /// How many networks name the final diagnosis as their likeliest.
    pub agreement: usize,
    /// How many networks voted.
    pub models_voted: usize,
    /// True where the prediction set holds more than one class, too few voted, or the gate was overridden.
    pub inconclusive: bool,
    /// Why, and what else to bear in mind.
    pub reasons: Vec<Reason>,
    /// The votes.
    pub models: Vec<ModelScore>,
}
