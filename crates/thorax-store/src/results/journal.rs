//! The open journal.

use std::collections::HashSet;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufRead, BufReader, Seek, Write};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use super::format::Key;
use super::{Entry, Format, JournalError};

/// A results file, open for appending and locked against other writers until it is dropped.
///
/// ```
/// use thorax_store::results::{Entry, Journal};
///
/// #[derive(serde::Serialize)]
/// struct Line { file: String, sha256: String }
/// impl Entry for Line {
///     const COLUMNS: &'static [&'static str] = &["file", "sha256"];
///     fn cells(&self) -> Vec<String> { vec![self.file.clone(), self.sha256.clone()] }
/// }
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("results.csv");
/// let mut journal = Journal::open(&path)?;
/// journal.append(&Line { file: "a.png".into(), sha256: "12ab".into() })?;
/// drop(journal);
/// assert!(Journal::<Line>::open(&path)?.holds("a.png", "12ab"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Journal<E> {
    path: PathBuf,
    file: File,
    format: Format,
    done: HashSet<Key>,
    dropped: u64,
    entries: PhantomData<fn(&E)>,
}

impl<E: Entry> Journal<E> {
    /// Opens the journal at `path`, or begins one there. A last line that was only half written is cut off.
    ///
    /// # Errors
    /// [`JournalError`]: another extension, a file which is not ours (left as it is), a damaged line, another writer, or the
    /// system's refusal.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let format = Format::of(path)?;
        let io = |source| JournalError::Io { path: path.to_owned(), source };
        let file = OpenOptions::new().read(true).append(true).create(true).open(path).map_err(io)?;
        file.try_lock().map_err(|refused| match refused {
            TryLockError::WouldBlock => JournalError::Locked { path: path.to_owned() },
            TryLockError::Error(source) => io(source),
        })?;
        let found = read::<E>(path, format, &file)?;
        let mut journal = Self {
            path: path.to_owned(),
            file,
            format,
            done: found.done,
            dropped: found.half_written,
            entries: PhantomData,
        };
        if journal.dropped > 0 {
            journal.file.set_len(found.whole).map_err(io)?;
        }
        if found.whole == 0 {
            journal.write(&format.header::<E>()?)?;
        }
        Ok(journal)
    }

    /// Whether a record of this path with this content is here. A film that could not be read has no hash and is never held,
    /// so that it is tried again.
    #[must_use]
    pub fn holds(&self, file: &str, sha256: &str) -> bool {
        !sha256.is_empty() && self.done.contains(&(self.format.spelling(file), sha256.to_owned()))
    }

    /// How many different records are here.
    #[must_use]
    pub fn len(&self) -> usize {
        self.done.len()
    }

    /// Whether nothing is here yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.done.is_empty()
    }

    /// Bytes of a half-written last line that were cut off on opening.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// How the journal is written.
    #[must_use]
    pub const fn format(&self) -> Format {
        self.format
    }

    /// Appends one whole record and hands it to the disk.
    ///
    /// # Errors
    /// [`JournalError::Encode`] or [`JournalError::Io`].
    pub fn append(&mut self, entry: &E) -> Result<(), JournalError> {
        let line = self.format.line(entry)?;
        self.write(&line)?;
        let key = self.format.key(line.as_bytes()).map_err(JournalError::Encode)?;
        self.done.insert(key);
        Ok(())
    }

    fn write(&mut self, line: &str) -> Result<(), JournalError> {
        let io = |source| JournalError::Io { path: self.path.clone(), source };
        self.file.write_all(line.as_bytes()).map_err(io)?;
        self.file.sync_data().map_err(io)
    }
}

/// What a file holds already.
struct Found {
    done: HashSet<Key>,
    /// Bytes of the whole lines.
    whole: u64,
    /// Bytes after them.
    half_written: u64,
}

fn read<E: Entry>(path: &Path, format: Format, file: &File) -> Result<Found, JournalError> {
    let io = |source| JournalError::Io { path: path.to_owned(), source };
    let foreign = |why: &str| JournalError::Foreign { path: path.to_owned(), why: why.to_owned() };
    let header = format.header::<E>()?;
    let mut reader = BufReader::new(file);
    reader.rewind().map_err(io)?;
    let mut found = Found { done: HashSet::new(), whole: 0, half_written: 0 };
    let mut line = Vec::new();
    let mut number = 0;
    loop {
        line.clear();
        let bytes = reader.read_until(b'\n', &mut line).map_err(io)? as u64;
        if bytes == 0 {
            return Ok(found);
        }
        number += 1;
        let is_whole = line.ends_with(b"\n");
        if number == 1 && !begins_ours(format, &header, &line, is_whole) {
            return Err(foreign(if format == Format::Csv {
                "its first line is another header"
            } else {
                "its first line is no record"
            }));
        }
        if !is_whole {
            found.half_written = bytes;
            return Ok(found);
        }
        found.whole += bytes;
        if number > 1 || header.is_empty() {
            let key =
                format.key(&line).map_err(|why| JournalError::Damaged { path: path.to_owned(), line: number, why })?;
            found.done.insert(key);
        }
    }
}

/// Whether a first line, whole or half written, may be that of our own journal.
fn begins_ours(format: Format, header: &str, line: &[u8], is_whole: bool) -> bool {
    const OPENING: &[u8] = b"{\"file\":";
    match (format, is_whole) {
        (Format::Csv, true) => line == header.as_bytes(),
        (Format::Csv, false) => header.as_bytes().starts_with(line),
        (Format::JsonLines, true) => format.key(line).is_ok(),
        (Format::JsonLines, false) => line.starts_with(OPENING) || OPENING.starts_with(line),
    }
}
