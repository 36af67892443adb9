//! DICOM: one grey frame, from stored values to grey levels in the order of PS3.4 N.2: modality transformation, VOI
//! transformation, and then, once, the inversion of MONOCHROME1.
//! The data set is read by a small reader of our own: it never recurses, allocates nothing by a length that the file
//! states, and looks at the attributes that [`header`] names and at no other.
//! Start reading at [`read`], then `header.rs`, `display.rs`.

mod codec;
mod dataset;
mod display;
mod element;
mod fragments;
mod header;
mod jpeg2000;
mod lossless;
mod lut;
mod modality;
mod rle;
mod samples;
mod syntax;
mod text;
mod voi;

use super::{DecodeError, Film, Format, Limits, geometry};
use dataset::DataSet;
use display::Display;
use header::Header;

/// Whether this is a file of PS3.10, with or without its preamble.
pub(super) fn is_part_10(bytes: &[u8]) -> bool {
    dataset::has_preamble(bytes) || bytes.starts_with(b"DICM")
}

/// Whether this looks like a data set, or file meta information, without a preamble.
pub(super) fn is_bare(bytes: &[u8]) -> bool {
    dataset::bare_encoding(bytes).is_some()
}

pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Film, DecodeError> {
    let opened = dataset::open(bytes, limits)?;
    let data = DataSet::read(opened.bytes(), opened.syntax.encoding)?;
    let header = Header::parse(&data)?;
    let pixels = limits.admit_pixels(u32::from(header.columns), u32::from(header.rows))?;
    // The file, the stored values and the result at two bytes each, and what aspect correction copies.
    limits.admit_memory(pixels as u64 * 6 + bytes.len() as u64)?;
    let codes = samples::read(&data, &header, &opened.syntax, limits)?;
    let display = Display::parse(&data, &header)?;
    let image = display.render(&header, &codes)?;
    let (image, resampled) = geometry::square(image, header.aspect, limits)?;
    let mut facts = header.facts;
    facts.contrast = display.contrast();
    facts.resampled = resampled;
    Ok(Film { image, format: Format::Dicom { transfer_syntax: opened.syntax.name }, facts })
}
