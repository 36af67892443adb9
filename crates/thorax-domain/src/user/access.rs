//! How a user gets in: sessions of browsers and tokens of programs.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::ids::{SessionId, TokenId, UserId};
use crate::words::{UnknownWord, words};

/// A browser that signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// For lists and revoking.
    pub id: SessionId,
    /// Whose.
    pub user_id: UserId,
    /// Signed in at.
    pub created_at: Timestamp,
    /// Last used at, to within a minute.
    pub seen_at: Timestamp,
    /// Ends at.
    pub expires_at: Timestamp,
    /// Address of the browser.
    pub ip: String,
    /// What the browser says it is.
    pub agent: String,
}

words! {
    /// What a token may be used for.
    Scope as "scope" {
        /// Reading everything that its user may read.
        Read = "read",
        /// Uploading, asking the networks, and keeping patients.
        Write = "write",
        /// Signing reviews.
        Review = "review",
        /// What an admin does.
        Admin = "admin",
    }
}

/// A set of scopes, written `read write`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Scopes(pub BTreeSet<Scope>);

impl Scopes {
    /// Whether `scope` is among them.
    #[must_use]
    pub fn has(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<&str> = self.0.iter().map(|one| one.word()).collect();
        formatter.write_str(&words.join(" "))
    }
}

impl FromStr for Scopes {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split_whitespace().map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

/// A token with which a program acts for a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiToken {
    /// For lists and revoking.
    pub id: TokenId,
    /// For whom it acts.
    pub user_id: UserId,
    /// What its user calls it.
    pub name: String,
    /// Its first characters, to know it by.
    pub prefix: String,
    /// What it may be used for.
    pub scopes: Scopes,
    /// Made at.
    pub created_at: Timestamp,
    /// Ends at.
    pub expires_at: Option<Timestamp>,
    /// Last used at, to within a minute.
    pub last_used_at: Option<Timestamp>,
    /// Revoked at.
    pub revoked_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_a_set_of_known_words() {
        let scopes: Scopes = "write read write".parse().unwrap();
        assert_eq!(scopes.to_string(), "read write");
        assert!(scopes.has(Scope::Read) && !scopes.has(Scope::Admin));
        assert!("read everything".parse::<Scopes>().is_err());
    }
}
