//! **The words of Thorax.** What lives here: diagnoses, probabilities, a network's score, the gate's verdict, the consensus
//! and its provenance, and the clock. What never does: files, networks, SQL, HTTP, async. Everything is a plain value that is
//! proved right when it is made.
//! Start reading at [`prediction::Prediction`].

pub mod clock;
pub mod prediction;

/// Stands under every result that a person sees.
pub const DECISION_SUPPORT: &str = "Decision support, not a diagnosis. A physician decides.";
