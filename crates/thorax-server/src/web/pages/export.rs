//! The worklist as CSV: streamed in chunks, nothing held open in between.

use axum::body::{Body, Bytes};
use axum::extract::RawQuery;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use thorax_domain::audit::{Action, Object};
use thorax_store::predictions::PredictionRow;

use super::visit::Visit;
use super::worklist::Asked;
use crate::web::WebError;

const HEAD: &str = "prediction_id,xray_id,patient_id,patient_name,record_number,created_at,status,final_diagnosis,\
                    consensus_confidence,agreement,models_voted,inconclusive,is_validated,corrected_label,source\r\n";

/// `GET /worklist.csv`
pub async fn worklist(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, WebError> {
    let asked = Asked::of(&visit, query.as_deref().unwrap_or_default()).await?;
    asked.sought().still_known()?;
    let event = visit.event(Action::Export, Object::Prediction, "worklist");
    visit
        .note(match asked.filter().patient {
            Some(patient) => event.about(patient),
            None => event,
        })
        .await?;
    let chunks = visit.app.store.predictions().export(visit.viewer(), asked.filter().clone());
    let lines = chunks.map(|chunk| {
        let text = chunk.map(|rows| Bytes::from(rows.iter().map(line).collect::<String>()));
        text.inspect_err(|error| tracing::error!(%error, "an export broke off"))
    });
    let head = futures_util::stream::iter([Ok(Bytes::from_static(HEAD.as_bytes()))]);
    let headers =
        [(CONTENT_TYPE, "text/csv; charset=utf-8"), (CONTENT_DISPOSITION, "attachment; filename=\"worklist.csv\"")];
    Ok((headers, Body::from_stream(head.chain(lines))).into_response())
}

fn line(row: &PredictionRow) -> String {
    let word = |text: Option<String>| text.unwrap_or_default();
    let cells = [
        row.id.to_string(),
        row.xray_id.to_string(),
        row.patient_id.to_string(),
        row.patient_name.clone(),
        row.record_number.clone(),
        row.created_at.to_string(),
        row.status.to_string(),
        word(row.final_diagnosis.map(|one| one.to_string())),
        word(row.consensus_confidence.map(|share| format!("{share:.4}"))),
        row.agreement.to_string(),
        row.models_voted.to_string(),
        row.inconclusive.to_string(),
        row.is_validated.to_string(),
        word(row.corrected_label.map(|one| one.to_string())),
        row.source.to_string(),
    ];
    let mut line = cells.iter().map(|cell| quoted(cell)).collect::<Vec<_>>().join(",");
    line.push_str("\r\n");
    line
}

/// A cell that no spreadsheet takes for a formula, in quotes where it needs them.
fn quoted(cell: &str) -> String {
    let cell = if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() };
    if cell.contains([',', '"', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_name_is_no_formula() {
        assert_eq!(quoted("=1+1"), "'=1+1");
        assert_eq!(quoted("Meier, \"Anna\""), "\"Meier, \"\"Anna\"\"\"");
        assert_eq!(quoted("0.5"), "0.5");
    }
}
