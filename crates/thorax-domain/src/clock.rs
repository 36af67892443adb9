//! Time, read in one place, so that tests and walls can hold it.

use std::time::Instant;

/// Measures how long the stages of a piece of work take.
#[derive(Debug, Clone)]
pub struct Stopwatch {
    started: Instant,
    lap: Instant,
}

impl Stopwatch {
    /// Starts now.
    #[must_use]
    pub fn start() -> Self {
        let now = Instant::now();
        Self { started: now, lap: now }
    }

    /// Milliseconds since the last lap, or since the start; begins the next lap.
    pub fn lap(&mut self) -> f64 {
        let now = Instant::now();
        let milliseconds = (now - self.lap).as_secs_f64() * 1e3;
        self.lap = now;
        milliseconds
    }

    /// Milliseconds since the start.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.started.elapsed().as_secs_f64() * 1e3
    }
}
