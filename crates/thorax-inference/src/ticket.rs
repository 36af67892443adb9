//! The ticket: what the caller holds of a film under way, and the reading that it becomes.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use thorax_domain::prediction::{Prediction, Verdict};
use thorax_imaging::heat::{Heat, Part};
use thorax_imaging::recipe::Field;

use crate::analyzer::Request;
use crate::desk::Shared;
use crate::engine::Tensor;
use crate::ensemble::{self, Ballot, Circumstances};
use crate::explain::{self, NetworkMap};
use crate::gate;
use crate::pooling::LungWeights;
use crate::round::{self, Findings, Opinion};

/// Why a film that was taken was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnalysisError {
    /// The gate's network failed, and without the gate nothing is read.
    #[error("the gate could not look at the film: {0}")]
    Gate(String),
    /// The analyzer was closed first.
    #[error("the analyzer was closed before the film was read")]
    Closed,
}

/// Milliseconds that a film spent in each stage, by the wall clock.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StageTimes {
    /// Measuring, locating the lungs and preparing each view. Networks that need no lungs look at the film before it has ended.
    pub preprocess: f64,
    /// From the queue to the gate's verdict; the other networks run beside it.
    pub gate: f64,
    /// From the queue to the last network's output, the gate included.
    pub inference: f64,
}

/// What came out for one film.
#[derive(Debug, Clone)]
pub struct Reading {
    /// Verdict and consensus.
    pub prediction: Prediction,
    /// Where each voting network sees the final diagnosis; empty without one.
    pub maps: Vec<NetworkMap>,
    /// Where they see it together.
    pub agreement_map: Option<Heat>,
    /// Probability of lung for each cell of the whole film; `None` where the bundle has no locator.
    pub lungs: Option<Heat>,
    /// The part of the film that the maps and the lungs cover: all of it.
    pub field: Field,
    /// How long it took.
    pub milliseconds: StageTimes,
}

/// A claim on a reading. Dropping it tells the desk that nobody waits any more.
pub struct Ticket {
    shared: Arc<Shared>,
    findings: Receiver<Findings>,
    /// Set when the ticket is dropped.
    pub(crate) gone: Arc<AtomicBool>,
    /// How many networks have looked at the film.
    pub(crate) done: Arc<AtomicUsize>,
    /// Networks whose votes are wanted.
    pub(crate) voters: Vec<usize>,
    /// Where the lungs are, once that is known.
    pub(crate) lungs: Option<Heat>,
    /// See [`StageTimes::preprocess`].
    pub(crate) preprocess: f64,
    force: bool,
    age_years: Option<u16>,
    size: (u32, u32),
}

impl Ticket {
    /// For a film of which nothing is known yet.
    pub(crate) fn new(
        shared: Arc<Shared>,
        request: &Request,
        voters: Vec<usize>,
        findings: Receiver<Findings>,
    ) -> Self {
        Self {
            shared,
            findings,
            gone: Arc::default(),
            done: Arc::default(),
            voters,
            lungs: None,
            preprocess: 0.0,
            force: request.force,
            age_years: request.age_years,
            size: (request.film.width(), request.film.height()),
        }
    }

    /// How many networks have looked at the film, and how many are to.
    #[must_use]
    pub fn progress(&self) -> (usize, usize) {
        // The gate's network looks at every film, whether it votes or not.
        let looking = self.voters.len() + usize::from(!self.voters.contains(&round::GATE));
        (self.done.load(Ordering::Relaxed).min(looking), looking)
    }

    /// Waits for the reading, but not longer than `time`: `None` where it is not there yet.
    #[must_use]
    pub fn wait_for(&self, time: Duration) -> Option<Result<Reading, AnalysisError>> {
        match self.findings.recv_timeout(time) {
            Ok(findings) => Some(self.read(&findings)),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Err(AnalysisError::Closed)),
        }
    }

    /// Waits for the reading.
    ///
    /// # Errors
    /// [`AnalysisError`].
    pub fn wait(self) -> Result<Reading, AnalysisError> {
        self.findings.recv().map_or(Err(AnalysisError::Closed), |findings| self.read(&findings))
    }

    /// The reading of a film that is done.
    fn read(&self, findings: &Findings) -> Result<Reading, AnalysisError> {
        let gate = self.judge(findings)?;
        let (width, height) = self.size;
        let mut reading = Reading {
            prediction: Prediction { gate, consensus: None },
            maps: Vec::new(),
            agreement_map: None,
            lungs: None,
            field: Field::whole(width, height),
            milliseconds: StageTimes {
                preprocess: self.preprocess,
                gate: findings.judged,
                inference: findings.inference,
            },
        };
        let overridden = !reading.prediction.gate.accepted;
        if overridden && !self.force {
            // There is nothing to show of it.
            return Ok(reading);
        }
        let circumstances = Circumstances { age_years: self.age_years, overridden };
        let bundle = &self.shared.bundle;
        let opinions: Vec<_> = self.voters.iter().map(|&network| (network, self.opinion(findings, network))).collect();
        let consensus = ensemble::consensus(bundle, &ballots(&opinions), circumstances);
        if let Some(label) = bundle.labels().iter().position(|&label| consensus.final_diagnosis == Some(label)) {
            reading.maps = self.maps(&opinions, label);
        }
        reading.agreement_map = explain::agreement(&reading.maps).ok();
        reading.prediction.consensus = Some(consensus);
        reading.lungs.clone_from(&self.lungs);
        Ok(reading)
    }

    /// The verdict of ruler and embedding, and what the lungs that were found say against the film.
    fn judge(&self, findings: &Findings) -> Result<Verdict, AnalysisError> {
        let verdict = findings.verdict.clone().ok_or(AnalysisError::Closed)?.map_err(AnalysisError::Gate)?;
        let locator = self.shared.bundle.manifest().locator.as_ref();
        let by_lungs = locator.zip(self.lungs.as_ref()).and_then(|(limits, lungs)| gate::look_at_lungs(limits, lungs));
        Ok(Verdict::new(verdict.reasons.into_iter().chain(by_lungs).collect()))
    }

    /// What a voter saw, or why it does not vote.
    fn opinion<'a>(&self, findings: &'a Findings, network: usize) -> Result<Weighed<'a>, String> {
        let Opinion { cam, milliseconds } = match &findings.opinions[network] {
            Some(Ok(opinion)) => opinion,
            Some(Err(why)) => return Err(why.clone()),
            None => return Err("it was not run".to_owned()),
        };
        let (bundle, lungs) = (&self.shared.bundle, self.lungs.as_ref());
        let part = bundle.part_of(network, self.size, lungs);
        Ok(Weighed { cam, milliseconds: *milliseconds, part, weights: bundle.lung_weights(cam, part, lungs) })
    }

    /// The maps of the networks that voted, for one class.
    fn maps(&self, opinions: &[Voter<'_>], label: usize) -> Vec<NetworkMap> {
        let map = |(network, opinion): &Voter<'_>| {
            let Weighed { cam, part, weights, .. } = opinion.as_ref().ok()?;
            let heat = explain::evidence(cam, weights, label).ok()?;
            Some(NetworkMap::new(&self.shared.bundle.networks()[*network].name, &heat, *part, self.lungs.as_ref()))
        };
        opinions.iter().filter_map(map).collect()
    }
}

/// A network of which a vote is wanted, and what it saw or why it does not vote.
type Voter<'a> = (usize, Result<Weighed<'a>, String>);

/// A voter's maps, and what their cells are worth.
struct Weighed<'a> {
    cam: &'a Tensor,
    milliseconds: f64,
    /// What its view shows of the film.
    part: Part,
    weights: LungWeights,
}

/// What each voter says.
fn ballots(opinions: &[Voter<'_>]) -> Vec<Ballot> {
    let ballot = |(network, opinion): &Voter<'_>| {
        let vote = opinion.as_ref().map(|one| (one.weights.logits(one.cam.film(0)), one.milliseconds));
        Ballot { network: *network, vote: vote.map_err(Clone::clone) }
    };
    opinions.iter().map(ballot).collect()
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket").field("voters", &self.voters).finish_non_exhaustive()
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.gone.store(true, Ordering::Relaxed);
    }
}
