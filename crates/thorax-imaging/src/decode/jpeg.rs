//! JPEG: baseline, extended and progressive, 8 bits a sample.
//! [`read`] is for files, [`luma`] and [`frame`] also serve the JPEG streams inside DICOM.

mod bits;
mod entropy;
pub(super) mod frame;
mod headers;
mod huffman;
mod idct;
mod picture;
mod plane;
mod progressive;
mod sequential;

use super::{Container, DecodeError, Facts, Film, Format, Limits, geometry, luma as grey};
use crate::{GrayImage, Pixels};
use bits::Bits;
use entropy::Entropy;
use frame::{Frame, Process};
use headers::Headers;
use image::metadata::Orientation;
use picture::Picture;
use plane::Plane;
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
    limits.admit_pixels(u32::from(frame.width), u32::from(frame.height))?;
    limits.admit_memory(memory(bytes, frame))?;
    if bytes.len() as u64 * 8 < fewest_bits(frame) {
        return Err(TRUNCATED);
    }
    let mut headers = Headers::new(*frame);
    let mut picture = None;
    let mut rest = &bytes[2..];
    while !rest.is_empty() {
        let (marker, segment, after) = frame::next_segment(rest)?;
        rest = after;
        match marker {
            0xDA => {
                let scan = headers.scan(segment)?;
                let (entropy, after) = Entropy::read(after)?;
                let mut begun = picture.map_or_else(|| Picture::new(&headers), Ok)?;
                begun.read(&headers, &scan, &entropy)?;
                rest = if begun.is_settled() { &[] } else { after };
                picture = Some(begun);
            }
            0xD9 => break,
            _ => headers.segment(marker, segment)?,
        }
    }
    let planes = picture.ok_or(TRUNCATED)?.finish(&headers)?;
    Ok(match <[Plane; 3]>::try_from(planes) {
        Ok(colours) => {
            let [red, green, blue] = colours.map(Plane::into_samples);
            let colours = red.iter().zip(green).zip(blue);
            colours.map(|((&red, green), blue)| grey::of(red, green, blue)).collect()
        }
        Err(planes) => planes.into_iter().next().map(Plane::into_samples).unwrap_or_default(),
    })
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

/// Estimate of the decoder's buffers: samples and grey levels, coefficients and their marks for progressive files, the
/// file and its entropy-coded data.
fn memory(bytes: &[u8], frame: &Frame) -> u64 {
    let pixels = u64::from(frame.width) * u64::from(frame.height);
    let planes = u64::from(frame.components);
    let coefficients = if frame.process == Process::Progressive { planes * 3 } else { 0 };
    pixels * (coefficients + planes + 1) + bytes.len() as u64 * 2
}

/// Any block of 8 by 8 costs a bit for its mean and, in a sequential file, one more for the end of its waves. A file with
/// fewer claims a picture that it does not hold.
fn fewest_bits(frame: &Frame) -> u64 {
    let blocks = u64::from(frame.width.div_ceil(8)) * u64::from(frame.height.div_ceil(8));
    if frame.process == Process::Sequential { blocks * 2 } else { blocks }
}

const TRUNCATED: DecodeError = DecodeError::Truncated { format: Container::Jpeg };
const IMPOSSIBLE: DecodeError =
    DecodeError::jpeg("its image data add up to impossible brightness, so a part is missing");

/// Refuses a stretch of entropy-coded data that was not read exactly to its end.
fn finish(bits: &Bits<'_>) -> Result<(), DecodeError> {
    if bits.exhausted() {
        return Err(TRUNCATED);
    }
    match bits.left_over() {
        // Some cameras leave a byte or a few zeros behind.
        [] | [_] => Ok(()),
        rest if rest.iter().all(|&byte| byte == 0) => Ok(()),
        _ => Err(DecodeError::jpeg("it holds more image data than its size needs, so a part was lost or mixed up")),
    }
}
