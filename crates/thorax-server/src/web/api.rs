//! **The door for programs: `/api/v1`.** What lives here: one table of endpoints, each a route with its description, so that the
//! `OpenAPI` document cannot say less or more than is there; what programs send and are told. What never does: SQL, a change of
//! state other than through `workflow`, a page but the reference at `/api/docs`. Start reading at `endpoints`, then
//! `api/endpoint.rs`, then `api/predictions.rs`.

mod account;
mod audit;
mod body;
mod document;
mod endpoint;
mod house;
mod listing;
mod notes;
mod parameters;
mod patients;
mod predictions;
mod query;
mod reference;
mod schema;
mod statistics;
mod tidy;
mod users;
mod xrays;

pub use document::document;
pub use reference::markdown;

use super::{Route, Section};
use endpoint::Endpoint;

/// Everything that programs can ask.
fn endpoints() -> Vec<Endpoint> {
    let document = Endpoint::open(Route::get("/api/v1/openapi.json", Section::Public, document::show))
        .named("get_document", "Account", "This document, as OpenAPI 3.1")
        .gives_file(&["application/json"], "The document.")
        .tagged();
    let mut endpoints = statistics::endpoints();
    endpoints.extend(predictions::endpoints());
    endpoints.extend(xrays::endpoints());
    endpoints.extend(patients::endpoints());
    endpoints.extend(account::endpoints());
    endpoints.push(document);
    endpoints.extend(users::endpoints());
    endpoints.extend(house::endpoints());
    endpoints
}

/// The routes of the API, and of its reference for people.
#[must_use]
pub fn routes() -> Vec<Route> {
    let reference = Route::get("/api/docs", Section::Public, reference::show);
    endpoints().into_iter().map(Endpoint::into_route).chain([reference]).collect()
}
