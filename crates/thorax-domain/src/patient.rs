//! Whose chest it is.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::clock::{Date, Timestamp};
use crate::ids::{PatientId, UserId};
use crate::words::words;

words! {
    /// A patient's sex, as DICOM writes it, and `U` for not known.
    Sex as "sex" {
        /// Female.
        Female = "F",
        /// Male.
        Male = "M",
        /// Other.
        Other = "O",
        /// Not known.
        Unknown = "U",
    }
}

/// The hospital's number for a patient: 1 to 64 printable characters without space around them.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RecordNumber(String);

/// A patient's name: 1 to 200 printable characters; space is single and inside.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FullName(String);

/// A text that is neither a name nor a number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("1 to {longest} printable characters are needed")]
pub struct NotPrintable {
    /// Most characters.
    pub longest: usize,
}

fn printable(text: &str, longest: usize) -> Result<String, NotPrintable> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let fits = (1..=longest).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    if fits { Ok(text) } else { Err(NotPrintable { longest }) }
}

macro_rules! text {
    ($name:ident, $longest:literal) => {
        impl $name {
            /// The proof that `text` can be one; space is tidied.
            ///
            /// # Errors
            /// [`NotPrintable`]
            pub fn new(text: &str) -> Result<Self, NotPrintable> {
                printable(text, $longest).map(Self)
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.pad(&self.0)
            }
        }

        /// Not for logs.
        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(concat!(stringify!($name), "(…)"))
            }
        }

        impl TryFrom<String> for $name {
            type Error = NotPrintable;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::new(&text)
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }
    };
}

text!(RecordNumber, 64);
text!(FullName, 200);

/// Whose chest it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patient {
    /// Which one.
    pub id: PatientId,
    /// The account with which the patient signs in.
    pub user_id: Option<UserId>,
    /// The hospital's number.
    pub record_number: RecordNumber,
    /// The name.
    pub full_name: FullName,
    /// Born on.
    pub date_of_birth: Date,
    /// Sex.
    pub sex: Sex,
    /// Known here since.
    pub created_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_tidied_and_kept_out_of_logs() {
        let name = FullName::new("  Anna   Müller\t").unwrap();
        assert_eq!(name.as_str(), "Anna Müller");
        assert_eq!(format!("{name:?}"), "FullName(…)");
        assert!(FullName::new(" ").is_err());
        assert!(FullName::new("a\u{7}b").is_err());
        assert!(RecordNumber::new(&"9".repeat(65)).is_err());
    }
}
