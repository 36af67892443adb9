//! The attributes of a data set that a picture needs, and no others.

use super::element::{Element, Elements, Encoding, PIXEL_DATA, Tag};
use super::syntax::Syntax;
use super::text;
use crate::decode::{Container, DecodeError, Limits};
use flate2::read::DeflateDecoder;
use std::borrow::Cow;
use std::io::Read;

/// Attributes that are looked at. Of a patient that is the age and nothing else.
pub(super) mod tags {
    use super::Tag;
    pub const MODALITY: Tag = 0x0008_0060;
    pub const PATIENT_AGE: Tag = 0x0010_1010;
    pub const BODY_PART: Tag = 0x0018_0015;
    pub const IMAGER_PIXEL_SPACING: Tag = 0x0018_1164;
    pub const VIEW_POSITION: Tag = 0x0018_5101;
    pub const SAMPLES_PER_PIXEL: Tag = 0x0028_0002;
    pub const PHOTOMETRIC: Tag = 0x0028_0004;
    pub const NUMBER_OF_FRAMES: Tag = 0x0028_0008;
    pub const ROWS: Tag = 0x0028_0010;
    pub const COLUMNS: Tag = 0x0028_0011;
    pub const PIXEL_SPACING: Tag = 0x0028_0030;
    pub const PIXEL_ASPECT_RATIO: Tag = 0x0028_0034;
    pub const BITS_ALLOCATED: Tag = 0x0028_0100;
    pub const BITS_STORED: Tag = 0x0028_0101;
    pub const HIGH_BIT: Tag = 0x0028_0102;
    pub const PIXEL_REPRESENTATION: Tag = 0x0028_0103;
    pub const PADDING_VALUE: Tag = 0x0028_0120;
    pub const PADDING_LIMIT: Tag = 0x0028_0121;
    pub const WINDOW_CENTER: Tag = 0x0028_1050;
    pub const WINDOW_WIDTH: Tag = 0x0028_1051;
    pub const RESCALE_INTERCEPT: Tag = 0x0028_1052;
    pub const RESCALE_SLOPE: Tag = 0x0028_1053;
    pub const VOI_FUNCTION: Tag = 0x0028_1056;
    pub const MODALITY_LUT: Tag = 0x0028_3000;
    pub const LUT_DESCRIPTOR: Tag = 0x0028_3002;
    pub const LUT_DATA: Tag = 0x0028_3006;
    pub const VOI_LUT: Tag = 0x0028_3010;
    pub const PRESENTATION_SHAPE: Tag = 0x2050_0020;
    pub const FLOAT_PIXEL_DATA: Tag = 0x7FE0_0008;
    pub const DOUBLE_PIXEL_DATA: Tag = 0x7FE0_0009;

    pub(super) const WANTED: &[Tag] = &[
        MODALITY,
        PATIENT_AGE,
        BODY_PART,
        IMAGER_PIXEL_SPACING,
        VIEW_POSITION,
        SAMPLES_PER_PIXEL,
        PHOTOMETRIC,
        NUMBER_OF_FRAMES,
        ROWS,
        COLUMNS,
        PIXEL_SPACING,
        PIXEL_ASPECT_RATIO,
        BITS_ALLOCATED,
        BITS_STORED,
        HIGH_BIT,
        PIXEL_REPRESENTATION,
        PADDING_VALUE,
        PADDING_LIMIT,
        WINDOW_CENTER,
        WINDOW_WIDTH,
        RESCALE_INTERCEPT,
        RESCALE_SLOPE,
        VOI_FUNCTION,
        MODALITY_LUT,
        LUT_DESCRIPTOR,
        LUT_DATA,
        VOI_LUT,
        PRESENTATION_SHAPE,
        FLOAT_PIXEL_DATA,
        DOUBLE_PIXEL_DATA,
        super::PIXEL_DATA,
    ];
}

const META_GROUP: u32 = 0x0002;
const TRANSFER_SYNTAX: Tag = 0x0002_0010;
const TRUNCATED: DecodeError = DecodeError::Truncated { format: Container::Dicom };

/// A file without its preamble and meta information, inflated where it was deflated.
pub(super) struct Opened<'a> {
    bytes: Cow<'a, [u8]>,
    pub syntax: Syntax,
}

impl Opened<'_> {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

pub(super) fn has_preamble(bytes: &[u8]) -> bool {
    bytes.get(128..132) == Some(b"DICM".as_slice())
}

/// The encoding of a data set that begins at once, told by its first element: of group 0008, or of group 0002 for meta
/// information whose preamble was cut off.
pub(super) fn bare_encoding(bytes: &[u8]) -> Option<Encoding> {
    let (tag, rest) = bytes.split_first_chunk::<4>()?;
    let length = rest.first_chunk::<4>()?;
    let explicit = length[0].is_ascii_uppercase() && length[1].is_ascii_uppercase();
    let fits = u64::from(u32::from_le_bytes(*length)) < bytes.len() as u64;
    match tag {
        [0x02 | 0x08, 0, _, 0] if explicit => Some(Encoding::EXPLICIT_LITTLE),
        [0x08, 0, _, 0] if fits => Some(Encoding::IMPLICIT_LITTLE),
        [0, 0x08, 0, _] if explicit => Some(Encoding::EXPLICIT_BIG),
        _ => None,
    }
}

/// Finds the data set and its transfer syntax.
pub(super) fn open<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Opened<'a>, DecodeError> {
    let start = if has_preamble(bytes) {
        132
    } else if bytes.starts_with(b"DICM") {
        4
    } else {
        0
    };
    let bytes = &bytes[start..];
    let (uid, data) = meta(bytes)?;
    let Some(uid) = uid else {
        if data.len() < bytes.len() {
            return Err(DecodeError::dicom("its meta information names no transfer syntax"));
        }
        let encoding = bare_encoding(bytes).ok_or(DecodeError::dicom("its data set does not begin as one"))?;
        return Ok(Opened { bytes: data.into(), syntax: Syntax::bare(encoding) });
    };
    let syntax = Syntax::of(uid)?;
    let bytes = if syntax.deflated { inflate(data, limits)?.into() } else { data.into() };
    Ok(Opened { bytes, syntax })
}

/// The transfer syntax, if named, and what follows the meta information, which is explicit little endian always.
fn meta(bytes: &[u8]) -> Result<(Option<&str>, &[u8]), DecodeError> {
    let mut elements = Elements::new(bytes, Encoding::EXPLICIT_LITTLE);
    let mut uid = None;
    loop {
        let rest = elements.rest();
        let is_meta = rest.first_chunk::<2>().is_some_and(|group| u32::from(u16::from_le_bytes(*group)) == META_GROUP);
        if !is_meta {
            return Ok((uid, rest));
        }
        let element = elements.next().ok_or(TRUNCATED)??;
        if element.tag == TRANSFER_SYNTAX {
            uid = text::first(element.value).or(Some(""));
        }
    }
}

fn inflate(data: &[u8], limits: &Limits) -> Result<Vec<u8>, DecodeError> {
    // The largest picture allowed at two bytes a pixel, and as much again as any header needs.
    let limit = limits.pixels.saturating_mul(2).saturating_add(16 << 20).min(limits.memory);
    let mut inflated = Vec::new();
    DeflateDecoder::new(data).take(limit + 1).read_to_end(&mut inflated).map_err(|error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => TRUNCATED,
        _ => DecodeError::dicom("its deflated data set cannot be inflated"),
    })?;
    if inflated.len() as u64 > limit {
        return Err(DecodeError::TooMuchMemory { needed: inflated.len() as u64, limit });
    }
    Ok(inflated)
}

/// The wanted elements of a data set or an item.
pub(super) struct DataSet<'a> {
    elements: Vec<Element<'a>>,
}

impl<'a> DataSet<'a> {
    pub(super) fn read(bytes: &'a [u8], encoding: Encoding) -> Result<Self, DecodeError> {
        Self::collect(Elements::new(bytes, encoding))
    }

    fn collect(walk: Elements<'a>) -> Result<Self, DecodeError> {
        let mut elements: Vec<Element<'a>> = Vec::new();
        for element in walk {
            let element = element?;
            if !tags::WANTED.contains(&element.tag) {
                continue;
            }
            if elements.iter().any(|earlier| earlier.tag == element.tag) {
                return Err(DecodeError::dicom("an attribute occurs twice"));
            }
            elements.push(element);
            if element.tag == PIXEL_DATA {
                // What may follow is padding, signatures and whatever a writer appended.
                break;
            }
        }
        Ok(Self { elements })
    }

    /// The element, if it is there with a value.
    pub(super) fn get(&self, tag: Tag) -> Option<&Element<'a>> {
        self.elements.iter().find(|element| element.tag == tag && (element.open || !element.value.is_empty()))
    }

    /// The first item of a sequence, if it is there and has one.
    pub(super) fn item(&self, tag: Tag) -> Result<Option<Self>, DecodeError> {
        match self.get(tag) {
            Some(sequence) => sequence.first_item()?.map(Self::collect).transpose(),
            None => Ok(None),
        }
    }

    /// First value of an unsigned 16-bit attribute.
    pub(super) fn word(&self, tag: Tag) -> Option<u16> {
        self.words(tag)?.first().copied()
    }

    /// All values of an unsigned 16-bit attribute.
    pub(super) fn words(&self, tag: Tag) -> Option<Vec<u16>> {
        let element = self.get(tag)?;
        let (pairs, _) = element.value.as_chunks::<2>();
        Some(pairs.iter().map(|pair| element.encoding.word(*pair)).collect())
    }

    /// First value of a text attribute, without padding.
    pub(super) fn text(&self, tag: Tag) -> Option<&'a str> {
        text::first(self.get(tag)?.value)
    }

    /// First value of a decimal or integer string; refused when it is there and no number.
    pub(super) fn number(&self, tag: Tag) -> Result<Option<f64>, DecodeError> {
        Ok(self.numbers(tag)?.and_then(|numbers| numbers.first().copied()))
    }

    /// All values of a decimal or integer string.
    pub(super) fn numbers(&self, tag: Tag) -> Result<Option<Vec<f64>>, DecodeError> {
        let Some(element) = self.get(tag) else {
            return Ok(None);
        };
        text::numbers(element.value)
            .map(|numbers| (!numbers.is_empty()).then_some(numbers))
            .ok_or(DecodeError::dicom("an attribute that must be a number is none"))
    }
}
