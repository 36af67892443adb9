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

use crate::drawing::Drawing;

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
