//! Lossless JPEG of every predictor, written here by the letter of ISO 10918-1 annex H, reads as the same picture stored
//! plainly.

use super::builder::Dicom;
use super::decode;

const WIDTH: u16 = 19;
const HEIGHT: u16 = 13;

/// Levels with gradients, noise and jumps.
fn picture(bits: u32) -> Vec<u16> {
    let mut state = 1_u32;
    (0..u32::from(WIDTH) * u32::from(HEIGHT))
        .map(|place| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (x, y) = (place % u32::from(WIDTH), place / u32::from(WIDTH));
            let level = (x * 97 + y * 1300 + (state >> 24)) ^ if x == y { 0xFFFF } else { 0 };
            u16::try_from(level & ((1 << bits) - 1)).unwrap()
        })
        .collect()
}

/// A table of the seventeen sizes that a difference can have: codes of four bits up to 14, of five for 15 and 16.
fn table() -> Vec<u8> {
    let mut segment = vec![0xFF, 0xC4, 0, 36, 0];
    segment.extend([0, 0, 0, 15, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    segment.extend(0..17);
    segment
}

fn encode(levels: &[u16], bits: u8, predictor: u8) -> Vec<u8> {
    let width = usize::from(WIDTH);
    let mut code = String::new();
    for (place, &level) in levels.iter().enumerate() {
        let (x, y) = (place % width, place / width);
        let at = |left: usize, up: usize| i32::from(levels[place - left - up * width]);
        let predicted = match (x, y, predictor) {
            (0, 0, _) => 1 << (bits - 1),
            (_, 0, _) | (1.., _, 1) => at(1, 0),
            (0, ..) | (_, _, 2) => at(0, 1),
            (_, _, 3) => at(1, 1),
            (_, _, 4) => at(1, 0) + at(0, 1) - at(1, 1),
            (_, _, 5) => at(1, 0) + ((at(0, 1) - at(1, 1)) >> 1),
            (_, _, 6) => at(0, 1) + ((at(1, 0) - at(1, 1)) >> 1),
            _ => (at(1, 0) + at(0, 1)) >> 1,
        };
        let difference = i32::from(level) - predicted;
        // Modulo 2^16, as the decoder adds.
        let difference = (difference + 0x8000).rem_euclid(0x1_0000) - 0x8000;
        let size = 32 - difference.unsigned_abs().leading_zeros();
        let symbol = if size < 15 { format!("{size:04b}") } else { format!("{:05b}", size + 15) };
        code += &symbol;
        if size > 0 && size < 16 {
            let magnitude = if difference < 0 { difference - 1 + (1 << size) } else { difference };
            code.extend((0..size).rev().map(|bit| if magnitude >> bit & 1 == 1 { '1' } else { '0' }));
        }
    }
    let mut jpeg = vec![0xFF, 0xD8, 0xFF, 0xC3, 0, 11, bits];
    jpeg.extend([HEIGHT.to_be_bytes(), WIDTH.to_be_bytes()].concat());
    jpeg.extend([1, 1, 0x11, 0]);
    jpeg.extend(table());
    jpeg.extend([0xFF, 0xDA, 0, 8, 1, 1, 0, predictor, 0, 0]);
    for byte in code.as_bytes().chunks(8) {
        let byte = (0..8).fold(0, |bits, at| bits << 1 | byte.get(at).map_or(1, |digit| digit & 1));
        jpeg.push(byte);
        if byte == 0xFF {
            jpeg.push(0);
        }
    }
    jpeg.extend([0xFF, 0xD9]);
    jpeg
}

#[test]
fn every_predictor_gives_the_picture_back() {
    for bits in [8, 12, 16] {
        let levels = picture(u32::from(bits));
        let plain = Dicom::film().word(0x0028_0010, HEIGHT).word(0x0028_0011, WIDTH);
        let plain = plain.word(0x0028_0101, bits.into()).word(0x0028_0102, u16::from(bits) - 1);
        let expected = decode(&plain.clone().words(0x7FE0_0010, "OW", &levels).bytes()).unwrap();
        for predictor in 1..=7 {
            let jpeg = encode(&levels, bits, predictor);
            let mut syntaxes = vec!["1.2.840.10008.1.2.4.57"];
            if predictor == 1 {
                syntaxes.push("1.2.840.10008.1.2.4.70");
            }
            for syntax in syntaxes {
                let film = decode(&plain.clone().syntax(syntax).fragments(&[&jpeg]).bytes());
                let film = film.unwrap_or_else(|error| panic!("{bits} bits, predictor {predictor}: {error}"));
                assert_eq!(film.image, expected.image, "{bits} bits, predictor {predictor}, {syntax}");
                assert!(film.format.to_string().contains("lossless"));
            }
        }
    }
}
