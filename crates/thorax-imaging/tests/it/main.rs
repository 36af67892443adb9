//! One test binary of the crate.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod decode;
mod pixels;
