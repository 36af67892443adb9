//! What is known of the films: the labels file, one row a film. What never does: reading a film.

use std::collections::HashMap;
use std::fmt;
use std::path::{Component, Path, PathBuf};

use thorax_domain::prediction::Diagnosis;
use thorax_store::table::{Row, Table, TableError};

/// What a column says where it says nothing.
const UNKNOWN: &str = "unknown";

/// One row of the labels file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labelled {
    /// The line in the file, counted from 1.
    pub line: u64,
    /// The film's path below the folder.
    pub file: String,
    /// The label as it is written.
    pub label: String,
    /// The label, where it is one of the four.
    pub truth: Option<Diagnosis>,
    /// Whose film it is, by number: ids do not leave this file. A row without an id is a patient of its own.
    pub patient: usize,
    /// The split; empty where none is stated.
    pub split: String,
    /// Which groups it belongs to.
    pub traits: Traits,
}

/// What films are grouped by; each is `unknown` where nothing is stated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traits {
    /// The part of the source before the first `/`.
    pub source: String,
    /// `female` or `male`.
    pub sex: &'static str,
    /// The age group.
    pub age: &'static str,
    /// How the film was taken.
    pub view: String,
}

/// The rows of a labels file.
#[derive(Debug, Clone)]
pub struct Labels {
    /// All of them, in their order.
    pub rows: Vec<Labelled>,
    /// Whether there is a column `split`.
    pub has_splits: bool,
    /// SHA-256 of the file.
    pub sha256: String,
}

/// Where the columns stand.
struct Columns {
    file: usize,
    label: usize,
    patient: Option<usize>,
    source: Option<usize>,
    sex: Option<usize>,
    age: Option<usize>,
    view: Option<usize>,
    split: Option<usize>,
}

impl Labels {
    /// Reads a labels file: CSV with the columns `file` and `label`, and where there are such `patient_id`, `source`, `sex`,
    /// `age`, `view` and `split`.
    ///
    /// # Errors
    /// [`TableError`] when it is not there, is no table, or has not both columns.
    pub fn open(path: &Path) -> Result<Self, TableError> {
        Self::of(&Table::open(path)?)
    }

    fn of<'a>(table: &'a Table) -> Result<Self, TableError> {
        let columns = Columns {
            file: table.column("file")?,
            label: table.column("label")?,
            patient: table.find("patient_id"),
            source: table.find("source"),
            sex: table.find("sex"),
            age: table.find("age"),
            view: table.find("view"),
            split: table.find("split"),
        };
        let mut patients: HashMap<&str, usize> = HashMap::new();
        let mut count = 0;
        let mut number = |id: &'a str| {
            let patient = if id.is_empty() { count } else { *patients.entry(id).or_insert(count) };
            count += usize::from(patient == count);
            patient
        };
        let rows = table.rows().iter().map(|row| labelled(row, &columns, &mut number)).collect();
        Ok(Self { rows, has_splits: columns.split.is_some(), sha256: table.sha256().to_owned() })
    }

    /// The splits that are stated, each once.
    #[must_use]
    pub fn splits(&self) -> Vec<&str> {
        let mut splits: Vec<&str> = self.rows.iter().map(|row| row.split.as_str()).collect();
        splits.sort_unstable();
        splits.dedup();
        splits
    }
}

fn labelled<'a>(row: &'a Row, columns: &Columns, number: &mut impl FnMut(&'a str) -> usize) -> Labelled {
    let cell = |column: Option<usize>| column.map_or("", |column| row.cell(column));
    let stated = |text: &str| if text.is_empty() { UNKNOWN.to_owned() } else { text.to_owned() };
    let label = row.cell(columns.label);
    Labelled {
        line: row.line,
        file: row.cell(columns.file).to_owned(),
        label: label.to_owned(),
        truth: diagnosis(label),
        patient: number(cell(columns.patient)),
        split: cell(columns.split).to_owned(),
        traits: Traits {
            source: stated(cell(columns.source).split('/').next().unwrap_or_default().trim()),
            sex: sex(cell(columns.sex)),
            age: age_group(cell(columns.age)),
            view: stated(cell(columns.view)),
        },
    }
}

impl Labelled {
    /// The path below the folder, or why there is none: a labels file names no film elsewhere.
    ///
    /// # Errors
    /// Where it is absolute, or has `..` in it.
    pub fn below(&self, folder: &Path) -> Result<PathBuf, Elsewhere> {
        let path = Path::new(&self.file);
        let is_below = path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if is_below { Ok(folder.join(path)) } else { Err(Elsewhere) }
    }
}

/// A path that leads out of the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Elsewhere;

impl fmt::Display for Elsewhere {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the path leads out of the folder; name files below it")
    }
}

/// A label whatever its case; `COVID-19` and `COVID` are the same.
fn diagnosis(label: &str) -> Option<Diagnosis> {
    let label = if label.eq_ignore_ascii_case("COVID-19") { "COVID" } else { label };
    Diagnosis::ALL.into_iter().find(|one| one.name().eq_ignore_ascii_case(label))
}

fn sex(text: &str) -> &'static str {
    match text.to_ascii_lowercase().as_str() {
        "f" | "female" => "female",
        "m" | "male" => "male",
        _ => UNKNOWN,
    }
}

/// The group of an age in years; where a text names several numbers, that of their mean.
#[expect(clippy::cast_precision_loss, reason = "a text names a few numbers")]
fn age_group(text: &str) -> &'static str {
    let numbers: Vec<f64> = text
        .split(|letter: char| !letter.is_ascii_digit() && letter != '.')
        .filter_map(|part| part.trim_matches('.').parse().ok())
        .collect();
    let years = numbers.iter().sum::<f64>() / numbers.len() as f64;
    match years {
        years if years < 18.0 => "0-17",
        years if years < 40.0 => "18-39",
        years if years < 65.0 => "40-64",
        years if years <= 130.0 => "65+",
        _ => UNKNOWN,
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// Labels from the text of a file.
    pub fn labels(text: &str) -> Labels {
        Labels::of(&Table::parse(text.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn labels_are_known_in_any_case_and_covid_by_both_names() {
        for (label, known) in [
            ("COVID-19", Some(Diagnosis::Covid)),
            ("covid", Some(Diagnosis::Covid)),
            ("lung opacity", Some(Diagnosis::LungOpacity)),
            ("NORMAL", Some(Diagnosis::Normal)),
            ("Viral Pneumonia", Some(Diagnosis::ViralPneumonia)),
            ("Tuberculosis", None),
            ("", None),
        ] {
            assert_eq!(diagnosis(label), known, "{label}");
        }
    }

    #[test]
    fn an_age_may_be_a_text_with_numbers() {
        for (text, group) in [
            ("1-5 y (cohort)", "0-17"),
            ("17", "0-17"),
            ("18", "18-39"),
            ("39.9", "18-39"),
            ("40.0", "40-64"),
            ("30 to 60", "40-64"),
            ("65", "65+"),
            ("071Y", "65+"),
            ("", "unknown"),
            ("adult.", "unknown"),
            ("999", "unknown"),
        ] {
            assert_eq!(age_group(text), group, "{text}");
        }
    }

    #[test]
    fn a_row_without_a_patient_is_a_patient_of_its_own() {
        let labels = labels("file,patient_id,label\na,p1,Normal\nb,,Normal\nc,p1,COVID\nd,,Normal\ne,p2,Normal\n");
        assert_eq!(labels.rows.iter().map(|row| row.patient).collect::<Vec<_>>(), [0, 1, 0, 2, 3]);
        assert!(!labels.has_splits);
    }

    #[test]
    fn traits_come_from_optional_columns() {
        let labels = labels("split,view,age,sex,source,file,label\nval,PA,50,F,a/b.org,x,Normal\ntest,,,?,,y,Normal\n");
        let known = Traits { source: "a".to_owned(), sex: "female", age: "40-64", view: "PA".to_owned() };
        assert_eq!(labels.rows[0].traits, known);
        let unknown =
            Traits { source: "unknown".to_owned(), sex: "unknown", age: "unknown", view: "unknown".to_owned() };
        assert_eq!(labels.rows[1].traits, unknown);
        assert_eq!(labels.splits(), ["test", "val"]);
    }

    #[test]
    fn a_path_does_not_lead_out_of_the_folder() {
        let row = |file: &str| labels(&format!("file,label\n{file},Normal\n")).rows[0].below(Path::new("films"));
        assert_eq!(row("./a/b.png"), Ok("films/./a/b.png".into()));
        assert_eq!(row("/etc/passwd"), Err(Elsewhere));
        assert_eq!(row("a/../../b.png"), Err(Elsewhere));
    }

    #[test]
    fn a_missing_column_is_named_beside_those_that_are_there() {
        let refused = |text: &str| Labels::of(&Table::parse(text.as_bytes()).unwrap()).unwrap_err().to_string();
        assert!(
            refused("path,label\na,b\n")
                .contains("no column \"file\"; the columns, separated by commas, are path, label")
        );
        assert!(refused("file;label\na;b\n").contains("are file;label"));
    }
}
