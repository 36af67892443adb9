#![no_main]
//! Any bytes behind the start of a PNG.

#[path = "shared/attempt.rs"]
mod attempt;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| attempt::behind(b"\x89PNG\r\n\x1a\n", bytes));
