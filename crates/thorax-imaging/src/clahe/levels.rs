//! Each tile's table of new grey levels: histogram, clipping, redistribution, running sum.

use super::grid::{Grid, reflect};
use super::in_parallel;
use super::sample::{Counts, Sample, round};
use rayon::prelude::*;

/// The tables of all tiles, one after the other, for the levels `first .. first + bins`.
#[derive(Debug)]
pub(super) struct Levels<S> {
    pub(super) first: usize,
    pub(super) bins: usize,
    tables: Vec<S>,
}

impl<S: Sample> Levels<S> {
    pub(super) fn of(samples: &[S], grid: &Grid, clip_limit: f64) -> Self {
        let (first, last) = S::range(samples);
        let bins = last - first + 1;
        let tiler = Tiler { samples, grid, first, limit: clip_count(clip_limit, grid.tile_area(), S::BINS) };
        let mut tables = vec![S::default(); grid.tiles_x * grid.tiles_y * bins];
        let row = grid.tiles_x * bins;
        if in_parallel(samples.len()) {
            tables.par_chunks_mut(row).enumerate().for_each(|(tile_y, tables)| tiler.fill_row(tile_y, bins, tables));
        } else {
            for (tile_y, tables) in tables.chunks_mut(row).enumerate() {
                tiler.fill_row(tile_y, bins, tables);
            }
        }
        Self { first, bins, tables }
    }

    pub(super) fn table(&self, tile: usize) -> &[S] {
        &self.tables[tile * self.bins..][..self.bins]
    }
}

/// How many pixels of a tile may share a level; `None`: any number.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "OpenCV truncates; sizes are below 2^31"
)]
fn clip_count(clip_limit: f64, tile_area: usize, bins: usize) -> Option<i32> {
    if clip_limit.is_nan() || clip_limit <= 0.0 {
        return None;
    }
    let count = clip_limit * tile_area as f64 / bins as f64;
    // Beyond 31 bits the conversion in OpenCV is undefined; on x86-64 it gives the least integer, and then 1.
    Some(if count < 2_147_483_648.0 { (count as i32).max(1) } else { 1 })
}

struct Tiler<'a, S> {
    samples: &'a [S],
    grid: &'a Grid,
    first: usize,
    limit: Option<i32>,
}

impl<S: Sample> Tiler<'_, S> {
    fn fill_row(&self, tile_y: usize, bins: usize, tables: &mut [S]) {
        let mut counts = Counts::new::<S>(bins);
        let mut histogram = vec![0; bins];
        for (tile_x, table) in tables.chunks_mut(bins).enumerate() {
            self.count(tile_x, tile_y, &mut counts);
            counts.take(&mut histogram);
            let before = self.limit.map_or(0, |limit| clip::<S>(&mut histogram, self.first, limit));
            accumulate(&histogram, before, self.grid.tile_area(), table);
        }
    }

    /// Counts a tile's pixels, the mirrored ones beyond the right and lower border included.
    fn count(&self, tile_x: usize, tile_y: usize, counts: &mut Counts) {
        let Grid { width, height, tile_width, tile_height, .. } = *self.grid;
        let left = tile_x * tile_width;
        let (inside, right) = (left.min(width)..(left + tile_width).min(width), left + tile_width);
        for y in tile_y * tile_height..(tile_y + 1) * tile_height {
            let row = &self.samples[reflect(y, height) * width..][..width];
            S::count(&row[inside.clone()], self.first, counts);
            for x in left.max(width)..right {
                S::count(&[row[reflect(x, width)]], self.first, counts);
            }
        }
    }
}

/// Cuts the histogram off at `limit` and spreads what was cut over all of the type's levels. Returns what fell on the levels
/// below the histogram's first.
#[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "at most 65536 levels, 2^31 pixels")]
fn clip<S: Sample>(histogram: &mut [i32], first: usize, limit: i32) -> i32 {
    let mut clipped = 0;
    for count in histogram.iter_mut() {
        clipped += (*count - limit).max(0);
        *count = (*count).min(limit);
    }
    let levels = S::BINS as i32;
    let (batch, residual) = (clipped / levels, (clipped % levels).cast_unsigned() as usize);
    if batch > 0 {
        for count in histogram.iter_mut() {
            *count += batch;
        }
    }
    let before = batch * first as i32;
    if residual == 0 {
        return before;
    }
    let step = (S::BINS / residual).max(1);
    let skipped = first.div_ceil(step).min(residual);
    for count in
        histogram.iter_mut().skip((skipped * step).saturating_sub(first)).step_by(step).take(residual - skipped)
    {
        *count += 1;
    }
    before + skipped as i32
}

#[expect(clippy::cast_precision_loss, reason = "single precision, as in OpenCV")]
fn accumulate<S: Sample>(histogram: &[i32], before: i32, tile_area: usize, table: &mut [S]) {
    let scale = (S::BINS - 1) as f32 / tile_area as f32;
    let mut sum = before;
    for (level, count) in table.iter_mut().zip(histogram) {
        sum += count;
        *level = S::from_rounded(round(sum as f32 * scale));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_as_opencv_counts() {
        assert_eq!(clip_count(0.0, 1024, 256), None);
        assert_eq!(clip_count(-3.0, 1024, 256), None);
        assert_eq!(clip_count(f64::NAN, 1024, 256), None);
        assert_eq!(clip_count(2.0, 1024, 256), Some(8));
        assert_eq!(clip_count(0.001, 1024, 256), Some(1));
        assert_eq!(clip_count(1e12, 1024, 256), Some(1));
    }

    #[test]
    fn clipping_loses_no_pixel() {
        let mut histogram = vec![0; 256];
        histogram[7] = 1000;
        assert_eq!(clip::<u8>(&mut histogram, 0, 10), 0);
        assert_eq!(histogram.iter().sum::<i32>(), 1000);
        assert_eq!(histogram[7], 10 + 3 + 1, "990 = 3 x 256 + 222, and the residue's steps of 1 reach level 221");
        assert_eq!((histogram[221] - histogram[222]).max(0), 1);
    }

    #[test]
    fn a_part_of_the_levels_is_clipped_like_the_whole() {
        for (first, clipped) in [(1000, 40_000), (30_001, 70_000), (3, 5), (65_000, 65_535)] {
            let mut whole = vec![0; 65_536];
            whole[first + 2] = clipped + 1;
            let mut part = vec![0; 500];
            part[2] = clipped + 1;
            clip::<u16>(&mut whole, 0, 1);
            let before = clip::<u16>(&mut part, first, 1);
            assert_eq!(whole[..first].iter().sum::<i32>(), before, "{first} {clipped}");
            assert_eq!(whole[first..first + 500], part, "{first} {clipped}");
        }
    }
}
