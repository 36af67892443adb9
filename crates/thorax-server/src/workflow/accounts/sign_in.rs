//! Signing in and out, and the sessions that begin and end with it.

use std::time::Duration;

use secrecy::SecretString;
use thorax_domain::audit::{Action, AuditEvent, Object, Origin, Outcome};
use thorax_domain::clock::Timestamp;
use thorax_domain::ids::SessionId;
use thorax_domain::user::{Session, User, Username, Viewer};
use thorax_store::sessions::SecretHash;
use thorax_store::users::Credentials;

use super::{AccountError, LOCK, Secret, WRONG_PASSWORDS, Who, hashed};
use crate::app::App;
use crate::workflow::by::By;
use crate::workflow::passwords::Password;

/// Longest name of a browser that is kept.
const AGENT: usize = 200;

/// Somebody wants in.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// As typed.
    pub username: String,
    /// As typed.
    pub password: SecretString,
    /// What the browser says it is.
    pub agent: String,
    /// The session that the browser had before; it ends.
    pub replaced: Option<SecretHash>,
    /// From where.
    pub origin: Origin,
}

/// A session that began.
#[derive(Debug, Clone)]
pub struct Begun {
    /// For the cookie.
    pub secret: Secret,
    /// What is kept of it.
    pub session: Session,
    /// Whose it is.
    pub user: User,
}

/// Signs somebody in: compares the password at the same pace whether there is such an account or not.
///
/// # Errors
/// [`AccountError`]
pub async fn sign_in(app: &App, attempt: Attempt) -> Result<Begun, AccountError> {
    let now = app.clock.now();
    let counted = [Who::address(&attempt.origin.ip), Who::name(&attempt.username)];
    for who in &counted {
        app.attempts.begin(who, now).map_err(AccountError::TooMany)?;
    }
    let known = match Username::new(&attempt.username) {
        Ok(name) => app.store.users().credentials(&name).await?,
        Err(_) => None,
    };
    let checked = check(app, known, &attempt.password, &attempt.origin, now).await;
    if matches!(checked, Ok(_) | Err(AccountError::Busy | AccountError::Broken(_) | AccountError::Store(_))) {
        for who in &counted {
            app.attempts.succeeded(who);
        }
    }
    let user = checked?;
    app.attempts.forget(&counted[1]);
    let event = signed_in(&user, &attempt.origin, now);
    begin(app, user, attempt.agent, attempt.origin.ip, attempt.replaced.as_ref(), event).await
}

fn signed_in(user: &User, origin: &Origin, now: Timestamp) -> AuditEvent {
    let viewer = Viewer { user: user.id, role: user.role };
    AuditEvent::new(now, viewer, Action::SignIn, Object::User, user.id).from(origin.clone())
}

/// The user whose password it is.
async fn check(
    app: &App,
    known: Option<Credentials>,
    password: &SecretString,
    origin: &Origin,
    now: Timestamp,
) -> Result<User, AccountError> {
    let locked = known.as_ref().and_then(|one| one.locked_until).filter(|until| *until > now);
    if let Some(until) = locked {
        let id = known.map(|one| one.user.id.to_string()).unwrap_or_default();
        app.store.audit().record(vec![failed(id, origin, now).with("reason", "locked")]).await?;
        return Err(AccountError::TooMany(until.since(now)));
    }
    let hash = known.as_ref().map(|one| one.password_hash.as_str());
    let is_right = super::is_right(app, password, hash).await?;
    let Some(credentials) = known else {
        app.store.audit().record(vec![failed(String::new(), origin, now).with("reason", "unknown")]).await?;
        return Err(AccountError::Wrong);
    };
    let user = credentials.user;
    if is_right && user.is_active {
        return Ok(user);
    }
    let event = failed(user.id.to_string(), origin, now).with("reason", if is_right { "inactive" } else { "password" });
    let until = app.store.users().failed_login(user.id, now, WRONG_PASSWORDS, LOCK, &[event]).await?;
    until.map_or(Err(AccountError::Wrong), |until| Err(AccountError::TooMany(until.since(now))))
}

/// Nobody is signed in yet, so the event has no actor; the account tried is its object.
fn failed(user: String, origin: &Origin, now: Timestamp) -> AuditEvent {
    AuditEvent::of_the_program(now, Action::SignInFailed, Object::User, user)
        .from(origin.clone())
        .with_outcome(Outcome::Denied)
}

/// Begins a session for somebody who has proved who they are.
pub(super) async fn begin(
    app: &App,
    user: User,
    agent: String,
    ip: String,
    replaced: Option<&SecretHash>,
    event: AuditEvent,
) -> Result<Begun, AccountError> {
    let now = app.clock.now();
    let secret = Secret::new("").map_err(AccountError::Broken)?;
    let session = Session {
        id: SessionId::new(now),
        user_id: user.id,
        created_at: now,
        seen_at: now,
        expires_at: now.plus(idle(app).min(super::LONGEST_SESSION)),
        ip,
        agent: agent.chars().filter(|one| !one.is_control()).take(AGENT).collect(),
    };
    app.store.sessions().begin(&session, &secret.hash(), replaced, &[event]).await?;
    Ok(Begun { secret, session, user })
}

fn idle(app: &App) -> Duration {
    Duration::from_secs(app.web.session_days.saturating_mul(24 * 60 * 60))
}

/// How much longer a session may last that is used now: as long as one who does nothing may stay, but never beyond the longest.
#[must_use]
pub fn lasts(app: &App, session: &Session, now: Timestamp) -> Duration {
    idle(app).min(session.created_at.plus(super::LONGEST_SESSION).since(now))
}

/// Ends the session that somebody shows.
///
/// # Errors
/// [`AccountError`]
pub async fn sign_out(app: &App, by: &By, session: SessionId) -> Result<(), AccountError> {
    let event = by.event(app.clock.now(), Action::SignOut, Object::Session, session);
    app.store.sessions().end(by.viewer.user, session, &[event]).await?;
    Ok(())
}

/// Ends one of one's own sessions; says whether there was one.
///
/// # Errors
/// [`AccountError`]
pub async fn revoke_session(app: &App, by: &By, session: SessionId) -> Result<bool, AccountError> {
    let event = by.event(app.clock.now(), Action::RevokeSession, Object::Session, session);
    Ok(app.store.sessions().end(by.viewer.user, session, &[event]).await?)
}

/// Ends all of one's own sessions but one.
///
/// # Errors
/// [`AccountError`]
pub async fn revoke_other_sessions(app: &App, by: &By, keep: SessionId) -> Result<u64, AccountError> {
    let event = by.event(app.clock.now(), Action::RevokeSession, Object::User, by.viewer.user);
    Ok(app.store.sessions().end_all(by.viewer.user, Some(keep), &[event]).await?)
}

/// Changes one's own password: all sessions end, and a new one begins.
///
/// # Errors
/// [`AccountError::Wrong`] where `current` is.
pub async fn change_password(
    app: &App,
    by: &By,
    current: &SecretString,
    password: &Password,
    agent: String,
) -> Result<Begun, AccountError> {
    let now = app.clock.now();
    let credentials = app.store.users().credentials_of(by.viewer.user).await?.ok_or(AccountError::Gone)?;
    let who = Who::name(credentials.user.username.as_str());
    app.attempts.begin(&who, now).map_err(AccountError::TooMany)?;
    if !super::is_right(app, current, Some(&credentials.password_hash)).await? {
        return Err(AccountError::Wrong);
    }
    app.attempts.forget(&who);
    let hash = hashed(app, password).await?;
    let event = by.event(now, Action::ChangePassword, Object::User, by.viewer.user);
    app.store.users().set_password(by.viewer.user, &hash, None, &[event]).await?;
    let event = signed_in(&credentials.user, &by.origin, now);
    begin(app, credentials.user, agent, by.origin.ip.clone(), None, event).await
}
