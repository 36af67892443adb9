//! The results journal: resumes, survives being cut anywhere, touches nobody else's file.

use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;
use tempfile::TempDir;
use thorax_store::results::{Entry, Journal, JournalError};

#[derive(serde::Serialize, Clone, Debug)]
struct Line {
    file: String,
    sha256: Option<String>,
    note: String,
}

impl Entry for Line {
    const COLUMNS: &'static [&'static str] = &["file", "sha256", "note"];

    fn cells(&self) -> Vec<String> {
        vec![self.file.clone(), self.sha256.clone().unwrap_or_default(), self.note.clone()]
    }
}

fn line(file: &str, sha256: &str) -> Line {
    Line { file: file.to_owned(), sha256: Some(sha256.to_owned()), note: "a, \"b\"\nc".to_owned() }
}

fn place(name: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    (folder, path)
}

const NAMES: [&str; 2] = ["results.csv", "results.jsonl"];

#[test]
fn resumes_with_what_is_done() {
    for name in NAMES {
        let (_folder, path) = place(name);
        let mut journal = Journal::open(&path).unwrap();
        assert!(journal.is_empty());
        journal.append(&line("a.png", "1")).unwrap();
        journal.append(&line("b\nb.png", "2")).unwrap();
        drop(journal);
        let mut journal = Journal::<Line>::open(&path).unwrap();
        assert_eq!(journal.len(), 2);
        assert!(journal.holds("a.png", "1") && journal.holds("b\nb.png", "2"), "{name}");
        assert!(!journal.holds("a.png", "2"), "a film that changed is read again");
        journal.append(&line("c.png", "3")).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let lines = if name.ends_with("csv") { 4 } else { 3 };
        assert_eq!(text.lines().count(), lines, "{text}");
    }
}

#[test]
fn a_film_without_a_hash_is_tried_again() {
    for name in NAMES {
        let (_folder, path) = place(name);
        let mut journal = Journal::open(&path).unwrap();
        journal.append(&Line { sha256: None, ..line("gone.png", "") }).unwrap();
        drop(journal);
        assert!(!Journal::<Line>::open(&path).unwrap().holds("gone.png", ""));
    }
}

#[test]
fn two_writers_are_one_too_many() {
    let (_folder, path) = place("results.csv");
    let first = Journal::<Line>::open(&path).unwrap();
    assert!(matches!(Journal::<Line>::open(&path), Err(JournalError::Locked { .. })));
    drop(first);
    assert!(Journal::<Line>::open(&path).is_ok());
}

#[test]
fn a_foreign_file_is_refused_and_left_as_it_is() {
    for (name, content) in [
        ("thesis.csv", "name,age\nx,1\n"),
        ("thesis.csv", "my only copy"),
        ("notes.jsonl", "{\"name\":1}\n"),
        ("notes.jsonl", "not json\n"),
        ("notes.jsonl", "half a line of something else"),
        ("binary.csv", "\u{0}\u{1}\n"),
    ] {
        let (_folder, path) = place(name);
        fs::write(&path, content).unwrap();
        let refused = Journal::<Line>::open(&path).unwrap_err();
        assert!(matches!(refused, JournalError::Foreign { .. }), "{content:?}: {refused}");
        assert_eq!(fs::read_to_string(&path).unwrap(), content);
    }
}

#[test]
fn a_damaged_line_is_named() {
    let (_folder, path) = place("results.jsonl");
    let mut journal = Journal::open(&path).unwrap();
    journal.append(&line("a.png", "1")).unwrap();
    drop(journal);
    let mut text = fs::read_to_string(&path).unwrap();
    text.push_str("{\"file\":3}\n");
    fs::write(&path, &text).unwrap();
    let refused = Journal::<Line>::open(&path).unwrap_err();
    assert!(matches!(refused, JournalError::Damaged { line: 2, .. }), "{refused}");
    assert_eq!(fs::read_to_string(&path).unwrap(), text, "nothing was changed");
}

#[test]
fn a_folder_that_is_not_there_is_the_systems_refusal() {
    let (folder, _) = place("x");
    let refused = Journal::<Line>::open(&folder.path().join("no/such/results.csv")).unwrap_err();
    assert!(matches!(refused, JournalError::Io { .. }), "{refused}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever byte the power fails at: opening again gives the whole records before it, and going on gives a file as if
    /// nothing had happened.
    #[test]
    fn a_cut_anywhere_loses_at_most_the_record_being_written(
        csv in any::<bool>(),
        files in proptest::collection::vec("[a-z,\"\n é]{1,12}", 1..6),
        thousandths in 0..1000_usize,
    ) {
        let (_folder, path) = place(NAMES[usize::from(!csv)]);
        let lines: Vec<Line> =
            files.iter().enumerate().map(|(index, file)| line(file, &format!("{index:02}"))).collect();
        let mut journal = Journal::open(&path).unwrap();
        for one in &lines {
            journal.append(one).unwrap();
        }
        drop(journal);
        let whole = fs::read(&path).unwrap();
        let cut = whole.len() * thousandths / 1000;
        fs::write(&path, &whole[..cut]).unwrap();

        let mut journal = Journal::<Line>::open(&path).unwrap();
        for one in &lines {
            if !journal.holds(&one.file, one.sha256.as_deref().unwrap()) {
                journal.append(one).unwrap();
            }
        }
        drop(journal);
        prop_assert_eq!(fs::read(&path).unwrap(), whole);
    }
}
