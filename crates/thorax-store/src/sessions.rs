//! Browsers that signed in. The cookie holds a random secret; the table holds its SHA-256.

use std::time::Duration;

use sea_orm::{FromQueryResult, Value};
use thorax_domain::audit::AuditEvent;
use thorax_domain::clock::Timestamp;
use thorax_domain::ids::{SessionId, UserId};
use thorax_domain::user::{Session, User};

use uuid::Uuid;

use crate::audit;
use crate::db::{Store, execute};
use crate::error::{Result, StoreError};
use crate::users;

/// Sessions; from [`Store::sessions`].
#[derive(Debug, Clone, Copy)]
pub struct Sessions<'a>(pub(crate) &'a Store);

/// SHA-256 of a secret.
pub type SecretHash = [u8; 32];

impl Sessions<'_> {
    /// Begins a session after a right password: forgets wrong ones, ends `replaced` (the session the browser had before).
    ///
    /// # Errors
    /// [`crate::StoreError::Gone`] where there is no such account.
    pub async fn begin(
        &self,
        session: &Session,
        secret: &SecretHash,
        replaced: Option<&SecretHash>,
        events: &[AuditEvent],
    ) -> Result<()> {
        let transaction = self.0.begin().await?;
        if let Some(replaced) = replaced {
            execute(&transaction, "DELETE FROM sessions WHERE token_sha256 = $1", [replaced.to_vec().into()]).await?;
        }
        let sql = "UPDATE users SET failed_logins = 0, locked_until = NULL WHERE id = $1 AND is_active IS TRUE";
        if execute(&transaction, sql, [session.user_id.uuid().into()]).await? == 0 {
            return Err(StoreError::Gone("the account"));
        }
        let sql = "INSERT INTO sessions (id, token_sha256, user_id, created_at, seen_at, expires_at, ip, agent) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let values: [Value; 8] = [
            session.id.uuid().into(),
            secret.to_vec().into(),
            session.user_id.uuid().into(),
            session.created_at.micros().into(),
            session.seen_at.micros().into(),
            session.expires_at.micros().into(),
            session.ip.as_str().into(),
            session.agent.as_str().into(),
        ];
        execute(&transaction, sql, values).await?;
        audit::append(&transaction, events).await?;
        Ok(transaction.commit().await?)
    }

    /// The session of a secret and its user, where it has not ended and the account may sign in; one statement.
    ///
    /// # Errors
    /// Of the database.
    pub async fn find(&self, secret: &SecretHash, now: Timestamp) -> Result<Option<(Session, User)>> {
        let found = self.0.one::<WithUser>(FIND, [secret.to_vec().into(), now.micros().into()]).await?;
        found.map(WithUser::parts).transpose()
    }

    /// Notes that a session was used. Call it at most once a minute and session.
    ///
    /// # Errors
    /// Of the database.
    pub async fn touch(&self, id: SessionId, now: Timestamp, lasts: Duration) -> Result<()> {
        let transaction = self.0.begin().await?;
        let sql = "UPDATE sessions SET seen_at = $2, expires_at = $3 WHERE id = $1";
        let values: [Value; 3] = [id.uuid().into(), now.micros().into(), now.plus(lasts).micros().into()];
        execute(&transaction, sql, values).await?;
        Ok(transaction.commit().await?)
    }

    /// A user's sessions that have not ended, last used first.
    ///
    /// # Errors
    /// Of the database.
    pub async fn of_user(&self, user: UserId, now: Timestamp) -> Result<Vec<Session>> {
        let sql = "SELECT s.id AS session_id, s.user_id, s.created_at AS began_at, s.seen_at, s.expires_at, s.ip, s.agent \
                   FROM sessions s WHERE s.user_id = $1 AND s.expires_at > $2 ORDER BY s.seen_at DESC, s.id LIMIT 200";
        let found = self.0.all::<Raw>(sql, [user.uuid().into(), now.micros().into()]).await?;
        Ok(found.into_iter().map(Into::into).collect())
    }

    /// Ends a session of `user`; says whether there was one.
    ///
    /// # Errors
    /// Of the database.
    pub async fn end(&self, user: UserId, id: SessionId, events: &[AuditEvent]) -> Result<bool> {
        let transaction = self.0.begin().await?;
        let sql = "DELETE FROM sessions WHERE user_id = $1 AND id = $2";
        if execute(&transaction, sql, [user.uuid().into(), id.uuid().into()]).await? == 0 {
            return Ok(false);
        }
        audit::append(&transaction, events).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Ends all sessions of `user` but `keep`; says how many.
    ///
    /// # Errors
    /// Of the database.
    pub async fn end_all(&self, user: UserId, keep: Option<SessionId>, events: &[AuditEvent]) -> Result<u64> {
        let transaction = self.0.begin().await?;
        let keep = keep.map_or(Uuid::nil(), SessionId::uuid);
        let sql = "DELETE FROM sessions WHERE user_id = $1 AND id <> $2";
        let ended = execute(&transaction, sql, [user.uuid().into(), keep.into()]).await?;
        audit::append(&transaction, events).await?;
        transaction.commit().await?;
        Ok(ended)
    }

    /// Removes the rows of sessions that have ended; says how many.
    ///
    /// # Errors
    /// Of the database.
    pub async fn sweep(&self, now: Timestamp) -> Result<u64> {
        let transaction = self.0.begin().await?;
        let ended = execute(&transaction, "DELETE FROM sessions WHERE expires_at <= $1", [now.micros().into()]).await?;
        transaction.commit().await?;
        Ok(ended)
    }
}

pub(crate) const FIND: &str = "SELECT s.id AS session_id, s.user_id, s.created_at AS began_at, s.seen_at, s.expires_at, \
    s.ip, s.agent, u.id, u.username, u.full_name, u.role, u.is_active, u.created_at FROM sessions s \
    JOIN users u ON u.id = s.user_id WHERE s.token_sha256 = $1 AND s.expires_at > $2 AND u.is_active IS TRUE";

#[derive(Debug, FromQueryResult)]
struct Raw {
    session_id: Uuid,
    user_id: Uuid,
    began_at: i64,
    seen_at: i64,
    expires_at: i64,
    ip: String,
    agent: String,
}

#[derive(Debug, FromQueryResult)]
struct WithUser {
    #[sea_orm(nested)]
    session: Raw,
    #[sea_orm(nested)]
    user: users::Raw,
}

impl WithUser {
    fn parts(self) -> Result<(Session, User)> {
        Ok((self.session.into(), self.user.try_into()?))
    }
}

impl From<Raw> for Session {
    fn from(raw: Raw) -> Self {
        Self {
            id: SessionId::from_uuid(raw.session_id),
            user_id: UserId::from_uuid(raw.user_id),
            created_at: Timestamp::from_micros(raw.began_at),
            seen_at: Timestamp::from_micros(raw.seen_at),
            expires_at: Timestamp::from_micros(raw.expires_at),
            ip: raw.ip,
            agent: raw.agent,
        }
    }
}
