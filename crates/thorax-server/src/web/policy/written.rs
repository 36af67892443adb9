//! The policy as people read it: who gets what at every route. Nothing is decided here; a test calls every route of the table as
//! everybody and compares, and fails for a route without a row.

mod api;
mod pages;

use axum::http::Method;

/// What somebody gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Whatever the route is for: the page, the file, the deed, or a word on what is wrong with the form.
    Served,
    /// The way to signing in: a page goes there, a program is told.
    SignIn,
    /// That this part of the site is for others.
    Forbidden,
    /// That there is nothing, whether there is or not.
    Nothing,
}

/// One line of the policy: somebody not signed in, the patient whose object it is, another patient, a doctor, an administrator.
#[derive(Debug, Clone)]
pub struct Written {
    /// The method.
    pub method: Method,
    /// The path, as the table of routes has it.
    pub path: &'static str,
    /// What each of the five gets.
    pub gets: [Expected; 5],
}

/// The whole policy.
#[must_use]
pub fn written() -> Vec<Written> {
    [pages::rows(), api::rows()].concat()
}

use Expected::{Forbidden, Nothing, Served, SignIn};

/// Anybody.
const ANYBODY: [Expected; 5] = [Served; 5];
/// Whoever is signed in.
const SIGNED_IN: [Expected; 5] = [SignIn, Served, Served, Served, Served];
/// Doctors and administrators; a part of the site.
const STAFF: [Expected; 5] = [SignIn, Forbidden, Forbidden, Served, Served];
/// Doctors and administrators; a thing, of which nobody else learns that it is there.
const STAFF_THING: [Expected; 5] = [SignIn, Nothing, Nothing, Served, Served];
/// Doctors and administrators, and the patient whose result it is, once a doctor has released it.
const RELEASED: [Expected; 5] = [SignIn, Served, Nothing, Served, Served];
/// Patients.
const PATIENTS: [Expected; 5] = [SignIn, Served, Served, Forbidden, Forbidden];
/// Administrators.
const ADMIN: [Expected; 5] = [SignIn, Forbidden, Forbidden, Forbidden, Served];
