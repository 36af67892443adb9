//! Which kind of file this is, from its first bytes.

use super::{Container, DecodeError, dicom};

const SEND_ONE_IMAGE: &str = "send the radiograph itself as DICOM, PNG or JPEG";
const CONVERT: &str = "convert it to PNG without loss, or send the original DICOM";

/// Start of a file, at an offset, its name, and what to do instead.
const REFUSED: &[(usize, &[u8], &str, &str)] = &[
    (0, b"GIF8", "GIF", CONVERT),
    (0, b"II*\0", "TIFF", CONVERT),
    (0, b"MM\0*", "TIFF", CONVERT),
    (0, b"II+\0", "BigTIFF", CONVERT),
    (0, b"MM\0+", "BigTIFF", CONVERT),
    (8, b"WEBP", "WebP", CONVERT),
    (0, b"BM", "BMP", CONVERT),
    (0, b"\0\0\0\x0cjP  ", "JPEG 2000 outside DICOM", CONVERT),
    (0, b"\xff\x4f\xff\x51", "JPEG 2000 outside DICOM", CONVERT),
    (0, b"\0\0\0\x0cJXL ", "JPEG XL", CONVERT),
    (0, b"\xff\x0a", "JPEG XL", CONVERT),
    (4, b"ftypavif", "AVIF", CONVERT),
    (4, b"ftyphei", "HEIC", CONVERT),
    (4, b"ftypmif1", "HEIC", CONVERT),
    (4, b"ftyp", "MP4 video", SEND_ONE_IMAGE),
    (0, b"8BPS", "Photoshop", CONVERT),
    (0, b"%PDF", "PDF", SEND_ONE_IMAGE),
    (0, b"PK\x03\x04", "ZIP", "unpack it and send each radiograph by itself"),
    (0, b"PK\x05\x06", "ZIP", "unpack it and send each radiograph by itself"),
    (0, b"\x1f\x8b", "gzip", "unpack it and send each radiograph by itself"),
    (0, b"7z\xbc\xaf\x27\x1c", "7z", "unpack it and send each radiograph by itself"),
    (0, b"Rar!", "RAR", "unpack it and send each radiograph by itself"),
    (344, b"n+1\0", "NIfTI", SEND_ONE_IMAGE),
    (344, b"ni1\0", "NIfTI", SEND_ONE_IMAGE),
    (0, b"\x5c\x01\0\0", "NIfTI", SEND_ONE_IMAGE),
    (0, b"\x93NUMPY", "NumPy", CONVERT),
    (0, b"P5", "PGM", CONVERT),
    (0, b"<svg", "SVG", SEND_ONE_IMAGE),
];

/// The kind of file, or why it is none that is read.
pub(super) fn sniff(bytes: &[u8]) -> Result<Container, DecodeError> {
    if bytes.is_empty() {
        return Err(DecodeError::Empty);
    }
    if bytes.starts_with(b"\xff\xd8\xff") {
        return Ok(Container::Jpeg);
    }
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Ok(Container::Png);
    }
    // The preamble of a DICOM file may hold the start of another format, as dual-use TIFF does, so this goes first.
    if dicom::is_part_10(bytes) {
        return Ok(Container::Dicom);
    }
    for (offset, magic, name, advice) in REFUSED {
        if bytes.get(*offset..).is_some_and(|rest| rest.starts_with(magic)) {
            return Err(DecodeError::unsupported(*name, advice));
        }
    }
    if dicom::is_bare(bytes) {
        return Ok(Container::Dicom);
    }
    let start = &bytes[..bytes.len().min(64)];
    Err(DecodeError::UnknownFormat {
        looks_like: if start.iter().all(|&byte| byte == 0) {
            "it begins with zeros"
        } else if start.iter().all(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e)) {
            "it begins like plain text"
        } else {
            "it begins with unknown binary data"
        },
    })
}
