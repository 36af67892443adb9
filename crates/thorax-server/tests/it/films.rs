//! Films for the toy bundle, and files that are none.

use std::fs;
use std::path::{Path, PathBuf};

use thorax_imaging::{GrayImage, Pixels, encode};

/// A ramp of greys around `grey`, which the toy's gate accepts from about 40 on.
pub fn film(grey: u8, side: u32) -> GrayImage {
    let samples = (0..side * side).map(|index| grey.saturating_add(u8::try_from(index % side * 40 / side).unwrap()));
    GrayImage::new(side, side, Pixels::U8(samples.collect())).unwrap()
}

/// Writes such a film as PNG.
pub fn png(folder: &Path, name: &str, grey: u8) -> PathBuf {
    write(folder, name, &encode::png(&film(grey, 64)).unwrap())
}

/// Writes bytes.
pub fn write(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, bytes).unwrap();
    path
}

/// A photograph's worth of nothing: one black square, which no gate lets through.
pub fn black(folder: &Path, name: &str) -> PathBuf {
    let square = GrayImage::new(64, 64, Pixels::U8(vec![0; 64 * 64])).unwrap();
    write(folder, name, &encode::png(&square).unwrap())
}
