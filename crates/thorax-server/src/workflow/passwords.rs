//! Passwords: what may be one, hashing and checking. Argon2id with 19 MiB and two passes, a few at a time and never on a thread
//! that answers requests.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

/// Fewest characters of a password.
pub const SHORTEST: usize = 10;
/// Most bytes: hashing more would be work for nothing.
pub const LONGEST: usize = 1024;
/// Passwords hashed at the same time, each with 19 MiB.
const AT_ONCE: usize = 4;
/// Letters and digits that cannot be taken for one another.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// A password that may be given to an account.
#[derive(Debug, Clone)]
pub struct Password(SecretString);

/// A text that may not be a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAPassword {
    /// It could be guessed.
    #[error("a password has at least {SHORTEST} characters")]
    TooShort,
    /// Nobody types that.
    #[error("a password has at most {LONGEST} bytes")]
    TooLong,
    /// The same few characters again and again.
    #[error("a password has at least five different characters")]
    TooPlain,
}

/// Hashing did not work; a bug, or no memory.
#[derive(Debug, thiserror::Error)]
#[error("the password could not be hashed")]
pub struct HashError;

impl Password {
    /// The proof that a text may be a password.
    ///
    /// # Errors
    /// [`NotAPassword`].
    pub fn new(text: &SecretString) -> Result<Self, NotAPassword> {
        let plain = text.expose_secret();
        if plain.len() > LONGEST {
            return Err(NotAPassword::TooLong);
        }
        if plain.chars().count() < SHORTEST {
            return Err(NotAPassword::TooShort);
        }
        let mut different: Vec<char> = plain.chars().collect();
        different.sort_unstable();
        different.dedup();
        if different.len() < 5 {
            return Err(NotAPassword::TooPlain);
        }
        Ok(Self(text.clone()))
    }

    /// A new one that nobody can guess: 20 letters and digits, 100 bits of chance.
    ///
    /// # Errors
    /// [`HashError`] where the system gives no chance.
    pub fn random() -> Result<Self, HashError> {
        let mut chance = [0_u8; 20];
        getrandom::fill(&mut chance).map_err(|_| HashError)?;
        let text: String = chance.iter().map(|byte| char::from(LETTERS[usize::from(byte & 31)])).collect();
        Ok(Self(SecretString::from(text)))
    }

    /// The text itself.
    #[must_use]
    pub const fn secret(&self) -> &SecretString {
        &self.0
    }
}

/// Hashes and checks passwords.
#[derive(Debug)]
pub struct Passwords {
    places: Semaphore,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { places: Semaphore::new(AT_ONCE) }
    }
}

impl Passwords {
    /// The hash of a password, as PHC writes it.
    ///
    /// # Errors
    /// [`HashError`].
    pub async fn hash(&self, password: &Password) -> Result<String, HashError> {
        let password = password.0.clone();
        let hashed = self.apart(move || {
            let hash = argon2()?.hash_password(password.expose_secret().as_bytes()).map_err(|_| HashError)?;
            Ok(hash.to_string())
        });
        hashed.await.unwrap_or(Err(HashError))
    }

    /// Whether a text is the password with this hash. A hash that cannot be read belongs to no password.
    pub async fn is_right(&self, given: &SecretString, hash: &str) -> bool {
        let (given, hash) = (given.clone(), hash.to_owned());
        let checked = self.apart(move || {
            let Ok(hash) = PasswordHash::new(&hash) else { return false };
            let given = given.expose_secret();
            given.len() <= LONGEST
                && argon2().is_ok_and(|argon2| argon2.verify_password(given.as_bytes(), &hash).is_ok())
        });
        checked.await.unwrap_or(false)
    }

    /// Takes as long as checking a password: for names that there are not, so that nobody learns which there are.
    pub async fn pretend(&self, given: &SecretString) {
        self.is_right(given, NOBODY).await;
    }

    /// Runs on a thread for waiting work; `None` where it panicked.
    async fn apart<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        // The semaphore is never closed; if it were, going on would be right.
        let _place = self.places.acquire().await.ok();
        tokio::task::spawn_blocking(work).await.ok()
    }
}

/// The hash of a password that nobody knows, made like all others.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$dGhvcmF4dGhvcmF4dGhvcg$bm9ib2R5bm9ib2R5bm9ib2R5bm9ib2R5bm9ib2R5bm8";

fn argon2() -> Result<Argon2<'static>, HashError> {
    let params = Params::new(19 * 1024, 2, 1, None).map_err(|_| HashError)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> SecretString {
        SecretString::from(text)
    }

    #[test]
    fn what_may_be_a_password() {
        assert!(Password::new(&secret("correct horse")).is_ok());
        assert!(Password::new(&secret("пароль-длинный")).is_ok());
        assert_eq!(Password::new(&secret("short")).unwrap_err(), NotAPassword::TooShort);
        assert_eq!(Password::new(&secret("aaaaaaaaaaaaaaa")).unwrap_err(), NotAPassword::TooPlain);
        assert_eq!(Password::new(&secret(&"abcdefgh".repeat(200))).unwrap_err(), NotAPassword::TooLong);
        let (one, other) = (Password::random().unwrap(), Password::random().unwrap());
        assert_ne!(one.secret().expose_secret(), other.secret().expose_secret());
        assert!(Password::new(one.secret()).is_ok());
        assert!(!format!("{one:?}").contains(one.secret().expose_secret()));
    }

    #[tokio::test]
    async fn a_hash_fits_its_password_only() {
        let passwords = Passwords::default();
        let hash = passwords.hash(&Password::new(&secret("correct horse")).unwrap()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.is_right(&secret("correct horse"), &hash).await);
        assert!(!passwords.is_right(&secret("correct horsf"), &hash).await);
        assert!(!passwords.is_right(&secret("correct horse"), "no hash").await);
        assert!(PasswordHash::new(NOBODY).is_ok(), "pretending costs what checking costs");
        passwords.pretend(&secret("x")).await;
    }
}
