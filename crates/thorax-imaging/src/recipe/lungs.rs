//! The box around the lungs, from a map that says for each cell of a film how likely it is lung.

use crate::heat::Heat;

/// Where a film's lungs begin and end, in parts of its width and height.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct LungBox {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

/// Part of the evidence that may lie outside on each side: a stray cell does not move the box.
const STRAY: f64 = 0.01;
/// Least evidence, as a part of what a film that is all lung would have; below it there are no lungs to crop to.
const LEAST: f64 = 0.04;

impl LungBox {
    /// The box that holds the lungs of a map over the whole film; `None` where it shows too little lung.
    ///
    /// A cell's evidence is `max(0, 2p - 1)`. Edges lie where the running sum over columns (rows) reaches 1 % and 99 % of
    /// all evidence, linear inside a cell, so that they move smoothly with the probabilities.
    pub fn of(map: &Heat) -> Option<Self> {
        let evidence =
            |row: usize, column: usize| (2.0 * f64::from(map.values()[row * map.width() + column]) - 1.0).max(0.0);
        let (width, height) = (map.width(), map.height());
        let columns: Vec<f64> = (0..width).map(|column| (0..height).map(|row| evidence(row, column)).sum()).collect();
        let rows: Vec<f64> = (0..height).map(|row| (0..width).map(|column| evidence(row, column)).sum()).collect();
        let total: f64 = columns.iter().sum();
        #[expect(clippy::cast_precision_loss, reason = "maps have some thousand cells")]
        let cells = (width * height) as f64;
        if total < LEAST * cells {
            return None;
        }
        let (left, right) = (edge(&columns, STRAY * total), edge(&columns, (1.0 - STRAY) * total));
        let (top, bottom) = (edge(&rows, STRAY * total), edge(&rows, (1.0 - STRAY) * total));
        Some(Self { left, top, right, bottom })
    }

    /// The box with `margin` of its own width and height more on each side, within the film.
    pub fn widened(self, margin: f64) -> Self {
        let (across, down) = ((self.right - self.left) * margin, (self.bottom - self.top) * margin);
        Self {
            left: (self.left - across).max(0.0),
            top: (self.top - down).max(0.0),
            right: (self.right + across).min(1.0),
            bottom: (self.bottom + down).min(1.0),
        }
    }
}

/// Where, as a part of the side, the running sum reaches `wanted`.
#[expect(clippy::cast_precision_loss, reason = "maps have some dozen cells a side")]
fn edge(sums: &[f64], wanted: f64) -> f64 {
    let mut before = 0.0;
    for (index, &sum) in sums.iter().enumerate() {
        if sum > 0.0 && before + sum >= wanted {
            return (index as f64 + (wanted - before) / sum) / sums.len() as f64;
        }
        before += sum;
    }
    1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(one: LungBox, other: [f64; 4]) -> bool {
        let sides = [one.left, one.top, one.right, one.bottom];
        sides.iter().zip(other).all(|(a, b)| (a - b).abs() < 1e-6)
    }

    #[test]
    fn edges_leave_one_part_in_a_hundred_outside() {
        // Two columns of four are lung, in the lower half.
        let map = Heat::new(4, 2, vec![0.1, 0.5, 0.2, 0.0, 0.0, 1.0, 1.0, 0.3]).unwrap();
        assert!(close(LungBox::of(&map).unwrap(), [0.255, 0.505, 0.745, 0.995]));
    }

    #[test]
    fn a_stray_cell_does_not_move_the_box() {
        let mut cells = vec![0.0; 400];
        for row in 5..15 {
            for column in 5..15 {
                cells[row * 20 + column] = 1.0;
            }
        }
        let clean = LungBox::of(&Heat::new(20, 20, cells.clone()).unwrap()).unwrap();
        cells[19] = 0.9;
        let stray = LungBox::of(&Heat::new(20, 20, cells).unwrap()).unwrap();
        assert!((clean.right - stray.right).abs() < 0.01 && (clean.top - stray.top).abs() < 0.01);
    }

    #[test]
    fn a_film_without_lungs_has_no_box() {
        assert_eq!(LungBox::of(&Heat::new(3, 3, vec![0.5; 9]).unwrap()), None);
        assert_eq!(LungBox::of(&Heat::new(3, 3, vec![0.51; 9]).unwrap()), None);
    }

    #[test]
    fn a_margin_stays_within_the_film() {
        let lungs = LungBox { left: 0.1, top: 0.0, right: 0.9, bottom: 0.5 };
        assert!(close(lungs.widened(0.25), [0.0, 0.0, 1.0, 0.625]));
    }
}
