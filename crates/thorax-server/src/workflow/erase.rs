//! Taking away: an X-ray, everything of a patient.

use thorax_domain::audit::{Action, Object};
use thorax_domain::ids::{PatientId, XRayId};
use thorax_domain::xray::Sha256;
use thorax_store::StoreError;
use thorax_store::patients::Erased;

use super::by::By;
use super::forget;
use crate::app::App;

/// Erases a patient: rows in one transaction, then the files that nothing refers to any more. `None` where there is no such
/// patient.
///
/// # Errors
/// Of the database.
pub async fn erase_patient(app: &App, by: &By, id: PatientId) -> Result<Option<Erased>, StoreError> {
    let event = by.event(app.clock.now(), Action::Erase, Object::Patient, id).about(id);
    let erased = app.store.patients().erase(id, &[event]).await?;
    if let Some(erased) = &erased {
        remove(app, &erased.blobs).await;
        forget::predictions(app).await;
        forget::patients(app).await;
    }
    Ok(erased)
}

/// Deletes an X-ray with its predictions. `None` where there is none.
///
/// # Errors
/// Of the database.
pub async fn delete_xray(app: &App, by: &By, id: XRayId) -> Result<Option<Erased>, StoreError> {
    let Some(xray) = app.store.xrays().find(by.viewer, id).await? else {
        return Ok(None);
    };
    let event = by.event(app.clock.now(), Action::Delete, Object::XRay, id).about(xray.patient_id);
    let erased = app.store.xrays().delete(id, &[event]).await?;
    if let Some(erased) = &erased {
        remove(app, &erased.blobs).await;
        forget::predictions(app).await;
    }
    Ok(erased)
}

/// A file that stays behind is refused to everybody, since nothing refers to it; the log says so for the operator.
async fn remove(app: &App, blobs: &[Sha256]) {
    for blob in blobs {
        if let Err(error) = app.blobs.remove(blob).await {
            tracing::error!(%error, blob = %blob, "an erased file could not be removed");
        }
    }
}
