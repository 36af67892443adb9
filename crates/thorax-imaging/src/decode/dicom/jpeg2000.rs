//! JPEG 2000 (ISO 15444-1), one component, up to 16 bits.
//! The codec is written without unsafe code, which matters more here than speed: these streams come from outside.

use super::codec::SIZES_DIFFER;
use super::header::Header;
use crate::decode::{Container, DecodeError, Limits};
use hayro_jpeg2000::error::FormatError;
use hayro_jpeg2000::{DecodeError as CodecError, DecodeSettings, DecoderContext, Image};

const RE_SEND: &str = "ask the sending system for an uncompressed or JPEG 2000 lossless image";
const TRUNCATED: DecodeError = DecodeError::Truncated { format: Container::Dicom };

/// Samples as two's complement of the bits allocated.
pub(super) fn decode(stream: &[u8], header: &Header, limits: &Limits) -> Result<Vec<u16>, DecodeError> {
    let stream = codestream(stream)?;
    let size = Size::read(stream)?;
    if (size.width, size.height) != (u32::from(header.columns), u32::from(header.rows)) {
        return Err(SIZES_DIFFER);
    }
    if size.precision > header.layout.allocated {
        return Err(DecodeError::dicom("its compressed image has more bits than its header allocates"));
    }
    let pixels = limits.admit_pixels(size.width, size.height)?;
    // Coefficients, wavelet output and samples at four bytes each, code blocks, and the result.
    limits.admit_memory(pixels as u64 * 20 + stream.len() as u64 + u64::from(size.tiles) * 512)?;
    let settings = DecodeSettings {
        resolve_palette_indices: false,
        // Otherwise what is missing from a truncated file comes out blurred and passes for lung.
        strict: true,
        target_resolution: None,
    };
    let image = Image::new(stream, &settings).map_err(|error| translate(&error))?;
    let mut context = DecoderContext::default();
    let decoded = image.decode(&mut context).map_err(|error| translate(&error))?;
    let [component] = decoded.components() else {
        return Err(DecodeError::dicom("its JPEG 2000 stream has not one component"));
    };
    let samples = component.samples();
    if samples.len() != pixels {
        return Err(SIZES_DIFFER);
    }
    Ok(samples.iter().map(|&sample| size.code(sample)).collect())
}

/// The codestream itself: some writers wrap it in a JP2 file although the standard says not to.
fn codestream(stream: &[u8]) -> Result<&[u8], DecodeError> {
    if !stream.starts_with(b"\0\0\0\x0cjP  ") {
        return Ok(stream);
    }
    let mut rest = stream;
    loop {
        let (&[a, b, c, d, kind @ ..], body) = rest.split_first_chunk::<8>().ok_or(TRUNCATED)?;
        if &kind == b"jp2c" {
            return Ok(body);
        }
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        rest =
            rest.get(length..).filter(|_| length >= 8).ok_or(DecodeError::dicom("its JPEG 2000 boxes do not fit"))?;
    }
}

/// What the SIZ segment says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Size {
    width: u32,
    height: u32,
    tiles: u32,
    precision: u8,
    signed: bool,
}

impl Size {
    fn read(stream: &[u8]) -> Result<Self, DecodeError> {
        let body = stream
            .strip_prefix(b"\xff\x4f\xff\x51")
            .ok_or(DecodeError::dicom("its JPEG 2000 stream does not begin as one"))?;
        let head = body.first_chunk::<41>().ok_or(TRUNCATED)?;
        let long = |at: usize| u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let short = |at: usize| u16::from_be_bytes([head[at], head[at + 1]]);
        // Bit 14 of the capabilities marks the high-throughput block coder.
        if short(2) & 0x4000 != 0 {
            return Err(DecodeError::unsupported("High-Throughput JPEG 2000", RE_SEND));
        }
        if short(36) != 1 {
            return Err(DecodeError::unsupported("colour JPEG 2000 in grey DICOM", RE_SEND));
        }
        let [depth, dx, dy] = [head[38], head[39], head[40]];
        let precision = (depth & 0x7F) + 1;
        if precision > 16 || (dx, dy) != (1, 1) {
            return Err(DecodeError::unsupported("JPEG 2000 of more than 16 bits, or subsampled", RE_SEND));
        }
        let impossible = DecodeError::dicom("the sizes in its JPEG 2000 stream are impossible");
        let span = |end: usize, start: usize| {
            long(end).checked_sub(long(start)).filter(|&span| span > 0).ok_or(impossible.clone())
        };
        let (width, height) = (span(4, 12)?, span(8, 16)?);
        if long(20) == 0 || long(24) == 0 {
            return Err(impossible);
        }
        let (across, down) = (span(4, 28)?.div_ceil(long(20)), span(8, 32)?.div_ceil(long(24)));
        let tiles = across.checked_mul(down).filter(|&tiles| u16::try_from(tiles).is_ok()).ok_or(impossible)?;
        Ok(Self { width, height, tiles, precision, signed: depth & 0x80 != 0 })
    }

    /// The two's complement bits of a sample. The codec shifts signed components up as it does unsigned ones; lossy
    /// coding may overshoot the range a little.
    fn code(&self, sample: f32) -> u16 {
        let highest = f32::from(u16::MAX >> (16 - self.precision));
        let level = nearest(sample.clamp(0.0, highest));
        if self.signed { level.wrapping_sub(1 << (self.precision - 1)) } else { level }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=65535; a NaN becomes 0")]
fn nearest(level: f32) -> u16 {
    level.round() as u16
}

fn translate(error: &CodecError) -> DecodeError {
    match error {
        CodecError::Format(FormatError::MissingCodestream) => TRUNCATED,
        _ => DecodeError::dicom("its JPEG 2000 stream is invalid or incomplete"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn siz(width: u32, height: u32, tile: u32, depth: u8) -> Vec<u8> {
        let mut bytes = b"\xff\x4f\xff\x51\0\x29\0\0".to_vec();
        for value in [width, height, 0, 0, tile, tile, 0, 0] {
            bytes.extend(value.to_be_bytes());
        }
        bytes.extend([0, 1, depth, 1, 1]);
        bytes
    }

    #[test]
    fn reads_the_size_segment() {
        let size = Size::read(&siz(30, 20, 10, 0x8B)).unwrap();
        let expected = Size { width: 30, height: 20, tiles: 6, precision: 12, signed: true };
        assert_eq!(size, expected);
        assert_eq!([0.0, 2048.2, 5000.0].map(|s| size.code(s)), [0xF800, 0, 0x07FF]);
    }

    #[test]
    fn refuses_sizes_that_cannot_be() {
        for bad in [
            siz(0, 20, 10, 7),
            siz(30, 20, 0, 7),
            siz(60_000, 60_000, 1, 7),
            siz(30, 20, 10, 16),
            siz(30, 20, 10, 7)[..20].to_vec(),
        ] {
            assert!(Size::read(&bad).is_err());
        }
    }
}
