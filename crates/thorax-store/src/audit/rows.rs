//! Events as rows.

use sea_orm::{FromQueryResult, Value};
use thorax_domain::audit::{AuditEvent, Origin};
use thorax_domain::clock::Timestamp;
use thorax_domain::ids::{PatientId, UserId};
use thorax_domain::user::Role;
use uuid::Uuid;

use super::AuditRow;
use crate::error::{Result, StoreError, maybe, word};

pub(super) const COLUMNS: &[&str] =
    &["at", "actor", "role", "action", "object", "object_id", "patient_id", "ip", "request_id", "outcome", "detail"];

pub(super) fn values(event: &AuditEvent) -> Vec<Value> {
    let detail = serde_json::to_string(&event.detail).unwrap_or_default();
    vec![
        event.at.micros().into(),
        event.actor.map(UserId::uuid).into(),
        event.role.map(Role::word).into(),
        event.action.word().into(),
        event.object.word().into(),
        event.object_id.as_str().into(),
        event.patient.map(PatientId::uuid).into(),
        event.origin.ip.as_str().into(),
        event.origin.request_id.as_str().into(),
        event.outcome.word().into(),
        detail.into(),
    ]
}

#[derive(Debug, FromQueryResult)]
pub(super) struct Raw {
    seq: i64,
    at: i64,
    actor: Option<Uuid>,
    role: Option<String>,
    action: String,
    object: String,
    object_id: String,
    patient_id: Option<Uuid>,
    ip: String,
    request_id: String,
    outcome: String,
    detail: String,
    actor_name: Option<String>,
}

impl TryFrom<Raw> for AuditRow {
    type Error = StoreError;

    fn try_from(raw: Raw) -> Result<Self> {
        let event = AuditEvent {
            at: Timestamp::from_micros(raw.at),
            actor: raw.actor.map(UserId::from_uuid),
            role: maybe(raw.role.as_deref(), "a role")?,
            action: word(&raw.action, "an action")?,
            object: word(&raw.object, "an object")?,
            object_id: raw.object_id,
            patient: raw.patient_id.map(PatientId::from_uuid),
            origin: Origin { ip: raw.ip, request_id: raw.request_id },
            outcome: word(&raw.outcome, "an outcome")?,
            detail: serde_json::from_str(&raw.detail).map_err(|_| StoreError::Corrupt("an audit event"))?,
        };
        Ok(Self { seq: raw.seq, event, actor_name: raw.actor_name })
    }
}
