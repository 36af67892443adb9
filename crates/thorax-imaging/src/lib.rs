//! **Pixels.** What lives here: reading radiographs out of files ([`mod@decode`]), contrast ([`mod@clahe`]), resampling,
//! the preprocessing [`recipe`] of a bundle, quality measures, covering parts of a film, and writing pictures. Pure, synchronous
//! functions.
//! What never does: a patient, a network, a database, an async runtime, the environment or the clock.
//! Start reading at [`GrayImage`], then [`decode::decode`], then [`recipe::Recipe`].

pub mod clahe;
pub mod cover;
pub mod decode;
pub mod encode;
mod gray;
pub mod heat;
mod histogram;
pub mod quality;
pub mod recipe;
pub mod resize;

pub use gray::{GrayImage, Pixels, ShapeError};
