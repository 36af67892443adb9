//! Where the tiles lie: OpenCV's padding, and for every row and column the two tiles it lies between.

use super::{Clahe, ClaheError};
use crate::GrayImage;
use std::ops::Range;

/// Table entries of all tiles together: 512 MiB of 16-bit tables.
const MOST_ENTRIES: u64 = 1 << 28;

/// Tiles over an image.
#[derive(Debug)]
pub(super) struct Grid {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) tiles_x: usize,
    pub(super) tiles_y: usize,
    pub(super) tile_width: usize,
    pub(super) tile_height: usize,
}

impl Grid {
    #[expect(clippy::cast_possible_truncation, reason = "a tile's side is below 2^31 once its area is")]
    pub(super) fn new(image: &GrayImage, parameters: &Clahe) -> Result<Self, ClaheError> {
        let Clahe { tiles_x, tiles_y, .. } = *parameters;
        if tiles_x == 0 || tiles_y == 0 {
            return Err(ClaheError::NoTiles { tiles_x, tiles_y });
        }
        let bits = image.bits();
        let tiles = u64::from(tiles_x) * u64::from(tiles_y);
        if tiles > MOST_ENTRIES >> bits {
            return Err(ClaheError::TooManyTiles { tiles_x, tiles_y, bits });
        }
        let (width, height) = (image.width(), image.height());
        let fits = width.is_multiple_of(tiles_x) && height.is_multiple_of(tiles_y);
        // OpenCV pads both axes as soon as one does not divide, by a whole column of tiles' worth where one does.
        let padded = |side: u32, tiles: u32| u64::from(side) + if fits { 0 } else { u64::from(tiles - side % tiles) };
        let tile_width = padded(width, tiles_x) / u64::from(tiles_x);
        let tile_height = padded(height, tiles_y) / u64::from(tiles_y);
        if tile_width * tile_height > i32::MAX as u64 {
            return Err(ClaheError::TileTooLarge { width: tile_width, height: tile_height });
        }
        Ok(Self {
            width: width as usize,
            height: height as usize,
            tiles_x: tiles_x as usize,
            tiles_y: tiles_y as usize,
            tile_width: tile_width as usize,
            tile_height: tile_height as usize,
        })
    }

    pub(super) const fn tile_area(&self) -> usize {
        self.tile_width * self.tile_height
    }

    pub(super) fn columns(&self) -> Axis {
        Axis::new(self.width, self.tiles_x, self.tile_width)
    }

    pub(super) fn rows(&self) -> Axis {
        Axis::new(self.height, self.tiles_y, self.tile_height)
    }
}

/// The pixel that `position` shows when the image is mirrored at its border pixels, which are not repeated
/// (`BORDER_REFLECT_101`).
pub(super) const fn reflect(position: usize, length: usize) -> usize {
    if length == 1 {
        return 0;
    }
    let period = 2 * (length - 1);
    let position = position % period;
    if position < length { position } else { period - position }
}

/// Positions that lie between the same two tiles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) positions: Range<usize>,
    pub(super) near: usize,
    pub(super) far: usize,
}

/// One direction of the image: its spans, and for each position the weight of the far tile.
#[derive(Debug)]
pub(super) struct Axis {
    pub(super) spans: Vec<Span>,
    pub(super) far: Vec<f32>,
}

impl Axis {
    /// The same single-precision steps as OpenCV, in the same order; the far weight decides the last bit of a pixel.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "OpenCV computes positions in single precision; the tile is clamped to 0.. before it becomes unsigned"
    )]
    fn new(length: usize, tiles: usize, tile: usize) -> Self {
        let inverse = 1.0 / tile as f32;
        let mut spans: Vec<Span> = Vec::with_capacity(tiles + 1);
        let mut weights = Vec::with_capacity(length);
        for position in 0..length {
            let place = position as f32 * inverse - 0.5;
            let floor = place.floor();
            weights.push(place - floor);
            let near = (floor.max(0.0) as usize).min(tiles - 1);
            let far = ((floor + 1.0) as usize).min(tiles - 1);
            match spans.last_mut() {
                Some(span) if (span.near, span.far) == (near, far) => span.positions.end = position + 1,
                _ => spans.push(Span { positions: position..position + 1, near, far }),
            }
        }
        Self { spans, far: weights }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Pixels;

    fn grid(width: u32, height: u32, tiles_x: u32, tiles_y: u32) -> Grid {
        let image = GrayImage::new(width, height, Pixels::U8(vec![0; (width * height) as usize])).unwrap();
        Grid::new(&image, &Clahe { clip_limit: 2.0, tiles_x, tiles_y }).unwrap()
    }

    #[test]
    fn pads_both_axes_once_one_does_not_divide() {
        assert_eq!((grid(16, 16, 8, 8).tile_width, grid(16, 16, 8, 8).tile_height), (2, 2));
        let padded = grid(16, 17, 8, 8);
        assert_eq!((padded.tile_width, padded.tile_height), (3, 3));
        assert_eq!(grid(3, 3, 8, 8).tile_area(), 1);
    }

    #[test]
    fn mirrors_without_repeating_the_border() {
        let shown: Vec<usize> = (0..9).map(|position| reflect(position, 4)).collect();
        assert_eq!(shown, [0, 1, 2, 3, 2, 1, 0, 1, 2]);
        assert_eq!(reflect(7, 1), 0);
    }

    #[test]
    fn spans_run_from_tile_centre_to_tile_centre() {
        let columns = grid(16, 16, 4, 4).columns();
        let ends: Vec<usize> = columns.spans.iter().map(|span| span.positions.end).collect();
        assert_eq!(ends, [2, 6, 10, 14, 16]);
        assert_eq!((columns.spans[0].near, columns.spans[0].far), (0, 0));
        assert_eq!((columns.spans[4].near, columns.spans[4].far), (3, 3));
        assert!(columns.far.iter().all(|weight| (0.0..=1.0).contains(weight)));
    }
}
