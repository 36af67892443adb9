//! From stored bits to grey levels. A stored value has at most 65536 states, so the whole chain is worked out once for
//! each, in double precision and in the standard's order, and the picture is one look-up per pixel.

use super::dataset::DataSet;
use super::header::Header;
use super::modality::Modality;
use super::voi::Voi;
use crate::decode::{Contrast, DecodeError};
use crate::{GrayImage, Pixels};

/// The transformations that the file asks for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Display {
    modality: Modality,
    voi: Option<Voi>,
    /// Whether stored values are display values already: 8 bits or fewer and no transformation of either kind, as in a
    /// secondary capture. Such a file comes out as the same picture in PNG would.
    as_stored: bool,
}

impl Display {
    pub(super) fn parse(data: &DataSet<'_>, header: &Header) -> Result<Self, DecodeError> {
        let modality = Modality::parse(data, header.layout)?;
        let voi = Voi::parse(data, modality.is_signed(header.layout))?;
        let layout = header.layout;
        let as_stored = layout.stored <= 8 && !layout.signed && voi.is_none() && modality == Modality::Identity;
        Ok(Self { modality, voi, as_stored })
    }

    pub(super) fn contrast(&self) -> Contrast {
        match &self.voi {
            Some(voi) => voi.contrast(),
            None if self.as_stored => Contrast::AsStored,
            None => Contrast::FullRange,
        }
    }

    /// The picture: 16 bits when more than 8 are stored, else 8. Padding is black whatever the polarity.
    pub(super) fn render(&self, header: &Header, codes: &[u16]) -> Result<GrayImage, DecodeError> {
        let range = match (&self.voi, self.as_stored) {
            (Some(_), _) => (0.0, 1.0),
            (None, true) => (0.0, f64::from(header.layout.mask())),
            (None, false) => self.range(header, codes),
        };
        let level = |code: u16| self.brightness(header, code, range);
        let pixels = if header.layout.stored > 8 {
            let table: Vec<u16> = (0..=header.layout.mask()).map(|code| wide(level(code))).collect();
            Pixels::U16(codes.iter().map(|&code| table[usize::from(code)]).collect())
        } else {
            let table: Vec<u8> = (0..=header.layout.mask()).map(|code| narrow(level(code))).collect();
            Pixels::U8(codes.iter().map(|&code| table[usize::from(code)]).collect())
        };
        GrayImage::new(u32::from(header.columns), u32::from(header.rows), pixels)
            .map_err(|_| DecodeError::dicom("its size does not fit its samples"))
    }

    /// Brightness, 0 to 1, of one stored value: modality, VOI, inversion.
    fn brightness(&self, header: &Header, code: u16, (low, high): (f64, f64)) -> f64 {
        let stored = header.layout.value(code);
        if is_padding(header, stored) {
            return 0.0;
        }
        let value = self.modality.apply(stored);
        let shown = match &self.voi {
            Some(voi) => voi.apply(value),
            None if high > low => ((value - low) / (high - low)).clamp(0.0, 1.0),
            // A picture of one value shows nothing, whatever its polarity.
            None => return 0.0,
        };
        if header.facts.inverted { 1.0 - shown } else { shown }
    }

    /// Smallest and largest modality value that occurs outside the padding.
    fn range(&self, header: &Header, codes: &[u16]) -> (f64, f64) {
        let mut occurs = vec![false; usize::from(header.layout.mask()) + 1];
        for &code in codes {
            occurs[usize::from(code)] = true;
        }
        (0..=header.layout.mask())
            .filter(|&code| occurs[usize::from(code)])
            .map(|code| header.layout.value(code))
            .filter(|&stored| !is_padding(header, stored))
            .map(|stored| self.modality.apply(stored))
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
    }
}

fn is_padding(header: &Header, stored: i32) -> bool {
    header.padding.is_some_and(|(low, high)| (low..=high).contains(&stored))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "brightness is 0 to 1; a NaN becomes 0")]
fn wide(brightness: f64) -> u16 {
    (brightness * 65_535.0).round() as u16
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "brightness is 0 to 1; a NaN becomes 0")]
fn narrow(brightness: f64) -> u8 {
    (brightness * 255.0).round() as u8
}
