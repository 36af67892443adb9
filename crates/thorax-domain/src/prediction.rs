//! What a bundle says of one radiograph: six [`ModelScore`]s, one [`Consensus`], the gate's [`Verdict`], and the
//! [`Provenance`] without which none of it may be shown.

mod consensus;
mod diagnosis;
mod gate;
mod probability;
mod provenance;

pub use consensus::{Consensus, ModelScore, Reason};
pub use diagnosis::{Diagnosis, UnknownDiagnosis};
pub use gate::{Refusal, Verdict};
pub use probability::{Distribution, NotADistribution, OutOfRange, Probability};
pub use provenance::{EngineIdentity, NetworkIdentity, Precision, Provenance};

use serde::{Deserialize, Serialize};

/// One run of a bundle over one radiograph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// What the gate thought of the film; a forced prediction stands beside a verdict that did not accept.
    pub gate: Verdict,
    /// What the networks say together, and each for itself. `None` where the gate refused and nobody forced.
    pub consensus: Option<Consensus>,
}
