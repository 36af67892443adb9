//! `/api/v1/me`, `/api/v1/sessions` and `/api/v1/tokens`: who asks, and with what.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use thorax_domain::clock::Timestamp;
use thorax_domain::ids::{PatientId, SessionId, TokenId, UserId};
use thorax_domain::patient::FullName;
use thorax_domain::user::{ApiToken, Role, Scope, Scopes, Session};
use utoipa::ToSchema;

use super::body::Body;
use super::endpoint::Endpoint;
use super::listing::{Whole, id};
use super::schema::{RoleWord, ScopeWord};
use super::tidy;
use crate::web::auth::{Caller, Entry};
use crate::web::{AppState, Route, Section, WebError};
use crate::workflow::accounts::{NewToken, create_token, revoke_session, revoke_token, scopes_of};

/// Longest life of a token that ends.
const LONGEST: u64 = 3650;
/// Longest name of a token.
const LONGEST_NAME: usize = 100;

/// Who asks.
#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    /// The account.
    #[schema(value_type = Uuid)]
    user_id: UserId,
    /// Signs in with it.
    username: String,
    /// For people.
    full_name: String,
    /// What they may do.
    #[schema(value_type = RoleWord)]
    role: Role,
    /// The patient who it is; only for patients.
    #[schema(value_type = Option<Uuid>)]
    patient_id: Option<PatientId>,
    /// What is allowed here and now: all that the role may do for a browser, what it was made for with a token.
    #[schema(value_type = Vec<ScopeWord>)]
    scopes: Vec<Scope>,
}

/// A token with which a program acts for a user.
#[derive(Debug, Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "programs see these names")]
pub struct Token {
    /// For revoking it.
    #[schema(value_type = Uuid)]
    token_id: TokenId,
    /// What its user calls it.
    name: String,
    /// Its first characters, to know it by.
    prefix: String,
    /// What it may be used for.
    #[schema(value_type = Vec<ScopeWord>)]
    scopes: BTreeSet<Scope>,
    /// Made at.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Ends at; null for never.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// Last used at, to within a minute.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Timestamp>,
    /// Revoked at.
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Timestamp>,
}

impl From<ApiToken> for Token {
    fn from(token: ApiToken) -> Self {
        Self {
            token_id: token.id,
            name: token.name,
            prefix: token.prefix,
            scopes: token.scopes.0,
            created_at: token.created_at,
            expires_at: token.expires_at,
            last_used_at: token.last_used_at,
            revoked_at: token.revoked_at,
        }
    }
}

/// A token to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateToken {
    /// What it is for.
    #[serde(deserialize_with = "tidy::exact")]
    #[schema(value_type = String, min_length = 1, max_length = 100, pattern = r"^[^\s\u0000-\u001f\u007f-\u009f]+( [^\s\u0000-\u001f\u007f-\u009f]+)*$")]
    name: FullName,
    /// What it may be used for: at most what its user may do.
    #[schema(value_type = Vec<ScopeWord>, min_items = 1, max_items = 4)]
    scopes: Vec<Scope>,
    /// Days until it ends; without them it does not.
    #[schema(minimum = 1, maximum = 3650)]
    days: Option<u64>,
}

/// A token that was made. Its secret is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedToken {
    /// What is kept of it.
    #[serde(flatten)]
    about: Token,
    /// What its owner keeps.
    token: String,
}

/// A browser that signed in.
#[derive(Debug, Serialize, ToSchema)]
pub struct BrowserSession {
    /// For ending it.
    #[schema(value_type = Uuid)]
    session_id: SessionId,
    /// Signed in at.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Last used at, to within a minute.
    #[schema(value_type = String, format = DateTime)]
    seen_at: Timestamp,
    /// Ends at.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// Address of the browser.
    ip: String,
    /// What the browser says it is.
    agent: String,
}

impl From<Session> for BrowserSession {
    fn from(session: Session) -> Self {
        let Session { id, created_at, seen_at, expires_at, ip, agent, .. } = session;
        Self { session_id: id, created_at, seen_at, expires_at, ip, agent }
    }
}

/// What is here.
pub fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::new(Route::get("/api/v1/me", Section::SignedIn, me), Scope::Read)
            .named("get_me", "Account", "Who asks, and what is allowed")
            .gives::<Me>(200, "The user."),
        Endpoint::new(Route::get("/api/v1/tokens", Section::SignedIn, tokens), Scope::Read)
            .named("list_tokens", "Account", "One's own tokens, newest first")
            .gives_whole::<Token>("The tokens, revoked ones too; without their secrets."),
        Endpoint::new(Route::post("/api/v1/tokens", Section::SignedIn, make), Scope::Write)
            .named("create_token", "Account", "Make a token")
            .about("A token cannot make one that may do more than itself.")
            .reads::<CreateToken>()
            .gives::<CreatedToken>(201, "The token, with its secret, which is shown this once.")
            .header(201, "Location", "The list of tokens."),
        Endpoint::new(Route::delete("/api/v1/tokens/{id}", Section::SignedIn, revoke), Scope::Write)
            .named("revoke_token", "Account", "Revoke one of one's own tokens")
            .gives_nothing("It is revoked."),
        Endpoint::new(Route::get("/api/v1/sessions", Section::SignedIn, sessions), Scope::Read)
            .named("list_sessions", "Account", "One's own browsers, last used first")
            .gives_whole::<BrowserSession>("The sessions that have not ended."),
        Endpoint::new(Route::delete("/api/v1/sessions/{id}", Section::SignedIn, end), Scope::Write)
            .named("end_session", "Account", "Sign one of one's own browsers out")
            .gives_nothing("It has ended."),
    ]
}

/// `GET /api/v1/me`
async fn me(State(app): State<AppState>, caller: Caller) -> Result<Json<Me>, WebError> {
    let patient = match caller.user.role {
        Role::Patient => app.store.patients().of_user(caller.user.id).await?,
        Role::Doctor | Role::Admin => None,
    };
    let scopes = scopes_of(caller.user.role).iter().copied().filter(|scope| caller.has(*scope)).collect();
    let user = caller.user;
    Ok(Json(Me {
        user_id: user.id,
        username: user.username.into(),
        full_name: user.full_name,
        role: user.role,
        patient_id: patient.map(|patient| patient.id),
        scopes,
    }))
}

/// `GET /api/v1/tokens`
async fn tokens(State(app): State<AppState>, caller: Caller) -> Result<Json<Whole<Token>>, WebError> {
    let tokens = app.store.tokens().of_user(caller.user.id).await?;
    Ok(Json(Whole::of(tokens.into_iter().map(Token::from))))
}

/// `POST /api/v1/tokens`
async fn make(State(app): State<AppState>, caller: Caller, Body(new): Body<CreateToken>) -> Result<Response, WebError> {
    let new = new.checked()?;
    let is_more = |scope: &Scope| !caller.has(*scope) || !scopes_of(caller.user.role).contains(scope);
    if new.scopes.0.iter().any(is_more) || outlives(app.clock.now(), &caller.entry, new.lasts) {
        return Err(WebError::Forbidden);
    }
    let made = create_token(&app, &caller.by(), new).await?;
    let created = CreatedToken { about: made.token.into(), token: made.secret.expose().to_owned() };
    Ok((StatusCode::CREATED, [(LOCATION, "/api/v1/tokens")], Json(created)).into_response())
}

/// Whether a token would make one that lasts longer than itself.
fn outlives(now: Timestamp, entry: &Entry, lasts: Option<Duration>) -> bool {
    match entry {
        Entry::Token(ApiToken { expires_at: Some(end), .. }) => lasts.is_none_or(|lasts| now.plus(lasts) > *end),
        Entry::Token(_) | Entry::Session(_) => false,
    }
}

impl CreateToken {
    fn checked(self) -> Result<NewToken, WebError> {
        if self.name.as_str().chars().count() > LONGEST_NAME {
            return Err(WebError::field("name", "must have 1 to 100 characters"));
        }
        if self.scopes.is_empty() || self.scopes.len() > Scope::ALL.len() {
            return Err(WebError::field("scopes", "must name one to four scopes"));
        }
        if self.days.is_some_and(|days| !(1..=LONGEST).contains(&days)) {
            return Err(WebError::field("days", "must be 1 to 3650"));
        }
        let scopes = Scopes(self.scopes.into_iter().collect());
        let lasts = self.days.map(|days| Duration::from_hours(days * 24));
        Ok(NewToken { name: self.name.into(), scopes, lasts })
    }
}

/// `DELETE /api/v1/tokens/{id}`
async fn revoke(State(app): State<AppState>, caller: Caller, Path(of): Path<String>) -> Result<StatusCode, WebError> {
    let was_there = revoke_token(&app, &caller.by(), id(&of)?).await?;
    if was_there { Ok(StatusCode::NO_CONTENT) } else { Err(WebError::NotFound) }
}

/// `GET /api/v1/sessions`
async fn sessions(State(app): State<AppState>, caller: Caller) -> Result<Json<Whole<BrowserSession>>, WebError> {
    let sessions = app.store.sessions().of_user(caller.user.id, app.clock.now()).await?;
    Ok(Json(Whole::of(sessions.into_iter().map(BrowserSession::from))))
}

/// `DELETE /api/v1/sessions/{id}`
async fn end(State(app): State<AppState>, caller: Caller, Path(of): Path<String>) -> Result<StatusCode, WebError> {
    let was_there = revoke_session(&app, &caller.by(), id(&of)?).await?;
    if was_there { Ok(StatusCode::NO_CONTENT) } else { Err(WebError::NotFound) }
}
