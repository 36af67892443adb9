//! Stored values of every pixel, as bits: compression undone, byte order, high bit and bits stored applied.

use super::codec;
use super::dataset::DataSet;
use super::element::{Element, PIXEL_DATA};
use super::header::Header;
use super::syntax::{Storage, Syntax};
use crate::decode::{Container, DecodeError, Limits};

/// One code per pixel, in rows: the stored bits, which [`Layout::value`](super::header::Layout::value) turns into a
/// number.
pub(super) fn read(
    data: &DataSet<'_>,
    header: &Header,
    syntax: &Syntax,
    limits: &Limits,
) -> Result<Vec<u16>, DecodeError> {
    let element = data.get(PIXEL_DATA).ok_or(DecodeError::dicom("it has no pixel data"))?;
    let mut words = match syntax.storage {
        Storage::Native => native(element, header)?,
        _ => codec::decode(element, header, syntax, limits)?,
    };
    let (shift, mask) = (header.layout.shift, header.layout.mask());
    for word in &mut words {
        *word = (*word >> shift) & mask;
    }
    Ok(words)
}

fn native(element: &Element<'_>, header: &Header) -> Result<Vec<u16>, DecodeError> {
    if element.open {
        return Err(DecodeError::dicom("its pixel data are encapsulated although its transfer syntax is not"));
    }
    let pixels = usize::from(header.rows) * usize::from(header.columns);
    let size = pixels * usize::from(header.layout.allocated / 8);
    if element.value.len() >= size.saturating_mul(2).max(size + 2) && element.value.len() % size < 2 {
        return Err(DecodeError::dicom("its pixel data are several times as large as its rows and columns"));
    }
    let bytes = element.value.get(..size).ok_or(DecodeError::Truncated { format: Container::Dicom })?;
    if header.layout.allocated == 16 {
        let (pairs, _) = bytes.as_chunks::<2>();
        return Ok(pairs.iter().map(|pair| element.encoding.word(*pair)).collect());
    }
    // Bytes that were written as big endian words are swapped in pairs (PS3.5 section 8.1.1); the last of an odd number
    // has its partner in the padding.
    if element.encoding.is_big() && element.vr == Some(*b"OW") {
        let swapped = |index: usize| element.value.get(index ^ 1).copied().unwrap_or(0);
        return Ok((0..pixels).map(|index| u16::from(swapped(index))).collect());
    }
    Ok(bytes.iter().map(|&byte| u16::from(byte)).collect())
}
