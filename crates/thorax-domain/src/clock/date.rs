//! Days of the calendar.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Timestamp;

/// A day of the calendar, written `YYYY-MM-DD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Date(jiff::civil::Date);

/// A text that is no day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a day written as YYYY-MM-DD")]
pub struct NotADate;

impl Date {
    /// The day of a moment, UTC.
    pub(super) fn of(time: Timestamp) -> Self {
        Self(time.jiff().to_zoned(jiff::tz::TimeZone::UTC).date())
    }

    /// The day's first moment, UTC.
    #[must_use]
    pub fn start(self) -> Timestamp {
        self.0
            .to_zoned(jiff::tz::TimeZone::UTC)
            .map_or(Timestamp(0), |time| Timestamp(time.timestamp().as_microsecond()))
    }

    /// The Monday of its week.
    #[must_use]
    pub fn monday(self) -> Self {
        let after_monday = i64::from(self.0.weekday().to_monday_zero_offset());
        Self(self.0.saturating_sub(jiff::Span::new().days(after_monday)))
    }

    /// The first day of its month.
    #[must_use]
    pub fn month(self) -> Self {
        Self(self.0.first_of_month())
    }

    /// The day after.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(jiff::Span::new().days(1)))
    }

    /// The same day of the next week.
    #[must_use]
    pub fn next_week(self) -> Self {
        Self(self.0.saturating_add(jiff::Span::new().weeks(1)))
    }

    /// The first day of the next month.
    #[must_use]
    pub fn next_month(self) -> Self {
        Self(self.0.first_of_month().saturating_add(jiff::Span::new().months(1)))
    }

    /// Whole years from this day to `later`; 0 where that is before.
    #[must_use]
    pub fn years_until(self, later: Self) -> u16 {
        let had_birthday = (later.0.month(), later.0.day()) >= (self.0.month(), self.0.day());
        let years = i32::from(later.0.year()) - i32::from(self.0.year()) - i32::from(!had_birthday);
        u16::try_from(years).unwrap_or(0)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}

impl FromStr for Date {
    type Err = NotADate;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() != 10 {
            return Err(NotADate);
        }
        text.parse().map(Self).map_err(|_| NotADate)
    }
}

impl TryFrom<String> for Date {
    type Error = NotADate;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Date> for String {
    fn from(date: Date) -> Self {
        date.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_written_one_way() {
        let day: Date = "1984-02-29".parse().unwrap();
        assert_eq!(day.to_string(), "1984-02-29");
        assert_eq!(day.start().to_string(), "1984-02-29T00:00:00Z");
        assert_eq!(day.start().date(), day);
        for wrong in ["", "1984-2-29", "1983-02-29", "29.02.1984", "1984-02-29T00:00:00Z"] {
            assert_eq!(wrong.parse::<Date>(), Err(NotADate), "{wrong}");
        }
    }

    #[test]
    fn days_lie_in_weeks_and_months() {
        let day: Date = "2026-11-25".parse().unwrap();
        assert_eq!(day.monday().to_string(), "2026-11-23");
        assert_eq!(day.monday().monday(), day.monday());
        assert_eq!(day.month().to_string(), "2026-11-01");
        assert_eq!(day.next_month().to_string(), "2026-12-01");
        assert_eq!(day.next().to_string(), "2026-11-26");
        assert_eq!(day.next_week().to_string(), "2026-12-02");
    }

    #[test]
    fn age_counts_birthdays() {
        let born: Date = "1984-02-29".parse().unwrap();
        assert_eq!(born.years_until("2026-02-28".parse().unwrap()), 41);
        assert_eq!(born.years_until("2026-03-01".parse().unwrap()), 42);
        assert_eq!(born.years_until("1980-01-01".parse().unwrap()), 0);
    }
}
