//! Static files: hashed names, compressed beforehand, kept in the program. `build.rs` makes the table; templates ask
//! [`Assets`] for tags, which carry the SRI value; [`serve`] answers `GET /static/{name}`.

mod encoding;

use std::sync::Arc;

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::view::Html;
use super::{Route, Section};
use encoding::Encoding;

/// One file.
#[derive(Debug)]
pub struct Asset {
    /// As it lies under `static/`, without folders.
    name: &'static str,
    /// With a hash of its content.
    hashed: &'static str,
    content_type: &'static str,
    /// `sha384-…`
    integrity: &'static str,
    /// Hashed names of the modules that it imports, directly or not.
    imports: &'static [&'static str],
    plain: &'static [u8],
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

static ASSETS: &[Asset] = &include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// A name changes with its content, so an answer is good for ever; a year is what caches understand by that.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// Where static files are: on this site, or on a content delivery network in front of it.
#[derive(Debug, Clone, Default)]
pub struct Assets {
    base: Arc<str>,
}

impl Assets {
    /// `base` is put before every address: empty for this site, or `https://cdn.example.org`.
    #[must_use]
    pub fn new(base: &str) -> Self {
        Self { base: Arc::from(base.trim_end_matches('/')) }
    }

    /// The base, for the content security policy; empty for this site.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The address of a file, as `/static/app.0123456789abcdef.css`.
    pub fn url(&self, name: &str) -> String {
        named(name).map_or_else(String::new, |asset| self.address(asset.hashed))
    }

    /// The tag for a style sheet.
    #[must_use]
    pub fn style(&self, name: &str) -> Html {
        self.tag(name, |assets, asset| assets.link("stylesheet", asset))
    }

    /// The tags for a module: itself, and what it imports, so that no file loads without its SRI value.
    #[must_use]
    pub fn module(&self, name: &str) -> Html {
        self.tag(name, |assets, asset| {
            let mut tags = String::new();
            for import in asset.imports.iter().filter_map(|import| hashed(import)) {
                tags.push_str(&assets.link("modulepreload", import));
            }
            let (address, integrity) = (assets.address(asset.hashed), asset.integrity);
            let cross = assets.cross_origin();
            tags + &format!(r#"<script type="module" src="{address}" integrity="{integrity}"{cross}></script>"#)
        })
    }

    fn tag(&self, name: &str, write: impl Fn(&Self, &Asset) -> String) -> Html {
        let asset = named(name);
        debug_assert!(asset.is_some(), "no static file is called {name}");
        Html(asset.map_or_else(String::new, |asset| write(self, asset)))
    }

    fn link(&self, relation: &str, asset: &Asset) -> String {
        let (address, integrity, cross) = (self.address(asset.hashed), asset.integrity, self.cross_origin());
        format!(r#"<link rel="{relation}" href="{address}" integrity="{integrity}"{cross}>"#)
    }

    /// Another site's file can only be checked when it is asked for without cookies.
    fn cross_origin(&self) -> &'static str {
        if self.base.is_empty() { "" } else { r#" crossorigin="anonymous""# }
    }

    fn address(&self, hashed: &str) -> String {
        format!("{}/static/{hashed}", self.base)
    }
}

fn named(name: &str) -> Option<&'static Asset> {
    ASSETS.binary_search_by_key(&name, |asset| asset.name).ok().map(|index| &ASSETS[index])
}

fn hashed(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.hashed == name)
}

/// Where they are.
#[must_use]
pub fn routes() -> Vec<Route> {
    vec![Route::get("/static/{name}", Section::Public, serve)]
}

/// `GET /static/{name}`, and `HEAD` by the router. Without accounts: these files are the same for everybody.
pub async fn serve(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let Some(asset) = hashed(&name) else {
        return (StatusCode::NOT_FOUND, [(header::CACHE_CONTROL, "no-store")], "No such file.\n").into_response();
    };
    let (encoding, content) = encoding::choose(&headers, asset.brotli, asset.gzip).unwrap_or((None, asset.plain));
    let etag = format!("\"{}{}\"", asset.hashed, encoding.map_or("", Encoding::suffix));
    let mut answer = HeaderMap::new();
    answer.insert(header::CACHE_CONTROL, FOR_EVER);
    answer.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    // A content delivery network's copy is asked for from our pages, which are another site to it.
    answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    answer.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let unchanged = known.is_some_and(|known| known.split(',').any(|one| one.trim().trim_start_matches("W/") == etag));
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        answer.insert(header::ETAG, etag);
    }
    if unchanged {
        answer.remove(header::CONTENT_TYPE);
        return (StatusCode::NOT_MODIFIED, answer).into_response();
    }
    if let Some(encoding) = encoding {
        answer.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding.name()));
    }
    (answer, content).into_response()
}

#[cfg(test)]
mod tests;
