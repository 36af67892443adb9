//! A table that somebody else made: CSV with named columns, in any order.

use std::fs;
use std::path::Path;

use sha2::Digest;
use thorax_domain::xray::Sha256;

/// A CSV file, read whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    columns: Vec<String>,
    rows: Vec<Row>,
    sha256: String,
}

/// One row below the header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The line it begins on, counted from 1, the header included.
    pub line: u64,
    cells: Vec<String>,
}

/// Why a table cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The system refused.
    #[error("the file cannot be read: {0}")]
    Read(#[from] std::io::Error),
    /// The bytes are no text as we read it.
    #[error("the file is not UTF-8 from line {line} on; save it as CSV in UTF-8")]
    NotUtf8 {
        /// Counted from 1.
        line: usize,
    },
    /// There is no row.
    #[error("the file has no rows below a header")]
    Empty,
    /// A row has not as many cells as the header.
    #[error("line {line} has {found} cells, the header {expected}")]
    Ragged {
        /// Counted from 1.
        line: u64,
        /// Cells of the row.
        found: u64,
        /// Cells of the header.
        expected: u64,
    },
    /// Anything else.
    #[error("the file is no CSV: {0}")]
    Form(String),
    /// A column is not there.
    #[error("there is no column {name:?}; the columns, separated by commas, are {found}")]
    NoColumn {
        /// The one asked for.
        name: String,
        /// Those that there are.
        found: String,
    },
}

impl Table {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// [`TableError`], never [`TableError::NoColumn`].
    pub fn open(path: &Path) -> Result<Self, TableError> {
        Self::parse(&fs::read(path)?)
    }

    /// Reads the text of a table; a byte order mark before it is passed over.
    ///
    /// # Errors
    /// [`TableError`], never [`TableError::NoColumn`].
    pub fn parse(bytes: &[u8]) -> Result<Self, TableError> {
        let text = std::str::from_utf8(bytes).map_err(|error| TableError::NotUtf8 {
            line: bytes[..error.valid_up_to()].split(|&byte| byte == b'\n').count(),
        })?;
        let text = text.trim_start_matches('\u{feff}');
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
        let columns = reader.headers().map_err(|error| refusal(&error))?.iter().map(str::to_owned).collect();
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|error| refusal(&error))?;
            let line = record.position().map_or(0, csv::Position::line);
            rows.push(Row { line, cells: record.iter().map(str::to_owned).collect() });
        }
        if rows.is_empty() {
            return Err(TableError::Empty);
        }
        let sha256 = Sha256::from_bytes(&sha2::Sha256::digest(bytes).into()).into();
        Ok(Self { columns, rows, sha256 })
    }

    /// Where a column stands, whatever the case of its name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.eq_ignore_ascii_case(name))
    }

    /// Where a column stands that must be there.
    ///
    /// # Errors
    /// [`TableError::NoColumn`], with those that are there.
    pub fn column(&self, name: &str) -> Result<usize, TableError> {
        let missing = || TableError::NoColumn { name: name.to_owned(), found: self.columns.join(", ") };
        self.find(name).ok_or_else(missing)
    }

    /// The rows, in their order.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// SHA-256 of the file, hexadecimal.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }
}

impl Row {
    /// The cell in a column, without spaces around it.
    #[must_use]
    pub fn cell(&self, column: usize) -> &str {
        self.cells.get(column).map_or("", String::as_str)
    }
}

fn refusal(error: &csv::Error) -> TableError {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { pos, expected_len, len } => TableError::Ragged {
            line: pos.as_ref().map_or(0, csv::Position::line),
            found: *len,
            expected: *expected_len,
        },
        _ => TableError::Form(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &[u8]) -> String {
        Table::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn columns_are_found_by_name_in_any_order_and_case() {
        let table = Table::parse("\u{feff}Label, file\nNormal,\"a, b.png\"\n COVID ,c.png\n".as_bytes()).unwrap();
        let (file, label) = (table.column("file").unwrap(), table.column("label").unwrap());
        let rows: Vec<_> = table.rows().iter().map(|row| (row.line, row.cell(file), row.cell(label))).collect();
        assert_eq!(rows, [(2, "a, b.png", "Normal"), (3, "c.png", "COVID")]);
        assert_eq!(table.find("age"), None);
        assert!(
            table
                .column("age")
                .unwrap_err()
                .to_string()
                .contains("\"age\"; the columns, separated by commas, are Label, file")
        );
        assert_eq!(table.sha256().len(), 64);
    }

    #[test]
    fn what_is_no_table_is_refused_by_name() {
        assert!(refused(b"").contains("no rows"));
        assert!(refused(b"file,label\n").contains("no rows"));
        assert!(refused(b"file,label\na,b\n\xff,c\n").contains("not UTF-8 from line 3"));
        assert!(refused(b"file,label\na,b\na,b,c\n").contains("line 3 has 3 cells, the header 2"));
        assert!(matches!(Table::open(Path::new("no/such.csv")), Err(TableError::Read(_))));
    }
}
