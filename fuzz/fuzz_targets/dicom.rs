#![no_main]
//! Any bytes behind a DICOM preamble. A file that has one is taken as it is.

#[path = "shared/attempt.rs"]
mod attempt;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut preamble = [0; 132];
    preamble[128..].copy_from_slice(b"DICM");
    if bytes.get(128..132) == Some(b"DICM") {
        attempt::behind(&bytes[..132], &bytes[132..]);
    } else {
        attempt::behind(&preamble, bytes);
    }
});
