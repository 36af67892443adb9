//! The debug toolbar: what this page cost. In development only.

use askama::Template;

use super::text;

/// The panel that replaces `TOOLBAR_SLOT`.
#[derive(Debug, Clone, Template)]
#[template(path = "fragments/toolbar.html")]
pub struct ToolbarPanel {
    /// `GET /worklist`.
    pub route: String,
    /// The status of the answer.
    pub status: u16,
    /// For finding it in the log.
    pub request_id: String,
    /// The whole request.
    pub milliseconds: f64,
    /// Statements in order.
    pub statements: Vec<Statement>,
    /// Warnings: "asked 3 times: SELECT …".
    pub warnings: Vec<String>,
    /// Operations of the cache in order.
    pub cache: Vec<CacheOperation>,
    /// Templates that were rendered.
    pub templates: Vec<Timing>,
    /// Stages, as in `Server-Timing`.
    pub stages: Vec<Timing>,
}

impl ToolbarPanel {
    /// Time in the database.
    #[must_use]
    pub fn statements_total(&self) -> String {
        text::milliseconds(&self.statements.iter().map(|statement| statement.milliseconds).sum())
    }
}

/// One statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// Its text, without values.
    pub sql: String,
    /// How long.
    pub milliseconds: f64,
    /// How often the same text was sent in this request.
    pub repeats: u64,
    /// Whether it failed.
    pub failed: bool,
}

/// One operation of the cache.
#[derive(Debug, Clone, PartialEq)]
pub struct CacheOperation {
    /// Class of the key: `prediction_statistics`, `sidebar` …
    pub key: String,
    /// `hit`, `miss`, `fill`, `invalidate`.
    pub operation: String,
    /// How long.
    pub milliseconds: f64,
}

/// A name and how long.
#[derive(Debug, Clone, PartialEq)]
pub struct Timing {
    /// What.
    pub name: String,
    /// How long.
    pub milliseconds: f64,
}
