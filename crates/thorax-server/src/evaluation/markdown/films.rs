//! What became of the films.

use super::super::{Films, Unread};
use super::{cell, table};

/// Rows that the report lists of one kind; `evaluation.json` has all.
const MOST: usize = 50;

pub fn section(films: &Films) -> String {
    let count = |what: &str, number: usize| [what.to_owned(), number.to_string()];
    let counts = table(
        &["rows and films", "number"],
        [
            count("rows of the labels file", films.rows),
            count("rows of other splits", films.other_splits),
            count("rows with an unknown label", films.unknown_labels.len()),
            count("rows that name a film again", films.duplicates.len()),
            count("**films listed**", films.listed),
            count("films read: all figures below are about these", films.read),
            count("films refused by the gate: in no figure", films.refused),
            count("films with too few votes for a diagnosis: in no figure", films.undecided.len()),
            count("films that could not be read", films.unreadable.len()),
            count("films that are not there", films.missing.len()),
        ],
    );
    let mut parts = vec!["## Films".to_owned(), counts];
    if !films.refusals.is_empty() {
        let rows = films.refusals.iter().map(|(code, number)| count(code, *number));
        parts.push(format!("The gate's reasons; a film may have several.\n\n{}", table(&["reason", "films"], rows)));
    }
    parts.extend(unread("Could not be read:", &films.unreadable));
    parts.extend(unread("Too few votes:", &films.undecided));
    parts.extend(list("Not there:", &films.missing, |film| format!("line {}: {}", film.line, cell(&film.file))));
    parts.extend(list("Unknown label, not read:", &films.unknown_labels, |row| {
        format!("line {}: {}: {:?}", row.line, cell(&row.file), cell(&row.label))
    }));
    parts.extend(list("Named again, read once:", &films.duplicates, |row| {
        let label = if row.same_label { "the same label" } else { "**another label**" };
        format!("line {}: {}, {label} as on line {}, which counts", row.line, cell(&row.file), row.first_line)
    }));
    parts.extend(list("The same content under another name; both are counted:", &films.same_content, |film| {
        format!("line {}: {} is {}", film.line, cell(&film.file), cell(&film.same_as))
    }));
    parts.join("\n\n")
}

fn unread(heading: &str, films: &[Unread]) -> Option<String> {
    list(heading, films, |film| format!("line {}: {}: {}", film.line, cell(&film.file), cell(&film.error)))
}

/// A heading and the first rows; nothing where there are none.
fn list<T>(heading: &str, rows: &[T], line: impl Fn(&T) -> String) -> Option<String> {
    let mut lines: Vec<String> = rows.iter().take(MOST).map(|row| format!("- {}", line(row))).collect();
    if rows.len() > MOST {
        lines.push(format!("- and {} more, in `evaluation.json`", rows.len() - MOST));
    }
    (!rows.is_empty()).then(|| format!("{heading}\n\n{}", lines.join("\n")))
}
