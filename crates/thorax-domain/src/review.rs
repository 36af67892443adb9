//! A doctor's word on a prediction: it is given once, signed, and then stands.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::ids::UserId;
use crate::prediction::Diagnosis;
use crate::words::words;

words! {
    /// What a doctor makes of a prediction.
    ReviewVerdict as "review verdict" {
        /// The networks are right.
        Confirmed = "confirmed",
        /// The networks are wrong; the label is another.
        Corrected = "corrected",
        /// This film does not tell; another doctor may.
        Unsure = "unsure",
    }
}

words! {
    /// How far a prediction is.
    PredictionStatus as "status" {
        /// Waits for a worker.
        Pending = "pending",
        /// A worker is at it.
        Running = "running",
        /// The networks have spoken.
        Completed = "completed",
        /// The gate refused the film.
        Refused = "refused",
        /// It could not be read, for good.
        Failed = "failed",
        /// Somebody called it off.
        Cancelled = "cancelled",
    }
}

impl PredictionStatus {
    /// Whether nothing will change any more without a person.
    #[must_use]
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Pending | Self::Running)
    }
}

/// What a doctor says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The final diagnosis holds.
    Confirm,
    /// It is this instead.
    Correct(Diagnosis),
    /// Cannot tell.
    Unsure,
}

/// A review as it is signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// What the doctor made of it.
    pub verdict: ReviewVerdict,
    /// The label instead, where corrected.
    pub corrected_label: Option<Diagnosis>,
    /// Who signed.
    pub reviewed_by: UserId,
    /// When.
    pub at: Timestamp,
    /// What the doctor wrote beside it.
    pub notes: String,
}

impl Review {
    /// Whether the result is settled by it, and so goes to the patient.
    #[must_use]
    pub const fn validates(&self) -> bool {
        !matches!(self.verdict, ReviewVerdict::Unsure)
    }

    /// The label that holds after it: the doctor's own, or the one confirmed.
    #[must_use]
    pub fn settled(&self, final_diagnosis: Diagnosis) -> Option<Diagnosis> {
        match self.verdict {
            ReviewVerdict::Confirmed => Some(final_diagnosis),
            ReviewVerdict::Corrected => self.corrected_label,
            ReviewVerdict::Unsure => None,
        }
    }
}

/// Why a review is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReviewRefused {
    /// A signed review stands.
    #[error("this result is already validated; a signed review stands")]
    AlreadyValidated,
    /// There is nothing to review yet.
    #[error("this result is not complete, so there is nothing to review")]
    NotCompleted,
    /// The networks gave no diagnosis that could be confirmed.
    #[error("the networks gave no diagnosis to confirm; give the label instead")]
    NothingToConfirm,
    /// The label is the one that the networks gave.
    #[error("the corrected label is the networks' own; confirm instead")]
    SameLabel,
    /// The note is too long.
    #[error("a note has at most {} characters", Reviewable::LONGEST_NOTE)]
    NoteTooLong,
}

/// A prediction that may be reviewed: the proof that no signed review stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reviewable {
    final_diagnosis: Option<Diagnosis>,
}

impl Reviewable {
    /// Most characters of a note.
    pub const LONGEST_NOTE: usize = 4000;

    /// The proof, from what is stored.
    ///
    /// # Errors
    /// [`ReviewRefused`] where the prediction is not completed or a signed review stands.
    pub const fn new(
        status: PredictionStatus,
        is_validated: bool,
        final_diagnosis: Option<Diagnosis>,
    ) -> Result<Self, ReviewRefused> {
        if is_validated {
            return Err(ReviewRefused::AlreadyValidated);
        }
        if !matches!(status, PredictionStatus::Completed) {
            return Err(ReviewRefused::NotCompleted);
        }
        Ok(Self { final_diagnosis })
    }

    /// The signed review, which uses the proof up.
    ///
    /// # Errors
    /// [`ReviewRefused`] where the decision does not fit the result.
    pub fn sign(self, decision: &Decision, by: UserId, at: Timestamp, notes: &str) -> Result<Review, ReviewRefused> {
        let notes = notes.trim();
        if notes.chars().count() > Self::LONGEST_NOTE {
            return Err(ReviewRefused::NoteTooLong);
        }
        let (verdict, corrected_label) = match decision {
            Decision::Confirm if self.final_diagnosis.is_none() => return Err(ReviewRefused::NothingToConfirm),
            Decision::Correct(label) if Some(*label) == self.final_diagnosis => return Err(ReviewRefused::SameLabel),
            Decision::Confirm => (ReviewVerdict::Confirmed, None),
            Decision::Correct(label) => (ReviewVerdict::Corrected, Some(*label)),
            Decision::Unsure => (ReviewVerdict::Unsure, None),
        };
        Ok(Review { verdict, corrected_label, reviewed_by: by, at, notes: notes.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sign(decision: &Decision, diagnosis: Option<Diagnosis>) -> Result<Review, ReviewRefused> {
        let at = Timestamp::from_micros(1);
        Reviewable::new(PredictionStatus::Completed, false, diagnosis)?.sign(decision, UserId::new(at), at, " seen ")
    }

    #[test]
    fn a_signed_review_stands() {
        let refused = Reviewable::new(PredictionStatus::Completed, true, Some(Diagnosis::Covid));
        assert_eq!(refused, Err(ReviewRefused::AlreadyValidated));
        for status in PredictionStatus::ALL.iter().filter(|one| **one != PredictionStatus::Completed) {
            assert_eq!(Reviewable::new(*status, false, None), Err(ReviewRefused::NotCompleted));
        }
    }

    #[test]
    fn the_decision_fits_the_result() {
        let covid = Some(Diagnosis::Covid);
        let confirmed = sign(&Decision::Confirm, covid).unwrap();
        assert_eq!((confirmed.verdict, confirmed.notes.as_str()), (ReviewVerdict::Confirmed, "seen"));
        assert!(confirmed.validates());
        assert_eq!(confirmed.settled(Diagnosis::Covid), covid);
        let corrected = sign(&Decision::Correct(Diagnosis::Normal), covid).unwrap();
        assert_eq!(corrected.settled(Diagnosis::Covid), Some(Diagnosis::Normal));
        assert_eq!(sign(&Decision::Correct(Diagnosis::Covid), covid), Err(ReviewRefused::SameLabel));
        assert_eq!(sign(&Decision::Confirm, None), Err(ReviewRefused::NothingToConfirm));
        assert!(sign(&Decision::Correct(Diagnosis::Covid), None).is_ok());
        let unsure = sign(&Decision::Unsure, covid).unwrap();
        assert!(!unsure.validates());
        assert_eq!(unsure.settled(Diagnosis::Covid), None);
    }
}
