//! The desk: a bounded queue of films, the rounds under way, and the threads that run their passes. Each thread
//! runs one network at a time on one core: networks side by side, not each on all cores.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use thorax_domain::clock::Stopwatch;
use thorax_domain::prediction::Precision;
use thorax_imaging::GrayImage;
use thorax_imaging::heat::Heat;

use crate::budget::{MemoryReport, Shelf};
use crate::bundle::Bundle;
use crate::engine::{Engine, Session};
use crate::locator::{LocateError, Locator};
use crate::network::{self, NetworkOutputs};
use crate::queue::{Order, Queue, Urgency};
use crate::recovery;
use crate::round::{Pass, Round, Seat, Turn};
use crate::schedule;

/// What the threads share.
pub struct Shared {
    /// The bundle.
    pub bundle: Bundle,
    /// The engine.
    pub engine: Arc<dyn Engine>,
    /// In which numbers each network is computed.
    pub precisions: Vec<Precision>,
    /// Which networks are loaded.
    pub shelf: Shelf,
    /// What finds the lungs, always loaded.
    pub locator: Option<Locator>,
}

impl Shared {
    /// Where a film's lungs are; `None` where the bundle has no locator.
    pub fn lungs(&self, film: &GrayImage) -> Option<Result<Heat, LocateError>> {
        Some(self.locator.as_ref()?.find(film, &self.shelf))
    }
}

/// Who brought a film.
pub trait Caller: Send + 'static {
    /// Whether nobody waits for the film any more.
    fn is_gone(&self) -> bool;
    /// Takes the finished film. Called on a worker thread.
    fn receive(seat: Seat<Self>)
    where
        Self: Sized;
}

/// The queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{limit} X-rays are waiting already; try again in a moment")]
pub struct Busy {
    /// How many may wait.
    pub limit: usize,
}

/// Passes of urgent films after which one of routine films goes, where there are any: two films' worth, so that one urgent film
/// is never stopped for them, and however many come, the others get on.
const OVERTAKING: usize = 12;

struct State<T> {
    waiting: Queue<T>,
    rounds: Vec<Round<T>>,
    next_round: u64,
    /// Passes of urgent films that were started since the last one of routine films, while there were such.
    overtaken: usize,
    /// Milliseconds that a film took in each network, the last time.
    costs: Vec<f64>,
    /// The passes that workers are at.
    running: Vec<Running>,
    closing: bool,
}

/// A pass that a worker is at.
struct Running {
    round: u64,
    network: usize,
    /// Milliseconds that it will take, as it took the last time.
    cost: f64,
    since: Stopwatch,
}

impl Running {
    /// Milliseconds that it has to go.
    fn left(&self) -> f64 {
        (self.cost - self.since.total()).max(0.0)
    }
}

struct Board<T> {
    shared: Arc<Shared>,
    state: Mutex<State<T>>,
    /// Something can be started, or the desk closes.
    work: Condvar,
    /// The queue has room.
    room: Condvar,
    queue: usize,
    workers: usize,
}

/// The desk. Dropping it waits for the passes that are running; films that wait are dropped with their callers.
pub struct Desk<T: Caller> {
    board: Arc<Board<T>>,
    threads: Vec<JoinHandle<()>>,
}

/// How large the desk is.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Worker threads.
    pub threads: usize,
    /// How films are put together.
    pub order: Order,
}

impl<T: Caller> Desk<T> {
    /// Opens a desk and starts its threads.
    pub fn open(shared: Arc<Shared>, size: Size) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "only the order of the first guesses matters")]
        let costs = shared.bundle.networks().iter().map(|network| network.parameters as f64).collect();
        let Order { limit, batch, wait } = size.order;
        let order = Order { limit: limit.max(1), batch: batch.max(1), wait };
        let state = State {
            waiting: Queue::new(order),
            rounds: Vec::new(),
            next_round: 0,
            overtaken: 0,
            costs,
            running: Vec::new(),
            closing: false,
        };
        let board = Arc::new(Board {
            shared,
            state: Mutex::new(state),
            work: Condvar::new(),
            room: Condvar::new(),
            queue: order.limit,
            workers: size.threads.max(1),
        });
        let threads = (0..board.workers)
            .filter_map(|index| {
                let board = Arc::clone(&board);
                let name = format!("thorax-network-{index}");
                std::thread::Builder::new().name(name).spawn(move || board.work()).ok()
            })
            .collect();
        Self { board, threads }
    }

    /// What the threads share.
    pub fn shared(&self) -> &Arc<Shared> {
        &self.board.shared
    }

    /// What the ledger says.
    pub fn memory(&self) -> MemoryReport {
        let Shared { shelf, engine, .. } = &*self.board.shared;
        shelf.report(engine.memory())
    }

    /// Puts a film into the queue.
    ///
    /// # Errors
    /// [`Busy`] when it is full.
    pub fn submit(&self, seat: Seat<T>) -> Result<(), Busy> {
        let mut state = self.board.lock();
        if !state.waiting.has_room(seat.urgency) {
            return Err(Busy { limit: self.board.queue });
        }
        state.waiting.push(seat);
        self.board.work.notify_one();
        Ok(())
    }

    /// Puts a film into the queue as soon as there is room.
    pub fn submit_waiting(&self, seat: Seat<T>) {
        let mut state = self.board.lock();
        while !state.waiting.has_room(seat.urgency) {
            state = self.board.room.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.waiting.push(seat);
        self.board.work.notify_one();
    }

    /// To be held while views of a film in the queue are prepared.
    pub fn news(&self) -> News<'_, T> {
        News(&self.board)
    }
}

/// What rounds wait for while a film's views are prepared. Dropping it, however that went, has the threads look again: the views
/// are there, or whoever prepared them has gone, and the film with them.
pub struct News<'a, T: Caller>(&'a Board<T>);

impl<T: Caller> Drop for News<'_, T> {
    fn drop(&mut self) {
        // Locked, so that no thread is between having looked and waiting.
        let _state = self.0.lock();
        self.0.work.notify_all();
    }
}

impl<T: Caller> Drop for Desk<T> {
    fn drop(&mut self) {
        self.board.lock().closing = true;
        self.board.work.notify_all();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl<T: Caller> Board<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        while let Some(pass) = self.next() {
            let result = self.run(&pass);
            for seat in self.finish(&pass, &result) {
                T::receive(seat);
            }
        }
    }

    /// The next pass to run; `None` when the desk closes. Urgent films go first, but for one pass in [`OVERTAKING`]. What runs is
    /// not broken off: an urgent film waits for a worker no longer than one network takes over one batch. For the same reason
    /// no pass of routine films is started while a view of an urgent one is awaited.
    fn next(&self) -> Option<Pass> {
        let mut state = self.lock();
        loop {
            if state.closing {
                return None;
            }
            let order = match state.overtaken {
                OVERTAKING.. => [Urgency::Routine, Urgency::Stat],
                _ => [Urgency::Stat, Urgency::Routine],
            };
            for urgency in order {
                match self.advance(&mut state, urgency) {
                    Some(Turn::Pass(pass)) => return Some(pass),
                    Some(Turn::Soon) if urgency == Urgency::Stat => break,
                    Some(Turn::Soon) | None => {}
                }
            }
            state = self.rest(state);
        }
    }

    /// Waits until something changes, or until films have waited for company long enough.
    fn rest<'a>(&self, state: MutexGuard<'a, State<T>>) -> MutexGuard<'a, State<T>> {
        match state.waiting.patience() {
            None => self.work.wait(state).unwrap_or_else(PoisonError::into_inner),
            Some(left) => self.work.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0,
        }
    }

    /// Starts a pass for films of this urgency. A round is made only where none under way has anything to start, now or soon:
    /// until then a worker that is free shares that round, and the films that wait become more, which go faster together.
    fn advance(&self, state: &mut State<T>, urgency: Urgency) -> Option<Turn> {
        let mut turn = self.start(state, urgency);
        if turn.is_none() && self.seat(state, urgency) {
            turn = self.start(state, urgency);
        }
        if matches!(turn, Some(Turn::Pass(_))) {
            let is_routine = |round: &Round<T>| round.urgency == Urgency::Routine;
            let overtakes = urgency == Urgency::Stat
                && (!state.waiting.is_empty(Urgency::Routine) || state.rounds.iter().any(is_routine));
            state.overtaken = if overtakes { state.overtaken + 1 } else { 0 };
        }
        turn
    }

    /// Starts a pass of a round under way. A network that is loaded goes before one that must be loaded first, and of those
    /// the one with which the workers end together.
    fn start(&self, state: &mut State<T>, urgency: Urgency) -> Option<Turn> {
        let State { rounds, costs, running, .. } = state;
        let Shared { bundle, shelf, .. } = &*self.shared;
        let mut busy: Vec<f64> = running.iter().map(Running::left).collect();
        // One of the workers is who asks.
        busy.resize(self.workers - 1, 0.0);
        let turn = rounds.iter_mut().filter(|round| round.urgency == urgency).find_map(|round| {
            round.drop_where(T::is_gone);
            round.start(bundle, |ready, soon, films| {
                let (loaded, other): (Vec<usize>, Vec<usize>) = ready.iter().partition(|&&one| shelf.is_idle(one));
                let (now, later) = if loaded.is_empty() { (other, Vec::new()) } else { (loaded, other) };
                let costs =
                    |networks: &[usize]| networks.iter().map(|&one| times(costs[one], films)).collect::<Vec<_>>();
                now[schedule::first(&costs(&now), &costs(&[&later, soon].concat()), &busy)]
            })
        });
        if let Some(Turn::Pass(Pass { round, network, batch, .. })) = &turn {
            let (round, network, cost) = (*round, *network, times(costs[*network], batch.films));
            running.push(Running { round, network, cost, since: Stopwatch::start() });
        }
        turn
    }

    /// Makes a round of films that wait; false when none are to go.
    fn seat(&self, state: &mut State<T>, urgency: Urgency) -> bool {
        state.rounds.retain(|round| !round.is_over());
        if state.waiting.drop_where(T::is_gone) {
            self.room.notify_all();
        }
        let seats = state.waiting.take(urgency);
        if seats.is_empty() {
            return false;
        }
        let networks = self.shared.bundle.networks().len();
        state.rounds.push(Round::new((state.next_round, urgency), seats, networks));
        state.next_round += 1;
        self.room.notify_all();
        self.work.notify_all();
        true
    }

    /// Runs a pass, in parts where memory is short. A panic of the engine is a failure of this network, not of the program, and
    /// its session is not used again.
    fn run(&self, pass: &Pass) -> Result<(NetworkOutputs, f64), String> {
        let (shared, network) = (&self.shared, pass.network);
        let work = |session: &mut dyn Session, films: usize| {
            network::run_in_parts(&shared.bundle, network, session, &pass.batch, films)
        };
        match catch_unwind(AssertUnwindSafe(|| recovery::pass(shared, network, work))) {
            Ok(result) => result.map_err(|error| error.to_string()),
            Err(panic) => Err(format!("the engine broke off: {}", words(panic.as_ref()))),
        }
    }

    fn finish(&self, pass: &Pass, result: &Result<(NetworkOutputs, f64), String>) -> Vec<Seat<T>> {
        let mut state = self.lock();
        state.running.retain(|one| (one.round, one.network) != (pass.round, pass.network));
        if let Ok((_, milliseconds)) = result {
            state.costs[pass.network] = milliseconds / times(1.0, pass.batch.films.max(1));
        }
        let round = state.rounds.iter_mut().find(|round| round.id == pass.round);
        let done = round.map(|round| round.finish(&self.shared.bundle, pass, result)).unwrap_or_default();
        state.rounds.retain(|round| !round.is_over());
        self.work.notify_all();
        done
    }
}

/// What so many films take.
#[expect(clippy::cast_precision_loss, reason = "a batch has some dozen films")]
const fn times(cost: f64, films: usize) -> f64 {
    cost * films as f64
}

/// What a panic said.
fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a word")
}
