//! The second pass: every pixel looked up in the tables of the four tiles around it, and interpolated.
//!
//! The look-up is what costs. All pixels between the same four tile centres use the same four tables, so these are joined
//! into one, whose entries hold the four levels side by side: one load a pixel instead of four.

use super::grid::{Axis, Grid, Span};
use super::in_parallel;
use super::levels::Levels;
use super::sample::{Row, Sample};
use rayon::prelude::*;
use std::ops::Range;

/// Rows which a thread takes at a time.
const BAND_ROWS: usize = 64;

/// Joining tables pays when this many pixels use each entry.
const JOIN_FROM: usize = 2;

pub(super) fn blend<S: Sample>(samples: &[S], grid: &Grid, levels: &Levels<S>) -> Vec<S> {
    let mut out = vec![S::default(); samples.len()];
    let (columns, rows) = (grid.columns(), grid.rows());
    let blender = Blender { samples, grid, levels, columns: &columns, rows: &rows };
    let parallel = in_parallel(samples.len());
    let most_rows = if parallel { BAND_ROWS } else { usize::MAX };
    let mut bands = Vec::new();
    let mut rest = out.as_mut_slice();
    for (span, rows) in rows.spans.iter().flat_map(|span| cut(span, most_rows)) {
        let (band, below) = rest.split_at_mut(rows.len() * grid.width);
        bands.push((span, rows, band));
        rest = below;
    }
    if parallel {
        bands.into_par_iter().for_each(|(span, rows, band)| blender.band(span, rows, band));
    } else {
        for (span, rows, band) in bands {
            blender.band(span, rows, band);
        }
    }
    out
}

fn cut(span: &Span, most: usize) -> impl Iterator<Item = (&Span, Range<usize>)> {
    let Range { start, end } = span.positions;
    (start..end).step_by(most).map(move |from| (span, from..end.min(from.saturating_add(most))))
}

struct Blender<'a, S> {
    samples: &'a [S],
    grid: &'a Grid,
    levels: &'a Levels<S>,
    columns: &'a Axis,
    rows: &'a Axis,
}

impl<S: Sample> Blender<'_, S> {
    fn band(&self, span: &Span, rows: Range<usize>, out: &mut [S]) {
        let joined = self.grid.tile_area() / self.levels.bins >= JOIN_FROM;
        let tables = if joined { self.join_tables(span) } else { Vec::new() };
        let width = self.grid.width;
        let mut fours = vec![S::Four::default(); width];
        for (y, out) in rows.zip(out.chunks_exact_mut(width)) {
            let row = &self.samples[y * width..][..width];
            if joined {
                for (column, table) in self.columns.spans.iter().zip(tables.chunks_exact(self.levels.bins)) {
                    let positions = column.positions.clone();
                    S::look_up(&row[positions.clone()], table, self.levels.first, &mut fours[positions]);
                }
            } else {
                self.look_up_apart(span, row, &mut fours);
            }
            let far = self.rows.far[y];
            S::mix(&fours, &self.columns.far, Row { near: 1.0 - far, far }, out);
        }
    }

    fn tables(&self, row: &Span, column: &Span) -> [&[S]; 4] {
        let tiles_x = self.grid.tiles_x;
        let table = |tile_y: usize, tile_x: usize| self.levels.table(tile_y * tiles_x + tile_x);
        [
            table(row.near, column.near),
            table(row.near, column.far),
            table(row.far, column.near),
            table(row.far, column.far),
        ]
    }

    fn join_tables(&self, row: &Span) -> Vec<S::Four> {
        let mut joined = Vec::with_capacity(self.columns.spans.len() * self.levels.bins);
        for column in &self.columns.spans {
            let [a, b, c, d] = self.tables(row, column);
            joined.extend(a.iter().zip(b).zip(c.iter().zip(d)).map(|((&a, &b), (&c, &d))| S::join([a, b, c, d])));
        }
        joined
    }

    fn look_up_apart(&self, row: &Span, samples: &[S], fours: &mut [S::Four]) {
        for column in &self.columns.spans {
            let tables = self.tables(row, column);
            let positions = column.positions.clone();
            for (four, sample) in fours[positions.clone()].iter_mut().zip(&samples[positions]) {
                let level = sample.level() - self.levels.first;
                *four = S::join(tables.map(|table| table[level]));
            }
        }
    }
}
