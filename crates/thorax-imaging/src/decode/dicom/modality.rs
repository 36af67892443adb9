//! From stored values to the values of the modality (PS3.3 C.11.1): a table, or slope and intercept.

use super::dataset::{DataSet, tags};
use super::header::Layout;
use super::lut::Lut;
use crate::decode::DecodeError;

/// The modality transformation of the file.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Modality {
    /// A table. Where a file has one, slope and intercept do not apply.
    Table(Lut),
    /// stored × slope + intercept.
    Rescale { slope: f64, intercept: f64 },
    /// None in the file.
    Identity,
}

impl Modality {
    pub(super) fn parse(data: &DataSet<'_>, layout: Layout) -> Result<Self, DecodeError> {
        if let Some(item) = data.item(tags::MODALITY_LUT)? {
            return Lut::parse(&item, layout.signed).map(Self::Table);
        }
        let slope = data.number(tags::RESCALE_SLOPE)?.unwrap_or(1.0);
        let intercept = data.number(tags::RESCALE_INTERCEPT)?.unwrap_or(0.0);
        if slope == 0.0 {
            return Err(DecodeError::dicom("its rescale slope is 0"));
        }
        if slope.abs() > 1e9 || intercept.abs() > 1e12 {
            return Err(DecodeError::dicom("its rescale slope or intercept is out of all proportion"));
        }
        if slope.to_bits() == 1.0_f64.to_bits() && intercept == 0.0 {
            return Ok(Self::Identity);
        }
        Ok(Self::Rescale { slope, intercept })
    }

    pub(super) fn apply(&self, stored: i32) -> f64 {
        let stored = f64::from(stored);
        match self {
            Self::Table(lut) => lut.look_up(stored),
            Self::Rescale { slope, intercept } => stored * slope + intercept,
            Self::Identity => stored,
        }
    }

    /// Whether the output may be negative, for the tables that follow.
    pub(super) fn is_signed(&self, layout: Layout) -> bool {
        match self {
            Self::Table(_) => false,
            Self::Rescale { .. } => self.apply(layout.value(0)) < 0.0 || layout.signed,
            Self::Identity => layout.signed,
        }
    }
}
