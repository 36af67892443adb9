//! The parameters of a list, from the address or from a JSON body, read to the last one: an unknown, doubled or wrong one is
//! refused by name, since a filter that is quietly left out shows somebody else's X-rays as an answer. What is looked for is
//! taken from a body only: it may be a name, and addresses are kept in logs.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::str::FromStr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use thorax_domain::clock::Timestamp;
use thorax_store::page::{Cursor, PageRequest, PageSize};

use crate::web::WebError;
use crate::web::error::FieldProblem;

/// Longest text that is looked for.
const LONGEST_SEARCH: usize = 100;

/// The parameters that nobody has taken out yet, and what is wrong with those that were.
#[derive(Debug, Default)]
pub struct Query {
    left: BTreeMap<String, Given>,
    wrong: Vec<FieldProblem>,
}

/// What is given for a parameter.
#[derive(Debug)]
enum Given {
    /// In an address, where everything is a text.
    InAddress(String),
    /// In a body, where a number is not a text.
    InBody(Value),
}

impl Given {
    fn text(self) -> Option<String> {
        match self {
            Self::InAddress(text) | Self::InBody(Value::String(text)) => Some(text),
            Self::InBody(_) => None,
        }
    }

    fn number(self) -> Option<String> {
        match self {
            Self::InAddress(text) => Some(text),
            Self::InBody(Value::Number(number)) => Some(number.to_string()),
            Self::InBody(_) => None,
        }
    }

    fn flag(self) -> Option<String> {
        match self {
            Self::InAddress(text) => Some(text),
            Self::InBody(Value::Bool(flag)) => Some(flag.to_string()),
            Self::InBody(_) => None,
        }
    }
}

impl Query {
    fn of(text: &str) -> Self {
        let mut query = Self::default();
        let pairs = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&uri(text));
        for (name, value) in pairs.map(|axum::extract::Query(pairs)| pairs).unwrap_or_default() {
            if query.left.insert(name.clone(), Given::InAddress(value)).is_some() {
                query.refuse(&name, "is given more than once");
            }
        }
        query
    }

    /// Notes that a parameter is wrong.
    pub fn refuse(&mut self, name: &str, why: &str) {
        self.wrong.push(FieldProblem { field: shown(name), detail: why.to_owned() });
    }

    /// A text that means something, where it is given.
    pub fn take<T: FromStr>(&mut self, name: &str, must_be: &str) -> Option<T> {
        self.read(name, must_be, Given::text)
    }

    fn read<T: FromStr>(&mut self, name: &str, must_be: &str, kind: fn(Given) -> Option<String>) -> Option<T> {
        let given = self.left.remove(name)?;
        let value = kind(given).and_then(|text| text.parse().ok());
        if value.is_none() {
            self.refuse(name, &format!("must be {must_be}"));
        }
        value
    }

    /// `true` or `false`.
    pub fn flag(&mut self, name: &str) -> Option<bool> {
        self.read(name, "true or false", Given::flag)
    }

    /// A number between 0 and 1.
    pub fn share(&mut self, name: &str) -> Option<f64> {
        let value = self.read::<f64>(name, "a number from 0 to 1", Given::number)?;
        let fits = (0.0..=1.0).contains(&value);
        if !fits {
            self.refuse(name, "must be a number from 0 to 1");
        }
        fits.then_some(value)
    }

    /// A moment.
    pub fn moment(&mut self, name: &str) -> Option<Timestamp> {
        self.take(name, "a time as 2026-11-23T08:15:00Z")
    }

    /// What is looked for; nothing where it is not given.
    pub fn search(&mut self) -> String {
        let text = match self.left.remove("search") {
            None => return String::new(),
            Some(Given::InAddress(_)) => {
                self.refuse(
                    "search",
                    "is taken in the body of a POST to the list's _search only: addresses are kept in logs",
                );
                return String::new();
            }
            Some(given) => given.text(),
        };
        let Some(text) = text else {
            self.refuse("search", "must be a text");
            return String::new();
        };
        if text.chars().any(char::is_control) {
            self.refuse("search", "must not hold control characters");
        } else if text.chars().count() > LONGEST_SEARCH {
            self.refuse("search", "must have at most 100 characters");
        }
        text
    }

    /// A number above 0 that every program can hold.
    pub fn number(&mut self, name: &str) -> Option<i64> {
        const LARGEST: i64 = (1 << 53) - 1;
        let number = self.read::<i64>(name, "a whole number above 0", Given::number)?;
        let fits = (1..=LARGEST).contains(&number);
        if !fits {
            self.refuse(name, "must be a whole number above 0");
        }
        fits.then_some(number)
    }

    /// The name of something, where it is given.
    pub fn named(&mut self, name: &str) -> Option<String> {
        let text: String = self.take(name, "a text")?;
        if !(1..=LONGEST_SEARCH).contains(&text.chars().count()) || text.chars().any(char::is_control) {
            self.refuse(name, "must have 1 to 100 characters, and none that control a screen");
        }
        Some(text)
    }

    /// Rows of a page.
    pub fn limit(&mut self) -> PageSize {
        const WRONG: &str = "a whole number from 1 to 50";
        let limit = self.read::<u64>("limit", WRONG, Given::number);
        let fits = limit.is_none_or(|limit| (1..=PageSize::LARGEST.get()).contains(&limit));
        if !fits {
            self.refuse("limit", "must be a whole number from 1 to 50");
        }
        limit.map_or(PageSize::DEFAULT, PageSize::new)
    }

    /// Which page.
    pub fn page(&mut self) -> PageRequest {
        let size = self.limit();
        let cursor = self.take::<Cursor>("cursor", "the next_cursor of a page before");
        cursor.map_or_else(|| PageRequest::first(size), |cursor| PageRequest::after(cursor, size))
    }

    /// That everything was taken out, and nothing was wrong.
    ///
    /// # Errors
    /// [`WebError::Invalid`] with everything that is.
    pub fn finish(mut self) -> Result<(), WebError> {
        let unknown: Vec<String> = self.left.keys().cloned().collect();
        for name in unknown {
            self.refuse(&name, "is no parameter of this address");
        }
        if self.wrong.is_empty() { Ok(()) } else { Err(WebError::Invalid(self.wrong)) }
    }
}

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts.uri.query().unwrap_or_default()))
    }
}

/// What a body holds, whatever it is: handlers take out what they know, and the rest is refused.
impl<'de> Deserialize<'de> for Query {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let given = Map::deserialize(from)?;
        let left = given.into_iter().map(|(name, value)| (name, Given::InBody(value))).collect();
        Ok(Self { left, wrong: Vec::new() })
    }
}

fn uri(query: &str) -> axum::http::Uri {
    format!("/?{query}").parse().unwrap_or_default()
}

/// A name that somebody made up, short enough to be shown.
fn shown(name: &str) -> String {
    name.chars().filter(|one| !one.is_control()).take(64).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn wrong(query: Query) -> Vec<String> {
        match query.finish() {
            Err(WebError::Invalid(fields)) => {
                fields.into_iter().map(|one| format!("{} {}", one.field, one.detail)).collect()
            }
            _ => Vec::new(),
        }
    }

    #[test]
    fn what_is_right_is_taken_out() {
        let mut query = Query::of("validated=true&confidence_from=0.5&limit=50");
        assert_eq!((query.flag("validated"), query.share("confidence_from")), (Some(true), Some(0.5)));
        assert_eq!((query.search().as_str(), query.page()), ("", PageRequest::first(PageSize::LARGEST)));
        assert_eq!(wrong(query), Vec::<String>::new());
    }

    fn sent(body: Value) -> Query {
        serde_json::from_value(body).unwrap()
    }

    #[test]
    fn a_body_holds_the_same_with_types_and_what_is_looked_for() {
        let mut query = sent(json!({"validated": true, "confidence_from": 0.5, "search": "an na", "limit": 50}));
        assert_eq!((query.flag("validated"), query.share("confidence_from")), (Some(true), Some(0.5)));
        assert_eq!((query.search().as_str(), query.page()), ("an na", PageRequest::first(PageSize::LARGEST)));
        assert_eq!(wrong(query), Vec::<String>::new());
        let mut query = sent(
            json!({"validated": "true", "confidence_from": "0.5", "search": 7, "limit": "50", "cursor": null, "more": 1}),
        );
        query.flag("validated");
        query.share("confidence_from");
        query.search();
        query.page();
        let fields: Vec<String> = wrong(query).iter().map(|one| one.split(' ').next().unwrap().to_owned()).collect();
        assert_eq!(fields, ["validated", "confidence_from", "search", "limit", "cursor", "more"]);
    }

    #[test]
    fn what_is_looked_for_is_not_for_addresses() {
        let mut query = Query::of("search=Anna");
        assert_eq!(query.search(), "");
        assert!(wrong(query)[0].starts_with("search is taken in the body"));
    }

    #[test]
    fn what_is_wrong_unknown_or_doubled_is_named_and_all_at_once() {
        let mut query =
            Query::of("validated=maybe&limit=51&diagnose=COVID&from=now&from=now&cursor=x&confidence_to=NaN");
        query.flag("validated");
        query.moment("from");
        query.page();
        query.share("confidence_to");
        assert_eq!(
            wrong(query),
            [
                "from is given more than once",
                "validated must be true or false",
                "from must be a time as 2026-11-23T08:15:00Z",
                "limit must be a whole number from 1 to 50",
                "cursor must be the next_cursor of a page before",
                "confidence_to must be a number from 0 to 1",
                "diagnose is no parameter of this address",
            ]
        );
        let mut query = sent(json!({"search": "\u{0}"}));
        query.search();
        assert_eq!(wrong(query).len(), 1);
    }
}
