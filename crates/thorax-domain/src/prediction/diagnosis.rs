//! The four classes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A class that a network can name. The order of a bundle's labels is the bundle's business.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Diagnosis {
    /// COVID-19 pneumonia.
    #[serde(rename = "COVID")]
    Covid,
    /// Opacity of the lung of another or unknown cause.
    #[serde(rename = "Lung Opacity")]
    LungOpacity,
    /// No finding.
    Normal,
    /// Viral pneumonia other than COVID-19.
    #[serde(rename = "Viral Pneumonia")]
    ViralPneumonia,
}

/// A label that is none of the four.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown diagnosis {0:?}; known are COVID, Lung Opacity, Normal, Viral Pneumonia")]
pub struct UnknownDiagnosis(String);

impl Diagnosis {
    /// The four, in alphabetical order.
    pub const ALL: [Self; 4] = [Self::Covid, Self::LungOpacity, Self::Normal, Self::ViralPneumonia];

    /// The name that people and files use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Covid => "COVID",
            Self::LungOpacity => "Lung Opacity",
            Self::Normal => "Normal",
            Self::ViralPneumonia => "Viral Pneumonia",
        }
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

impl FromStr for Diagnosis {
    type Err = UnknownDiagnosis;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|one| one.name() == text).ok_or_else(|| UnknownDiagnosis(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_there_and_back_and_nothing_else_passes() {
        for one in Diagnosis::ALL {
            assert_eq!(one.name().parse(), Ok(one));
        }
        assert!("covid".parse::<Diagnosis>().is_err());
        assert!("".parse::<Diagnosis>().is_err());
    }
}
