//! How good a reader is, in figures. What lives here: plain arithmetic on counts, scores and probabilities, for the doctors'
//! statistics and for `evaluation`, each defined once. What never does: a film, a file, a page.
//! Start reading at [`Interval`], then [`Ranking`].

mod calibration;
mod confusion;
mod interval;
mod ranking;
mod resampling;

pub use calibration::{Bin, bins, brier, expected_error};
pub use confusion::ConfusionMatrix;
pub use interval::Interval;
pub use ranking::{Areas, Ranking};
pub use resampling::{DRAWS, Estimate, Estimates, SEED, resample};
