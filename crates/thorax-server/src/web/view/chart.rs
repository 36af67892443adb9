//! Charts as SVG, drawn on the server from plain numbers: no script and no style attribute, colours by class from `app.css`
//! (so they follow the theme), a name and a description for those who do not see them. A table with the same numbers stands
//! beside each chart in its template.

mod axis;
mod bars;
mod matrix;
mod series;
mod whiskers;

pub use bars::{Bar, bars, stacked};
pub use matrix::{Cell, matrix};
pub use series::series;
pub use whiskers::{Whisker, whiskers};

use std::fmt::Write as _;

use super::Html;

/// A drawing that grows.
struct Drawing {
    text: String,
}

impl Drawing {
    /// Begins a drawing of a size in its own units; the page scales it. `class` is that of the `<svg>`.
    fn new(class: &str, size: (f64, f64), title: &str, description: &str) -> Self {
        let (width, height) = (number(size.0), number(size.1));
        let mut text = format!(
            r#"<svg class="{class}" viewBox="0 0 {width} {height}" role="img"><title>{}</title>"#,
            escape(title)
        );
        if !description.is_empty() {
            let _ = write!(text, "<desc>{}</desc>", escape(description));
        }
        Self { text }
    }

    /// Lets the drawing be stretched to any shape; for those without words.
    fn stretched(mut self) -> Self {
        self.text = self.text.replacen(" role=", " preserveAspectRatio=\"none\" role=", 1);
        self
    }

    /// A rectangle with a hint that a pointer brings up.
    fn rectangle(&mut self, class: &str, (x, y): (f64, f64), (width, height): (f64, f64), hint: &str) {
        let (x, y, width, height) = (number(x), number(y), number(width.max(0.0)), number(height.max(0.0)));
        let _ = write!(self.text, r#"<rect class="{class}" x="{x}" y="{y}" width="{width}" height="{height}""#);
        if hint.is_empty() {
            self.text.push_str("/>");
        } else {
            let _ = write!(self.text, "><title>{}</title></rect>", escape(hint));
        }
    }

    fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let (x1, y1, x2, y2) = (number(from.0), number(from.1), number(to.0), number(to.1));
        let _ = write!(self.text, r#"<line class="{class}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>"#);
    }

    fn circle(&mut self, class: &str, (x, y): (f64, f64), radius: f64) {
        let (x, y, radius) = (number(x), number(y), number(radius));
        let _ = write!(self.text, r#"<circle class="{class}" cx="{x}" cy="{y}" r="{radius}"/>"#);
    }

    /// Words; `class` says among others where they are anchored (`start`, `middle`, `end`).
    fn words(&mut self, class: &str, (x, y): (f64, f64), words: &str) {
        let _ =
            write!(self.text, r#"<text class="{class}" x="{}" y="{}">{}</text>"#, number(x), number(y), escape(words));
    }

    fn done(mut self) -> Html {
        self.text.push_str("</svg>");
        Html(self.text)
    }
}

/// At most two decimals: finer than any screen, and the page stays small.
fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A count as a coordinate.
#[expect(clippy::cast_precision_loss, reason = "a drawing shows three digits")]
fn length(count: u64) -> f64 {
    count as f64
}

/// A position in a list as a coordinate.
#[expect(clippy::cast_precision_loss, reason = "lists of a chart are short")]
fn place(index: usize) -> f64 {
    index as f64
}

#[cfg(test)]
mod tests;
