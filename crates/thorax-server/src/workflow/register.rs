//! A patient becomes known here.

use thorax_domain::audit::{Action, Object};
use thorax_store::StoreError;
use thorax_store::patients::NewPatient;

use super::by::By;
use super::forget;
use crate::app::App;

/// Enters a patient.
///
/// # Errors
/// [`StoreError::Taken`] where the record number is, or the account is another patient's.
pub async fn patient(app: &App, by: &By, new: &NewPatient) -> Result<(), StoreError> {
    let event = by.event(new.created_at, Action::Create, Object::Patient, new.id).about(new.id);
    app.store.patients().create(new, &[event]).await?;
    forget::patients(app).await;
    Ok(())
}
