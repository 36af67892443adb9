//! What can be measured of a film without a network: contrast, sharpness, sides.
//! What lives here: the numbers. What never does: the thresholds, which come from the bundle. Start reading at [`measure`].

use crate::recipe::depth8;
use crate::resize::{Filter, resize};
use crate::{GrayImage, Pixels};

/// Side of the reduced film on which sharpness is measured, so that films of all sizes can be compared.
const SHARPNESS_SIDE: u32 = 224;

/// What a gate may ask of a film.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quality {
    /// Pixels of the shorter side.
    pub short_side: u32,
    /// Longer side / shorter side; at least 1.
    pub aspect: f64,
    /// Standard deviation of the film at 8 bits.
    pub contrast: f64,
    /// Variance of the Laplacian of the film at 8 bits, reduced to 224 × 224.
    pub sharpness: f64,
}

/// Measures a film as it was decoded, before any recipe.
#[must_use]
pub fn measure(film: &GrayImage) -> Quality {
    let film = depth8(film);
    let (width, height) = (film.width(), film.height());
    let (short, long) = (width.min(height), width.max(height));
    Quality {
        short_side: short,
        aspect: f64::from(long) / f64::from(short),
        contrast: contrast(samples(&film)),
        sharpness: sharpness(&film),
    }
}

fn samples(film: &GrayImage) -> &[u8] {
    match film.pixels() {
        Pixels::U8(samples) => samples,
        Pixels::U16(_) => unreachable!("the film was brought to 8 bits; this is a bug"),
    }
}

/// Samples whose squares add up within 32 bits.
const EXACT: usize = 1 << 16;

fn contrast(samples: &[u8]) -> f64 {
    let mut moments = Moments::default();
    pulp::Arch::new().dispatch(|| {
        for part in samples.chunks(EXACT) {
            let sum: u32 = part.iter().copied().map(u32::from).sum();
            let squares: u32 = part.iter().map(|&sample| u32::from(sample) * u32::from(sample)).sum();
            moments.add(part.len(), sum.into(), squares.into());
        }
    });
    moments.variance().sqrt()
}

/// `cv2.Laplacian(…, ksize=1)` with mirrored borders, then the population variance.
fn sharpness(film: &GrayImage) -> f64 {
    let small =
        resize(film, SHARPNESS_SIDE, SHARPNESS_SIDE, Filter::Bilinear).expect("the side is not zero; this is a bug");
    let (samples, side) = (samples(&small), SHARPNESS_SIDE as usize);
    let mut moments = Moments::default();
    let row = |y: usize| &samples[y * side..][..side];
    for y in 0..side {
        let (above, below) = neighbours(y, side);
        let (above, here, below) = (row(above), row(y), row(below));
        // At most 1020 each: a row's squares add up within 32 bits.
        let (mut sum, mut squares) = (0, 0);
        for x in 0..side {
            let (left, right) = neighbours(x, side);
            let around = [here[left], here[right], above[x], below[x]].into_iter().map(i32::from).sum::<i32>();
            let value = around - 4 * i32::from(here[x]);
            sum += value;
            squares += value * value;
        }
        moments.add(side, sum.into(), squares.into());
    }
    moments.variance()
}

/// The positions before and after; beyond a border, the one inside it (`BORDER_REFLECT_101`).
const fn neighbours(position: usize, length: usize) -> (usize, usize) {
    let before = if position == 0 { 1 } else { position - 1 };
    let after = if position + 1 == length { length - 2 } else { position + 1 };
    (before, after)
}

/// Sums of integers, exact, so that the variance has one rounding at the end.
#[derive(Debug, Default)]
struct Moments {
    count: usize,
    sum: i64,
    squares: i64,
}

impl Moments {
    fn add(&mut self, count: usize, sum: i64, squares: i64) {
        self.count += count;
        self.sum += sum;
        self.squares += squares;
    }

    #[expect(clippy::cast_precision_loss, reason = "the quotient's last digits do not matter to a threshold")]
    fn variance(&self) -> f64 {
        let (count, sum, squares) = (self.count as i128, i128::from(self.sum), i128::from(self.squares));
        (count * squares - sum * sum) as f64 / (count * count) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn film(width: u32, height: u32, level: impl Fn(u32, u32) -> u8) -> GrayImage {
        let samples = (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| level(x, y)).collect();
        GrayImage::new(width, height, Pixels::U8(samples)).unwrap()
    }

    #[test]
    fn a_flat_film_has_neither_contrast_nor_sharpness() {
        let quality = measure(&film(30, 20, |_, _| 90));
        assert_eq!(quality, Quality { short_side: 20, aspect: 1.5, contrast: 0.0, sharpness: 0.0 });
    }

    #[test]
    fn half_black_half_white_has_the_greatest_contrast() {
        let quality = measure(&film(20, 20, |x, _| if x < 10 { 0 } else { 255 }));
        assert!((quality.contrast - 127.5).abs() < 1e-9);
    }

    #[test]
    fn finer_detail_is_sharper() {
        let stripes = |period: u32| {
            measure(&film(224, 224, |x, _| if (x / period).is_multiple_of(2) { 60 } else { 90 })).sharpness
        };
        assert!(stripes(1) > stripes(4) && stripes(4) > stripes(16));
        assert!((stripes(1) - 3600.0).abs() < 1e-9, "every Laplacian is 60 or -60");
    }

    #[test]
    fn sixteen_bits_are_measured_as_eight() {
        let eight = film(40, 50, |x, y| (x * y % 251) as u8);
        let Pixels::U8(samples) = eight.pixels() else { panic!("8 bits") };
        let sixteen =
            GrayImage::new(40, 50, Pixels::U16(samples.iter().map(|&v| u16::from(v) * 257).collect())).unwrap();
        assert_eq!(measure(&eight), measure(&sixteen));
    }
}
