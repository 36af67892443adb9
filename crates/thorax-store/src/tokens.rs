//! Tokens with which programs act for users. The table holds their SHA-256.

use sea_orm::{FromQueryResult, Value};
use thorax_domain::audit::AuditEvent;
use thorax_domain::clock::Timestamp;
use thorax_domain::ids::{TokenId, UserId};
use thorax_domain::user::{ApiToken, User};

use uuid::Uuid;

use crate::db::{Store, execute};
use crate::error::{Result, StoreError, word};
use crate::sessions::SecretHash;
use crate::{audit, users};

/// Tokens; from [`Store::tokens`].
#[derive(Debug, Clone, Copy)]
pub struct Tokens<'a>(pub(crate) &'a Store);

impl Tokens<'_> {
    /// Keeps a token.
    ///
    /// # Errors
    /// [`crate::StoreError::Gone`] where there is no such account.
    pub async fn create(&self, token: &ApiToken, secret: &SecretHash, events: &[AuditEvent]) -> Result<()> {
        let transaction = self.0.begin().await?;
        let sql = "INSERT INTO api_tokens (id, user_id, name, prefix, token_sha256, scopes, created_at, expires_at) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let values: [Value; 8] = [
            token.id.uuid().into(),
            token.user_id.uuid().into(),
            token.name.as_str().into(),
            token.prefix.as_str().into(),
            secret.to_vec().into(),
            token.scopes.to_string().into(),
            token.created_at.micros().into(),
            token.expires_at.map(Timestamp::micros).into(),
        ];
        execute(&transaction, sql, values).await?;
        audit::append(&transaction, events).await?;
        Ok(transaction.commit().await?)
    }

    /// The token of a secret and its user, where it is neither revoked nor ended and the account may sign in; one statement.
    ///
    /// # Errors
    /// Of the database.
    pub async fn find(&self, secret: &SecretHash, now: Timestamp) -> Result<Option<(ApiToken, User)>> {
        let found = self.0.one::<WithUser>(FIND, [secret.to_vec().into(), now.micros().into()]).await?;
        found.map(WithUser::parts).transpose()
    }

    /// Notes that a token was used. Call it at most once a minute and token.
    ///
    /// # Errors
    /// Of the database.
    pub async fn touch(&self, id: TokenId, now: Timestamp) -> Result<()> {
        let transaction = self.0.begin().await?;
        let sql = "UPDATE api_tokens SET last_used_at = $2 WHERE id = $1";
        execute(&transaction, sql, [id.uuid().into(), now.micros().into()]).await?;
        Ok(transaction.commit().await?)
    }

    /// A user's tokens, newest first, revoked ones too.
    ///
    /// # Errors
    /// Of the database.
    pub async fn of_user(&self, user: UserId) -> Result<Vec<ApiToken>> {
        let sql = "SELECT k.id AS token_id, k.user_id, k.name, k.prefix, k.scopes, k.created_at AS made_at, k.expires_at, \
                   k.last_used_at, k.revoked_at FROM api_tokens k WHERE k.user_id = $1 ORDER BY k.created_at DESC, k.id LIMIT 200";
        self.0.all::<Raw>(sql, [user.uuid().into()]).await?.into_iter().map(TryInto::try_into).collect()
    }

    /// Revokes a token of `user`; says whether there was one to revoke.
    ///
    /// # Errors
    /// Of the database.
    pub async fn revoke(&self, user: UserId, id: TokenId, now: Timestamp, events: &[AuditEvent]) -> Result<bool> {
        let transaction = self.0.begin().await?;
        let sql = "UPDATE api_tokens SET revoked_at = $3 WHERE user_id = $1 AND id = $2 AND revoked_at IS NULL";
        let values: [Value; 3] = [user.uuid().into(), id.uuid().into(), now.micros().into()];
        if execute(&transaction, sql, values).await? == 0 {
            return Ok(false);
        }
        audit::append(&transaction, events).await?;
        transaction.commit().await?;
        Ok(true)
    }
}

pub(crate) const FIND: &str = "SELECT k.id AS token_id, k.user_id, k.name, k.prefix, k.scopes, k.created_at AS made_at, \
    k.expires_at, k.last_used_at, k.revoked_at, u.id, u.username, u.full_name, u.role, u.is_active, u.created_at \
    FROM api_tokens k JOIN users u ON u.id = k.user_id WHERE k.token_sha256 = $1 AND k.revoked_at IS NULL \
    AND (k.expires_at IS NULL OR k.expires_at > $2) AND u.is_active IS TRUE";

#[derive(Debug, FromQueryResult)]
struct Raw {
    token_id: Uuid,
    user_id: Uuid,
    name: String,
    prefix: String,
    scopes: String,
    made_at: i64,
    expires_at: Option<i64>,
    last_used_at: Option<i64>,
    revoked_at: Option<i64>,
}

#[derive(Debug, FromQueryResult)]
struct WithUser {
    #[sea_orm(nested)]
    token: Raw,
    #[sea_orm(nested)]
    user: users::Raw,
}

impl WithUser {
    fn parts(self) -> Result<(ApiToken, User)> {
        Ok((self.token.try_into()?, self.user.try_into()?))
    }
}

impl TryFrom<Raw> for ApiToken {
    type Error = StoreError;

    fn try_from(raw: Raw) -> Result<Self> {
        Ok(Self {
            id: TokenId::from_uuid(raw.token_id),
            user_id: UserId::from_uuid(raw.user_id),
            name: raw.name,
            prefix: raw.prefix,
            scopes: word(&raw.scopes, "scopes")?,
            created_at: Timestamp::from_micros(raw.made_at),
            expires_at: raw.expires_at.map(Timestamp::from_micros),
            last_used_at: raw.last_used_at.map(Timestamp::from_micros),
            revoked_at: raw.revoked_at.map(Timestamp::from_micros),
        })
    }
}
