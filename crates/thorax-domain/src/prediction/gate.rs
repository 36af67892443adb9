//! The gate's verdict on a film.

use serde::{Deserialize, Serialize};

/// One thing that the gate holds against a film.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Refusal {
    /// Short and stable, for programs: `not_chest`, `lateral`, `upside_down`, `inverted`, `too_small`, `too_blurred`,
    /// `nearly_empty`, `cropped`, `no_two_lungs`.
    pub code: String,
    /// For people: what is wrong and what to do.
    pub message: String,
    /// What was measured.
    pub measured: f64,
    /// The limit that it broke.
    pub limit: f64,
}

/// What the gate thinks of a film.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Whether the film may be read without somebody insisting.
    pub accepted: bool,
    /// Why not; empty where accepted.
    pub reasons: Vec<Refusal>,
}

impl Verdict {
    /// The verdict that follows from the reasons found: accepted when there are none.
    #[must_use]
    pub const fn new(reasons: Vec<Refusal>) -> Self {
        Self { accepted: reasons.is_empty(), reasons }
    }
}
