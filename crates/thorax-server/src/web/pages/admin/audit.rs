//! The audit log, with search.

use std::net::IpAddr;

use axum::extract::Query;
use axum::response::Response;
use serde::Deserialize;
use thorax_domain::audit::{Action, Object};
use thorax_domain::clock::{Date, Timestamp};
use thorax_domain::user::Username;
use thorax_store::audit::{AuditFilter as Wanted, AuditRow as Kept};
use thorax_store::page::PageSize;

use crate::web::WebError;
use crate::web::pages::forms::bad_query;
use crate::web::pages::rows::joined;
use crate::web::pages::visit::{Visit, moment, page as answer};
use crate::web::view::{AuditFilter, AuditPage, AuditRow, Choice, Pager};

/// Events beyond which they are not counted.
const MOST: u64 = 10_000;
/// Length of a day.
const DAY: std::time::Duration = std::time::Duration::from_hours(24);

/// What is asked of the log.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    q: String,
    actor: String,
    action: String,
    from: String,
    to: String,
    patient: String,
    /// Only events with smaller numbers.
    before: Option<i64>,
    page: Option<u64>,
}

/// `GET /admin/audit`
pub async fn list(visit: Visit, Query(asked): Query<Asked>) -> Result<Response, WebError> {
    let frame = visit.frame("Audit log", "/admin/audit").await?;
    let size = PageSize::DEFAULT.get();
    let (rows, older, total) = match wanted(&visit, &asked).await? {
        Some(wanted) => {
            let total = visit.app.store.audit().count(&wanted, MOST).await?;
            let found = visit.app.store.audit().list(&wanted, asked.before, size).await?;
            (found.rows, found.before, total)
        }
        None => (Vec::new(), None, 0),
    };
    visit.note(visit.event(Action::List, Object::Audit, "log")).await?;
    let pager = pager(&asked, older, total);
    answer(&AuditPage { frame, filter: shown(&asked), rows: rows.into_iter().map(row).collect(), pager })
}

/// The filter; `None` where nobody has the name that is asked for.
async fn wanted(visit: &Visit, asked: &Asked) -> Result<Option<Wanted>, WebError> {
    let mut wanted = Wanted { from: day(&asked.from, "from")?, ..Wanted::default() };
    wanted.until = day(&asked.to, "to")?.map(|day| day.plus(DAY));
    if !asked.action.is_empty() {
        let action = asked.action.parse::<Action>();
        wanted.action = Some(action.map_err(|_| bad_query("action", "there is no such action"))?);
    }
    if !asked.patient.trim().is_empty() {
        let patient = asked.patient.trim().parse();
        wanted.patient = Some(patient.map_err(|_| bad_query("patient", "this is not an identifier"))?);
    }
    mentioned(visit, asked.q.trim(), &mut wanted).await?;
    if !asked.actor.trim().is_empty() {
        let Ok(name) = Username::new(&asked.actor) else {
            return Ok(None);
        };
        match visit.app.store.users().credentials(&name).await? {
            Some(known) => wanted.actor = Some(known.user.id),
            None => return Ok(None),
        }
    }
    Ok(Some(wanted))
}

/// What was typed: an address, a kind of thing, a request, or else one very thing.
async fn mentioned(visit: &Visit, q: &str, wanted: &mut Wanted) -> Result<(), WebError> {
    if q.is_empty() {
        return Ok(());
    }
    if let Ok(ip) = q.parse::<IpAddr>() {
        wanted.ip = Some(ip.to_string());
    } else if let Ok(object) = q.parse::<Object>() {
        wanted.object = Some(object);
    } else {
        let of_request = Wanted { request_id: Some(q.to_owned()), ..Wanted::default() };
        if visit.app.store.audit().count(&of_request, 1).await? > 0 {
            wanted.request_id = of_request.request_id;
        } else {
            wanted.object_id = Some(q.to_owned());
        }
    }
    Ok(())
}

fn day(text: &str, field: &str) -> Result<Option<Timestamp>, WebError> {
    match text.trim() {
        "" => Ok(None),
        text => text.parse::<Date>().map(|day| Some(day.start())).map_err(|_| bad_query(field, "this is not a day")),
    }
}

fn shown(asked: &Asked) -> AuditFilter {
    let choice = |action: &Action| Choice {
        value: action.to_string(),
        text: action.word().replace('_', " "),
        chosen: action.word() == asked.action,
    };
    AuditFilter {
        q: asked.q.clone(),
        actor: asked.actor.clone(),
        actions: Action::ALL.iter().map(choice).collect(),
        from: asked.from.clone(),
        to: asked.to.clone(),
        patient: asked.patient.clone(),
    }
}

/// The log is read towards older events; the way back is the browser's.
fn pager(asked: &Asked, older: Option<i64>, total: u64) -> Pager {
    let number = asked.page.unwrap_or(1).max(1);
    let hidden: Vec<(String, String)> = [
        ("q", &asked.q),
        ("actor", &asked.actor),
        ("action", &asked.action),
        ("from", &asked.from),
        ("to", &asked.to),
        ("patient", &asked.patient),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(name, value)| (name.to_owned(), value.clone()))
    .collect();
    let next = older.map(|before| {
        let mut pairs = hidden.clone();
        pairs.push(("page".to_owned(), (number + 1).to_string()));
        pairs.push(("before".to_owned(), before.to_string()));
        format!("/admin/audit?{}", joined(&pairs))
    });
    let first = format!("/admin/audit?{}", joined(&hidden));
    Pager {
        page: number,
        pages: PageSize::DEFAULT.pages(total).max(number),
        total,
        previous: (number > 1).then_some(first),
        next,
        action: "/admin/audit".to_owned(),
        hidden,
    }
}

fn row(kept: Kept) -> AuditRow {
    let event = kept.event;
    let detail =
        if event.detail.is_empty() { String::new() } else { serde_json::to_string(&event.detail).unwrap_or_default() };
    AuditRow {
        seq: u64::try_from(kept.seq).unwrap_or(0),
        at: moment(event.at),
        actor: kept.actor_name,
        role: event.role.map(|role| role.to_string()).unwrap_or_default(),
        action: event.action.to_string(),
        object: event.object.to_string(),
        object_id: event.object_id,
        patient_id: event.patient.map(|patient| patient.to_string()),
        ip: event.origin.ip,
        request_id: event.origin.request_id,
        outcome: event.outcome.to_string(),
        detail,
    }
}
