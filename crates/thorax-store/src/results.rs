//! The results journal: one file, CSV or JSON Lines, to which a batch appends one whole record per film, and from which it
//! learns what is already done.

mod error;
mod format;
mod journal;

pub use error::JournalError;
pub use format::Format;
pub use journal::Journal;

/// What a journal keeps. A program has one such type; its JSON is one line of `.jsonl`, its cells one row of `.csv`.
pub trait Entry: serde::Serialize {
    /// The header of the CSV form. The first two columns are `file` and `sha256`.
    const COLUMNS: &'static [&'static str];

    /// The cells of the CSV form, one a column.
    fn cells(&self) -> Vec<String>;
}
