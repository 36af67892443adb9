//! Shares with their intervals: a dot, and a line as long as the doubt.

use super::{Drawing, place};
use crate::web::view::{Html, Interval};

/// One share.
#[derive(Debug, Clone, PartialEq)]
pub struct Whisker {
    /// What it is.
    pub label: String,
    /// The share; none where there was nothing to count.
    pub interval: Option<Interval>,
    /// Its colour's class.
    pub class: &'static str,
}

/// Shares from 0 to 100 %, one under the other.
pub fn whiskers(title: &str, description: &str, whiskers: &[Whisker]) -> Html {
    const LEFT: f64 = 140.0;
    const WIDTH: f64 = 520.0;
    const ROW: f64 = 28.0;
    let room = WIDTH - LEFT - 20.0;
    let height = ROW * place(whiskers.len().max(1));
    let across = |share: f64| LEFT + room * share.clamp(0.0, 1.0);
    let mut drawing = Drawing::new("chart", (WIDTH, height + 24.0), title, description);
    for (mark, words) in [(0.0, "0"), (0.25, "25"), (0.5, "50"), (0.75, "75"), (1.0, "100 %")] {
        drawing.line("grid", (across(mark), 0.0), (across(mark), height));
        drawing.words("words small middle", (across(mark), height + 16.0), words);
    }
    for (index, whisker) in whiskers.iter().enumerate() {
        let middle = ROW * (place(index) + 0.5);
        drawing.words("words end", (LEFT - 12.0, middle + 5.0), &whisker.label);
        let Some(interval) = whisker.interval else {
            drawing.words("words small start", (LEFT + 6.0, middle + 4.0), "no reviews yet");
            continue;
        };
        let hint = format!("{}: {}", whisker.label, interval.text());
        let (low, high) = (across(interval.low), across(interval.high));
        drawing.line(&format!("whisker {}", whisker.class), (low, middle), (high, middle));
        drawing.circle(&format!("fill {}", whisker.class), (across(interval.share), middle), 5.0);
        drawing.rectangle("touch", (low, middle - ROW / 2.0), (high - low, ROW), &hint);
    }
    Html(drawing.done())
}
