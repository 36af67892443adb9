//! Films a second against the batch size, as an SVG that stands alone.

use super::figures::Measured;
use crate::drawing::{Drawing, STYLE, number};

const SIZE: (f64, f64) = (780.0, 420.0);
/// Left, top and extent of the field of the curves.
const LEFT: f64 = 62.0;
const TOP: f64 = 62.0;
const FIELD: (f64, f64) = (400.0, 300.0);
/// Curves that are told apart.
const KINDS: usize = 5;

/// Draws a curve for each run.
pub fn draw<'a>(runs: impl Iterator<Item = &'a Measured>) -> String {
    let runs: Vec<&Measured> = runs.filter(|run| !run.throughput.is_empty()).collect();
    let points = || runs.iter().flat_map(|run| &run.throughput);
    let mut batches: Vec<usize> = points().map(|point| point.batch).collect();
    batches.sort_unstable();
    batches.dedup();
    let most = points().map(|point| point.films_per_second).fold(0.0, f64::max);
    let scale = round_up(most);
    let title = "Films a second against the batch size";
    let mut drawing =
        Drawing::alone(STYLE, SIZE, title, "How many films go through the networks together, and how fast.");
    drawing.words("title", (LEFT, 26.0), title);
    frame(&mut drawing, &batches, scale);
    for (index, run) in runs.iter().enumerate() {
        let class = format!("curve c{}", index % KINDS);
        let at = |batch: usize, films: f64| (across(&batches, batch), TOP + FIELD.1 * (1.0 - films / scale));
        let line: Vec<(f64, f64)> =
            run.throughput.iter().map(|point| at(point.batch, point.films_per_second)).collect();
        drawing.through(&class, &line);
        for &point in &line {
            drawing.circle("dot", point, 3.0);
        }
        let (x, y) = (LEFT + FIELD.0 + 24.0, TOP + 12.0 + 46.0 * place(index));
        drawing.line(&class, (x, y - 4.0), (x + 28.0, y - 4.0));
        drawing.words("small", (x + 36.0, y), &run.engine);
        let best = run.throughput.iter().map(|point| point.films_per_second).fold(0.0, f64::max);
        drawing.words("small", (x + 36.0, y + 18.0), &format!("{}: at most {best:.2}", run.precision));
    }
    drawing.done()
}

fn frame(drawing: &mut Drawing, batches: &[usize], scale: f64) {
    for &batch in batches {
        let x = across(batches, batch);
        drawing.line("grid", (x, TOP), (x, TOP + FIELD.1));
        drawing.words("small middle", (x, TOP + FIELD.1 + 18.0), &batch.to_string());
    }
    for quarter in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let y = TOP + FIELD.1 * (1.0 - quarter);
        drawing.line("grid", (LEFT, y), (LEFT + FIELD.0, y));
        drawing.words("small end", (LEFT - 8.0, y + 4.0), &number(scale * quarter));
    }
    drawing.words("small middle", (LEFT + FIELD.0 / 2.0, TOP + FIELD.1 + 42.0), "batch size →");
    drawing.words("small", (10.0, TOP - 12.0), "films a second ↑");
}

/// Where a batch size stands: sizes double from mark to mark, so that they are evenly spread.
fn across(batches: &[usize], batch: usize) -> f64 {
    let position = batches.iter().position(|&one| one == batch).unwrap_or(0);
    let steps = batches.len().saturating_sub(1).max(1);
    LEFT + FIELD.0 * place(position) / place(steps)
}

/// The next of 1, 2, 4, 10, 20, 40 and so on.
fn round_up(most: f64) -> f64 {
    let magnitude = 10_f64.powf(most.max(0.1).log10().floor());
    [1.0, 2.0, 4.0, 10.0].into_iter().map(|one| one * magnitude).find(|&one| one >= most).unwrap_or(most)
}

/// A position in a short list as a coordinate.
#[expect(clippy::cast_precision_loss, reason = "lists beside a drawing are short")]
fn place(index: usize) -> f64 {
    index as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_end_on_round_numbers() {
        let ends = [0.3, 1.0, 3.7, 6.1, 11.0, 39.0].map(round_up);
        let expected = [0.4, 1.0, 4.0, 10.0, 20.0, 40.0];
        assert!(ends.iter().zip(expected).all(|(end, expected)| (end - expected).abs() < 1e-9), "{ends:?}");
    }
}
