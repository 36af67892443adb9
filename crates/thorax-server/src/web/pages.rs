//! The door for people. What lives here: one handler per page and form: it reads the request, asks the store or a verb of
//! `workflow`, fills a struct of `view`, and writes down who saw what. What never does: SQL, a change of state of its own.
//! Start reading at `visit`, then `pages/worklist.rs`.

mod account;
mod admin;
mod export;
pub(super) mod films;
mod forms;
mod home;
mod mine;
mod patients;
mod reading;
mod review;
mod rows;
mod search;
mod sign_in;
mod statistics;
mod upload;
pub(super) mod visit;
mod worklist;
mod xray;

use super::Route;
use super::Section::{Admin, Clinical, Patient, Public, Results, SignedIn};

/// The routes of the pages.
#[must_use]
pub fn routes() -> Vec<Route> {
    let mut routes = vec![
        Route::get("/", SignedIn, home::home),
        Route::get("/fragments/sidebar", SignedIn, home::sidebar),
        Route::get("/login", Public, sign_in::form),
        Route::post("/login", Public, sign_in::sign_in),
        Route::post("/logout", SignedIn, sign_in::sign_out),
        Route::get("/register", Public, sign_in::register_form),
        Route::post("/register", Public, sign_in::register),
        Route::post("/theme", Public, sign_in::theme),
        Route::get("/account", SignedIn, account::page),
        Route::post("/account", SignedIn, account::rename),
        Route::post("/account/password", SignedIn, account::change_password),
        Route::post("/account/sessions/revoke", SignedIn, account::revoke_others),
        Route::post("/account/sessions/{id}/revoke", SignedIn, account::revoke_session),
        Route::post("/account/tokens", SignedIn, account::create_token),
        Route::post("/account/tokens/{id}/revoke", SignedIn, account::revoke_token),
        Route::get("/worklist", Clinical, worklist::page),
        Route::post("/worklist/search", Clinical, worklist::search),
        Route::get("/worklist.csv", Clinical, export::worklist),
        Route::get("/upload", Clinical, upload::form),
        Route::post("/upload", Clinical, upload::take_in).upload(),
        Route::get("/xrays/{id}", Results, xray::page),
        Route::get("/xrays/{id}/image.png", Results, films::image),
        Route::get("/xrays/{id}/pixels", Results, films::pixels),
        Route::post("/xrays/{id}/predict", Clinical, xray::predict),
        Route::post("/xrays/{id}/delete", Admin, xray::delete),
        Route::get("/predictions/{id}/heat/{name}", Clinical, films::heat),
        Route::post("/predictions/{id}/review", Clinical, review::review),
        Route::post("/predictions/{id}/cancel", Clinical, xray::cancel),
        Route::get("/patients", Clinical, patients::list),
        Route::post("/patients", Clinical, patients::create),
        Route::post("/patients/search", Clinical, patients::search),
        Route::get("/patients/new", Clinical, patients::form),
        Route::get("/patients/{id}", Clinical, patients::page),
        Route::post("/patients/{id}/erase", Admin, patients::erase),
        Route::get("/statistics", Clinical, statistics::page),
        Route::get("/my", Patient, mine::list),
    ];
    routes.extend(admin::routes());
    routes
}
