//! Accounts: signing in and out, registering, passwords, sessions, tokens, and what administrators change. What lives here:
//! the verbs, and the pace at which passwords may be tried. What never does: a cookie, a page.
//! Start reading at [`sign_in()`].

mod administration;
mod attempts;
mod register;
mod secret;
mod sign_in;
mod tokens;

use std::time::Duration;

use secrecy::SecretString;
use thorax_store::{StoreError, Unique};

use super::passwords::{HashError, Password};
use crate::app::App;

pub use administration::{NewAccount, change_account, create_account};
pub use attempts::{Attempts, Who};
pub use register::{Registration, register};
pub use secret::{Secret, TOKEN, hash};
pub use sign_in::{Attempt, Begun, change_password, lasts, revoke_other_sessions, revoke_session, sign_in, sign_out};
pub use tokens::{MadeToken, NewToken, create_token, revoke_token, scopes_of};

/// Wrong passwords in a row after which an account is locked.
pub const WRONG_PASSWORDS: u32 = 5;
/// How long it is locked.
pub const LOCK: Duration = Duration::from_mins(15);
/// Longest session, however much it is used.
pub const LONGEST_SESSION: Duration = Duration::from_hours(30 * 24);

/// Why a verb on accounts was refused. All texts but those of the last two may be shown.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// Name or password, and nobody learns which.
    #[error("the name or the password is wrong")]
    Wrong,
    /// Tried too often.
    #[error("too many attempts; wait and try again")]
    TooMany(Duration),
    /// Many others wait.
    #[error("many people sign in at this moment; try again in a few seconds")]
    Busy,
    /// Nobody may register.
    #[error("accounts are made by the administrator here")]
    Closed,
    /// The user name is taken.
    #[error("this user name is taken; choose another")]
    NameTaken,
    /// Administrators do not lock themselves out.
    #[error("you cannot take this from yourself; another administrator can")]
    Own,
    /// More than the role may.
    #[error("this scope is not yours to give")]
    Scope,
    /// There is no such account, session or token.
    #[error("there is no such account")]
    Gone,
    /// It could not be kept.
    #[error("the account could not be kept")]
    Store(#[source] StoreError),
    /// It broke.
    #[error("the account could not be changed")]
    Broken(#[source] anyhow::Error),
}

impl From<StoreError> for AccountError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Taken(Unique::Username) => Self::NameTaken,
            StoreError::Gone(_) => Self::Gone,
            other => Self::Store(other),
        }
    }
}

impl From<HashError> for AccountError {
    fn from(error: HashError) -> Self {
        Self::Broken(error.into())
    }
}

/// Longest that anybody waits for a place to have a password hashed.
const PATIENCE: Duration = Duration::from_secs(5);

/// The hash of a password, or word that many wait for theirs.
async fn hashed(app: &App, password: &Password) -> Result<String, AccountError> {
    let hash = tokio::time::timeout(PATIENCE, app.passwords.hash(password)).await;
    Ok(hash.map_err(|_| AccountError::Busy)??)
}

/// Whether a text has this hash; without one it takes as long and has not.
async fn is_right(app: &App, given: &SecretString, hash: Option<&str>) -> Result<bool, AccountError> {
    let check = async {
        let Some(hash) = hash else {
            app.passwords.pretend(given).await;
            return false;
        };
        app.passwords.is_right(given, hash).await
    };
    tokio::time::timeout(PATIENCE, check).await.map_err(|_| AccountError::Busy)
}
