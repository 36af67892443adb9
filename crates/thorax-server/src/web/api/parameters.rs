//! Parameters as the document describes them. What [`super::query::Query`] takes out of a request is described here.

use serde_json::{Value, json};

/// A text without control characters.
pub const PLAIN: &str = r"^[^\u0000-\u001f\u007f-\u009f]*$";
/// A moment between 1900 and 2099, in UTC.
pub const MOMENT: &str = r"^(19|20)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?Z$";

/// A part of the path.
pub fn in_path(name: &str) -> Value {
    let schema = match name {
        "id" | "patient" => json!({"type": "string", "format": "uuid"}),
        _ => json!({"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[A-Za-z0-9_.-]+$"}),
    };
    json!({"name": name, "in": "path", "required": true, "schema": schema})
}

/// A parameter of the query.
pub fn query(name: &str, schema: &Value, what: &str) -> Value {
    json!({"name": name, "in": "query", "description": what, "schema": schema})
}

/// One of some words.
pub fn word(name: &str, words: &[&str], what: &str) -> Value {
    query(name, &json!({"type": "string", "enum": words}), what)
}

/// Yes or no.
pub fn flag(name: &str, what: &str) -> Value {
    query(name, &json!({"type": "boolean"}), what)
}

/// A number between 0 and 1.
pub fn share(name: &str, what: &str) -> Value {
    query(name, &json!({"type": "number", "minimum": 0, "maximum": 1}), what)
}

/// A moment.
pub fn moment(name: &str, what: &str) -> Value {
    query(name, &json!({"type": "string", "pattern": MOMENT, "examples": ["2026-11-23T08:15:00Z"]}), what)
}

/// The id of something.
pub fn id(name: &str, what: &str) -> Value {
    query(name, &json!({"type": "string", "format": "uuid"}), what)
}

/// What is looked for; only where it is then sent in a body.
pub fn search(what: &str) -> Value {
    query("search", &json!({"type": "string", "maxLength": 100, "pattern": PLAIN}), what)
}

/// Rows of a page.
pub fn limit() -> Value {
    query("limit", &json!({"type": "integer", "minimum": 1, "maximum": 50, "default": 25}), "Rows of a page.")
}

/// Where the page begins.
pub fn cursor() -> Value {
    let schema = json!({"type": "string", "minLength": 32, "maxLength": 32, "pattern": "^[A-Za-z0-9_-]{32}$"});
    query("cursor", &schema, "`next_cursor` of the page before; none for the first page. It means nothing else.")
}

/// Whether the asker has it already.
pub fn if_none_match() -> Value {
    header("If-None-Match", "An `ETag` that was given before: where nothing has changed the answer is 304.")
}

/// A header.
pub fn header(name: &str, what: &str) -> Value {
    json!({"name": name, "in": "header", "description": what, "schema": {"type": "string"}})
}
