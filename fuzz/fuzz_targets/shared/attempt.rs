//! One decode under limits small enough for thousands of them in a second.

use std::time::Duration;
use thorax_imaging::decode::{DecodeError, Limits, decode};

/// Decodes `bytes` behind `magic`, unless they begin with it already.
pub fn behind(magic: &[u8], bytes: &[u8]) {
    let limits = Limits { bytes: 1 << 20, pixels: 1 << 20, memory: 64 << 20, time: Duration::from_secs(20) };
    let whole = if bytes.starts_with(magic) { bytes.to_vec() } else { [magic, bytes].concat() };
    match decode(&whole, &limits) {
        // A panic ends the fuzzer by itself. A decode that outlives so small a limit is a finding as well.
        Err(DecodeError::TooSlow { limit }) => panic!("still busy after {limit:?}"),
        Ok(film) => assert!(film.image.width() > 0 && film.image.height() > 0),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
