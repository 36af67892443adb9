//! Files that lie. Each has the one error it must give; none may panic, hang or allocate what it claims.

use super::builder::{Dicom, EXPLICIT, item, part_10};
use super::{decode, fixture, variant};
use std::io::Write;
use std::time::Duration;
use thorax_imaging::decode::{DecodeError, Limits};

const ROWS: u32 = 0x0028_0010;
const COLUMNS: u32 = 0x0028_0011;
const PIXELS: u32 = 0x7FE0_0010;

fn check(cases: Vec<(&str, Vec<u8>, &str)>) {
    let problems: Vec<String> = cases
        .into_iter()
        .filter_map(|(name, bytes, expected)| match decode(&bytes) {
            Ok(_) => Some(format!("{name}: was read")),
            Err(error) if variant(&error) == expected => None,
            Err(error) => Some(format!("{name}: {error:?} instead of {expected}")),
        })
        .collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

fn png_claiming(width: u32, height: u32, depth: u8, data: &[u8]) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut head = [width.to_be_bytes(), height.to_be_bytes()].concat();
    head.extend([depth, 0, 0, 0, 0]);
    for (tag, body) in [(b"IHDR", head.as_slice()), (b"IDAT", data), (b"IEND", &[])] {
        file.extend(u32::try_from(body.len()).unwrap().to_be_bytes());
        let start = file.len();
        file.extend(tag);
        file.extend(body);
        let mut sum = flate2::Crc::new();
        sum.update(&file[start..]);
        file.extend(sum.sum().to_be_bytes());
    }
    file
}

fn zeros_in_zlib(count: usize) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&vec![0; count]).unwrap();
    encoder.finish().unwrap()
}

fn jpeg_with(change: impl Fn(&mut Vec<u8>, usize)) -> Vec<u8> {
    let mut file = fixture("jpeg/grey.jpg");
    let frame = file.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    change(&mut file, frame);
    file
}

#[test]
fn pngs() {
    let good = fixture("png/grey_16.png");
    let mut bad_sum = good.clone();
    bad_sum[20] ^= 1;
    check(vec![
        ("huge size", png_claiming(60_000, 60_000, 16, &zeros_in_zlib(100)), "TooManyPixels"),
        ("largest size", png_claiming(0x7FFF_FFFF, 0x7FFF_FFFF, 8, &[]), "TooManyPixels"),
        ("size beyond the format", png_claiming(u32::MAX, u32::MAX, 8, &[]), "TooManyPixels"),
        ("no width", png_claiming(0, 10, 8, &zeros_in_zlib(11)), "Corrupt"),
        ("depth of 3", png_claiming(10, 10, 3, &zeros_in_zlib(110)), "Corrupt"),
        ("too few rows", png_claiming(100, 100, 8, &zeros_in_zlib(1000)), "Corrupt"),
        ("no rows", png_claiming(100, 100, 8, &[]), "Corrupt"),
        ("wrong checksum", bad_sum, "Corrupt"),
        ("magic only", good[..8].to_vec(), "Truncated"),
        ("magic and noise", [&good[..8], &[0xAA; 64]].concat(), "Corrupt"),
    ]);
    // A hundred megabytes of rows beyond the picture are not kept.
    assert!(decode(&png_claiming(64, 64, 8, &zeros_in_zlib(100 << 20))).is_ok());
}

#[test]
fn jpegs() {
    let good = fixture("jpeg/grey.jpg");
    let mut noise = good[..good.len() - 400].to_vec();
    noise.extend([0x55; 400]);
    check(vec![
        ("huge size", jpeg_with(|file, at| file[at + 5..at + 9].fill(0xFF)), "TooManyPixels"),
        ("more than is there", jpeg_with(|file, at| file[at + 5] = 0x40), "Truncated"),
        ("no rows", jpeg_with(|file, at| file[at + 5..at + 7].fill(0)), "Corrupt"),
        ("nine components", jpeg_with(|file, at| file[at + 9] = 9), "Corrupt"),
        ("precision of 9", jpeg_with(|file, at| file[at + 4] = 9), "Corrupt"),
        ("two frames", jpeg_with(|file, at| drop(file.splice(at..at, file[at..at + 13].to_vec()))), "Unsupported"),
        ("magic only", b"\xff\xd8\xff".to_vec(), "Truncated"),
        ("segment beyond the end", b"\xff\xd8\xff\xe0\xff\xff".to_vec(), "Truncated"),
        ("segment without length", b"\xff\xd8\xff\xe0\0\x01".to_vec(), "Corrupt"),
        ("no image", b"\xff\xd8\xff\xd9".to_vec(), "Corrupt"),
        ("a comment bomb", [b"\xff\xd8".as_slice(), &b"\xff\xfe\0\x02".repeat(1_000_000)].concat(), "Truncated"),
    ]);
}

/// The file with a part of its entropy-coded data cut out: `part` of `parts` of what is between the first scan's header
/// and the end-of-image marker, which stays.
fn without_part(file: &[u8], part: usize, parts: usize) -> Vec<u8> {
    let scan = file.windows(2).position(|pair| pair == [0xFF, 0xDA]).unwrap() + 14;
    let end = file.windows(2).rposition(|pair| pair == [0xFF, 0xD9]).unwrap();
    let at = |part: usize| scan + (end - scan) * part / parts;
    [&file[..at(part)], &file[at(part + 1)..]].concat()
}

const LOSSY: [&str; 6] = ["grey", "colour_420", "colour_422", "colour_444", "colour_rgb", "grey_restarts"];
const PROGRESSIVE: [&str; 4] =
    ["grey_progressive", "colour_420_progressive", "colour_422_progressive", "colour_444_progressive"];

#[test]
fn jpegs_that_lost_image_data() {
    let film = Dicom::film().word(0x0028_0100, 8).word(0x0028_0101, 8).word(0x0028_0102, 7);
    let film = film.word(ROWS, 37).word(COLUMNS, 45).syntax("1.2.840.10008.1.2.4.50");
    for name in LOSSY.into_iter().chain(PROGRESSIVE) {
        let good = fixture(&format!("jpeg/{name}.jpg"));
        assert!(decode(&good).is_ok(), "{name}");
        for part in 0..4 {
            let bad = without_part(&good, part, 4);
            let mut cases = vec![bad.clone()];
            if name.starts_with("grey") {
                cases.push(film.clone().fragments(&[&bad]).bytes());
            }
            for bad in cases {
                // What is lost in colour of a progressive file is not looked for.
                let luma_whole = name.starts_with("colour") && name.ends_with("progressive");
                match decode(&bad) {
                    Err(DecodeError::Truncated { .. } | DecodeError::Corrupt { .. }) => {}
                    Ok(film) if luma_whole => assert_eq!(film, decode(&good).unwrap(), "{name} without part {part}"),
                    outcome => panic!("{name} without part {part}: {:?}", outcome.map(|film| film.facts)),
                }
            }
        }
        // The end of the scan, with the marker behind it.
        let bad = without_part(&good, 1, 2);
        assert!(decode(&bad).is_err(), "{name} without its second half");
    }
}

#[test]
fn jpegs_with_image_data_that_do_not_fit() {
    let good = fixture("jpeg/grey.jpg");
    let end = good.len() - 2;
    let more = |data: &[u8]| [&good[..end], data, &good[end..]].concat();
    assert!(decode(&more(&[0; 5])).is_ok(), "zeros behind the data, as some cameras leave them");
    assert!(decode(&more(&[0xFF; 5])).is_ok(), "fill before a marker");
    let restarts = fixture("jpeg/grey_restarts.jpg");
    let second = restarts.windows(2).position(|pair| pair == [0xFF, 0xD1]).unwrap();
    let third = restarts.windows(2).position(|pair| pair == [0xFF, 0xD2]).unwrap();
    let mut swapped = restarts.clone();
    (swapped[second + 1], swapped[third + 1]) = (0xD2, 0xD1);
    let progressive = fixture("jpeg/grey_progressive.jpg");
    let last = progressive.windows(2).rposition(|pair| pair == [0xFF, 0xDA]).unwrap();
    let first = progressive.windows(2).position(|pair| pair == [0xFF, 0xDA]).unwrap();
    let next = first + 1 + progressive[first + 1..].windows(2).position(|pair| pair == [0xFF, 0xDA]).unwrap();
    check(vec![
        ("more than the size needs", more(&good[end - 200..end]), "Corrupt"),
        ("restart markers swapped", swapped, "Corrupt"),
        ("an interval missing", [&restarts[..second], &restarts[third..]].concat(), "Corrupt"),
        ("a restart too many", more(&[0xFF, 0xD0]), "Corrupt"),
        ("the last scan missing", [&progressive[..last], b"\xff\xd9"].concat(), "Truncated"),
        ("the first scan missing", [&progressive[..first], &progressive[next..]].concat(), "Corrupt"),
        ("a table overfull", jpeg_with_table(|counts| counts[0] = 3), "Corrupt"),
        ("a table cut", jpeg_with_table(|counts| counts[15] = 255), "Corrupt"),
        ("no tables", without_segments(&good, 0xC4), "Corrupt"),
        ("no quantisers", without_segments(&good, 0xDB), "Corrupt"),
    ]);
}

fn jpeg_with_table(change: impl Fn(&mut [u8])) -> Vec<u8> {
    let mut file = fixture("jpeg/grey.jpg");
    let table = file.windows(2).position(|pair| pair == [0xFF, 0xC4]).unwrap();
    change(&mut file[table + 5..table + 21]);
    file
}

fn without_segments(file: &[u8], marker: u8) -> Vec<u8> {
    let mut file = file.to_vec();
    while let Some(at) = file.windows(2).position(|pair| pair == [0xFF, marker]) {
        let length = usize::from(u16::from_be_bytes([file[at + 2], file[at + 3]]));
        file.drain(at..at + 2 + length);
    }
    file
}

#[test]
fn dicom_headers() {
    let film = Dicom::film;
    let window = |center, width| film().text(0x0028_1050, "DS", center).text(0x0028_1051, "DS", width).bytes();
    check(vec![
        ("no rows", film().word(ROWS, 0).bytes(), "Corrupt"),
        ("rows missing", film().without(ROWS).bytes(), "Corrupt"),
        ("columns missing", film().without(COLUMNS).bytes(), "Corrupt"),
        ("rows empty", film().raw(ROWS, "US", &[]).bytes(), "Corrupt"),
        (
            "rows twice",
            {
                let twice = [film().data_set(), film().data_set()].concat();
                let header = film().without(PIXELS).data_set();
                part_10(EXPLICIT, &[header, twice].concat())
            },
            "Corrupt",
        ),
        ("largest size", film().word(ROWS, 0xFFFF).word(COLUMNS, 0xFFFF).bytes(), "TooManyPixels"),
        ("7 bits allocated", film().word(0x0028_0100, 7).bytes(), "Corrupt"),
        ("0 bits allocated", film().word(0x0028_0100, 0).bytes(), "Corrupt"),
        ("bits allocated missing", film().without(0x0028_0100).bytes(), "Corrupt"),
        ("17 bits stored", film().word(0x0028_0101, 17).bytes(), "Corrupt"),
        ("0 bits stored", film().word(0x0028_0101, 0).bytes(), "Corrupt"),
        ("high bit too low", film().word(0x0028_0102, 3).bytes(), "Corrupt"),
        ("high bit too high", film().word(0x0028_0102, 16).bytes(), "Corrupt"),
        ("largest high bit", film().word(0x0028_0102, 0xFFFF).bytes(), "Corrupt"),
        ("sign of 2", film().word(0x0028_0103, 2).bytes(), "Corrupt"),
        ("photometric missing", film().without(0x0028_0004).bytes(), "Corrupt"),
        ("slope 0", film().text(0x0028_1053, "DS", "0").bytes(), "Corrupt"),
        ("slope NaN", film().text(0x0028_1053, "DS", "NaN").bytes(), "Corrupt"),
        ("slope 1e300", film().text(0x0028_1053, "DS", "1e300").bytes(), "Corrupt"),
        ("intercept text", film().text(0x0028_1052, "DS", "lots").bytes(), "Corrupt"),
        ("window width 0", window("5", "0"), "Corrupt"),
        ("window width -4", window("5", "-4"), "Corrupt"),
        ("window width inf", window("5", "inf"), "Corrupt"),
        ("window centre only", film().text(0x0028_1050, "DS", "5").bytes(), "Corrupt"),
        ("aspect 0", film().text(0x0028_0034, "IS", "0\\1").bytes(), "Corrupt"),
        ("aspect of one number", film().text(0x0028_0034, "IS", "1").bytes(), "Corrupt"),
        ("aspect 1000", film().text(0x0028_0034, "IS", "1000\\1").bytes(), "Corrupt"),
        ("frames text", film().text(0x0028_0008, "IS", "many").bytes(), "Corrupt"),
    ]);
}

#[test]
fn dicom_structure() {
    let film = Dicom::film;
    let good = film().bytes();
    let deep = |levels: usize| {
        let nested = b"\x08\0\x40\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\0\xe0\xff\xff\xff\xff".repeat(levels);
        part_10(EXPLICIT, &[nested, film().data_set()].concat())
    };
    check(vec![
        ("nothing after the preamble", good[..132].to_vec(), "Corrupt"),
        ("no pixel data", film().without(PIXELS).bytes(), "Corrupt"),
        ("empty pixel data", film().raw(PIXELS, "OW", &[]).bytes(), "Corrupt"),
        ("short pixel data", film().raw(PIXELS, "OW", &[0; 23]).bytes(), "Truncated"),
        ("pixel data three times", film().raw(PIXELS, "OW", &[0; 72]).bytes(), "Corrupt"),
        (
            "length beyond the end",
            {
                let mut bytes = good.clone();
                let at = bytes.len() - 28;
                bytes[at..at + 4].copy_from_slice(&0xFFFF_FFF0_u32.to_le_bytes());
                bytes
            },
            "Truncated",
        ),
        ("sequences 10,000 deep", deep(10_000), "Corrupt"),
        ("sequences 1,000,000 deep", deep(1_000_000), "Corrupt"),
        ("a sequence never closed", deep(1), "Truncated"),
        (
            "items that do not match",
            part_10(EXPLICIT, b"\x08\0\x40\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\x0d\xe0\0\0\0\0"),
            "Corrupt",
        ),
        ("half an element", part_10(EXPLICIT, b"\x08\0\x40"), "Truncated"),
        (
            "no transfer syntax",
            {
                let mut bytes = good.clone();
                bytes[134] = 0x12;
                bytes
            },
            "Corrupt",
        ),
        ("transfer syntax that is none", film().syntax("Doe^Jane").bytes(), "Corrupt"),
        ("truncated by others", fixture("pydicom/MR_truncated.dcm"), "Truncated"),
        ("a dose grid", fixture("pydicom/badVR.dcm"), "Corrupt"),
    ]);
}

#[test]
fn dicom_tables() {
    let film = Dicom::film;
    let table = |descriptor: &[u16], data: &[u8]| {
        let item_elements = [
            b"\x28\0\x02\x30US".to_vec(),
            u16::try_from(descriptor.len() * 2).unwrap().to_le_bytes().to_vec(),
            descriptor.iter().flat_map(|word| word.to_le_bytes()).collect(),
            b"\x28\0\x06\x30OW\0\0".to_vec(),
            u32::try_from(data.len()).unwrap().to_le_bytes().to_vec(),
            data.to_vec(),
        ]
        .concat();
        item(&item_elements)
    };
    let with = |tag, sequence: &[u8]| film().raw(tag, "SQ", sequence).bytes();
    let (modality, voi) = (0x0028_3000, 0x0028_3010);
    assert!(decode(&with(voi, &table(&[12, 0, 16], &[9; 24]))).is_ok());
    check(vec![
        ("too few entries", with(voi, &table(&[13, 0, 16], &[9; 24])), "Corrupt"),
        ("65536 entries", with(modality, &table(&[0, 0, 16], &[9; 24])), "Corrupt"),
        ("no entries", with(voi, &table(&[12, 0, 16], &[])), "Corrupt"),
        ("0 bits", with(voi, &table(&[12, 0, 0], &[9; 24])), "Corrupt"),
        ("17 bits", with(modality, &table(&[12, 0, 17], &[9; 24])), "Corrupt"),
        ("short descriptor", with(voi, &table(&[12, 0], &[9; 24])), "Corrupt"),
        ("empty item", with(voi, &item(&[])), "Corrupt"),
        ("no item", with(voi, b"\x28\0\x02\x30US\x02\0\0\0"), "Corrupt"),
        ("item beyond the end", with(voi, b"\xfe\xff\0\xe0\xff\0\0\0"), "Truncated"),
    ]);
    // A table of zeros shows nothing, and divides by nothing.
    assert!(decode(&with(voi, &table(&[12, 0, 16], &[0; 24]))).is_ok());
}

#[test]
fn dicom_fragments() {
    let film = Dicom::film;
    let jpeg = fixture("jpeg/grey.jpg");
    let (rle, baseline, lossless, j2k) =
        ("1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.4.90");
    let sized = film().word(ROWS, 37).word(COLUMNS, 45).word(0x0028_0100, 8).word(0x0028_0101, 8).word(0x0028_0102, 7);
    assert!(decode(&sized.clone().syntax(baseline).fragments(&[&jpeg]).bytes()).is_ok());
    let mut rle_header = vec![0; 64];
    rle_header[0] = 2;
    let siz = [b"\xff\x4f\xff\x51\0\x29\0\0".as_slice(), &[0xFF; 37]].concat();
    check(vec![
        ("native where compressed", film().syntax(rle).bytes(), "Corrupt"),
        ("compressed where native", film().fragments(&[&jpeg]).bytes(), "Corrupt"),
        ("no fragments", film().syntax(baseline).fragments(&[]).bytes(), "Corrupt"),
        ("an empty fragment", film().syntax(j2k).fragments(&[&[]]).bytes(), "Corrupt"),
        ("no offset table", film().syntax(j2k).raw(PIXELS, "**", &[]).bytes(), "Corrupt"),
        (
            "fragment beyond the end",
            film().syntax(j2k).raw(PIXELS, "**", b"\xfe\xff\0\xe0\0\0\0\0\xfe\xff\0\xe0\xff\xff\0\0").bytes(),
            "Truncated",
        ),
        (
            "JPEG of another size",
            film()
                .word(0x0028_0100, 8)
                .word(0x0028_0101, 8)
                .word(0x0028_0102, 7)
                .syntax(baseline)
                .fragments(&[&jpeg])
                .bytes(),
            "Corrupt",
        ),
        ("half a JPEG", sized.clone().syntax(baseline).fragments(&[&jpeg[..jpeg.len() / 2]]).bytes(), "Truncated"),
        ("noise for JPEG", sized.clone().syntax(lossless).fragments(&[&[0x5A; 400]]).bytes(), "Corrupt"),
        ("noise for JPEG 2000", sized.clone().syntax(j2k).fragments(&[&[0x5A; 400]]).bytes(), "Corrupt"),
        ("JPEG 2000 with huge sizes", sized.clone().syntax(j2k).fragments(&[&siz]).bytes(), "Unsupported"),
        ("RLE header only", film().syntax(rle).fragments(&[&rle_header]).bytes(), "Truncated"),
        ("short RLE header", film().syntax(rle).fragments(&[&rle_header[..10]]).bytes(), "Truncated"),
        (
            "RLE of 8 bits for 16",
            film()
                .syntax(rle)
                .fragments(&[&{
                    rle_header[0] = 1;
                    rle_header
                }])
                .bytes(),
            "Corrupt",
        ),
    ]);
}

#[test]
fn deflated_dicom() {
    let deflated = |data: &[u8]| {
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    };
    let syntax = "1.2.840.10008.1.2.1.99";
    let good = deflated(&Dicom::film().data_set());
    assert!(decode(&part_10(syntax, &good)).is_ok());
    check(vec![
        ("a bomb of 300 MB", part_10(syntax, &deflated(&vec![0; 300 << 20])), "TooMuchMemory"),
        ("cut", part_10(syntax, &good[..good.len() / 2]), "Truncated"),
        ("noise", part_10(syntax, &[0xFF; 100]), "Corrupt"),
    ]);
}

#[test]
fn limits() {
    let good = fixture("dicom/j2k_12.dcm");
    let decode = |limits: Limits| variant(&thorax_imaging::decode::decode(&good, &limits).unwrap_err());
    let usual = Limits::default();
    assert_eq!(decode(Limits { bytes: 100, ..usual }), "TooManyBytes");
    assert_eq!(decode(Limits { pixels: 100, ..usual }), "TooManyPixels");
    assert_eq!(decode(Limits { memory: 10_000, ..usual }), "TooMuchMemory");
    assert_eq!(decode(Limits { time: Duration::ZERO, ..usual }), "TooSlow");
    // A picture whose correction to square pixels would pass the limit.
    let wide = Dicom::film().text(0x0028_0034, "IS", "10\\1").bytes();
    let limits = Limits { pixels: 12, ..usual };
    let error = thorax_imaging::decode::decode(&wide, &limits).unwrap_err();
    assert!(matches!(error, DecodeError::TooManyPixels { width: 4, height: 30, limit: 12 }));
}

#[test]
fn every_text_says_what_to_do() {
    let limit = Duration::from_secs(20);
    for error in [
        DecodeError::Empty,
        DecodeError::NoThread,
        DecodeError::TooSlow { limit },
        decode(b"hello").unwrap_err(),
        decode(b"GIF89a").unwrap_err(),
        decode(b"\xff\xd8\xff").unwrap_err(),
        decode(b"\xff\xd8\xff\xd9").unwrap_err(),
    ] {
        let text = error.to_string();
        assert!(["send", "again", "export", "convert"].iter().any(|verb| text.contains(verb)), "{text}");
    }
}
