//! One radiograph.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::ids::{PatientId, UserId, XRayId};
use crate::words::words;

words! {
    /// How the beam went through the chest.
    View as "view" {
        /// From the back to the front.
        Pa = "PA",
        /// From the front to the back.
        Ap = "AP",
        /// From the side.
        Lateral = "LATERAL",
    }
}

words! {
    /// The door through which an X-ray came in.
    Source as "source" {
        /// A page.
        Upload = "upload",
        /// The JSON API.
        Api = "api",
        /// The command line.
        Cli = "cli",
        /// A DICOM node.
        Dicom = "dicom",
        /// Made up, to show or to measure.
        Demo = "demo",
    }
}

/// SHA-256 of some bytes, 64 hexadecimal digits in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sha256(String);

/// A text that is no SHA-256.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a SHA-256 is written as 64 hexadecimal digits in lower case")]
pub struct NotASha256;

impl Sha256 {
    /// From the 32 bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        use fmt::Write as _;
        Self(bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        }))
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Sha256 {
    type Err = NotASha256;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.bytes().all(|one| one.is_ascii_digit() || (b'a'..=b'f').contains(&one));
        if text.len() == 64 && digits { Ok(Self(text.to_owned())) } else { Err(NotASha256) }
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

impl TryFrom<String> for Sha256 {
    type Error = NotASha256;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Sha256> for String {
    fn from(hash: Sha256) -> Self {
        hash.0
    }
}

/// One radiograph. Its bytes are blobs; the row keeps their hash and size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct XRayImage {
    /// Which one.
    pub id: XRayId,
    /// Whose chest.
    pub patient_id: PatientId,
    /// SHA-256 of the file as it came in, which is also where its blob is kept.
    pub sha256: Sha256,
    /// The blob of the file after CLAHE, once somebody wanted it.
    pub clahe: Option<Sha256>,
    /// Size of the file.
    pub bytes: u64,
    /// `jpeg`, `png` or `dicom`.
    pub format: String,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Bits that a pixel holds.
    pub bits: u8,
    /// How the beam went, where it is known.
    pub view: Option<View>,
    /// The door it came through.
    pub source: Source,
    /// The patient's age when it was taken, where it is known.
    pub age_years: Option<u16>,
    /// Who brought it.
    pub uploaded_by: UserId,
    /// Came in at.
    pub created_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_has_sixty_four_small_digits() {
        let hash = Sha256::from_bytes(&[0xab; 32]);
        assert_eq!(hash.as_str(), "ab".repeat(32));
        assert_eq!(hash.as_str().parse(), Ok(hash));
        assert!("AB".repeat(32).parse::<Sha256>().is_err());
        assert!("ab".parse::<Sha256>().is_err());
    }
}
