//! Pictures of X-rays and of where the networks looked: the same as on the pages, asked for as strictly as everything here.

use axum::extract::{Path, Query as Asked};
use axum::http::HeaderMap;
use axum::response::Response;
use thorax_domain::user::Scope;

use super::super::endpoint::Endpoint;
use super::super::parameters;
use super::super::query::Query;
use crate::web::pages::films::{self, Wanted};
use crate::web::pages::visit::Visit;
use crate::web::{Route, Section, WebError};

/// What is here.
pub fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::new(Route::get("/api/v1/xrays/{id}/image", Section::Results, image), Scope::Read)
            .named("get_image", "X-rays", "The X-ray as a picture")
            .takes(parameters::flag("clahe", "With its contrast raised (CLAHE); then it is a JPEG."))
            .gives_file(&["image/png", "image/jpeg"], "The picture, with 8 or 16 bits a pixel.")
            .tagged()
            .fails(415, "The file cannot be decoded (any more)."),
        Endpoint::new(Route::get("/api/v1/xrays/{id}/pixels", Section::Results, films::pixels), Scope::Read)
            .named("get_pixels", "X-rays", "The X-ray's samples")
            .about(
                "A head of 16 bytes, then the samples row by row, all little-endian: `TXR1`, columns (u32), rows (u32), bits of \
                 a sample (u16: 8 or 16), two bytes of nothing.",
            )
            .gives_file(&["application/octet-stream"], "The samples.")
            .tagged()
            .fails(415, "The file cannot be decoded (any more)."),
        Endpoint::new(Route::get("/api/v1/predictions/{id}/heat/{name}", Section::Clinical, heat), Scope::Read)
            .named("get_heat_map", "Predictions", "Where a network looked")
            .about("`name` is a network's name, or `agreement` for where those that agree looked. Transparent where it is cold.")
            .gives_file(&["image/png"], "A layer of the X-ray's shape."),
    ]
}

async fn image(visit: Visit, xray: Path<String>, mut query: Query, headers: HeaderMap) -> Result<Response, WebError> {
    let is_clear = query.flag("clahe").unwrap_or(false);
    query.finish()?;
    films::image(visit, xray, Asked(Wanted { clahe: is_clear.to_string() }), headers).await
}

async fn heat(visit: Visit, Path((prediction, name)): Path<(String, String)>) -> Result<Response, WebError> {
    films::heat(visit, Path((prediction, format!("{name}.png")))).await
}
