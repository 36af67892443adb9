//! JPEG: baseline, extended and progressive, 8 bits a sample.
//! [`read`] is for files, [`luma`] and [`frame`] also serve the JPEG streams inside DICOM.

pub(super) mod frame;

use super::{Container, DecodeError, Facts, Film, Format, Limits, geometry, luma as grey};
use crate::{GrayImage, Pixels};
use frame::{Frame, Process};
use image::metadata::Orientation;
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;

pub(super) const RE_EXPORT: &str = "export it as DICOM, PNG or 8-bit baseline JPEG";

pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Film, DecodeError> {
    let frame = frame::read(bytes)?;
    let samples = luma(bytes, &frame, limits)?;
    let (width, height) = (u32::from(frame.width), u32::from(frame.height));
    let turn = frame.orientation.unwrap_or(Orientation::NoTransforms);
    let (samples, turned_width, turned_height) = geometry::upright(samples, width, height, turn);
    let image = GrayImage::new(turned_width, turned_height, Pixels::U8(samples))
        .map_err(|_| DecodeError::jpeg("its size does not fit its samples"))?;
    let mut facts = Facts::plain(width, height, 8);
    facts.colour = frame.components > 1;
    Ok(Film { image, format: Format::Jpeg, facts })
}

/// Decodes an 8-bit lossy stream to grey. Of a `YCbCr` stream only the luma is transformed and none of it is converted.
pub(super) fn luma(bytes: &[u8], frame: &Frame, limits: &Limits) -> Result<Vec<u8>, DecodeError> {
    admit(frame)?;
    let pixels = limits.admit_pixels(u32::from(frame.width), u32::from(frame.height))?;
    limits.admit_memory(memory(bytes, frame))?;
    if bytes.len() as u64 * 8 < fewest_bits(frame) {
        return Err(TRUNCATED);
    }
    let options = DecoderOptions::default()
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX))
        // Without it, what is missing from a truncated file is painted grey and passes for lung.
        .set_strict_mode(true)
        .jpeg_set_out_colorspace(ColorSpace::Luma);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(|error| translate(&error))?;
    let info = decoder.info().ok_or(DecodeError::jpeg("it has no frame header"))?;
    if (info.width, info.height) != (frame.width, frame.height) {
        return Err(DecodeError::jpeg("it states two different sizes"));
    }
    match decoder.input_colorspace() {
        Some(ColorSpace::Luma | ColorSpace::YCbCr) => {
            let mut samples = vec![0; pixels];
            decoder.decode_into(&mut samples).map_err(|error| translate(&error))?;
            Ok(samples)
        }
        Some(ColorSpace::RGB) => {
            decoder.set_options(options.jpeg_set_out_colorspace(ColorSpace::RGB));
            let mut samples = vec![0; pixels * 3];
            decoder.decode_into(&mut samples).map_err(|error| translate(&error))?;
            let (colours, _) = samples.as_chunks::<3>();
            Ok(colours.iter().map(|&[red, green, blue]| grey::of(red, green, blue)).collect())
        }
        _ => Err(DecodeError::unsupported("JPEG in a colour space other than grey, YCbCr or RGB", RE_EXPORT)),
    }
}

/// Refuses by name what the codec cannot do or would do wrong.
fn admit(frame: &Frame) -> Result<(), DecodeError> {
    let refuse = |what: &str| Err(DecodeError::unsupported(what, RE_EXPORT));
    match frame.process {
        Process::Sequential | Process::Progressive => {}
        Process::Lossless => return refuse("lossless JPEG outside DICOM"),
        Process::JpegLs => return refuse("JPEG-LS"),
        Process::Arithmetic => return refuse("JPEG with arithmetic coding"),
        Process::Hierarchical => return refuse("hierarchical JPEG"),
    }
    match (frame.precision, frame.components) {
        (8, 1) => Ok(()),
        (8, 3) if frame.luma_is_full_size => Ok(()),
        (8, 3) => refuse("JPEG with reduced luma"),
        (8, 4) => refuse("CMYK JPEG"),
        (8, _) => Err(DecodeError::jpeg("its number of colour components is impossible")),
        (12, _) => refuse("12-bit lossy JPEG"),
        _ => Err(DecodeError::jpeg("its sample precision is impossible")),
    }
}

/// Estimate of the decoder's buffers: coefficients of every component for progressive files, colour output otherwise.
fn memory(bytes: &[u8], frame: &Frame) -> u64 {
    let pixels = u64::from(frame.width) * u64::from(frame.height);
    let coefficients = match frame.process {
        Process::Progressive => u64::from(frame.components) * 2,
        _ => 0,
    };
    pixels * (coefficients + 2 + u64::from(frame.components)) + bytes.len() as u64 * 2
}

/// Any block of 8 by 8 costs a bit for its mean and, in a sequential file, one more for the end of its waves. A file with
/// fewer claims a picture that it does not hold.
fn fewest_bits(frame: &Frame) -> u64 {
    let blocks = u64::from(frame.width.div_ceil(8)) * u64::from(frame.height.div_ceil(8));
    if frame.process == Process::Sequential { blocks * 2 } else { blocks }
}

const TRUNCATED: DecodeError = DecodeError::Truncated { format: Container::Jpeg };

fn translate(error: &DecodeErrors) -> DecodeError {
    let truncated = match error {
        DecodeErrors::ExhaustedData | DecodeErrors::IoErrors(_) => true,
        DecodeErrors::FormatStatic(text) => text.contains("Premature end"),
        _ => false,
    };
    if truncated {
        return TRUNCATED;
    }
    match error {
        DecodeErrors::Unsupported(_) => DecodeError::unsupported("this coding process of JPEG", RE_EXPORT),
        DecodeErrors::HuffmanDecode(_) => DecodeError::jpeg("its Huffman tables or codes are invalid"),
        DecodeErrors::DqtError(_) => DecodeError::jpeg("its quantisation tables are invalid"),
        DecodeErrors::SofError(_) => DecodeError::jpeg("its frame header is invalid"),
        DecodeErrors::SosError(_) => DecodeError::jpeg("a scan header is invalid"),
        _ => DecodeError::jpeg("its image data are invalid"),
    }
}
