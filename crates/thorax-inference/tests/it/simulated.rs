//! A device with little memory, simulated: it holds what is loaded and what runs to so many MiB, may have less than the budget
//! says, and can be told to fail. Everything but the kernels of a graphics card runs here.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tempfile::TempDir;
use thorax_domain::prediction::{Consensus, EngineIdentity, Precision};
use thorax_inference::analyzer::{Analyzer, Reading, Request, Settings};
use thorax_inference::bundle::Bundle;
use thorax_inference::engine::{Batch, DeviceMemory, Engine, EngineError, Graph, Session, Tensor};

use crate::toy::{Behaviour, LOCATOR, NETWORKS, ToySession, add_locator, request, write_bundle};

const MIB: u64 = 1 << 20;
/// MiB of each network's weights, about what the networks that we ship weigh on a card, and of what every one needs beside
/// them. Workspace for each film comes on top.
const WEIGHTS: [u64; 7] = [100, 350, 350, 80, 110, 350, 4];
const OVERHEAD: u64 = 40;
const FILM: u64 = 60;
/// MiB that the driver takes as soon as the device is open.
const CONTEXT: u64 = 400;

/// The device.
#[derive(Debug)]
struct Device {
    memory: Mutex<Memory>,
    behaviour: Arc<Behaviour>,
    /// Films of the largest batch that succeeded.
    largest: AtomicUsize,
    /// Networks in the order in which they were loaded.
    loads: Mutex<Vec<usize>>,
    /// By how much more networks need than the engine says.
    underestimated: u64,
}

#[derive(Debug)]
struct Memory {
    total: u64,
    used: u64,
    peak: u64,
    allocations: usize,
    /// Allocations that fail, by their number from now on.
    fails: Vec<usize>,
    /// No batch of more films than this is taken, whatever there is; this network fails on every one.
    most_films: usize,
    broken: Option<usize>,
}

impl Device {
    fn of(mib: u64) -> Arc<Self> {
        Arc::new(Self::plain(mib))
    }

    fn plain(mib: u64) -> Self {
        let memory = Memory {
            total: mib,
            used: CONTEXT,
            peak: CONTEXT,
            allocations: 0,
            fails: Vec::new(),
            most_films: usize::MAX,
            broken: None,
        };
        Self {
            memory: Mutex::new(memory),
            behaviour: Arc::default(),
            largest: AtomicUsize::new(0),
            loads: Mutex::default(),
            underestimated: 1,
        }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap()
    }

    /// Takes MiB, or fails as a driver does.
    fn take(self: &Arc<Self>, mib: u64) -> Result<Taken, EngineError> {
        let mut memory = self.memory();
        let number = memory.allocations;
        memory.allocations += 1;
        if memory.used + mib > memory.total || memory.fails.contains(&number) {
            let reason = format!("{mib} MiB asked for, {} of {} taken", memory.used, memory.total);
            return Err(EngineError::OutOfMemory { engine: "simulated", reason });
        }
        memory.used += mib;
        memory.peak = memory.peak.max(memory.used);
        Ok(Taken { device: Arc::clone(self), mib })
    }
}

/// Memory that goes back when this is dropped.
struct Taken {
    device: Arc<Device>,
    mib: u64,
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.device.memory().used -= self.mib;
    }
}

#[derive(Debug)]
struct Simulated(Arc<Device>);

struct SimulatedSession {
    toy: ToySession,
    weights: Taken,
    limit: u64,
}

impl Engine for Simulated {
    fn identity(&self) -> EngineIdentity {
        EngineIdentity { name: "simulated".to_owned(), version: "1".to_owned() }
    }

    fn load(&self, graph: Graph<'_>) -> Result<Box<dyn Session>, EngineError> {
        let network: usize = std::str::from_utf8(graph.bytes).unwrap().parse().unwrap();
        let limit = graph.room.limit.map_or(u64::MAX, |bytes| bytes / MIB);
        let weights = WEIGHTS[network] * self.0.underestimated + OVERHEAD;
        let weights = within(limit, weights).and_then(|()| self.0.take(weights))?;
        self.0.loads.lock().unwrap().push(network);
        let toy = ToySession { network, behaviour: Arc::clone(&self.0.behaviour) };
        Ok(Box::new(SimulatedSession { toy, weights, limit }))
    }

    fn batch(&self) -> usize {
        4
    }

    fn footprint(&self, parameters: u64, _: Precision, films: usize) -> u64 {
        // The locator's file is one byte; the networks say in their parameters which they are.
        let weights =
            if parameters == 1 { WEIGHTS[LOCATOR] } else { WEIGHTS[usize::try_from(parameters - 2).unwrap()] };
        (weights + OVERHEAD + FILM * films as u64) * MIB
    }

    fn standing(&self) -> u64 {
        CONTEXT * MIB
    }

    fn memory(&self) -> DeviceMemory {
        let memory = self.0.memory();
        DeviceMemory {
            device: "a simulated card".to_owned(),
            is_main: false,
            total: Some(memory.total * MIB),
            free: Some(memory.total.saturating_sub(memory.used) * MIB),
            used: Some(memory.used * MIB),
            peak: Some(memory.peak * MIB),
        }
    }
}

/// An engine that can hold itself to its limit does.
fn within(limit: u64, mib: u64) -> Result<(), EngineError> {
    let reason = || format!("{mib} MiB asked for, {limit} allowed");
    if mib <= limit { Ok(()) } else { Err(EngineError::OutOfMemory { engine: "simulated", reason: reason() }) }
}

impl Session for SimulatedSession {
    fn run(&mut self, batch: &Batch, outputs: &[&str]) -> Result<Vec<Tensor>, EngineError> {
        let device = &self.weights.device;
        let (most, broken) = {
            let memory = device.memory();
            (memory.most_films, memory.broken)
        };
        let films = batch.films as u64;
        let workspace = FILM * films;
        within(self.limit, self.weights.mib + workspace)?;
        let workspace = device.take(workspace)?;
        if batch.films > most || broken == Some(self.toy.network) {
            return Err(EngineError::OutOfMemory { engine: "simulated", reason: "told to".to_owned() });
        }
        if self.toy.network != LOCATOR {
            device.largest.fetch_max(batch.films, Ordering::Relaxed);
        }
        // Others get their turn while the workspace is taken.
        std::thread::yield_now();
        let given = self.toy.run(batch, outputs);
        drop(workspace);
        given
    }
}

/// The toy bundle with a locator, its networks numbered by their parameters from 2 on.
fn bundle() -> (Bundle, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    write_bundle(folder.path());
    add_locator(folder.path(), &["two", "three"]);
    let path = folder.path().join("bundle.toml");
    let mut manifest = std::fs::read_to_string(&path).unwrap();
    for index in 0..NETWORKS.len() {
        manifest = manifest.replacen("parameters = 1\n", &format!("parameters = {}\n", index + 2), 1);
    }
    std::fs::write(&path, manifest).unwrap();
    (Bundle::open(folder.path()).unwrap(), folder)
}

fn open(device: &Arc<Device>, budget: Option<u64>) -> (Analyzer, TempDir) {
    open_waiting(device, budget, Duration::ZERO)
}

/// The same, where films wait so long for company.
fn open_waiting(device: &Arc<Device>, budget: Option<u64>, batch_wait: Duration) -> (Analyzer, TempDir) {
    let (bundle, folder) = bundle();
    let memory_budget = budget.map(|mib| mib * MIB);
    let settings = Settings { memory_budget, threads: 4, queue: 64, batch_wait, ..Settings::default() };
    (Analyzer::open(bundle, Arc::new(Simulated(Arc::clone(device))), settings).unwrap(), folder)
}

/// Greys that the gate accepts.
const GREYS: [u8; 5] = [90, 130, 170, 210, 250];

/// Everything of a consensus but the times.
fn without_times(reading: Reading) -> Consensus {
    let mut consensus = reading.prediction.consensus.unwrap();
    for model in &mut consensus.models {
        model.milliseconds = 0.0;
    }
    consensus
}

/// What a film of each grey gives where memory is plenty.
fn expected() -> Vec<Consensus> {
    let (analyzer, _folder) = open(&Device::of(1 << 20), None);
    GREYS.map(|grey| without_times(analyzer.submit(&request(grey)).unwrap().wait().unwrap())).to_vec()
}

/// Reads many films from several threads at once and compares each with what it gives where memory is plenty.
fn read_many(analyzer: &Analyzer, expected: &[Consensus]) {
    std::thread::scope(|scope| {
        for first in 0..4 {
            scope.spawn(move || {
                let films: Vec<usize> = (0..30).map(|film| (first + film) % GREYS.len()).collect();
                let submit = |&grey: &usize| analyzer.submit_waiting(&request(GREYS[grey])).unwrap();
                let tickets: Vec<_> = films.iter().map(submit).collect();
                for (film, ticket) in films.into_iter().zip(tickets) {
                    assert_eq!(without_times(ticket.wait().unwrap()), expected[film]);
                }
            });
        }
    });
}

#[test]
fn every_budget_holds_on_the_device_and_all_results_are_equal() {
    let expected = expected();
    for budget in [8192, 4096, 2048, 1024, 954] {
        let device = Device::of(16384);
        let (analyzer, _folder) = open(&device, Some(budget));
        read_many(&analyzer, &expected);
        let memory = analyzer.memory();
        assert_eq!(memory.budget, Some(budget * MIB));
        assert!(memory.accounted_peak <= budget * MIB, "{memory:?}");
        assert!(memory.device.peak.unwrap() <= budget * MIB, "{memory:?}");
        assert_eq!((memory.out_of_memory, memory.lowered_to), (0, None));
        let films = if budget >= 2048 {
            4
        } else if budget == 1024 {
            2
        } else {
            1
        };
        assert_eq!(memory.films, [films; 6], "{memory:?}");
        assert!(device.largest.load(Ordering::Relaxed) <= films);
        assert_eq!(memory.resident.iter().all(|&is_loaded| is_loaded), budget >= 4096, "{memory:?}");
    }
    let (bundle, _folder) = bundle();
    let engine = Simulated(Device::of(16384));
    assert_eq!(Analyzer::smallest_budget(&bundle, &engine, false).unwrap(), 954 * MIB);
    let settings = Settings { memory_budget: Some(953 * MIB), ..Settings::default() };
    let error = Analyzer::open(bundle, Arc::new(engine), settings).err().unwrap();
    assert!(error.to_string().ends_with("needs 450 MiB beside 504 MiB that are always taken"), "{error}");
}

#[test]
fn the_network_not_used_for_longest_goes_first() {
    let device = Device::of(16384);
    let (bundle, _folder) = bundle();
    // What is always there, and the networks 0, 1 and 2 with four films.
    let settings = Settings { memory_budget: Some((504 + 380 + 630 + 630) * MIB), threads: 1, ..Settings::default() };
    let analyzer = Analyzer::open(bundle, Arc::new(Simulated(Arc::clone(&device))), settings).unwrap();
    let ask = |network: usize| {
        let networks = vec![NETWORKS[network].to_owned()];
        analyzer.submit(&Request { networks, ..request(GREYS[0]) }).unwrap().wait().unwrap();
        std::mem::take(&mut *device.loads.lock().unwrap())
    };
    ask(1);
    ask(2);
    // The gate's network, 0, is used by every film.
    let loads = [3, 2, 1, 2, 3].map(ask);
    assert_eq!(
        loads,
        [vec![3], vec![], vec![1], vec![], vec![3]],
        "3 took the place of 1, then 1 that of 3, then 3 that of 1"
    );
}

#[test]
fn a_device_with_less_than_the_budget_is_learned_and_nothing_is_lost() {
    let expected = expected();
    for (total, budget) in [(2000, Some(8192)), (1300, Some(8192)), (1300, None), (1000, Some(8192)), (955, None)] {
        let device = Device::of(total);
        let (analyzer, _folder) = open(&device, budget);
        read_many(&analyzer, &expected);
        let memory = analyzer.memory();
        assert!(memory.out_of_memory > 0, "{memory:?}");
        assert!(memory.device.peak.unwrap() <= total * MIB);
        let failures = memory.out_of_memory;
        assert!(failures < 60, "{total}: it walked into the wall {failures} times in 720 passes");
    }
}

#[test]
fn another_process_takes_memory_and_gives_it_back() {
    let expected = expected();
    let device = Device::of(4096);
    let (analyzer, _folder) = open(&device, Some(4096));
    read_many(&analyzer, &expected);
    assert_eq!(analyzer.memory().out_of_memory, 0);
    let used = device.memory().used;
    device.memory().total = used + 100;
    read_many(&analyzer, &expected);
    device.memory().total = 1000;
    read_many(&analyzer, &expected);
    let memory = analyzer.memory();
    assert!(memory.out_of_memory > 0 && memory.lowered_to.is_some_and(|to| to < 4096 * MIB), "{memory:?}");
    device.memory().total = 4096;
    // What was learned is forgotten after at most some hundred passes, and then all are resident again.
    for _ in 0..4 {
        read_many(&analyzer, &expected);
    }
    let memory = analyzer.memory();
    assert!(memory.lowered_to.is_none() && memory.resident.iter().all(|&is_loaded| is_loaded), "{memory:?}");
}

#[test]
fn large_batches_are_halved_and_joined_in_order() {
    let expected = expected();
    let device = Device::of(8192);
    device.memory().most_films = 1;
    // However slow they are brought, they go together.
    let (analyzer, _folder) = open_waiting(&device, Some(8192), Duration::from_millis(20));
    read_many(&analyzer, &expected);
    assert_eq!(device.largest.load(Ordering::Relaxed), 1);
    assert!(analyzer.memory().films.contains(&1), "{:?}", analyzer.memory());
    device.memory().most_films = 2;
    for _ in 0..6 {
        read_many(&analyzer, &expected);
    }
    assert_eq!(device.largest.load(Ordering::Relaxed), 2);
}

#[test]
fn any_allocation_may_fail_at_any_time() {
    let expected = expected();
    let device = Device::of(8192);
    let (analyzer, _folder) = open(&device, Some(2048));
    // Not so often that everything that is tried in turn fails.
    for every in [89, 97, 101] {
        let now = device.memory().allocations;
        device.memory().fails = (now + 10..now + 800).step_by(every).collect();
        read_many(&analyzer, &expected);
    }
    assert!(analyzer.memory().out_of_memory > 0);
    let device = Device::of(8192);
    // Every single one, from the first on: opening, proving, reading.
    for fails in 1..40 {
        device.memory().allocations = 0;
        device.memory().fails = vec![fails];
        let (analyzer, _folder) = open(&device, Some(2048));
        let reading = analyzer.submit(&request(GREYS[1])).unwrap().wait().unwrap();
        assert_eq!(without_times(reading), expected[1], "allocation {fails}");
    }
}

#[test]
fn a_network_too_large_for_the_device_fails_alone_and_never_votes() {
    let expected = expected();
    let device = Device::of(8192);
    let (analyzer, _folder) = open(&device, Some(4096));
    device.memory().broken = Some(2);
    for _ in 0..3 {
        let tickets: Vec<_> = GREYS.map(|grey| analyzer.submit(&request(grey)).unwrap()).into_iter().collect();
        for (ticket, expected) in tickets.into_iter().zip(&expected) {
            let consensus = without_times(ticket.wait().unwrap());
            assert_eq!(consensus.models_voted, 5);
            let others: Vec<_> = expected.models.iter().filter(|model| model.name != "two").cloned().collect();
            assert_eq!(consensus.models, others);
            let reason = consensus.reasons.iter().find(|reason| reason.code == "network_failed").unwrap();
            let words = "two did not vote: two: not enough memory even with nothing else loaded and one film at a time";
            assert!(reason.message.starts_with(words), "{}", reason.message);
        }
    }
    device.memory().broken = None;
    read_many(&analyzer, &expected);
}

#[test]
fn where_no_film_fits_the_program_goes_on_and_reads_again_when_memory_is_back() {
    let expected = expected();
    let device = Device::of(4096);
    let (analyzer, _folder) = open(&device, Some(4096));
    device.memory().total = CONTEXT;
    for _ in 0..3 {
        let error = analyzer.submit(&request(GREYS[0])).err();
        let error = error.expect("the locator has no memory").to_string();
        assert!(error.contains("ran out of memory"), "{error}");
    }
    // The locator and nothing else.
    device.memory().total = CONTEXT + WEIGHTS[LOCATOR] + OVERHEAD + FILM;
    let error = analyzer.submit(&request(GREYS[0])).unwrap().wait().unwrap_err();
    assert!(error.to_string().contains("gate") && error.to_string().contains("not enough memory"), "{error}");
    device.memory().total = 4096;
    read_many(&analyzer, &expected);
    read_many(&analyzer, &expected);
}

#[test]
fn a_network_that_needs_more_than_was_thought_still_runs() {
    let expected = expected();
    let device = Arc::new(Device { underestimated: 2, ..Device::plain(8192) });
    let (analyzer, _folder) = open(&device, Some(4096));
    read_many(&analyzer, &expected);
    let memory = analyzer.memory();
    assert!(memory.out_of_memory > 0 && memory.device.peak.unwrap() <= 4096 * MIB, "{memory:?}");
}
