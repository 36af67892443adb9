//! Resampling, bit for bit as Pillow does it in 8 bits.
//! What lives here: [`resize`] and its filters. What never does: a faster approximation; the networks saw Pillow's pixels
//! when they were trained. Start reading at [`resize`].

mod passes;
mod taps;

use crate::{GrayImage, Pixels, ShapeError};
use serde::{Deserialize, Serialize};

/// How a new pixel is weighed together from the old ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Filter {
    /// A triangle as wide as two new pixels (antialiased when the image shrinks): Pillow's `BILINEAR`.
    Bilinear,
}

/// The image at `width` × `height`; its sides' ratio is not kept.
///
/// 8 bits: equal to Pillow 13's `Image.resize((width, height), BILINEAR)` of an `L` image in every pixel. 16 bits: equal to
/// that of an `F` image, rounded half to even.
///
/// ```
/// use thorax_imaging::{GrayImage, Pixels, resize::{Filter, resize}};
/// let film = GrayImage::new(4, 2, Pixels::U8(vec![0, 0, 100, 100, 0, 0, 100, 100]))?;
/// let small = resize(&film, 2, 1, Filter::Bilinear)?;
/// assert_eq!(small.pixels(), &Pixels::U8(vec![14, 86]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`ShapeError`] when `width` or `height` is zero.
pub fn resize(image: &GrayImage, width: u32, height: u32, filter: Filter) -> Result<GrayImage, ShapeError> {
    if width == 0 || height == 0 {
        return Err(ShapeError { width, height, samples: 0 });
    }
    let Filter::Bilinear = filter;
    let from = (image.width() as usize, image.height() as usize);
    let to = (width as usize, height as usize);
    let pixels = match image.pixels() {
        Pixels::U8(samples) => Pixels::U8(passes::resize_8(samples, from, to)),
        Pixels::U16(samples) => Pixels::U16(passes::resize_16(samples, from, to)),
    };
    GrayImage::new(width, height, pixels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_size_is_the_same_image() {
        let image = GrayImage::new(3, 2, Pixels::U8(vec![9, 200, 3, 4, 255, 0])).unwrap();
        assert_eq!(resize(&image, 3, 2, Filter::Bilinear).unwrap(), image);
        let image = GrayImage::new(2, 2, Pixels::U16(vec![9, 65_535, 3, 400])).unwrap();
        assert_eq!(resize(&image, 2, 2, Filter::Bilinear).unwrap(), image);
    }

    #[test]
    fn a_flat_image_stays_flat() {
        let image = GrayImage::new(37, 5, Pixels::U8(vec![77; 185])).unwrap();
        for (width, height) in [(1, 1), (5, 90), (224, 224)] {
            let resized = resize(&image, width, height, Filter::Bilinear).unwrap();
            assert_eq!(resized.pixels(), &Pixels::U8(vec![77; (width * height) as usize]));
        }
    }

    #[test]
    fn refuses_an_empty_result() {
        let image = GrayImage::new(2, 2, Pixels::U8(vec![0; 4])).unwrap();
        assert!(resize(&image, 0, 2, Filter::Bilinear).is_err());
    }
}
