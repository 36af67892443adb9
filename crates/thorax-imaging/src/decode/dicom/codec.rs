//! Compressed pixel data, each kind checked against the header before its codec runs.

use super::element::Element;
use super::header::Header;
use super::syntax::{Storage, Syntax};
use super::{fragments, jpeg2000, lossless, rle};
use crate::decode::jpeg::frame::{self, Process};
use crate::decode::{Container, DecodeError, Limits, jpeg};

const RE_SEND: &str = "ask the sending system for an uncompressed or JPEG 2000 lossless image";

/// Sizes of the stream and of the header differ.
pub(super) const SIZES_DIFFER: DecodeError =
    DecodeError::dicom("its compressed image has another size than its header says");

/// Samples as they lay in the bits allocated.
pub(super) fn decode(
    element: &Element<'_>,
    header: &Header,
    syntax: &Syntax,
    limits: &Limits,
) -> Result<Vec<u16>, DecodeError> {
    let stream = fragments::frame(element)?;
    let pixels = usize::from(header.rows) * usize::from(header.columns);
    match syntax.storage {
        Storage::Jpeg => jpeg_stream(&stream, header, limits).map_err(in_dicom),
        Storage::Jpeg2000 => jpeg2000::decode(&stream, header, limits),
        Storage::Rle if header.layout.allocated == 8 => {
            let bytes = rle::decode(&stream, pixels, 1)?;
            Ok(bytes.into_iter().map(u16::from).collect())
        }
        Storage::Rle | Storage::Native => {
            let bytes = rle::decode(&stream, pixels, 2)?;
            let (pairs, _) = bytes.as_chunks::<2>();
            Ok(pairs.iter().map(|pair| u16::from_le_bytes(*pair)).collect())
        }
    }
}

/// The stream's own headers decide between lossy and lossless, since writers mix up the transfer syntaxes.
fn jpeg_stream(stream: &[u8], header: &Header, limits: &Limits) -> Result<Vec<u16>, DecodeError> {
    let frame = frame::read(stream)?;
    if (frame.width, frame.height) != (header.columns, header.rows) {
        return Err(SIZES_DIFFER);
    }
    if frame.components != 1 {
        return Err(DecodeError::unsupported("colour JPEG in grey DICOM", RE_SEND));
    }
    if frame.precision > header.layout.allocated {
        return Err(DecodeError::dicom("its compressed image has more bits than its header allocates"));
    }
    match frame.process {
        Process::Lossless => lossless::decode(stream, &frame, limits),
        Process::Sequential if frame.precision == 12 => {
            Err(DecodeError::unsupported("12-bit lossy JPEG (1.2.840.10008.1.2.4.51)", RE_SEND))
        }
        _ => Ok(jpeg::luma(stream, &frame, limits)?.into_iter().map(u16::from).collect()),
    }
}

/// What goes wrong in a stream inside DICOM went wrong in a DICOM file.
fn in_dicom(error: DecodeError) -> DecodeError {
    match error {
        DecodeError::Truncated { .. } => DecodeError::Truncated { format: Container::Dicom },
        DecodeError::Corrupt { reason, .. } => DecodeError::dicom(reason),
        DecodeError::Unsupported { what, .. } => DecodeError::unsupported(what, RE_SEND),
        other => other,
    }
}
