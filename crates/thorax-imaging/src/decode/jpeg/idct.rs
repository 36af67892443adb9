//! The inverse cosine transform, the exact one of the IJG's library ("islow"), so that luma comes out as OpenCV's does.
//! Eight neighbouring blocks are transformed at once, each in a lane of its own: nothing has to be turned round in between,
//! and the compiler makes vectors of the loops over the lanes.

use super::headers::NATURAL;
use std::num::Wrapping as W;

/// Blocks transformed at once.
pub(super) const LANES: usize = 8;

/// Fraction bits of the constants.
const CONST_BITS: u32 = 13;
/// Fraction bits kept between the passes.
const PASS_BITS: u32 = 2;

/// Eight blocks side by side.
#[derive(Debug, Clone)]
pub(super) struct Group {
    /// Dequantised coefficients in natural order, that of block `l` at `8 * coefficient + l`.
    pub coefficients: [i16; 64 * LANES],
    /// The last coefficient in zigzag order that is not zero in any block.
    pub last: usize,
}

/// The pixels of a group: eight rows.
pub(super) type Rows = [[u8; 8 * LANES]; 8];

impl Group {
    pub(super) const EMPTY: Self = Self { coefficients: [0; 64 * LANES], last: 0 };

    pub(super) fn clear(&mut self) {
        self.coefficients.fill(0);
        self.last = 0;
    }

    /// Sets those of one block's coefficients whose bit is `set`; they and their steps are in zigzag order.
    #[expect(clippy::cast_possible_truncation, reason = "only what no encoder writes takes more than 16 bits")]
    pub(super) fn put(&mut self, lane: usize, values: &[i16; 64], set: u64, steps: &[i32; 64]) {
        let mut left = set;
        while left != 0 {
            let at = left.trailing_zeros() as usize % 64;
            self.coefficients[usize::from(NATURAL[at]) * LANES + lane] = (i32::from(values[at]) * steps[at]) as i16;
            left &= left - 1;
        }
        self.last = self.last.max(63 - (set | 1).leading_zeros() as usize);
    }

    /// The pixels.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "must be compiled for the vectors that the caller chose")]
    pub(super) fn transform(&self, rows: &mut Rows) {
        match self.last {
            0 => self.flat(rows),
            // The first ten in zigzag order lie within four columns and four rows.
            1..=9 => self.within::<4>(rows),
            _ => self.within::<8>(rows),
        }
    }

    fn flat(&self, rows: &mut Rows) {
        for row in rows {
            for (pixels, &mean) in row.as_chunks_mut::<8>().0.iter_mut().zip(&self.coefficients) {
                *pixels = [level(i32::from(mean) << PASS_BITS, PASS_BITS + 3).to_le_bytes()[0]; 8];
            }
        }
    }

    /// All coefficients beyond the first `N` columns and rows are zero.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "as above")]
    fn within<const N: usize>(&self, rows: &mut Rows) {
        let mut half = [[[0; LANES]; 8]; 8];
        let (coefficients, _) = self.coefficients.as_chunks::<LANES>();
        for column in 0..N {
            let mut out = [[0; LANES]; 8];
            for lane in 0..LANES {
                let input = |row: usize| if row < N { i32::from(coefficients[row * 8 + column][lane]) } else { 0 };
                let values = pass(input);
                for row in 0..8 {
                    out[row][lane] = descaled(values[row], CONST_BITS - PASS_BITS);
                }
            }
            for (row, out) in half.iter_mut().zip(out) {
                row[column] = out;
            }
        }
        for (half, row) in half.iter().zip(rows) {
            let (mut low, mut high) = ([0; LANES], [0; LANES]);
            for lane in 0..LANES {
                let input = |column: usize| if column < N { half[column][lane] } else { 0 };
                let values = pass(input);
                let level = |column: usize| level(values[column], CONST_BITS + PASS_BITS + 3);
                low[lane] = level(0) | level(1) << 8 | level(2) << 16 | level(3) << 24;
                high[lane] = level(4) | level(5) << 8 | level(6) << 16 | level(7) << 24;
            }
            for (pixels, (low, high)) in row.as_chunks_mut::<8>().0.iter_mut().zip(low.into_iter().zip(high)) {
                *pixels = (u64::from(high) << 32 | u64::from(low)).to_le_bytes();
            }
        }
    }
}

/// One dimension, eight values to eight, scaled up by 2^[`CONST_BITS`]: Loeffler, Ligtenberg and Moschytz with twelve
/// multiplications, the constants rounded as the IJG rounds them. Wraps on what no encoder writes.
#[inline(always)]
#[expect(clippy::inline_always, reason = "as above")]
fn pass(input: impl Fn(usize) -> i32) -> [i32; 8] {
    let (i0, i1, i2, i3) = (W(input(0)), W(input(1)), W(input(2)), W(input(3)));
    let (i4, i5, i6, i7) = (W(input(4)), W(input(5)), W(input(6)), W(input(7)));
    let turn = (i2 + i6) * W(4433);
    let (e2, e3) = (turn - i6 * W(15_137), turn + i2 * W(6270));
    let (e0, e1) = ((i0 + i4) << CONST_BITS as usize, (i0 - i4) << CONST_BITS as usize);
    let even = [e0 + e3, e1 + e2, e1 - e2, e0 - e3];

    let (z1, z2, z3, z4) = (i7 + i1, i5 + i3, i7 + i3, i5 + i1);
    let z5 = (z3 + z4) * W(9633);
    let (z1, z2) = (z1 * W(7373), z2 * W(20_995));
    let (z3, z4) = (z5 - z3 * W(16_069), z5 - z4 * W(3196));
    let odd = [i1 * W(12_299) - z1 + z4, i3 * W(25_172) - z2 + z3, i5 * W(16_819) - z2 + z4, i7 * W(2446) - z1 + z3];

    [
        (even[0] + odd[0]).0,
        (even[1] + odd[1]).0,
        (even[2] + odd[2]).0,
        (even[3] + odd[3]).0,
        (even[3] - odd[3]).0,
        (even[2] - odd[2]).0,
        (even[1] - odd[1]).0,
        (even[0] - odd[0]).0,
    ]
}

/// Rounded to `bits` fraction bits less.
#[inline(always)]
#[expect(clippy::inline_always, reason = "as above")]
const fn descaled(value: i32, bits: u32) -> i32 {
    value.wrapping_add(1 << (bits - 1)) >> bits
}

/// The grey level of a value of `bits` fraction bits.
#[inline(always)]
#[expect(clippy::inline_always, reason = "as above")]
fn level(value: i32, bits: u32) -> u32 {
    (descaled(value, bits) + 128).clamp(0, 255).cast_unsigned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::PI;

    /// Coefficients within the first `size` columns and rows.
    fn group(size: usize) -> Group {
        let mut group = Group::EMPTY;
        let mut state = 12_345_u32;
        for place in (0..64).filter(|place| place % 8 < size && place / 8 < size) {
            for lane in 0..LANES {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let range = if place == 0 { 1000 } else { 200 / (1 + i32::try_from(place).unwrap()) };
                let value = i32::from(state.to_be_bytes()[0]) * range / 128 - range;
                group.coefficients[place * LANES + lane] = i16::try_from(value).unwrap();
            }
        }
        group
    }

    fn pixels(group: &Group, last: usize) -> Rows {
        let mut rows = [[0; 64]; 8];
        Group { last, ..group.clone() }.transform(&mut rows);
        rows
    }

    #[test]
    fn shortcuts_agree_with_the_whole() {
        assert_eq!(pixels(&group(1), 0), pixels(&group(1), 63));
        assert_eq!(pixels(&group(4), 9), pixels(&group(4), 63));
    }

    #[test]
    fn is_within_one_level_of_the_definition() {
        let group = group(8);
        let rows = pixels(&group, 63);
        let wave = |place: usize, frequency: usize| {
            let scale = if frequency == 0 { 0.5_f64.sqrt() } else { 1.0 };
            let (place, frequency) = (u32::try_from(place).unwrap(), u32::try_from(frequency).unwrap());
            scale * (f64::from((2 * place + 1) * frequency) * PI / 16.0).cos() / 2.0
        };
        for (lane, y, x) in [(0, 0, 0), (3, 7, 2), (5, 4, 4), (7, 7, 7), (1, 2, 6)] {
            let sum: f64 = (0..64)
                .map(|at| f64::from(group.coefficients[at * LANES + lane]) * wave(y, at / 8) * wave(x, at % 8))
                .sum();
            let level = (sum + 128.0).clamp(0.0, 255.0);
            assert!((level - f64::from(rows[y][lane * 8 + x])).abs() <= 1.0, "{lane} {y} {x}");
        }
    }
}
