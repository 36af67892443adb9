//! What is known of a patient changes.

use thorax_domain::audit::{Action, Object};
use thorax_domain::ids::PatientId;
use thorax_domain::patient::Patient;
use thorax_store::StoreError;
use thorax_store::patients::PatientChange;

use super::by::By;
use super::forget;
use crate::app::App;

/// Changes a patient, and says how they are then. `None` where there is no such patient.
///
/// # Errors
/// [`StoreError::Taken`] where the record number is.
pub async fn change(app: &App, by: &By, id: PatientId, change: &PatientChange) -> Result<Option<Patient>, StoreError> {
    let named = [
        ("user", change.user_id.is_some()),
        ("record_number", change.record_number.is_some()),
        ("name", change.full_name.is_some()),
        ("date_of_birth", change.date_of_birth.is_some()),
        ("sex", change.sex.is_some()),
    ];
    let event = by.event(app.clock.now(), Action::Update, Object::Patient, id).about(id);
    let event =
        named.iter().filter(|(_, is_there)| *is_there).fold(event, |event, (word, _)| event.with(word, "changed"));
    match app.store.patients().update(id, change, &[event]).await {
        Err(StoreError::Gone(_)) => Ok(None),
        Err(error) => Err(error),
        Ok(()) => {
            forget::predictions(app).await;
            forget::patients(app).await;
            app.store.patients().find(by.viewer, id).await
        }
    }
}
