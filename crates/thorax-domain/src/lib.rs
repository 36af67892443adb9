//! **The words of Thorax.** What lives here: diagnoses, probabilities, a network's score, the gate's verdict, the consensus
//! and its provenance, users, patients, X-rays, reviews, jobs, the audit's words, and the clock. What never does: files, networks, SQL, HTTP, async. Everything is a plain value that is
//! proved right when it is made.
//! Start reading at [`prediction::Prediction`].

pub mod audit;
pub mod clock;
pub mod ids;
pub mod job;
pub mod patient;
pub mod prediction;
pub mod review;
pub mod user;
pub mod words;
pub mod xray;

/// Stands under every result that a person sees.
pub const DECISION_SUPPORT: &str = "Decision support, not a diagnosis. A physician decides.";
