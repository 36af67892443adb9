//! From the bytes of a file to a [`GrayImage`](crate::GrayImage), by content and never by extension, within [`Limits`].
//! What lives here: telling formats apart, JPEG, PNG and DICOM, and every refusal with its advice. What never does: a
//! patient (two attributes that are not identifying apart, no attribute of a person is read), the clock, a guess.
//! Start reading at [`decode`], then `decode/dicom.rs`.
//!
//! Colour becomes grey by ITU-R BT.601 luma. A JPEG in YUV (`YCbCr`) already stores luma, which is returned as stored, as
//! `OpenCV` does for `IMREAD_GRAYSCALE`; RGB samples are weighted 19595, 38470 and 7471 of 65536, as Pillow does for `L`.
//! Transparent pixels are laid on black. 16 bits stay 16 bits.
//!
//! ```
//! use thorax_imaging::decode::{DecodeError, Limits, decode};
//! assert_eq!(decode(b"", &Limits::default()), Err(DecodeError::Empty));
//! ```

mod bounded;
mod dicom;
mod error;
mod film;
mod geometry;
mod jpeg;
mod limits;
mod luma;
mod png;
mod sniff;

pub use error::{Container, DecodeError};
pub use film::{Contrast, Facts, Film, Format};
pub use limits::Limits;

/// Reads one radiograph.
///
/// The work runs on a thread of its own. When it takes longer than `limits.time` the caller gets
/// [`DecodeError::TooSlow`] at once, while that thread ends by itself a little later: what it may still do is bounded by
/// the limits on bytes, pixels and memory. A panic in a codec is caught there and reported as [`DecodeError::Corrupt`].
///
/// # Errors
/// [`DecodeError`] says what is wrong with the file and what to do about it; it never quotes the file.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Film, DecodeError> {
    let container = admit(bytes, limits)?;
    let owned = bytes.to_vec();
    let limits = *limits;
    bounded::run(limits.time, container, move || read(container, &owned, &limits))
}

/// Everything that can be refused without decoding.
fn admit(bytes: &[u8], limits: &Limits) -> Result<Container, DecodeError> {
    let measured = bytes.len() as u64;
    if measured > limits.bytes {
        return Err(DecodeError::TooManyBytes { measured, limit: limits.bytes });
    }
    sniff::sniff(bytes)
}

fn read(container: Container, bytes: &[u8], limits: &Limits) -> Result<Film, DecodeError> {
    match container {
        Container::Jpeg => jpeg::read(bytes, limits),
        Container::Png => png::read(bytes, limits),
        Container::Dicom => dicom::read(bytes, limits),
    }
}
