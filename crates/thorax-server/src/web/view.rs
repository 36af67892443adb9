//! **What the pages show.** What lives here: one plain struct per page and fragment, filled by `pages` and written out by a
//! template under `templates/`, and the charts drawn from numbers. What never does: a query, a permission, a clock, a network;
//! nothing here knows the store. Start reading at `view/frame.rs`, then `view/xray.rs`.
//!
//! A page is `SomePage { frame, … }.render()`; a fragment (`Sidebar`, `DoctorStatistics`, `StatisticsBody`) is rendered by
//! itself, may be cached as text, and is handed to the page as [`Html`].

mod account;
mod admin;
mod chart;
mod fault;
mod form;
mod frame;
mod home;
mod icons;
mod mine;
mod patients;
mod reading;
mod reference;
mod statistics;
mod text;
mod toolbar;
mod upload;
mod worklist;
mod xray;

pub use crate::measures::{ConfusionMatrix, Interval};
pub use account::{AccountPage, LoginPage, NewToken, RegisterPage, SessionRow, TokenRow};
pub use admin::{
    AuditFilter, AuditPage, AuditRow, CacheRow, CachesPage, CardMemory, Check, Health, JobRow, JobsFilter, JobsPage,
    Memory, NetworkRow, SystemPage, UserRow, UsersPage,
};
pub use chart::stacked;
pub use fault::ErrorPage;
pub use form::{Choice, FieldError, FormErrors};
pub use frame::{Flash, FlashKind, Frame, Html, Moment, Role, Sidebar, SignedIn, TOOLBAR_SLOT, Theme};
pub use home::{AdminHome, DoctorHome, DoctorStatistics, PatientHome};
pub use mine::{MyResult, MyResultPage, MyResultsPage};
pub use patients::{NewPatientPage, PatientForm, PatientPage, PatientRow, PatientsPage};
pub use reading::{
    Confidence, Opinion, Outcome, Progress, Provenance, ReadNetwork, Reading, Refusal, Reviewed, Stage, Status,
};
pub use reference::{ReferenceChapter, ReferenceOperation, ReferencePage, ReferenceType};
pub use statistics::{Day, DiagnosisCount, NetworkAgreement, Reader, StatisticsBody, StatisticsPage};
pub use toolbar::{CacheOperation, Statement, Timing, ToolbarPanel};
pub use upload::{UploadPage, UploadResult, Uploaded};
pub use worklist::{Filter, Pager, Row, WorklistPage, YesNo};
pub use xray::{PatientFacts, PreviousXRay, ReviewForm, ViewerFilm, XRayPage};
