//! The report for people, `evaluation.md`.

mod checks;
mod films;
mod tables;

use thorax_domain::prediction::NetworkIdentity;

use super::Evaluation;
use crate::measures::{Estimate, Interval};

/// The report: everything that `evaluation.json` says, in words and tables.
#[must_use]
pub fn markdown(evaluation: &Evaluation) -> String {
    let origin = &evaluation.provenance;
    let split = origin.split.as_ref().map_or("all rows".to_owned(), |split| format!("split {}", cell(split)));
    let opening = [
        "# Evaluation".to_owned(),
        format!("**{}** These figures are about the films below and no others.", evaluation.notice),
        table(
            &["", ""],
            [
                ["made".to_owned(), format!("{} by {}", origin.created.format("%Y-%m-%d %H:%M UTC"), origin.program)],
                ["bundle".to_owned(), format!("{} `{}`", cell(&origin.bundle), origin.bundle_sha256)],
                ["recipe".to_owned(), cell(&origin.recipe)],
                ["engine".to_owned(), format!("{} {}", origin.engine.name, origin.engine.version)],
                ["numbers".to_owned(), NetworkIdentity::precisions(&origin.networks)],
                ["labels".to_owned(), format!("`{}`, {split}", origin.labels_sha256)],
            ],
        ),
        format!(
            "Intervals are at 95 %: of shares by Wilson; of areas by the percentile bootstrap, {} draws of patients from seed {}.",
            origin.bootstrap_draws, origin.bootstrap_seed
        ),
    ];
    let parts = [
        films::section(&evaluation.films),
        tables::discrimination(&evaluation.discrimination),
        tables::decisions(&evaluation.decisions),
        tables::thresholds(evaluation.thresholds.as_deref()),
        tables::calibration(&evaluation.calibration),
        tables::selection(&evaluation.selection),
        tables::groups(&evaluation.groups),
        checks::section(evaluation.checks.as_ref()),
    ];
    let mut text = opening.into_iter().chain(parts).collect::<Vec<_>>().join("\n\n");
    text.push('\n');
    text
}

/// `0.975 (0.957–0.988)`.
#[must_use]
pub fn estimate(estimate: Option<Estimate>) -> String {
    match estimate {
        None => "undefined".to_owned(),
        Some(Estimate { value, low: Some(low), high: Some(high) }) => format!("{value:.3} ({low:.3}–{high:.3})"),
        Some(Estimate { value, .. }) => format!("{value:.3} (no interval)"),
    }
}

/// `91.7 % (64.6–98.5 %)`.
fn interval(interval: Option<Interval>) -> String {
    interval.map_or("undefined".to_owned(), |interval| interval.text())
}

/// Three digits.
fn figure(value: Option<f64>) -> String {
    value.map_or("undefined".to_owned(), |value| format!("{value:.3}"))
}

/// A text from elsewhere that stays in its cell and is nothing but text.
fn cell(text: &str) -> String {
    text.chars()
        .flat_map(|letter| match letter {
            '\n' | '\r' => vec![' '],
            '|' | '<' | '>' | '[' | ']' | '*' | '_' | '`' | '\\' => vec!['\\', letter],
            letter => vec![letter],
        })
        .collect()
}

/// A table: names of columns, rows.
fn table<const N: usize>(columns: &[&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let line = |cells: &[String]| format!("| {} |", cells.join(" | "));
    let heading = line(&columns.map(str::to_owned));
    let rule = format!("|{}", "---|".repeat(N));
    let rows = rows.into_iter().map(|row| line(&row));
    [heading, rule].into_iter().chain(rows).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stays_in_its_cell() {
        assert_eq!(cell("a|b\n<c>"), "a\\|b \\<c\\>");
        assert_eq!(table(&["x", "y"], [["1".to_owned(), cell("2|3")]]), "| x | y |\n|---|---|\n| 1 | 2\\|3 |");
    }

    #[test]
    fn what_is_not_defined_is_said_so() {
        assert_eq!((estimate(None), interval(None), figure(None)).0, "undefined");
        let known = Estimate { value: 0.975, low: Some(0.957), high: Some(0.9876) };
        assert_eq!(estimate(Some(known)), "0.975 (0.957–0.988)");
    }
}
