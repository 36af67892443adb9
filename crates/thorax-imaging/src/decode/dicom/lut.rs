//! A look-up table of the file: descriptor and data (PS3.3 C.11.1.1, C.11.2.1.1).

use super::dataset::{DataSet, tags};
use crate::decode::DecodeError;

/// A table over consecutive input values; values outside take the nearest end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lut {
    first: i32,
    entries: Vec<u16>,
    bits: u8,
}

const DAMAGED: DecodeError = DecodeError::dicom("a look-up table does not match its descriptor");

impl Lut {
    /// Reads a table from its sequence item. `signed` says whether input values may be negative.
    pub(super) fn parse(item: &DataSet<'_>, signed: bool) -> Result<Self, DecodeError> {
        let (Some(descriptor), Some(data)) = (item.words(tags::LUT_DESCRIPTOR), item.get(tags::LUT_DATA)) else {
            return Err(DecodeError::dicom("a look-up table has no descriptor or no data"));
        };
        let [count, first, bits] = descriptor[..] else {
            return Err(DAMAGED);
        };
        // Says SS or US where the encoding is explicit; the values themselves look alike.
        let signed = match item.get(tags::LUT_DESCRIPTOR).and_then(|element| element.vr) {
            Some([b'S', b'S']) => true,
            Some([b'U', b'S']) => false,
            _ => signed,
        };
        let first = if signed { i32::from(first.cast_signed()) } else { i32::from(first) };
        let bits = u8::try_from(bits).ok().filter(|bits| (8..=16).contains(bits)).ok_or(DAMAGED)?;
        let count = if count == 0 { 1 << 16 } else { usize::from(count) };
        let entries: Vec<u16> = if bits == 8 && data.value.len() <= count + 1 {
            data.value.iter().take(count).map(|&byte| u16::from(byte)).collect()
        } else {
            let (pairs, _) = data.value.as_chunks::<2>();
            pairs.iter().take(count).map(|pair| data.encoding.word(*pair)).collect()
        };
        if entries.len() != count {
            return Err(DAMAGED);
        }
        Ok(Self { first, entries, bits })
    }

    /// The entry for an input value.
    pub(super) fn look_up(&self, value: f64) -> f64 {
        let last = self.entries.len() - 1;
        f64::from(self.entries[position(value - f64::from(self.first), last)])
    }

    /// The output that means white: the largest of the stated bits, or of as many as the entries really need where a
    /// writer stated too few.
    pub(super) fn white(&self) -> f64 {
        let stated = u16::MAX >> (16 - self.bits);
        let largest = self.entries.iter().fold(0, |all, entry| all | entry);
        let needed = u16::MAX.checked_shr(largest.leading_zeros()).unwrap_or(0);
        f64::from(stated.max(needed))
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to 0..=last first; a NaN becomes 0"
)]
fn position(offset: f64, last: usize) -> usize {
    (offset.round().max(0.0) as usize).min(last)
}
