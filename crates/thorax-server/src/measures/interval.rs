//! A share with an interval that stays honest for few.

use serde::Serialize;

/// A share and its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// The share itself.
    pub share: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Of how many.
    pub of: u64,
}

impl Interval {
    /// Wilson's score interval; none where there was nothing to count.
    #[expect(clippy::cast_precision_loss, reason = "exact far beyond any count of films")]
    #[must_use]
    pub fn wilson(hits: u64, of: u64) -> Option<Self> {
        /// The normal distribution's 97.5 % quantile.
        const Z: f64 = 1.959_963_984_540_054;
        if of == 0 {
            return None;
        }
        let (share, number) = (hits as f64 / of as f64, of as f64);
        let middle = (share + Z * Z / (2.0 * number)) / (1.0 + Z * Z / number);
        let spread = share * (1.0 - share) / number + Z * Z / (4.0 * number * number);
        let half = Z / (1.0 + Z * Z / number) * spread.sqrt();
        Some(Self { share, low: (middle - half).max(0.0), high: (middle + half).min(1.0), of })
    }

    /// `91.7 % (64.6–98.5 %)`.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{:.1} % ({:.1}–{:.1} %)", self.share * 100.0, self.low * 100.0, self.high * 100.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilson_agrees_with_the_textbook_and_nothing_is_nothing() {
        assert_eq!(Interval::wilson(0, 0), None);
        let interval = Interval::wilson(11, 12).unwrap();
        assert!((interval.low - 0.6461).abs() < 5e-4 && (interval.high - 0.9851).abs() < 5e-4, "{interval:?}");
        let none = Interval::wilson(0, 10).unwrap();
        assert!(none.low.abs() < 1e-9 && (none.high - 0.2775).abs() < 5e-4, "{none:?}");
    }
}
