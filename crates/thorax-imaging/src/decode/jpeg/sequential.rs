//! Scans of sequential files: every block comes whole, so a row of units is turned into pixels as soon as it is there.

use super::bits::Bits;
use super::entropy::Entropy;
use super::headers::{Headers, NATURAL, Scan};
use super::huffman::{END_OF_BLOCK, INVALID, Table};
use super::idct::{Group, LANES};
use super::plane::Plane;
use super::{IMPOSSIBLE, TRUNCATED, finish};
use crate::decode::DecodeError;

/// Decodes a scan into those of its components for which there is a plane.
pub(super) fn read(headers: &Headers, scan: &Scan, entropy: &Entropy, planes: &mut [Plane]) -> Result<(), DecodeError> {
    let (columns, rows) = headers.units(scan);
    let interval = if headers.restart == 0 { columns * rows } else { headers.restart };
    let mut lanes = Vec::new();
    let mut planes = planes.iter_mut().map(Some).collect::<Vec<_>>();
    for &part in &scan.parts {
        let component = headers.component(part);
        let alone = scan.parts.len() == 1;
        let (across, down) = if alone { (1, 1) } else { (component.across, component.down) };
        let plane = planes.get_mut(part.component).and_then(Option::take);
        let target = plane
            .map(|plane| {
                plane.begin()?;
                let groups = (columns * across).div_ceil(LANES);
                let stripe = vec![Group::EMPTY; groups * down];
                Ok(Target { steps: headers.steps(part.component)?, mean: 0, stripe, groups, plane })
            })
            .transpose()?;
        lanes.push(Lane { across, down, dc: headers.dc(part)?, ac: headers.ac(part)?, target });
    }
    let mut intervals = entropy.intervals((columns * rows).div_ceil(interval))?;
    let mut bits = Bits::new(intervals.next().ok_or(TRUNCATED)?);
    let mut left = interval;
    for row in 0..rows {
        let mut column = 0;
        while column < columns {
            if left == 0 {
                finish(&bits)?;
                bits = Bits::new(intervals.next().ok_or(TRUNCATED)?);
                left = interval;
                for target in lanes.iter_mut().filter_map(|lane| lane.target.as_mut()) {
                    target.mean = 0;
                }
            }
            let run = left.min(columns - column);
            units(&mut lanes, &mut bits, column..column + run)?;
            left -= run;
            column += run;
        }
        if bits.exhausted() {
            return Err(TRUNCATED);
        }
        for Lane { down, target, .. } in &mut lanes {
            if let Some(target) = target {
                target.draw(row * *down);
            }
        }
    }
    finish(&bits)
}

/// A component in a scan.
struct Lane<'a> {
    across: usize,
    down: usize,
    dc: &'a Table,
    ac: &'a Table,
    /// Where it goes. Nowhere: only its bits are passed over.
    target: Option<Target<'a>>,
}

struct Target<'a> {
    steps: [i32; 64],
    /// Mean of the block before.
    mean: i32,
    /// The blocks of one row of units, row by row.
    stripe: Vec<Group>,
    /// Groups of blocks from left to right.
    groups: usize,
    plane: &'a mut Plane,
}

impl Target<'_> {
    /// Turns the stripe, whose first blocks are in `row` of all blocks, to pixels and empties it.
    fn draw(&mut self, row: usize) {
        for (row, groups) in (row..).zip(self.stripe.chunks_exact_mut(self.groups)) {
            self.plane.draw(row, groups);
        }
    }
}

/// Decodes units of one row. Works on copies of the bits, so that they live in registers.
fn units(lanes: &mut [Lane<'_>], from: &mut Bits<'_>, columns: std::ops::Range<usize>) -> Result<(), DecodeError> {
    let mut bits = *from;
    for column in columns {
        for Lane { across, down, dc, ac, target } in lanes.iter_mut() {
            for y in 0..*down {
                for x in column * *across..(column + 1) * *across {
                    if let Some(target) = target {
                        let group = &mut target.stripe[y * target.groups + x / LANES];
                        let mean = dc.next(&mut bits)?.value() + target.mean;
                        target.mean = mean;
                        group.coefficients[x % LANES] = dequantised_mean(mean, target.steps[0])?;
                        waves(ac, &mut bits, &target.steps, group, x % LANES)?;
                    } else {
                        dc.next(&mut bits)?;
                        pass_waves(ac, &mut bits)?;
                    }
                }
            }
        }
    }
    *from = bits;
    Ok(())
}

/// A quarter more than 8 bits can give is left for encoders that change pictures without decoding them.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "of steps that large no encoder makes use")]
fn dequantised_mean(mean: i32, step: i32) -> Result<i16, DecodeError> {
    let value = mean * step;
    if value.abs() > 1280 + step { Err(IMPOSSIBLE) } else { Ok(value as i16) }
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "so that the bits stay in registers")]
#[expect(clippy::cast_possible_truncation, reason = "only what no encoder writes takes more than 16 bits")]
fn waves(
    table: &Table,
    bits: &mut Bits<'_>,
    steps: &[i32; 64],
    group: &mut Group,
    lane: usize,
) -> Result<(), DecodeError> {
    let mut at = 1;
    while at < 64 {
        let quick = table.next(bits)?;
        at += quick.advance();
        if at > 63 {
            break;
        }
        let place = usize::from(NATURAL[at]) * LANES + lane;
        group.coefficients[place % (64 * LANES)] = (quick.value() * steps[at]) as i16;
        at += 1;
    }
    let last = last(at)?;
    group.last = group.last.max(last);
    Ok(())
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "as above")]
fn pass_waves(table: &Table, bits: &mut Bits<'_>) -> Result<(), DecodeError> {
    let mut at = 1;
    while at < 64 {
        at += table.next(bits)?.advance() + 1;
    }
    // Having passed the end by one counts as a wave: take that off again.
    last(if at > END_OF_BLOCK { at - 1 } else { at }).map(drop)
}

/// The last wave, from where reading stopped: exactly behind the block, or that much and [`END_OF_BLOCK`].
#[inline]
const fn last(at: usize) -> Result<usize, DecodeError> {
    match at {
        64 => Ok(63),
        65..=END_OF_BLOCK => Err(INVALID),
        _ => Ok(at - END_OF_BLOCK - 1),
    }
}
