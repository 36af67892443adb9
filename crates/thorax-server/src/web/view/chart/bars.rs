//! Bars: one thing beside another.

use thorax_domain::prediction::Diagnosis;

use super::{Drawing, place};
use crate::web::view::Html;
use crate::web::view::text;

/// One bar.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// What it is.
    pub label: String,
    /// How long: any unit, the longest fills the width.
    pub value: f64,
    /// What stands behind it.
    pub text: String,
    /// Its colour's class.
    pub class: &'static str,
}

/// Bars from left to right, one under the other. `full` is what fills the width; without it the longest bar does.
#[must_use]
pub fn bars(title: &str, description: &str, bars: &[Bar], full: Option<f64>) -> Html {
    const WIDTH: f64 = 520.0;
    const LABELS: f64 = 130.0;
    const VALUES: f64 = 110.0;
    const ROW: f64 = 34.0;
    let room = WIDTH - LABELS - VALUES;
    let most = full.unwrap_or_else(|| bars.iter().map(|bar| bar.value).fold(f64::MIN_POSITIVE, f64::max));
    let mut drawing = Drawing::new("chart", (WIDTH, ROW * place(bars.len().max(1))), title, description);
    for (index, bar) in bars.iter().enumerate() {
        let top = ROW * place(index);
        let middle = top + ROW / 2.0 + 5.0;
        let width = room * (bar.value / most).clamp(0.0, 1.0);
        drawing.words("words end", (LABELS - 10.0, middle), &bar.label);
        drawing.rectangle("track", (LABELS, top + 6.0), (room, ROW - 12.0), "");
        drawing.rectangle(
            &format!("fill {}", bar.class),
            (LABELS, top + 6.0),
            (width, ROW - 12.0),
            &format!("{}: {}", bar.label, bar.text),
        );
        drawing.words("words strong start", (WIDTH - VALUES + 10.0, middle), &bar.text);
    }
    Html(drawing.done())
}

/// Four probabilities as one bar, in the order of `Diagnosis::ALL`.
#[must_use]
pub fn stacked(probabilities: &[f64; 4]) -> Html {
    const WIDTH: f64 = 200.0;
    const HEIGHT: f64 = 12.0;
    let name = |(one, share): (Diagnosis, &f64)| format!("{one} {}", text::percent(share));
    let title: Vec<String> = Diagnosis::ALL.into_iter().zip(probabilities).map(name).collect();
    let mut drawing = Drawing::new("chart-stacked", (WIDTH, HEIGHT), &title.join(", "), "").stretched();
    let mut left = 0.0;
    for (one, share) in Diagnosis::ALL.into_iter().zip(probabilities) {
        let width = WIDTH * share.clamp(0.0, 1.0);
        let class = format!("fill {}", text::diagnosis_class(&one));
        drawing.rectangle(&class, (left, 0.0), ((width - 1.0).max(0.0), HEIGHT), &name((one, share)));
        left += width;
    }
    Html(drawing.done())
}
