//! The drawings of the report: SVG files that stand alone, with their colours in them. The report has the same figures as
//! tables.

use thorax_domain::prediction::Diagnosis;

use super::reading::Case;
use super::{Calibration, Discrimination, figures, selection};
use crate::drawing::{Drawing, STYLE};
use crate::measures::Interval;

/// Left, top and side of the square that holds the curves.
const LEFT: f64 = 62.0;
const TOP: f64 = 62.0;
const SIDE: f64 = 400.0;
const SIZE: (f64, f64) = (720.0, 518.0);
/// Where what stands beside the square begins.
const BESIDE: f64 = LEFT + SIDE + 24.0;
/// More points than this cannot be told apart.
const MOST_POINTS: usize = 400;

/// A place in the square, from 0 to 1 from the lower left.
fn at(x: f64, y: f64) -> (f64, f64) {
    (LEFT + SIDE * x.clamp(0.0, 1.0), TOP + SIDE * (1.0 - y.clamp(0.0, 1.0)))
}

/// A square from 0 to 1 both ways, with its marks and the names of its axes.
fn square(title: &str, description: &str, (across, up): (&str, &str)) -> Drawing {
    let mut drawing = Drawing::alone(STYLE, SIZE, title, description);
    drawing.words("title", (LEFT, 26.0), title);
    for (part, words) in [(0.0, "0"), (0.25, "0.25"), (0.5, "0.5"), (0.75, "0.75"), (1.0, "1")] {
        drawing.line("grid", at(part, 0.0), at(part, 1.0));
        drawing.line("grid", at(0.0, part), at(1.0, part));
        let (below, beside) = (at(part, 0.0), at(0.0, part));
        drawing.words("small middle", (below.0, below.1 + 18.0), words);
        drawing.words("small end", (beside.0 - 8.0, beside.1 + 4.0), words);
    }
    drawing.words("small middle", (LEFT + SIDE / 2.0, TOP + SIDE + 42.0), &format!("{across} →"));
    drawing.words("small", (10.0, TOP - 12.0), &format!("{up} ↑"));
    drawing
}

/// The receiver operating characteristic of each class, with the ensemble's areas beside it.
#[must_use]
pub fn roc(cases: &[Case], ensemble: Option<&Discrimination>) -> String {
    let description = "For each class against the rest: the share found against the share of the others called so.";
    let mut drawing = square("ROC of the ensemble", description, ("1 − specificity", "sensitivity"));
    drawing.line("even", at(0.0, 0.0), at(1.0, 1.0));
    drawing.words("small", (BESIDE, TOP + 12.0), "AUROC (95 % interval)");
    for (index, one) in Diagnosis::ALL.into_iter().enumerate() {
        let class = format!("curve c{index}");
        let points: Vec<(f64, f64)> = figures::ranking(cases, one).curve().into_iter().map(|(x, y)| at(x, y)).collect();
        drawing.through(&class, &thinned(&points));
        let y = TOP + 40.0 + 46.0 * place(index);
        drawing.line(&class, (BESIDE, y - 4.0), (BESIDE + 30.0, y - 4.0));
        drawing.words("", (BESIDE + 38.0, y), one.name());
        let estimate = ensemble.and_then(|ensemble| ensemble.classes[index].auroc);
        drawing.words("small", (BESIDE + 38.0, y + 17.0), &super::markdown::estimate(estimate));
    }
    drawing.done()
}

/// Accuracy against confidence in each bin, with how many films it has.
#[must_use]
pub fn reliability(calibration: &Calibration) -> String {
    let description = "Films by the confidence in their diagnosis: the share called rightly, with its 95 % interval. On the dashed \
        line confidence means what it says. Bars: the share of films in each bin.";
    let mut drawing = square("Reliability of the ensemble", description, ("confidence", "share called rightly"));
    let films: u64 = calibration.bins.iter().map(|bin| bin.films).sum();
    for bin in calibration.bins.iter().filter(|bin| bin.films > 0) {
        let height = Interval::wilson(bin.films, films).map_or(0.0, |part| part.share);
        let (from, to) = (at(bin.low, height), at(bin.high, 0.0));
        let hint = format!("{:.2} to {:.2}: {} of {films} films", bin.low, bin.high, bin.films);
        drawing.rectangle("bar", (from.0 + 1.0, from.1), (to.0 - from.0 - 2.0, to.1 - from.1), &hint);
    }
    drawing.line("even", at(0.0, 0.0), at(1.0, 1.0));
    for bin in &calibration.bins {
        let (Some(confidence), Some(interval)) = (bin.confidence, Interval::wilson(bin.right, bin.films)) else {
            continue;
        };
        drawing.line("whisker", at(confidence, interval.low), at(confidence, interval.high));
        drawing.circle("dot", at(confidence, interval.share), 4.0);
    }
    let figure = |value: Option<f64>| value.map_or("undefined".to_owned(), |value| format!("{value:.3}"));
    let lines = [
        "● share called rightly".to_owned(),
        "│ 95 % interval".to_owned(),
        "▬ share of films in the bin".to_owned(),
        format!("calibration error {}", figure(calibration.expected_calibration_error)),
        format!("Brier score {}", figure(calibration.brier_score)),
        format!("{films} films"),
    ];
    for (index, line) in lines.iter().enumerate() {
        drawing.words("small", (BESIDE, TOP + 12.0 + 24.0 * place(index)), line);
    }
    drawing.done()
}

/// Accuracy of the surest films against how many of all they are.
#[must_use]
pub fn coverage(cases: &[Case]) -> String {
    let description = "When only the surest films are answered: the share called rightly against the share answered.";
    let mut drawing =
        square("Coverage against accuracy", description, ("share of films answered", "share called rightly"));
    let curve = selection::curve(cases);
    let point = |one: &super::Selected| Some(at(one.coverage, one.accuracy?.share));
    drawing.through("curve c4", &thinned(&curve.iter().filter_map(point).collect::<Vec<_>>()));
    drawing.words("small", (BESIDE, TOP + 12.0), "answered: called rightly (95 %)");
    for (index, one) in selection::tenths(cases).iter().rev().enumerate() {
        let Some(accuracy) = one.accuracy else { continue };
        let line = format!("{:.0} %: {}", one.coverage * 100.0, accuracy.text());
        drawing.words("small", (BESIDE, TOP + 40.0 + 24.0 * place(index)), &line);
    }
    drawing.done()
}

/// At most so many of the points, the last among them.
fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let step = points.len().div_ceil(MOST_POINTS).max(1);
    let kept = points.iter().step_by(step).chain(points.last());
    kept.copied().collect()
}

/// A position in a list as a coordinate.
#[expect(clippy::cast_precision_loss, reason = "lists beside a drawing are short")]
fn place(index: usize) -> f64 {
    index as f64
}
