//! Reading every film that is listed, through the same path as `predict`, several at a time.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::path::Path;

use thorax_domain::clock::Stopwatch;
use thorax_domain::prediction::{Consensus, Diagnosis, Distribution};
use thorax_imaging::GrayImage;
use thorax_inference::analyzer::{Analyzer, Reading};

use super::covered::{Covered, CoveredScores};
use super::films::{Films, Missing, SameContent, Unread};
use super::labels::{Labelled, Traits};
use crate::record::{Record, Status};
use crate::workflow::analyze::{Finished, Order, Reader};
use crate::workflow::input::Input;
use crate::workflow::stream::Flow;

/// Films under way at the same time, for each worker. Fewer than in a batch, as each film is kept until it has
/// been read covered.
const IN_FLIGHT_PER_WORKER: usize = 4;

/// A film that was read, and what is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// What its label says.
    pub truth: Diagnosis,
    /// Whose film it is, by number.
    pub patient: usize,
    /// Which groups it belongs to.
    pub traits: Traits,
    /// The ensemble's probabilities.
    pub ensemble: Distribution,
    /// The final diagnosis.
    pub diagnosis: Diagnosis,
    /// The prediction set.
    pub set: Vec<Diagnosis>,
    /// Whether the program called it inconclusive.
    pub inconclusive: bool,
    /// Each network's probabilities in the bundle's order; none where it did not vote.
    pub networks: Vec<Option<Distribution>>,
    /// What the networks said of it covered; none without the checks.
    pub covered: Option<CoveredScores>,
}

/// How films are to be read.
pub struct Plan<'a> {
    /// The folder that holds the films.
    pub folder: &'a Path,
    /// The bundle on its engine.
    pub analyzer: &'a Analyzer,
    /// Worker threads of the analyzer; as many prepare films.
    pub workers: usize,
    /// Whether to read each film covered, too.
    pub checks: bool,
}

/// A run over the films.
struct Run<'a> {
    plan: &'a Plan<'a>,
    names: Vec<String>,
    films: Films,
    cases: Vec<Case>,
    contents: HashMap<String, String>,
    covered: VecDeque<(Case, Covered)>,
}

/// Reads the films and enters into `films` what became of each; `done` is called for each.
///
/// # Errors
/// Never in practice: the order names no network.
pub fn read(
    plan: &Plan<'_>,
    films: Films,
    listed: &[&Labelled],
    done: impl Fn(),
) -> anyhow::Result<(Films, Vec<Case>)> {
    let reader = Reader::new(plan.analyzer, Order { keep_film: plan.checks, ..Order::default() })?;
    let names = plan.analyzer.bundle().networks().iter().map(|network| network.name.clone()).collect();
    let run = Run { plan, names, films, cases: Vec::new(), contents: HashMap::new(), covered: VecDeque::new() };
    let run = RefCell::new(run);
    let open = |film| {
        let input = run.borrow_mut().open(film, reader.byte_limit());
        if input.is_none() {
            done();
        }
        Some((film, Stopwatch::start(), input?))
    };
    let flow = Flow { feeders: plan.workers, in_flight: plan.workers * IN_FLIGHT_PER_WORKER };
    reader.read_each(flow, listed.iter().copied().filter_map(open), |film, finished| {
        run.borrow_mut().enter(film, finished);
        done();
        Ok::<_, Infallible>(())
    })?;
    let mut run = run.into_inner();
    run.settle(0);
    // What could not be opened was known at once, the others' turn came later.
    run.films.unreadable.sort_by_key(|film| film.line);
    Ok((run.films, run.cases))
}

impl Run<'_> {
    /// The film's bytes; none where it is not there or elsewhere, which is written down.
    fn open(&mut self, film: &Labelled, limit: u64) -> Option<Input> {
        let name = || film.file.clone();
        match film.below(self.plan.folder) {
            Err(elsewhere) => {
                let error = elsewhere.to_string();
                self.films.unreadable.push(Unread { line: film.line, file: name(), error });
            }
            Ok(path) if matches!(path.try_exists(), Ok(false)) => {
                self.films.missing.push(Missing { line: film.line, file: name() });
            }
            Ok(path) => return Some(Input::of_path(&path, limit)),
        }
        None
    }

    /// Writes down what became of a film.
    fn enter(&mut self, film: &Labelled, finished: Finished) {
        let Finished { record, picture, .. } = finished;
        self.compare_content(film, &record);
        let unread = |error: String| Unread { line: film.line, file: film.file.clone(), error };
        match (record.status, record.prediction) {
            (Status::Failed, _) => self.films.unreadable.push(unread(record.error.unwrap_or_default())),
            (Status::Refused, _) | (_, None) => {
                self.films.refused += 1;
                for reason in record.gate.reasons {
                    *self.films.refusals.entry(reason.code).or_default() += 1;
                }
            }
            (Status::Ok, Some(consensus)) => {
                if let Some(case) = self.case(film, &consensus) {
                    self.accept(case, picture);
                } else {
                    let reasons: Vec<String> = consensus.reasons.into_iter().map(|reason| reason.message).collect();
                    self.films.undecided.push(unread(reasons.join(" ")));
                }
            }
        }
    }

    /// Takes a film into the figures, once it has been read covered where that is asked for.
    fn accept(&mut self, case: Case, picture: Option<(GrayImage, Reading)>) {
        self.films.read += 1;
        match picture {
            None => self.cases.push(case),
            Some((picture, reading)) => {
                self.covered.push_back((case, Covered::submit(self.plan.analyzer, &picture, &reading)));
                self.settle(self.plan.workers * IN_FLIGHT_PER_WORKER);
            }
        }
    }

    /// Waits for films that are read covered until at most so many are left.
    fn settle(&mut self, left: usize) {
        while self.covered.len() > left
            && let Some((case, covered)) = self.covered.pop_front()
        {
            self.cases.push(Case { covered: Some(covered.wait()), ..case });
        }
    }

    fn compare_content(&mut self, film: &Labelled, record: &Record) {
        let Some(sha256) = &record.sha256 else { return };
        let same_as = self.contents.entry(sha256.clone()).or_insert_with(|| film.file.clone());
        if *same_as != film.file {
            let same_as = same_as.clone();
            self.films.same_content.push(SameContent { line: film.line, file: film.file.clone(), same_as });
        }
    }

    /// The film as a case; none where too few networks voted.
    fn case(&self, film: &Labelled, consensus: &Consensus) -> Option<Case> {
        let of =
            |name: &String| consensus.models.iter().find(|score| score.name == *name).map(|score| score.probabilities);
        Some(Case {
            truth: film.truth?,
            patient: film.patient,
            traits: film.traits.clone(),
            ensemble: consensus.probabilities?,
            diagnosis: consensus.final_diagnosis?,
            set: consensus.prediction_set.clone(),
            inconclusive: consensus.inconclusive,
            networks: self.names.iter().map(of).collect(),
            covered: None,
        })
    }
}
