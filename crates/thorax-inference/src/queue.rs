//! The queue: films that wait for a round, in two lines. Pure bookkeeping, no threads: who fits in, and who goes next.

use std::collections::VecDeque;
use std::time::Duration;

use crate::round::Seat;

/// How soon a film is to be read, in the words of an imaging order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Urgency {
    /// At once: somebody waits for this film. It goes before every routine one and waits for no company.
    Stat,
    /// In its turn, with others where that is faster for all of them.
    #[default]
    Routine,
}

/// How films are put together.
#[derive(Debug, Clone, Copy)]
pub struct Order {
    /// Films of each urgency that may wait: a queue full of routine ones keeps no urgent one out.
    pub limit: usize,
    /// Films that go together at most.
    pub batch: usize,
    /// How long a routine film waits for company, from when it was put into the queue: time in which all workers were busy
    /// anyway is part of it.
    pub wait: Duration,
}

/// Films that wait.
#[derive(Debug)]
pub struct Queue<T> {
    order: Order,
    stat: VecDeque<Seat<T>>,
    routine: VecDeque<Seat<T>>,
}

impl<T> Queue<T> {
    /// An empty queue.
    pub const fn new(order: Order) -> Self {
        Self { order, stat: VecDeque::new(), routine: VecDeque::new() }
    }

    const fn line(&self, urgency: Urgency) -> &VecDeque<Seat<T>> {
        match urgency {
            Urgency::Stat => &self.stat,
            Urgency::Routine => &self.routine,
        }
    }

    const fn line_mut(&mut self, urgency: Urgency) -> &mut VecDeque<Seat<T>> {
        match urgency {
            Urgency::Stat => &mut self.stat,
            Urgency::Routine => &mut self.routine,
        }
    }

    /// Whether a film of this urgency may come in.
    pub fn has_room(&self, urgency: Urgency) -> bool {
        self.line(urgency).len() < self.order.limit
    }

    /// Whether no film of this urgency waits.
    pub fn is_empty(&self, urgency: Urgency) -> bool {
        self.line(urgency).is_empty()
    }

    /// Puts a film at the end of its line.
    pub fn push(&mut self, seat: Seat<T>) {
        self.line_mut(seat.urgency).push_back(seat);
    }

    /// Takes out the films for which `gone` holds; whether there were any.
    pub fn drop_where(&mut self, gone: impl Fn(&T) -> bool) -> bool {
        let before = self.stat.len() + self.routine.len();
        self.stat.retain(|seat| !gone(&seat.caller));
        self.routine.retain(|seat| !gone(&seat.caller));
        self.stat.len() + self.routine.len() < before
    }

    /// How long the routine films go on waiting for company; none where nobody waits for that.
    pub fn patience(&self) -> Option<Duration> {
        let first = self.routine.front().filter(|_| self.routine.len() < self.order.batch)?;
        let waited = Duration::from_secs_f64(first.waiting.total() / 1e3);
        self.order.wait.checked_sub(waited).filter(|left| !left.is_zero())
    }

    /// The films of the next round of this urgency; none where none waits, or where they still wait for company.
    pub fn take(&mut self, urgency: Urgency) -> Vec<Seat<T>> {
        if urgency == Urgency::Routine && self.patience().is_some() {
            return Vec::new();
        }
        let batch = self.order.batch;
        let line = self.line_mut(urgency);
        let films = line.len().min(batch);
        line.drain(..films).collect()
    }
}
