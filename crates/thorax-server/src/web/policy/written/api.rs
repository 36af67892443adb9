//! The policy of the API.

use axum::http::Method;

use super::{ADMIN, ANYBODY, Expected, RELEASED, SIGNED_IN, STAFF, STAFF_THING, Written};

/// Lists that hold for each what each may see.
const OWN_LIST: [Expected; 5] = SIGNED_IN;

pub fn rows() -> Vec<Written> {
    let row = |method, path, gets| Written { method, path, gets };
    let get = |path, gets: [Expected; 5]| row(Method::GET, path, gets);
    let post = |path, gets: [Expected; 5]| row(Method::POST, path, gets);
    vec![
        get("/api/docs", ANYBODY),
        get("/api/v1/openapi.json", ANYBODY),
        get("/api/v1/statistics", STAFF),
        get("/api/v1/statistics/timeline", STAFF),
        get("/api/v1/statistics/agreement", STAFF),
        get("/api/v1/statistics/reviews", STAFF),
        get("/api/v1/predictions", OWN_LIST),
        post("/api/v1/predictions/_search", OWN_LIST),
        post("/api/v1/predictions", STAFF),
        get("/api/v1/predictions/export", STAFF),
        get("/api/v1/predictions/{id}", RELEASED),
        post("/api/v1/predictions/{id}/review", STAFF_THING),
        post("/api/v1/predictions/{id}/cancel", STAFF_THING),
        get("/api/v1/xrays", OWN_LIST),
        post("/api/v1/xrays", STAFF),
        get("/api/v1/xrays/{id}", RELEASED),
        row(Method::DELETE, "/api/v1/xrays/{id}", ADMIN),
        get("/api/v1/xrays/{id}/image", RELEASED),
        get("/api/v1/xrays/{id}/pixels", RELEASED),
        get("/api/v1/predictions/{id}/heat/{name}", STAFF_THING),
        get("/api/v1/patients", STAFF),
        post("/api/v1/patients/_search", STAFF),
        post("/api/v1/patients", STAFF),
        get("/api/v1/patients/{id}", RELEASED),
        row(Method::PATCH, "/api/v1/patients/{id}", STAFF_THING),
        row(Method::DELETE, "/api/v1/patients/{id}", ADMIN),
        get("/api/v1/me", SIGNED_IN),
        get("/api/v1/tokens", SIGNED_IN),
        post("/api/v1/tokens", SIGNED_IN),
        row(Method::DELETE, "/api/v1/tokens/{id}", SIGNED_IN),
        get("/api/v1/sessions", SIGNED_IN),
        row(Method::DELETE, "/api/v1/sessions/{id}", SIGNED_IN),
        get("/api/v1/users", ADMIN),
        post("/api/v1/users/_search", ADMIN),
        post("/api/v1/users", ADMIN),
        get("/api/v1/users/{id}", ADMIN),
        row(Method::PATCH, "/api/v1/users/{id}", ADMIN),
        get("/api/v1/jobs", ADMIN),
        post("/api/v1/jobs/{id}/retry", ADMIN),
        get("/api/v1/caches", ADMIN),
        row(Method::DELETE, "/api/v1/caches", ADMIN),
        get("/api/v1/system", ADMIN),
        get("/api/v1/audit", ADMIN),
    ]
}
