//! Reading many films. Several threads decode and prepare them, so that the networks do not wait for one that does, and what
//! came of each is handed back in the order in which they were given.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use thorax_domain::clock::Stopwatch;

use super::analyze::{Finished, Reader};
use super::input::Input;

/// How many films at the same time.
#[derive(Debug, Clone, Copy)]
pub struct Flow {
    /// Threads that decode and prepare films. Each holds one decoded film, and one more file lies ready for it.
    pub feeders: usize,
    /// Films that were taken and not yet handed back, at most: those that lie ready, are prepared, wait or are in the networks.
    pub in_flight: usize,
}

impl Reader<'_> {
    /// Reads films and hands what came of each to `enter`, in their order. Both `films` and `enter` are called on this thread,
    /// never at the same time; a film is taken only when there is room for it. When `films` ends, those under way are finished.
    ///
    /// # Errors
    /// That of `enter`. No further film is taken then, and those under way are dropped.
    ///
    /// # Panics
    /// Where a film's preparation panicked, when it is that film's turn.
    pub fn read_each<K, E>(
        &self,
        flow: Flow,
        films: impl Iterator<Item = (K, Stopwatch, Input)>,
        mut enter: impl FnMut(K, Finished) -> Result<(), E>,
    ) -> Result<(), E> {
        let films = films.map(|(key, clock, input)| (key, (clock, input)));
        let begin = |(clock, input)| self.begin(clock, input);
        in_order(flow, films, begin, |key, begun| enter(key, begun.finish()))
    }
}

/// Work for a feeder, and where its outcome goes.
struct Task<I, O> {
    item: I,
    outcome: SyncSender<thread::Result<O>>,
}

/// What the feeders take their work from.
type Tasks<I, O> = Mutex<Receiver<Task<I, O>>>;

/// Does `work` on the feeders and hands what came of each item to `enter`, in their order.
fn in_order<K, I: Send, O: Send, E>(
    flow: Flow,
    items: impl Iterator<Item = (K, I)>,
    work: impl Fn(I) -> O + Sync,
    enter: impl FnMut(K, O) -> Result<(), E>,
) -> Result<(), E> {
    let in_flight = flow.in_flight.max(1);
    let feeders = flow.feeders.clamp(1, in_flight);
    let (queue, tasks) = sync_channel(feeders);
    let tasks = Mutex::new(tasks);
    thread::scope(|scope| {
        for _ in 0..feeders {
            scope.spawn(|| feed(&tasks, &work));
        }
        let line = Line { queue, under_way: VecDeque::new(), in_flight };
        let result = line.run(items, enter);
        if result.is_err() {
            // Nobody wants what still lies ready.
            while next(&tasks).is_some() {}
        }
        result
    })
}

/// The caller's side: the items under way, in their order. With it the queue closes and the feeders end, however it is left.
struct Line<K, I, O> {
    queue: SyncSender<Task<I, O>>,
    under_way: VecDeque<(K, Receiver<thread::Result<O>>)>,
    in_flight: usize,
}

impl<K, I, O> Line<K, I, O> {
    fn run<E>(
        mut self,
        mut items: impl Iterator<Item = (K, I)>,
        mut enter: impl FnMut(K, O) -> Result<(), E>,
    ) -> Result<(), E> {
        loop {
            if self.under_way.len() >= self.in_flight
                && let Some((key, outcome)) = self.first()
            {
                enter(key, outcome)?;
            }
            let Some((key, item)) = items.next() else { break };
            self.begin(key, item);
        }
        while let Some((key, outcome)) = self.first() {
            enter(key, outcome)?;
        }
        Ok(())
    }

    /// Gives an item to the feeders, as soon as there is room for it to lie ready.
    fn begin(&mut self, key: K, item: I) {
        let (sender, outcome) = sync_channel(1);
        let task = Task { item, outcome: sender };
        self.queue.send(task).expect("the feeders' end outlives this one; this is a bug");
        self.under_way.push_back((key, outcome));
    }

    /// Waits for the item that has been under way longest. A panic over it goes on here.
    fn first(&mut self) -> Option<(K, O)> {
        let (key, outcome) = self.under_way.pop_front()?;
        let outcome = outcome.recv().expect("a feeder answers even when the work panics; this is a bug");
        Some((key, outcome.unwrap_or_else(|panic| resume_unwind(panic))))
    }
}

/// One feeder: works until the queue is closed and empty.
fn feed<I, O>(tasks: &Tasks<I, O>, work: impl Fn(I) -> O) {
    while let Some(Task { item, outcome }) = next(tasks) {
        let done = catch_unwind(AssertUnwindSafe(|| work(item)));
        // Nobody waits for it when the caller has broken off.
        let _ = outcome.send(done);
    }
}

/// Waits for the next task; none when the queue is closed and empty. A function of its own, so that the lock is not kept while
/// the task is worked on.
fn next<I, O>(tasks: &Tasks<I, O>) -> Option<Task<I, O>> {
    tasks.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const FLOW: Flow = Flow { feeders: 3, in_flight: 8 };

    fn numbered(items: usize) -> impl Iterator<Item = (usize, usize)> {
        (0..items).map(|item| (item, item))
    }

    #[test]
    fn the_order_is_kept_when_the_first_takes_longest() {
        let (others, first) = sync_channel(8);
        let first = Mutex::new(first);
        let work = |item| {
            if item == 0 {
                // The first is done only after seven others are.
                let first = first.lock().unwrap();
                (1..8).for_each(|_| first.recv().unwrap());
            } else if item < 8 {
                others.send(()).unwrap();
            }
            item * 10
        };
        let mut entered = Vec::new();
        let enter = |key, outcome| {
            entered.push((key, outcome));
            Ok::<_, ()>(())
        };
        in_order(FLOW, numbered(100), work, enter).unwrap();
        assert_eq!(entered, (0..100).map(|item| (item, item * 10)).collect::<Vec<_>>());
    }

    #[test]
    fn as_many_are_worked_on_together_as_there_are_feeders() {
        // Would hang with fewer.
        let together = Barrier::new(FLOW.feeders);
        let work = |_| together.wait().is_leader();
        let mut leaders = 0;
        let enter = |_, is_leader| {
            leaders += usize::from(is_leader);
            Ok::<_, ()>(())
        };
        in_order(FLOW, numbered(30), work, enter).unwrap();
        assert_eq!(leaders, 10);
    }

    #[test]
    fn no_more_are_taken_than_may_be_in_flight() {
        for flow in [FLOW, Flow { feeders: 9, in_flight: 2 }, Flow { feeders: 0, in_flight: 0 }] {
            let in_flight = Cell::new(0);
            let most = Cell::new(0);
            let take = |_: &(usize, usize)| {
                in_flight.set(in_flight.get() + 1);
                most.set(most.get().max(in_flight.get()));
            };
            let enter = |_, _| {
                in_flight.set(in_flight.get() - 1);
                Ok::<_, ()>(())
            };
            in_order(flow, numbered(50).inspect(take), |item| item, enter).unwrap();
            assert_eq!((most.get(), in_flight.get()), (flow.in_flight.max(1), 0));
        }
    }

    #[test]
    fn an_error_stops_it_at_once() {
        let (taken, worked) = (Cell::new(0), AtomicUsize::new(0));
        let take = |_: &(usize, usize)| taken.set(taken.get() + 1);
        let work = |_| worked.fetch_add(1, Ordering::Relaxed);
        let enter = |key, _| if key == 4 { Err("the disk is full") } else { Ok(()) };
        let endless = (0..).map(|item| (item, item)).inspect(take);
        assert_eq!(in_order(FLOW, endless, work, enter), Err("the disk is full"));
        assert_eq!(taken.get(), 4 + FLOW.in_flight, "nothing was taken after it");
        assert!(worked.into_inner() <= taken.get());
    }

    #[test]
    fn nothing_is_read_of_nothing() {
        assert_eq!(in_order(FLOW, numbered(0), |item| item, |_, _| Err(())), Ok(()));
    }

    #[test]
    fn a_panic_goes_on_at_the_callers_when_its_turn_comes() {
        let mut entered = Vec::new();
        let work = |item| if item == 5 { panic!("a film too many") } else { item };
        let enter = |key, _| {
            entered.push(key);
            Ok::<_, ()>(())
        };
        let run = AssertUnwindSafe(|| in_order(FLOW, (0..).map(|item| (item, item)), work, enter));
        let panic = catch_unwind(run).unwrap_err();
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"a film too many"));
        assert_eq!(entered, [0, 1, 2, 3, 4]);
    }

    #[test]
    fn a_panic_of_the_caller_ends_the_feeders() {
        let run =
            AssertUnwindSafe(|| in_order(FLOW, numbered(100), |item| item, |_, _| -> Result<(), ()> { panic!() }));
        assert!(catch_unwind(run).is_err());
    }
}
