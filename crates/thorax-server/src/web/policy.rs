//! Who may come where: one guard before every route, which lets nobody in who is not meant. What somebody may see inside is
//! decided object by object in the store, which is given who looks. [`written()`] is the policy as people read it; a test calls
//! every route as everybody and compares.

mod written;

pub use written::{Expected, Written, written};

use axum::extract::{MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use thorax_domain::audit::{Action, AuditEvent, Object, Outcome};
use thorax_domain::user::{Role, Scope};

use super::auth::{self, Caller};
use super::request::Whose;
use super::{AppState, Section, WebError, metrics, timing};

/// Lets a request through to a route of a section, or answers it.
pub async fn guard(
    State((state, section, scope)): State<(AppState, Section, Option<Scope>)>,
    request: Request,
    next: Next,
) -> Response {
    let is_open = match section {
        Section::Public => true,
        Section::Operations => metrics::may_read(&state, &request),
        _ => false,
    };
    if is_open {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    let caller = match timing::stage("session", auth::identify(&state, &parts)).await {
        Ok(Some(caller)) => caller,
        Ok(None) => return WebError::SignIn.into_response(),
        Err(error) => return error.into_response(),
    };
    if let Some(whose) = parts.extensions.get::<Whose>() {
        whose.is(caller.signed_in());
    }
    if let Err(refused) = admit(section, scope, &caller, &parts) {
        return noted(&state, &caller, &parts, refused).await.into_response();
    }
    parts.extensions.insert(caller.viewer());
    parts.extensions.insert(caller);
    next.run(Request::from_parts(parts, body)).await
}

/// Whether a section is for somebody, and whether the entry they came by allows it. A route to one thing does not tell a patient
/// whether there is such a thing.
fn admit(section: Section, scope: Option<Scope>, caller: &Caller, parts: &Parts) -> Result<(), WebError> {
    let role = caller.user.role;
    let is_for_role = match section {
        Section::Public | Section::SignedIn | Section::Results => true,
        Section::Clinical => role.sees_all_patients(),
        Section::Patient => role == Role::Patient,
        Section::Admin | Section::Operations => role == Role::Admin,
    };
    if !is_for_role {
        let is_thing = route(parts).contains('{') && section == Section::Clinical;
        return Err(if is_thing { WebError::NotFound } else { WebError::Forbidden });
    }
    let by_method = || caller.may(&parts.method) && (section != Section::Admin || caller.has(Scope::Admin));
    let is_allowed = scope.map_or_else(by_method, |scope| caller.has(scope));
    if is_allowed { Ok(()) } else { Err(WebError::Forbidden) }
}

fn route(parts: &Parts) -> &str {
    parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str)
}

/// The refusal, once it is written down.
async fn noted(state: &AppState, caller: &Caller, parts: &Parts, refused: WebError) -> WebError {
    let event = AuditEvent::new(state.clock.now(), caller.viewer(), Action::View, Object::System, route(parts))
        .from(caller.origin.clone())
        .with_outcome(Outcome::Denied);
    state.store.audit().record(vec![event]).await.map_or_else(WebError::from, |()| refused)
}
