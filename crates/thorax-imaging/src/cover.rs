//! Covering a part of a film, to learn what a network still reads in the rest.

use crate::heat::Heat;
use crate::recipe::{Field, cut};
use crate::{GrayImage, Pixels};

/// The film with nothing but its outer border: what lies inside has the grey of the film's mean. `fraction` is the part of
/// each side that a border has, rounded as a recipe's `crop_border` rounds it.
#[must_use]
pub fn all_but_border(film: &GrayImage, fraction: f64) -> GrayImage {
    let inside = |side: u32| {
        let border = cut(side, fraction);
        (0..side).map(|place| place >= border && place < side.saturating_sub(border)).collect::<Vec<bool>>()
    };
    let (columns, rows) = (inside(film.width()), inside(film.height()));
    fill(film, Level::Film, |x, y| columns[x] && rows[y])
}

/// The film without the cells of a grid over `field` whose value is above `limit`: they have the grey of the mean of all
/// that is left.
#[must_use]
pub fn cells(film: &GrayImage, field: &Field, grid: &Heat, limit: f32) -> GrayImage {
    let columns = along(film.width(), (field.left, field.width), grid.width());
    let rows = along(film.height(), (field.top, field.height), grid.height());
    let is_above = |column: usize, row: usize| grid.values()[row * grid.width() + column] > limit;
    fill(film, Level::Rest, |x, y| matches!((columns[x], rows[y]), (Some(column), Some(row)) if is_above(column, row)))
}

/// For each pixel along a side the cell that its middle lies in; none outside the field.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "proved to lie within a grid of some hundred cells"
)]
fn along(side: u32, (start, length): (f64, f64), cells: usize) -> Vec<Option<usize>> {
    let cell = |place: u32| {
        let part = (f64::from(place) + 0.5 - start) / length;
        (0.0..1.0).contains(&part).then(|| ((part * cells as f64) as usize).min(cells - 1))
    };
    (0..side).map(cell).collect()
}

/// Whose mean the covered part gets.
#[derive(Clone, Copy, PartialEq)]
enum Level {
    Film,
    Rest,
}

fn fill(film: &GrayImage, level: Level, is_covered: impl Fn(usize, usize) -> bool) -> GrayImage {
    let width = film.width() as usize;
    let is_covered = |index: usize| is_covered(index % width, index / width);
    film.with(match film.pixels() {
        Pixels::U8(samples) => Pixels::U8(filled(samples, level, is_covered)),
        Pixels::U16(samples) => Pixels::U16(filled(samples, level, is_covered)),
    })
}

fn filled<S: Copy + Into<u64> + TryFrom<u64>>(
    samples: &[S],
    level: Level,
    is_covered: impl Fn(usize) -> bool,
) -> Vec<S> {
    let (mut sum, mut count) = (0_u64, 0_u64);
    for (index, &sample) in samples.iter().enumerate() {
        if level == Level::Film || !is_covered(index) {
            sum += sample.into();
            count += 1;
        }
    }
    // Where nothing is left there is no mean of it: such a film is black.
    let mean = (sum + count / 2).checked_div(count).unwrap_or(0);
    let Ok(mean) = S::try_from(mean) else { unreachable!("a mean lies among its samples; this is a bug") };
    samples.iter().enumerate().map(|(index, &sample)| if is_covered(index) { mean } else { sample }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_border_is_left() {
        let film = GrayImage::new(4, 4, Pixels::U8((0..16).map(|v| v * 10).collect())).unwrap();
        let Pixels::U8(left) = all_but_border(&film, 0.25).into_pixels() else { panic!("8 bits") };
        // The mean is 75, the four inner pixels have it.
        assert_eq!(left, [0, 10, 20, 30, 40, 75, 75, 70, 80, 75, 75, 110, 120, 130, 140, 150]);
    }

    #[test]
    fn a_film_too_small_for_a_border_has_none() {
        let film = GrayImage::new(2, 1, Pixels::U16(vec![100, 301])).unwrap();
        assert_eq!(all_but_border(&film, 0.06).into_pixels(), Pixels::U16(vec![201, 201]));
        assert_eq!(all_but_border(&film, 0.5), film, "all of it is border");
    }

    #[test]
    fn cells_above_the_limit_get_the_mean_of_the_rest() {
        // The field is the middle four columns; its left cell is covered, its right one is not.
        let film = GrayImage::new(6, 1, Pixels::U16(vec![10, 900, 900, 30, 50, 70])).unwrap();
        let field = Field { left: 1.0, top: 0.0, width: 4.0, height: 1.0 };
        let grid = Heat::new(2, 1, vec![0.51, 0.5]).unwrap();
        assert_eq!(cells(&film, &field, &grid, 0.5).into_pixels(), Pixels::U16(vec![10, 40, 40, 30, 50, 70]));
    }

    #[test]
    fn nothing_to_cover_changes_nothing_and_everything_is_black() {
        let film = GrayImage::new(2, 2, Pixels::U8(vec![1, 2, 3, 4])).unwrap();
        let grid = |value| Heat::new(1, 1, vec![value]).unwrap();
        assert_eq!(cells(&film, &Field::whole(2, 2), &grid(0.5), 0.5), film);
        assert_eq!(cells(&film, &Field::whole(2, 2), &grid(0.9), 0.5).into_pixels(), Pixels::U8(vec![0; 4]));
    }
}
