//! How the decoder answers: a word to know it by, the length of a JSON head, the head, then the samples in little-endian.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};
use thorax_imaging::{GrayImage, Pixels};

const MAGIC: &[u8; 4] = b"TXF1";

/// What a file holds, apart from its pixels. Of a person only the age is in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Film {
    /// `jpeg`, `png` or `dicom`.
    pub container: String,
    /// For people, as "DICOM (JPEG 2000 lossless)".
    pub format: String,
    /// Columns of the picture.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Bits a sample, 8 or 16.
    pub bits: u8,
    /// DICOM View Position.
    pub view: Option<String>,
    /// Age in whole years.
    pub age_years: Option<u16>,
    /// Milliseconds that decoding took.
    pub milliseconds: f64,
}

/// An answer of the decoder.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// The film, with its picture where it was asked for.
    Film(Film, Option<GrayImage>),
    /// Why it is none.
    Refused(String),
}

#[derive(Serialize, Deserialize)]
enum Head {
    Film { film: Film, with_picture: bool },
    Refused(String),
}

/// An answer that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the decoder's answer {0}")]
pub struct FrameError(&'static str);

/// Writes an answer.
///
/// # Errors
/// Those of the writer.
pub fn write_reply(out: &mut impl Write, reply: &Reply) -> io::Result<()> {
    let head = match reply {
        Reply::Film(film, image) => Head::Film { film: film.clone(), with_picture: image.is_some() },
        Reply::Refused(why) => Head::Refused(why.clone()),
    };
    let head = serde_json::to_vec(&head)?;
    let length = u32::try_from(head.len()).map_err(|_| io::Error::other("the head is too long"))?;
    out.write_all(MAGIC)?;
    out.write_all(&length.to_le_bytes())?;
    out.write_all(&head)?;
    if let Reply::Film(_, Some(image)) = reply {
        match image.pixels() {
            Pixels::U8(samples) => out.write_all(samples)?,
            Pixels::U16(samples) => {
                for row in samples.chunks(image.width() as usize) {
                    let bytes: Vec<u8> = row.iter().flat_map(|sample| sample.to_le_bytes()).collect();
                    out.write_all(&bytes)?;
                }
            }
        }
    }
    out.flush()
}

/// Reads an answer.
///
/// # Errors
/// [`FrameError`] where the bytes are none, as when the decoder was killed while it wrote.
pub fn read_reply(bytes: &[u8]) -> Result<Reply, FrameError> {
    let rest = bytes.strip_prefix(MAGIC).ok_or(FrameError("does not begin as one"))?;
    let (length, rest) = rest.split_first_chunk::<4>().ok_or(FrameError("ends in its length"))?;
    let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| FrameError("is too long"))?;
    let (head, samples) = rest.split_at_checked(length).ok_or(FrameError("ends in its head"))?;
    match serde_json::from_slice(head).map_err(|_| FrameError("has a head that cannot be read"))? {
        Head::Refused(why) => Ok(Reply::Refused(why)),
        Head::Film { film, with_picture: false } => Ok(Reply::Film(film, None)),
        Head::Film { film, with_picture: true } => {
            let pixels = match film.bits {
                8 => Pixels::U8(samples.to_vec()),
                16 => {
                    let (pairs, odd) = samples.as_chunks::<2>();
                    if !odd.is_empty() {
                        return Err(FrameError("ends within a sample"));
                    }
                    Pixels::U16(pairs.iter().map(|pair| u16::from_le_bytes(*pair)).collect())
                }
                _ => return Err(FrameError("has samples of an unknown size")),
            };
            let image = GrayImage::new(film.width, film.height, pixels);
            let image = image.map_err(|_| FrameError("has more or fewer samples than it says"))?;
            Ok(Reply::Film(film, Some(image)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn film(bits: u8) -> Film {
        Film {
            container: "png".to_owned(),
            format: "PNG".to_owned(),
            width: 2,
            height: 2,
            bits,
            view: Some("PA".to_owned()),
            age_years: Some(7),
            milliseconds: 0.5,
        }
    }

    fn bytes(reply: &Reply) -> Vec<u8> {
        let mut bytes = Vec::new();
        write_reply(&mut bytes, reply).unwrap();
        bytes
    }

    #[test]
    fn answers_go_there_and_back() {
        let eight = GrayImage::new(2, 2, Pixels::U8(vec![0, 1, 254, 255])).unwrap();
        let sixteen = GrayImage::new(2, 2, Pixels::U16(vec![0, 1, 0x0102, 65_535])).unwrap();
        for reply in [
            Reply::Film(film(8), Some(eight)),
            Reply::Film(film(16), Some(sixteen)),
            Reply::Film(film(8), None),
            Reply::Refused("the file is empty".to_owned()),
        ] {
            assert_eq!(read_reply(&bytes(&reply)), Ok(reply));
        }
    }

    #[test]
    fn half_an_answer_is_none() {
        let image = GrayImage::new(2, 2, Pixels::U16(vec![1, 2, 3, 4])).unwrap();
        let whole = bytes(&Reply::Film(film(16), Some(image)));
        for length in 0..whole.len() {
            assert!(read_reply(&whole[..length]).is_err(), "{length} of {}", whole.len());
        }
        assert!(read_reply(b"a panic in words").is_err());
    }
}
