//! What the worklist's address asks for: read once, into the store's filter and back into the form.

use std::str::FromStr;
use std::time::Duration;

use axum::extract::Query;
use axum::http::Uri;
use serde::Deserialize;
use thorax_domain::clock::{Date, Timestamp};
use thorax_domain::prediction::Diagnosis;
use thorax_domain::review::PredictionStatus;
use thorax_domain::xray::Source;
use thorax_store::page::{PageRequest, PageSize, Seek};
use thorax_store::predictions::PredictionFilter;

use crate::web::WebError;
use crate::web::pages::forms::{self, bad_query};
use crate::web::pages::rows::{joined, status, within};
use crate::web::pages::search::{self, Sought};
use crate::web::pages::visit::Visit;
use crate::web::view::{Choice, Filter, YesNo};

/// Length of a day.
const DAY: Duration = Duration::from_hours(24);

/// Where in a list.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Place {
    /// The page's number.
    pub page: Option<u64>,
    /// Just after this row.
    pub after: Option<String>,
    /// Just before this row.
    pub before: Option<String>,
}

/// What is asked of the worklist.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    filter: PredictionFilter,
    sought: Sought,
    place: Place,
    pairs: Vec<(String, String)>,
}

/// The names that filter, in the order in which addresses have them. The search stands before them.
const FILTERS: [&str; 11] = [
    "diagnosis",
    "status",
    "validated",
    "inconclusive",
    "min_confidence",
    "max_confidence",
    "from",
    "to",
    "source",
    "patient",
    "per_page",
];

impl Asked {
    /// What a query asks for. What is empty is not asked for; what is unknown counts for nothing.
    ///
    /// # Errors
    /// [`WebError::Invalid`] where a filter cannot be understood.
    pub async fn of(visit: &Visit, query: &str) -> Result<Self, WebError> {
        let all = read_pairs(query);
        let mut asked = Self::read(&all)?;
        asked.sought = Sought::find(visit, forms::one(&all, search::NAME)).await?;
        asked.filter.search = asked.sought.text().to_owned();
        asked.pairs.splice(..0, asked.sought.pairs());
        Ok(asked)
    }

    /// What it asks for but the search.
    fn read(all: &[(String, String)]) -> Result<Self, WebError> {
        let pairs = filters(all);
        let of = |name| forms::one(&pairs, name);
        let filter = PredictionFilter {
            diagnosis: maybe::<Diagnosis>(of("diagnosis"), "diagnosis")?,
            status: maybe::<PredictionStatus>(of("status"), "status")?,
            validated: maybe(of("validated"), "validated")?,
            inconclusive: maybe(of("inconclusive"), "inconclusive")?,
            confidence_from: share(of("min_confidence"), "min_confidence")?,
            confidence_to: share(of("max_confidence"), "max_confidence")?,
            from: day(of("from"), "from")?,
            until: day(of("to"), "to")?.map(|day| day.plus(DAY)),
            source: maybe::<Source>(of("source"), "source")?,
            patient: maybe(of("patient"), "patient")?,
            search: String::new(),
        };
        let page = maybe::<u64>(forms::one(all, "page"), "page")?;
        let cursor = |name| Some(forms::one(all, name).to_owned()).filter(|text| !text.is_empty());
        let place = Place { page, after: cursor("after"), before: cursor("before") };
        maybe::<u64>(of("per_page"), "per_page")?;
        Ok(Self { filter, sought: Sought::default(), place, pairs })
    }

    /// Which predictions.
    pub const fn filter(&self) -> &PredictionFilter {
        &self.filter
    }

    /// What is searched for.
    pub const fn sought(&self) -> &Sought {
        &self.sought
    }

    /// Where in the list.
    pub const fn place(&self) -> &Place {
        &self.place
    }

    /// Rows of a page.
    pub fn size(&self) -> PageSize {
        forms::one(&self.pairs, "per_page").parse().map_or(PageSize::DEFAULT, PageSize::new)
    }

    /// Everything but the place, as pairs.
    pub fn pairs(&self) -> &[(String, String)] {
        &self.pairs
    }

    /// Everything but the place, as an address has it.
    pub fn query(&self) -> String {
        joined(&self.pairs)
    }

    /// As the form shows it.
    pub fn shown(&self, patient: Option<(String, String)>) -> Filter {
        let of = |name| forms::one(&self.pairs, name).to_owned();
        let source = |one: &Source| Choice {
            value: one.to_string(),
            text: source_title(*one).to_owned(),
            chosen: self.filter.source == Some(*one),
        };
        Filter {
            q: self.sought.text().to_owned(),
            is_expired: self.sought.is_gone(),
            diagnosis: self.filter.diagnosis,
            status: self.filter.status.map(status),
            validated: yes_no(self.filter.validated),
            inconclusive: yes_no(self.filter.inconclusive),
            min_confidence: of("min_confidence"),
            max_confidence: of("max_confidence"),
            from: of("from"),
            to: of("to"),
            sources: Source::ALL.iter().map(source).collect(),
            patient,
            per_page: self.size().get(),
        }
    }
}

/// The page that an address asks for.
///
/// # Errors
/// [`WebError::Invalid`] where a cursor is none.
pub fn request(place: &Place, size: PageSize, total: u64) -> Result<PageRequest, WebError> {
    let cursor = |text: &String| text.parse().map_err(|_| bad_query("after", "this is not a place in the list"));
    let seek = match (&place.after, &place.before) {
        (Some(after), _) => Seek::After(cursor(after)?),
        (None, Some(before)) => Seek::Before(cursor(before)?),
        (None, None) => Seek::ByNumber,
    };
    let number = within(place.page.unwrap_or(1), total, size);
    Ok(PageRequest { number, size, seek, total: Some(total) })
}

/// Those pairs that filter, in the order in which addresses have them.
pub fn filters(all: &[(String, String)]) -> Vec<(String, String)> {
    let given = |name: &&str| all.iter().find(|(known, value)| known == name && !value.trim().is_empty());
    let tidy = |(name, value): &(String, String)| (name.clone(), value.trim().to_owned());
    FILTERS.iter().filter_map(given).map(tidy).collect()
}

fn read_pairs(query: &str) -> Vec<(String, String)> {
    let uri = Uri::try_from(format!("/?{query}")).unwrap_or_default();
    Query::<Vec<(String, String)>>::try_from_uri(&uri).map(|query| query.0).unwrap_or_default()
}

fn maybe<T: FromStr>(text: &str, field: &str) -> Result<Option<T>, WebError> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| bad_query(field, "this cannot be understood"))
}

/// A percentage as a share.
fn share(text: &str, field: &str) -> Result<Option<f64>, WebError> {
    let percent: Option<f64> = maybe(text, field)?;
    match percent {
        Some(percent) if !(0.0..=100.0).contains(&percent) => Err(bad_query(field, "a percentage is from 0 to 100")),
        percent => Ok(percent.map(|percent| percent / 100.0)),
    }
}

fn day(text: &str, field: &str) -> Result<Option<Timestamp>, WebError> {
    Ok(maybe::<Date>(text, field)?.map(Date::start))
}

const fn yes_no(value: Option<bool>) -> YesNo {
    match value {
        None => YesNo::Any,
        Some(true) => YesNo::Yes,
        Some(false) => YesNo::No,
    }
}

const fn source_title(source: Source) -> &'static str {
    match source {
        Source::Upload => "Upload",
        Source::Api => "API",
        Source::Cli => "Command line",
        Source::Dicom => "DICOM",
        Source::Demo => "Demo",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Asked, WebError> {
        Asked::read(&read_pairs(query))
    }

    #[test]
    fn an_address_becomes_a_filter_and_an_address_again() {
        let query = "q=M%C3%BCller&diagnosis=COVID&validated=false&min_confidence=50&page=3&x=y&to=";
        let asked = read(query).unwrap();
        assert_eq!(asked.filter().diagnosis, Some(Diagnosis::Covid));
        assert_eq!(asked.filter().validated, Some(false));
        assert_eq!(asked.filter().confidence_from, Some(0.5));
        assert_eq!(asked.place().page, Some(3));
        assert_eq!(asked.query(), "diagnosis=COVID&validated=false&min_confidence=50", "a text is not for addresses");
        assert_eq!(read(&asked.query()).unwrap().filter(), asked.filter());
    }

    #[test]
    fn a_day_ends_when_the_next_begins() {
        let asked = read("from=2026-11-01&to=2026-11-01").unwrap();
        let filter = asked.filter();
        assert_eq!(filter.until.unwrap().since(filter.from.unwrap()), DAY);
    }

    #[test]
    fn what_cannot_be_understood_is_said() {
        for wrong in
            ["diagnosis=covid", "validated=maybe", "min_confidence=101", "from=yesterday", "patient=1", "page=-1"]
        {
            assert!(matches!(read(wrong), Err(WebError::Invalid(_))), "{wrong}");
        }
        let place = Place { after: Some("!".to_owned()), ..Place::default() };
        assert!(request(&place, PageSize::DEFAULT, 1).is_err());
    }
}
