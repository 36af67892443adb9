//! One's own account: name, password, sessions, tokens for programs.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::Form;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use secrecy::SecretString;
use serde::Deserialize;
use thorax_domain::user::{ApiToken, Scope, Scopes, Session};
use thorax_store::users::UserChange;

use super::forms::{self, Reader, sentence};
use super::sign_in::{new_password, with_cookie};
use super::visit::{Visit, go, id, moment, page_with};
use crate::web::WebError;
use crate::web::auth::cookie;
use crate::web::view::{AccountPage, FormErrors, NewToken, SessionRow, TokenRow};
use crate::workflow::accounts::{self, AccountError, MadeToken};
use crate::workflow::passwords::SHORTEST;

/// Longest that a token lasts.
const LONGEST_TOKEN_DAYS: u64 = 366;
/// Longest name of a token.
const LONGEST_NAME: usize = 80;

/// What the page shows besides what is stored.
#[derive(Default)]
struct Shown {
    full_name: Option<String>,
    new_token: Option<NewToken>,
    profile: FormErrors,
    password: FormErrors,
    token: FormErrors,
}

/// What the form for changing the password sends.
#[derive(Debug, Deserialize)]
pub struct Passwords {
    current: SecretString,
    password: SecretString,
    password_again: SecretString,
}

/// `GET /account`
pub async fn page(visit: Visit) -> Result<Response, WebError> {
    show(&visit, StatusCode::OK, Shown::default()).await
}

async fn show(visit: &Visit, status: StatusCode, shown: Shown) -> Result<Response, WebError> {
    let (current, user) = (visit.caller.session()?.id, &visit.caller.user);
    let sessions = visit.app.store.sessions().of_user(user.id, visit.now()).await?;
    let tokens = visit.app.store.tokens().of_user(user.id).await?;
    let mut sessions: Vec<_> = sessions.into_iter().map(|one| session_row(one, current)).collect();
    sessions.sort_by_key(|one| !one.current);
    let page = AccountPage {
        frame: visit.frame("Account", "/account").await?,
        full_name: shown.full_name.unwrap_or_else(|| user.full_name.clone()),
        created: moment(user.created_at),
        password_minimum: SHORTEST as u64,
        sessions,
        tokens: tokens.into_iter().map(token_row).collect(),
        scopes: accounts::scopes_of(user.role).iter().map(ToString::to_string).collect(),
        new_token: shown.new_token,
        profile_errors: shown.profile,
        password_errors: shown.password,
        token_errors: shown.token,
    };
    page_with(status, &page)
}

fn session_row(session: Session, current: thorax_domain::ids::SessionId) -> SessionRow {
    SessionRow {
        id: session.id.to_string(),
        agent: session.agent,
        ip: session.ip,
        created: moment(session.created_at),
        seen: moment(session.seen_at),
        current: session.id == current,
    }
}

fn token_row(token: ApiToken) -> TokenRow {
    TokenRow {
        id: token.id.to_string(),
        name: token.name,
        prefix: token.prefix,
        scopes: token.scopes.0.iter().map(ToString::to_string).collect(),
        created: moment(token.created_at),
        expires: token.expires_at.map(moment),
        last_used: token.last_used_at.map(moment),
        revoked: token.revoked_at.map(moment),
    }
}

/// `POST /account`: another name to be called by.
pub async fn rename(visit: Visit, Form(fields): Form<Vec<(String, String)>>) -> Result<Response, WebError> {
    let typed = forms::one(&fields, "full_name");
    let mut reader = Reader::default();
    let Some(name) = reader.full_name(typed) else {
        let shown = Shown { full_name: Some(typed.to_owned()), profile: reader.errors, ..Shown::default() };
        return show(&visit, StatusCode::UNPROCESSABLE_ENTITY, shown).await;
    };
    visit.caller.session()?;
    let change = UserChange { full_name: Some(name.to_string()), ..UserChange::default() };
    accounts::change_account(&visit.app, &visit.by(), visit.caller.user.id, change).await?;
    Ok(go("/account", "saved"))
}

/// `POST /account/password`: all sessions end, and this browser gets a new one.
pub async fn change_password(visit: Visit, Form(form): Form<Passwords>) -> Result<Response, WebError> {
    visit.caller.session()?;
    let mut reader = Reader::default();
    if let Some(password) = new_password(&mut reader, &form.password, &form.password_again) {
        let agent = visit.agent.clone();
        match accounts::change_password(&visit.app, &visit.by(), &form.current, &password, agent).await {
            Ok(begun) => {
                let to = Redirect::to("/account?said=password");
                return Ok(with_cookie(cookie::keep(&begun.secret, &visit.app.web), to));
            }
            Err(AccountError::Wrong) => reader.wrong("current", "This is not your password."),
            Err(other) => return Err(other.into()),
        }
    }
    let shown = Shown { password: reader.errors, ..Shown::default() };
    show(&visit, StatusCode::UNPROCESSABLE_ENTITY, shown).await
}

/// `POST /account/sessions/{id}/revoke`
pub async fn revoke_session(visit: Visit, Path(session): Path<String>) -> Result<Response, WebError> {
    visit.caller.session()?;
    let is_revoked = accounts::revoke_session(&visit.app, &visit.by(), id(&session)?).await?;
    if is_revoked { Ok(go("/account", "revoked")) } else { Err(WebError::NotFound) }
}

/// `POST /account/sessions/revoke`: all but this one.
pub async fn revoke_others(visit: Visit) -> Result<Response, WebError> {
    let keep = visit.caller.session()?.id;
    accounts::revoke_other_sessions(&visit.app, &visit.by(), keep).await?;
    Ok(go("/account", "revoked"))
}

/// `POST /account/tokens`
pub async fn create_token(visit: Visit, Form(fields): Form<Vec<(String, String)>>) -> Result<Response, WebError> {
    visit.caller.session()?;
    let mut reader = Reader::default();
    let Some(new) = read_token(&mut reader, &fields) else {
        let shown = Shown { token: reader.errors, ..Shown::default() };
        return show(&visit, StatusCode::UNPROCESSABLE_ENTITY, shown).await;
    };
    match accounts::create_token(&visit.app, &visit.by(), new).await {
        Ok(MadeToken { token, secret }) => {
            let new_token = Some(NewToken { name: token.name, secret: secret.expose().to_owned() });
            show(&visit, StatusCode::OK, Shown { new_token, ..Shown::default() }).await
        }
        Err(AccountError::Scope) => {
            reader.wrong("scope", sentence(&AccountError::Scope.to_string()));
            let shown = Shown { token: reader.errors, ..Shown::default() };
            show(&visit, StatusCode::UNPROCESSABLE_ENTITY, shown).await
        }
        Err(other) => Err(other.into()),
    }
}

fn read_token(reader: &mut Reader, fields: &[(String, String)]) -> Option<accounts::NewToken> {
    let name = forms::one(fields, "name").trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
        reader.wrong("name", format!("Say in 1 to {LONGEST_NAME} characters what it is for."));
    }
    let scopes: Result<BTreeSet<Scope>, _> = forms::all(fields, "scope").map(str::parse).collect();
    let scopes = scopes.ok().filter(|scopes| !scopes.is_empty());
    if scopes.is_none() {
        reader.wrong("scope", "Choose what it may do.");
    }
    let days = forms::one(fields, "days").trim().parse::<u64>().ok();
    let days = days.filter(|days| (1..=LONGEST_TOKEN_DAYS).contains(days));
    if days.is_none() {
        reader.wrong("days", format!("Say for how many days, 1 to {LONGEST_TOKEN_DAYS}."));
    }
    let lasts = Duration::from_secs(days? * 24 * 60 * 60);
    let new = accounts::NewToken { name: name.to_owned(), scopes: Scopes(scopes?), lasts: Some(lasts) };
    (!reader.errors.any()).then_some(new)
}

/// `POST /account/tokens/{id}/revoke`
pub async fn revoke_token(visit: Visit, Path(token): Path<String>) -> Result<Response, WebError> {
    visit.caller.session()?;
    let is_revoked = accounts::revoke_token(&visit.app, &visit.by(), id(&token)?).await?;
    if is_revoked { Ok(go("/account", "revoked").into_response()) } else { Err(WebError::NotFound) }
}
