//! What the algorithm needs to know of a sample type: its number of bins, and how four table entries travel together.

use crate::histogram;

const WHOLE: &str = "a table or histogram of 8 bits has 256 entries; this is a bug";

/// Adding it leaves no bits for a fraction, so the sum's low bits are the number rounded half to even, as `cvRound` rounds.
/// Holds for 0 ..= 65535 and, unlike a call to round, is a single instruction on every CPU.
const ROUNDER: f32 = 12_582_912.0;

/// `value` rounded half to even, for 0 ..= 65535.
#[inline]
pub(super) fn round(value: f32) -> u32 {
    (value + ROUNDER).to_bits() & 0xffff
}

/// How far a row lies on its way from the near tiles to the far ones.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) near: f32,
    pub(super) far: f32,
}

/// 8-bit or 16-bit samples.
pub(super) trait Sample: Copy + Default + Ord + Send + Sync {
    /// Grey levels.
    const BINS: usize;
    /// Four samples in one word: near and far column of the near row, near and far column of the far row.
    type Four: Copy + Default + Send + Sync;

    fn level(self) -> usize;

    /// The levels that can occur in these samples, first and last. Bins outside them need no table entry.
    fn range(samples: &[Self]) -> (usize, usize);

    /// A rounded level, which the caller knows to be in range.
    fn from_rounded(rounded: u32) -> Self;

    /// How often each level occurs; `counts[0]` is level `first`.
    fn count(samples: &[Self], first: usize, counts: &mut Counts);

    fn join(four: [Self; 4]) -> Self::Four;

    /// The table's entry of every sample; `table[0]` is level `first`.
    fn look_up(samples: &[Self], table: &[Self::Four], first: usize, out: &mut [Self::Four]);

    /// Interpolates between the four, in OpenCV's order and precision.
    fn mix(fours: &[Self::Four], columns: &[f32], row: Row, out: &mut [Self]);
}

/// A histogram under construction, for 8 bits in four parts.
#[derive(Debug)]
pub(super) struct Counts {
    lanes: [Vec<u32>; 4],
}

impl Counts {
    pub(super) fn new<S: Sample>(bins: usize) -> Self {
        let spare = if S::BINS == 256 { bins } else { 0 };
        Self { lanes: [vec![0; bins], vec![0; spare], vec![0; spare], vec![0; spare]] }
    }

    /// The counts so far; starts again from nothing.
    pub(super) fn take(&mut self, into: &mut [i32]) {
        into.fill(0);
        for lane in &mut self.lanes {
            for (sum, count) in into.iter_mut().zip(lane.iter_mut()) {
                *sum += count.cast_signed();
                *count = 0;
            }
        }
    }
}

#[inline]
fn interpolate(four: [f32; 4], column: f32, row: Row) -> u32 {
    let near = 1.0 - column;
    round((four[0] * near + four[1] * column) * row.near + (four[2] * near + four[3] * column) * row.far)
}

impl Sample for u8 {
    const BINS: usize = 256;
    type Four = u32;

    fn level(self) -> usize {
        usize::from(self)
    }

    fn range(_samples: &[Self]) -> (usize, usize) {
        (0, 255)
    }

    #[expect(clippy::cast_possible_truncation, reason = "the level is in range")]
    fn from_rounded(rounded: u32) -> Self {
        rounded as Self
    }

    fn count(samples: &[Self], _first: usize, counts: &mut Counts) {
        let lanes = counts.lanes.each_mut();
        histogram::count(samples, lanes.map(|lane| lane.as_mut_slice().try_into().expect(WHOLE)));
    }

    #[inline]
    fn join(four: [Self; 4]) -> u32 {
        u32::from_le_bytes(four)
    }

    fn look_up(samples: &[Self], table: &[u32], _first: usize, out: &mut [u32]) {
        let table: &[u32; 256] = table.try_into().expect(WHOLE);
        for (four, &sample) in out.iter_mut().zip(samples) {
            *four = table[usize::from(sample)];
        }
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "bytes: exact both ways")]
    fn mix(fours: &[u32], columns: &[f32], row: Row, out: &mut [Self]) {
        pulp::Arch::new().dispatch(|| {
            for ((out, &four), &column) in out.iter_mut().zip(fours).zip(columns) {
                let level = |shift: u32| (four >> shift & 0xff).cast_signed() as f32;
                *out = interpolate([level(0), level(8), level(16), level(24)], column, row) as u8;
            }
        });
    }
}

impl Sample for u16 {
    const BINS: usize = 65_536;
    type Four = u64;

    fn level(self) -> usize {
        usize::from(self)
    }

    fn range(samples: &[Self]) -> (usize, usize) {
        pulp::Arch::new().dispatch(|| {
            let (mut first, mut last) = (Self::MAX, 0);
            for &sample in samples {
                first = sample.min(first);
                last = sample.max(last);
            }
            (usize::from(first), usize::from(last))
        })
    }

    #[expect(clippy::cast_possible_truncation, reason = "the level is in range")]
    fn from_rounded(rounded: u32) -> Self {
        rounded as Self
    }

    fn count(samples: &[Self], first: usize, counts: &mut Counts) {
        let counts = &mut counts.lanes[0];
        for &sample in samples {
            counts[usize::from(sample) - first] += 1;
        }
    }

    #[inline]
    fn join(four: [Self; 4]) -> u64 {
        four.iter().rev().fold(0, |word, &sample| word << 16 | u64::from(sample))
    }

    fn look_up(samples: &[Self], table: &[u64], first: usize, out: &mut [u64]) {
        for (four, &sample) in out.iter_mut().zip(samples) {
            *four = table[usize::from(sample) - first];
        }
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "16 bits: exact both ways")]
    fn mix(fours: &[u64], columns: &[f32], row: Row, out: &mut [Self]) {
        pulp::Arch::new().dispatch(|| {
            for ((out, &four), &column) in out.iter_mut().zip(fours).zip(columns) {
                let level = |shift: u32| ((four >> shift & 0xffff) as u32).cast_signed() as f32;
                *out = interpolate([level(0), level(16), level(32), level(48)], column, row) as u16;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_half_to_even() {
        for (value, rounded) in
            [(0.0, 0), (0.5, 0), (1.5, 2), (2.5, 2), (254.5, 254), (255.000_02, 255), (65_534.5, 65_534)]
        {
            assert_eq!(round(value), rounded, "{value}");
        }
    }
}
