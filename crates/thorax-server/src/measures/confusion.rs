//! Who said what: sensitivity, specificity and accuracy from counts.

use thorax_domain::prediction::Diagnosis;

use super::Interval;

/// What a reader said against what is so: what the doctors said, or the labels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ConfusionMatrix {
    /// `counts[predicted][actual]`, both in the order of `Diagnosis::ALL`.
    pub counts: [[u64; 4]; 4],
}

impl ConfusionMatrix {
    /// Counts films in.
    pub fn add(&mut self, predicted: Diagnosis, actual: Diagnosis, films: u64) {
        self.counts[index(predicted)][index(actual)] += films;
    }

    /// Films in all.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.iter().flatten().sum()
    }

    /// Share of films of which both said the same.
    #[must_use]
    pub fn accuracy(&self) -> Option<Interval> {
        Interval::wilson((0..4).map(|class| self.counts[class][class]).sum(), self.total())
    }

    /// Mean of the sensitivities for the diagnoses that occur.
    #[expect(clippy::cast_precision_loss, reason = "there are four diagnoses")]
    #[must_use]
    pub fn balanced_accuracy(&self) -> Option<f64> {
        let found: Vec<f64> =
            Diagnosis::ALL.into_iter().filter_map(|one| self.sensitivity(one)).map(|one| one.share).collect();
        (!found.is_empty()).then(|| found.iter().sum::<f64>() / found.len() as f64)
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

    /// How often it is so.
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

#[cfg(test)]
mod tests {
    use super::*;

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
        assert!((matrix.balanced_accuracy().unwrap() - f64::midpoint(0.8, 0.75)).abs() < 1e-12);
        assert_eq!(ConfusionMatrix::default().balanced_accuracy(), None);
        assert_eq!(matrix.sensitivity(Diagnosis::LungOpacity), None);
        assert!(close(matrix.specificity(Diagnosis::LungOpacity), 1.0));
    }
}
