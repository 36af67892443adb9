//! A new X-ray comes in: the one verb for every door. The file is looked at in a process of its own, kept, and entered together
//! with the job to read it; nothing is entered that could not be kept.

use std::time::Duration;

use bytes::Bytes;
use thorax_domain::audit::{Action, AuditEvent, Object, Origin};
use thorax_domain::clock::Timestamp;
use thorax_domain::ids::{PatientId, PredictionId, XRayId};
use thorax_domain::job::Priority;
use thorax_domain::patient::Patient;
use thorax_domain::user::Viewer;
use thorax_domain::xray::{Sha256, Source, View, XRayImage};
use thorax_store::StoreError;
use thorax_store::predictions::NewPrediction;
use thorax_store::xrays::Intake;

use super::sandbox::{Film, SandboxError};
use crate::app::App;

/// How long somebody waits who was refused because the queue is full: about what it takes to read some films.
pub const COME_BACK: Duration = Duration::from_secs(15);

/// A file that somebody brings.
#[derive(Debug, Clone)]
pub struct NewFile {
    /// Its bytes; its name and what the sender calls it count for nothing.
    pub bytes: Bytes,
    /// Whose chest.
    pub patient: PatientId,
    /// Who brings it.
    pub viewer: Viewer,
    /// From where.
    pub origin: Origin,
    /// Through which door.
    pub source: Source,
    /// How soon it is to be read.
    pub priority: Priority,
    /// Read it though the gate refuses.
    pub force: bool,
}

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It came in and waits to be read.
    New {
        /// The X-ray.
        xray: XRayId,
        /// What the networks will say.
        prediction: PredictionId,
    },
    /// This patient has an X-ray with these very bytes; nothing was entered.
    Known {
        /// That one.
        xray: XRayId,
    },
}

/// Why a file did not come in. The texts of the first four may be shown.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// There is no such patient for this person.
    #[error("there is no such patient")]
    NoSuchPatient,
    /// The file has more bytes than are taken.
    #[error("the file has more than the {} MiB allowed; send a single image", .0 >> 20)]
    TooLarge(u64),
    /// It is no radiograph that can be read.
    #[error("{0}")]
    NoFilm(String),
    /// As many X-rays wait as may.
    #[error("{0} X-rays are waiting already; nothing is lost, send it again in a moment")]
    QueueFull(u64),
    /// It could not be looked at.
    #[error("the file could not be looked at")]
    Decoder(#[source] std::io::Error),
    /// It could not be kept.
    #[error("the X-ray could not be kept")]
    Store(#[source] StoreError),
}

impl From<StoreError> for IntakeError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::QueueFull(waiting) => Self::QueueFull(waiting),
            StoreError::Gone(_) => Self::NoSuchPatient,
            other => Self::Store(other),
        }
    }
}

impl From<SandboxError> for IntakeError {
    fn from(error: SandboxError) -> Self {
        match error {
            SandboxError::Refused(why) => Self::NoFilm(why),
            SandboxError::Excess(why) => Self::NoFilm(why.to_owned()),
            SandboxError::Failed(why) => Self::Decoder(why),
        }
    }
}

/// Takes one file in. A batch is as many calls, each with its own answer.
///
/// # Errors
/// [`IntakeError`]; then nothing was entered, and the same call may be made again.
pub async fn take_in(app: &App, file: NewFile) -> Result<Taken, IntakeError> {
    let taken = enter(app, file).await;
    let outcome = match &taken {
        Ok(Taken::New { .. }) => "new",
        Ok(Taken::Known { .. }) => "known",
        Err(IntakeError::QueueFull(_)) => "queue_full",
        Err(IntakeError::NoSuchPatient | IntakeError::TooLarge(_) | IntakeError::NoFilm(_)) => "refused",
        Err(IntakeError::Decoder(_) | IntakeError::Store(_)) => "failed",
    };
    metrics::counter!("thorax_intakes_total", "outcome" => outcome).increment(1);
    taken
}

async fn enter(app: &App, file: NewFile) -> Result<Taken, IntakeError> {
    let limit = app.web.upload_limit.bytes();
    if file.bytes.len() as u64 > limit {
        return Err(IntakeError::TooLarge(limit));
    }
    if !file.viewer.role.sees_all_patients() {
        return Err(IntakeError::NoSuchPatient);
    }
    let patient = app.store.patients().find(file.viewer, file.patient).await?.ok_or(IntakeError::NoSuchPatient)?;
    let sha256 = hash(&file.bytes);
    if let Some(xray) = app.store.xrays().same(file.patient, &sha256).await? {
        return Ok(Taken::Known { xray });
    }
    // Asked before the work of decoding, so that a flood of files costs little; the transaction asks again.
    let waiting = app.store.jobs().depth().await?.queued;
    if waiting >= app.web.queue {
        return Err(IntakeError::QueueFull(waiting));
    }
    let picture = app.sandbox.inspect(&file.bytes).await?;
    let bytes = file.bytes.len() as u64;
    let stored = app.blobs.put(file.bytes.clone()).await?;
    if stored != sha256 {
        return Err(IntakeError::Store(StoreError::Damaged));
    }
    let now = app.clock.now();
    let xray = xray(&file, (sha256, bytes), &picture, &patient, now);
    let prediction = prediction(app, &file, xray.id, now);
    let events = events(&file, xray.id, prediction.id, now);
    let intake = Intake {
        patient: None,
        xray: &xray,
        prediction: Some(&prediction),
        capacity: Some(app.web.queue),
        audit: &events,
    };
    app.store.xrays().take_in(&intake).await?;
    Ok(Taken::New { xray: xray.id, prediction: prediction.id })
}

fn hash(bytes: &[u8]) -> Sha256 {
    use sha2::Digest;
    Sha256::from_bytes(&sha2::Sha256::digest(bytes).into())
}

fn xray(
    file: &NewFile,
    (sha256, bytes): (Sha256, u64),
    picture: &Film,
    patient: &Patient,
    now: Timestamp,
) -> XRayImage {
    XRayImage {
        id: XRayId::new(now),
        patient_id: file.patient,
        sha256,
        clahe: None,
        bytes,
        format: picture.container.clone(),
        width: picture.width,
        height: picture.height,
        bits: picture.bits,
        view: picture.view.as_deref().and_then(view),
        source: file.source,
        // What the file says was true when it was taken; the birthday only tells how old the patient is now.
        age_years: picture.age_years.or_else(|| Some(patient.date_of_birth.years_until(now.date()))),
        uploaded_by: file.viewer.user,
        created_at: now,
    }
}

/// DICOM's words for how the beam went, as far as they are known here.
fn view(word: &str) -> Option<View> {
    match word.trim().to_ascii_uppercase().as_str() {
        "PA" => Some(View::Pa),
        "AP" => Some(View::Ap),
        "LL" | "RL" | "LATERAL" => Some(View::Lateral),
        _ => None,
    }
}

fn prediction(app: &App, file: &NewFile, xray: XRayId, now: Timestamp) -> NewPrediction {
    NewPrediction {
        id: PredictionId::new(now),
        xray,
        patient: file.patient,
        requested_by: file.viewer.user,
        forced: file.force,
        priority: file.priority,
        max_attempts: i32::from(app.work.attempts),
        created_at: now,
    }
}

fn events(file: &NewFile, xray: XRayId, prediction: PredictionId, now: Timestamp) -> [AuditEvent; 2] {
    let asked = if file.force { Action::Force } else { Action::Predict };
    let event = |action, object, id: String| {
        AuditEvent::new(now, file.viewer, action, object, id).about(file.patient).from(file.origin.clone())
    };
    [
        event(Action::Create, Object::XRay, xray.to_string()).with("source", file.source.word()),
        event(asked, Object::Prediction, prediction.to_string()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_are_known_by_dicoms_words() {
        assert_eq!((view("pa "), view("AP"), view("LL")), (Some(View::Pa), Some(View::Ap), Some(View::Lateral)));
        assert_eq!(view("RAO"), None);
    }

    #[test]
    fn the_hash_is_that_of_the_bytes() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hash(b"abc").as_str(), abc);
    }
}
