//! Patients: the list, one patient, a new one.

use askama::Template;

use super::text;
use super::{FormErrors, Frame, Moment, Pager, PatientFacts, Row};

/// `GET /patients?search=`. Form: `POST /patients/search` (`q`).
#[derive(Debug, Clone, Template)]
#[template(path = "patients.html")]
pub struct PatientsPage {
    /// Around the page.
    pub frame: Frame,
    /// Words to search for: name or record number.
    pub q: String,
    /// The page's rows.
    pub rows: Vec<PatientRow>,
    /// Where in the list.
    pub pager: Pager,
}

/// One patient in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatientRow {
    /// Who.
    pub facts: PatientFacts,
    /// Since when.
    pub created: Moment,
    /// X-rays in all.
    pub xrays: u64,
    /// When the last X-ray came in.
    pub last_xray: Option<Moment>,
}

/// `GET /patients/{id}`. Form (administrators): `POST /patients/{id}/erase`.
#[derive(Debug, Clone, Template)]
#[template(path = "patient.html")]
pub struct PatientPage {
    /// Around the page.
    pub frame: Frame,
    /// Who.
    pub facts: PatientFacts,
    /// Since when.
    pub created: Moment,
    /// The account that sees the results.
    pub username: Option<String>,
    /// Predictions of this patient, newest first.
    pub rows: Vec<Row>,
    /// Where in the list.
    pub pager: Pager,
    /// Whether everything of the patient may be erased.
    pub may_erase: bool,
}

/// `GET /patients/new`; posts `record_number`, `full_name`, `date_of_birth`, `sex`, `username` (optional) to `/patients`.
#[derive(Debug, Clone, Template)]
#[template(path = "patient_new.html")]
pub struct NewPatientPage {
    /// Around the page.
    pub frame: Frame,
    /// As typed.
    pub form: PatientForm,
}

/// A new patient, as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PatientForm {
    /// Number in the hospital's records.
    pub record_number: String,
    /// Name.
    pub full_name: String,
    /// `YYYY-MM-DD`.
    pub date_of_birth: String,
    /// `F`, `M`, `O`, `U`.
    pub sex: String,
    /// An account of theirs, where there is one.
    pub username: String,
    /// What was wrong.
    pub errors: FormErrors,
}
