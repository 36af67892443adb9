//! Rows of lists, from the store's to the page's.

use thorax_domain::patient::Patient;
use thorax_domain::review::PredictionStatus;
use thorax_store::page::{Page, PageSize};
use thorax_store::predictions::PredictionRow;

use super::visit::moment;
use crate::web::view::{Confidence, Pager, PatientFacts, PreviousXRay, Row, Status};

/// How far a prediction is, as a page shows it.
pub const fn status(status: PredictionStatus) -> Status {
    match status {
        PredictionStatus::Pending => Status::Pending,
        PredictionStatus::Running => Status::Running,
        PredictionStatus::Completed => Status::Completed,
        PredictionStatus::Refused => Status::Refused,
        PredictionStatus::Failed => Status::Failed,
        PredictionStatus::Cancelled => Status::Cancelled,
    }
}

/// A prediction in a list. `list` is the query of the list that it is reached from, empty for the whole worklist.
pub fn row(row: PredictionRow, list: &str) -> Row {
    let age = row.date_of_birth.years_until(row.created_at.date());
    Row {
        prediction_id: row.id.to_string(),
        xray_id: row.xray_id.to_string(),
        href: href(&row, list),
        patient_id: row.patient_id.to_string(),
        sex: row.sex.to_string(),
        age: Some(age),
        created: moment(row.created_at),
        source: row.source.to_string(),
        view: row.view.map(|view| view.to_string()),
        status: status(row.status),
        diagnosis: row.final_diagnosis,
        confidence: row.consensus_confidence.map(Confidence),
        agreement: (row.models_voted > 0).then(|| (u64::from(row.agreement), u64::from(row.models_voted))),
        inconclusive: row.inconclusive,
        validated: row.is_validated,
        corrected: row.corrected_label,
        reviewed_by: row.reviewer_name,
        patient_name: row.patient_name,
        record_number: row.record_number,
    }
}

/// The address of a prediction's X-ray, shown with this prediction.
pub fn href(row: &PredictionRow, list: &str) -> String {
    let list = if list.is_empty() { String::new() } else { format!("&list={}", encoded(list)) };
    format!("/xrays/{}?prediction={}{list}", row.xray_id, row.id)
}

/// Another X-ray of the same patient.
pub fn previous(row: &PredictionRow) -> PreviousXRay {
    PreviousXRay {
        xray_id: row.xray_id.to_string(),
        created: moment(row.created_at),
        status: status(row.status),
        diagnosis: row.label(),
        confidence: row.consensus_confidence.map(Confidence),
        validated: row.is_validated,
        inconclusive: row.inconclusive,
        view: row.view.map(|view| view.to_string()),
    }
}

/// Whose X-ray it is.
pub fn facts(patient: &Patient) -> PatientFacts {
    PatientFacts {
        id: patient.id.to_string(),
        name: patient.full_name.to_string(),
        record_number: patient.record_number.to_string(),
        date_of_birth: patient.date_of_birth.to_string(),
        sex: patient.sex.to_string(),
    }
}

/// The page of a list that holds nothing.
pub const fn nothing<T>(size: PageSize) -> Page<T> {
    Page { rows: Vec::new(), number: 1, size, previous: None, next: None }
}

/// Previous / Page n of m / Next. `query` is everything of the list's address but the page.
pub fn pager<T>(page: &Page<T>, total: u64, path: &str, query: &[(String, String)]) -> Pager {
    let pages = page.size.pages(total).max(page.number);
    let address = |number: u64, cursor: Option<(&str, String)>| {
        let mut pairs = query.to_vec();
        pairs.push(("page".to_owned(), number.to_string()));
        pairs.extend(cursor.map(|(name, cursor)| (name.to_owned(), cursor)));
        format!("{path}?{}", joined(&pairs))
    };
    let previous = page.previous.filter(|_| page.number > 1);
    Pager {
        page: page.number,
        pages,
        total,
        previous: previous.map(|cursor| address(page.number - 1, Some(("before", cursor.to_string())))),
        next: page.next.map(|cursor| address(page.number + 1, Some(("after", cursor.to_string())))),
        action: path.to_owned(),
        hidden: query.to_vec(),
    }
}

/// The number of a page that there is: beyond the last is the last.
pub fn within(number: u64, total: u64, size: PageSize) -> u64 {
    number.clamp(1, size.pages(total))
}

/// Pairs as a query writes them.
pub fn joined(pairs: &[(String, String)]) -> String {
    let pair = |(name, value): &(String, String)| format!("{}={}", encoded(name), encoded(value));
    pairs.iter().map(pair).collect::<Vec<_>>().join("&")
}

/// Percent-encoding of everything that is not plain.
pub fn encoded(text: &str) -> String {
    use std::fmt::Write as _;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().fold(String::new(), |mut out, byte| {
        if plain(byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_written_so_that_they_are_read_back() {
        let pairs = [("to".to_owned(), "Müller & Söhne=1".to_owned()), ("page".to_owned(), "2".to_owned())];
        let text = joined(&pairs);
        assert_eq!(text, "to=M%C3%BCller%20%26%20S%C3%B6hne%3D1&page=2");
    }

    #[test]
    fn beyond_the_last_page_is_the_last() {
        assert_eq!(within(9, 26, PageSize::DEFAULT), 2);
        assert_eq!(within(0, 0, PageSize::DEFAULT), 1);
    }
}
