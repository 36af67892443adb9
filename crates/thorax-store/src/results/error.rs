//! What can be wrong with a journal.

use std::io;
use std::path::PathBuf;

/// Why a journal could not be opened or written.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The name says neither CSV nor JSON Lines.
    #[error("{}: the name of a results file ends in .csv or .jsonl", path.display())]
    Extension {
        /// The file.
        path: PathBuf,
    },
    /// The file is there and is no journal of ours.
    #[error("{} is not a results file of thorax ({why}); it was not touched. Give another name to --out", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What was found.
        why: String,
    },
    /// A line in the middle cannot be read.
    #[error("{}, line {line}: {why}. Mend or remove that line, then run again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
    /// Another process is writing it.
    #[error("{}: another thorax is writing this file", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// The system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A record could not be put into the format.
    #[error("the record cannot be written: {0}")]
    Encode(String),
}
