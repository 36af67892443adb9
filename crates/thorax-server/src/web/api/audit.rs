//! `/api/v1/audit`: who did what.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::json;
use thorax_domain::audit::{Action, Detail, Object, Outcome};
use thorax_domain::clock::Timestamp;
use thorax_domain::ids::{PatientId, UserId};
use thorax_domain::user::{Role, Scope};
use thorax_store::audit::{AuditFilter, AuditRow};
use utoipa::ToSchema;

use super::endpoint::Endpoint;
use super::listing::Listed;
use super::notes::{event, note};
use super::parameters::{self, PLAIN};
use super::query::Query;
use super::schema::{self, ActionWord, ObjectWord, OutcomeWord, RoleWord};
use crate::web::auth::Caller;
use crate::web::{AppState, Route, Section, WebError};

/// One line of the log.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditEvent {
    /// Its number; newer ones are larger.
    seq: i64,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Who; null for somebody not signed in and for the program itself.
    #[schema(value_type = Option<Uuid>)]
    actor: Option<UserId>,
    /// The actor's user name, where the account is still there.
    actor_name: Option<String>,
    /// As what.
    #[schema(value_type = Option<RoleWord>)]
    role: Option<Role>,
    /// Did what.
    #[schema(value_type = ActionWord)]
    action: Action,
    /// To what sort of thing.
    #[schema(value_type = ObjectWord)]
    object: Object,
    /// To which one.
    object_id: String,
    /// Whose data.
    #[schema(value_type = Option<Uuid>)]
    patient_id: Option<PatientId>,
    /// From where; empty for the program itself.
    ip: String,
    /// The name of the request.
    request_id: String,
    /// How it went.
    #[schema(value_type = OutcomeWord)]
    outcome: Outcome,
    /// What else.
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    detail: Detail,
}

impl From<AuditRow> for AuditEvent {
    fn from(row: AuditRow) -> Self {
        let AuditRow { seq, event, actor_name } = row;
        Self {
            seq,
            at: event.at,
            actor: event.actor,
            actor_name,
            role: event.role,
            action: event.action,
            object: event.object,
            object_id: event.object_id,
            patient_id: event.patient,
            ip: event.origin.ip,
            request_id: event.origin.request_id,
            outcome: event.outcome,
            detail: event.detail,
        }
    }
}

/// What is here.
pub fn endpoint() -> Endpoint {
    let (actions, objects) = (schema::words(Action::ALL), schema::words(Object::ALL));
    let (actions, objects): (Vec<&str>, Vec<&str>) =
        (actions.iter().map(String::as_str).collect(), objects.iter().map(String::as_str).collect());
    let number = json!({"type": "integer", "minimum": 1, "maximum": 9_007_199_254_740_991_i64});
    let named = json!({"type": "string", "minLength": 1, "maxLength": 100, "pattern": PLAIN});
    Endpoint::new(Route::get("/api/v1/audit", Section::Admin, list), Scope::Admin)
        .named("list_audit_events", "Administration", "Who did what, newest first")
        .takes(parameters::id("actor", "Only by this user."))
        .takes(parameters::id("patient_id", "Only about this patient."))
        .takes(parameters::word("action", &actions, "Only this."))
        .takes(parameters::word("object", &objects, "Only to such things."))
        .takes(parameters::query("object_id", &named, "Only to this very thing."))
        .takes(parameters::query("request_id", &named, "Only in this request."))
        .takes(parameters::query("ip", &named, "Only from this address."))
        .takes(parameters::moment("from", "At this moment or later."))
        .takes(parameters::moment("until", "Before this moment."))
        .takes(parameters::limit())
        .takes(parameters::query("cursor", &number, "`next_cursor` of the page before; none for the first page."))
        .gives_page::<AuditEvent>("One page.")
}

/// `GET /api/v1/audit`
async fn list(
    State(app): State<AppState>,
    caller: Caller,
    mut query: Query,
) -> Result<Json<Listed<AuditEvent>>, WebError> {
    let filter = AuditFilter {
        actor: query.take("actor", "an id"),
        patient: query.take("patient_id", "an id"),
        action: query.take("action", "an action"),
        object: query.take("object", "an object"),
        object_id: query.named("object_id"),
        request_id: query.named("request_id"),
        ip: query.named("ip"),
        from: query.moment("from"),
        until: query.moment("until"),
    };
    let (limit, before) = (query.limit().get(), query.number("cursor"));
    query.finish()?;
    let page = app.store.audit().list(&filter, before, limit).await?;
    let mut listed = event(&app, &caller, Action::List, Object::Audit, "list").with("rows", page.rows.len());
    listed.patient = filter.patient;
    note(&app, listed).await?;
    let items = page.rows.into_iter().map(AuditEvent::from).collect();
    Ok(Json(Listed { items, next_cursor: page.before.map(|before| before.to_string()) }))
}
