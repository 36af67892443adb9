//! One test binary of the crate.

mod decode;
mod pixels;
