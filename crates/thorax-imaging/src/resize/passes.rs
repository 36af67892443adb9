//! The two passes, along the rows and down the columns, with a rounding in between: another order gives other pixels.

use super::taps::{PRECISION, Taps};

/// Weights of a dot product that are multiplied at once.
const LANES: usize = 8;

/// Width and height.
pub(super) type Size = (usize, usize);

/// Whether the columns come first. Since version 13 Pillow starts with them when more rows go than twice the columns; before,
/// it always started with the rows.
const fn columns_first(from: Size, to: Size) -> bool {
    let lost_columns = from.0.cast_signed() - to.0.cast_signed();
    let lost_rows = from.1.cast_signed() - to.1.cast_signed();
    lost_rows > 0 && lost_rows > 2 * lost_columns
}

pub(super) fn resize_8(samples: &[u8], from: Size, to: Size) -> Vec<u8> {
    if columns_first(from, to) {
        along_rows_8(&down_columns_8(samples, from, to.1), from.0, to.0)
    } else {
        down_columns_8(&along_rows_8(samples, from.0, to.0), (to.0, from.1), to.1)
    }
}

fn along_rows_8(samples: &[u8], from: usize, to: usize) -> Vec<u8> {
    if from == to {
        return samples.to_vec();
    }
    let taps = Taps::triangle(from, to, LANES).to_integers();
    let mut resized = vec![0; samples.len() / from * to];
    pulp::Arch::new().dispatch(|| {
        // The last positions' zero weights reach past the end of the row.
        let mut padded = vec![0; from + taps.count];
        for (row, out) in samples.chunks_exact(from).zip(resized.chunks_exact_mut(to)) {
            padded[..from].copy_from_slice(row);
            for (position, out) in out.iter_mut().enumerate() {
                let (start, weights) = taps.of(position);
                *out = round_8(dot(&padded[start..start + taps.count], weights));
            }
        }
    });
    resized
}

fn down_columns_8(samples: &[u8], from: Size, to: usize) -> Vec<u8> {
    let width = from.0;
    if from.1 == to {
        return samples.to_vec();
    }
    let taps = Taps::triangle(from.1, to, 1).to_integers();
    let mut resized = vec![0; width * to];
    pulp::Arch::new().dispatch(|| {
        let mut sums = vec![0; width];
        for (position, out) in resized.chunks_exact_mut(width).enumerate() {
            let (start, weights) = taps.of(position);
            sums.fill(0);
            for (row, &weight) in samples.chunks_exact(width).skip(start).zip(weights) {
                for (sum, &sample) in sums.iter_mut().zip(row) {
                    *sum += i32::from(sample) * weight;
                }
            }
            for (out, &sum) in out.iter_mut().zip(&sums) {
                *out = round_8(sum);
            }
        }
    });
    resized
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
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the conversion clamps")]
pub(super) fn resize_16(samples: &[u16], from: Size, to: Size) -> Vec<u16> {
    let singles: Vec<f32> = samples.iter().copied().map(f32::from).collect();
    let resized = if columns_first(from, to) {
        along_rows_16(&down_columns_16(&singles, from, to.1), from.0, to.0)
    } else {
        down_columns_16(&along_rows_16(&singles, from.0, to.0), (to.0, from.1), to.1)
    };
    resized.into_iter().map(|sample| sample.round_ties_even() as u16).collect()
}

#[expect(clippy::cast_possible_truncation, reason = "singles on purpose")]
fn along_rows_16(samples: &[f32], from: usize, to: usize) -> Vec<f32> {
    let taps = Taps::triangle(from, to, 1);
    let mut resized = Vec::with_capacity(samples.len() / from * to);
    for row in samples.chunks_exact(from) {
        resized.extend((0..to).map(|position| {
            let (start, weights) = taps.of(position);
            row[start..].iter().zip(weights).map(|(&sample, weight)| f64::from(sample) * weight).sum::<f64>() as f32
        }));
    }
    resized
}

#[expect(clippy::cast_possible_truncation, reason = "singles on purpose")]
fn down_columns_16(samples: &[f32], from: Size, to: usize) -> Vec<f32> {
    let width = from.0;
    let taps = Taps::triangle(from.1, to, 1);
    let mut resized = Vec::with_capacity(width * to);
    let mut sums = vec![0.0; width];
    for position in 0..to {
        let (start, weights) = taps.of(position);
        sums.fill(0.0);
        for (row, weight) in samples.chunks_exact(width).skip(start).zip(weights) {
            for (sum, &sample) in sums.iter_mut().zip(row) {
                *sum += f64::from(sample) * weight;
            }
        }
        resized.extend(sums.iter().map(|&sum| sum as f32));
    }
    resized
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_come_first_when_many_more_rows_go() {
        assert!(columns_first((44, 56), (20, 7)));
        assert!(!columns_first((44, 60), (20, 12)), "exactly twice as many do not");
        assert!(columns_first((44, 20), (60, 18)), "the image grows in width");
        assert!(!columns_first((44, 20), (60, 23)), "no row goes");
    }
}
