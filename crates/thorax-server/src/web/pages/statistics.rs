//! The statistics page: a body that is cached 15 minutes per role and tag, in a frame that is the visitor's own.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::response::Response;
use bytes::Bytes;
use thorax_domain::audit::{Action, Object};
use thorax_domain::prediction::Diagnosis;
use thorax_store::statistics::{PairAgreement, Period, ReviewCount, Span, Summary};

use super::visit::{Visit, moment, page as answer, render};
use crate::web::view::{
    ConfusionMatrix, Day, DiagnosisCount, Html, NetworkAgreement, Reader, StatisticsBody, StatisticsPage,
};
use crate::web::{AppState, WebError, cached};

/// How far back the chart over time goes.
const LOOK_BACK: Duration = Duration::from_hours(90 * 24);
/// What the store calls all networks together.
const CONSENSUS: &str = "consensus";

/// `GET /statistics`
pub async fn page(visit: Visit) -> Result<Response, WebError> {
    let frame = visit.frame("Statistics", "/statistics").await?;
    let app = AppState::clone(&visit.app);
    let body = cached::view(&visit.app, visit.caller.user.role, "statistics", async move {
        Ok(Bytes::from(render(&body(&app).await?)?))
    });
    let body = Html(String::from_utf8_lossy(&body.await?).into_owned());
    visit.note(visit.event(Action::View, Object::Statistics, "page")).await?;
    answer(&StatisticsPage { frame, body })
}

async fn body(app: &AppState) -> Result<StatisticsBody, WebError> {
    let now = app.clock.now();
    let summary = cached::statistics(app).await?;
    let store = app.store.statistics();
    let days = store.over_time(Span::Day, now.minus(LOOK_BACK), now).await?;
    let pairs = store.agreement().await?;
    let reviews = store.reviews().await?;
    let titles = titles(app);
    Ok(StatisticsBody {
        total: summary.total,
        covid: summary.covid_cases,
        normal: summary.normal_cases,
        awaiting: summary.awaiting_review,
        inconclusive: summary.inconclusive,
        avg_confidence: (summary.total > 0).then_some(summary.avg_confidence),
        diagnoses: diagnoses(&summary),
        days: days.iter().map(day).collect(),
        networks: networks(&pairs, &titles),
        readers: readers(&reviews, &titles),
        computed: moment(now),
    })
}

fn diagnoses(summary: &Summary) -> Vec<DiagnosisCount> {
    let count = |one: &thorax_store::statistics::DiagnosisCount| DiagnosisCount {
        diagnosis: one.diagnosis,
        predictions: one.count,
        avg_confidence: (one.count > 0).then_some(one.avg_confidence),
    };
    summary.per_diagnosis.iter().map(count).collect()
}

fn day(period: &Period) -> Day {
    let of = |one: Diagnosis| period.counts.iter().find(|count| count.diagnosis == one).map_or(0, |count| count.count);
    Day { day: period.start.to_string(), counts: Diagnosis::ALL.map(of) }
}

/// How often each two of the networks agree; the consensus is no network.
#[expect(clippy::cast_precision_loss, reason = "exact far beyond any count of predictions")]
fn networks(pairs: &[PairAgreement], titles: &[(String, String)]) -> NetworkAgreement {
    let pairs: Vec<_> = pairs.iter().filter(|one| one.first != CONSENSUS && one.second != CONSENSUS).collect();
    let names: BTreeSet<&str> = pairs.iter().flat_map(|one| [one.first.as_str(), one.second.as_str()]).collect();
    let share = |first: &str, second: &str| {
        if first == second {
            return Some(1.0);
        }
        let is_pair = |one: &&&PairAgreement| {
            (one.first == first && one.second == second) || (one.first == second && one.second == first)
        };
        pairs.iter().find(is_pair).filter(|one| one.both > 0).map(|one| one.agree as f64 / one.both as f64)
    };
    NetworkAgreement {
        shares: names.iter().map(|first| names.iter().map(|second| share(first, second)).collect()).collect(),
        over: pairs.iter().map(|one| one.both).max().unwrap_or(0),
        names: names.iter().map(|name| title(name, titles).to_owned()).collect(),
    }
}

/// Doctor against consensus first, then against each network.
fn readers(reviews: &[ReviewCount], titles: &[(String, String)]) -> Vec<Reader> {
    let networks: BTreeSet<&str> =
        reviews.iter().map(|one| one.model.as_str()).filter(|model| *model != CONSENSUS).collect();
    let reader = |key: &str| {
        let mut matrix = ConfusionMatrix::default();
        for one in reviews.iter().filter(|one| one.model == key) {
            matrix.add(one.predicted, one.actual, one.reviews);
        }
        let title = if key == CONSENSUS { "Consensus" } else { title(key, titles) };
        Reader { key: key.to_owned(), title: title.to_owned(), matrix }
    };
    std::iter::once(CONSENSUS).chain(networks).map(reader).collect()
}

/// What people call a network; its name where nobody says.
fn title<'a>(key: &'a str, titles: &'a [(String, String)]) -> &'a str {
    titles.iter().find(|(name, _)| name == key).map_or(key, |(_, title)| title)
}

/// The names of the bundle's networks and what people call them, as far as the bundle is open here.
pub fn titles(app: &AppState) -> Vec<(String, String)> {
    let analyzer = app.networks.analyzer();
    let networks = analyzer.as_ref().map(|analyzer| analyzer.bundle().networks()).unwrap_or_default();
    networks.iter().map(|network| (network.name.clone(), network.title.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_compared_both_ways_and_the_consensus_is_none() {
        let pair = |first: &str, second: &str, both, agree| PairAgreement {
            first: first.to_owned(),
            second: second.to_owned(),
            both,
            agree,
        };
        let titles = [("b".to_owned(), "Network B".to_owned())];
        let table = networks(&[pair("a", "b", 4, 3), pair("a", "consensus", 4, 4)], &titles);
        assert_eq!(table.names, ["a", "Network B"]);
        assert_eq!(table.shares, [[Some(1.0), Some(0.75)], [Some(0.75), Some(1.0)]]);
        assert_eq!(table.over, 4);
    }

    #[test]
    fn the_consensus_is_the_first_reader_even_without_reviews() {
        let readers = readers(&[], &[]);
        assert_eq!((readers.len(), readers[0].title.as_str()), (1, "Consensus"));
    }
}
