//! The two forms of a journal, line by line.

use std::path::Path;

use serde::Deserialize;

use super::{Entry, JournalError};

/// How a journal is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A header and one row a film.
    Csv,
    /// One JSON object a line and a film.
    JsonLines,
}

/// Which film a record is about: its path, and the hash of its content where it could be read.
pub(super) type Key = (String, String);

#[derive(Deserialize)]
struct JsonKey {
    file: String,
    sha256: Option<String>,
}

impl Format {
    /// The format that the file's name asks for.
    ///
    /// # Errors
    /// [`JournalError::Extension`] for any other name.
    pub fn of(path: &Path) -> Result<Self, JournalError> {
        let extension = path.extension().and_then(|text| text.to_str()).map(str::to_ascii_lowercase);
        match extension.as_deref() {
            Some("csv") => Ok(Self::Csv),
            Some("jsonl" | "ndjson") => Ok(Self::JsonLines),
            _ => Err(JournalError::Extension { path: path.to_owned() }),
        }
    }

    /// The line that a new journal begins with, line end included; empty where there is none.
    pub(super) fn header<E: Entry>(self) -> Result<String, JournalError> {
        match self {
            Self::Csv => row(E::COLUMNS.iter().copied()),
            Self::JsonLines => Ok(String::new()),
        }
    }

    /// One record, line end included, with no other line end in it.
    pub(super) fn line<E: Entry>(self, entry: &E) -> Result<String, JournalError> {
        match self {
            Self::Csv => row(entry.cells().iter().map(|cell| one_line(cell))),
            Self::JsonLines => {
                let mut line = serde_json::to_string(entry).map_err(|error| JournalError::Encode(error.to_string()))?;
                line.push('\n');
                Ok(line)
            }
        }
    }

    /// The film that a line is about, or what is wrong with the line.
    pub(super) fn key(self, line: &[u8]) -> Result<Key, String> {
        match self {
            Self::Csv => {
                let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(line);
                let record = reader.records().next().ok_or("an empty line")?.map_err(|error| error.to_string())?;
                match (record.get(0), record.get(1)) {
                    (Some(file), Some(sha256)) => Ok((file.to_owned(), sha256.to_owned())),
                    _ => Err("fewer than two cells".to_owned()),
                }
            }
            Self::JsonLines => {
                let key: JsonKey = serde_json::from_slice(line).map_err(|error| error.to_string())?;
                Ok((key.file, key.sha256.unwrap_or_default()))
            }
        }
    }

    /// How a path is written in this form, so that it can be found again.
    pub(super) fn spelling(self, file: &str) -> String {
        match self {
            Self::Csv => one_line(file),
            Self::JsonLines => file.to_owned(),
        }
    }
}

/// A cell never holds a line end: that is what makes a half-written record recognisable.
fn one_line(cell: &str) -> String {
    cell.replace('\r', "\\r").replace('\n', "\\n")
}

fn row(cells: impl Iterator<Item = impl AsRef<[u8]>>) -> Result<String, JournalError> {
    let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
    writer.write_record(cells).map_err(|error| JournalError::Encode(error.to_string()))?;
    let bytes = writer.into_inner().map_err(|error| JournalError::Encode(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| JournalError::Encode(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_decides_and_other_names_are_refused() {
        assert_eq!(Format::of(Path::new("a/b.CSV")).unwrap(), Format::Csv);
        assert_eq!(Format::of(Path::new("b.jsonl")).unwrap(), Format::JsonLines);
        for wrong in ["b.json", "b", "b.xlsx", ".csv"] {
            assert!(matches!(Format::of(Path::new(wrong)), Err(JournalError::Extension { .. })), "{wrong}");
        }
    }

    #[test]
    fn a_cell_with_line_ends_and_quotes_stays_on_one_line() {
        let line = row(["a\"b,\n c", "x"].iter().map(|cell| one_line(cell))).unwrap();
        assert_eq!(line, "\"a\"\"b,\\n c\",x\n");
        assert_eq!(Format::Csv.key(line.as_bytes()).unwrap(), ("a\"b,\\n c".to_owned(), "x".to_owned()));
    }
}
