//! Bits of entropy-coded data, from the most significant down, eight bytes at a time.

/// Bits that are there at least after [`Bits::refill`].
pub(super) const REFILLED: u32 = 56;

/// A position in unstuffed entropy-coded data. Beyond its end come zeros without end, so that reading never fails and
/// nothing is checked on the way: [`Bits::exhausted`] tells afterwards.
///
/// Small and copied freely: a copy whose address nobody takes lives in registers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bits<'a> {
    data: &'a [u8],
    /// The byte from which the next refill takes.
    at: usize,
    /// The next bits, the first of them highest.
    window: u64,
    /// How many bits of the window count as read from the data.
    count: u32,
}

impl<'a> Bits<'a> {
    pub(super) const fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0, window: 0, count: 0 }
    }

    /// Fills the window up to [`REFILLED`] bits or more.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "so that a copy stays in registers")]
    pub(super) fn refill(&mut self) {
        let rest = self.data.get(self.at..).unwrap_or_default();
        let next = match rest.first_chunk::<8>() {
            Some(bytes) => u64::from_be_bytes(*bytes),
            None => last_bytes(rest),
        };
        self.window |= next >> self.count;
        self.at += ((63 - self.count) >> 3) as usize;
        self.count |= REFILLED;
    }

    /// Fills the window if fewer than 32 bits are left: enough for the longest code and its value.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "as above")]
    pub(super) fn top_up(&mut self) {
        if self.count < 32 {
            self.refill();
        }
    }

    /// The next `count` bits, 1 to 32, left where they are.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "as above")]
    #[expect(clippy::cast_possible_truncation, reason = "32 bits at most are left")]
    pub(super) const fn peek(&self, count: u32) -> u32 {
        (self.window >> (64 - count)) as u32
    }

    /// Passes over bits; no more than the window holds.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "as above")]
    pub(super) const fn skip(&mut self, count: u32) {
        self.window <<= count;
        self.count -= count;
    }

    /// The next `count` bits, 0 to 16.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "as above")]
    pub(super) fn take(&mut self, count: u32) -> u32 {
        if count == 0 {
            return 0;
        }
        let bits = self.peek(count);
        self.skip(count);
        bits
    }

    /// Whether more was read than there is.
    pub(super) fn exhausted(&self) -> bool {
        self.read() > self.data.len() * 8
    }

    /// Whole bytes not read yet.
    pub(super) fn left_over(&self) -> &'a [u8] {
        self.data.get(self.read().div_ceil(8)..).unwrap_or_default()
    }

    fn read(&self) -> usize {
        self.at * 8 - self.count as usize
    }
}

/// Fewer than eight bytes, as if zeros followed.
#[cold]
fn last_bytes(rest: &[u8]) -> u64 {
    rest.iter().zip((0..64).step_by(8)).fold(0, |word, (&byte, shift)| word | u64::from(byte) << (56 - shift))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hands_out_all_bits_in_order_and_then_zeros() {
        let data: Vec<u8> = (0..40_u8).map(|i| i.wrapping_mul(37) | 5).collect();
        for step in [1, 3, 7, 11, 16] {
            let mut bits = Bits::new(&data);
            let mut at = 0;
            while at + step <= 40 * 8 {
                bits.top_up();
                let expected = (at..at + step)
                    .fold(0, |value, bit| value << 1 | u32::from(data[bit as usize / 8] >> (7 - bit % 8) & 1));
                assert_eq!(bits.take(step), expected, "{step} at {at}");
                at += step;
            }
            assert!(!bits.exhausted() && bits.left_over().len() < 2);
            bits.top_up();
            bits.take(16);
            assert!(bits.exhausted() && bits.left_over().is_empty());
            assert_eq!(bits.take(8), 0);
        }
        assert_eq!(Bits::new(&data).left_over(), data);
    }
}
