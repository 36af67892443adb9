//! The two passes, first along the rows, then down the columns, with a rounding in between: the order is Pillow's, and another
//! order would give other pixels.

use super::taps::{PRECISION, Taps};

/// Weights of a dot product that are multiplied at once.
const LANES: usize = 8;

type Size = (usize, usize);

pub(super) fn resize_8(samples: &[u8], from: Size, to: Size) -> Vec<u8> {
    let mut narrow = vec![0; to.0 * from.1];
    let taps = Taps::triangle(from.0, to.0, LANES).to_integers();
    pulp::Arch::new().dispatch(|| {
        // The last positions' zero weights reach past the end of the row.
        let mut padded = vec![0; from.0 + taps.count];
        for (row, out) in samples.chunks_exact(from.0).zip(narrow.chunks_exact_mut(to.0)) {
            padded[..from.0].copy_from_slice(row);
            for (position, out) in out.iter_mut().enumerate() {
                let (start, weights) = taps.of(position);
                *out = round_8(dot(&padded[start..start + taps.count], weights));
            }
        }
    });
    let mut out = vec![0; to.0 * to.1];
    let taps = Taps::triangle(from.1, to.1, 1).to_integers();
    pulp::Arch::new().dispatch(|| {
        let mut sums = vec![0; to.0];
        for (position, out) in out.chunks_exact_mut(to.0).enumerate() {
            let (start, weights) = taps.of(position);
            sums.fill(0);
            for (row, &weight) in narrow.chunks_exact(to.0).skip(start).zip(weights) {
                for (sum, &sample) in sums.iter_mut().zip(row) {
                    *sum += i32::from(sample) * weight;
                }
            }
            for (out, &sum) in out.iter_mut().zip(&sums) {
                *out = round_8(sum);
            }
        }
    });
    out
}

#[inline]
fn dot(samples: &[u8], weights: &[i32]) -> i32 {
    let mut lanes = [0; LANES];
    for (samples, weights) in samples.as_chunks::<LANES>().0.iter().zip(weights.as_chunks::<LANES>().0) {
        for ((lane, &sample), &weight) in lanes.iter_mut().zip(samples).zip(weights) {
            *lane += i32::from(sample) * weight;
        }
    }
    lanes.iter().sum()
}

#[inline]
#[expect(clippy::cast_sign_loss, reason = "clamped")]
fn round_8(sum: i32) -> u8 {
    // Many rounded weights may add up to a little more than one.
    ((sum + (1 << (PRECISION - 1))) >> PRECISION).clamp(0, 255) as u8
}

/// In double precision with singles in between, as Pillow computes its `F` images. Rare enough to be left plain.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "singles on purpose; clamped by the conversion"
)]
pub(super) fn resize_16(samples: &[u16], from: Size, to: Size) -> Vec<u16> {
    let mut narrow = Vec::with_capacity(to.0 * from.1);
    let taps = Taps::triangle(from.0, to.0, 1);
    for row in samples.chunks_exact(from.0) {
        narrow.extend((0..to.0).map(|position| {
            let (start, weights) = taps.of(position);
            row[start..].iter().zip(weights).map(|(&sample, weight)| f64::from(sample) * weight).sum::<f64>() as f32
        }));
    }
    let taps = Taps::triangle(from.1, to.1, 1);
    let mut out = Vec::with_capacity(to.0 * to.1);
    let mut sums = vec![0.0; to.0];
    for position in 0..to.1 {
        let (start, weights) = taps.of(position);
        sums.fill(0.0);
        for (row, weight) in narrow.chunks_exact(to.0).skip(start).zip(weights) {
            for (sum, &sample) in sums.iter_mut().zip(row) {
                *sum += f64::from(sample) * weight;
            }
        }
        out.extend(sums.iter().map(|&sum| (sum as f32).round_ties_even() as u16));
    }
    out
}
