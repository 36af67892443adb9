//! `/api/docs`.

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{Html, IntoResponse, Response};
use serde_json::Value;

use super::chapters::{Operation, chapters, fields, kind};
use crate::web::api::document::document;
use crate::web::assets::Assets;
use crate::web::auth::cookie;
use crate::web::request::RequestId;
use crate::web::view::{Frame, ReferenceChapter, ReferenceOperation, ReferencePage, ReferenceType};
use crate::web::{AppState, WebError};

/// `GET /api/docs`: the same for everybody.
pub async fn show(State(app): State<AppState>, id: RequestId, headers: HeaderMap) -> Result<Response, WebError> {
    let frame = Frame {
        title: "The API".to_owned(),
        section: "/api/docs",
        user: None,
        theme: cookie::theme(&headers),
        request_id: id.to_string(),
        sidebar: crate::web::view::Html::default(),
        flashes: Vec::new(),
        assets: Assets::new(app.web.cdn.as_deref().unwrap_or_default()),
    };
    let page = page(frame, document());
    Ok(Html(page.render().map_err(anyhow::Error::from)?).into_response())
}

fn page(frame: Frame, document: &Value) -> ReferencePage {
    let chapters = chapters(document).into_iter().map(|chapter| ReferenceChapter {
        name: chapter.name.to_owned(),
        operations: chapter.operations.iter().map(operation).collect(),
    });
    let types = document["components"]["schemas"].as_object().into_iter().flatten().map(|(name, schema)| {
        let rows = fields(schema);
        let about = schema["description"].as_str().map_or_else(|| kind(schema), str::to_owned);
        ReferenceType { name: name.clone(), about, fields: rows }
    });
    ReferencePage {
        frame,
        about: paragraphs(document["info"]["description"].as_str().unwrap_or_default()),
        chapters: chapters.collect(),
        types: types.collect(),
    }
}

fn operation(one: &Operation<'_>) -> ReferenceOperation {
    let body = one.body();
    // A body with a name is among the types.
    let unnamed = body.filter(|(_, schema)| schema["properties"].is_object());
    ReferenceOperation {
        id: one.text("operationId").to_owned(),
        method: one.method.clone(),
        path: one.path.to_owned(),
        summary: one.text("summary").to_owned(),
        about: paragraphs(one.text("description")),
        parameters: one.parameters(),
        body: body.map(|(media_type, schema)| [media_type.to_owned(), kind(schema)]),
        fields: unnamed.map(|(_, schema)| fields(schema)).unwrap_or_default(),
        answers: one.answers(),
    }
}

/// Without the marks of Markdown.
fn paragraphs(text: &str) -> Vec<String> {
    text.split("\n\n").map(|paragraph| paragraph.replace('`', "")).collect()
}
