//! Probabilities that are proved to be some.

use serde::{Deserialize, Serialize};

use super::Diagnosis;

/// A probability: finite and within 0..=1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Probability(f64);

/// A number that is no probability.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{0} is not a probability: it must lie within 0 and 1")]
pub struct OutOfRange(f64);

impl Probability {
    /// The proof that `value` is a probability.
    ///
    /// # Errors
    /// [`OutOfRange`] for NaN, infinities and anything outside 0..=1.
    pub fn new(value: f64) -> Result<Self, OutOfRange> {
        if (0.0..=1.0).contains(&value) { Ok(Self(value)) } else { Err(OutOfRange(value)) }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Probability {
    type Error = OutOfRange;

    fn try_from(value: f64) -> Result<Self, Self::Error> {
        Self::new(value)
    }
}

impl From<Probability> for f64 {
    fn from(probability: Probability) -> Self {
        probability.0
    }
}

/// One probability for each of the four diagnoses; they sum to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Distribution {
    /// P(COVID).
    #[serde(rename = "COVID")]
    covid: Probability,
    /// P(Lung Opacity).
    #[serde(rename = "Lung Opacity")]
    lung_opacity: Probability,
    /// P(Normal).
    #[serde(rename = "Normal")]
    normal: Probability,
    /// P(Viral Pneumonia).
    #[serde(rename = "Viral Pneumonia")]
    viral_pneumonia: Probability,
}

/// Four numbers that are no distribution.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NotADistribution {
    /// One of them is no probability.
    #[error(transparent)]
    Probability(#[from] OutOfRange),
    /// They do not sum to 1.
    #[error("the probabilities sum to {0}, not to 1")]
    Sum(f64),
}

impl Distribution {
    /// How far from 1 the sum may be: rounding of four numbers that were divided by their sum.
    const ROUNDING: f64 = 1e-6;

    /// A distribution from a function that gives each diagnosis its probability.
    ///
    /// # Errors
    /// [`NotADistribution`] when a number is no probability or the sum is not 1.
    pub fn new(of: impl Fn(Diagnosis) -> f64) -> Result<Self, NotADistribution> {
        let sum: f64 = Diagnosis::ALL.into_iter().map(&of).sum();
        let distribution = Self {
            covid: Probability::new(of(Diagnosis::Covid))?,
            lung_opacity: Probability::new(of(Diagnosis::LungOpacity))?,
            normal: Probability::new(of(Diagnosis::Normal))?,
            viral_pneumonia: Probability::new(of(Diagnosis::ViralPneumonia))?,
        };
        if (sum - 1.0).abs() > Self::ROUNDING {
            return Err(NotADistribution::Sum(sum));
        }
        Ok(distribution)
    }

    /// The probability of one diagnosis.
    #[must_use]
    pub const fn of(&self, diagnosis: Diagnosis) -> Probability {
        match diagnosis {
            Diagnosis::Covid => self.covid,
            Diagnosis::LungOpacity => self.lung_opacity,
            Diagnosis::Normal => self.normal,
            Diagnosis::ViralPneumonia => self.viral_pneumonia,
        }
    }

    /// The likeliest diagnosis; of equals the first in alphabetical order.
    #[must_use]
    pub fn top(&self) -> Diagnosis {
        Diagnosis::ALL
            .into_iter()
            .fold(Diagnosis::Covid, |best, one| if self.of(one) > self.of(best) { one } else { best })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_is_no_probability() {
        for wrong in [f64::NAN, f64::INFINITY, -0.001, 1.01] {
            assert!(Probability::new(wrong).is_err(), "{wrong}");
        }
        assert!(Probability::new(0.0).is_ok() && Probability::new(1.0).is_ok());
    }

    #[test]
    fn a_distribution_sums_to_one_and_knows_its_top() {
        assert_eq!(Distribution::new(|_| 0.3), Err(NotADistribution::Sum(1.2)));
        assert!(Distribution::new(|_| f64::NAN).is_err());
        let even = Distribution::new(|_| 0.25).unwrap();
        assert_eq!(even.top(), Diagnosis::Covid);
        let normal = Distribution::new(|one| if one == Diagnosis::Normal { 0.7 } else { 0.1 }).unwrap();
        assert_eq!(normal.top(), Diagnosis::Normal);
    }
}
