//! What administrators do with accounts.

use thorax_domain::audit::{Action, Object};
use thorax_domain::ids::UserId;
use thorax_domain::patient::FullName;
use thorax_domain::user::{Role, Username};
use thorax_store::users::{NewUser, UserChange};

use super::{AccountError, Who, hashed};
use crate::app::App;
use crate::workflow::by::By;
use crate::workflow::forget;
use crate::workflow::passwords::Password;

/// An account that an administrator makes.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// To sign in with.
    pub username: Username,
    /// The name.
    pub full_name: FullName,
    /// What they may do.
    pub role: Role,
    /// The password to begin with.
    pub password: Password,
}

/// Makes an account.
///
/// # Errors
/// [`AccountError::NameTaken`]
pub async fn create_account(app: &App, by: &By, new: NewAccount) -> Result<UserId, AccountError> {
    let now = app.clock.now();
    let password_hash = hashed(app, &new.password).await?;
    let id = UserId::new(now);
    let user = NewUser {
        id,
        username: new.username,
        full_name: new.full_name.to_string(),
        password_hash,
        role: new.role,
        created_at: now,
    };
    let event = by.event(now, Action::Create, Object::User, id).with("role", new.role);
    app.store.users().create(&user, &[event]).await?;
    forget::patients(app).await;
    Ok(id)
}

/// Changes an account: one's own name, or as an administrator anybody's name, role, and whether it may sign in. With another
/// role all sessions end, so that none outlives what it was given for.
///
/// # Errors
/// [`AccountError::Own`] where administrators would lock themselves out; [`AccountError::Gone`].
pub async fn change_account(app: &App, by: &By, id: UserId, change: UserChange) -> Result<(), AccountError> {
    let own = by.viewer.user == id;
    if own && (change.role.is_some_and(|role| role != by.viewer.role) || change.is_active == Some(false)) {
        return Err(AccountError::Own);
    }
    let before = app.store.users().find(id).await?.ok_or(AccountError::Gone)?;
    let now = app.clock.now();
    let mut event = by.event(now, Action::Update, Object::User, id);
    let named = [("name", change.full_name.is_some()), ("unlock", change.unlock)];
    for (word, _) in named.iter().filter(|(_, is_there)| *is_there) {
        event = event.with(word, "changed");
    }
    if let Some(role) = change.role {
        event = event.with("role", role);
    }
    if let Some(is_active) = change.is_active {
        event = event.with("active", is_active);
    }
    app.store.users().update(id, &change, &[event]).await?;
    if change.unlock {
        app.attempts.forget(&Who::name(before.username.as_str()));
    }
    if change.role.is_some_and(|role| role != before.role) {
        app.store.sessions().end_all(id, None, &[by.event(now, Action::RevokeSession, Object::User, id)]).await?;
    }
    forget::user(app, id).await;
    Ok(())
}
