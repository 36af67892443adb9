#![no_main]
//! Any bytes behind the start of a JPEG.

#[path = "shared/attempt.rs"]
mod attempt;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| attempt::behind(b"\xff\xd8\xff", bytes));
