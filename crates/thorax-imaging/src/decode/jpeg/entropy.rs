//! The entropy-coded data of one scan, without stuffing and cut at its restart markers.

use crate::decode::{Container, DecodeError};
use std::ops::Range;

const TRUNCATED: DecodeError = DecodeError::Truncated { format: Container::Jpeg };

/// Entropy-coded data between restart markers.
#[derive(Debug)]
pub(super) struct Entropy {
    bytes: Vec<u8>,
    intervals: Vec<Range<usize>>,
}

impl Entropy {
    /// Reads up to the marker that ends the scan. Returns what begins with that marker: nothing, if none comes.
    pub(super) fn read(stream: &[u8]) -> Result<(Self, &[u8]), DecodeError> {
        let mut entropy = Self { bytes: Vec::with_capacity(stream.len()), intervals: Vec::new() };
        let mut rest = stream;
        let mut start = 0;
        loop {
            let (plain, marked) = rest.split_at(first_ff(rest));
            entropy.bytes.extend_from_slice(plain);
            match *marked {
                [0xFF, 0, ..] => {
                    entropy.bytes.push(0xFF);
                    rest = &marked[2..];
                }
                // Any number of fill bytes may stand before a marker.
                [0xFF, 0xFF, ..] => rest = &marked[1..],
                [0xFF, number @ 0xD0..=0xD7, ..] => {
                    if usize::from(number & 7) != entropy.intervals.len() % 8 {
                        return Err(DecodeError::jpeg(
                            "its restart markers are out of order, so a part of it is missing",
                        ));
                    }
                    entropy.intervals.push(start..entropy.bytes.len());
                    start = entropy.bytes.len();
                    rest = &marked[2..];
                }
                // A marker, or the end of the file, perhaps in the middle of a marker.
                _ => {
                    entropy.intervals.push(start..entropy.bytes.len());
                    return Ok((entropy, if marked.len() < 2 { &[] } else { marked }));
                }
            }
        }
    }

    /// The data of each restart interval, if there are as many as there must be.
    pub(super) fn intervals(&self, expected: usize) -> Result<impl Iterator<Item = &[u8]>, DecodeError> {
        match self.intervals.len() {
            found if found < expected => Err(TRUNCATED),
            found if found > expected => Err(DecodeError::jpeg("it has more restart markers than its size needs")),
            _ => Ok(self.intervals.iter().map(|interval| &self.bytes[interval.clone()])),
        }
    }
}

/// Where the first byte of 255 stands, or the length.
fn first_ff(bytes: &[u8]) -> usize {
    const BLOCK: usize = 32;
    let (blocks, _) = bytes.as_chunks::<BLOCK>();
    // Without an early end, so that the compiler compares whole vectors.
    let is_clear = |block: &&[u8; BLOCK]| block.iter().fold(0, |found, &byte| found | u8::from(byte == 0xFF)) == 0;
    let clear = blocks.iter().take_while(is_clear);
    let start = clear.count() * BLOCK;
    bytes[start..].iter().position(|&byte| byte == 0xFF).map_or(bytes.len(), |at| start + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn intervals(stream: &[u8], expected: usize) -> Result<Vec<Vec<u8>>, DecodeError> {
        let (entropy, _) = Entropy::read(stream)?;
        Ok(entropy.intervals(expected)?.map(<[u8]>::to_vec).collect())
    }

    #[test]
    fn removes_stuffing_and_fill_and_cuts_at_restarts() {
        let stream = b"ab\xff\0c\xff\xff\xd0d\xff\xd1\xff\xd9rest";
        assert_eq!(intervals(stream, 3), Ok(vec![b"ab\xffc".to_vec(), b"d".to_vec(), Vec::new()]));
        assert_eq!(Entropy::read(stream).unwrap().1, b"\xff\xd9rest");
        let long = [&[7; 100], b"\xff\0".as_slice(), &[8; 100]].concat();
        assert_eq!(intervals(&long, 1).unwrap()[0].len(), 201);
        for open in [b"abc".as_slice(), b"abc\xff"] {
            let (entropy, rest) = Entropy::read(open).unwrap();
            assert_eq!((entropy.intervals(1).unwrap().next(), rest), (Some(b"abc".as_slice()), [].as_slice()));
        }
    }

    #[test]
    fn refuses_restarts_out_of_order_or_number() {
        assert!(intervals(b"a\xff\xd1b\xff\xd9", 2).is_err());
        assert!(intervals(b"a\xff\xd0b\xff\xd0c\xff\xd9", 3).is_err());
        assert_eq!(intervals(b"a\xff\xd9", 2), Err(TRUNCATED));
        assert!(intervals(b"a\xff\xd0b\xff\xd9", 1).is_err());
    }
}
