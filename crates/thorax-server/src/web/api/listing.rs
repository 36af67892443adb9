//! Lists that go from new to old.

use std::str::FromStr;

use serde::Serialize;
use thorax_store::page::Page;

use crate::web::WebError;

/// What the document says of a search.
pub const SEARCHED: &str = "Takes what the list takes and what is looked for, in the body: it may be a name, and addresses are kept in \
                            logs. Nothing is changed. `{}` asks for the first page of everything.";

/// One page of a list.
#[derive(Debug, Serialize)]
pub struct Listed<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Where the next page begins; none on the last one.
    pub next_cursor: Option<String>,
}

/// A list that is never long.
#[derive(Debug, Serialize)]
pub struct Whole<T> {
    /// The rows.
    pub items: Vec<T>,
}

impl<T> Whole<T> {
    /// Of these rows.
    pub fn of(rows: impl IntoIterator<Item = T>) -> Self {
        Self { items: rows.into_iter().collect() }
    }
}

impl<T> From<Page<T>> for Listed<T> {
    fn from(page: Page<T>) -> Self {
        Self { items: page.rows, next_cursor: page.next.map(|cursor| cursor.to_string()) }
    }
}

/// The id in a path; what is no id names nothing.
pub fn id<T: FromStr>(text: &str) -> Result<T, WebError> {
    text.parse().map_err(|_| WebError::NotFound)
}
