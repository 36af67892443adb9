//! The worklist: predictions, newest first, with filters and pages.

use askama::Template;
use thorax_domain::prediction::Diagnosis;

use super::text;
use super::{Choice, Confidence, Frame, Moment, Status};

/// `GET /worklist`.
#[derive(Debug, Clone, Template)]
#[template(path = "worklist.html")]
pub struct WorklistPage {
    /// Around the page.
    pub frame: Frame,
    /// What was asked for.
    pub filter: Filter,
    /// The page's rows.
    pub rows: Vec<Row>,
    /// Where in the list.
    pub pager: Pager,
    /// Address of the same list as CSV.
    pub export: String,
}

/// What was asked for, as typed. The form posts `q` and the filters to `/worklist/search`; the query string has an id in place
/// of what was typed (`search`) and the same names: `diagnosis`, `status`, `validated`, `inconclusive`, `min_confidence`,
/// `max_confidence` (percent), `from`, `to` (`YYYY-MM-DD`), `source`, `patient`, `per_page`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Words to search for: name, record number or identifier.
    pub q: String,
    /// Whether something was searched for and is not known any more.
    pub is_expired: bool,
    /// Final diagnosis.
    pub diagnosis: Option<Diagnosis>,
    /// Status.
    pub status: Option<Status>,
    /// Reviewed or waiting.
    pub validated: YesNo,
    /// Inconclusive or conclusive.
    pub inconclusive: YesNo,
    /// Percent, as typed.
    pub min_confidence: String,
    /// Percent, as typed.
    pub max_confidence: String,
    /// First day.
    pub from: String,
    /// Last day.
    pub to: String,
    /// Where X-rays come from; the chosen one is marked.
    pub sources: Vec<Choice>,
    /// Identifier and name of the patient whose list this is.
    pub patient: Option<(String, String)>,
    /// 25 or 50.
    pub per_page: u64,
}

impl Filter {
    /// Whether anything is asked for: then the filters are shown open.
    #[must_use]
    pub fn any(&self) -> bool {
        !self.q.is_empty()
            || self.is_expired
            || self.diagnosis.is_some()
            || self.status.is_some()
            || self.validated != YesNo::Any
            || self.inconclusive != YesNo::Any
            || [&self.min_confidence, &self.max_confidence, &self.from, &self.to].into_iter().any(|one| !one.is_empty())
            || self.sources.iter().any(|source| source.chosen && !source.value.is_empty())
            || self.patient.is_some()
    }

    /// The diagnoses to choose from.
    #[must_use]
    pub fn diagnoses(&self) -> Vec<Choice> {
        let choice = |one: Diagnosis| Choice {
            value: one.name().to_owned(),
            text: one.name().to_owned(),
            chosen: self.diagnosis == Some(one),
        };
        Diagnosis::ALL.into_iter().map(choice).collect()
    }

    /// The states to choose from.
    #[must_use]
    pub fn statuses(&self) -> Vec<Choice> {
        let choice = |one: Status| Choice {
            value: one.key().to_owned(),
            text: one.title().to_owned(),
            chosen: self.status == Some(one),
        };
        Status::ALL.into_iter().map(choice).collect()
    }
}

/// Yes, no, or all the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum YesNo {
    /// All the same.
    #[default]
    Any,
    /// `true`.
    Yes,
    /// `false`.
    No,
}

/// One prediction in the list.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The prediction.
    pub prediction_id: String,
    /// Its X-ray.
    pub xray_id: String,
    /// Address of the X-ray page, with the list that it is reached from where that matters: `/xrays/{id}?…`.
    pub href: String,
    /// Its patient.
    pub patient_id: String,
    /// The patient's name.
    pub patient_name: String,
    /// The patient's number.
    pub record_number: String,
    /// `F`, `M`, `O`, `U`.
    pub sex: String,
    /// Age when the X-ray was taken.
    pub age: Option<u16>,
    /// When the prediction was asked for.
    pub created: Moment,
    /// `web`, `api`, `dicom`, `demo` …
    pub source: String,
    /// `PA`, `AP` …
    pub view: Option<String>,
    /// How far it is.
    pub status: Status,
    /// What the ensemble says.
    pub diagnosis: Option<Diagnosis>,
    /// How sure it is.
    pub confidence: Option<Confidence>,
    /// Networks that agree, of those that voted.
    pub agreement: Option<(u64, u64)>,
    /// Whether more than one diagnosis is possible.
    pub inconclusive: bool,
    /// Whether a doctor has settled it.
    pub validated: bool,
    /// Who.
    pub reviewed_by: Option<String>,
    /// What the doctor says instead, where corrected.
    pub corrected: Option<Diagnosis>,
}

impl Row {
    /// The diagnosis that counts: the doctor's before the ensemble's.
    #[must_use]
    pub fn shown(&self) -> Option<Diagnosis> {
        self.corrected.or(self.diagnosis)
    }

    /// Its colour.
    #[must_use]
    pub fn class(&self) -> &'static str {
        self.shown().map_or("dx-none", |one| text::diagnosis_class(&one))
    }
}

/// Previous / Page n of m / Next.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pager {
    /// This page, from 1.
    pub page: u64,
    /// How many there are, at least 1.
    pub pages: u64,
    /// How many rows there are in all.
    pub total: u64,
    /// Address of the page before.
    pub previous: Option<String>,
    /// Address of the page after.
    pub next: Option<String>,
    /// Address for the form "go to page", without `page`; the fields that go with it.
    pub action: String,
    /// Everything else of the query string, for that form.
    pub hidden: Vec<(String, String)>,
}

impl Pager {
    /// `1,234,567`.
    #[must_use]
    pub fn total_text(&self) -> String {
        text::thousands(&self.total)
    }

    /// `40,000`.
    #[must_use]
    pub fn pages_text(&self) -> String {
        text::thousands(&self.pages)
    }

    /// `40,000`.
    #[must_use]
    pub fn page_text(&self) -> String {
        text::thousands(&self.page)
    }
}
