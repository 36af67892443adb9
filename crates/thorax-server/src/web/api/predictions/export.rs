//! `GET /api/v1/predictions/export`: the whole list, a hundred rows at a time, as CSV or as JSON lines.

use std::fmt::Write;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, StreamExt, stream};
use thorax_domain::audit::{Action, Object};
use thorax_domain::user::Scope;
use thorax_store::predictions::PredictionRow;

use super::super::endpoint::Endpoint;
use super::super::notes::{event, note};
use super::super::parameters;
use super::super::query::Query;
use super::Prediction;
use crate::web::auth::Caller;
use crate::web::{AppState, Route, Section, WebError};

const COLUMNS: [&str; 22] = [
    "prediction_id",
    "status",
    "xray_id",
    "patient_id",
    "patient_name",
    "record_number",
    "date_of_birth",
    "sex",
    "final_diagnosis",
    "consensus_confidence",
    "agreement",
    "models_voted",
    "inconclusive",
    "forced",
    "is_validated",
    "validated_at",
    "review_verdict",
    "corrected_label",
    "view",
    "source",
    "created_at",
    "completed_at",
];

/// How the list is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Csv,
    Lines,
}

/// What is here.
pub fn endpoint() -> Endpoint {
    let endpoint = Endpoint::new(Route::get("/api/v1/predictions/export", Section::Clinical, export), Scope::Read)
        .named("export_predictions", "Predictions", "The whole list as a file")
        .about("Takes the same filters as the list. In CSV, a text that a spreadsheet would take for a formula begins with an apostrophe.")
        .takes(parameters::word("format", &["csv", "jsonl"], "CSV (as without it), or one JSON object a line."))
        .gives_file(&["text/csv", "application/jsonl"], "The file, written as it is read.");
    super::filtered(endpoint)
}

async fn export(State(app): State<AppState>, caller: Caller, mut query: Query) -> Result<Response, WebError> {
    let form = match query.take::<String>("format", "csv or jsonl").as_deref() {
        None | Some("csv") => Form::Csv,
        Some("jsonl") => Form::Lines,
        Some(_) => {
            query.refuse("format", "must be csv or jsonl");
            Form::Csv
        }
    };
    let filter = super::filter(&mut query);
    query.finish()?;
    let name = if form == Form::Csv { "predictions.csv" } else { "predictions.jsonl" };
    let mut taken = event(&app, &caller, Action::Export, Object::Prediction, name);
    taken.patient = filter.patient;
    note(&app, taken).await?;
    let rows = app.store.predictions().export(caller.viewer(), filter);
    let kind = if form == Form::Csv { "text/csv; charset=utf-8" } else { "application/jsonl" };
    let disposition = format!("attachment; filename=\"{name}\"");
    Ok(([(CONTENT_TYPE, kind.to_owned()), (CONTENT_DISPOSITION, disposition)], Body::from_stream(written(rows, form)))
        .into_response())
}

/// The file, piece by piece: one for each chunk of rows.
fn written<E>(
    chunks: impl Stream<Item = Result<Vec<PredictionRow>, E>> + Send + 'static,
    form: Form,
) -> impl Stream<Item = Result<Bytes, E>> + Send
where
    E: Send + 'static,
{
    let head = (form == Form::Csv).then(|| Ok(Bytes::from(format!("{}\r\n", COLUMNS.join(",")))));
    let pieces = chunks.map(move |rows| {
        let mut text = String::new();
        for row in rows? {
            match form {
                Form::Csv => line(&mut text, row),
                Form::Lines => {
                    let object = serde_json::to_string(&Prediction::from(row)).unwrap_or_default();
                    let _ = writeln!(text, "{object}");
                }
            }
        }
        Ok(Bytes::from(text))
    });
    stream::iter(head).chain(pieces)
}

/// One row of CSV.
fn line(text: &mut String, row: PredictionRow) {
    let maybe = |value: Option<String>| value.unwrap_or_default();
    let cells: [String; 22] = [
        row.id.to_string(),
        row.status.to_string(),
        row.xray_id.to_string(),
        row.patient_id.to_string(),
        row.patient_name,
        row.record_number,
        row.date_of_birth.to_string(),
        row.sex.to_string(),
        maybe(row.final_diagnosis.map(|one| one.to_string())),
        maybe(row.consensus_confidence.map(|one| one.to_string())),
        row.agreement.to_string(),
        row.models_voted.to_string(),
        row.inconclusive.to_string(),
        row.forced.to_string(),
        row.is_validated.to_string(),
        maybe(row.validated_at.map(|one| one.to_string())),
        maybe(row.review_verdict.map(|one| one.to_string())),
        maybe(row.corrected_label.map(|one| one.to_string())),
        maybe(row.view.map(|one| one.to_string())),
        row.source.to_string(),
        row.created_at.to_string(),
        maybe(row.completed_at.map(|one| one.to_string())),
    ];
    let cells: Vec<String> = cells.iter().map(|cell| quoted(cell)).collect();
    text.push_str(&cells.join(","));
    text.push_str("\r\n");
}

/// A cell as RFC 4180 writes it. A text that a spreadsheet would take for a formula is made one that it does not.
fn quoted(cell: &str) -> String {
    let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let cell = if is_formula { format!("'{cell}") } else { cell.to_owned() };
    if cell.contains([',', '"', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn cells_are_quoted_and_formulas_made_harmless() {
        assert_eq!(quoted("Anna Müller"), "Anna Müller");
        assert_eq!(quoted("Müller, \"Anna\""), "\"Müller, \"\"Anna\"\"\"");
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"] {
            assert!(quoted(formula).trim_start_matches('"').starts_with('\''), "{formula}");
        }
        assert_eq!(quoted("=HYPERLINK(\"x\",1)"), "\"'=HYPERLINK(\"\"x\"\",1)\"");
        assert_eq!(quoted("0.25"), "0.25");
    }
}
