//! **The site.** What lives here: the one table of routes, what stands around every request (time, size, headers, errors, log
//! line), and the doors: `pages` for people, `api` for programs, `progress` and `health`. What never does: SQL, a decision of
//! medicine, a change of state other than through `workflow`. Start reading at [`router`], then `web/routes.rs`.

pub mod api;
pub mod assets;
pub mod auth;
pub mod cached;
pub mod error;
pub mod health;
pub mod layers;
pub mod metrics;
pub mod pages;
pub mod policy;
pub mod progress;
pub mod request;
pub mod routes;
pub mod server;
pub mod state;
pub mod timing;
pub mod toolbar;
pub mod view;

pub use error::WebError;
pub use routes::{Route, Section};
pub use state::AppState;

use axum::Router;

/// Every route of the site.
#[must_use]
pub fn routes() -> Vec<Route> {
    [assets::routes(), health::routes(), metrics::routes(), progress::routes(), pages::routes(), api::routes()].concat()
}

/// The site over its services: every route behind its policy and its limits, and the layers around all of them.
pub fn router(state: AppState) -> Router {
    let routed = routes().into_iter().fold(Router::new(), |router, route| route.mount(router, &state));
    let routed = routed
        .fallback(|| async { WebError::NotFound })
        .method_not_allowed_fallback(|| async { WebError::MethodNotAllowed });
    layers::around(routed, &state).with_state(state)
}
