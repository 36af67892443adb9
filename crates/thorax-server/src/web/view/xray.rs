//! The X-ray page: film, opinions, consensus, review, and what came before.

use super::text;
use askama::Template;
use thorax_domain::prediction::Diagnosis;

use super::{Confidence, FormErrors, Frame, Moment, Reading, Reviewed, Status};

/// `GET /xrays/{id}` for doctors and administrators. Forms: `POST /predictions/{id}/review` (`verdict` = `confirmed` |
/// `corrected` | `unsure`, `label`, `notes`, `next` = `1` for "next in list"), `POST /xrays/{id}/predict` (`force` = `1`),
/// `POST /predictions/{id}/cancel`.
#[derive(Debug, Clone, Template)]
#[template(path = "xray.html")]
pub struct XRayPage {
    /// Around the page.
    pub frame: Frame,
    /// The film and its facts.
    pub film: ViewerFilm,
    /// Whose it is.
    pub patient: PatientFacts,
    /// The prediction that is shown; none where nobody asked.
    pub prediction_id: Option<String>,
    /// What there is to show of it.
    pub reading: Reading,
    /// What a doctor settled.
    pub reviewed: Option<Reviewed>,
    /// The form to settle it; none where it may not be settled.
    pub review: Option<ReviewForm>,
    /// Other X-rays of the patient, newest first.
    pub previous: Vec<PreviousXRay>,
    /// Other predictions of this X-ray, newest first, with their addresses.
    pub other_predictions: Vec<(String, Moment, Status)>,
    /// Address of the X-ray after this one in the list that the doctor came from.
    pub next_in_list: Option<String>,
    /// Address of the X-ray before.
    pub previous_in_list: Option<String>,
    /// The list itself.
    pub list: String,
    /// Whether it may be read (again).
    pub may_predict: bool,
    /// Whether the gate may be overridden.
    pub may_force: bool,
    /// Whether the X-ray may be deleted with everything that was read from it: `POST /xrays/{id}/delete`.
    pub may_delete: bool,
}

/// The film and its facts; the viewer's configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct ViewerFilm {
    /// The X-ray.
    pub xray_id: String,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// 8 or 16.
    pub bits: u8,
    /// `DICOM …`, `JPEG`, `PNG`.
    pub format: String,
    /// Size of the file.
    pub bytes: u64,
    /// Hash of the file.
    pub sha256: String,
    /// `PA` …
    pub view: Option<String>,
    /// `web`, `api`, `dicom`.
    pub source: String,
    /// Age when it was taken.
    pub age_years: Option<u16>,
    /// Who brought it.
    pub uploaded_by: String,
    /// When.
    pub created: Moment,
}

/// Whose X-ray it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatientFacts {
    /// For the address.
    pub id: String,
    /// Name.
    pub name: String,
    /// Number.
    pub record_number: String,
    /// `YYYY-MM-DD`.
    pub date_of_birth: String,
    /// `F`, `M`, `O`, `U`.
    pub sex: String,
}

/// The form that settles a prediction, as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReviewForm {
    /// The verdict chosen.
    pub verdict: String,
    /// The corrected label chosen.
    pub label: Option<Diagnosis>,
    /// The note.
    pub notes: String,
    /// What was wrong.
    pub errors: FormErrors,
}

/// Another X-ray of the same patient.
#[derive(Debug, Clone, PartialEq)]
pub struct PreviousXRay {
    /// For the address.
    pub xray_id: String,
    /// When it was brought.
    pub created: Moment,
    /// How far its last prediction is.
    pub status: Status,
    /// The diagnosis that stands.
    pub diagnosis: Option<Diagnosis>,
    /// How sure.
    pub confidence: Option<Confidence>,
    /// Whether a doctor settled it.
    pub validated: bool,
    /// Whether more than one diagnosis is possible.
    pub inconclusive: bool,
    /// `PA` …
    pub view: Option<String>,
}
