//! Why a file was not read, in words for the person who sent it.

use std::time::Duration;

/// The three kinds of file that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Container {
    /// ISO 10918 in a JFIF or Exif file.
    Jpeg,
    /// ISO 15948.
    Png,
    /// DICOM part 10, or a bare data set.
    Dicom,
}

impl std::fmt::Display for Container {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::Dicom => "DICOM",
        })
    }
}

/// Why a file was not read. The text says what is wrong and what to do; it never quotes the file, so it can be shown and
/// logged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// Nothing came.
    #[error("the file is empty; send it again")]
    Empty,
    /// No format that is known here, not even to refuse it by name.
    #[error("this is not a radiograph that can be read ({looks_like}); send JPEG, PNG or DICOM")]
    UnknownFormat {
        /// What the first bytes look like.
        looks_like: &'static str,
    },
    /// The file is larger than allowed.
    #[error("the file has {measured} bytes, more than the {limit} allowed; send a single image")]
    TooManyBytes {
        /// Bytes of the file.
        measured: u64,
        /// [`Limits::bytes`](super::Limits::bytes).
        limit: u64,
    },
    /// The picture is larger than allowed.
    #[error(
        "the image is {width} x {height} pixels, more than the {limit} allowed; send it at the detector's size or smaller"
    )]
    TooManyPixels {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
        /// [`Limits::pixels`](super::Limits::pixels).
        limit: u64,
    },
    /// Decoding would need too much memory, as a decompression bomb does.
    #[error(
        "decoding would take at least {needed} bytes of memory, more than the {limit} allowed; send a smaller or less compressed file"
    )]
    TooMuchMemory {
        /// The estimate in bytes.
        needed: u64,
        /// [`Limits::memory`](super::Limits::memory).
        limit: u64,
    },
    /// Decoding did not end in time.
    #[error("decoding took longer than {} s; send a smaller or simpler file", limit.as_secs_f32())]
    TooSlow {
        /// [`Limits::time`](super::Limits::time).
        limit: Duration,
    },
    /// The operating system gave no thread to decode on.
    #[error("the machine has no capacity to decode this file now; try again in a moment")]
    NoThread,
    /// The file ends early.
    #[error("the {format} file ends before the image does; send it again, complete")]
    Truncated {
        /// The kind of file.
        format: Container,
    },
    /// The file contradicts itself or its format.
    #[error("the {format} file is damaged: {reason}; export it again from its source")]
    Corrupt {
        /// The kind of file.
        format: Container,
        /// What was found.
        reason: &'static str,
    },
    /// The file may be fine, but it is of a kind that is not read here.
    #[error("{what} is not supported; {advice}")]
    Unsupported {
        /// The kind, by name.
        what: String,
        /// What to send instead.
        advice: &'static str,
    },
}

impl DecodeError {
    pub(super) const fn jpeg(reason: &'static str) -> Self {
        Self::Corrupt { format: Container::Jpeg, reason }
    }

    pub(super) const fn png(reason: &'static str) -> Self {
        Self::Corrupt { format: Container::Png, reason }
    }

    pub(super) const fn dicom(reason: &'static str) -> Self {
        Self::Corrupt { format: Container::Dicom, reason }
    }

    pub(super) fn unsupported(what: impl Into<String>, advice: &'static str) -> Self {
        Self::Unsupported { what: what.into(), advice }
    }
}
