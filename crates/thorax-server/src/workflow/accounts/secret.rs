//! Secrets that browsers and programs show: 256 random bits, of which only the SHA-256 is kept.

use std::fmt;
use std::fmt::Write as _;

use argon2::password_hash::try_generate_salt;
use sha2::{Digest, Sha256};
use thorax_store::sessions::SecretHash;

/// How the secret of a token begins, so that a leaked one is known for what it is.
pub const TOKEN: &str = "thorax_";

/// A secret as its owner keeps it. It is shown once.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// A new one, from the system's random numbers.
    ///
    /// # Errors
    /// Where the system has none.
    pub fn new(prefix: &str) -> anyhow::Result<Self> {
        let mut text = prefix.to_owned();
        for _ in 0..2 {
            let half: [u8; 16] = try_generate_salt().map_err(|error| anyhow::anyhow!("no random numbers: {error}"))?;
            for byte in half {
                let _ = write!(text, "{byte:02x}");
            }
        }
        Ok(Self(text))
    }

    /// The secret itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    #[must_use]
    pub fn hash(&self) -> SecretHash {
        hash(&self.0)
    }
}

/// What is kept of a secret that somebody shows.
#[must_use]
pub fn hash(secret: &str) -> SecretHash {
    Sha256::digest(secret.as_bytes()).into()
}

/// Not for logs.
impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_have_256_bits_and_differ_and_do_not_show() {
        let (one, other) = (Secret::new(TOKEN).unwrap(), Secret::new(TOKEN).unwrap());
        assert_eq!(one.expose().len(), TOKEN.len() + 64);
        assert_ne!(one, other);
        assert_eq!(one.hash(), hash(one.expose()));
        assert_eq!(format!("{one:?}"), "Secret(…)");
    }
}
