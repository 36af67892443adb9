//! What forms send, read field by field.

use std::str::FromStr;

use thorax_domain::clock::{Date, Timestamp};
use thorax_domain::patient::{FullName, RecordNumber, Sex};

use crate::web::WebError;
use crate::web::error::FieldProblem;
use crate::web::view::{FieldError, FormErrors};

/// Collects what is wrong with a form while its fields are read.
#[derive(Debug, Default)]
pub struct Reader {
    /// What is wrong so far.
    pub errors: FormErrors,
}

impl Reader {
    /// A field as its type, or a word on what is wrong with it.
    pub fn field<T, E: ToString>(&mut self, field: &'static str, read: Result<T, E>) -> Option<T> {
        read.map_err(|error| self.wrong(field, sentence(&error.to_string()))).ok()
    }

    /// Something is wrong with a field.
    pub fn wrong(&mut self, field: &'static str, message: impl Into<String>) {
        self.errors.fields.push(FieldError { field, message: message.into() });
    }

    /// A patient's name.
    pub fn full_name(&mut self, text: &str) -> Option<FullName> {
        self.field("full_name", FullName::new(text))
    }

    /// A patient's number.
    pub fn record_number(&mut self, text: &str) -> Option<RecordNumber> {
        self.field("record_number", RecordNumber::new(text))
    }

    /// A birthday: a day that is over, within a human life.
    pub fn date_of_birth(&mut self, text: &str, now: Timestamp) -> Option<Date> {
        const LONGEST_LIFE: u16 = 130;
        let day = self.field("date_of_birth", text.parse::<Date>())?;
        let today = now.date();
        if day > today || day.years_until(today) > LONGEST_LIFE {
            self.wrong("date_of_birth", "This day cannot be a birthday.");
            return None;
        }
        Some(day)
    }

    /// A sex.
    pub fn sex(&mut self, text: &str) -> Option<Sex> {
        let sex = Sex::from_str(text);
        self.field("sex", sex.map_err(|_| "choose one"))
    }
}

/// A word of ours as a sentence.
pub fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters.next().map(|one| one.to_uppercase().collect()).unwrap_or_default();
    let end = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}

/// What is wrong with an address's query, for the page of errors.
pub fn bad_query(field: &str, detail: &str) -> WebError {
    WebError::Invalid(vec![FieldProblem { field: field.to_owned(), detail: detail.to_owned() }])
}

/// One field of a form that may be there several times.
pub fn all<'a>(fields: &'a [(String, String)], name: &'a str) -> impl Iterator<Item = &'a str> {
    fields.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// One field of a form; empty where it is not there.
pub fn one<'a>(fields: &'a [(String, String)], name: &'a str) -> &'a str {
    all(fields, name).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_said_in_sentences() {
        assert_eq!(sentence("not a day"), "Not a day.");
        let mut reader = Reader::default();
        let now = Timestamp::from_micros(1_700_000_000_000_000);
        assert!(reader.date_of_birth("2023-11-15", now).is_none());
        assert!(reader.date_of_birth("1850-01-01", now).is_none());
        assert!(reader.date_of_birth("1984-02-29", now).is_some());
        assert!(reader.sex("X").is_none());
        assert!(reader.full_name(" ").is_none());
        assert_eq!(reader.errors.fields.len(), 4);
    }
}
