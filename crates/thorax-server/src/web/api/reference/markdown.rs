//! `docs/api.md`.

use std::fmt::Write;

use serde_json::Value;

use super::chapters::{Operation, chapters, fields, kind};

/// The document as Markdown.
#[must_use]
pub fn markdown(document: &Value) -> String {
    let mut text = String::from("# The API\n\n");
    let about = document["info"]["description"].as_str().unwrap_or_default();
    let _ = writeln!(
        text,
        "{about}\n\nA running Thorax shows this page at `/api/docs` and the OpenAPI 3.1 document at `/api/v1/openapi.json`. This file is \
         written from that document by a test; to write it again: `THORAX_WRITE_DOCS=1 cargo test -p thorax-server api_docs`.\n"
    );
    for chapter in chapters(document) {
        let _ = writeln!(text, "## {}\n", chapter.name);
        chapter.operations.iter().for_each(|one| operation(&mut text, one));
    }
    text.push_str("## Types\n");
    for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
        let about = schema["description"].as_str().unwrap_or_default();
        let _ = writeln!(text, "\n### {name}\n");
        let rows = fields(schema);
        if rows.is_empty() {
            let _ = writeln!(
                text,
                "{}",
                [about, &kind(schema)].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
            );
        } else {
            let _ = writeln!(text, "{about}\n");
            table(&mut text, ["field", "type", "always sent", "what"], &rows);
        }
    }
    text
}

fn operation(text: &mut String, one: &Operation<'_>) {
    let _ =
        writeln!(text, "### {}\n\n`{} {}`\n\n{}\n", one.text("summary"), one.method, one.path, one.text("description"));
    let parameters = one.parameters();
    if !parameters.is_empty() {
        table(text, ["parameter", "in", "type", "what"], &parameters);
        text.push('\n');
    }
    if let Some((media_type, schema)) = one.body() {
        let _ = writeln!(text, "Body: `{media_type}`, {}\n", kind(schema));
        let rows = fields(schema);
        if schema["properties"].is_object() && !rows.is_empty() {
            table(text, ["field", "type", "needed", "what"], &rows);
            text.push('\n');
        }
    }
    table(text, ["status", "answer", "when"], &one.answers());
    text.push('\n');
}

fn table<const N: usize>(text: &mut String, heads: [&str; N], rows: &[[String; N]]) {
    let _ = writeln!(text, "| {} |\n|{}", heads.join(" | "), " --- |".repeat(N));
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| cell.replace('|', "\\|").replace('\n', " ")).collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
}
