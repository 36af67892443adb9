//! A drawing as SVG text: shapes with classes, whose colours come from elsewhere. What never does: numbers' meaning, which
//! the charts know.

use std::fmt::Write as _;

/// The colours of drawings that stand alone: words, marks, and curves that are told apart without their colours, too.
pub const STYLE: &str = "\
text{font:13px system-ui,sans-serif;fill:#1c2a30}.small{font-size:12px;fill:#4c5c63}.title{font-size:15px;font-weight:600}\
.middle{text-anchor:middle}.end{text-anchor:end}.ground{fill:#fff}.grid{stroke:#dfe5e8}.even{stroke:#8a979d;stroke-dasharray:4 4}\
.curve{fill:none;stroke-width:2}.whisker{stroke:#19566e;stroke-width:1.5}.dot{fill:#19566e}.bar{fill:#c3d6de}\
.c0{stroke:#a8361f}.c1{stroke:#7c5300;stroke-dasharray:9 3}.c2{stroke:#19566e;stroke-dasharray:2 3}\
.c3{stroke:#5546a8;stroke-dasharray:9 3 2 3}.c4{stroke:#19566e}";

/// A drawing that grows.
pub struct Drawing {
    text: String,
}

impl Drawing {
    /// Begins a drawing for a page, of a size in its own units; the page scales it and has the colours. `class` is that of the
    /// `<svg>`.
    pub fn new(class: &str, size: (f64, f64), title: &str, description: &str) -> Self {
        let (width, height) = (number(size.0), number(size.1));
        Self::begun(format!(r#"<svg class="{class}" viewBox="0 0 {width} {height}" role="img">"#), title, description)
    }

    /// Begins a drawing for a file of its own, with the colours in it, on a ground of the class `ground`.
    pub fn alone(style: &str, size: (f64, f64), title: &str, description: &str) -> Self {
        let (width, height) = (number(size.0), number(size.1));
        let opening = format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img">"#
        );
        let mut drawing = Self::begun(opening, title, description);
        let _ = write!(drawing.text, "<style>{style}</style>");
        drawing.rectangle("ground", (0.0, 0.0), size, "");
        drawing
    }

    fn begun(mut text: String, title: &str, description: &str) -> Self {
        let _ = write!(text, "<title>{}</title>", escape(title));
        if !description.is_empty() {
            let _ = write!(text, "<desc>{}</desc>", escape(description));
        }
        Self { text }
    }

    /// Lets the drawing be stretched to any shape; for those without words.
    pub fn stretched(mut self) -> Self {
        self.text = self.text.replacen(" role=", " preserveAspectRatio=\"none\" role=", 1);
        self
    }

    /// A rectangle with a hint that a pointer brings up.
    pub fn rectangle(&mut self, class: &str, (x, y): (f64, f64), (width, height): (f64, f64), hint: &str) {
        let (x, y, width, height) = (number(x), number(y), number(width.max(0.0)), number(height.max(0.0)));
        let _ = write!(self.text, r#"<rect class="{class}" x="{x}" y="{y}" width="{width}" height="{height}""#);
        if hint.is_empty() {
            self.text.push_str("/>");
        } else {
            let _ = write!(self.text, "><title>{}</title></rect>", escape(hint));
        }
    }

    pub fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let (x1, y1, x2, y2) = (number(from.0), number(from.1), number(to.0), number(to.1));
        let _ = write!(self.text, r#"<line class="{class}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>"#);
    }

    /// A line through points.
    pub fn through(&mut self, class: &str, points: &[(f64, f64)]) {
        let points: Vec<String> = points.iter().map(|&(x, y)| format!("{},{}", number(x), number(y))).collect();
        let _ = write!(self.text, r#"<polyline class="{class}" points="{}"/>"#, points.join(" "));
    }

    pub fn circle(&mut self, class: &str, (x, y): (f64, f64), radius: f64) {
        let (x, y, radius) = (number(x), number(y), number(radius));
        let _ = write!(self.text, r#"<circle class="{class}" cx="{x}" cy="{y}" r="{radius}"/>"#);
    }

    /// Words; `class` says among others where they are anchored (`start`, `middle`, `end`).
    pub fn words(&mut self, class: &str, (x, y): (f64, f64), words: &str) {
        let _ =
            write!(self.text, r#"<text class="{class}" x="{}" y="{}">{}</text>"#, number(x), number(y), escape(words));
    }

    /// The text of the drawing.
    pub fn done(mut self) -> String {
        self.text.push_str("</svg>");
        self.text
    }
}

/// At most two decimals: finer than any screen, and the text stays small.
pub fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
