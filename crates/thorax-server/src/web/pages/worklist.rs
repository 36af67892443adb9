//! The worklist: predictions, newest first, with filters and pages.

mod query;

pub use query::{Asked, Place, request};

use axum::Form;
use axum::extract::RawQuery;
use axum::response::Response;
use thorax_domain::audit::Object;
use thorax_store::page::Page;
use thorax_store::predictions::PredictionRow;

use super::visit::{Visit, page as answer};
use super::{forms, rows, search as searches};
use crate::web::view::WorklistPage;
use crate::web::{WebError, cached};

/// `GET /worklist`
pub async fn page(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, WebError> {
    let asked = Asked::of(&visit, query.as_deref().unwrap_or_default()).await?;
    let filter = asked.filter();
    let mut frame = visit.frame("Worklist", "/worklist").await?;
    asked.sought().tell(&mut frame);
    let (found, total) = listed(&visit, &asked).await?;
    let named = match (filter.patient, found.rows.first()) {
        // Every row of a patient's list has the name; only an empty list needs to ask.
        (Some(patient), Some(row)) => Some((patient.to_string(), row.patient_name.clone())),
        (Some(patient), None) => {
            let known = visit.app.store.patients().find(visit.viewer(), patient).await?;
            known.map(|known| (patient.to_string(), known.full_name.to_string()))
        }
        (None, _) => None,
    };
    let event = visit.event(asked.sought().action(), Object::Prediction, format!("page {}", found.number));
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

/// The page that is asked for, and how many rows there are in all.
async fn listed(visit: &Visit, asked: &Asked) -> Result<(Page<PredictionRow>, u64), WebError> {
    if asked.sought().is_gone() {
        return Ok((rows::nothing(asked.size()), 0));
    }
    let total = cached::predictions(&visit.app, visit.viewer(), asked.filter()).await?;
    let wanted = request(asked.place(), asked.size(), total)?;
    let wanted = cached::page(&visit.app, visit.viewer(), asked.filter(), wanted).await?;
    Ok((visit.app.store.predictions().list(visit.viewer(), asked.filter(), &wanted).await?, total))
}

/// `POST /worklist/search`
pub async fn search(visit: Visit, Form(fields): Form<Vec<(String, String)>>) -> Result<Response, WebError> {
    let typed = forms::one(&fields, searches::TYPED);
    searches::narrowed(&visit, "/worklist", typed, query::filters(&fields)).await
}
