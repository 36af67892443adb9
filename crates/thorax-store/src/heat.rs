//! Heat maps as they are kept: width and height as `u32`, then the values row by row as `f32`, all little-endian.

use crate::error::{Result, StoreError};

/// A small picture of numbers between 0 and 1.
#[derive(Debug, Clone, PartialEq)]
pub struct HeatGrid {
    width: u32,
    height: u32,
    values: Vec<f32>,
}

impl HeatGrid {
    /// A grid of `width` × `height` values, row by row; `None` where there are more or fewer.
    #[must_use]
    pub fn new(width: u32, height: u32, values: Vec<f32>) -> Option<Self> {
        let fits = usize::try_from(u64::from(width) * u64::from(height)).is_ok_and(|cells| cells == values.len());
        fits.then_some(Self { width, height, values })
    }

    /// Cells across.
    #[must_use]
    pub const fn width(&self) -> u32 {
        self.width
    }

    /// Cells down.
    #[must_use]
    pub const fn height(&self) -> u32 {
        self.height
    }

    /// The values, row by row.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(8 + self.values.len() * 4);
        bytes.extend(self.width.to_le_bytes());
        bytes.extend(self.height.to_le_bytes());
        bytes.extend(self.values.iter().flat_map(|value| value.to_le_bytes()));
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let corrupt = || StoreError::Corrupt("a heat map");
        let (width, rest) = bytes.split_first_chunk::<4>().ok_or_else(corrupt)?;
        let (height, rest) = rest.split_first_chunk::<4>().ok_or_else(corrupt)?;
        let (cells, odd) = rest.as_chunks::<4>();
        let values = cells.iter().map(|cell| f32::from_le_bytes(*cell)).collect();
        let grid = Self::new(u32::from_le_bytes(*width), u32::from_le_bytes(*height), values);
        grid.filter(|_| odd.is_empty()).ok_or_else(corrupt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_is_kept_value_for_value() {
        let grid = HeatGrid::new(3, 2, vec![0.0, 0.25, 0.5, 0.75, 1.0, 0.1]).unwrap();
        assert_eq!(HeatGrid::from_bytes(&grid.to_bytes()).unwrap(), grid);
        assert!(HeatGrid::new(2, 2, vec![0.0]).is_none());
        assert!(HeatGrid::from_bytes(&grid.to_bytes()[..20]).is_err());
        assert!(HeatGrid::from_bytes(&[1, 2, 3]).is_err());
    }
}
