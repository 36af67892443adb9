//! What the data set says about its pixels, checked.

use super::dataset::{DataSet, tags};
use super::element::PIXEL_DATA;
use super::text;
use crate::decode::{DecodeError, Facts};

/// Layout of the stored values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    /// 8 or 16.
    pub allocated: u8,
    /// 1 to `allocated`.
    pub stored: u8,
    /// Position of the lowest stored bit.
    pub shift: u8,
    pub signed: bool,
}

impl Layout {
    /// Bits that belong to a value, at the bottom.
    pub(super) const fn mask(self) -> u16 {
        u16::MAX >> (16 - self.stored)
    }

    /// A stored value from its bits.
    pub(super) fn value(self, code: u16) -> i32 {
        let value = i32::from(code & self.mask());
        if self.signed && value >= 1 << (self.stored - 1) { value - (1 << self.stored) } else { value }
    }
}

/// The checked header of one grey frame.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Header {
    pub columns: u16,
    pub rows: u16,
    pub layout: Layout,
    /// Height of a pixel divided by its width.
    pub aspect: f64,
    /// Stored values, smallest and largest, that mark places outside the picture.
    pub padding: Option<(i32, i32)>,
    pub facts: Facts,
}

const RE_SEND: &str = "send a single grey radiograph (DX, CR or DICOM secondary capture)";

impl Header {
    pub(super) fn parse(data: &DataSet<'_>) -> Result<Self, DecodeError> {
        require_pixels(data)?;
        let inverted = grey_polarity(data)?;
        let rows = size(data.word(tags::ROWS))?;
        let columns = size(data.word(tags::COLUMNS))?;
        let layout = layout(data)?;
        let mut facts = Facts::plain(u32::from(columns), u32::from(rows), layout.stored);
        facts.inverted = inverted;
        let code = |tag| data.text(tag).and_then(text::code);
        facts.modality = code(tags::MODALITY);
        facts.body_part = code(tags::BODY_PART);
        facts.view_position = code(tags::VIEW_POSITION);
        facts.age_years = data.text(tags::PATIENT_AGE).and_then(text::years);
        Ok(Self { columns, rows, layout, aspect: aspect(data)?, padding: padding(data, layout), facts })
    }
}

fn require_pixels(data: &DataSet<'_>) -> Result<(), DecodeError> {
    if data.get(tags::FLOAT_PIXEL_DATA).is_some() || data.get(tags::DOUBLE_PIXEL_DATA).is_some() {
        return Err(DecodeError::unsupported("DICOM with floating point pixels", RE_SEND));
    }
    if data.get(PIXEL_DATA).is_none() {
        return if data.get(tags::ROWS).is_some() {
            Err(DecodeError::dicom("it has no pixel data, or empty ones"))
        } else {
            Err(DecodeError::unsupported(
                "a DICOM object without an image (a report, a presentation state or a document)",
                RE_SEND,
            ))
        };
    }
    if data.number(tags::NUMBER_OF_FRAMES)?.is_some_and(|frames| frames > 1.0) {
        return Err(DecodeError::unsupported("multi-frame DICOM", RE_SEND));
    }
    Ok(())
}

/// Whether the smallest value is white.
fn grey_polarity(data: &DataSet<'_>) -> Result<bool, DecodeError> {
    let missing = DecodeError::dicom("it does not say how its pixels are to be shown (photometric interpretation)");
    let inverted = match data.text(tags::PHOTOMETRIC).ok_or(missing)? {
        "MONOCHROME1" => true,
        "MONOCHROME2" => false,
        "RGB" | "PALETTE COLOR" | "HSV" | "ARGB" | "CMYK" => return Err(colour()),
        ybr if ybr.starts_with("YBR_") => return Err(colour()),
        _ => {
            return Err(DecodeError::unsupported("an unknown photometric interpretation in DICOM", RE_SEND));
        }
    };
    if data.word(tags::SAMPLES_PER_PIXEL).is_some_and(|samples| samples != 1) {
        return Err(colour());
    }
    // The shape repeats the polarity (PS3.3 C.8.11.3.1.2), so it never adds a second inversion. Where it contradicts,
    // one of the two is wrong and lungs would be read as their negative.
    if data.text(tags::PRESENTATION_SHAPE) == Some("INVERSE") && !inverted {
        return Err(DecodeError::dicom("it says both that black is the smallest and that it is the largest value"));
    }
    Ok(inverted)
}

fn colour() -> DecodeError {
    DecodeError::unsupported("colour DICOM", RE_SEND)
}

fn size(side: Option<u16>) -> Result<u16, DecodeError> {
    side.filter(|&side| side > 0).ok_or(DecodeError::dicom("its rows or columns are missing or 0"))
}

fn layout(data: &DataSet<'_>) -> Result<Layout, DecodeError> {
    let missing = DecodeError::dicom("its bits allocated or stored, or its pixel representation, are missing");
    let word = |tag| data.word(tag).ok_or(missing.clone());
    let allocated = match word(tags::BITS_ALLOCATED)? {
        8 => 8,
        16 => 16,
        1 | 12 | 24 | 32 | 64 => {
            return Err(DecodeError::unsupported("DICOM with other than 8 or 16 bits allocated", RE_SEND));
        }
        _ => return Err(DecodeError::dicom("its bits allocated are impossible")),
    };
    let stored = word(tags::BITS_STORED)?;
    if stored == 0 || stored > u16::from(allocated) {
        return Err(DecodeError::dicom("its bits stored do not fit its bits allocated"));
    }
    let high = data.word(tags::HIGH_BIT).unwrap_or(stored - 1);
    let shift = (high + u16::from(high < u16::MAX)).checked_sub(stored);
    let shift = shift
        .filter(|_| high < u16::from(allocated))
        .ok_or(DecodeError::dicom("its high bit does not fit its bits stored"))?;
    let signed = match word(tags::PIXEL_REPRESENTATION)? {
        0 => false,
        1 => true,
        _ => return Err(DecodeError::dicom("its pixel representation is neither signed nor unsigned")),
    };
    let narrow = |bits: u16| u8::try_from(bits).map_err(|_| missing.clone());
    Ok(Layout { allocated, stored: narrow(stored)?, shift: narrow(shift)?, signed })
}

/// Height of a pixel by its width, from the aspect ratio or else from the spacing between rows and columns.
fn aspect(data: &DataSet<'_>) -> Result<f64, DecodeError> {
    if let Some(ratio) = data.numbers(tags::PIXEL_ASPECT_RATIO)? {
        return match ratio[..] {
            [vertical, horizontal] if vertical > 0.0 && horizontal > 0.0 => Ok(vertical / horizontal),
            _ => Err(DecodeError::dicom("its pixel aspect ratio is not one of two positive numbers")),
        };
    }
    for tag in [tags::IMAGER_PIXEL_SPACING, tags::PIXEL_SPACING] {
        // Zeros stand for "not known" in many files.
        if let Some([rows, columns]) = data.numbers(tag)?.as_deref()
            && *rows > 0.0
            && *columns > 0.0
        {
            return Ok(rows / columns);
        }
    }
    Ok(1.0)
}

/// Values that mark padding (PS3.3 C.7.5.1.1.2): one, or a range with either end first.
fn padding(data: &DataSet<'_>, layout: Layout) -> Option<(i32, i32)> {
    let value =
        |tag| data.word(tag).map(|word| if layout.signed { i32::from(word.cast_signed()) } else { i32::from(word) });
    let one = value(tags::PADDING_VALUE)?;
    let other = value(tags::PADDING_LIMIT).unwrap_or(one);
    Some((one.min(other), one.max(other)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_follow_bits_and_sign() {
        let layout = |stored, signed| Layout { allocated: 16, stored, shift: 0, signed };
        for (stored, signed, code, value) in [
            (12, false, 0xFFFF, 4095),
            (12, true, 0x0FFF, -1),
            (12, true, 0xF800, -2048),
            (12, true, 0x07FF, 2047),
            (16, true, 0x8000, -32768),
            (16, false, 0x8000, 32768),
            (1, false, 3, 1),
        ] {
            assert_eq!(layout(stored, signed).value(code), value, "{stored} {signed} {code:x}");
        }
    }
}
