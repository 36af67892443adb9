//! Users, their sessions and tokens, and patients.
//!
//! `user_words` and `patient_words` hold the words of names, user names and record numbers in small letters, so that a search for
//! the beginnings of words is a range of an index.

pub(super) const STATEMENTS: &[&str] = &[
    "CREATE TABLE users (
        id @id NOT NULL PRIMARY KEY,
        username @plain NOT NULL,
        full_name TEXT NOT NULL,
        password_hash TEXT NOT NULL,
        role TEXT NOT NULL,
        is_active BOOLEAN NOT NULL,
        failed_logins INTEGER NOT NULL DEFAULT 0,
        locked_until BIGINT,
        created_at BIGINT NOT NULL
    )",
    "CREATE UNIQUE INDEX users_username ON users (username)",
    "CREATE INDEX users_created_at ON users (created_at DESC, id DESC)",
    "CREATE INDEX users_role_created_at ON users (role, created_at DESC, id DESC)",
    "CREATE TABLE user_words (
        word @plain NOT NULL,
        user_id @id NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        PRIMARY KEY (word, user_id)
    ) @keyed",
    "CREATE INDEX user_words_user ON user_words (user_id, word)",
    "CREATE TABLE sessions (
        id @id NOT NULL PRIMARY KEY,
        token_sha256 @bytes NOT NULL,
        user_id @id NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        created_at BIGINT NOT NULL,
        seen_at BIGINT NOT NULL,
        expires_at BIGINT NOT NULL,
        ip TEXT NOT NULL,
        agent TEXT NOT NULL
    )",
    "CREATE UNIQUE INDEX sessions_token_sha256 ON sessions (token_sha256)",
    "CREATE INDEX sessions_user ON sessions (user_id, seen_at DESC)",
    "CREATE INDEX sessions_expires_at ON sessions (expires_at)",
    "CREATE TABLE api_tokens (
        id @id NOT NULL PRIMARY KEY,
        user_id @id NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        name TEXT NOT NULL,
        prefix TEXT NOT NULL,
        token_sha256 @bytes NOT NULL,
        scopes TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        expires_at BIGINT,
        last_used_at BIGINT,
        revoked_at BIGINT
    )",
    "CREATE UNIQUE INDEX api_tokens_token_sha256 ON api_tokens (token_sha256)",
    "CREATE INDEX api_tokens_user ON api_tokens (user_id, created_at DESC)",
    "CREATE TABLE patients (
        id @id NOT NULL PRIMARY KEY,
        user_id @id REFERENCES users (id) ON DELETE SET NULL,
        record_number @plain NOT NULL,
        full_name TEXT NOT NULL,
        date_of_birth TEXT NOT NULL,
        sex TEXT NOT NULL,
        created_at BIGINT NOT NULL
    )",
    "CREATE UNIQUE INDEX patients_record_number ON patients (record_number)",
    "CREATE UNIQUE INDEX patients_user_id ON patients (user_id)",
    "CREATE INDEX patients_created_at ON patients (created_at DESC, id DESC)",
    "CREATE TABLE patient_words (
        word @plain NOT NULL,
        patient_id @id NOT NULL REFERENCES patients (id) ON DELETE CASCADE,
        PRIMARY KEY (word, patient_id)
    ) @keyed",
    "CREATE INDEX patient_words_patient ON patient_words (patient_id, word)",
];
