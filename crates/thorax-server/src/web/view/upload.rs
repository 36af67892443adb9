//! Upload: the form, and what came of each file.

use super::text;
use askama::Template;

use super::{FormErrors, Frame, Refusal};

/// `GET /upload` and, without JavaScript, the answer to `POST /upload` (multipart: `record_number`, `files` up to 500,
/// `force` = `1`). With `Accept: application/json` the answer is `{"files": [UploadResult…]}` instead.
#[derive(Debug, Clone, Template)]
#[template(path = "upload.html")]
pub struct UploadPage {
    /// Around the page.
    pub frame: Frame,
    /// Record number of the patient, as typed or from `?patient=`.
    pub record_number: String,
    /// What is wrong with the form as a whole.
    pub errors: FormErrors,
    /// What came of each file; empty before.
    pub results: Vec<UploadResult>,
    /// Most files at once.
    pub maximum_files: u64,
    /// Most bytes a file.
    pub maximum_bytes: u64,
    /// Seconds after which to try again, where the queue is full.
    pub retry_after: Option<u64>,
    /// Whether the gate may be overridden.
    pub may_force: bool,
}

/// What came of one file. The same names in JSON: `file`, `state` (`accepted`, `duplicate`, `refused`, `failed`), `xray_id`,
/// `prediction_id`, `message`, `reasons` (`code`, `message`, `measured`, `limit`).
#[derive(Debug, Clone, PartialEq)]
pub struct UploadResult {
    /// Its name.
    pub file: String,
    /// What came of it.
    pub state: Uploaded,
    /// In a sentence.
    pub message: String,
}

/// What came of a file.
#[derive(Debug, Clone, PartialEq)]
pub enum Uploaded {
    /// In the queue.
    Accepted {
        /// The X-ray.
        xray_id: String,
    },
    /// The patient has this very file already.
    Duplicate {
        /// The X-ray.
        xray_id: String,
    },
    /// Not a film that the networks were made for.
    Refused(Vec<Refusal>),
    /// Could not be read or kept; may be tried again.
    Failed,
}
