//! Work that waits for a worker.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::ids::{JobId, PredictionId};
use crate::words::words;

words! {
    /// Where a job stands.
    JobState as "job state" {
        /// Waits.
        Queued = "queued",
        /// A worker holds it, until its lease ends.
        Leased = "leased",
        /// Done.
        Done = "done",
        /// Tried too often, or found hopeless; waits for a person.
        Dead = "dead",
        /// Called off.
        Cancelled = "cancelled",
    }
}

words! {
    /// What is to be done.
    JobKind as "job kind" {
        /// Read one X-ray with the bundle.
        Predict = "predict",
    }
}

/// Which comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Priority(pub i16);

impl Priority {
    /// Part of a large batch.
    pub const BATCH: Self = Self(0);
    /// Somebody may be waiting.
    pub const NORMAL: Self = Self(10);
    /// Somebody waits in front of the screen.
    pub const URGENT: Self = Self(20);
}

/// A worker's hold on a job: only the attempt that holds it may report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// The job.
    pub job: JobId,
    /// What it is about.
    pub prediction: PredictionId,
    /// Which try this is, from 1; the fencing token.
    pub attempt: i32,
    /// How many there may be.
    pub max_attempts: i32,
    /// Which comes first.
    pub priority: Priority,
    /// Ends at, unless it is renewed.
    pub until: Timestamp,
}

/// How far a job is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// What is being done, such as `decode`, `gate`, or a network's name.
    pub stage: String,
    /// Steps done.
    pub done: u32,
    /// Steps in all.
    pub total: u32,
}
