//! **Models.** What lives here: the [`engine`] contract and the engines behind it, the [`bundle`], the gate, the locator of the
//! lungs, the consensus, explanations, the memory budget and the threads that run it all. Synchronous.
//! What never does: an async runtime, SQL, the environment; and outside `engine/` no HTTP, and no engine is named.
//! Start reading at [`analyzer::Analyzer`].

pub mod analyzer;
mod budget;
pub mod bundle;
mod desk;
pub mod engine;
mod ensemble;
pub mod explain;
mod gate;
mod locator;
mod network;
mod pooling;
mod proof;
mod queue;
mod recovery;
mod round;
mod schedule;
mod ticket;

pub use locator::LocateError;
pub use network::NetworkError;
