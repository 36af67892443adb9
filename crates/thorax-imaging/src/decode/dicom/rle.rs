//! RLE lossless (PS3.5 annex G): one `PackBits` segment for each byte of a sample, most significant first.

use crate::decode::{Container, DecodeError};

const TRUNCATED: DecodeError = DecodeError::Truncated { format: Container::Dicom };

/// Samples of `bytes_per_sample` bytes, little endian.
pub(super) fn decode(stream: &[u8], pixels: usize, bytes_per_sample: usize) -> Result<Vec<u8>, DecodeError> {
    let (header, _) = stream.split_first_chunk::<64>().ok_or(TRUNCATED)?;
    let (words, _) = header.as_chunks::<4>();
    let words: Vec<usize> = words.iter().map(|word| u32::from_le_bytes(*word) as usize).collect();
    if words[0] != bytes_per_sample {
        return Err(DecodeError::dicom("its RLE segments do not match its bits allocated"));
    }
    let mut samples = vec![0; pixels * bytes_per_sample];
    for segment in 0..bytes_per_sample {
        let start = words[1 + segment];
        let end = if segment + 1 < bytes_per_sample { words[2 + segment] } else { stream.len() };
        let packed = stream.get(start..end).filter(|_| start >= 64).ok_or(TRUNCATED)?;
        let place = bytes_per_sample - 1 - segment;
        unpack(packed, samples.iter_mut().skip(place).step_by(bytes_per_sample))?;
    }
    Ok(samples)
}

/// Unpacks until every target is written; what follows is padding.
fn unpack<'a>(mut packed: &[u8], mut targets: impl ExactSizeIterator<Item = &'a mut u8>) -> Result<(), DecodeError> {
    while targets.len() > 0 {
        let (&control, rest) = packed.split_first().ok_or(TRUNCATED)?;
        packed = match control {
            0..=127 => {
                let (literal, rest) = rest.split_at_checked(usize::from(control) + 1).ok_or(TRUNCATED)?;
                // The literal goes first: a zip takes from its left side before it sees that the right is empty.
                for (byte, target) in literal.iter().zip(targets.by_ref()) {
                    *target = *byte;
                }
                rest
            }
            128 => rest,
            129..=255 => {
                let (&byte, rest) = rest.split_first().ok_or(TRUNCATED)?;
                for target in targets.by_ref().take(257 - usize::from(control)) {
                    *target = byte;
                }
                rest
            }
        };
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(segments: &[&[u8]]) -> Vec<u8> {
        let mut words = vec![u32::try_from(segments.len()).unwrap()];
        let mut at = 64;
        for segment in segments {
            words.push(at);
            at += u32::try_from(segment.len()).unwrap();
        }
        words.resize(16, 0);
        let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        bytes.extend(segments.concat());
        bytes
    }

    #[test]
    fn unpacks_literals_runs_and_no_operations() {
        let packed = stream(&[&[1, 10, 11, 128, 254, 7], &[252, 1, 0]]);
        assert_eq!(decode(&packed, 5, 2), Ok(vec![1, 10, 1, 11, 1, 7, 1, 7, 1, 7]));
    }

    #[test]
    fn refuses_short_and_contradictory_streams() {
        let good = stream(&[&[1, 10, 11, 254, 7]]);
        for end in 0..good.len() {
            assert!(decode(&good[..end], 5, 1).is_err(), "{end}");
        }
        assert!(decode(&good, 6, 1).is_err());
        assert!(decode(&good, 5, 2).is_err());
        let mut into_header = good;
        into_header[4] = 3;
        assert!(decode(&into_header, 5, 1).is_err());
    }
}
