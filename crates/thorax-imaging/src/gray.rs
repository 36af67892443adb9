//! The one picture type: a grey image in 8 or 16 bits.

/// Samples of a [`GrayImage`], row by row from the top left; 0 is black.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pixels {
    /// 8 bits a sample, 0 to 255.
    U8(Vec<u8>),
    /// 16 bits a sample, 0 to 65535.
    U16(Vec<u16>),
}

/// A grey image: at least 1 × 1, samples row by row, 0 black and the type's largest value white.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrayImage {
    width: u32,
    height: u32,
    pixels: Pixels,
}

/// Width × height does not match the number of samples, or a side is zero.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{width} x {height} pixels do not fit {samples} samples")]
pub struct ShapeError {
    /// Columns asked for.
    pub width: u32,
    /// Rows asked for.
    pub height: u32,
    /// Samples given.
    pub samples: usize,
}

impl GrayImage {
    /// An image of `width` × `height` over its samples.
    ///
    /// # Errors
    /// [`ShapeError`] when a side is zero or the number of samples is not width × height.
    pub fn new(width: u32, height: u32, pixels: Pixels) -> Result<Self, ShapeError> {
        let samples = match &pixels {
            Pixels::U8(samples) => samples.len(),
            Pixels::U16(samples) => samples.len(),
        };
        if samples == 0 || u64::from(width) * u64::from(height) != samples as u64 {
            return Err(ShapeError { width, height, samples });
        }
        Ok(Self { width, height, pixels })
    }

    /// An image of the same shape over other samples, of which the caller made one for each of this image's.
    pub(crate) fn with(&self, pixels: Pixels) -> Self {
        Self::new(self.width, self.height, pixels).expect("as many samples as this image has; this is a bug")
    }

    /// Columns.
    #[must_use]
    pub const fn width(&self) -> u32 {
        self.width
    }

    /// Rows.
    #[must_use]
    pub const fn height(&self) -> u32 {
        self.height
    }

    /// The samples.
    #[must_use]
    pub const fn pixels(&self) -> &Pixels {
        &self.pixels
    }

    /// The samples, moved out.
    #[must_use]
    pub fn into_pixels(self) -> Pixels {
        self.pixels
    }

    /// Bits a sample: 8 or 16.
    #[must_use]
    pub const fn bits(&self) -> u8 {
        match self.pixels {
            Pixels::U8(_) => 8,
            Pixels::U16(_) => 16,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_a_shape_that_does_not_fit() {
        assert!(GrayImage::new(2, 2, Pixels::U8(vec![0; 3])).is_err());
        assert!(GrayImage::new(0, 0, Pixels::U16(Vec::new())).is_err());
        assert!(GrayImage::new(u32::MAX, u32::MAX, Pixels::U8(vec![0; 1])).is_err());
        assert_eq!(GrayImage::new(2, 2, Pixels::U16(vec![7; 4])).unwrap().bits(), 16);
    }
}
