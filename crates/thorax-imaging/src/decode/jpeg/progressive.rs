//! Scans of progressive files: coefficients are collected over many scans and turned into pixels at the end.

use super::bits::Bits;
use super::entropy::Entropy;
use super::headers::{Headers, Scan};
use super::huffman::{END_OF_BLOCK, INVALID, Table, extend};
use super::idct::{Group, LANES};
use super::plane::Plane;
use super::{IMPOSSIBLE, TRUNCATED, finish};
use crate::decode::DecodeError;

const OUT_OF_ORDER: DecodeError = DecodeError::jpeg("its scans do not follow one another, so a part of it is missing");

/// The quantised coefficients of a block in zigzag order.
#[derive(Debug, Clone)]
struct Block {
    values: [i16; 64],
    /// Bit by bit, which of them are not zero. It saves asking each of them, whose answers no processor can foretell.
    set: u64,
}

/// The coefficients of one component, as far as they are known.
#[derive(Debug)]
pub(super) struct Coefficients {
    /// Blocks from left to right, those beyond the picture included that scans of several components have.
    across: usize,
    blocks: Vec<Block>,
    /// Of each coefficient, in zigzag order, the bits still cut off.
    missing: [u32; 64],
}

/// What [`Coefficients::missing`] says of a coefficient before its first scan.
const ALL: u32 = u32::MAX;

impl Coefficients {
    /// Of the component `index`, before the first scan.
    pub(super) fn new(headers: &Headers, index: usize) -> Self {
        let component = headers.components[index];
        let (columns, rows) = headers.squares();
        let across = columns * component.across;
        Self {
            across,
            blocks: vec![Block { values: [0; 64], set: 0 }; across * rows * component.down],
            missing: [ALL; 64],
        }
    }

    /// Whether all bits of all coefficients are known.
    pub(super) fn is_complete(&self) -> bool {
        self.missing == [0; 64]
    }

    /// Notes what the scan brings, and refuses it if that does not continue what is known.
    fn refine(&mut self, scan: &Scan) -> Result<(), DecodeError> {
        for missing in &mut self.missing[scan.first..=scan.last] {
            let continues = if scan.high == 0 { *missing == ALL } else { *missing == scan.high };
            if !continues {
                return Err(OUT_OF_ORDER);
            }
            *missing = scan.low;
        }
        Ok(())
    }

    /// Turns the coefficients into pixels.
    pub(super) fn draw(&self, steps: &[i32; 64], plane: &mut Plane) {
        let mut groups = vec![Group::EMPTY; self.across.div_ceil(LANES)];
        for (row, blocks) in self.blocks.chunks_exact(self.across).enumerate() {
            for (column, block) in blocks.iter().enumerate() {
                groups[column / LANES].put(column % LANES, &block.values, block.set | 1, steps);
            }
            plane.draw(row, &mut groups);
        }
    }
}

/// Decodes a scan into those of its components whose coefficients are collected, `collected[i]` being component `i`.
pub(super) fn read(
    headers: &Headers,
    scan: &Scan,
    entropy: &Entropy,
    collected: &mut [Coefficients],
) -> Result<(), DecodeError> {
    let means = scan.first == 0;
    let sound = scan.low < 14 && (scan.high == 0 || scan.high == scan.low + 1);
    let band = if means { scan.last == 0 } else { scan.first <= scan.last && scan.last < 64 && scan.parts.len() == 1 };
    if !sound || !band {
        return Err(DecodeError::jpeg("a scan header is invalid"));
    }
    for part in &scan.parts {
        if let Some(coefficients) = collected.get_mut(part.component) {
            coefficients.refine(scan)?;
        }
    }
    if scan.parts.iter().all(|part| part.component >= collected.len()) {
        return Ok(());
    }
    let (columns, rows) = headers.units(scan);
    let interval = if headers.restart == 0 { columns * rows } else { headers.restart };
    let intervals = entropy.intervals((columns * rows).div_ceil(interval))?;
    for (index, data) in intervals.enumerate() {
        let units = index * interval..((index + 1) * interval).min(columns * rows);
        let mut bits = Bits::new(data);
        if means {
            read_means(headers, scan, columns, units, &mut bits, collected)?;
        } else {
            let part = scan.parts[0];
            let coefficients = &mut collected[part.component];
            let across = coefficients.across;
            let blocks = units.map(|unit| unit / columns * across + unit % columns);
            let mut waves = Waves { table: headers.ac(part)?, scan, blank: 0 };
            for block in blocks {
                let block = &mut coefficients.blocks[block];
                if scan.high == 0 {
                    waves.first(&mut bits, block)?;
                } else {
                    waves.more(&mut bits, block)?;
                }
                if bits.exhausted() {
                    return Err(TRUNCATED);
                }
            }
        }
        finish(&bits)?;
    }
    Ok(())
}

fn read_means(
    headers: &Headers,
    scan: &Scan,
    columns: usize,
    units: std::ops::Range<usize>,
    bits: &mut Bits<'_>,
    collected: &mut [Coefficients],
) -> Result<(), DecodeError> {
    let mut before = [0; 4];
    for unit in units {
        for &part in &scan.parts {
            let component = headers.component(part);
            let (across, down) = if scan.parts.len() == 1 { (1, 1) } else { (component.across, component.down) };
            for within in 0..across * down {
                let bit = if scan.high == 0 {
                    let mean = before[part.component] + headers.dc(part)?.next(bits)?.value();
                    before[part.component] = mean;
                    if mean.unsigned_abs() > 1 << 15 {
                        return Err(IMPOSSIBLE);
                    }
                    mean << scan.low
                } else {
                    bits.top_up();
                    (bits.take(1) << scan.low).cast_signed()
                };
                if let Some(coefficients) = collected.get_mut(part.component) {
                    let row = unit / columns * down + within / across;
                    let block = row * coefficients.across + unit % columns * across + within % across;
                    coefficients.blocks[block].values[0] |= low_16(bit);
                }
            }
        }
        if bits.exhausted() {
            return Err(TRUNCATED);
        }
    }
    Ok(())
}

#[expect(clippy::cast_possible_truncation, reason = "only what no encoder writes has more bits")]
const fn low_16(value: i32) -> i16 {
    value as i16
}

/// A scan of waves under way.
struct Waves<'a> {
    table: &'a Table,
    scan: &'a Scan,
    /// Blocks still to come in which nothing new begins.
    blank: u32,
}

impl Waves<'_> {
    /// The first bits of coefficients.
    fn first(&mut self, from: &mut Bits<'_>, block: &mut Block) -> Result<(), DecodeError> {
        if self.blank > 0 {
            self.blank -= 1;
            return Ok(());
        }
        let mut bits = *from;
        let mut at = self.scan.first;
        while at <= self.scan.last {
            let (run, value) = match self.table.quick(&mut bits) {
                Some(quick) => (quick.advance(), quick.value()),
                None => self.run_and_value(&mut bits)?,
            };
            if run == END_OF_BLOCK {
                break;
            }
            at += run;
            if at > self.scan.last {
                return Err(INVALID);
            }
            block.set(at, low_16(value << self.scan.low));
            at += 1;
        }
        *from = bits;
        Ok(())
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "so that the bits stay in registers")]
    /// As a quick look-up would give it. An end of several blocks is noted.
    fn run_and_value(&mut self, bits: &mut Bits<'_>) -> Result<(usize, i32), DecodeError> {
        let symbol = self.table.symbol(bits)?;
        let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
        if size == 0 && run < 15 {
            self.blank = (1 << run) - 1 + bits.take(run);
            return Ok((END_OF_BLOCK, 0));
        }
        if size > 10 {
            return Err(INVALID);
        }
        Ok((run as usize, extend(bits.take(size), size)))
    }

    /// One more bit of the coefficients that are not zero, and those that are no longer.
    fn more(&mut self, from: &mut Bits<'_>, block: &mut Block) -> Result<(), DecodeError> {
        let mut local = *from;
        let bits = &mut local;
        let bit = 1_i16 << self.scan.low;
        let band = u64::MAX << self.scan.first & u64::MAX >> (63 - self.scan.last);
        // Those not reached yet.
        let mut ahead = band;
        while self.blank == 0 && ahead != 0 {
            let symbol = self.table.symbol(bits)?;
            let (zeros, mut value) = (u32::from(symbol >> 4), 0);
            match symbol & 15 {
                0 if zeros < 15 => {
                    self.blank = (1 << zeros) + bits.take(zeros);
                    break;
                }
                0 => {}
                1 => value = if bits.take(1) == 1 { bit } else { -bit },
                _ => return Err(INVALID),
            }
            let unset = (0..zeros).fold(ahead & !block.set, |unset, _| unset & unset.wrapping_sub(1));
            if unset == 0 {
                return Err(INVALID);
            }
            let target = unset.trailing_zeros();
            block.correct(ahead & ((1 << target) - 1), bits, bit);
            block.set(target as usize, value);
            ahead &= u64::MAX << target << 1;
        }
        if self.blank > 0 {
            self.blank -= 1;
            block.correct(ahead, bits, bit);
        }
        *from = local;
        Ok(())
    }
}

impl Block {
    #[inline]
    fn set(&mut self, at: usize, value: i16) {
        self.values[at % 64] = value;
        self.set |= u64::from(value != 0) << at;
    }

    /// Reads one more bit of each coefficient `among` these that is not zero.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "as above")]
    fn correct(&mut self, among: u64, bits: &mut Bits<'_>, bit: i16) {
        let mut left = among & self.set;
        while left != 0 {
            let value = &mut self.values[left.trailing_zeros() as usize % 64];
            bits.top_up();
            let more = if bits.take(1) == 1 { bit } else { 0 };
            *value = value.wrapping_add(if *value < 0 { -more } else { more });
            left &= left - 1;
        }
    }
}
