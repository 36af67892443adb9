//! From films that were read to the figures of the report.

use serde::Serialize;
use thorax_domain::prediction::{Diagnosis, Distribution};
use thorax_inference::bundle::Thresholds;

use super::reading::Case;
use crate::measures::{
    Bin, ConfusionMatrix, Estimate, Estimates, Interval, Ranking, bins, brier, expected_error, resample,
};

/// The diagnosis that thresholds, groups and checks are about.
pub const COVID: Diagnosis = Diagnosis::Covid;

/// How well the ensemble or one network tells each class from the rest.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Discrimination {
    /// `ensemble`, or the network's name in the bundle.
    pub reader: String,
    /// Films of which it said something.
    pub films: usize,
    /// One entry a class.
    pub classes: Vec<ClassDiscrimination>,
}

/// One class against the rest.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassDiscrimination {
    /// The class.
    pub diagnosis: Diagnosis,
    /// Films of it.
    pub positives: usize,
    /// Films of the other classes.
    pub negatives: usize,
    /// Area under the receiver operating characteristic; none where one side is missing.
    pub auroc: Option<Estimate>,
    /// Average precision; none where one side is missing.
    pub average_precision: Option<Estimate>,
}

/// What the program called the films.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Decisions {
    /// Names of the rows and columns of `confusion`.
    pub labels: [Diagnosis; 4],
    /// Films by what the label says (row) and what the program said (column).
    pub confusion: [[u64; 4]; 4],
    /// Share called as the label says.
    pub accuracy: Option<Interval>,
    /// Mean of the sensitivities for the classes that occur.
    pub balanced_accuracy: Option<f64>,
    /// One entry a class.
    pub classes: Vec<ClassDecisions>,
    /// Share called inconclusive.
    pub inconclusive: Option<Interval>,
    /// The prediction sets.
    pub conformal: Conformal,
}

/// One class.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassDecisions {
    /// The class.
    pub diagnosis: Diagnosis,
    /// Of the films with this label, the share called so; none without such a film.
    pub sensitivity: Option<Interval>,
    /// Of the others, the share not called so; none without such a film.
    pub specificity: Option<Interval>,
}

/// What the prediction sets kept of their promise.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Conformal {
    /// The coverage that the bundle promises.
    pub promised: f64,
    /// Share of films whose label is in the set.
    pub coverage: Option<Interval>,
    /// Classes in a set, on average.
    pub mean_set_size: Option<f64>,
}

/// COVID by one threshold of the bundle.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AtThreshold {
    /// `screening` or `confirmation`.
    pub name: &'static str,
    /// A film is called positive when the ensemble's probability of COVID is at least this.
    pub threshold: f64,
    /// Films called positive.
    pub positive: u64,
    /// Of the films with COVID, the share called positive.
    pub sensitivity: Option<Interval>,
    /// Of the others, the share not called so.
    pub specificity: Option<Interval>,
}

/// Whether the ensemble's probabilities mean what they say.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Calibration {
    /// Of the likeliest class, over the bins.
    pub expected_calibration_error: Option<f64>,
    /// Over all four classes, 0 to 2.
    pub brier_score: Option<f64>,
    /// The bins.
    pub bins: Vec<Bin>,
}

/// The ensemble and each network, each class against the rest.
#[must_use]
pub fn discrimination(cases: &[Case], names: &[String]) -> Vec<Discrimination> {
    let network = |(index, name): (usize, &String)| discriminates(name, cases, |case| case.networks[index]);
    let mut readers = vec![discriminates("ensemble", cases, |case| Some(case.ensemble))];
    readers.extend(names.iter().enumerate().map(network));
    readers
}

fn discriminates(reader: &str, cases: &[Case], given: impl Fn(&Case) -> Option<Distribution>) -> Discrimination {
    let read: Vec<(&Case, Distribution)> = cases.iter().filter_map(|case| Some((case, given(case)?))).collect();
    let patients: Vec<usize> = read.iter().map(|(case, _)| case.patient).collect();
    let rankings = Diagnosis::ALL.map(|one| {
        Ranking::new(
            read.iter().enumerate().map(|(film, (case, given))| (film, given.of(one).get(), case.truth == one)),
        )
    });
    let classes = Diagnosis::ALL.into_iter().zip(&rankings).zip(resample(&rankings, &patients));
    let class = |((diagnosis, ranking), estimates): ((Diagnosis, &Ranking), Estimates)| {
        let (positives, negatives) = ranking.sides();
        let (auroc, average_precision) = (estimates.auroc, estimates.average_precision);
        ClassDiscrimination { diagnosis, positives, negatives, auroc, average_precision }
    };
    Discrimination { reader: reader.to_owned(), films: read.len(), classes: classes.map(class).collect() }
}

/// How the ensemble ranks the films for one class.
#[must_use]
pub fn ranking(cases: &[Case], one: Diagnosis) -> Ranking {
    Ranking::new(cases.iter().enumerate().map(|(film, case)| (film, case.ensemble.of(one).get(), case.truth == one)))
}

/// What the program called the films; `promised` is the bundle's coverage.
#[expect(clippy::cast_precision_loss, reason = "exact far beyond any count of films")]
#[must_use]
pub fn decisions(cases: &[Case], promised: f64) -> Decisions {
    let mut matrix = ConfusionMatrix::default();
    for case in cases {
        matrix.add(case.diagnosis, case.truth, 1);
    }
    let share = |holds: fn(&Case) -> bool| {
        Interval::wilson(cases.iter().filter(|case| holds(case)).count() as u64, cases.len() as u64)
    };
    let sizes: usize = cases.iter().map(|case| case.set.len()).sum();
    let class = |diagnosis| ClassDecisions {
        diagnosis,
        sensitivity: matrix.sensitivity(diagnosis),
        specificity: matrix.specificity(diagnosis),
    };
    Decisions {
        labels: Diagnosis::ALL,
        confusion: std::array::from_fn(|truth| std::array::from_fn(|called| matrix.counts[called][truth])),
        accuracy: matrix.accuracy(),
        balanced_accuracy: matrix.balanced_accuracy(),
        classes: Diagnosis::ALL.into_iter().map(class).collect(),
        inconclusive: share(|case| case.inconclusive),
        conformal: Conformal {
            promised,
            coverage: share(|case| case.set.contains(&case.truth)),
            mean_set_size: (!cases.is_empty()).then(|| sizes as f64 / cases.len() as f64),
        },
    }
}

/// COVID by the bundle's thresholds.
#[must_use]
pub fn at_thresholds(cases: &[Case], thresholds: Thresholds) -> Vec<AtThreshold> {
    let at = |(name, threshold): (&'static str, f64)| {
        let count = |has_covid: bool, is_called: bool| {
            let is_one = |case: &&Case| {
                (case.truth == COVID) == has_covid && (case.ensemble.of(COVID).get() >= threshold) == is_called
            };
            cases.iter().filter(is_one).count() as u64
        };
        let (found, wrong) = (count(true, true), count(false, true));
        let (passed_over, cleared) = (count(true, false), count(false, false));
        AtThreshold {
            name,
            threshold,
            positive: found + wrong,
            sensitivity: Interval::wilson(found, found + passed_over),
            specificity: Interval::wilson(cleared, cleared + wrong),
        }
    };
    [("screening", thresholds.screening), ("confirmation", thresholds.confirmation)].map(at).to_vec()
}

/// Whether the ensemble's probabilities mean what they say.
#[must_use]
pub fn calibration(cases: &[Case]) -> Calibration {
    let call = |case: &Case| (case.ensemble.of(case.diagnosis).get(), case.diagnosis == case.truth);
    let bins = bins(&cases.iter().map(call).collect::<Vec<_>>());
    let films: Vec<(Distribution, Diagnosis)> = cases.iter().map(|case| (case.ensemble, case.truth)).collect();
    Calibration { expected_calibration_error: expected_error(&bins), brier_score: brier(&films), bins }
}
