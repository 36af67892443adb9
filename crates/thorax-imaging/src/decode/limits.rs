//! What one decode may use.

use super::DecodeError;
use std::time::Duration;

/// Limits on what one decode may use. Measured before anything of that size is allocated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest file in bytes.
    pub bytes: u64,
    /// Most pixels, width × height, of the stored and of the resulting picture.
    pub pixels: u64,
    /// Most memory in bytes by an estimate made from the header, working buffers of the codec included.
    pub memory: u64,
    /// Longest the caller waits.
    pub time: Duration,
}

impl Default for Limits {
    /// 64 MiB, 64 megapixels, 1 GiB, 20 seconds. The largest detectors in use write 4302 × 4302 pixels, 18.5
    /// megapixels or 37 MB uncompressed, which leaves a factor of three on each.
    fn default() -> Self {
        Self { bytes: 64 << 20, pixels: 64_000_000, memory: 1 << 30, time: Duration::from_secs(20) }
    }
}

impl Limits {
    /// Number of pixels of a picture that may be decoded.
    pub(super) fn admit_pixels(&self, width: u32, height: u32) -> Result<usize, DecodeError> {
        let pixels = u64::from(width) * u64::from(height);
        if pixels > self.pixels {
            return Err(DecodeError::TooManyPixels { width, height, limit: self.pixels });
        }
        self.admit_memory(pixels)?;
        usize::try_from(pixels).map_err(|_| DecodeError::TooMuchMemory { needed: pixels, limit: self.memory })
    }

    /// Refuses work that would need more than the limit.
    pub(super) fn admit_memory(&self, needed: u64) -> Result<(), DecodeError> {
        if needed > self.memory {
            return Err(DecodeError::TooMuchMemory { needed, limit: self.memory });
        }
        Ok(())
    }
}
