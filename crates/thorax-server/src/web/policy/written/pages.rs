//! The policy of the pages and of what operators ask.

use axum::http::Method;

use super::{ADMIN, ANYBODY, Expected, PATIENTS, RELEASED, SIGNED_IN, STAFF, STAFF_THING, Written};

pub fn rows() -> Vec<Written> {
    let get = |path, gets: [Expected; 5]| Written { method: Method::GET, path, gets };
    let post = |path, gets: [Expected; 5]| Written { method: Method::POST, path, gets };
    vec![
        get("/static/{name}", ANYBODY),
        get("/healthz", ANYBODY),
        get("/readyz", ANYBODY),
        get("/metrics", ADMIN),
        get("/", SIGNED_IN),
        get("/fragments/sidebar", SIGNED_IN),
        get("/login", ANYBODY),
        post("/login", ANYBODY),
        post("/logout", SIGNED_IN),
        get("/register", ANYBODY),
        post("/register", ANYBODY),
        post("/theme", ANYBODY),
        get("/account", SIGNED_IN),
        post("/account", SIGNED_IN),
        post("/account/password", SIGNED_IN),
        post("/account/sessions/revoke", SIGNED_IN),
        post("/account/sessions/{id}/revoke", SIGNED_IN),
        post("/account/tokens", SIGNED_IN),
        post("/account/tokens/{id}/revoke", SIGNED_IN),
        get("/worklist", STAFF),
        get("/worklist.csv", STAFF),
        get("/upload", STAFF),
        post("/upload", STAFF),
        get("/xrays/{id}", RELEASED),
        get("/xrays/{id}/image.png", RELEASED),
        get("/xrays/{id}/pixels", RELEASED),
        post("/xrays/{id}/predict", STAFF_THING),
        post("/xrays/{id}/delete", ADMIN),
        get("/predictions/{id}/heat/{name}", STAFF_THING),
        post("/predictions/{id}/review", STAFF_THING),
        post("/predictions/{id}/cancel", STAFF_THING),
        get("/predictions/{id}/progress", RELEASED),
        get("/predictions/{id}/events", RELEASED),
        get("/patients", STAFF),
        post("/patients", STAFF),
        get("/patients/new", STAFF),
        get("/patients/{id}", STAFF_THING),
        post("/patients/{id}/erase", ADMIN),
        get("/statistics", STAFF),
        get("/my", PATIENTS),
        get("/admin/users", ADMIN),
        post("/admin/users", ADMIN),
        post("/admin/users/{id}/role", ADMIN),
        post("/admin/users/{id}/active", ADMIN),
        post("/admin/users/{id}/unlock", ADMIN),
        get("/admin/jobs", ADMIN),
        post("/admin/jobs/{id}/retry", ADMIN),
        post("/admin/jobs/{id}/cancel", ADMIN),
        get("/admin/caches", ADMIN),
        post("/admin/caches/clear", ADMIN),
        get("/admin/system", ADMIN),
        get("/admin/audit", ADMIN),
    ]
}
