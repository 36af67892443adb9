//! Tokens with which programs act for a user.

use std::time::Duration;

use thorax_domain::audit::{Action, Object};
use thorax_domain::ids::TokenId;
use thorax_domain::user::{ApiToken, Role, Scope, Scopes};

use super::{AccountError, Secret, TOKEN};
use crate::app::App;
use crate::workflow::by::By;

/// Characters of the secret by which its owner knows it again.
const PREFIX: usize = TOKEN.len() + 6;

/// A token to be made.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// What it is for.
    pub name: String,
    /// What it may be used for.
    pub scopes: Scopes,
    /// How long it lasts; for ever where nothing is said.
    pub lasts: Option<Duration>,
}

/// A token that was made: the secret is shown once.
#[derive(Debug, Clone)]
pub struct MadeToken {
    /// What is kept.
    pub token: ApiToken,
    /// What its owner keeps.
    pub secret: Secret,
}

/// The scopes that somebody of a role may give a token.
#[must_use]
pub const fn scopes_of(role: Role) -> &'static [Scope] {
    match role {
        Role::Admin => &[Scope::Read, Scope::Write, Scope::Review, Scope::Admin],
        Role::Doctor => &[Scope::Read, Scope::Write, Scope::Review],
        Role::Patient => &[Scope::Read],
    }
}

/// Makes a token for oneself.
///
/// # Errors
/// [`AccountError::Scope`] where it would be able to do more than its owner.
pub async fn create_token(app: &App, by: &By, new: NewToken) -> Result<MadeToken, AccountError> {
    let allowed = scopes_of(by.viewer.role);
    if new.scopes.0.is_empty() || !new.scopes.0.iter().all(|scope| allowed.contains(scope)) {
        return Err(AccountError::Scope);
    }
    let now = app.clock.now();
    let secret = Secret::new(TOKEN).map_err(AccountError::Broken)?;
    let token = ApiToken {
        id: TokenId::new(now),
        user_id: by.viewer.user,
        name: new.name,
        prefix: secret.expose().get(..PREFIX).unwrap_or_default().to_owned(),
        scopes: new.scopes,
        created_at: now,
        expires_at: new.lasts.map(|lasts| now.plus(lasts)),
        last_used_at: None,
        revoked_at: None,
    };
    let event = by.event(now, Action::Create, Object::Token, token.id).with("scopes", &token.scopes);
    app.store.tokens().create(&token, &secret.hash(), &[event]).await?;
    Ok(MadeToken { token, secret })
}

/// Revokes one of one's own tokens; says whether there was one.
///
/// # Errors
/// [`AccountError::Store`]
pub async fn revoke_token(app: &App, by: &By, id: TokenId) -> Result<bool, AccountError> {
    let now = app.clock.now();
    let event = by.event(now, Action::Delete, Object::Token, id);
    Ok(app.store.tokens().revoke(by.viewer.user, id, now, &[event]).await?)
}
