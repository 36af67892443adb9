//! Whether probabilities mean what they say.

use serde::Serialize;
use thorax_domain::prediction::{Diagnosis, Distribution};

/// Bins of equal width between 0 and 1, as `training/thorax_training/measures.py` has them.
const BINS: u32 = 15;

/// Films whose confidence lies above `low` and not above `high`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bin {
    /// Lower edge, not part of it (0 is).
    pub low: f64,
    /// Upper edge, part of it.
    pub high: f64,
    /// How many films.
    pub films: u64,
    /// How many of them were called rightly.
    pub right: u64,
    /// Mean confidence; none without a film.
    pub confidence: Option<f64>,
    /// Share called rightly; none without a film.
    pub accuracy: Option<f64>,
}

/// Films by the confidence of their likeliest class, and whether it was the right one.
#[expect(clippy::cast_precision_loss, reason = "exact far beyond any count of films")]
#[must_use]
pub fn bins(calls: &[(f64, bool)]) -> Vec<Bin> {
    // As NumPy's linspace makes them: multiples of the step, the last exactly 1.
    let edge = |number: u32| if number == BINS { 1.0 } else { f64::from(number) * (1.0 / f64::from(BINS)) };
    let bin = |number: u32| {
        let (low, high) = (edge(number), edge(number + 1));
        let lies_here = |confidence: f64| (confidence > low || number == 0) && confidence <= high;
        let here: Vec<_> = calls.iter().filter(|(confidence, _)| lies_here(*confidence)).collect();
        let right = here.iter().filter(|(_, is_right)| *is_right).count();
        let mean = |sum: f64| (!here.is_empty()).then(|| sum / here.len() as f64);
        Bin {
            low,
            high,
            films: here.len() as u64,
            right: right as u64,
            confidence: mean(here.iter().map(|(confidence, _)| confidence).sum()),
            accuracy: mean(right as f64),
        }
    };
    (0..BINS).map(bin).collect()
}

/// The expected calibration error: how far confidence and accuracy lie apart, the bins weighted by their films. None without
/// a film.
#[expect(clippy::cast_precision_loss, reason = "exact far beyond any count of films")]
#[must_use]
pub fn expected_error(bins: &[Bin]) -> Option<f64> {
    let films: u64 = bins.iter().map(|bin| bin.films).sum();
    let gap = |bin: &Bin| Some(bin.films as f64 * (bin.accuracy? - bin.confidence?).abs());
    (films > 0).then(|| bins.iter().filter_map(gap).sum::<f64>() / films as f64)
}

/// The Brier score over all four classes: mean over films of the squared distances of probability and truth, 0 to 2. None
/// without a film.
#[expect(clippy::cast_precision_loss, reason = "exact far beyond any count of films")]
#[must_use]
pub fn brier(films: &[(Distribution, Diagnosis)]) -> Option<f64> {
    let distance = |(given, truth): &(Distribution, Diagnosis)| {
        let square = |one| (given.of(one).get() - f64::from(u8::from(one == *truth))).powi(2);
        Diagnosis::ALL.into_iter().map(square).sum::<f64>()
    };
    (!films.is_empty()).then(|| films.iter().map(distance).sum::<f64>() / films.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Twelve films: thousandths for COVID, Lung Opacity, Normal, Viral Pneumonia, and the number of the label.
    const FILMS: [([u16; 4], usize); 12] = [
        ([217, 289, 95, 399], 1),
        ([467, 61, 150, 322], 3),
        ([110, 623, 119, 148], 3),
        ([47, 130, 409, 414], 3),
        ([427, 289, 233, 51], 2),
        ([670, 53, 186, 91], 0),
        ([528, 290, 76, 106], 2),
        ([384, 154, 7, 455], 2),
        ([343, 318, 324, 15], 3),
        ([695, 146, 55, 104], 1),
        ([154, 67, 354, 425], 0),
        ([249, 364, 257, 130], 2),
    ];

    fn films() -> Vec<(Distribution, Diagnosis)> {
        let number = |one| Diagnosis::ALL.iter().position(|&other| other == one).unwrap();
        let film = |(p, label): ([u16; 4], usize)| {
            (Distribution::new(|one| f64::from(p[number(one)]) / 1_000.0).unwrap(), Diagnosis::ALL[label])
        };
        FILMS.into_iter().map(film).collect()
    }

    #[test]
    fn the_error_is_the_one_of_the_training() {
        // calibration_error of training/thorax_training/measures.py over the same films.
        let calls: Vec<_> =
            films().iter().map(|(given, truth)| (given.of(given.top()).get(), given.top() == *truth)).collect();
        let bins = bins(&calls);
        assert_eq!((bins.len(), bins.iter().map(|bin| bin.films).sum::<u64>()), (15, 12));
        assert!((expected_error(&bins).unwrap() - 0.3175).abs() < 1e-12);
    }

    #[test]
    fn a_confidence_on_an_edge_belongs_to_the_bin_below_as_in_the_training() {
        let calls: Vec<_> = (5..=15_u32).map(|edge| (1.0 / 15.0 * f64::from(edge), edge % 2 == 1)).collect();
        let bins = bins(&calls);
        let filled: Vec<usize> = (0..15).filter(|&bin| bins[bin].films == 1).collect();
        assert_eq!(filled, (4..15).collect::<Vec<_>>());
        assert!((expected_error(&bins).unwrap() - 0.484_848_484_848_484_9).abs() < 1e-12);
        assert_eq!(super::bins(&[(0.0, false)])[0].films, 1, "zero has no bin below");
    }

    #[test]
    fn the_brier_score_is_the_mean_squared_distance() {
        // numpy: ((p - eye(4)[label]) ** 2).sum(1).mean()
        assert!((brier(&films()).unwrap() - 0.917_343_833_333_333_2).abs() < 1e-12);
    }

    #[test]
    fn of_nothing_there_is_no_error() {
        assert_eq!((expected_error(&bins(&[])), brier(&[])), (None, None));
        assert!(bins(&[]).iter().all(|bin| bin.confidence.is_none() && bin.accuracy.is_none()));
    }
}
