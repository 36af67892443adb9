//! The headers of a JPEG stream up to its first scan, read before any codec sees it.

use crate::decode::{Container, DecodeError};
use image::metadata::Orientation;

/// How the samples are coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::decode) enum Process {
    /// Baseline or extended sequential with Huffman codes: SOF0, SOF1.
    Sequential,
    /// SOF2.
    Progressive,
    /// SOF3.
    Lossless,
    /// SOF5 to SOF7.
    Hierarchical,
    /// SOF9 to SOF15.
    Arithmetic,
    /// SOF55.
    JpegLs,
}

/// What the headers say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::decode) struct Frame {
    /// Coding of the samples.
    pub process: Process,
    /// Bits a sample.
    pub precision: u8,
    /// Columns, not 0.
    pub width: u16,
    /// Rows, not 0.
    pub height: u16,
    /// Colour components.
    pub components: u8,
    /// Whether no component is sampled more finely than the first.
    pub luma_is_full_size: bool,
    /// Whether a restart interval is set.
    pub restarts: bool,
    /// The low four bits of the scan header: in lossless coding, the bits cut off each sample.
    pub point_transform: u8,
    /// Exif orientation.
    pub orientation: Option<Orientation>,
}

const TRUNCATED: DecodeError = DecodeError::Truncated { format: Container::Jpeg };

/// Reads the headers of a stream that starts with SOI.
pub(in crate::decode) fn read(bytes: &[u8]) -> Result<Frame, DecodeError> {
    if !bytes.starts_with(&[0xFF, 0xD8]) {
        return Err(DecodeError::jpeg("it does not begin with a start-of-image marker"));
    }
    let mut rest = &bytes[2..];
    let mut frame: Option<Frame> = None;
    let mut restarts = false;
    let mut orientation = None;
    loop {
        let (marker, segment, after) = next_segment(rest)?;
        rest = after;
        match marker {
            0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF | 0xF7 => {
                if frame.is_some() {
                    return Err(DecodeError::unsupported("hierarchical JPEG", crate::decode::jpeg::RE_EXPORT));
                }
                frame = Some(start_of_frame(marker, segment)?);
            }
            0xDD => restarts = segment != [0, 0],
            0xE1 if orientation.is_none() => {
                orientation = segment.strip_prefix(b"Exif\0\0").and_then(Orientation::from_exif_chunk);
            }
            0xDA => {
                let frame = frame.ok_or(DecodeError::jpeg("its first scan comes before its frame header"))?;
                let point_transform = segment.last().map_or(0, |byte| byte & 0x0F);
                return Ok(Frame { restarts, point_transform, orientation, ..frame });
            }
            0xD9 => return Err(DecodeError::jpeg("it ends without an image")),
            _ => {}
        }
    }
}

/// The next marker, its segment without the length, and what follows.
pub(super) fn next_segment(bytes: &[u8]) -> Result<(u8, &[u8], &[u8]), DecodeError> {
    let start = bytes.iter().position(|&byte| byte == 0xFF).ok_or(TRUNCATED)?;
    let filled = bytes[start..].iter().position(|&byte| byte != 0xFF).ok_or(TRUNCATED)?;
    let (&marker, rest) = bytes[start + filled..].split_first().ok_or(TRUNCATED)?;
    if matches!(marker, 0x00 | 0x01 | 0xD0..=0xD9) {
        return Ok((marker, &[], rest));
    }
    let (length, body) = rest.split_first_chunk::<2>().ok_or(TRUNCATED)?;
    let length = usize::from(u16::from_be_bytes(*length))
        .checked_sub(2)
        .ok_or(DecodeError::jpeg("a segment has an impossible length"))?;
    let (segment, rest) = body.split_at_checked(length).ok_or(TRUNCATED)?;
    Ok((marker, segment, rest))
}

fn start_of_frame(marker: u8, segment: &[u8]) -> Result<Frame, DecodeError> {
    let (&[precision, h1, h0, w1, w0, components], sampling) =
        segment.split_first_chunk::<6>().ok_or(DecodeError::jpeg("its frame header is too short"))?;
    let (width, height) = (u16::from_be_bytes([w1, w0]), u16::from_be_bytes([h1, h0]));
    if width == 0 || height == 0 {
        return Err(DecodeError::jpeg("its width or height is 0"));
    }
    if sampling.len() != usize::from(components) * 3 || components == 0 {
        return Err(DecodeError::jpeg("its frame header has the wrong length"));
    }
    let (sampling, _) = sampling.as_chunks::<3>();
    let full = sampling[0][1];
    let luma_is_full_size =
        sampling.iter().all(|[_, factors, _]| factors >> 4 <= full >> 4 && factors & 0x0F <= full & 0x0F);
    Ok(Frame {
        process: match marker {
            0xC0 | 0xC1 => Process::Sequential,
            0xC2 => Process::Progressive,
            0xC3 => Process::Lossless,
            0xF7 => Process::JpegLs,
            0xC5..=0xC7 => Process::Hierarchical,
            _ => Process::Arithmetic,
        },
        precision,
        width,
        height,
        components,
        luma_is_full_size,
        restarts: false,
        point_transform: 0,
        orientation: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(segments: &[(u8, &[u8])]) -> Vec<u8> {
        let mut bytes = vec![0xFF, 0xD8];
        for (marker, body) in segments {
            let length = u16::try_from(body.len() + 2).unwrap();
            bytes.extend([0xFF, *marker]);
            bytes.extend(length.to_be_bytes());
            bytes.extend(*body);
        }
        bytes
    }

    const GREY: &[u8] = &[8, 0, 4, 0, 6, 1, 1, 0x11, 0];
    const SCAN: &[u8] = &[1, 1, 0, 0, 63, 0];

    #[test]
    fn reads_size_process_and_sampling() {
        let frame = read(&stream(&[(0xC2, GREY), (0xDA, SCAN)])).unwrap();
        assert_eq!((frame.width, frame.height, frame.components), (6, 4, 1));
        assert_eq!(frame.process, Process::Progressive);
        let chroma_finer = &[8, 0, 4, 0, 6, 3, 1, 0x11, 0, 2, 0x21, 0, 3, 0x11, 0];
        assert!(!read(&stream(&[(0xC0, chroma_finer), (0xDA, SCAN)])).unwrap().luma_is_full_size);
    }

    #[test]
    fn reads_restarts_and_the_point_transform() {
        let frame = read(&stream(&[(0xC3, GREY), (0xDD, &[0, 8]), (0xDA, &[1, 1, 0, 1, 0, 3])])).unwrap();
        assert!(frame.restarts);
        assert_eq!(frame.point_transform, 3);
    }

    #[test]
    fn refuses_headers_that_cannot_be() {
        let no_height = &[8, 0, 0, 0, 6, 1, 1, 0x11, 0];
        for bad in [
            stream(&[(0xC0, no_height), (0xDA, SCAN)]),
            stream(&[(0xC0, &GREY[..7]), (0xDA, SCAN)]),
            stream(&[(0xC0, GREY), (0xC0, GREY), (0xDA, SCAN)]),
            stream(&[(0xDA, SCAN)]),
            stream(&[(0xC0, GREY), (0xD9, &[])]),
            vec![0xFF, 0xD8, 0xFF, 0xE0, 0, 1],
            vec![0xFF, 0xD8, 0xFF, 0xE0, 0, 9],
            vec![0xFF, 0xD8, 0xFF, 0xFF],
        ] {
            assert!(read(&bad).is_err(), "{bad:02x?}");
        }
    }
}
