//! The debug toolbar: what a page cost, on the page itself. `layers` calls it in development only, and only for a browser on this
//! machine; otherwise a page leaves as it was written.

use askama::Template;
use axum::body::{Body, to_bytes};
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::response::Response;
use thorax_store::cache::Asked;
use thorax_store::statements;

use super::timing;
use super::view::{CacheOperation, Statement, TOOLBAR_SLOT, Timing, ToolbarPanel};

/// Pages are smaller; what is larger is left as it is.
const LARGEST: usize = 8 << 20;
/// From how many times on the same statement in one request is one too often.
const TOO_OFTEN: u64 = 3;

/// What a request cost, as it stands when the answer is complete.
pub struct Cost {
    /// `GET /worklist`.
    pub route: String,
    /// For finding it in the log.
    pub request_id: String,
    /// The whole request.
    pub milliseconds: f64,
    /// What the database was asked.
    pub statements: Vec<statements::Statement>,
    /// What the cache was asked.
    pub asked: Vec<Asked>,
    /// The stages.
    pub stages: timing::Stages,
}

/// Adds the panel to a page; any other answer stays as it is.
pub async fn insert(response: Response, cost: Cost) -> Response {
    let is_page = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if !is_page {
        return response;
    }
    let (mut head, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, LARGEST).await else {
        return Response::from_parts(head, Body::empty());
    };
    let page = String::from_utf8_lossy(&bytes);
    let text = panel(cost, head.status.as_u16()).render().unwrap_or_default();
    let page = if page.contains(TOOLBAR_SLOT) {
        page.replacen(TOOLBAR_SLOT, &text, 1)
    } else {
        page.replacen("</body>", &format!("{text}</body>"), 1)
    };
    head.headers.insert(CONTENT_LENGTH, HeaderValue::from(page.len()));
    Response::from_parts(head, Body::from(page))
}

fn panel(cost: Cost, status: u16) -> ToolbarPanel {
    let ran = cost.statements;
    let repeats = |sql: &str| ran.iter().filter(|one| one.sql == sql).count() as u64;
    let statement = |one: &statements::Statement| Statement {
        sql: one.sql.clone(),
        milliseconds: one.elapsed.as_secs_f64() * 1e3,
        repeats: repeats(&one.sql),
        failed: one.failed,
    };
    let statements: Vec<Statement> = ran.iter().map(statement).collect();
    let operation = |one: &Asked| CacheOperation {
        key: one.key.clone(),
        operation: if one.hit { "hit" } else { "miss" }.to_owned(),
        milliseconds: one.elapsed.as_secs_f64() * 1e3,
    };
    let (templates, stages) = cost.stages.into_iter().partition(|(name, _)| *name == "render");
    ToolbarPanel {
        route: cost.route,
        status,
        request_id: cost.request_id,
        milliseconds: cost.milliseconds,
        warnings: warnings(&statements),
        statements,
        cache: cost.asked.iter().map(operation).collect(),
        templates: timings(templates),
        stages: timings(stages),
    }
}

fn timings(stages: timing::Stages) -> Vec<Timing> {
    stages.into_iter().map(|(name, milliseconds)| Timing { name: name.to_owned(), milliseconds }).collect()
}

/// The same statement again and again is a query in a loop.
fn warnings(statements: &[Statement]) -> Vec<String> {
    let mut warnings = Vec::new();
    for one in statements.iter().filter(|one| one.repeats >= TOO_OFTEN) {
        let text = format!("asked {} times, one for each row? {}", one.repeats, one.sql);
        if !warnings.contains(&text) {
            warnings.push(text);
        }
    }
    let failed = statements.iter().filter(|one| one.failed).map(|one| format!("failed: {}", one.sql));
    warnings.extend(failed);
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(sql: &str, repeats: u64, failed: bool) -> Statement {
        Statement { sql: sql.to_owned(), milliseconds: 1.0, repeats, failed }
    }

    #[test]
    fn a_query_in_a_loop_is_said_once() {
        let looped = [statement("a", 3, false), statement("a", 3, false), statement("b", 1, false)];
        assert_eq!(warnings(&looped), ["asked 3 times, one for each row? a"]);
        assert_eq!(warnings(&[statement("b", 2, true)]), ["failed: b"]);
    }
}
