//! The bundle that we ship, on both engines.
