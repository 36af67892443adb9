//! The pixels of one component, as large as the picture.

use super::frame::Frame;
use super::idct::{Group, LANES};
use crate::decode::DecodeError;

#[derive(Debug)]
pub(super) struct Plane {
    width: usize,
    samples: Vec<u8>,
    begun: bool,
}

impl Plane {
    pub(super) fn new(frame: &Frame) -> Self {
        let (width, height) = (usize::from(frame.width), usize::from(frame.height));
        Self { width, samples: vec![0; width * height], begun: false }
    }

    pub(super) fn begin(&mut self) -> Result<(), DecodeError> {
        if std::mem::replace(&mut self.begun, true) {
            return Err(DecodeError::jpeg("it holds a part of its picture twice"));
        }
        Ok(())
    }

    pub(super) const fn is_begun(&self) -> bool {
        self.begun
    }

    pub(super) fn into_samples(self) -> Vec<u8> {
        self.samples
    }

    /// Draws a row of blocks and empties them. What lies beyond the picture is left out.
    pub(super) fn draw(&mut self, row: usize, groups: &mut [Group]) {
        let start = (row * 8 * self.width).min(self.samples.len());
        let samples = &mut self.samples[start..];
        pulp::Arch::new().dispatch(|| {
            let mut pixels = [[0; 8 * LANES]; 8];
            for (group, left) in groups.iter_mut().zip((0..self.width).step_by(8 * LANES)) {
                group.transform(&mut pixels);
                group.clear();
                let columns = (self.width - left).min(8 * LANES);
                for (line, pixels) in samples.chunks_exact_mut(self.width).zip(&pixels) {
                    line[left..left + columns].copy_from_slice(&pixels[..columns]);
                }
            }
        });
    }
}
