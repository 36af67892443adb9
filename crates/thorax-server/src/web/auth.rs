//! Who asks: from a cookie or a token to a [`Caller`], once a request, before its handler runs. What lives here: cookies,
//! bearer tokens, and the types by which a handler says whom it serves. What never does: a password, a change of state other
//! than through `workflow::accounts`. Start reading at [`identify`].

mod caller;
pub mod cookie;

pub use caller::{Admin, Caller, Doctor, Entry, PatientOnly, Perhaps, origin, shown};

use std::time::Duration;

use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use thorax_domain::user::Session;

use super::{AppState, WebError};
use crate::workflow::accounts::{self, AccountError};

/// How often it is noted that a session or a token is used.
const NOTED: Duration = Duration::from_mins(1);

/// Who sends a request; `None` where nobody says so, or what is said is not (any more) true. Programs show their token to the
/// API only: pages are for browsers.
///
/// # Errors
/// Where the database does not answer.
pub async fn identify(state: &AppState, parts: &Parts) -> Result<Option<Caller>, WebError> {
    let is_api = parts.uri.path().starts_with("/api/");
    match bearer(parts).filter(|_| is_api) {
        Some(token) => by_token(state, parts, token).await,
        None => by_cookie(state, parts).await,
    }
}

/// The token that a program shows.
fn bearer(parts: &Parts) -> Option<&str> {
    let (scheme, token) = parts.headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

async fn by_token(state: &AppState, parts: &Parts, token: &str) -> Result<Option<Caller>, WebError> {
    let now = state.clock.now();
    let Some((token, user)) = state.store.tokens().find(&accounts::hash(token), now).await? else {
        return Ok(None);
    };
    if token.last_used_at.is_none_or(|used| now.since(used) >= NOTED) {
        state.store.tokens().touch(token.id, now).await?;
    }
    Ok(Some(Caller { user, entry: Entry::Token(token), origin: origin(parts) }))
}

async fn by_cookie(state: &AppState, parts: &Parts) -> Result<Option<Caller>, WebError> {
    let Some(secret) = cookie::session(&parts.headers, &state.web) else {
        return Ok(None);
    };
    let now = state.clock.now();
    let Some((session, user)) = state.store.sessions().find(&accounts::hash(&secret), now).await? else {
        return Ok(None);
    };
    if is_over(&session, now) {
        return Ok(None);
    }
    if now.since(session.seen_at) >= NOTED {
        let lasts = accounts::lasts(state, &session, now);
        state.store.sessions().touch(session.id, now, lasts).await?;
    }
    Ok(Some(Caller { user, entry: Entry::Session(session), origin: origin(parts) }))
}

/// Whether a session has lasted as long as any may.
fn is_over(session: &Session, now: thorax_domain::clock::Timestamp) -> bool {
    now.since(session.created_at) >= accounts::LONGEST_SESSION
}

impl From<AccountError> for WebError {
    /// What a handler did not expect of an account's verb. What it does expect it says in its own words.
    fn from(error: AccountError) -> Self {
        let detail = error.to_string();
        match error {
            AccountError::Wrong | AccountError::NameTaken | AccountError::Own | AccountError::Scope => {
                Self::Conflict(detail)
            }
            AccountError::TooMany(wait) => Self::TooMany { wait, detail },
            AccountError::Busy => Self::Unavailable { wait: Duration::from_secs(5), detail },
            AccountError::Closed | AccountError::Gone => Self::NotFound,
            AccountError::Store(error) => error.into(),
            AccountError::Broken(error) => Self::Internal(error),
        }
    }
}
