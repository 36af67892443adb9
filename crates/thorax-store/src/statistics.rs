//! Figures: sums over the tallies that every write keeps, so that they cost the same at any number of predictions.

use std::collections::BTreeMap;

use sea_orm::FromQueryResult;
use thorax_domain::clock::{Date, Timestamp};
use thorax_domain::ids::UserId;
use thorax_domain::prediction::Diagnosis;
use thorax_domain::user::{Role, Viewer};
use uuid::Uuid;

use crate::db::{Store, count};
use crate::error::{Result, word};
use crate::page::{PageRequest, PageSize};
use crate::predictions::{PredictionFilter, PredictionRow};

/// Figures; from [`Store::statistics`].
#[derive(Debug, Clone, Copy)]
pub struct Statistics<'a>(pub(crate) &'a Store);

/// Completed predictions of one final diagnosis.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct DiagnosisCount {
    /// Which.
    pub diagnosis: Diagnosis,
    /// How many.
    pub count: u64,
    /// Their mean confidence; 0 where there are none.
    pub avg_confidence: f64,
}

/// What the guide calls the prediction statistics, over completed predictions.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Summary {
    /// All of them.
    pub total: u64,
    /// Those with the final diagnosis COVID.
    pub covid_cases: u64,
    /// Those with the final diagnosis Normal.
    pub normal_cases: u64,
    /// Their mean confidence; 0 where there are none.
    pub avg_confidence: f64,
    /// How many are validated.
    pub validated: u64,
    /// How many await review.
    pub awaiting_review: u64,
    /// How many are inconclusive.
    pub inconclusive: u64,
    /// One for each diagnosis, in alphabetical order.
    pub per_diagnosis: Vec<DiagnosisCount>,
}

/// Completed predictions in a span of time.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Period {
    /// Its first day.
    pub start: Date,
    /// How many of each diagnosis, in alphabetical order.
    pub counts: Vec<DiagnosisCount>,
}

/// How long a [`Period`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// A day.
    Day,
    /// Monday to Sunday.
    Week,
    /// A month.
    Month,
}

impl Span {
    /// The first day of the span that a day lies in.
    fn start(self, day: Date) -> Date {
        match self {
            Self::Day => day,
            Self::Week => day.monday(),
            Self::Month => day.month(),
        }
    }

    /// The first day of the span after the one that begins with `start`.
    fn next(self, start: Date) -> Date {
        match self {
            Self::Day => start.next(),
            Self::Week => start.next_week(),
            Self::Month => start.next_month(),
        }
    }
}

/// How often two networks name the same diagnosis.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct PairAgreement {
    /// One; `consensus` for all together.
    pub first: String,
    /// The other, which comes after it in the alphabet.
    pub second: String,
    /// Predictions where both voted.
    pub both: u64,
    /// Those where they agree.
    pub agree: u64,
}

/// Reviews that settled a result, counted by what a network said and what the doctor said.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ReviewCount {
    /// The network, or `consensus`.
    pub model: String,
    /// What it said.
    pub predicted: Diagnosis,
    /// What the doctor said.
    pub actual: Diagnosis,
    /// How many.
    pub reviews: u64,
}

/// What the doctor's first page shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Dashboard {
    /// The figures.
    pub summary: Summary,
    /// The newest predictions.
    pub recent: Vec<PredictionRow>,
}

impl Statistics<'_> {
    /// The guide's figures; one statement.
    ///
    /// # Errors
    /// Of the database.
    pub async fn summary(&self) -> Result<Summary> {
        let mut sums = Sums::default();
        let mut summary = Summary {
            total: 0,
            covid_cases: 0,
            normal_cases: 0,
            avg_confidence: 0.0,
            validated: 0,
            awaiting_review: 0,
            inconclusive: 0,
            per_diagnosis: Vec::new(),
        };
        for row in self.0.all::<Facet>(SUMMARY, []).await? {
            let n = count(row.n);
            summary.total += n;
            *(if row.is_validated { &mut summary.validated } else { &mut summary.awaiting_review }) += n;
            summary.inconclusive += if row.inconclusive { n } else { 0 };
            sums.add(&row.final_diagnosis, n, row.micro)?;
        }
        summary.covid_cases = sums.count(Diagnosis::Covid);
        summary.normal_cases = sums.count(Diagnosis::Normal);
        summary.avg_confidence = sums.mean();
        summary.per_diagnosis = sums.per_diagnosis();
        Ok(summary)
    }

    /// The figures and the newest predictions; two statements.
    ///
    /// # Errors
    /// Of the database.
    pub async fn dashboard(&self, recent: u64) -> Result<Dashboard> {
        let summary = self.summary().await?;
        // A doctor's list: whoever sees this page sees all patients.
        let doctor = Viewer { user: UserId::from_uuid(Uuid::nil()), role: Role::Doctor };
        let page = PageRequest::first(PageSize::new(recent));
        let recent = self.0.predictions().list(doctor, &PredictionFilter::default(), &page).await?.rows;
        Ok(Dashboard { summary, recent })
    }

    /// Counts and mean confidence over time, oldest first, spans without any left out; one statement.
    ///
    /// # Errors
    /// Of the database.
    pub async fn over_time(&self, span: Span, from: Timestamp, until: Timestamp) -> Result<Vec<Period>> {
        let (first, last) = (from.day(), until.minus(std::time::Duration::from_micros(1)).day());
        let rows = self.0.all::<OfDay>(OVER_TIME, [first.into(), last.into()]).await?;
        let mut periods: BTreeMap<Date, Sums> = BTreeMap::new();
        let mut start = span.start(from.date());
        while start.start() < until && periods.len() < MOST_PERIODS {
            periods.insert(start, Sums::default());
            start = span.next(start);
        }
        let starts: Vec<(i64, Date)> = periods.keys().map(|start| (start.start().day(), *start)).collect();
        for row in rows {
            let before = starts.partition_point(|(day, _)| *day <= row.day);
            if let Some(sums) = before.checked_sub(1).and_then(|place| periods.get_mut(&starts[place].1)) {
                sums.add(&row.final_diagnosis, count(row.n), row.micro)?;
            }
        }
        Ok(periods.into_iter().map(|(start, sums)| Period { start, counts: sums.per_diagnosis() }).collect())
    }

    /// How often any two of the networks and the consensus agree; one statement.
    ///
    /// # Errors
    /// Of the database.
    pub async fn agreement(&self) -> Result<Vec<PairAgreement>> {
        let rows = self.0.all::<Pair>(AGREEMENT, []).await?;
        let pair = |row: Pair| PairAgreement {
            first: row.first,
            second: row.second,
            both: count(row.both_voted),
            agree: count(row.agreed),
        };
        Ok(rows.into_iter().map(pair).collect())
    }

    /// Doctor versus network: the cells of a confusion matrix for `consensus` and each network; one statement.
    ///
    /// # Errors
    /// Of the database.
    pub async fn reviews(&self) -> Result<Vec<ReviewCount>> {
        let cell = |row: Cell| -> Result<ReviewCount> {
            Ok(ReviewCount {
                model: row.model,
                predicted: word(&row.predicted, "a diagnosis")?,
                actual: word(&row.actual, "a diagnosis")?,
                reviews: count(row.reviews),
            })
        };
        self.0.all::<Cell>(REVIEWS, []).await?.into_iter().map(cell).collect()
    }
}

/// Spans of one answer; no picture shows more.
const MOST_PERIODS: usize = 5000;

pub(crate) const SUMMARY: &str = "SELECT final_diagnosis, is_validated, inconclusive, \
    CAST(SUM(predictions) AS BIGINT) AS n, CAST(SUM(confidence_micro) AS BIGINT) AS micro FROM prediction_facets \
    WHERE phase = 'completed' GROUP BY final_diagnosis, is_validated, inconclusive";
pub(crate) const OVER_TIME: &str = "SELECT day, phase, final_diagnosis, CAST(SUM(predictions) AS BIGINT) AS n, \
    CAST(SUM(confidence_micro) AS BIGINT) AS micro FROM prediction_tallies \
    WHERE day >= $1 AND day <= $2 AND phase = 'completed' GROUP BY day, phase, final_diagnosis";
pub(crate) const AGREEMENT: &str =
    "SELECT first, second, both_voted, agreed FROM model_pairs WHERE both_voted > 0 ORDER BY first, second";
pub(crate) const REVIEWS: &str =
    "SELECT model, predicted, actual, reviews FROM review_tallies WHERE reviews > 0 ORDER BY model, predicted, actual";

#[derive(Debug, FromQueryResult)]
struct Facet {
    final_diagnosis: String,
    is_validated: bool,
    inconclusive: bool,
    n: i64,
    micro: i64,
}

#[derive(Debug, FromQueryResult)]
struct OfDay {
    day: i64,
    final_diagnosis: String,
    n: i64,
    micro: i64,
}

#[derive(Debug, FromQueryResult)]
struct Pair {
    first: String,
    second: String,
    both_voted: i64,
    agreed: i64,
}

#[derive(Debug, FromQueryResult)]
struct Cell {
    model: String,
    predicted: String,
    actual: String,
    reviews: i64,
}

/// Counts and sums of confidence by diagnosis. Predictions without a diagnosis are not among them.
#[derive(Debug, Default)]
struct Sums(BTreeMap<Diagnosis, (u64, i64)>);

impl Sums {
    fn add(&mut self, diagnosis: &str, n: u64, micro: i64) -> Result<()> {
        if !diagnosis.is_empty() {
            let sums = self.0.entry(word(diagnosis, "a diagnosis")?).or_default();
            *sums = (sums.0 + n, sums.1 + micro);
        }
        Ok(())
    }

    fn count(&self, diagnosis: Diagnosis) -> u64 {
        self.0.get(&diagnosis).map_or(0, |sums| sums.0)
    }

    fn mean(&self) -> f64 {
        mean(self.0.values().fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1)))
    }

    fn per_diagnosis(&self) -> Vec<DiagnosisCount> {
        let one = |diagnosis| {
            let sums = self.0.get(&diagnosis).copied().unwrap_or_default();
            DiagnosisCount { diagnosis, count: sums.0, avg_confidence: mean(sums) }
        };
        Diagnosis::ALL.into_iter().map(one).collect()
    }
}

#[expect(clippy::cast_precision_loss, reason = "millionths of a few thousand million still fit")]
fn mean((n, micro): (u64, i64)) -> f64 {
    if n == 0 { 0.0 } else { micro as f64 / 1e6 / n as f64 }
}
