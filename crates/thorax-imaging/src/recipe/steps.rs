//! The steps that have no module of their own, and each step's words.

use super::lungs::LungBox;
use super::{RecipeError, Step};
use crate::resize::Filter;
use crate::{GrayImage, Pixels};
use std::fmt;

/// Pixels cut from either end of a side.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of a side, never negative")]
pub(crate) fn cut(side: u32, fraction: f64) -> u32 {
    (f64::from(side) * fraction + 0.5).floor() as u32
}

pub(super) fn crop_border(image: &GrayImage, fraction: f64) -> Result<GrayImage, RecipeError> {
    let (width, height) = (image.width(), image.height());
    let (left, top) = (cut(width, fraction), cut(height, fraction));
    let (columns, rows) = (width.saturating_sub(2 * left), height.saturating_sub(2 * top));
    Window { left, top, columns, rows }.of(image)
}

/// The columns and rows of an image of `width` × `height` pixels that hold the lungs, each edge rounded half up.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of a side, never negative")]
pub(super) fn lung_window(lungs: LungBox, (width, height): (u32, u32)) -> Window {
    let place = |part: f64, side: u32| ((part * f64::from(side) + 0.5).floor() as u32).min(side);
    let (left, top) = (place(lungs.left, width), place(lungs.top, height));
    let (right, bottom) = (place(lungs.right, width), place(lungs.bottom, height));
    Window { left, top, columns: right.saturating_sub(left), rows: bottom.saturating_sub(top) }
}

/// A part of an image, in its pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub left: u32,
    pub top: u32,
    pub columns: u32,
    pub rows: u32,
}

impl Window {
    /// This part of an image.
    pub fn of(self, image: &GrayImage) -> Result<GrayImage, RecipeError> {
        if self.columns == 0 || self.rows == 0 {
            return Err(RecipeError::TooSmall { width: image.width(), height: image.height() });
        }
        let stride = image.width() as usize;
        let pixels = match image.pixels() {
            Pixels::U8(samples) => Pixels::U8(self.copy(samples, stride)),
            Pixels::U16(samples) => Pixels::U16(self.copy(samples, stride)),
        };
        Ok(GrayImage::new(self.columns, self.rows, pixels)?)
    }

    fn copy<S: Copy>(self, samples: &[S], stride: usize) -> Vec<S> {
        let (left, columns, rows) = (self.left as usize, self.columns as usize, self.rows as usize);
        let mut copied = Vec::with_capacity(columns * rows);
        for row in samples.chunks_exact(stride).skip(self.top as usize).take(rows) {
            copied.extend_from_slice(&row[left..][..columns]);
        }
        copied
    }
}

/// `(v / 255 - mean) / std`, in single precision as in the training.
pub(super) fn normalize(samples: &[u8], mean: f32, std: f32) -> Vec<f32> {
    let mut tensor = vec![0.0; samples.len()];
    pulp::Arch::new().dispatch(|| {
        for (value, &sample) in tensor.iter_mut().zip(samples) {
            *value = (f32::from(sample) / 255.0 - mean) / std;
        }
    });
    tensor
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CropBorder { fraction } => write!(f, "crop_border {fraction}"),
            Self::CropLungs { margin } => write!(f, "crop_lungs {margin}"),
            Self::Depth8 {} => f.write_str("depth8"),
            Self::Resize { width, height, filter: Filter::Bilinear } => write!(f, "resize {width}x{height} bilinear"),
            Self::Clahe { clip_limit, tiles_x, tiles_y } => write!(f, "clahe {clip_limit} {tiles_x}x{tiles_y}"),
            Self::Normalize { mean, std } => write!(f, "normalize {mean} {std}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_the_cut_half_up() {
        assert_eq!(cut(100, 0.06), 6);
        assert_eq!(cut(25, 0.06), 2, "1.5 is rounded up");
        assert_eq!(cut(8, 0.06), 0);
    }

    #[test]
    fn crops_all_four_sides() {
        let image = GrayImage::new(4, 3, Pixels::U8((0..12).collect())).unwrap();
        let cropped = crop_border(&image, 0.25).unwrap();
        assert_eq!((cropped.width(), cropped.height()), (2, 1));
        assert_eq!(cropped.pixels(), &Pixels::U8(vec![5, 6]));
        let sliver = GrayImage::new(2, 9, Pixels::U16(vec![0; 18])).unwrap();
        assert_eq!(crop_border(&sliver, 0.3), Err(RecipeError::TooSmall { width: 2, height: 9 }));
    }

    #[test]
    fn lung_edges_are_rounded_half_up() {
        let lungs = LungBox { left: 0.25, top: 0.0, right: 0.75, bottom: 1.0 };
        assert_eq!(lung_window(lungs, (10, 3)), Window { left: 3, top: 0, columns: 5, rows: 3 });
        let image = GrayImage::new(1, 1, Pixels::U8(vec![7])).unwrap();
        let nothing = lung_window(LungBox { left: 0.1, top: 0.1, right: 0.2, bottom: 0.2 }, (1, 1));
        assert_eq!(nothing.of(&image), Err(RecipeError::TooSmall { width: 1, height: 1 }));
    }

    #[test]
    fn normalises_in_single_precision() {
        assert_eq!(normalize(&[0, 255, 51], 0.5, 0.25), [-2.0, 2.0, (51.0_f32 / 255.0 - 0.5) / 0.25]);
    }
}
