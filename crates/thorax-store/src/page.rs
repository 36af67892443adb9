//! Lists, page by page: a page is found by the row before or after it, and a page number is turned into such a row.

mod window;

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use thorax_domain::clock::Timestamp;
use uuid::Uuid;

pub(crate) use window::Window;

/// Rows of a page: 25, and at most 50.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageSize(u64);

impl PageSize {
    /// What a page has unless somebody asks.
    pub const DEFAULT: Self = Self(25);
    /// The most a page has.
    pub const LARGEST: Self = Self(50);

    /// The nearest size that there is.
    #[must_use]
    pub fn new(rows: u64) -> Self {
        Self(rows.clamp(1, Self::LARGEST.0))
    }

    /// Of a chunk of an export, which nobody looks at as a page.
    pub(crate) const fn of_chunk(rows: u64) -> Self {
        Self(rows)
    }

    /// Rows.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Pages that so many rows make; at least one.
    #[must_use]
    pub const fn pages(self, rows: u64) -> u64 {
        if rows == 0 { 1 } else { rows.div_ceil(self.0) }
    }
}

impl Default for PageSize {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The place of a row in a list that goes from new to old. Its text is opaque and safe in an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// When the row was made.
    pub at: Timestamp,
    /// Which of those made at that moment.
    pub id: Uuid,
}

/// A text that is no cursor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this is not a place in the list")]
pub struct NotACursor;

impl fmt::Display for Cursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = [0; 24];
        bytes[..8].copy_from_slice(&self.at.micros().to_be_bytes());
        bytes[8..].copy_from_slice(self.id.as_bytes());
        formatter.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl FromStr for Cursor {
    type Err = NotACursor;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| NotACursor)?;
        let (at, id) = bytes.split_first_chunk::<8>().ok_or(NotACursor)?;
        let id = Uuid::from_slice(id).map_err(|_| NotACursor)?;
        Ok(Self { at: Timestamp::from_micros(i64::from_be_bytes(*at)), id })
    }
}

/// Where a page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Seek {
    /// At the newest row, or where the page number says.
    #[default]
    ByNumber,
    /// Just after this row, towards older ones: "next".
    After(Cursor),
    /// Just before this row, towards newer ones: "previous".
    Before(Cursor),
    /// So many rows after the newest of those made before a moment; a calendar of the list knows which.
    From {
        /// The moment.
        end: Timestamp,
        /// Rows.
        offset: u64,
    },
}

/// Which page is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PageRequest {
    /// Its number, from 1; 0 counts as 1.
    pub number: u64,
    /// Rows.
    pub size: PageSize,
    /// Where it begins. A link to the next page carries both a cursor and the number to show.
    pub seek: Seek,
    /// Rows in the list, where the caller knows (from its cache): a page near the end is then found from the end.
    pub total: Option<u64>,
}

impl PageRequest {
    /// The newest rows.
    #[must_use]
    pub fn first(size: PageSize) -> Self {
        Self { number: 1, size, ..Self::default() }
    }

    /// The page with this number.
    #[must_use]
    pub fn numbered(number: u64, size: PageSize) -> Self {
        Self { number: number.max(1), size, ..Self::default() }
    }

    /// The rows after a cursor, for lists without numbers.
    #[must_use]
    pub fn after(cursor: Cursor, size: PageSize) -> Self {
        Self { number: 1, size, seek: Seek::After(cursor), total: None }
    }

    /// Rows before the page.
    pub(crate) fn skipped(&self) -> u64 {
        self.number.max(1).saturating_sub(1).saturating_mul(self.size.get())
    }
}

/// One page of a list that goes from new to old.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// The rows, newest first.
    pub rows: Vec<T>,
    /// The number asked for.
    pub number: u64,
    /// Rows of a full page.
    pub size: PageSize,
    /// For the link "previous": ask with [`Seek::Before`]. `None` on the first page.
    pub previous: Option<Cursor>,
    /// For the link "next": ask with [`Seek::After`]. `None` where there are no more rows.
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    /// The same page of other rows.
    pub fn map<U>(self, of: impl FnMut(T) -> U) -> Page<U> {
        let Self { rows, number, size, previous, next } = self;
        Page { rows: rows.into_iter().map(of).collect(), number, size, previous, next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_goes_through_an_address() {
        let cursor = Cursor { at: Timestamp::from_micros(-7), id: Uuid::from_u128(9) };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        assert!(cursor.to_string().chars().all(|one| one.is_ascii_alphanumeric() || one == '-' || one == '_'));
        for wrong in ["", "AAAA", "!", &"A".repeat(40)] {
            assert_eq!(wrong.parse::<Cursor>(), Err(NotACursor));
        }
    }

    #[test]
    fn pages_are_of_at_most_fifty_rows_and_there_is_always_one() {
        assert_eq!(PageSize::new(0).get(), 1);
        assert_eq!(PageSize::new(1000), PageSize::LARGEST);
        assert_eq!(PageSize::DEFAULT.pages(0), 1);
        assert_eq!(PageSize::DEFAULT.pages(26), 2);
        assert_eq!(PageRequest::numbered(40_000, PageSize::DEFAULT).skipped(), 999_975);
    }
}
