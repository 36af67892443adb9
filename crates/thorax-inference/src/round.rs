//! A round: films that go through the networks together. Pure bookkeeping, no threads: which network is next, whom it still
//! concerns, and who is done.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use thorax_domain::clock::Stopwatch;
use thorax_domain::prediction::{Refusal, Verdict};

use crate::bundle::Bundle;
use crate::engine::{Batch, Tensor};
use crate::gate;
use crate::network::NetworkOutputs;
use crate::queue::Urgency;

/// The gate's network comes first in every bundle.
pub const GATE: usize = 0;

/// What one network gave for one film.
#[derive(Debug, Clone)]
pub struct Opinion {
    /// Class activation maps, 1 × 4 × h × w.
    pub cam: Tensor,
    /// The film's share of the pass, in milliseconds.
    pub milliseconds: f64,
}

/// A film's prepared samples, a cell for each view of the bundle. What needs no lungs is there when the film is put into the
/// queue; the rest is supplied while it waits or is in a round already. Cells of views that nobody is to look at stay empty.
pub type Samples = Arc<[OnceLock<Vec<f32>>]>;

/// What the networks found out about a film.
#[derive(Debug)]
pub struct Findings {
    /// The verdict, once the gate's network has run.
    pub verdict: Option<Result<Verdict, String>>,
    /// Milliseconds from the queue to the verdict.
    pub judged: f64,
    /// What each network of the bundle gave, once it has.
    pub opinions: Vec<Option<Result<Opinion, String>>>,
    /// Milliseconds from the queue to the end.
    pub inference: f64,
}

impl Findings {
    /// Nothing yet, of so many networks.
    pub fn none(networks: usize) -> Self {
        Self { verdict: None, judged: 0.0, opinions: vec![None; networks], inference: 0.0 }
    }
}

/// One film's place in a round. `T` is what the caller wants to find again when the film is done.
#[derive(Debug)]
pub struct Seat<T> {
    /// The caller's own.
    pub caller: T,
    /// How soon the film is to be read.
    pub urgency: Urgency,
    /// The prepared samples of each view.
    pub samples: Samples,
    /// Networks whose votes are wanted.
    pub voters: Vec<usize>,
    /// Whether to go on though the gate refuses.
    pub force: bool,
    /// What the ruler found before.
    pub measured: Vec<Refusal>,
    /// Runs since the film was put into the queue.
    pub waiting: Stopwatch,
    /// What was found out so far.
    pub findings: Findings,
    /// How many networks have run, for whoever watches.
    pub done: Arc<AtomicUsize>,
}

impl<T> Seat<T> {
    fn wants(&self, network: usize) -> bool {
        self.findings.opinions[network].is_none() && (network == GATE || self.voters.contains(&network))
    }

    /// A film is done when the gate has refused it and nobody insists, or when all votes that were wanted are in.
    fn is_done(&self) -> bool {
        match &self.findings.verdict {
            None => false,
            Some(Err(_)) => true,
            Some(Ok(verdict)) if !verdict.accepted && !self.force => true,
            Some(Ok(_)) => self.voters.iter().all(|&network| self.findings.opinions[network].is_some()),
        }
    }
}

/// Films that go through the networks together.
#[derive(Debug)]
pub struct Round<T> {
    /// The number by which tasks find their round.
    pub id: u64,
    /// How soon its films are to be read.
    pub urgency: Urgency,
    seats: Vec<Option<Seat<T>>>,
    todo: Vec<usize>,
    running: usize,
}

/// A pass to be run: one network over some films of a round.
#[derive(Debug)]
pub struct Pass {
    /// The round.
    pub round: u64,
    /// The network.
    pub network: usize,
    /// The films, prepared as the network wants them.
    pub batch: Batch,
    seats: Vec<usize>,
}

/// What a round has for a worker that is free.
#[derive(Debug)]
pub enum Turn {
    /// A pass to be run.
    Pass(Pass),
    /// Something in a moment: a view that is being prepared.
    Soon,
}

impl<T> Round<T> {
    /// A round over films of one urgency, with `networks` in the bundle.
    pub fn new((id, urgency): (u64, Urgency), seats: Vec<Seat<T>>, networks: usize) -> Self {
        Self { id, urgency, seats: seats.into_iter().map(Some).collect(), todo: (0..networks).collect(), running: 0 }
    }

    /// Starts the next pass: the gate's network first, then the one that `choose` takes of those whose view of every film is
    /// there, told these, those whose view is not, and the number of films. `None` when nothing is left to start.
    pub fn start(&mut self, bundle: &Bundle, choose: impl FnOnce(&[usize], &[usize], usize) -> usize) -> Option<Turn> {
        let seats = &self.seats;
        self.todo.retain(|&network| seats.iter().flatten().any(|seat| seat.wants(network)));
        if self.todo.is_empty() {
            return None;
        }
        let is_ready = |&network: &usize| {
            let is_there = |seat: &Seat<T>| seat.samples[bundle.view_of(network)].get().is_some();
            seats.iter().flatten().all(|seat| !seat.wants(network) || is_there(seat))
        };
        let (ready, soon): (Vec<usize>, Vec<usize>) = self.todo.iter().partition(|network| is_ready(network));
        let network = match ready.as_slice() {
            [] => return Some(Turn::Soon),
            ready if ready.contains(&GATE) => GATE,
            ready => choose(ready, &soon, seats.iter().flatten().count()),
        };
        self.todo.retain(|&one| one != network);
        self.running += 1;
        Some(Turn::Pass(self.pass(bundle, network)))
    }

    /// The pass of a network over the films that it still concerns.
    fn pass(&self, bundle: &Bundle, network: usize) -> Pass {
        let view = bundle.view_of(network);
        let mut seats = Vec::new();
        let mut samples = Vec::new();
        for (index, seat) in self.seats.iter().enumerate() {
            if let Some(seat) = seat.as_ref().filter(|seat| seat.wants(network)) {
                seats.push(index);
                samples.extend(seat.samples[view].get().into_iter().flatten());
            }
        }
        let (width, height) = bundle.views()[view].recipe.output_size();
        let batch = Batch { films: seats.len(), height: height as usize, width: width as usize, samples };
        Pass { round: self.id, network, batch, seats }
    }

    /// Enters what a pass gave, and hands out the films that are done with it.
    pub fn finish(
        &mut self,
        bundle: &Bundle,
        pass: &Pass,
        result: &Result<(NetworkOutputs, f64), String>,
    ) -> Vec<Seat<T>> {
        self.running -= 1;
        #[expect(clippy::cast_precision_loss, reason = "a batch has some dozen films")]
        let share = pass.batch.films.max(1) as f64;
        for (place, &index) in pass.seats.iter().enumerate() {
            let Some(seat) = &mut self.seats[index] else { continue };
            seat.findings.opinions[pass.network] = Some(match result {
                Ok((outputs, milliseconds)) => Ok(opinion(outputs, place, milliseconds / share)),
                Err(error) => Err(error.clone()),
            });
            seat.done.fetch_add(1, Ordering::Relaxed);
            if pass.network == GATE {
                let measured = std::mem::take(&mut seat.measured);
                seat.findings.judged = seat.waiting.total();
                seat.findings.verdict = Some(match result {
                    Ok((outputs, _)) => gate::verdict(bundle, measured, outputs.embedding.film(place)),
                    Err(error) => Err(error.clone()),
                });
            }
        }
        self.seats.iter_mut().filter_map(|seat| seat.take_if(|seat| seat.is_done())).collect()
    }

    /// Takes out the films for which `gone` holds: nobody waits for them any more.
    pub fn drop_where(&mut self, gone: impl Fn(&T) -> bool) {
        for seat in &mut self.seats {
            seat.take_if(|seat| gone(&seat.caller));
        }
    }

    /// Whether nothing is left to start or to wait for.
    pub fn is_over(&self) -> bool {
        self.running == 0 && self.seats.iter().all(Option::is_none)
    }
}

fn opinion(outputs: &NetworkOutputs, place: usize, milliseconds: f64) -> Opinion {
    let one = |tensor: &Tensor| {
        let mut shape = tensor.shape.clone();
        shape[0] = 1;
        Tensor { shape, samples: tensor.film(place).to_vec() }
    };
    Opinion { cam: one(&outputs.cam), milliseconds }
}
