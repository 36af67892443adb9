//! The first page after signing in, one per role.

use askama::Template;

use super::text;
use super::{Check, Frame, Html, MyResult, Row};

/// `GET /` for doctors.
#[derive(Debug, Clone, Template)]
#[template(path = "home_doctor.html")]
pub struct DoctorHome {
    /// Around the page.
    pub frame: Frame,
    /// The rendered [`DoctorStatistics`], from its cache.
    pub statistics: Html,
    /// The newest predictions.
    pub recent: Vec<Row>,
    /// The oldest predictions that wait for a review.
    pub waiting: Vec<Row>,
}

/// The numbers on a doctor's first page, cached 600 seconds per user.
#[derive(Debug, Clone, Template)]
#[template(path = "fragments/doctor_statistics.html")]
pub struct DoctorStatistics {
    /// All predictions.
    pub total: u64,
    /// Those that say COVID.
    pub covid: u64,
    /// Those that say Normal.
    pub normal: u64,
    /// Those that wait for a review.
    pub awaiting: u64,
    /// Those that this doctor has settled.
    pub reviewed_by_me: u64,
    /// Mean confidence.
    pub avg_confidence: Option<f64>,
}

/// `GET /` for administrators.
#[derive(Debug, Clone, Template)]
#[template(path = "home_admin.html")]
pub struct AdminHome {
    /// Around the page.
    pub frame: Frame,
    /// The rendered [`DoctorStatistics`], from its cache.
    pub statistics: Html,
    /// Accounts in all.
    pub users: u64,
    /// Patients in all.
    pub patients: u64,
    /// Jobs that wait, run, and are dead.
    pub jobs: (u64, u64, u64),
    /// Whether everything works.
    pub checks: Vec<Check>,
}

/// `GET /` for patients.
#[derive(Debug, Clone, Template)]
#[template(path = "home_patient.html")]
pub struct PatientHome {
    /// Around the page.
    pub frame: Frame,
    /// The newest released result.
    pub latest: Option<MyResult>,
    /// How many results are released.
    pub released: u64,
    /// X-rays whose result no doctor has released yet.
    pub in_review: u64,
}
