//! What the networks still say of a film of which the lungs are covered, or all but the border. Whoever tells COVID from such
//! films reads something else than lungs: a hospital's way of taking, cutting and storing films.

use serde::Serialize;
use thorax_domain::prediction::Diagnosis;
use thorax_imaging::{GrayImage, cover};
use thorax_inference::analyzer::{Analyzer, Reading, Request, Ticket, Urgency};

use super::figures::COVID;
use super::reading::Case;
use crate::measures::{Estimate, Ranking, resample};

/// Part of each side that the border has which is left.
const BORDER: f64 = 0.06;

/// A cell is lung when its probability is above this.
const LUNG: f32 = 0.5;

/// A film on its way through the networks in both forms.
pub struct Covered {
    border: Option<Ticket>,
    lungless: Option<Ticket>,
}

/// P(COVID) of a film in both forms; none where it could not be read so.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct CoveredScores {
    /// With nothing but its border.
    pub border: Option<f64>,
    /// Without its lungs.
    pub lungless: Option<f64>,
}

/// Both checks.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Checks {
    /// Nothing but the outer border of 6 % is left of the film.
    pub border_only: Check,
    /// The lungs are covered; none where the bundle does not find lungs.
    pub lungs_covered: Option<Check>,
}

/// How well COVID is still told.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Check {
    /// Films read so.
    pub films: usize,
    /// Films that could not be read so.
    pub unread: usize,
    /// Area under the curve for COVID; none where one side is missing.
    pub covid_auroc: Option<Estimate>,
    /// That of the same films as they are.
    pub covid_auroc_uncovered: Option<Estimate>,
}

impl Covered {
    /// Puts both forms of a film into the queue. The gate is overridden: it is right to refuse them.
    #[must_use]
    pub fn submit(analyzer: &Analyzer, film: &GrayImage, reading: &Reading) -> Self {
        let submit = |film: GrayImage| {
            let request =
                Request { film, age_years: None, networks: Vec::new(), force: true, urgency: Urgency::Routine };
            analyzer.submit_waiting(&request).ok()
        };
        let lungless = reading.lungs.as_ref().map(|lungs| cover::cells(film, &reading.field, lungs, LUNG));
        Self { border: submit(cover::all_but_border(film, BORDER)), lungless: lungless.and_then(submit) }
    }

    /// Waits for both.
    #[must_use]
    pub fn wait(self) -> CoveredScores {
        let score = |ticket: Ticket| {
            let consensus = ticket.wait().ok()?.prediction.consensus?;
            Some(consensus.probabilities?.of(Diagnosis::Covid).get())
        };
        CoveredScores { border: self.border.and_then(score), lungless: self.lungless.and_then(score) }
    }
}

impl Checks {
    /// The checks over films that were read covered, too.
    #[must_use]
    pub fn of(cases: &[Case], has_lungs: bool) -> Self {
        Self {
            border_only: check(cases, |scores| scores.border),
            lungs_covered: has_lungs.then(|| check(cases, |scores| scores.lungless)),
        }
    }
}

fn check(cases: &[Case], score: fn(&CoveredScores) -> Option<f64>) -> Check {
    let read: Vec<(&Case, f64)> =
        cases.iter().filter_map(|case| Some((case, score(case.covered.as_ref()?)?))).collect();
    let patients: Vec<usize> = read.iter().map(|(case, _)| case.patient).collect();
    let ranking = |score: fn(&(&Case, f64)) -> f64| {
        Ranking::new(read.iter().enumerate().map(|(film, one)| (film, score(one), one.0.truth == COVID)))
    };
    let rankings = [ranking(|(_, score)| *score), ranking(|(case, _)| case.ensemble.of(COVID).get())];
    let estimates = resample(&rankings, &patients);
    Check {
        films: read.len(),
        unread: cases.len() - read.len(),
        covid_auroc: estimates[0].auroc,
        covid_auroc_uncovered: estimates[1].auroc,
    }
}
