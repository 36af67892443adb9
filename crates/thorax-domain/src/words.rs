//! Closed sets of words: enums whose names go to databases, addresses and JSON, and come back or are refused.

/// A word that the set does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{word:?} is no {set}")]
pub struct UnknownWord {
    /// The word.
    pub word: String,
    /// What it should have been.
    pub set: &'static str,
}

/// An enum of words, each with its one spelling.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident as $set:literal { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The one spelling.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.pad(self.word())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::words::UnknownWord;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL
                    .iter()
                    .copied()
                    .find(|one| one.word() == text)
                    .ok_or_else(|| $crate::words::UnknownWord { word: text.to_owned(), set: $set })
            }
        }
    };
}

pub(crate) use words;

#[cfg(test)]
mod tests {
    use crate::user::Role;

    #[test]
    fn words_go_there_and_back_and_nothing_else_passes() {
        for role in Role::ALL {
            assert_eq!(role.word().parse::<Role>().as_ref(), Ok(role));
        }
        assert_eq!("nurse".parse::<Role>().unwrap_err().to_string(), "\"nurse\" is no role");
    }
}
