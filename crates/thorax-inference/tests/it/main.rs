//! Tests of the inference crate from outside: on a toy bundle and a toy engine whose every output is known, and on the bundle
//! that we ship.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod analyzer;
mod bundle;
mod kserve;
#[cfg(target_os = "linux")]
mod mapped;
mod open_inference;
mod shipped;
mod simulated;
mod toy;
mod toy_server;
