//! PNG of every colour type and depth, interlaced or not; of an animation, the picture that a still viewer shows.

use super::{Container, DecodeError, Facts, Film, Format, Limits, geometry, luma};
use crate::{GrayImage, Pixels};
use image::metadata::Orientation;
use png::{BitDepth, ColorType, Decoder, DecodingError, Transformations};
use std::io::Cursor;

pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Film, DecodeError> {
    let mut decoder = Decoder::new(Cursor::new(bytes));
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    // Palettes, 1, 2 and 4 bits become 8 bits, a transparent colour becomes an alpha channel; 16 bits stay.
    decoder.set_transformations(Transformations::EXPAND);
    let info = decoder.read_header_info().map_err(|error| translate(&error))?;
    let (width, height) = info.size();
    let depth = info.bit_depth as u8;
    let pixels = limits.admit_pixels(width, height)?;
    // Samples as expanded (at most four of 16 bits), the grey result, and the inflated rows under way.
    let samples_per_pixel = if info.color_type == ColorType::Grayscale { 2 } else { 4 };
    limits.admit_memory(pixels as u64 * (samples_per_pixel + 1) * u64::from(depth.div_ceil(8)) + bytes.len() as u64)?;
    decoder.set_limits(png::Limits { bytes: usize::try_from(limits.memory).unwrap_or(usize::MAX) });
    let mut reader = decoder.read_info().map_err(|error| translate(&error))?;
    let colour = reader.info().color_type;
    let turn = reader
        .info()
        .exif_metadata
        .as_ref()
        .and_then(|exif| Orientation::from_exif_chunk(exif))
        .unwrap_or(Orientation::NoTransforms);
    let size = reader.output_buffer_size().ok_or(DecodeError::png("its size cannot be"))?;
    let mut samples = vec![0; size];
    let output = reader.next_frame(&mut samples).map_err(|error| translate(&error))?;
    samples.truncate(output.buffer_size());
    let image = if output.bit_depth == BitDepth::Sixteen {
        let (pairs, _) = samples.as_chunks::<2>();
        let samples = pairs.iter().map(|pair| u16::from_be_bytes(*pair)).collect();
        let (samples, width, height) = geometry::upright(grey(samples, output.color_type), width, height, turn);
        GrayImage::new(width, height, Pixels::U16(samples))
    } else {
        let (samples, width, height) = geometry::upright(grey(samples, output.color_type), width, height, turn);
        GrayImage::new(width, height, Pixels::U8(samples))
    };
    let mut facts = Facts::plain(width, height, depth);
    facts.colour = !matches!(colour, ColorType::Grayscale | ColorType::GrayscaleAlpha);
    Ok(Film {
        image: image.map_err(|_| DecodeError::png("its size does not fit its samples"))?,
        format: Format::Png,
        facts,
    })
}

fn grey<T: luma::Level>(samples: Vec<T>, colour: ColorType) -> Vec<T> {
    match colour {
        // An index cannot come out of `EXPAND`.
        ColorType::Grayscale | ColorType::Indexed => samples,
        ColorType::GrayscaleAlpha => {
            let (pixels, _) = samples.as_chunks::<2>();
            pixels.iter().map(|&[level, opacity]| luma::on_black(level, opacity)).collect()
        }
        ColorType::Rgb => {
            let (pixels, _) = samples.as_chunks::<3>();
            pixels.iter().map(|&[red, green, blue]| luma::of(red, green, blue)).collect()
        }
        ColorType::Rgba => {
            let (pixels, _) = samples.as_chunks::<4>();
            pixels
                .iter()
                .map(|&[red, green, blue, opacity]| luma::on_black(luma::of(red, green, blue), opacity))
                .collect()
        }
    }
}

fn translate(error: &DecodingError) -> DecodeError {
    match error {
        DecodingError::IoError(io) if io.kind() == std::io::ErrorKind::UnexpectedEof => {
            DecodeError::Truncated { format: Container::Png }
        }
        DecodingError::LimitsExceeded => DecodeError::png("a chunk is larger than any image needs"),
        _ => DecodeError::png("its chunks or image data are invalid"),
    }
}
