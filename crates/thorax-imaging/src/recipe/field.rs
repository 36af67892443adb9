//! Which part of a film a tensor shows.

use super::steps::Window;
use crate::heat::Part;

/// A rectangle on a film, in the film's pixels from its top left corner. Fractions arise when a recipe crops after it resizes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Field {
    /// Left edge.
    pub left: f64,
    /// Upper edge.
    pub top: f64,
    /// Columns covered.
    pub width: f64,
    /// Rows covered.
    pub height: f64,
}

impl Field {
    /// The whole of a film.
    #[must_use]
    pub fn whole(width: u32, height: u32) -> Self {
        Self { left: 0.0, top: 0.0, width: f64::from(width), height: f64::from(height) }
    }

    /// The field in parts of its film's `width` and `height`.
    #[must_use]
    pub fn part_of(&self, width: u32, height: u32) -> Part {
        let (columns, rows) = (f64::from(width), f64::from(height));
        let (left, top) = (self.left / columns, self.top / rows);
        Part { left, top, width: self.width / columns, height: self.height / rows }
    }

    /// The part of a whole film that a window cuts out of it.
    pub(super) fn window(self, window: Window) -> Self {
        Self {
            left: self.left + f64::from(window.left),
            top: self.top + f64::from(window.top),
            width: window.columns.into(),
            height: window.rows.into(),
        }
    }

    /// What is left when `cut` columns and rows go on both sides of an image of `size` that shows this field.
    pub(super) fn without_border(self, size: (u32, u32), cut: (u32, u32)) -> Self {
        let column = self.width / f64::from(size.0);
        let row = self.height / f64::from(size.1);
        let (x, y) = (f64::from(cut.0) * column, f64::from(cut.1) * row);
        Self { left: self.left + x, top: self.top + y, width: self.width - 2.0 * x, height: self.height - 2.0 * y }
    }
}
