//! How long the stages of a request take: for the `Server-Timing` header, the toolbar and the log.

use std::cell::RefCell;
use std::fmt::Write;
use std::future::Future;

use axum::http::HeaderValue;
use thorax_domain::clock::Stopwatch;
use tracing::Instrument;

/// The stages of a request so far, in the order in which they first ended: name and milliseconds, summed by name.
pub type Stages = Vec<(&'static str, f64)>;

tokio::task_local! {
    static STAGES: RefCell<Stages>;
}

/// Runs a request and gives its answer with the stages that were measured meanwhile.
pub async fn scope<F: Future>(request: F) -> (F::Output, Stages) {
    STAGES
        .scope(RefCell::new(Stages::new()), async {
            let answer = request.await;
            (answer, STAGES.with(RefCell::take))
        })
        .await
}

/// Measures a stage of the request: `timing::stage("session", …).await`. Outside a request it measures nothing.
pub async fn stage<F: Future>(name: &'static str, work: F) -> F::Output {
    let watch = Stopwatch::start();
    let done = work.instrument(tracing::debug_span!("stage", name)).await;
    end(name, watch.total());
    done
}

/// Measures a stage that does not wait: `timing::stage_sync("render", || …)`.
pub fn stage_sync<T>(name: &'static str, work: impl FnOnce() -> T) -> T {
    let watch = Stopwatch::start();
    let done = tracing::debug_span!("stage", name).in_scope(work);
    end(name, watch.total());
    done
}

fn end(name: &'static str, milliseconds: f64) {
    tracing::debug!(stage = name, milliseconds, "stage ended");
    record(name, milliseconds);
}

/// Adds milliseconds to a stage.
pub fn record(name: &'static str, milliseconds: f64) {
    // Outside a request there is nobody to tell.
    let _ = STAGES.try_with(|stages| {
        let mut stages = stages.borrow_mut();
        match stages.iter_mut().find(|(known, _)| *known == name) {
            Some((_, sum)) => *sum += milliseconds,
            None => stages.push((name, milliseconds)),
        }
    });
}

/// The `Server-Timing` header.
#[must_use]
pub fn header(stages: &Stages, total: f64) -> HeaderValue {
    let mut text = format!("total;dur={total:.2}");
    for (name, milliseconds) in stages {
        let _ = write!(text, ", {name};dur={milliseconds:.2}");
    }
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("total"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn stages_of_one_name_are_summed_and_each_request_has_its_own() {
        let ((), stages) = scope(async {
            record("db", 1.0);
            record("render", 0.25);
            record("db", 2.0);
            stage_sync("render", || ());
        })
        .await;
        assert_eq!(stages[0], ("db", 3.0));
        assert!(header(&vec![("db", 3.0)], 4.5) == "total;dur=4.50, db;dur=3.00");
        let ((), empty) = scope(async {}).await;
        assert!(empty.is_empty());
        record("db", 1.0);
    }
}
