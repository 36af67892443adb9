//! Accounts.

use std::time::Duration;

use sea_orm::{DatabaseTransaction, FromQueryResult, Value};
use thorax_domain::audit::AuditEvent;
use thorax_domain::clock::Timestamp;
use thorax_domain::ids::{SessionId, UserId};
use thorax_domain::user::{Role, User, Username};

use uuid::Uuid;

use crate::audit;
use crate::db::{Store, count, execute, select};
use crate::error::{Result, StoreError, word};
use crate::page::{Cursor, Page, PageRequest, Window};
use crate::patients::{self, NewPatient};
use crate::sql::{Sql, insert};
use crate::words::USERS;

/// Accounts; from [`Store::users`].
#[derive(Debug, Clone, Copy)]
pub struct Users<'a>(pub(crate) &'a Store);

/// An account to be made.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Its id, made by the caller, who needs it for the audit event.
    pub id: UserId,
    /// Signs in with it.
    pub username: Username,
    /// For people.
    pub full_name: String,
    /// Argon2id, as PHC writes it.
    pub password_hash: String,
    /// What they may do.
    pub role: Role,
    /// Now.
    pub created_at: Timestamp,
}

/// What signing in needs to know.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The account.
    pub user: User,
    /// Argon2id, as PHC writes it.
    pub password_hash: String,
    /// Wrong passwords since the last right one.
    pub failed_logins: u32,
    /// No password is right before.
    pub locked_until: Option<Timestamp>,
}

/// What is changed of an account; `None` stays.
#[derive(Debug, Clone, Default)]
pub struct UserChange {
    /// For people.
    pub full_name: Option<String>,
    /// What they may do. A change ends their sessions.
    pub role: Option<Role>,
    /// Whether they may sign in. `false` also ends their sessions.
    pub is_active: Option<bool>,
    /// Lets them try again at once.
    pub unlock: bool,
}

/// Which accounts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserFilter {
    /// The beginning of the username or of a word of the name.
    pub search: String,
    /// Only this role.
    pub role: Option<Role>,
    /// Only those that may, or may not, sign in.
    pub is_active: Option<bool>,
}

/// An account in the admin's list.
#[derive(Debug, Clone, PartialEq)]
pub struct UserRow {
    /// The account.
    pub user: User,
    /// No password is right before.
    pub locked_until: Option<Timestamp>,
    /// Sessions that have not ended.
    pub sessions: u64,
    /// When one of them was last used.
    pub last_seen: Option<Timestamp>,
}

impl Users<'_> {
    /// Makes an account.
    ///
    /// # Errors
    /// [`crate::StoreError::Taken`] where the username is.
    pub async fn create(&self, user: &NewUser, events: &[AuditEvent]) -> Result<()> {
        let transaction = self.0.begin().await?;
        add(&transaction, user).await?;
        audit::append(&transaction, events).await?;
        Ok(transaction.commit().await?)
    }

    /// Makes an account and its patient in one step.
    ///
    /// # Errors
    /// [`crate::StoreError::Taken`] where the username or the record number is.
    pub async fn register(&self, user: &NewUser, patient: &NewPatient, events: &[AuditEvent]) -> Result<()> {
        let transaction = self.0.begin().await?;
        add(&transaction, user).await?;
        patients::add(&transaction, patient).await?;
        audit::append(&transaction, events).await?;
        Ok(transaction.commit().await?)
    }

    /// One account.
    ///
    /// # Errors
    /// Of the database.
    pub async fn find(&self, id: UserId) -> Result<Option<User>> {
        let sql = format!("SELECT {COLUMNS} FROM users u WHERE u.id = $1");
        self.0.one::<Raw>(&sql, [id.uuid().into()]).await?.map(TryInto::try_into).transpose()
    }

    /// What signing in needs to know; one statement.
    ///
    /// # Errors
    /// Of the database.
    pub async fn credentials(&self, username: &Username) -> Result<Option<Credentials>> {
        self.secret("u.username = ", username.as_str().into()).await
    }

    /// The same by id, for a change of password.
    ///
    /// # Errors
    /// Of the database.
    pub async fn credentials_of(&self, id: UserId) -> Result<Option<Credentials>> {
        self.secret("u.id = ", id.uuid().into()).await
    }

    /// Counts a wrong password; from `allowed` on the account is locked for `lock`. Says until when.
    ///
    /// # Errors
    /// Of the database.
    pub async fn failed_login(
        &self,
        id: UserId,
        now: Timestamp,
        allowed: u32,
        lock: Duration,
        events: &[AuditEvent],
    ) -> Result<Option<Timestamp>> {
        let transaction = self.0.begin().await?;
        let sql = "UPDATE users SET failed_logins = failed_logins + 1, locked_until = \
                   CASE WHEN failed_logins + 1 >= $2 THEN $3 ELSE locked_until END WHERE id = $1 RETURNING locked_until";
        let values: [Value; 3] =
            [id.uuid().into(), i32::try_from(allowed).unwrap_or(i32::MAX).into(), now.plus(lock).micros().into()];
        let found: Vec<Locked> = select(&transaction, sql, values).await?;
        audit::append(&transaction, events).await?;
        transaction.commit().await?;
        let until = found.first().and_then(|row| row.locked_until).map(Timestamp::from_micros);
        Ok(until.filter(|until| *until > now))
    }

    /// Sets another password hash, forgets wrong passwords and ends all sessions but `keep`.
    ///
    /// # Errors
    /// [`crate::StoreError::Gone`] where there is no such account.
    pub async fn set_password(
        &self,
        id: UserId,
        password_hash: &str,
        keep: Option<SessionId>,
        events: &[AuditEvent],
    ) -> Result<()> {
        let transaction = self.0.begin().await?;
        let sql = "UPDATE users SET password_hash = $2, failed_logins = 0, locked_until = NULL WHERE id = $1";
        if execute(&transaction, sql, [id.uuid().into(), password_hash.into()]).await? == 0 {
            return Err(StoreError::Gone("the account"));
        }
        let keep = keep.map_or(Uuid::nil(), SessionId::uuid);
        let sql = "DELETE FROM sessions WHERE user_id = $1 AND id <> $2";
        execute(&transaction, sql, [id.uuid().into(), keep.into()]).await?;
        audit::append(&transaction, events).await?;
        Ok(transaction.commit().await?)
    }

    /// Changes an account.
    ///
    /// # Errors
    /// [`crate::StoreError::Gone`] where there is no such account.
    pub async fn update(&self, id: UserId, change: &UserChange, events: &[AuditEvent]) -> Result<()> {
        let transaction = self.0.begin().await?;
        let sql = "UPDATE users SET full_name = COALESCE($2, full_name), role = COALESCE($3, role), \
                   is_active = COALESCE($4, is_active), \
                   failed_logins = CASE WHEN $5 THEN 0 ELSE failed_logins END, \
                   locked_until = CASE WHEN $5 THEN NULL ELSE locked_until END WHERE id = $1 \
                   RETURNING id, username, full_name, role, is_active, created_at";
        let values: [Value; 5] = [
            id.uuid().into(),
            change.full_name.as_deref().into(),
            change.role.map(Role::word).into(),
            change.is_active.into(),
            change.unlock.into(),
        ];
        let changed: Vec<Raw> = select(&transaction, sql, values).await?;
        let changed = changed.into_iter().next().ok_or(StoreError::Gone("the account"))?;
        USERS.keep(&transaction, &format!("{} {}", changed.full_name, changed.username), id.uuid()).await?;
        if change.is_active == Some(false) || change.role.is_some() {
            execute(&transaction, "DELETE FROM sessions WHERE user_id = $1", [id.uuid().into()]).await?;
        }
        audit::append(&transaction, events).await?;
        Ok(transaction.commit().await?)
    }

    /// The admin's list, newest first; one statement.
    ///
    /// # Errors
    /// Of the database.
    pub async fn list(&self, filter: &UserFilter, page: &PageRequest, now: Timestamp) -> Result<Page<UserRow>> {
        let window = Window::new(page);
        let (sql, values) = list_statement(filter, &window, now);
        let rows = self.0.all::<RawRow>(&sql, values).await?;
        let rows = rows.into_iter().map(TryInto::try_into).collect::<Result<Vec<UserRow>>>()?;
        Ok(window.page(rows, |row| Cursor { at: row.user.created_at, id: row.user.id.uuid() }))
    }

    /// How many there are in the list; one statement.
    ///
    /// # Errors
    /// Of the database.
    pub async fn count(&self, filter: &UserFilter) -> Result<u64> {
        let mut sql = Sql::new("SELECT COUNT(*) FROM users u");
        conditions(&mut sql, filter);
        let (text, values) = sql.into_parts();
        self.0.number(&text, values).await
    }

    /// Whether there is any account; if not, the first one made should be an admin's.
    ///
    /// # Errors
    /// Of the database.
    pub async fn any(&self) -> Result<bool> {
        Ok(self.0.number("SELECT COUNT(*) FROM (SELECT 1 AS one FROM users LIMIT 1) u", []).await? > 0)
    }
}

impl Users<'_> {
    async fn secret(&self, condition: &str, value: Value) -> Result<Option<Credentials>> {
        let sql = format!(
            "SELECT {COLUMNS}, u.password_hash, u.failed_logins, u.locked_until FROM users u WHERE {condition}$1"
        );
        self.0.one::<RawCredentials>(&sql, [value]).await?.map(TryInto::try_into).transpose()
    }
}

pub(crate) const COLUMNS: &str = "u.id, u.username, u.full_name, u.role, u.is_active, u.created_at";

#[derive(Debug, FromQueryResult)]
struct Locked {
    locked_until: Option<i64>,
}

#[derive(Debug, FromQueryResult)]
pub(crate) struct Raw {
    pub id: Uuid,
    pub username: String,
    pub full_name: String,
    pub role: String,
    pub is_active: bool,
    pub created_at: i64,
}

#[derive(Debug, FromQueryResult)]
struct RawCredentials {
    #[sea_orm(nested)]
    user: Raw,
    password_hash: String,
    failed_logins: i32,
    locked_until: Option<i64>,
}

#[derive(Debug, FromQueryResult)]
struct RawRow {
    #[sea_orm(nested)]
    user: Raw,
    locked_until: Option<i64>,
    sessions: i64,
    last_seen: Option<i64>,
}

impl TryFrom<Raw> for User {
    type Error = StoreError;

    fn try_from(raw: Raw) -> Result<Self> {
        Ok(Self {
            id: UserId::from_uuid(raw.id),
            username: Username::new(&raw.username).map_err(|_| StoreError::Corrupt("a username"))?,
            full_name: raw.full_name,
            role: word(&raw.role, "a role")?,
            is_active: raw.is_active,
            created_at: Timestamp::from_micros(raw.created_at),
        })
    }
}

impl TryFrom<RawCredentials> for Credentials {
    type Error = StoreError;

    fn try_from(raw: RawCredentials) -> Result<Self> {
        Ok(Self {
            user: raw.user.try_into()?,
            password_hash: raw.password_hash,
            failed_logins: u32::try_from(raw.failed_logins).unwrap_or(0),
            locked_until: raw.locked_until.map(Timestamp::from_micros),
        })
    }
}

impl TryFrom<RawRow> for UserRow {
    type Error = StoreError;

    fn try_from(raw: RawRow) -> Result<Self> {
        Ok(Self {
            user: raw.user.try_into()?,
            locked_until: raw.locked_until.map(Timestamp::from_micros),
            sessions: count(raw.sessions),
            last_seen: raw.last_seen.map(Timestamp::from_micros),
        })
    }
}

fn conditions(sql: &mut Sql, filter: &UserFilter) {
    sql.is_maybe("u.role = ", filter.role.map(Role::word)).is_maybe("u.is_active = ", filter.is_active);
    let mut found = Sql::new("");
    if USERS.select(&mut found, &filter.search) {
        sql.condition("u.id IN (");
        USERS.select(sql, &filter.search);
        sql.push(")");
    }
}

pub(crate) fn list_statement(filter: &UserFilter, window: &Window, now: Timestamp) -> (String, Vec<Value>) {
    let mut sql = Sql::new("SELECT r.*, (SELECT COUNT(*) FROM sessions s WHERE s.user_id = r.id AND s.expires_at > ");
    sql.bind(now.micros());
    sql.push(") AS sessions, (SELECT MAX(s.seen_at) FROM sessions s WHERE s.user_id = r.id) AS last_seen FROM (");
    sql.push(&format!("SELECT {COLUMNS}, u.locked_until FROM users u"));
    conditions(&mut sql, filter);
    window.seek(&mut sql, "u");
    window.cut(&mut sql, "u");
    sql.push(") r").push(&window.order("r"));
    sql.into_parts()
}

async fn add(transaction: &DatabaseTransaction, user: &NewUser) -> Result<()> {
    let columns = ["id", "username", "full_name", "password_hash", "role", "is_active", "created_at"];
    let row: Vec<Value> = vec![
        user.id.uuid().into(),
        user.username.as_str().into(),
        user.full_name.as_str().into(),
        user.password_hash.as_str().into(),
        user.role.word().into(),
        true.into(),
        user.created_at.micros().into(),
    ];
    let (sql, values) = insert("users", &columns, vec![row], "");
    execute(transaction, &sql, values).await?;
    USERS.keep(transaction, &format!("{} {}", user.full_name, user.username), user.id.uuid()).await
}
