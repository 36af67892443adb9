//! What became of every row of the labels file. Each ends in exactly one place, so that nothing is dropped silently.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::labels::{Labelled, Labels};

/// What became of the rows.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Films {
    /// Rows of the labels file: those of other splits, with unknown labels, duplicates, and the films listed.
    pub rows: usize,
    /// Rows of another split than the one asked for.
    pub other_splits: usize,
    /// Rows whose label is none of the four.
    pub unknown_labels: Vec<UnknownLabel>,
    /// Rows that name a film again; the first one counts.
    pub duplicates: Vec<Duplicate>,
    /// Films to be read: those read, refused, undecided, unreadable and missing.
    pub listed: usize,
    /// Films that the figures are about.
    pub read: usize,
    /// Films that the gate refused; they are in no figure.
    pub refused: usize,
    /// How often the gate named each reason; a film may have several.
    pub refusals: BTreeMap<String, usize>,
    /// Films with too few votes for a diagnosis; they are in no figure.
    pub undecided: Vec<Unread>,
    /// Films that could not be read.
    pub unreadable: Vec<Unread>,
    /// Films that are not in the folder.
    pub missing: Vec<Missing>,
    /// Films with the same content as one before them, under another name; they are read and counted.
    pub same_content: Vec<SameContent>,
}

/// A row whose label is none of the four.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnknownLabel {
    /// Its line.
    pub line: u64,
    /// Its film.
    pub file: String,
    /// The label.
    pub label: String,
}

/// A row that names a film again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Duplicate {
    /// Its line.
    pub line: u64,
    /// Its film.
    pub file: String,
    /// The line that counts.
    pub first_line: u64,
    /// Whether both say the same of it.
    pub same_label: bool,
}

/// A film that gave no result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unread {
    /// Its line.
    pub line: u64,
    /// Which.
    pub file: String,
    /// Why.
    pub error: String,
}

/// A film that is not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// Its line.
    pub line: u64,
    /// Which.
    pub file: String,
}

/// A film under a second name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SameContent {
    /// Its line.
    pub line: u64,
    /// Which.
    pub file: String,
    /// The one before it.
    pub same_as: String,
}

impl Films {
    /// Sorts the rows: gives the films to be read, and writes the others down.
    #[must_use]
    pub fn list<'a>(labels: &'a Labels, split: Option<&str>) -> (Self, Vec<&'a Labelled>) {
        let mut films = Self { rows: labels.rows.len(), ..Self::default() };
        let mut first: HashMap<&str, &Labelled> = HashMap::new();
        let mut listed = Vec::new();
        for row in &labels.rows {
            if split.is_some_and(|split| split != row.split) {
                films.other_splits += 1;
            } else if row.truth.is_none() {
                let (file, label) = (row.file.clone(), row.label.clone());
                films.unknown_labels.push(UnknownLabel { line: row.line, file, label });
            } else if let Some(before) = first.get(row.file.as_str()) {
                let same_label = before.truth == row.truth;
                let (first_line, file) = (before.line, row.file.clone());
                films.duplicates.push(Duplicate { line: row.line, file, first_line, same_label });
            } else {
                first.insert(&row.file, row);
                listed.push(row);
            }
        }
        films.listed = listed.len();
        (films, listed)
    }

    /// Whether every film that was listed could be read.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.unreadable.is_empty() && self.missing.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::labels::tests::labels;

    #[test]
    fn every_row_ends_in_one_place() {
        let labels = labels(
            "file,label,split\na,COVID,val\nb,Cat,val\na,COVID-19,val\na,Normal,val\nb,Normal,val\nc,Normal,test\n",
        );
        let (films, listed) = Films::list(&labels, Some("val"));
        assert_eq!(listed.iter().map(|row| row.line).collect::<Vec<_>>(), [2, 6]);
        let duplicate = |line, same_label| Duplicate { line, file: "a".to_owned(), first_line: 2, same_label };
        assert_eq!(films.duplicates, [duplicate(4, true), duplicate(5, false)]);
        let (file, label) = ("b".to_owned(), "Cat".to_owned());
        assert_eq!(films.unknown_labels, [UnknownLabel { line: 3, file, label }]);
        assert_eq!(films.rows, films.other_splits + films.unknown_labels.len() + films.duplicates.len() + films.listed);
        assert_eq!(Films::list(&labels, None).1.len(), 3);
    }
}
