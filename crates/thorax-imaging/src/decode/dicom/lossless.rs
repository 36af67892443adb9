//! Lossless JPEG (ISO 10918-1 process 14), of one component and 2 to 16 bits.

use crate::decode::jpeg::frame::Frame;
use crate::decode::{Container, DecodeError, Limits};
use jpeg_decoder::{Decoder, Error};

const RE_SEND: &str = "ask the sending system for an uncompressed or JPEG 2000 lossless image";

pub(super) fn decode(stream: &[u8], frame: &Frame, limits: &Limits) -> Result<Vec<u16>, DecodeError> {
    // The codec mixes up its predictors after a restart and with a point transform; nobody is known to write either.
    if frame.restarts {
        return Err(DecodeError::unsupported("lossless JPEG with restart intervals", RE_SEND));
    }
    if frame.point_transform != 0 {
        return Err(DecodeError::unsupported("lossless JPEG with a point transform", RE_SEND));
    }
    let pixels = limits.admit_pixels(u32::from(frame.width), u32::from(frame.height))?;
    // Differences at four bytes, samples at two, and three copies on the way out.
    limits.admit_memory(pixels as u64 * 12 + stream.len() as u64)?;
    let mut decoder = Decoder::new(stream);
    decoder.set_max_decoding_buffer_size(pixels * 2);
    let bytes = decoder.decode().map_err(|error| translate(&error))?;
    if bytes.len() == pixels {
        return Ok(bytes.into_iter().map(u16::from).collect());
    }
    let (pairs, _) = bytes.as_chunks::<2>();
    if pairs.len() != pixels {
        return Err(super::codec::SIZES_DIFFER);
    }
    Ok(pairs.iter().map(|pair| u16::from_ne_bytes(*pair)).collect())
}

fn translate(error: &Error) -> DecodeError {
    match error {
        Error::Io(io) if io.kind() == std::io::ErrorKind::UnexpectedEof => {
            DecodeError::Truncated { format: Container::Dicom }
        }
        Error::Unsupported(_) => DecodeError::unsupported("this kind of lossless JPEG", RE_SEND),
        _ => DecodeError::dicom("its lossless JPEG stream is invalid"),
    }
}
