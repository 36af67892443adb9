//! Writing pictures: PNG, JPEG, heat map overlays.
//! What lives here: bytes for a browser or a file, and the heat map's colours. What never does: files, and any judgement of
//! what a picture shows. Start reading at [`overlay()`].

mod colour;
mod layer;
mod overlay;

pub use colour::heat_colour;
pub use layer::layer;
pub use overlay::overlay;

use crate::recipe::depth8;
use crate::{GrayImage, Pixels, ShapeError};
use image::codecs::{jpeg::JpegEncoder, png::PngEncoder};
use image::{ExtendedColorType, ImageEncoder};

/// Why a picture was not written.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// The format cannot hold it: a JPEG's side ends at 65535.
    #[error("the picture could not be encoded: {0}")]
    Format(#[from] image::ImageError),
    /// The opacity of an overlay is a part of 1.
    #[error("opacity {0} is not within 0 to 1")]
    Opacity(f32),
    /// The picture came out empty.
    #[error(transparent)]
    Shape(#[from] ShapeError),
}

/// A PNG of the image, without loss, in its own 8 or 16 bits.
///
/// # Errors
/// [`EncodeError::Format`] when the image is too large for the format.
pub fn png(image: &GrayImage) -> Result<Vec<u8>, EncodeError> {
    let mut bytes = Vec::new();
    let encoder = PngEncoder::new(&mut bytes);
    match image.pixels() {
        Pixels::U8(samples) => encoder.write_image(samples, image.width(), image.height(), ExtendedColorType::L8)?,
        Pixels::U16(samples) => {
            // The encoder takes 16-bit samples in this machine's byte order and turns them itself.
            let native: Vec<u8> = samples.iter().flat_map(|sample| sample.to_ne_bytes()).collect();
            encoder.write_image(&native, image.width(), image.height(), ExtendedColorType::L16)?;
        }
    }
    Ok(bytes)
}

/// A JPEG of the image at 8 bits; `quality` from 1 to 100.
///
/// # Errors
/// [`EncodeError::Format`] when a side is longer than 65535.
pub fn jpeg(image: &GrayImage, quality: u8) -> Result<Vec<u8>, EncodeError> {
    let image = depth8(image);
    let mut bytes = Vec::new();
    if let Pixels::U8(samples) = image.pixels() {
        let encoder = JpegEncoder::new_with_quality(&mut bytes, quality);
        encoder.write_image(samples, image.width(), image.height(), ExtendedColorType::L8)?;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn png_keeps_every_sample() {
        let eight = GrayImage::new(3, 2, Pixels::U8(vec![0, 1, 2, 100, 254, 255])).unwrap();
        let read = image::load_from_memory(&png(&eight).unwrap()).unwrap();
        assert_eq!(Pixels::U8(read.into_luma8().into_raw()), *eight.pixels());
        let sixteen = GrayImage::new(3, 2, Pixels::U16(vec![0, 1, 2, 0x0102, 65_534, 65_535])).unwrap();
        let read = image::load_from_memory(&png(&sixteen).unwrap()).unwrap();
        assert_eq!(Pixels::U16(read.as_luma16().unwrap().as_raw().clone()), *sixteen.pixels());
    }

    #[test]
    fn jpeg_stays_close() {
        let film = GrayImage::new(32, 32, Pixels::U16((0..1024).map(|i| i * 60).collect())).unwrap();
        let read = image::load_from_memory(&jpeg(&film, 95).unwrap()).unwrap().into_luma8();
        let Pixels::U8(samples) = depth8(&film).into_owned().into_pixels() else { panic!("8 bits") };
        assert!(read.into_raw().iter().zip(samples).all(|(a, b)| a.abs_diff(b) < 12));
    }

    #[test]
    fn jpeg_says_when_a_side_is_too_long() {
        let strip = GrayImage::new(70_000, 1, Pixels::U8(vec![0; 70_000])).unwrap();
        assert!(matches!(jpeg(&strip, 90), Err(EncodeError::Format(_))));
    }
}
