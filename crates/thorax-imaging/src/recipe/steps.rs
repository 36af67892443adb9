//! The steps that have no module of their own, and each step's words.

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
    if columns == 0 || rows == 0 {
        return Err(RecipeError::TooSmall { width, height });
    }
    let window = Window { stride: width as usize, left: left as usize, top: top as usize, columns: columns as usize };
    let pixels = match image.pixels() {
        Pixels::U8(samples) => Pixels::U8(window.copy(samples, rows as usize)),
        Pixels::U16(samples) => Pixels::U16(window.copy(samples, rows as usize)),
    };
    Ok(GrayImage::new(columns, rows, pixels)?)
}

struct Window {
    stride: usize,
    left: usize,
    top: usize,
    columns: usize,
}

impl Window {
    fn copy<S: Copy>(&self, samples: &[S], rows: usize) -> Vec<S> {
        let mut copied = Vec::with_capacity(self.columns * rows);
        for row in samples.chunks_exact(self.stride).skip(self.top).take(rows) {
            copied.extend_from_slice(&row[self.left..][..self.columns]);
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
    fn normalises_in_single_precision() {
        assert_eq!(normalize(&[0, 255, 51], 0.5, 0.25), [-2.0, 2.0, (51.0_f32 / 255.0 - 0.5) / 0.25]);
    }
}
