//! Huffman tables (ISO 10918-1 annexes C and F.2.2): a look-up by the next bits yields run and value at once.

use super::bits::Bits;
use crate::decode::DecodeError;

/// Bits by which a run and its value are looked up. The tables of luma then fit the first-level cache.
const QUICK: u32 = 11;
/// Bits by which a symbol alone is looked up.
const PLAIN: u32 = 9;

/// What [`Quick::advance`] says at an end of block: more than any run.
pub(super) const END_OF_BLOCK: usize = 128;

pub(super) const INVALID: DecodeError = DecodeError::jpeg("its Huffman tables or codes are invalid");

/// Whether a table is for means or for waves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Differences of the mean: a symbol is the size of the difference.
    Dc,
    /// Waves: a symbol is a run of zeros and the size of what follows.
    Ac,
}

impl Class {
    /// The most bits that a difference or a wave of 8-bit samples can have.
    const fn most_bits(self) -> u32 {
        match self {
            Self::Dc => 11,
            Self::Ac => 10,
        }
    }
}

/// A run of zeros and the value after it, with the number of bits they took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quick(u32);

impl Quick {
    /// Look up the symbol by itself.
    const NONE: Self = Self(0);

    #[expect(clippy::cast_sign_loss, reason = "packed as bits")]
    const fn new(bits: u32, advance: u32, value: i32) -> Self {
        Self(bits | advance << 8 | (value as u32) << 16)
    }

    #[inline]
    const fn bits(self) -> u32 {
        self.0 & 0xFF
    }

    /// Zeros before the value, or [`END_OF_BLOCK`].
    #[inline]
    pub(super) const fn advance(self) -> usize {
        (self.0 >> 8 & 0xFF) as usize
    }

    #[inline]
    pub(super) const fn value(self) -> i32 {
        self.0.cast_signed() >> 16
    }
}

/// A table, made for looking up.
#[derive(Debug, Clone)]
pub(super) struct Table {
    class: Class,
    quick: Box<[Quick; 1 << QUICK]>,
    /// Code length × 256 + symbol; 0 where the code is longer.
    plain: Box<[u16; 1 << PLAIN]>,
    /// By length: the first code beyond those of that length, aligned to 16 bits.
    beyond: [u32; 17],
    /// By length: place of its first symbol less its first code.
    offsets: [i32; 17],
    symbols: Box<[u8; 256]>,
}

impl Table {
    /// The table that a DHT segment describes: how many codes there are of each length, and their symbols.
    pub(super) fn new(class: Class, counts: &[u8; 16], symbols: &[u8]) -> Result<Self, DecodeError> {
        let mut table = Self {
            class,
            quick: Box::new([Quick::NONE; 1 << QUICK]),
            plain: Box::new([0; 1 << PLAIN]),
            beyond: [0; 17],
            offsets: [0; 17],
            symbols: Box::new([0; 256]),
        };
        table.symbols.get_mut(..symbols.len()).ok_or(INVALID)?.copy_from_slice(symbols);
        let (mut code, mut place) = (0_u32, 0_u16);
        for (length, &count) in (1_u32..).zip(counts) {
            let after = code + u32::from(count);
            if after > 1 << length {
                return Err(INVALID);
            }
            table.offsets[length as usize] = i32::from(place) - code.cast_signed();
            for code in code..after {
                table.enter(code, length, table.symbols[usize::from(place)]);
                place += 1;
            }
            table.beyond[length as usize] = after << (16 - length);
            code = after << 1;
        }
        Ok(table)
    }

    fn enter(&mut self, code: u32, length: u32, symbol: u8) {
        if length <= PLAIN {
            let first = (code as usize) << (PLAIN - length);
            #[expect(clippy::cast_possible_truncation, reason = "a length is at most 16")]
            self.plain[first..first + (1 << (PLAIN - length))].fill((length as u16) << 8 | u16::from(symbol));
        }
        let (run, size) = match self.class {
            Class::Dc => (0, u32::from(symbol)),
            Class::Ac => (u32::from(symbol >> 4), u32::from(symbol & 15)),
        };
        let bits = length + size;
        if bits > QUICK || size > self.class.most_bits() {
            return;
        }
        let unused = QUICK - bits;
        for magnitude in 0..1_u32 << size {
            let entry = match (self.class, run, size) {
                (Class::Ac, 0, 0) => Quick::new(bits, 128, 0),
                (Class::Ac, 1..=14, 0) => Quick::NONE,
                _ => Quick::new(bits, run, extend(magnitude, size)),
            };
            let first = ((code << size | magnitude) as usize) << unused;
            self.quick[first..first + (1 << unused)].fill(entry);
        }
    }

    /// The next run and value.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "so that the bits stay in registers")]
    pub(super) fn next(&self, bits: &mut Bits<'_>) -> Result<Quick, DecodeError> {
        if let Some(quick) = self.quick(bits) {
            return Ok(quick);
        }
        let quick;
        (quick, *bits) = self.slowly(*bits)?;
        Ok(quick)
    }

    /// The next run and value if one look-up tells them; else nothing is read.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "as above")]
    pub(super) fn quick(&self, bits: &mut Bits<'_>) -> Option<Quick> {
        bits.top_up();
        let quick = self.quick[bits.peek(QUICK) as usize];
        bits.skip(quick.bits());
        (quick.bits() > 0).then_some(quick)
    }

    #[cold]
    #[inline(never)]
    fn slowly<'a>(&self, mut bits: Bits<'a>) -> Result<(Quick, Bits<'a>), DecodeError> {
        let symbol = u32::from(self.symbol(&mut bits)?);
        let (run, size) = match self.class {
            Class::Dc => (0, symbol),
            Class::Ac => (symbol >> 4, symbol & 15),
        };
        match (self.class, run, size) {
            (Class::Ac, 0, 0) => Ok((Quick::new(0, 128, 0), bits)),
            (Class::Ac, 1..=14, 0) => Err(INVALID),
            _ if size > self.class.most_bits() => Err(INVALID),
            _ => Ok((Quick::new(0, run, extend(bits.take(size), size)), bits)),
        }
    }

    /// The next symbol alone. Leaves the bits of its value in the window.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "as above")]
    pub(super) fn symbol(&self, bits: &mut Bits<'_>) -> Result<u8, DecodeError> {
        bits.top_up();
        let plain = self.plain[bits.peek(PLAIN) as usize];
        if plain != 0 {
            bits.skip(u32::from(plain >> 8));
            return Ok(plain.to_le_bytes()[0]);
        }
        let (length, symbol) = self.long(bits.peek(16)).ok_or(INVALID)?;
        bits.skip(length);
        Ok(symbol)
    }

    /// Length and symbol of a code longer than [`PLAIN`] that begins these 16 bits.
    #[cold]
    fn long(&self, code: u32) -> Option<(u32, u8)> {
        let length = (PLAIN + 1..=16).find(|&length| code < self.beyond[length as usize])?;
        let place = (code >> (16 - length)).cast_signed() + self.offsets[length as usize];
        Some((length, *self.symbols.get(usize::try_from(place).ok()?)?))
    }
}

/// The value of a magnitude of `size` bits: those that begin with 0 are negative.
#[inline]
pub(super) const fn extend(magnitude: u32, size: u32) -> i32 {
    let least = if size == 0 { 0 } else { 1 << (size - 1) };
    if magnitude < least { magnitude.cast_signed() + 1 - (1 << size) } else { magnitude.cast_signed() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Codes 0, 10, 110, 1110 … up to sixteen bits: a value, an end of block, and runs of ever larger values.
    fn table() -> Table {
        let symbols: Vec<u8> =
            [0x01, 0x00, 0x12, 0xF0, 0x2A].into_iter().chain(0x31..0x3A).chain([0x0A, 0x6A]).collect();
        Table::new(Class::Ac, &[1; 16], &symbols).unwrap()
    }

    #[test]
    fn looks_up_runs_and_values_of_any_length() {
        // 0 1, 110 10, 1110, 11110 with ten bits, fifteen ones and a zero with ten bits, 10.
        let data = "01110101110111101111111110".to_owned() + "1111111111111110" + "0000000000" + "1000";
        let data: Vec<u8> =
            data.as_bytes().chunks(8).map(|byte| byte.iter().fold(0, |b, &c| b << 1 | (c & 1))).collect();
        let (table, mut bits) = (table(), Bits::new(&data));
        let mut next = || table.next(&mut bits).map(|quick| (quick.advance(), quick.value())).unwrap();
        assert_eq!([next(), next(), next()], [(0, 1), (1, 2), (15, 0)]);
        assert_eq!([next(), next(), next()], [(2, 1022), (6, -1023), (END_OF_BLOCK, 0)]);
    }

    #[test]
    fn refuses_codes_that_do_not_exist_and_tables_that_cannot_be() {
        let mut bits = Bits::new(&[0xFF; 8]);
        assert_eq!(table().next(&mut bits), Err(INVALID));
        let mut counts = [0; 16];
        counts[0] = 3;
        assert!(Table::new(Class::Dc, &counts, &[0, 1, 2]).is_err());
        assert!(Table::new(Class::Dc, &[255; 16], &[0; 257]).is_err());
    }

    #[test]
    fn values_that_begin_with_0_are_negative() {
        for (magnitude, size, value) in [(0, 0, 0), (0, 1, -1), (1, 1, 1), (0, 3, -7), (3, 3, -4), (4, 3, 4), (7, 3, 7)]
        {
            assert_eq!(extend(magnitude, size), value);
        }
    }
}
