//! What is gained when the program may keep silent about the films that it is least sure of.

use serde::Serialize;

use super::reading::Case;
use crate::measures::Interval;

/// The surest films, and how many of them were called rightly.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Selected {
    /// Share of all films that are answered.
    pub coverage: f64,
    /// The consensus' confidence in the least sure of them.
    pub confidence: f64,
    /// Share called as the label says.
    pub accuracy: Option<Interval>,
}

/// The surest tenth, two tenths and so on, to all.
#[must_use]
pub fn tenths(cases: &[Case]) -> Vec<Selected> {
    let curve = curve(cases);
    let at = |tenth: usize| (curve.len() * tenth).div_ceil(10).checked_sub(1).map(|last| curve[last].clone());
    let mut tenths: Vec<Selected> = (1..=10).filter_map(at).collect();
    tenths.dedup();
    tenths
}

/// All sizes from one film to all, the surest first.
#[expect(clippy::cast_precision_loss, reason = "exact far beyond any count of films")]
#[must_use]
pub fn curve(cases: &[Case]) -> Vec<Selected> {
    let mut calls: Vec<(f64, bool)> =
        cases.iter().map(|case| (case.ensemble.of(case.diagnosis).get(), case.diagnosis == case.truth)).collect();
    calls.sort_by(|one, other| other.0.total_cmp(&one.0));
    let mut right = 0;
    let selected = |(index, &(confidence, is_right)): (usize, &(f64, bool))| {
        right += u64::from(is_right);
        let films = index as u64 + 1;
        Selected { coverage: films as f64 / calls.len() as f64, confidence, accuracy: Interval::wilson(right, films) }
    };
    calls.iter().enumerate().map(selected).collect()
}
