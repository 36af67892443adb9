//! Sensitivity and specificity from reviews, with intervals that stay honest for few of them.

use thorax_domain::prediction::Diagnosis;

/// What a reader said against what the doctors said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ConfusionMatrix {
    /// `counts[predicted][actual]`, both in the order of `Diagnosis::ALL`.
    pub counts: [[u64; 4]; 4],
}

impl ConfusionMatrix {
    /// Counts reviews in.
    pub fn add(&mut self, predicted: Diagnosis, actual: Diagnosis, reviews: u64) {
        self.counts[index(predicted)][index(actual)] += reviews;
    }

    /// Reviews in all.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.iter().flatten().sum()
    }

    /// Share of reviews in which both said the same.
    #[must_use]
    pub fn accuracy(&self) -> Option<Interval> {
        Interval::wilson((0..4).map(|class| self.counts[class][class]).sum(), self.total())
    }

    /// Of those with the diagnosis, the share that was found.
    #[must_use]
    pub fn sensitivity(&self, diagnosis: Diagnosis) -> Option<Interval> {
        let class = index(diagnosis);
        Interval::wilson(self.counts[class][class], self.actual(diagnosis))
    }

    /// Of those without the diagnosis, the share that was not called so.
    #[must_use]
    pub fn specificity(&self, diagnosis: Diagnosis) -> Option<Interval> {
        let class = index(diagnosis);
        let without = self.total() - self.actual(diagnosis);
        let called: u64 = self.counts[class].iter().sum();
        let wrongly_called = called - self.counts[class][class];
        Interval::wilson(without - wrongly_called, without)
    }

    /// How often the doctors said so.
    #[must_use]
    pub fn actual(&self, diagnosis: Diagnosis) -> u64 {
        self.counts.iter().map(|row| row[index(diagnosis)]).sum()
    }
}

fn index(diagnosis: Diagnosis) -> usize {
    match diagnosis {
        Diagnosis::Covid => 0,
        Diagnosis::LungOpacity => 1,
        Diagnosis::Normal => 2,
        Diagnosis::ViralPneumonia => 3,
    }
}

/// A share and its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq)]
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
    #[expect(clippy::cast_precision_loss, reason = "exact far beyond any count of reviews")]
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

    #[test]
    fn sensitivity_and_specificity_of_a_matrix_by_hand() {
        let mut matrix = ConfusionMatrix::default();
        matrix.add(Diagnosis::Covid, Diagnosis::Covid, 8);
        matrix.add(Diagnosis::Normal, Diagnosis::Covid, 2);
        matrix.add(Diagnosis::Covid, Diagnosis::Normal, 5);
        matrix.add(Diagnosis::Normal, Diagnosis::Normal, 15);
        assert_eq!(matrix.total(), 30);
        let close = |interval: Option<Interval>, share: f64| (interval.unwrap().share - share).abs() < 1e-12;
        assert!(close(matrix.sensitivity(Diagnosis::Covid), 0.8));
        assert!(close(matrix.specificity(Diagnosis::Covid), 0.75));
        assert!(close(matrix.accuracy(), 23.0 / 30.0));
        assert_eq!(matrix.sensitivity(Diagnosis::LungOpacity), None);
        assert!(close(matrix.specificity(Diagnosis::LungOpacity), 1.0));
    }
}
