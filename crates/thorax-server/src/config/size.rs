//! Amounts of memory as people write them.

use std::fmt;
use std::str::FromStr;

/// An amount of memory in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size(u64);

/// A text that is no amount of memory.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no amount of memory; write it as 300MiB, 1.5GiB or 2GB")]
pub struct NotASize(String);

const UNITS: [(&str, u64); 11] = [
    ("", 1),
    ("b", 1),
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("kb", 1_000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("k", 1 << 10),
    ("m", 1 << 20),
    ("g", 1 << 30),
];

impl Size {
    /// The size in bytes.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        self.0
    }

    /// The budget that this size stands for: none for 0.
    #[must_use]
    pub const fn budget(self) -> Option<u64> {
        if self.0 == 0 { None } else { Some(self.0) }
    }
}

impl FromStr for Size {
    type Err = NotASize;

    fn from_str(text: &str) -> Result<Self, NotASize> {
        let refuse = || NotASize(text.to_owned());
        let trimmed = text.trim();
        let end = trimmed.find(|sign: char| !(sign.is_ascii_digit() || sign == '.')).unwrap_or(trimmed.len());
        let (number, unit) = trimmed.split_at(end);
        let unit = unit.trim().to_ascii_lowercase();
        let (_, factor) = UNITS.into_iter().find(|(name, _)| *name == unit).ok_or_else(refuse)?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() || fraction.len() > 9 || (number.contains('.') && fraction.is_empty()) {
            return Err(refuse());
        }
        let whole: u64 = whole.parse().map_err(|_| refuse())?;
        let scale = 10_u64.pow(u32::try_from(fraction.len()).map_err(|_| refuse())?);
        let fraction: u64 = if fraction.is_empty() { 0 } else { fraction.parse().map_err(|_| refuse())? };
        let part = u128::from(factor) * u128::from(fraction) / u128::from(scale);
        let bytes = u128::from(whole) * u128::from(factor) + part;
        u64::try_from(bytes).map(Self).map_err(|_| refuse())
    }
}

impl fmt::Display for Size {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            bytes if bytes >= 10 << 30 => write!(formatter, "{} GiB", bytes >> 30),
            bytes if bytes >= 1 << 20 => write!(formatter, "{} MiB", bytes >> 20),
            bytes => write!(formatter, "{bytes} bytes"),
        }
    }
}

impl From<u64> for Size {
    fn from(bytes: u64) -> Self {
        Self(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write() {
        for (text, bytes) in [
            ("300MiB", 300 << 20),
            ("300 mib", 300 << 20),
            ("1.5GiB", 3 << 29),
            ("2GB", 2_000_000_000),
            ("8g", 8 << 30),
            ("1024", 1024),
            ("0", 0),
            ("0.5k", 512),
        ] {
            assert_eq!(text.parse::<Size>(), Ok(Size(bytes)), "{text}");
        }
        assert_eq!(Size(0).budget(), None);
        assert_eq!(Size(7).budget(), Some(7));
    }

    #[test]
    fn refuses_what_is_no_amount() {
        for text in [
            "",
            "much",
            "-1",
            "1.MiB",
            ".5G",
            "3 apples",
            "99999999999999999999",
            "18446744073709551615k",
            "1.2.3M",
            "1e9",
        ] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }
}
