//! Who uses the program: users, their roles, and who looks at something.

mod access;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::ids::UserId;
use crate::words::words;

pub use access::{ApiToken, Scope, Scopes, Session};

words! {
    /// What a user may do.
    Role as "role" {
        /// Runs the house: users, jobs, caches, audit; sees everything a doctor sees.
        Admin = "admin",
        /// Uploads, reads and reviews.
        Doctor = "doctor",
        /// Sees their own results once a doctor has released them.
        Patient = "patient",
    }
}

impl Role {
    /// Whether all patients' data may be seen.
    #[must_use]
    pub const fn sees_all_patients(self) -> bool {
        matches!(self, Self::Admin | Self::Doctor)
    }
}

/// The name that a user signs in with: 3 to 64 of `a-z 0-9 . _ - @ +`, stored in lower case.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Username(String);

/// A text that cannot be a username.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a username has 3 to 64 letters a to z, digits, or . _ - @ +")]
pub struct NotAUsername;

impl Username {
    /// The proof that `text` may be a username. Capitals become small, space around it goes.
    ///
    /// # Errors
    /// [`NotAUsername`]
    pub fn new(text: &str) -> Result<Self, NotAUsername> {
        let name = text.trim().to_ascii_lowercase();
        let allowed = |one: char| one.is_ascii_lowercase() || one.is_ascii_digit() || "._-@+".contains(one);
        if (3..=64).contains(&name.len()) && name.chars().all(allowed) { Ok(Self(name)) } else { Err(NotAUsername) }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Username {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

/// Names are not for logs.
impl fmt::Debug for Username {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Username(…)")
    }
}

impl TryFrom<String> for Username {
    type Error = NotAUsername;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(&text)
    }
}

impl From<Username> for String {
    fn from(name: Username) -> Self {
        name.0
    }
}

/// Somebody with an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Which one.
    pub id: UserId,
    /// Signs in with it.
    pub username: Username,
    /// For people.
    pub full_name: String,
    /// What they may do.
    pub role: Role,
    /// Whether they may sign in.
    pub is_active: bool,
    /// Since when.
    pub created_at: Timestamp,
}

/// Who looks, and so what can be seen. Every read of patient data is given one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Viewer {
    /// Who.
    pub user: UserId,
    /// As what.
    pub role: Role,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_username_is_small_and_plain() {
        assert_eq!(Username::new(" Dr.House@Ward-1 ").unwrap().as_str(), "dr.house@ward-1");
        for wrong in ["", "ab", "a b c", "müller", "x<script>", &"a".repeat(65)] {
            assert_eq!(Username::new(wrong), Err(NotAUsername), "{wrong}");
        }
        assert_eq!(format!("{:?}", Username::new("anna").unwrap()), "Username(…)");
    }
}
