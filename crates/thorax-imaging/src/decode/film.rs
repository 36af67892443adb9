//! What came out of a file.

use crate::GrayImage;

/// A radiograph as read: the picture and what the file says about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Film {
    /// The picture, upright, with square pixels, 0 black.
    pub image: GrayImage,
    /// The kind of file.
    pub format: Format,
    /// What the file says, without anything that identifies a person.
    pub facts: Facts,
}

/// The kind of file a picture came from.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase", tag = "container")]
pub enum Format {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// DICOM.
    Dicom {
        /// Name of the transfer syntax, as "JPEG 2000 lossless".
        transfer_syntax: &'static str,
    },
}

impl std::fmt::Display for Format {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Jpeg => formatter.write_str("JPEG"),
            Self::Png => formatter.write_str("PNG"),
            Self::Dicom { transfer_syntax } => write!(formatter, "DICOM ({transfer_syntax})"),
        }
    }
}

/// How stored values became grey levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Contrast {
    /// The file stores display values: JPEG, PNG, or DICOM of up to 8 bits without any transformation.
    AsStored,
    /// The file's first VOI LUT.
    VoiLut,
    /// The file's first window, linear.
    Window,
    /// The file's first window, linear exact.
    WindowExact,
    /// The file's first window, sigmoid.
    WindowSigmoid,
    /// No VOI in the file: smallest to largest unpadded value, stretched.
    FullRange,
}

/// What the file says about the picture. Of a person's attributes only the age is read, in whole years.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Facts {
    /// Columns stored, before any rotation or resampling.
    pub source_width: u32,
    /// Rows stored, before any rotation or resampling.
    pub source_height: u32,
    /// Bits a sample as stored.
    pub source_bits: u8,
    /// Whether the file stored colour.
    pub colour: bool,
    /// How stored values became grey levels.
    pub contrast: Contrast,
    /// Whether the file stored black as its largest value (MONOCHROME1) and was inverted.
    pub inverted: bool,
    /// Whether pixels were resampled because the file's were not square.
    pub resampled: bool,
    /// DICOM Modality (0008,0060), as "DX".
    pub modality: Option<String>,
    /// DICOM Body Part Examined (0018,0015), as "CHEST".
    pub body_part: Option<String>,
    /// DICOM View Position (0018,5101), as "PA".
    pub view_position: Option<String>,
    /// DICOM Patient's Age (0010,1010) in whole years.
    pub age_years: Option<u16>,
}

impl Facts {
    /// Facts of a picture that stores display values.
    pub(super) const fn plain(width: u32, height: u32, bits: u8) -> Self {
        Self {
            source_width: width,
            source_height: height,
            source_bits: bits,
            colour: false,
            contrast: Contrast::AsStored,
            inverted: false,
            resampled: false,
            modality: None,
            body_part: None,
            view_position: None,
            age_years: None,
        }
    }
}
