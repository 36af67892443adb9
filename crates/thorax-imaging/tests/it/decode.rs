//! Reading files: golden levels, what is refused and how, and what hostile bytes do.

mod builder;
mod golden;
mod hostile;
mod lossless;
mod mutation;
mod refused;

use std::path::{Path, PathBuf};
use thorax_imaging::decode::{DecodeError, Film, Limits};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(fixtures().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn decode(bytes: &[u8]) -> Result<Film, DecodeError> {
    thorax_imaging::decode::decode(bytes, &Limits::default())
}

/// The name of an error's variant.
fn variant(error: &DecodeError) -> String {
    let text = format!("{error:?}");
    text.split(|letter: char| !letter.is_alphanumeric()).next().unwrap().to_owned()
}
