//! Valid files, cut and changed at random: whatever comes out, it is a picture or an error, never a panic.
//! The same bytes start the fuzz targets; this is their small sibling that needs no fuzzer.

use super::{decode, fixtures, variant};
use proptest::prelude::*;
use thorax_imaging::decode::DecodeError;

const SEEDS: &[&str] = &["dicom", "pydicom", "jpeg", "png"];

/// Every fixture that is small enough to be decoded many times.
fn seeds() -> Vec<(String, Vec<u8>)> {
    let mut seeds: Vec<(String, Vec<u8>)> = SEEDS
        .iter()
        .flat_map(|folder| std::fs::read_dir(fixtures().join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(path).unwrap()))
        .filter(|(_, bytes)| bytes.len() < 10_000)
        .collect();
    seeds.sort();
    seeds
}

/// A panic inside the thread of a decode shows as this one reason.
fn is_panic(outcome: &Result<thorax_imaging::decode::Film, DecodeError>) -> bool {
    matches!(outcome, Err(DecodeError::Corrupt { reason, .. }) if reason.contains("break the decoder"))
}

#[test]
fn cut_at_every_place_a_file_is_refused() {
    for name in [
        "jpeg/grey.jpg",
        "jpeg/colour_420_progressive.jpg",
        "png/grey_16.png",
        "png/interlaced_16.png",
        "dicom/syntax_explicit.dcm",
        "dicom/syntax_deflated.dcm",
        "dicom/rle_12.dcm",
        "dicom/j2k_12.dcm",
        "dicom/voi_lut_m1.dcm",
        "dicom/jpeg_baseline.dcm",
    ] {
        let good = super::fixture(name);
        let step = (good.len() / 150).max(1);
        // The last bytes may be padding, a checksum or an end marker, without which the picture is complete.
        for end in (0..good.len() - 40).step_by(step) {
            let outcome = decode(&good[..end]);
            assert!(!is_panic(&outcome), "{name} cut at {end}");
            let error = outcome.expect_err(&format!("{name} was read although cut at {end} of {}", good.len()));
            // Cut between two elements, a DICOM file is a shorter DICOM file, one without an image.
            let expected = ["Truncated", "Corrupt", "Unsupported"];
            assert!(end < 400 || expected.contains(&variant(&error).as_str()), "{name} {end}: {error:?}");
        }
    }
}

#[test]
fn noise_behind_every_magic_is_refused() {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut preamble = vec![0; 128];
    preamble.extend(b"DICM");
    for magic in [
        b"\xff\xd8\xff".as_slice(),
        b"\x89PNG\r\n\x1a\n",
        &preamble,
        b"\x08\0\x05\0CS",
        b"\0\x08\0\x05CS",
        b"\x08\0\0\0\x04\0\0\0",
    ] {
        for _ in 0..200 {
            let mut bytes = magic.to_vec();
            for _ in 0..64 {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                bytes.extend(state.to_le_bytes());
            }
            let outcome = decode(&bytes);
            assert!(outcome.is_err() && !is_panic(&outcome));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_anywhere_a_file_is_a_picture_or_an_error(
        choice in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        end in any::<prop::sample::Index>(),
        cut in prop::bool::weighted(0.3),
    ) {
        static ALL: std::sync::LazyLock<Vec<(String, Vec<u8>)>> = std::sync::LazyLock::new(seeds);
        let (name, bytes) = choice.get(&ALL);
        let mut bytes = bytes.clone();
        for (place, value) in changes {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        if cut {
            bytes.truncate(end.index(bytes.len()));
        }
        let outcome = decode(&bytes);
        prop_assert!(!is_panic(&outcome), "{} panics", name);
        if let Ok(film) = outcome {
            prop_assert!(film.image.width() > 0 && film.image.height() > 0);
        }
    }
}
