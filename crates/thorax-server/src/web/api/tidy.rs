//! Texts that are taken as they are or not at all: a program that sends `" Anna"` learns that it does, where a page would tidy
//! it silently.

use serde::{Deserialize, Deserializer, de};
use thorax_domain::patient::{FullName, RecordNumber};
use thorax_domain::user::Username;

/// Reads a text that must already be as `T` would write it.
pub fn exact<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<String> + AsText,
    T::Error: std::fmt::Display,
{
    let text = String::deserialize(from)?;
    let value = T::try_from(text.clone()).map_err(de::Error::custom)?;
    if value.text() == text {
        Ok(value)
    } else {
        Err(de::Error::custom("must be sent without space around it, double space, or capitals where there are none"))
    }
}

/// The same where it may be left out, or null.
pub fn maybe<'de, D, T>(from: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<String> + AsText,
    T::Error: std::fmt::Display,
{
    let text = Option::<String>::deserialize(from)?;
    text.map(|text| exact(de::IntoDeserializer::<D::Error>::into_deserializer(text))).transpose()
}

/// A text with a type.
pub trait AsText {
    /// The text.
    fn text(&self) -> &str;
}

macro_rules! texts {
    ($($name:ty),+) => {
        $(impl AsText for $name {
            fn text(&self) -> &str {
                self.as_str()
            }
        })+
    };
}

texts!(FullName, RecordNumber, Username);

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<FullName, String> {
        exact(de::IntoDeserializer::<de::value::Error>::into_deserializer(text.to_owned()))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn only_tidy_texts_are_taken() {
        assert_eq!(read("Anna Müller").unwrap().as_str(), "Anna Müller");
        for wrong in ["", " Anna", "Anna ", "Anna  M", "Anna\tM", "Anna\u{a0}M"] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }
}
