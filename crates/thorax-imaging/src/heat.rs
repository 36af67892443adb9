//! A heat map: a small grid of values between 0 and 1.

/// A grid of values between 0 and 1, row by row from the top left.
#[derive(Debug, Clone, PartialEq)]
pub struct Heat {
    width: usize,
    height: usize,
    values: Vec<f32>,
}

/// A rectangle on a picture, in parts of its width and height.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part {
    /// Left edge.
    pub left: f64,
    /// Upper edge.
    pub top: f64,
    /// Part of the width covered.
    pub width: f64,
    /// Part of the height covered.
    pub height: f64,
}

/// What is no heat map: no cell, a wrong number of values, or a value outside 0..=1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{values} values do not make a heat map of {width} x {height} cells between 0 and 1")]
pub struct NotHeat {
    width: usize,
    height: usize,
    values: usize,
}

impl Heat {
    /// A heat map of `width` × `height` cells.
    ///
    /// # Errors
    /// [`NotHeat`] when there is no cell, the number of values does not fit, or one is not within 0..=1.
    pub fn new(width: usize, height: usize, values: Vec<f32>) -> Result<Self, NotHeat> {
        let fits = !values.is_empty() && width.checked_mul(height) == Some(values.len());
        if !fits || values.iter().any(|one| !(0.0..=1.0).contains(one)) {
            return Err(NotHeat { width, height, values: values.len() });
        }
        Ok(Self { width, height, values })
    }

    /// Columns.
    #[must_use]
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    #[must_use]
    pub const fn height(&self) -> usize {
        self.height
    }

    /// The values.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// The value at a place between 0 and 1 of width and height, linear between the centres of the cells.
    #[must_use]
    pub fn at(&self, x: f32, y: f32) -> f32 {
        let (left, right, across) = neighbours(x, self.width);
        let (top, bottom, down) = neighbours(y, self.height);
        let row = |row: usize| {
            let (one, other) = (self.values[row * self.width + left], self.values[row * self.width + right]);
            one + (other - one) * across
        };
        let (upper, lower) = (row(top), row(bottom));
        (upper + (lower - upper) * down).clamp(0.0, 1.0)
    }

    /// The same map on another grid, linear between the centres of the cells.
    #[must_use]
    pub fn resized(&self, width: usize, height: usize) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "grids have some hundred cells")]
        let centre = |index: usize, cells: usize| (index as f32 + 0.5) / cells as f32;
        let values = (0..height)
            .flat_map(|row| (0..width).map(move |column| (column, row)))
            .map(|(column, row)| self.at(centre(column, width), centre(row, height)))
            .collect();
        Self { width, height, values }
    }

    /// The map's mean over each cell of a grid of `width` × `height` cells that lies over a part of the picture. A value of the map
    /// holds for all of its own cell.
    #[must_use]
    pub fn averaged(&self, part: Part, width: usize, height: usize) -> Self {
        let columns = shares(self.width, (part.left, part.width), width);
        let rows = shares(self.height, (part.top, part.height), height);
        let mean = |rows: &[(usize, f64)], columns: &[(usize, f64)]| -> f64 {
            let value = |row: usize, column: usize| f64::from(self.values[row * self.width + column]);
            rows.iter()
                .map(|&(row, down)| {
                    columns.iter().map(|&(column, across)| down * across * value(row, column)).sum::<f64>()
                })
                .sum()
        };
        #[expect(clippy::cast_possible_truncation, reason = "a mean of values between 0 and 1")]
        let value = |rows: &[(usize, f64)], columns: &[(usize, f64)]| mean(rows, columns).clamp(0.0, 1.0) as f32;
        let values = rows.iter().flat_map(|rows| columns.iter().map(move |columns| value(rows, columns))).collect();
        Self { width, height, values }
    }

    /// The map on a grid over a larger picture of which it covers a part: linear between the centres of its cells, 0 where it
    /// does not reach.
    #[must_use]
    pub fn placed(&self, part: Part, width: usize, height: usize) -> Self {
        let places = |cells: usize, start: f64, length: f64| -> Vec<Option<f32>> {
            #[expect(
                clippy::cast_precision_loss,
                clippy::cast_possible_truncation,
                reason = "grids have some hundred cells"
            )]
            let place = |index: usize| {
                let inside = ((index as f64 + 0.5) / cells as f64 - start) / length;
                (0.0..=1.0).contains(&inside).then_some(inside as f32)
            };
            (0..cells).map(place).collect()
        };
        let (columns, rows) = (places(width, part.left, part.width), places(height, part.top, part.height));
        let value = |x: Option<f32>, y: Option<f32>| x.zip(y).map_or(0.0, |(x, y)| self.at(x, y));
        let values = rows.iter().flat_map(|&y| columns.iter().map(move |&x| value(x, y))).collect();
        Self { width, height, values }
    }
}

/// For each of `pieces` equal pieces of a part of a side, given by its start and length, which of the side's `cells` it touches, and which
/// share of it lies in each.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "grids have some hundred cells and the places are clamped to them"
)]
fn shares(cells: usize, (start, length): (f64, f64), pieces: usize) -> Vec<Vec<(usize, f64)>> {
    let place = |piece: usize| (start + length * piece as f64 / pieces as f64) * cells as f64;
    let touched = |piece: usize| {
        let (from, to) = (place(piece), place(piece + 1));
        let last = (to.ceil() as usize).clamp(1, cells);
        let first = (from.max(0.0) as usize).min(last - 1);
        let inside = move |cell: usize| (cell, (to.min(cell as f64 + 1.0) - from.max(cell as f64)) / (to - from));
        (first..last).map(inside).collect()
    };
    (0..pieces).map(touched).collect()
}

/// The two cells around a place between 0 and 1, and how far it lies from the first to the second.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "grids have some hundred cells and the place is clamped to them"
)]
fn neighbours(place: f32, cells: usize) -> (usize, usize, f32) {
    let position = (place * cells as f32 - 0.5).clamp(0.0, (cells - 1) as f32);
    let first = position.floor() as usize;
    (first, (first + 1).min(cells - 1), position - position.floor())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_is_no_heat() {
        assert!(Heat::new(0, 0, Vec::new()).is_err());
        assert!(Heat::new(2, 1, vec![0.5]).is_err());
        assert!(Heat::new(1, 1, vec![f32::NAN]).is_err());
        assert!(Heat::new(1, 1, vec![1.1]).is_err());
    }

    #[test]
    fn is_linear_between_centres_and_flat_beyond() {
        let heat = Heat::new(2, 1, vec![0.0, 1.0]).unwrap();
        assert!((heat.at(0.5, 0.5) - 0.5).abs() < 1e-6);
        assert_eq!((heat.at(0.0, 0.0), heat.at(1.0, 1.0)), (0.0, 1.0));
        assert_eq!(heat.resized(2, 1), heat);
        assert_eq!(heat.resized(1, 3).values(), [0.5, 0.5, 0.5]);
    }

    #[test]
    fn is_averaged_over_a_part() {
        let heat = Heat::new(4, 1, vec![0.0, 1.0, 0.5, 0.25]).unwrap();
        let whole = Part { left: 0.0, top: 0.0, width: 1.0, height: 1.0 };
        assert_eq!(heat.averaged(whole, 4, 1), heat);
        assert_eq!(heat.averaged(whole, 1, 3).values(), [0.4375; 3]);
        assert_eq!(heat.averaged(whole, 2, 1).values(), [0.5, 0.375]);
        // From the middle of the first cell to the middle of the third.
        let part = Part { left: 0.125, top: 0.25, width: 0.5, height: 0.5 };
        assert_eq!(heat.averaged(part, 2, 1).values(), [0.5, 0.75]);
    }

    #[test]
    fn is_placed_where_it_belongs_and_zero_elsewhere() {
        let heat = Heat::new(2, 1, vec![0.25, 1.0]).unwrap();
        let part = Part { left: 0.25, top: 0.0, width: 0.5, height: 0.5 };
        assert_eq!(heat.placed(part, 4, 2).values(), [0.0, 0.25, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        let whole = Part { left: 0.0, top: 0.0, width: 1.0, height: 1.0 };
        assert_eq!(heat.placed(whole, 2, 1), heat);
    }
}
