//! For every new position: which old ones contribute, and with what weight. Pillow's `precompute_coeffs`.

/// Fraction bits of an integer weight: with 8 bits of sample and 2 to spare they fill 32.
pub(super) const PRECISION: u32 = 22;

/// The weights of one axis. All positions have the same number of them, filled up with zeros.
#[derive(Debug)]
pub(super) struct Taps<W> {
    /// Where each new position's first weight applies.
    pub(super) starts: Vec<usize>,
    /// Weights a position.
    pub(super) count: usize,
    weights: Vec<W>,
}

impl<W> Taps<W> {
    pub(super) fn of(&self, position: usize) -> (usize, &[W]) {
        (self.starts[position], &self.weights[position * self.count..][..self.count])
    }
}

impl Taps<f64> {
    /// Of the triangle filter. The count is rounded up to a multiple of `lanes`.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "lengths are below 2^32; Pillow truncates towards zero and clamps, as these conversions do"
    )]
    pub(super) fn triangle(from: usize, to: usize, lanes: usize) -> Self {
        let scale = from as f64 / to as f64;
        let support = scale.max(1.0);
        let sharpness = 1.0 / support;
        let count = (support.ceil() as usize * 2 + 1).next_multiple_of(lanes);
        let mut taps = Self { starts: Vec::with_capacity(to), count, weights: vec![0.0; to * count] };
        for (position, weights) in taps.weights.chunks_exact_mut(count).enumerate() {
            let center = (position as f64 + 0.5) * scale;
            let first = (center - support + 0.5) as usize;
            let past = ((center + support + 0.5) as usize).min(from);
            let mut sum = 0.0;
            for (weight, old) in weights.iter_mut().zip(first..past) {
                *weight = (1.0 - ((old as f64 - center + 0.5) * sharpness).abs()).max(0.0);
                sum += *weight;
            }
            if sum != 0.0 {
                for weight in weights.iter_mut() {
                    *weight /= sum;
                }
            }
            taps.starts.push(first);
        }
        taps
    }

    /// The same weights in 1 / 2^[`PRECISION`].
    #[expect(clippy::cast_possible_truncation, reason = "weights are within 0 ..= 1")]
    pub(super) fn to_integers(&self) -> Taps<i32> {
        let one = f64::from(1 << PRECISION);
        let weights = self.weights.iter().map(|weight| (0.5 + weight * one) as i32).collect();
        Taps { starts: self.starts.clone(), count: self.count, weights }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_add_up_to_one_and_stay_inside() {
        for (from, to) in [(1, 1), (1, 9), (7, 3), (3, 7), (2500, 224), (224, 2500)] {
            let taps = Taps::triangle(from, to, 8);
            for position in 0..to {
                let (start, weights) = taps.of(position);
                assert!((weights.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{from} {to}");
                assert!(
                    weights.iter().enumerate().all(|(i, &weight)| start + i < from || weight == 0.0),
                    "{from} {to}"
                );
            }
        }
    }
}
