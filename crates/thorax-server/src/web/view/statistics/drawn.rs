//! From the numbers of the statistics page to its charts.

use thorax_domain::prediction::Diagnosis;

use super::{Reader, StatisticsBody};
use crate::web::view::chart::{self, Bar, Cell, Whisker};
use crate::web::view::{Html, Interval, text};

impl StatisticsBody {
    /// Predictions by diagnosis.
    #[must_use]
    pub fn counts_chart(&self) -> Html {
        let bar = |one: &super::DiagnosisCount| Bar {
            label: one.diagnosis.name().to_owned(),
            value: length(one.predictions),
            text: text::thousands(&one.predictions),
            class: text::diagnosis_class(&one.diagnosis),
        };
        let bars: Vec<Bar> = self.diagnoses.iter().map(bar).collect();
        chart::bars("Predictions by diagnosis", "One bar a diagnosis.", &bars, None)
    }

    /// Mean confidence by diagnosis, on a scale to 100 %.
    #[must_use]
    pub fn confidence_chart(&self) -> Html {
        let bar = |one: &super::DiagnosisCount| Bar {
            label: one.diagnosis.name().to_owned(),
            value: one.avg_confidence.unwrap_or(0.0),
            text: one.avg_confidence.map_or_else(|| "–".to_owned(), |share| text::percent(&share)),
            class: text::diagnosis_class(&one.diagnosis),
        };
        let bars: Vec<Bar> = self.diagnoses.iter().map(bar).collect();
        chart::bars("Mean confidence by diagnosis", "One bar a diagnosis, on a scale to 100 %.", &bars, Some(1.0))
    }

    /// Predictions over time.
    #[must_use]
    pub fn days_chart(&self) -> Html {
        chart::series("Predictions over time", "Columns in order of time, diagnoses stacked.", &self.days)
    }

    /// Agreement of each two networks.
    #[must_use]
    pub fn networks_chart(&self) -> Html {
        let cell = |share: &Option<f64>| Cell {
            share: *share,
            text: share.map_or_else(|| "–".to_owned(), |share| format!("{:.0} %", share * 100.0)),
        };
        let cells: Vec<Vec<Cell>> = self.networks.shares.iter().map(|row| row.iter().map(cell).collect()).collect();
        let names = &self.networks.names;
        chart::matrix("Agreement of each two networks", ("network", "network"), (names, names), &cells)
    }
}

impl Reader {
    /// What was said against what the doctors said; shaded by the share of what the doctors said.
    #[must_use]
    pub fn matrix_chart(&self) -> Html {
        let names: Vec<String> = Diagnosis::ALL.map(|one| one.name().to_owned()).to_vec();
        let cell = |(actual, count): (Diagnosis, &u64)| {
            let of = self.matrix.actual(actual);
            let share = (of > 0).then(|| length(*count) / length(of));
            Cell { share, text: text::thousands(count) }
        };
        let row = |counts: &[u64; 4]| Diagnosis::ALL.into_iter().zip(counts).map(cell).collect();
        let cells: Vec<Vec<Cell>> = self.matrix.counts.iter().map(row).collect();
        let title = format!("{} against the doctors", self.title);
        chart::matrix(&title, (&self.title, "doctor"), (&names, &names), &cells)
    }

    /// Sensitivity for each diagnosis.
    #[must_use]
    pub fn sensitivity_chart(&self) -> Html {
        self.whiskers("Sensitivity", |one| self.matrix.sensitivity(one))
    }

    /// Specificity for each diagnosis.
    #[must_use]
    pub fn specificity_chart(&self) -> Html {
        self.whiskers("Specificity", |one| self.matrix.specificity(one))
    }

    fn whiskers(&self, measure: &str, of: impl Fn(Diagnosis) -> Option<Interval>) -> Html {
        let whisker = |one: Diagnosis| Whisker {
            label: one.name().to_owned(),
            interval: of(one),
            class: text::diagnosis_class(&one),
        };
        let title = format!("{measure}: {} against the doctors", self.title);
        chart::whiskers(&title, "Share with its 95 % interval.", &Diagnosis::ALL.map(whisker))
    }
}

#[expect(clippy::cast_precision_loss, reason = "a drawing shows three digits")]
fn length(count: u64) -> f64 {
    count as f64
}
