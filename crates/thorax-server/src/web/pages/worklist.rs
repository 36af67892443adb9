//! The worklist: predictions, newest first, with filters and pages.

mod query;

pub use query::{Asked, Place, request};

use axum::extract::RawQuery;
use axum::response::Response;
use thorax_domain::audit::{Action, Object};

use super::rows;
use super::visit::{Visit, page as answer};
use crate::web::view::WorklistPage;
use crate::web::{WebError, cached};

/// `GET /worklist`
pub async fn page(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, WebError> {
    let asked = Asked::read(query.as_deref().unwrap_or_default())?;
    let filter = asked.filter();
    let frame = visit.frame("Worklist", "/worklist").await?;
    let total = cached::predictions(&visit.app, visit.viewer(), filter).await?;
    let wanted = request(asked.place(), asked.size(), total)?;
    let found = visit.app.store.predictions().list(visit.viewer(), filter, &wanted).await?;
    let named = match (filter.patient, found.rows.first()) {
        // Every row of a patient's list has the name; only an empty list needs to ask.
        (Some(patient), Some(row)) => Some((patient.to_string(), row.patient_name.clone())),
        (Some(patient), None) => {
            let known = visit.app.store.patients().find(visit.viewer(), patient).await?;
            known.map(|known| (patient.to_string(), known.full_name.to_string()))
        }
        (None, _) => None,
    };
    let action = if filter.search.is_empty() { Action::List } else { Action::Search };
    let event = visit.event(action, Object::Prediction, format!("page {}", found.number));
    visit
        .note(match filter.patient {
            Some(patient) => event.about(patient),
            None => event,
        })
        .await?;
    let list = asked.query();
    let pager = rows::pager(&found, total, "/worklist", asked.pairs());
    let export = if list.is_empty() { "/worklist.csv".to_owned() } else { format!("/worklist.csv?{list}") };
    let found = found.rows.into_iter().map(|row| rows::row(row, &list)).collect();
    answer(&WorklistPage { frame, filter: asked.shown(named), rows: found, pager, export })
}
