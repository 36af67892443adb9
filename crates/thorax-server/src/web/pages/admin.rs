//! The administrator's pages: users, jobs, caches, system, audit log.

mod audit;
mod caches;
mod jobs;
mod system;
mod users;

pub use system::checks;

use crate::web::Route;
use crate::web::Section::Admin;

/// The routes of the administrator's pages.
pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/admin/users", Admin, users::list),
        Route::post("/admin/users", Admin, users::create),
        Route::post("/admin/users/search", Admin, users::search),
        Route::post("/admin/users/{id}/role", Admin, users::set_role),
        Route::post("/admin/users/{id}/active", Admin, users::set_active),
        Route::post("/admin/users/{id}/unlock", Admin, users::unlock),
        Route::get("/admin/jobs", Admin, jobs::list),
        Route::post("/admin/jobs/{id}/retry", Admin, jobs::retry),
        Route::post("/admin/jobs/{id}/cancel", Admin, jobs::cancel),
        Route::get("/admin/caches", Admin, caches::page),
        Route::post("/admin/caches/clear", Admin, caches::clear),
        Route::get("/admin/system", Admin, system::page),
        Route::get("/admin/audit", Admin, audit::list),
    ]
}
