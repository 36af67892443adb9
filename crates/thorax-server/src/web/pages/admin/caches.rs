//! The cache: what it was asked, and emptying it.

use axum::Form;
use axum::response::Response;
use serde::Deserialize;
use thorax_domain::audit::{Action, Object};

use crate::web::WebError;
use crate::web::cached::CLASSES;
use crate::web::pages::visit::{Visit, go, page as answer};
use crate::web::view::{CacheRow, CachesPage};
use crate::workflow::forget;

/// Which class is to be emptied; empty for all.
#[derive(Debug, Deserialize)]
pub struct Which {
    #[serde(default)]
    key: String,
}

/// `GET /admin/caches`
pub async fn page(visit: Visit) -> Result<Response, WebError> {
    let counts = visit.app.cache.counts();
    let row = |class: &crate::web::cached::Class| {
        let count = counts.iter().find(|count| count.class == class.name);
        let (hits, misses, shared) = count.map_or((0, 0, 0), |count| (count.hits, count.misses, count.shared));
        CacheRow {
            key: class.name.to_owned(),
            seconds: class.ttl.as_secs(),
            tags: class.tags.iter().map(ToString::to_string).collect(),
            hits: hits + shared,
            misses,
            fills: misses,
            entries: None,
        }
    };
    let rows = CLASSES.iter().map(row).collect();
    let frame = visit.frame("Caches", "/admin/caches").await?;
    answer(&CachesPage { frame, backend: visit.app.cache.kind().to_owned(), rows })
}

/// `POST /admin/caches/clear`: one class by what it depends on, or everything.
pub async fn clear(visit: Visit, Form(Which { key }): Form<Which>) -> Result<Response, WebError> {
    let class = CLASSES.iter().find(|class| class.name == key);
    if class.is_none() && !key.is_empty() {
        return Err(WebError::NotFound);
    }
    forget::on_request(&visit.app, class.map(|class| class.tags)).await?;
    let which = if key.is_empty() { "all" } else { &key };
    visit.note(visit.event(Action::Clear, Object::Cache, which)).await?;
    Ok(go("/admin/caches", "cleared"))
}
