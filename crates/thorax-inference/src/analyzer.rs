//! The facade: a bundle on an engine, within a memory budget, that reads films.
//!
//! A film is measured and prepared on the caller's thread, and waits in a bounded queue; the desk's threads run the networks, those
//! that need no lungs while the caller's thread still looks for them, and the caller gets a [`Reading`] by its [`Ticket`].

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use thorax_domain::clock::Stopwatch;
use thorax_domain::prediction::{EngineIdentity, NetworkIdentity, Precision, Provenance, Refusal, Verdict};
use thorax_imaging::GrayImage;
use thorax_imaging::heat::Heat;
use thorax_imaging::quality;
use thorax_imaging::recipe::RecipeError;

pub use crate::budget::{BudgetTooSmall, MemoryReport};
use crate::budget::{MIB, Need, Shelf};
use crate::bundle::{Bundle, BundleError, Network, UnknownNetwork};
pub use crate::desk::Busy;
use crate::desk::{Caller, Desk, Shared, Size};
use crate::engine::Engine;
use crate::gate;
use crate::locator::{LocateError, Locator};
use crate::proof;
pub use crate::proof::OpenError;
use crate::queue::Order;
pub use crate::queue::Urgency;
use crate::round::{self, Findings, Samples, Seat};
pub use crate::ticket::{AnalysisError, Reading, StageTimes, Ticket};

/// How an analyzer is to work.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Bytes that loaded networks may hold; without one they all stay loaded.
    pub memory_budget: Option<u64>,
    /// Worker threads; each runs one network at a time on one core.
    pub threads: usize,
    /// Films of each urgency that may wait before further ones are refused.
    pub queue: usize,
    /// Films that go through a network together at most; the engine's own number where it is not said, fewer where the budget
    /// holds no more.
    pub batch: Option<usize>,
    /// How long a routine film waits for others to go with, while fewer than `batch` wait. Urgent ones wait for nobody.
    pub batch_wait: Duration,
    /// Compute everything in f32, also where the bundle allows less.
    pub full_precision: bool,
}

impl Default for Settings {
    /// All networks resident, a worker for each core, 64 films waiting. Films go at once with those that are there.
    fn default() -> Self {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        Self { memory_budget: None, threads, queue: 64, batch: None, batch_wait: Duration::ZERO, full_precision: false }
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
        let batch = settings.batch.unwrap_or_else(|| engine.batch()).max(1);
        let needs = needs(&bundle, engine.as_ref(), &precisions, batch);
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

    /// Puts a film into the queue and prepares it.
    ///
    /// # Errors
    /// [`SubmitError::Busy`] when the queue is full; the others when the request is wrong.
    pub fn submit(&self, request: &Request) -> Result<Ticket, SubmitError> {
        self.enter(request, |seat| self.desk.submit(seat))
    }

    /// Puts a film into the queue as soon as it has room, and prepares it.
    ///
    /// # Errors
    /// [`SubmitError`], never [`SubmitError::Busy`].
    pub fn submit_waiting(&self, request: &Request) -> Result<Ticket, SubmitError> {
        self.enter(request, |seat| {
            self.desk.submit_waiting(seat);
            Ok(())
        })
    }

    /// Measures a film, has it queued with the views that need no lungs, and supplies the others while networks look at those.
    /// What the ruler alone refuses is not queued.
    fn enter(
        &self,
        request: &Request,
        queue: impl FnOnce(Seat<Claim>) -> Result<(), Busy>,
    ) -> Result<Ticket, SubmitError> {
        let stopwatch = Stopwatch::start();
        let voters = self.bundle().select(&request.networks)?;
        let samples = self.bundle().views().iter().map(|_| OnceLock::new()).collect();
        let (measured, prepared) = self.measure(&request.film, || self.prepare(&request.film, None, &voters, &samples));
        let (reply, findings) = channel();
        let mut ticket = Ticket::new(Arc::clone(self.desk.shared()), request, voters, findings);
        if !measured.is_empty() && !request.force {
            let verdict = Some(Ok(Verdict::new(measured)));
            let _ = reply.send(Findings { verdict, ..Findings::none(0) });
            ticket.preprocess = stopwatch.total();
            return Ok(ticket);
        }
        prepared?;
        queue(Seat {
            caller: Claim { reply, gone: Arc::clone(&ticket.gone) },
            urgency: request.urgency,
            samples: Arc::clone(&samples),
            voters: ticket.voters.clone(),
            force: request.force,
            measured,
            waiting: Stopwatch::start(),
            findings: Findings::none(self.bundle().networks().len()),
            done: Arc::clone(&ticket.done),
        })?;
        let _news = self.desk.news();
        self.supply(&request.film, &samples, ticket, &stopwatch)
    }

    /// What the ruler finds, on a thread of its own, and what came of the work beside it.
    fn measure<T>(&self, film: &GrayImage, beside: impl FnOnce() -> T) -> (Vec<Refusal>, T) {
        let limits = &self.bundle().manifest().gate;
        thread::scope(|scope| {
            let measuring = scope.spawn(|| gate::measure(limits, &quality::measure(film)));
            let done = beside();
            (measuring.join().unwrap_or_else(|panic| resume_unwind(panic)), done)
        })
    }

    /// Looks for the lungs of a film in the queue and prepares the views that need them. Where that fails, the ticket is dropped,
    /// and the film leaves the queue.
    fn supply(
        &self,
        film: &GrayImage,
        samples: &Samples,
        mut ticket: Ticket,
        stopwatch: &Stopwatch,
    ) -> Result<Ticket, SubmitError> {
        ticket.lungs = self.desk.shared().lungs(film).transpose()?;
        if let Some(lungs) = &ticket.lungs {
            self.prepare(film, Some(lungs), &ticket.voters, samples)?;
        }
        ticket.preprocess = stopwatch.total();
        Ok(ticket)
    }

    /// Prepares the views that the voters or the gate look at: those that need lungs where they are given, else the others.
    fn prepare(
        &self,
        film: &GrayImage,
        lungs: Option<&Heat>,
        voters: &[usize],
        samples: &Samples,
    ) -> Result<(), RecipeError> {
        let bundle = self.bundle();
        for (index, (view, cell)) in bundle.views().iter().zip(samples.iter()).enumerate() {
            let is_seen = voters.iter().chain([&round::GATE]).any(|&network| bundle.view_of(network) == index);
            if is_seen && view.recipe.needs_lungs() == lungs.is_some() {
                let _ = cell.set(view.recipe.apply(film, lungs)?.tensor);
            }
        }
        Ok(())
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

    /// Films that go through the networks together at most.
    #[must_use]
    pub fn batch(&self) -> usize {
        self.desk.shared().shelf.batch()
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
    reply: Sender<Findings>,
    gone: Arc<AtomicBool>,
}

impl Caller for Claim {
    fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Relaxed)
    }

    fn receive(mut seat: Seat<Self>) {
        seat.findings.inference = seat.waiting.total();
        // Whoever dropped the ticket does not wait for the answer.
        let _ = seat.caller.reply.send(seat.findings);
    }
}
