//! What is noted of reads, before they are answered: what cannot be noted is not shown. Writes note theirs in `workflow`.

use thorax_domain::audit::{Action, AuditEvent, Object};

use crate::app::App;
use crate::web::WebError;
use crate::web::auth::Caller;

/// What is noted of a call, now.
pub fn event(app: &App, caller: &Caller, action: Action, object: Object, id: impl ToString) -> AuditEvent {
    caller.by().event(app.clock.now(), action, object, id)
}

/// Notes it.
pub async fn note(app: &App, event: AuditEvent) -> Result<(), WebError> {
    Ok(app.store.audit().record(vec![event]).await?)
}
