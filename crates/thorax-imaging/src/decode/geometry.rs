//! Turning a picture upright and making its pixels square.

use super::{DecodeError, Limits};
use crate::{GrayImage, Pixels};
use fast_image_resize::images::Image;
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::metadata::Orientation;

/// Samples turned as an Exif orientation asks, with the new width and height.
pub(super) fn upright<T: Copy>(samples: Vec<T>, width: u32, height: u32, turn: Orientation) -> (Vec<T>, u32, u32) {
    let (w, h) = (width as usize, height as usize);
    let from = |turned: &dyn Fn(usize, usize) -> (usize, usize), columns: usize, rows: usize| {
        let mut out = Vec::with_capacity(samples.len());
        for y in 0..rows {
            out.extend((0..columns).map(|x| {
                let (column, row) = turned(x, y);
                samples[row * w + column]
            }));
        }
        out
    };
    match turn {
        Orientation::NoTransforms => (samples, width, height),
        Orientation::FlipHorizontal => (from(&|x, y| (w - 1 - x, y), w, h), width, height),
        Orientation::FlipVertical => (from(&|x, y| (x, h - 1 - y), w, h), width, height),
        Orientation::Rotate180 => (from(&|x, y| (w - 1 - x, h - 1 - y), w, h), width, height),
        Orientation::Rotate90 => (from(&|x, y| (y, h - 1 - x), h, w), height, width),
        Orientation::Rotate270 => (from(&|x, y| (w - 1 - y, x), h, w), height, width),
        Orientation::Rotate90FlipH => (from(&|x, y| (y, x), h, w), height, width),
        Orientation::Rotate270FlipH => (from(&|x, y| (w - 1 - y, h - 1 - x), h, w), height, width),
    }
}

/// Height of a pixel divided by its width, close enough to 1 to be left alone.
fn is_square(aspect: f64) -> bool {
    (aspect - 1.0).abs() < 0.005
}

/// The picture with square pixels: the coarser direction is enlarged, bilinear, so that nothing is lost.
/// The flag says whether anything was done.
pub(super) fn square(image: GrayImage, aspect: f64, limits: &Limits) -> Result<(GrayImage, bool), DecodeError> {
    if is_square(aspect) {
        return Ok((image, false));
    }
    if !(0.1..=10.0).contains(&aspect) {
        return Err(DecodeError::dicom("its pixel aspect ratio is beyond 1 to 10"));
    }
    let (width, height) = if aspect > 1.0 {
        (image.width(), stretched(image.height(), aspect))
    } else {
        (stretched(image.width(), aspect.recip()), image.height())
    };
    let pixels = limits.admit_pixels(width, height)?;
    limits.admit_memory(pixels as u64 * 8)?;
    let pixels = match image.pixels() {
        Pixels::U8(samples) => Pixels::U8(resample(&image, samples.clone(), PixelType::U8, (width, height))?),
        Pixels::U16(samples) => {
            let bytes = samples.iter().flat_map(|sample| sample.to_ne_bytes()).collect();
            let resized = resample(&image, bytes, PixelType::U16, (width, height))?;
            let (pairs, _) = resized.as_chunks::<2>();
            Pixels::U16(pairs.iter().map(|pair| u16::from_ne_bytes(*pair)).collect())
        }
    };
    let image = GrayImage::new(width, height, pixels).map_err(|_| UNSCALABLE)?;
    Ok((image, true))
}

const UNSCALABLE: DecodeError = DecodeError::dicom("its pixels cannot be made square");

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a side is at most 65535 and the factor at most 10, both positive"
)]
fn stretched(side: u32, factor: f64) -> u32 {
    (f64::from(side) * factor).round() as u32
}

fn resample(
    image: &GrayImage,
    bytes: Vec<u8>,
    kind: PixelType,
    (width, height): (u32, u32),
) -> Result<Vec<u8>, DecodeError> {
    let source = Image::from_vec_u8(image.width(), image.height(), bytes, kind).map_err(|_| UNSCALABLE)?;
    let mut target = Image::new(width, height, kind);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear));
    Resizer::new().resize(&source, &mut target, &options).map_err(|_| UNSCALABLE)?;
    Ok(target.into_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_as_the_eight_exif_orientations_ask() {
        // 1 2 3
        // 4 5 6
        let cases: [(u8, [u8; 6], u32); 8] = [
            (1, [1, 2, 3, 4, 5, 6], 3),
            (2, [3, 2, 1, 6, 5, 4], 3),
            (3, [6, 5, 4, 3, 2, 1], 3),
            (4, [4, 5, 6, 1, 2, 3], 3),
            (5, [1, 4, 2, 5, 3, 6], 2),
            (6, [4, 1, 5, 2, 6, 3], 2),
            (7, [6, 3, 5, 2, 4, 1], 2),
            (8, [3, 6, 2, 5, 1, 4], 2),
        ];
        for (exif, expected, width) in cases {
            let turn = Orientation::from_exif(exif).unwrap();
            let (samples, columns, rows) = upright(vec![1, 2, 3, 4, 5, 6], 3, 2, turn);
            assert_eq!((samples.as_slice(), columns, rows), (expected.as_slice(), width, 6 / width), "{exif}");
        }
    }

    #[test]
    fn enlarges_the_coarser_direction() {
        let image = || GrayImage::new(4, 2, Pixels::U16(vec![500; 8])).unwrap();
        for (aspect, size) in [(1.001, (4, 2)), (2.0, (4, 4)), (0.5, (8, 2))] {
            let (out, done) = square(image(), aspect, &Limits::default()).unwrap();
            assert_eq!((out.width(), out.height(), done), (size.0, size.1, size != (4, 2)));
            assert!(matches!(out.pixels(), Pixels::U16(samples) if samples.iter().all(|&s| s == 500)));
        }
        assert!(square(image(), 11.0, &Limits::default()).is_err());
        assert!(square(image(), f64::NAN, &Limits::default()).is_err());
    }
}
