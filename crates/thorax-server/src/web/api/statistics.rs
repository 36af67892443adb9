//! `/api/v1/statistics`: the guide's figures, over time, between the networks, and against doctors.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use bytes::Bytes;
use serde::Serialize;
use thorax_domain::audit::{Action, Object};
use thorax_domain::clock::Date;
use thorax_domain::prediction::Diagnosis;
use thorax_domain::user::Scope;
use thorax_store::statistics::{DiagnosisCount, PairAgreement, Period, ReviewCount, Span, Summary};
use utoipa::ToSchema;

use super::body::with_tag;
use super::endpoint::Endpoint;
use super::listing::Whole;
use super::notes::{event, note};
use super::parameters;
use super::query::Query;
use super::schema::DiagnosisWord;
use crate::web::auth::Caller;
use crate::web::{AppState, Route, Section, WebError, cached};

/// How far back where nobody says how far.
const YEAR: Duration = Duration::from_hours(365 * 24);
/// How far back at most.
const LONGEST: Duration = Duration::from_hours(10 * 365 * 24);

/// Completed predictions of one final diagnosis.
#[derive(Debug, Serialize, ToSchema)]
pub struct DiagnosisFigures {
    /// Which.
    #[schema(value_type = DiagnosisWord)]
    diagnosis: Diagnosis,
    /// How many.
    count: u64,
    /// Their mean confidence; 0 where there are none.
    #[schema(minimum = 0, maximum = 1)]
    avg_confidence: f64,
}

impl From<DiagnosisCount> for DiagnosisFigures {
    fn from(DiagnosisCount { diagnosis, count, avg_confidence }: DiagnosisCount) -> Self {
        Self { diagnosis, count, avg_confidence }
    }
}

/// The guide's figures, over completed predictions.
#[derive(Debug, Serialize, ToSchema)]
pub struct Statistics {
    /// All of them.
    total: u64,
    /// Those with the final diagnosis COVID.
    covid_cases: u64,
    /// Those with the final diagnosis Normal.
    normal_cases: u64,
    /// Their mean confidence; 0 where there are none.
    #[schema(minimum = 0, maximum = 1)]
    avg_confidence: f64,
    /// How many a doctor has settled.
    validated: u64,
    /// How many await review.
    awaiting_review: u64,
    /// How many the networks leave open.
    inconclusive: u64,
    /// One for each diagnosis, in alphabetical order.
    per_diagnosis: Vec<DiagnosisFigures>,
}

impl From<Summary> for Statistics {
    fn from(summary: Summary) -> Self {
        Self {
            total: summary.total,
            covid_cases: summary.covid_cases,
            normal_cases: summary.normal_cases,
            avg_confidence: summary.avg_confidence,
            validated: summary.validated,
            awaiting_review: summary.awaiting_review,
            inconclusive: summary.inconclusive,
            per_diagnosis: summary.per_diagnosis.into_iter().map(DiagnosisFigures::from).collect(),
        }
    }
}

/// Completed predictions in a span of time.
#[derive(Debug, Serialize, ToSchema)]
pub struct PeriodFigures {
    /// Its first day.
    #[schema(value_type = String, format = Date)]
    start: Date,
    /// One for each diagnosis, in alphabetical order.
    counts: Vec<DiagnosisFigures>,
}

impl From<Period> for PeriodFigures {
    fn from(period: Period) -> Self {
        Self { start: period.start, counts: period.counts.into_iter().map(DiagnosisFigures::from).collect() }
    }
}

/// How often two networks name the same diagnosis.
#[derive(Debug, Serialize, ToSchema)]
pub struct Agreement {
    /// One; `consensus` for all together.
    first: String,
    /// The other.
    second: String,
    /// Predictions where both voted.
    both: u64,
    /// Those where they agree.
    agree: u64,
}

/// Reviews that settled a result, by what a network said and what the doctor said.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReviewFigures {
    /// The network, or `consensus`.
    model: String,
    /// What it said.
    #[schema(value_type = DiagnosisWord)]
    predicted: Diagnosis,
    /// What the doctor said.
    #[schema(value_type = DiagnosisWord)]
    actual: Diagnosis,
    /// How many.
    reviews: u64,
}

impl From<ReviewCount> for ReviewFigures {
    fn from(ReviewCount { model, predicted, actual, reviews }: ReviewCount) -> Self {
        Self { model, predicted, actual, reviews }
    }
}

/// What is here.
pub fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::new(Route::get("/api/v1/statistics", Section::Clinical, summary), Scope::Read)
            .named("get_statistics", "Statistics", "Counts and mean confidence per diagnosis")
            .about("From the cache, which forgets them with every new, validated or deleted prediction.")
            .gives::<Statistics>(200, "The figures.")
            .tagged(),
        Endpoint::new(Route::get("/api/v1/statistics/timeline", Section::Clinical, timeline), Scope::Read)
            .named("get_timeline", "Statistics", "The same over time")
            .takes(parameters::word("span", &["day", "week", "month"], "How long each period is; a day without it."))
            .takes(parameters::moment("from", "From the day of this moment on; a year ago without it."))
            .takes(parameters::moment("until", "Before this moment; now without it."))
            .gives_whole::<PeriodFigures>("Periods, oldest first, none left out."),
        Endpoint::new(Route::get("/api/v1/statistics/agreement", Section::Clinical, agreement), Scope::Read)
            .named("get_agreement", "Statistics", "How often any two networks agree")
            .gives_whole::<Agreement>("All pairs of networks, and the consensus."),
        Endpoint::new(Route::get("/api/v1/statistics/reviews", Section::Clinical, reviews), Scope::Read)
            .named("get_review_statistics", "Statistics", "Doctor versus network")
            .about("The cells of a confusion matrix for the consensus and for each network.")
            .gives_whole::<ReviewFigures>("The cells that are not empty."),
    ]
}

/// `GET /api/v1/statistics`: kept per role for a quarter of an hour, over the figures that are kept for five minutes; neither
/// outlives a change.
async fn summary(State(app): State<AppState>, caller: Caller, headers: HeaderMap) -> Result<Response, WebError> {
    let of = Arc::clone(&app);
    let fill = async move {
        let figures = Statistics::from(cached::statistics(&of).await?);
        Ok(Bytes::from(serde_json::to_vec(&figures).map_err(anyhow::Error::from)?))
    };
    let bytes = Box::pin(cached::view(&app, caller.user.role, "api/v1/statistics", fill)).await?;
    note(&app, event(&app, &caller, Action::View, Object::Statistics, "summary")).await?;
    Ok(with_tag(&headers, HeaderValue::from_static("application/json"), bytes))
}

/// `GET /api/v1/statistics/timeline`
async fn timeline(
    State(app): State<AppState>,
    caller: Caller,
    mut query: Query,
) -> Result<Json<Whole<PeriodFigures>>, WebError> {
    let span = match query.take::<String>("span", "day, week or month").as_deref() {
        None | Some("day") => Span::Day,
        Some("week") => Span::Week,
        Some("month") => Span::Month,
        Some(_) => {
            query.refuse("span", "must be day, week or month");
            Span::Day
        }
    };
    let until = query.moment("until").unwrap_or_else(|| app.clock.now());
    let from = query.moment("from").unwrap_or_else(|| until.minus(YEAR)).max(until.minus(LONGEST));
    query.finish()?;
    let periods = app.store.statistics().over_time(span, from, until).await?;
    note(&app, event(&app, &caller, Action::View, Object::Statistics, "timeline")).await?;
    Ok(Json(Whole::of(periods.into_iter().map(PeriodFigures::from))))
}

/// `GET /api/v1/statistics/agreement`
async fn agreement(State(app): State<AppState>, caller: Caller) -> Result<Json<Whole<Agreement>>, WebError> {
    let pairs = app.store.statistics().agreement().await?;
    note(&app, event(&app, &caller, Action::View, Object::Statistics, "agreement")).await?;
    Ok(Json(Whole::of(pairs.into_iter().map(|PairAgreement { first, second, both, agree }| Agreement {
        first,
        second,
        both,
        agree,
    }))))
}

/// `GET /api/v1/statistics/reviews`
async fn reviews(State(app): State<AppState>, caller: Caller) -> Result<Json<Whole<ReviewFigures>>, WebError> {
    let cells = app.store.statistics().reviews().await?;
    note(&app, event(&app, &caller, Action::View, Object::Statistics, "reviews")).await?;
    Ok(Json(Whole::of(cells.into_iter().map(ReviewFigures::from))))
}
