//! The facade: a bundle on an engine, within a memory budget, that reads films.
//!
//! A film is measured and prepared on the caller's thread, then waits in a bounded queue; the desk's threads run the networks,
//! and the caller gets a [`Reading`] by its [`Ticket`].

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use thorax_domain::clock::Stopwatch;
use thorax_domain::prediction::{EngineIdentity, NetworkIdentity, Precision, Prediction, Provenance, Verdict};
use thorax_imaging::GrayImage;
use thorax_imaging::heat::{Heat, Part};
use thorax_imaging::quality;
use thorax_imaging::recipe::{Field, RecipeError};

pub use crate::budget::{BudgetTooSmall, MemoryReport};
use crate::budget::{MIB, Need, Shelf};
use crate::bundle::{Bundle, BundleError, Network, UnknownNetwork, View};
pub use crate::desk::Busy;
use crate::desk::{Caller, Desk, Shared, Size};
use crate::engine::Engine;
use crate::ensemble::{self, Ballot, Circumstances};
use crate::explain::{self, NetworkMap};
use crate::gate;
use crate::locator::{LocateError, Locator};
use crate::proof;
pub use crate::proof::OpenError;
use crate::queue::Order;
pub use crate::queue::Urgency;
use crate::round::{self, Seat};

/// How an analyzer is to work.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Bytes that loaded networks may hold; without one they all stay loaded.
    pub memory_budget: Option<u64>,
    /// Worker threads; each runs one network at a time on one core.
    pub threads: usize,
    /// Films of each urgency that may wait before further ones are refused.
    pub queue: usize,
    /// Films that go through a network together at most; fewer where the budget holds no more.
    pub batch: usize,
    /// How long a routine film waits for others to go with, while fewer than `batch` wait. Urgent ones wait for nobody.
    pub batch_wait: Duration,
    /// Compute everything in f32, also where the bundle allows less.
    pub full_precision: bool,
}

impl Default for Settings {
    /// All networks resident, a worker for each core, 64 films waiting, batches of 4: larger ones cost memory. Films go at once
    /// with those that are there.
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Self { memory_budget: None, threads, queue: 64, batch: 4, batch_wait: Duration::ZERO, full_precision: false }
    }
}

/// A film to be read.
#[derive(Debug, Clone)]
pub struct Request {
    /// The decoded film.
    pub film: GrayImage,
    /// The patient's age in years, where known.
    pub age_years: Option<u16>,
    /// Names of the networks that are to vote; all for none.
    pub networks: Vec<String>,
    /// Go on though the gate refuses; recorded in the result.
    pub force: bool,
    /// How soon it is to be read. The result is the same.
    pub urgency: Urgency,
}

/// Why a film was not taken.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// Too many wait.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// A network was named that there is not.
    #[error(transparent)]
    UnknownNetwork(#[from] UnknownNetwork),
    /// A recipe cannot prepare the film.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// The lungs could not be looked for.
    #[error(transparent)]
    Locate(#[from] LocateError),
}

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
    /// Measuring, locating the lungs and preparing each view.
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

impl Reading {
    /// Of a film that the gate refused: there is nothing to show of it.
    const fn refused(prediction: Prediction, field: Field, milliseconds: StageTimes) -> Self {
        Self { prediction, maps: Vec::new(), agreement_map: None, lungs: None, field, milliseconds }
    }
}

/// A claim on a reading. Dropping it tells the desk that nobody waits any more.
#[derive(Debug)]
pub struct Ticket {
    reading: Receiver<Result<Reading, AnalysisError>>,
    gone: Arc<AtomicBool>,
    done: Arc<AtomicUsize>,
    networks: usize,
}

impl Ticket {
    /// How many networks have looked at the film, and how many are to.
    #[must_use]
    pub fn progress(&self) -> (usize, usize) {
        (self.done.load(Ordering::Relaxed).min(self.networks), self.networks)
    }

    /// Waits for the reading, but not longer than `time`: `None` where it is not there yet.
    #[must_use]
    pub fn wait_for(&self, time: Duration) -> Option<Result<Reading, AnalysisError>> {
        match self.reading.recv_timeout(time) {
            Ok(reading) => Some(reading),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Err(AnalysisError::Closed)),
        }
    }

    /// Waits for the reading.
    ///
    /// # Errors
    /// [`AnalysisError`].
    pub fn wait(self) -> Result<Reading, AnalysisError> {
        self.reading.recv().unwrap_or(Err(AnalysisError::Closed))
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.gone.store(true, Ordering::Relaxed);
    }
}

/// A bundle on an engine, ready to read.
pub struct Analyzer {
    desk: Desk<Claim>,
}

impl Analyzer {
    /// Opens a bundle on an engine: every network is loaded once and must reproduce its golden values, and so must the
    /// ensemble.
    ///
    /// # Errors
    /// [`OpenError`] naming the network, file or figure that is wrong.
    pub fn open(bundle: Bundle, engine: Arc<dyn Engine>, settings: Settings) -> Result<Self, OpenError> {
        let precisions = precisions(&bundle, engine.as_ref(), settings.full_precision);
        let needs = needs(&bundle, engine.as_ref(), &precisions, settings.batch.max(1));
        let shelf = Shelf::new(settings.memory_budget, fixed(&bundle, engine.as_ref())?, needs)?;
        let batch = shelf.batch();
        let locator = Locator::load(&bundle, engine.as_ref())?;
        let shared = Arc::new(Shared { bundle, engine, precisions, shelf, locator });
        proof::prove(&shared, settings.threads)?;
        let order = Order { limit: settings.queue, batch, wait: settings.batch_wait };
        let size = Size { threads: settings.threads, order };
        Ok(Self { desk: Desk::open(shared, size) })
    }

    /// Bytes of the smallest budget in which a bundle can be read: what is always there, and the largest network with one film.
    ///
    /// # Errors
    /// [`OpenError`] when the locator's file is not in order.
    pub fn smallest_budget(bundle: &Bundle, engine: &dyn Engine, full_precision: bool) -> Result<u64, OpenError> {
        let precisions = precisions(bundle, engine, full_precision);
        let needs = needs(bundle, engine, &precisions, 1);
        let largest = needs.iter().filter_map(|need| need.by_films.first()).max().copied().unwrap_or(0);
        Ok((fixed(bundle, engine)? + largest) * MIB)
    }

    /// Prepares a film and puts it into the queue.
    ///
    /// # Errors
    /// [`SubmitError::Busy`] when the queue is full; the others when the request is wrong.
    pub fn submit(&self, request: &Request) -> Result<Ticket, SubmitError> {
        let (seat, ticket) = self.prepare(request)?;
        if let Some(seat) = seat {
            self.desk.submit(seat)?;
        }
        Ok(ticket)
    }

    /// Prepares a film and waits until the queue has room for it.
    ///
    /// # Errors
    /// [`SubmitError`], never [`SubmitError::Busy`].
    pub fn submit_waiting(&self, request: &Request) -> Result<Ticket, SubmitError> {
        let (seat, ticket) = self.prepare(request)?;
        if let Some(seat) = seat {
            self.desk.submit_waiting(seat);
        }
        Ok(ticket)
    }

    /// The film's place in the queue and the ticket; no place where the ruler alone refuses it.
    fn prepare(&self, request: &Request) -> Result<(Option<Seat<Claim>>, Ticket), SubmitError> {
        let mut stopwatch = Stopwatch::start();
        let bundle = self.bundle();
        let voters = bundle.select(&request.networks)?;
        let measured = gate::measure(&bundle.manifest().gate, &quality::measure(&request.film));
        let field = Field::whole(request.film.width(), request.film.height());
        let (reply, reading) = channel();
        let gone = Arc::new(AtomicBool::new(false));
        let done = Arc::new(AtomicUsize::new(0));
        // The gate's network looks at every film, whether it votes or not.
        let looking = voters.len() + usize::from(!voters.contains(&round::GATE));
        let ticket = Ticket { reading, gone: Arc::clone(&gone), done: Arc::clone(&done), networks: looking };
        if !measured.is_empty() && !request.force {
            let milliseconds = StageTimes { preprocess: stopwatch.lap(), gate: 0.0, inference: 0.0 };
            let prediction = Prediction { gate: Verdict::new(measured), consensus: None };
            let reading = Reading::refused(prediction, field, milliseconds);
            let _ = reply.send(Ok(reading));
            return Ok((None, ticket));
        }
        let lungs = self.desk.shared().lungs(&request.film).transpose()?;
        let (samples, parts) = self.views(&request.film, lungs.as_ref(), &voters)?;
        let preprocess = stopwatch.lap();
        let caller = Claim { reply, gone, age_years: request.age_years, field, parts, lungs, preprocess };
        let networks = bundle.networks().len();
        let seat = Seat {
            caller,
            urgency: request.urgency,
            samples,
            voters,
            force: request.force,
            measured,
            verdict: None,
            waiting: Stopwatch::start(),
            judged: None,
            opinions: vec![None; networks],
            done,
        };
        Ok((Some(seat), ticket))
    }

    /// A film's samples in each view that the voters or the gate look at, and the part of the film that each view shows.
    fn views(
        &self,
        film: &GrayImage,
        lungs: Option<&Heat>,
        voters: &[usize],
    ) -> Result<(Vec<Vec<f32>>, Vec<Part>), RecipeError> {
        let bundle = self.bundle();
        let is_seen = |view| voters.iter().chain([&round::GATE]).any(|&network| bundle.view_of(network) == view);
        let prepare = |(index, view): (usize, &View)| {
            let part = view.recipe.field((film.width(), film.height()), lungs).part_of(film.width(), film.height());
            let samples = if is_seen(index) { view.recipe.apply(film, lungs)?.tensor } else { Vec::new() };
            Ok((samples, part))
        };
        bundle.views().iter().enumerate().map(prepare).collect()
    }

    /// The bundle.
    #[must_use]
    pub fn bundle(&self) -> &Bundle {
        &self.desk.shared().bundle
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> EngineIdentity {
        self.desk.shared().engine.identity()
    }

    /// A network of the bundle as it is computed here.
    fn network(&self, index: usize) -> NetworkIdentity {
        let Shared { bundle, precisions, .. } = &**self.desk.shared();
        let network = &bundle.networks()[index];
        NetworkIdentity { name: network.name.clone(), sha256: network.sha256.clone(), precision: precisions[index] }
    }

    /// All networks of the bundle as they are computed here.
    #[must_use]
    pub fn networks(&self) -> Vec<NetworkIdentity> {
        (0..self.bundle().networks().len()).map(|index| self.network(index)).collect()
    }

    /// Memory, as the ledger, the device and the operating system see it.
    #[must_use]
    pub fn memory(&self) -> MemoryReport {
        self.desk.memory()
    }

    /// Where a result of these networks comes from.
    ///
    /// # Errors
    /// [`UnknownNetwork`] when a name is none of the bundle's.
    pub fn provenance(&self, origin: Origin<'_>) -> Result<Provenance, UnknownNetwork> {
        let bundle = self.bundle();
        let networks = bundle.select(origin.networks)?.into_iter().map(|index| self.network(index));
        let manifest = bundle.manifest();
        Ok(Provenance {
            bundle: manifest.id.clone(),
            bundle_sha256: bundle.hash().to_owned(),
            recipe: bundle.describe_views(),
            coverage: manifest.ensemble.coverage,
            conformal_threshold: manifest.ensemble.conformal_threshold,
            minimum_votes: manifest.ensemble.minimum_votes,
            networks: networks.collect(),
            engine: self.engine(),
            program: origin.program.to_owned(),
            input_sha256: origin.input_sha256.to_owned(),
            forced: origin.forced,
        })
    }
}

/// In which numbers each network is computed.
fn precisions(bundle: &Bundle, engine: &dyn Engine, full: bool) -> Vec<Precision> {
    let choose = |one: &Network| if full { Precision::F32 } else { engine.precision(&one.reduced) };
    bundle.networks().iter().map(choose).collect()
}

/// MiB that each network needs with one film, with two, and so on.
fn needs(bundle: &Bundle, engine: &dyn Engine, precisions: &[Precision], batch: usize) -> Vec<Need> {
    let need = |(network, &precision): (&Network, &Precision)| {
        let mib = |films| engine.footprint(network.parameters, precision, films).div_ceil(MIB);
        Need { name: network.name.clone(), by_films: (1..=batch).map(mib).collect() }
    };
    bundle.networks().iter().zip(precisions).map(need).collect()
}

/// MiB that are taken whatever is loaded: the engine itself and the locator.
fn fixed(bundle: &Bundle, engine: &dyn Engine) -> Result<u64, BundleError> {
    Ok((engine.standing() + Locator::reservation(bundle, engine)?).div_ceil(MIB))
}

/// What an analyzer cannot know of a result's origin.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// The networks that were asked; all for none.
    pub networks: &'a [String],
    /// SHA-256 of the file.
    pub input_sha256: &'a str,
    /// Whether the gate was to be overridden.
    pub forced: bool,
    /// The program's version.
    pub program: &'a str,
}

/// A caller who waits for a reading.
struct Claim {
    reply: Sender<Result<Reading, AnalysisError>>,
    gone: Arc<AtomicBool>,
    age_years: Option<u16>,
    field: Field,
    /// What each view shows of the film.
    parts: Vec<Part>,
    lungs: Option<Heat>,
    preprocess: f64,
}

impl Caller for Claim {
    fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Relaxed)
    }

    fn receive(seat: Seat<Self>, shared: &Shared) {
        let inference = seat.waiting.total();
        let reply = seat.caller.reply.clone();
        // Whoever dropped the ticket does not wait for the answer.
        let _ = reply.send(read(seat, shared, inference));
    }
}

/// The reading of a film that is done.
fn read(seat: Seat<Claim>, shared: &Shared, inference: f64) -> Result<Reading, AnalysisError> {
    let bundle = &shared.bundle;
    let verdict = seat.verdict.clone().ok_or(AnalysisError::Closed)?.map_err(AnalysisError::Gate)?;
    let milliseconds =
        StageTimes { preprocess: seat.caller.preprocess, gate: seat.judged.unwrap_or(inference), inference };
    let field = seat.caller.field;
    if !verdict.accepted && !seat.force {
        let prediction = Prediction { gate: verdict, consensus: None };
        return Ok(Reading::refused(prediction, field, milliseconds));
    }
    let ballots: Vec<Ballot<'_>> = seat
        .voters
        .iter()
        .map(|&network| {
            let vote = match &seat.opinions[network] {
                Some(Ok(opinion)) => Ok((opinion.logits.as_slice(), opinion.milliseconds)),
                Some(Err(why)) => Err(why.clone()),
                None => Err("it was not run".to_owned()),
            };
            Ballot { network, vote }
        })
        .collect();
    let circumstances = Circumstances { age_years: seat.caller.age_years, overridden: !verdict.accepted };
    let consensus = ensemble::consensus(bundle, &ballots, circumstances);
    let label = bundle.labels().iter().position(|&label| consensus.final_diagnosis == Some(label));
    let maps = label.map(|label| maps(bundle, &seat, label)).unwrap_or_default();
    let agreement_map = explain::agreement(&maps).ok();
    let prediction = Prediction { gate: verdict, consensus: Some(consensus) };
    Ok(Reading { prediction, maps, agreement_map, lungs: seat.caller.lungs, field, milliseconds })
}

/// The maps of the networks that voted, for one class.
fn maps(bundle: &Bundle, seat: &Seat<Claim>, label: usize) -> Vec<NetworkMap> {
    let map = |&network: &usize| {
        let opinion = seat.opinions[network].as_ref()?.as_ref().ok()?;
        let part = seat.caller.parts[bundle.view_of(network)];
        explain::map(&bundle.networks()[network].name, &opinion.cam, label, part, seat.caller.lungs.as_ref())
    };
    seat.voters.iter().filter_map(map).collect()
}
