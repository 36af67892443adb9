//! Levels that independent programs gave for the same files; `fixtures/make_golden.py` wrote them.

use super::builder::Dicom;
use super::{decode, fixture};
use thorax_imaging::Pixels;
use thorax_imaging::decode::{Contrast, Film, Format, Limits};

fn levels(film: &Film) -> Vec<u16> {
    match film.image.pixels() {
        Pixels::U8(samples) => samples.iter().map(|&sample| u16::from(sample)).collect(),
        Pixels::U16(samples) => samples.clone(),
    }
}

#[test]
fn every_fixture_gives_the_levels_of_independent_programs() {
    let table = String::from_utf8(fixture("golden.csv")).unwrap();
    let mut problems = Vec::new();
    let mut files = 0;
    for line in table.lines().skip(1) {
        let [name, width, height, bits, step, tolerance, contrast, inverted] =
            line.split(',').collect::<Vec<_>>()[..].try_into().unwrap();
        files += 1;
        let film = match decode(&fixture(name)) {
            Ok(film) => film,
            Err(error) => {
                problems.push(format!("{name}: {error}"));
                continue;
            }
        };
        let seen = format!(
            "{},{},{},{:?},{}",
            film.image.width(),
            film.image.height(),
            film.image.bits(),
            film.facts.contrast,
            u8::from(film.facts.inverted)
        );
        let stated = format!("{width},{height},{bits},{contrast},{inverted}");
        if seen != stated {
            problems.push(format!("{name}: {seen} instead of {stated}"));
            continue;
        }
        let golden = fixture(&format!("golden/{}.u16", name.replace('/', "_")));
        let (golden, _) = golden.as_chunks::<2>();
        let ours = levels(&film);
        let ours = ours.iter().step_by(step.parse().unwrap());
        assert_eq!(ours.len(), golden.len(), "{name}");
        let worst = ours.zip(golden).map(|(&ours, theirs)| ours.abs_diff(u16::from_le_bytes(*theirs))).max().unwrap();
        if worst > tolerance.parse().unwrap() {
            problems.push(format!("{name}: differs by {worst}, {tolerance} allowed"));
        }
    }
    assert!(files > 100, "{files}");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn the_same_picture_in_every_encoding_is_the_same() {
    let reference = levels(&decode(&fixture("dicom/syntax_explicit.dcm")).unwrap());
    for name in [
        "syntax_implicit",
        "syntax_deflated",
        "syntax_big",
        "bare_explicit",
        "bare_implicit",
        "bare_big",
        "from_magic",
        "from_meta",
    ] {
        let film = decode(&fixture(&format!("dicom/{name}.dcm"))).unwrap();
        assert_eq!(levels(&film), reference, "{name}");
    }
    let reference = levels(&decode(&fixture("pydicom/MR_small.dcm")).unwrap());
    for name in ["RLE", "bigendian", "implicit", "jp2klossless", "padded"] {
        let film = decode(&fixture(&format!("pydicom/MR_small_{name}.dcm"))).unwrap();
        assert_eq!(levels(&film), reference, "{name}");
    }
}

#[test]
fn facts_say_what_the_file_says_and_nothing_about_a_person() {
    let film = decode(&fixture("dicom/syntax_deflated.dcm")).unwrap();
    let facts = &film.facts;
    assert_eq!((facts.source_width, facts.source_height, facts.source_bits), (17, 15, 12));
    assert_eq!(facts.modality.as_deref(), Some("DX"));
    assert_eq!(facts.body_part.as_deref(), Some("CHEST"));
    assert_eq!(facts.view_position.as_deref(), Some("PA"));
    assert_eq!(facts.age_years, Some(47));
    assert_eq!(film.format.to_string(), "DICOM (deflated explicit little endian)");
    let film = decode(&fixture("jpeg/turn_6.jpg")).unwrap();
    assert_eq!((film.facts.source_width, film.image.width()), (45, 37));
    assert_eq!((film.format, film.facts.colour), (Format::Jpeg, false));
    let film = decode(&fixture("png/palette_4.png")).unwrap();
    assert!(film.facts.colour);
    assert_eq!((film.format, film.facts.source_bits), (Format::Png, 4));

    let named = Dicom::film().text(0x0010_0010, "PN", "Doe^Jane").text(0x0018_5101, "CS", "doe^jane");
    assert!(!format!("{:?}", decode(&named.bytes()).unwrap()).to_lowercase().contains("doe"));
}

#[test]
fn a_file_in_colour_or_cmyk_is_grey_or_refused_by_name() {
    let error = decode(&fixture("jpeg/cmyk.jpg")).unwrap_err();
    assert!(error.to_string().contains("CMYK"), "{error}");
    assert!(decode(&fixture("jpeg/colour_rgb.jpg")).unwrap().facts.colour);
}

#[test]
fn pixels_that_are_not_square_are_made_square() {
    let plain = decode(&Dicom::film().bytes()).unwrap();
    assert_eq!((plain.image.width(), plain.image.height(), plain.facts.resampled), (4, 3, false));
    for (tag, value, size) in [
        (0x0028_0034, "2\\1", (4, 6)),
        (0x0028_0034, "1\\2", (8, 3)),
        (0x0018_1164, "0.2\\0.1", (4, 6)),
        (0x0028_0030, "0.1\\0.3", (12, 3)),
    ] {
        let film = decode(&Dicom::film().text(tag, "DS", value).bytes()).unwrap();
        assert_eq!((film.image.width(), film.image.height()), size, "{tag:x} {value}");
        assert!(film.facts.resampled);
        assert_eq!((film.facts.source_width, film.facts.source_height), (4, 3));
    }
    for (tag, value) in [(0x0028_0030, "0\\0"), (0x0018_1164, "0.14\\0.14"), (0x0028_0034, "1\\1")] {
        assert!(!decode(&Dicom::film().text(tag, "DS", value).bytes()).unwrap().facts.resampled);
    }
}

#[test]
fn flat_and_wholly_padded_pictures_are_black() {
    for polarity in ["MONOCHROME1", "MONOCHROME2"] {
        let flat = Dicom::film().text(0x0028_0004, "CS", polarity).words(0x7FE0_0010, "OW", &[7; 12]);
        let padded = flat.clone().word(0x0028_0120, 7);
        for film in [flat, padded] {
            let film = decode(&film.bytes()).unwrap();
            assert_eq!(film.facts.contrast, Contrast::FullRange);
            assert!(levels(&film).iter().all(|&level| level == 0));
        }
    }
}

#[test]
fn the_presentation_shape_never_inverts_a_second_time() {
    let inverse = |polarity| {
        let film = Dicom::film().text(0x0028_0004, "CS", polarity).text(0x2050_0020, "CS", "INVERSE");
        decode(&film.bytes())
    };
    let film = inverse("MONOCHROME1").unwrap();
    assert_eq!((levels(&film)[0], levels(&film)[11]), (u16::MAX, 0));
    assert!(inverse("MONOCHROME2").is_err());
}

#[test]
fn bits_beyond_those_stored_do_not_leak_in() {
    // An overlay in the unused high bits, as old files have it.
    let overlay = Dicom::film().words(0x7FE0_0010, "OW", &[0xF000, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0x800B]);
    assert_eq!(levels(&decode(&overlay.bytes()).unwrap()), levels(&decode(&Dicom::film().bytes()).unwrap()));
}

#[test]
fn limits_of_exactly_the_right_size_are_enough() {
    let bytes = Dicom::film().bytes();
    let limits = Limits { bytes: bytes.len() as u64, pixels: 12, ..Limits::default() };
    assert!(thorax_imaging::decode::decode(&bytes, &limits).is_ok());
}
