//! The sums that every write keeps: read a prediction before and after, and apply the difference in the same transaction.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, FromQueryResult, Value};
use thorax_domain::clock::Timestamp;
use thorax_domain::review::PredictionStatus;
use uuid::Uuid;

use crate::db::{execute, select};
use crate::error::{Result, word};
use crate::sql::insert;

/// The name under which all networks together are counted.
pub(crate) const CONSENSUS: &str = "consensus";
/// Steps of `confidence_band`.
pub(crate) const BANDS: i32 = 20;

/// Which step a confidence lies in.
#[expect(clippy::cast_possible_truncation, reason = "a confidence lies within 0 and 1")]
pub(crate) fn band(confidence: f64) -> i32 {
    ((confidence * f64::from(BANDS)) as i32).clamp(0, BANDS - 1)
}

/// A confidence in millionths, so that sums are exact.
#[expect(clippy::cast_possible_truncation, reason = "a confidence lies within 0 and 1")]
pub(crate) fn micro(confidence: f64) -> i64 {
    (confidence * 1e6).round() as i64
}

/// Where a status is counted.
pub(crate) const fn phase(status: PredictionStatus) -> &'static str {
    match status {
        PredictionStatus::Pending | PredictionStatus::Running => "open",
        PredictionStatus::Completed => "completed",
        PredictionStatus::Refused | PredictionStatus::Failed | PredictionStatus::Cancelled => "closed",
    }
}

/// What of a prediction is counted.
#[derive(Debug, Clone, PartialEq, FromQueryResult)]
pub(crate) struct Counted {
    pub id: Uuid,
    pub xray_id: Uuid,
    pub patient_id: Uuid,
    pub status: String,
    pub source: String,
    pub created_at: i64,
    pub final_diagnosis: Option<String>,
    pub consensus_confidence: Option<f64>,
    pub is_validated: bool,
    pub inconclusive: bool,
    pub corrected_label: Option<String>,
}

/// Its columns.
pub(crate) const COUNTED: &str = "p.id, p.xray_id, p.patient_id, p.status, p.source, p.created_at, p.final_diagnosis, \
     p.consensus_confidence, p.is_validated, p.inconclusive, p.corrected_label";

impl Counted {
    pub(crate) fn status(&self) -> Result<PredictionStatus> {
        word(&self.status, "a status")
    }
}

/// The predictions that a condition finds, such as `p.id = ` and an id, held until the end of the transaction: what is taken
/// from the sums is what was added. Whoever writes takes the prediction first, then its job, then the sums.
pub(crate) async fn counted(transaction: &DatabaseTransaction, condition: &str, value: Uuid) -> Result<Vec<Counted>> {
    let hold = match transaction.get_database_backend() {
        DbBackend::Postgres => " ORDER BY p.id FOR UPDATE OF p",
        _ => "",
    };
    let sql = format!("SELECT {COUNTED} FROM predictions p WHERE {condition}$1{hold}");
    select(transaction, &sql, [value.into()]).await
}

/// Day, phase, diagnosis, validated, inconclusive.
type Day = (i64, &'static str, String, bool, bool);
/// Phase, diagnosis, validated, inconclusive, source, step of confidence.
type Facet = (&'static str, String, bool, bool, String, i32);

/// Changes of the sums.
#[derive(Debug, Default)]
pub(crate) struct Difference {
    days: BTreeMap<Day, (i64, i64)>,
    facets: BTreeMap<Facet, (i64, i64)>,
    pairs: BTreeMap<(String, String), (i64, i64)>,
    reviews: BTreeMap<(String, String, String), i64>,
}

impl Difference {
    pub(crate) fn add(&mut self, one: &Counted) -> Result<()> {
        self.count(one, 1)
    }

    pub(crate) fn take(&mut self, one: &Counted) -> Result<()> {
        self.count(one, -1)
    }

    fn count(&mut self, one: &Counted, sign: i64) -> Result<()> {
        let phase = phase(one.status()?);
        let day = Timestamp::from_micros(one.created_at).day();
        let diagnosis = one.final_diagnosis.clone().unwrap_or_default();
        let confidence = one.consensus_confidence.map_or(0, micro);
        let step = one.consensus_confidence.map_or(-1, band);
        let key = (day, phase, diagnosis.clone(), one.is_validated, one.inconclusive);
        let sums = self.days.entry(key).or_default();
        *sums = (sums.0 + sign, sums.1 + sign * confidence);
        let key = (phase, diagnosis, one.is_validated, one.inconclusive, one.source.clone(), step);
        let sums = self.facets.entry(key).or_default();
        *sums = (sums.0 + sign, sums.1 + sign * confidence);
        Ok(())
    }

    /// Votes on one prediction, `(name, diagnosis)`, the consensus among them.
    pub(crate) fn votes(&mut self, votes: &[(&str, &str)], sign: i64) {
        for (place, one) in votes.iter().enumerate() {
            for other in &votes[place + 1..] {
                let (first, second) = if one.0 <= other.0 { (one.0, other.0) } else { (other.0, one.0) };
                let sums = self.pairs.entry((first.to_owned(), second.to_owned())).or_default();
                *sums = (sums.0 + sign, sums.1 + if one.1 == other.1 { sign } else { 0 });
            }
        }
    }

    /// Votes on one prediction beside the doctor's label.
    pub(crate) fn review(&mut self, votes: &[(&str, &str)], actual: &str, sign: i64) {
        for (name, predicted) in votes {
            *self.reviews.entry(((*name).to_owned(), (*predicted).to_owned(), actual.to_owned())).or_default() += sign;
        }
    }

    /// Adds the changes to the sums, always in the same order, so that two writers never wait for each other.
    pub(crate) async fn apply(self, transaction: &DatabaseTransaction) -> Result<()> {
        for (sql, values) in self.statements() {
            execute(transaction, &sql, values).await?;
        }
        Ok(())
    }

    fn statements(self) -> Vec<(String, Vec<Value>)> {
        let days = self.days.into_iter().filter(|(_, sums)| *sums != (0, 0)).map(|(key, sums)| {
            vec![key.0.into(), key.1.into(), key.2.into(), key.3.into(), key.4.into(), sums.0.into(), sums.1.into()]
        });
        let facets = self.facets.into_iter().filter(|(_, sums)| *sums != (0, 0)).map(|(key, sums)| {
            let (phase, diagnosis, validated, inconclusive, source, step) = key;
            vec![
                phase.into(),
                diagnosis.into(),
                validated.into(),
                inconclusive.into(),
                source.into(),
                step.into(),
                sums.0.into(),
                sums.1.into(),
            ]
        });
        let pairs = self.pairs.into_iter().filter(|(_, sums)| *sums != (0, 0));
        let pairs = pairs.map(|(key, sums)| vec![key.0.into(), key.1.into(), sums.0.into(), sums.1.into()]);
        let reviews = self.reviews.into_iter().filter(|(_, sum)| *sum != 0);
        let reviews = reviews.map(|(key, sum)| vec![key.0.into(), key.1.into(), key.2.into(), sum.into()]);
        [
            (&DAYS, days.collect::<Vec<Vec<Value>>>()),
            (&FACETS, facets.collect()),
            (&PAIRS, pairs.collect()),
            (&REVIEWS, reviews.collect()),
        ]
        .into_iter()
        .filter(|(_, rows)| !rows.is_empty())
        // Few enough values for one statement on either database.
        .flat_map(|(table, rows)| rows.chunks(1000).map(|rows| table.upsert(rows.to_vec())).collect::<Vec<_>>())
        .collect()
    }
}

struct Sums {
    table: &'static str,
    key: &'static [&'static str],
    added: &'static [&'static str],
}

const DAYS: Sums = Sums {
    table: "prediction_tallies",
    key: &["day", "phase", "final_diagnosis", "is_validated", "inconclusive"],
    added: &["predictions", "confidence_micro"],
};
const FACETS: Sums = Sums {
    table: "prediction_facets",
    key: &["phase", "final_diagnosis", "is_validated", "inconclusive", "source", "confidence_band"],
    added: &["predictions", "confidence_micro"],
};
const PAIRS: Sums = Sums { table: "model_pairs", key: &["first", "second"], added: &["both_voted", "agreed"] };
const REVIEWS: Sums = Sums { table: "review_tallies", key: &["model", "predicted", "actual"], added: &["reviews"] };

impl Sums {
    fn upsert(&self, rows: Vec<Vec<Value>>) -> (String, Vec<Value>) {
        let Self { table, key, added } = self;
        let sets: Vec<String> = added.iter().map(|sum| format!("{sum} = {table}.{sum} + excluded.{sum}")).collect();
        let columns: Vec<&str> = key.iter().chain(*added).copied().collect();
        insert(table, &columns, rows, &format!(" ON CONFLICT ({}) DO UPDATE SET {}", key.join(", "), sets.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confidences_fall_into_twenty_steps() {
        assert_eq!([band(0.0), band(0.049), band(0.05), band(0.95), band(1.0)], [0, 0, 1, 19, 19]);
        assert_eq!(micro(0.123_456_7), 123_457);
    }

    #[test]
    fn what_is_added_and_taken_again_is_no_difference() {
        let id = Uuid::from_u128(1);
        let one = Counted {
            id,
            xray_id: id,
            patient_id: id,
            status: "completed".into(),
            source: "upload".into(),
            created_at: 1,
            final_diagnosis: Some("COVID".into()),
            consensus_confidence: Some(0.9),
            is_validated: false,
            inconclusive: false,
            corrected_label: None,
        };
        let mut same = Difference::default();
        same.add(&one).unwrap();
        same.take(&one).unwrap();
        assert!(same.statements().is_empty());
        let mut validated = Difference::default();
        validated.take(&one).unwrap();
        validated.add(&Counted { is_validated: true, ..one }).unwrap();
        assert_eq!(validated.statements().len(), 2);
    }

    #[test]
    fn pairs_are_counted_once_and_in_order() {
        let mut difference = Difference::default();
        difference.votes(&[("b", "COVID"), ("a", "COVID"), ("c", "Normal")], 1);
        let pairs: Vec<_> = difference.pairs.into_iter().collect();
        assert_eq!(pairs.len(), 3);
        assert_eq!(pairs[0], (("a".to_owned(), "b".to_owned()), (1, 1)));
        assert_eq!(pairs[2], (("b".to_owned(), "c".to_owned()), (1, 0)));
    }
}
