//! Signing in, registering, and one's own account.

use super::text;
use askama::Template;

use super::{FormErrors, Frame, Moment};

/// `GET /login`; a form that posts `username`, `password`, `next` to `/login`.
#[derive(Debug, Clone, Template)]
#[template(path = "login.html")]
pub struct LoginPage {
    /// Around the page.
    pub frame: Frame,
    /// What was typed.
    pub username: String,
    /// Where to go afterwards; a path of ours.
    pub next: String,
    /// Seconds until another attempt is allowed, after too many.
    pub retry_after: Option<u64>,
    /// Whether anybody may register.
    pub registration_open: bool,
    /// What was wrong.
    pub errors: FormErrors,
}

/// `GET /register`; posts `username`, `full_name`, `date_of_birth`, `sex`, `password`, `password_again`. Always a patient.
#[derive(Debug, Clone, Template)]
#[template(path = "register.html")]
pub struct RegisterPage {
    /// Around the page.
    pub frame: Frame,
    /// What was typed.
    pub username: String,
    /// What was typed.
    pub full_name: String,
    /// What was typed, `YYYY-MM-DD`.
    pub date_of_birth: String,
    /// What was chosen: `F`, `M`, `O`, `U` or empty.
    pub sex: String,
    /// Shortest password that is accepted.
    pub password_minimum: u64,
    /// What was wrong.
    pub errors: FormErrors,
}

/// `GET /account`. Forms: `POST /account` (`full_name`), `POST /account/password` (`current`, `password`, `password_again`),
/// `POST /account/sessions/{id}/revoke`, `POST /account/sessions/revoke` (all others), `POST /account/tokens` (`name`,
/// `scope` several times, `days`), `POST /account/tokens/{id}/revoke`.
#[derive(Debug, Clone, Template)]
#[template(path = "account.html")]
pub struct AccountPage {
    /// Around the page.
    pub frame: Frame,
    /// The name to be called by, as typed or as kept.
    pub full_name: String,
    /// Since when.
    pub created: Moment,
    /// Shortest password that is accepted.
    pub password_minimum: u64,
    /// Open sessions, the current one first.
    pub sessions: Vec<SessionRow>,
    /// Tokens for programs, newest first.
    pub tokens: Vec<TokenRow>,
    /// Scopes that this person may give a token.
    pub scopes: Vec<String>,
    /// The token that was made just now: shown once.
    pub new_token: Option<NewToken>,
    /// What was wrong with the name.
    pub profile_errors: FormErrors,
    /// What was wrong with the password.
    pub password_errors: FormErrors,
    /// What was wrong with the token.
    pub token_errors: FormErrors,
}

/// One open session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// For the address of the form; not the session's secret.
    pub id: String,
    /// The browser, as it calls itself.
    pub agent: String,
    /// From where.
    pub ip: String,
    /// Since when.
    pub created: Moment,
    /// Last used.
    pub seen: Moment,
    /// Whether it is this one.
    pub current: bool,
}

/// One token for programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRow {
    /// For the address of the form.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// Its first characters, to tell it apart.
    pub prefix: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// Since when.
    pub created: Moment,
    /// Until when.
    pub expires: Option<Moment>,
    /// Last used.
    pub last_used: Option<Moment>,
    /// When it was revoked.
    pub revoked: Option<Moment>,
}

/// A token that was made just now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewToken {
    /// What it is for.
    pub name: String,
    /// The token itself; never shown again.
    pub secret: String,
}
