//! The measuring: films read through the same path as `predict`, one at a time and several together.

use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use anyhow::{Result, bail};
use thorax_domain::clock::Stopwatch;
use thorax_domain::prediction::Diagnosis;
use thorax_inference::analyzer::{Analyzer, Urgency};
use thorax_inference::bundle::Bundle;
use thorax_inference::engine::Opened;

use super::figures::{Measured, Memory, NetworkTimes, OneAtATime, Point, Report, Urgent, quantile};
use crate::app;
use crate::cli::doctor::machine;
use crate::cli::sources::Source;
use crate::cli::table;
use crate::config::Options;
use crate::record::{Milliseconds, Record, Status};
use crate::workflow::analyze::{Finished, Order, Reader};
use crate::workflow::stream::Flow;

/// What is measured: a bundle on an engine, as the options want them.
type Subject<'a> = (&'a Bundle, &'a Opened, &'a Options);

/// Films to be read again and again.
pub struct Films(Vec<Source>);

impl Films {
    /// These, at least one.
    pub const fn new(sources: Vec<Source>) -> Self {
        Self(sources)
    }

    /// The film of a run.
    fn of(&self, run: usize) -> &Source {
        &self.0[run % self.0.len()]
    }
}

fn open((bundle, engine, options): Subject<'_>) -> Result<Analyzer> {
    app::analyzer(bundle.clone(), engine.clone(), options)
}

/// The gate is overridden, so that every film goes through every network.
fn reader(analyzer: &Analyzer, urgency: Urgency) -> Result<Reader<'_>> {
    Ok(Reader::new(analyzer, Order { force: true, urgency, ..Order::default() })?)
}

/// The record of a film that was read; an error for one that could not be.
fn read(finished: Finished) -> Result<Record> {
    let record = finished.record;
    if record.status == Status::Failed {
        bail!("{}: {}", record.file, record.error.unwrap_or_default());
    }
    Ok(record)
}

/// Reads one film at a time: `runs` of them are timed, after each was read once.
pub fn one_at_a_time(subject: Subject<'_>, films: &Films, runs: usize, since_start: &Stopwatch) -> Result<Report> {
    let analyzer = open(subject)?;
    let reader = reader(&analyzer, Urgency::Stat)?;
    let read_one = |run| read(reader.read(Stopwatch::start(), films.of(run).open(reader.byte_limit())));
    let first = read_one(0)?;
    let first_result = since_start.total();
    let consensus = first.prediction.and_then(|consensus| consensus.probabilities);
    let mut names = vec![first.file];
    for run in 1..films.0.len() {
        names.push(read_one(run)?.file);
    }
    let clock = Stopwatch::start();
    let records = (0..runs).map(read_one).collect::<Result<Vec<Record>>>()?;
    let films_per_second = per_second(runs, &clock);
    let milliseconds: Vec<f64> = records.iter().map(|record| record.milliseconds.total).collect();
    let provenance = &records[0].provenance;
    let memory = analyzer.memory();
    Ok(Report {
        program: app::PROGRAM.to_owned(),
        bundle: provenance.bundle.clone(),
        films: names,
        first_result,
        stages: stages(&records),
        networks: networks(&records),
        probabilities: consensus.map(|one| Diagnosis::ALL.map(|diagnosis| one.of(diagnosis).get())),
        memory: Memory {
            process: memory.process_peak,
            networks: memory.accounted_peak,
            budget: memory.budget,
            device: memory.device.device,
            device_peak: memory.device.peak,
            shortages: memory.out_of_memory,
        },
        measured: Measured {
            processor: machine::processor(),
            cores: app::cores(),
            threads: app::threads(subject.2),
            engine: table::engine(&provenance.engine),
            precision: precision(&records[0]),
            one_at_a_time: OneAtATime {
                p50: quantile(&milliseconds, 0.5),
                p95: quantile(&milliseconds, 0.95),
                films_per_second,
                milliseconds,
            },
            throughput: Vec::new(),
        },
        urgent: None,
        beside: None,
    })
}

/// Films a second where so many as the options' batch may go through a network together, and as many wait or are prepared
/// meanwhile.
pub fn throughput(subject: Subject<'_>, films: &Films, runs: usize) -> Result<Point> {
    let analyzer = open(subject)?;
    let reader = reader(&analyzer, Urgency::Routine)?;
    let batch = analyzer.batch();
    let flow = Flow { feeders: app::threads(subject.2), in_flight: 2 * batch };
    let read_all = |runs: usize| {
        let films = (0..runs).map(|run| (run, Stopwatch::start(), films.of(run).open(reader.byte_limit())));
        reader.read_each(flow, films, |_, finished| read(finished).map(drop))
    };
    // The first batch is not timed: engines prepare for a new size when they first meet it.
    read_all(batch)?;
    let runs = runs.max(flow.in_flight);
    let clock = Stopwatch::start();
    read_all(runs)?;
    let films_per_second = per_second(runs, &clock);
    Ok(Point { batch, films_per_second, process: analyzer.memory().process_peak })
}

/// Reads one urgent film at a time while a folder of routine ones goes through the same networks, each after another batch of
/// those is through. `alone` is what a film takes by itself.
pub fn urgent(subject: Subject<'_>, films: &Films, runs: usize, alone: &OneAtATime) -> Result<Urgent> {
    let analyzer = open(subject)?;
    let (routine, urgent) = (reader(&analyzer, Urgency::Routine)?, reader(&analyzer, Urgency::Stat)?);
    let batch = analyzer.batch();
    let flow = Flow { feeders: app::threads(subject.2), in_flight: 2 * batch };
    let (through, routine_films) = channel();
    let measure = |routine_films: Receiver<()>| {
        let one = |run| {
            // Fails where the folder did; then that is the error.
            (0..batch).try_for_each(|_| routine_films.recv())?;
            let record = read(urgent.read(Stopwatch::start(), films.of(run).open(urgent.byte_limit())))?;
            while routine_films.try_recv().is_ok() {}
            Ok(record.milliseconds.total)
        };
        (0..runs).map(one).collect::<Result<Vec<f64>>>()
    };
    let read_folder = |through: Sender<()>| {
        let films = (0..).map(|run| (run, Stopwatch::start(), films.of(run).open(routine.byte_limit())));
        routine.read_each(flow, films, |_, finished| {
            read(finished).map_err(Some)?;
            // Ends when nobody counts any more.
            through.send(()).map_err(|_| None)
        })
    };
    let milliseconds = thread::scope(|scope| {
        let folder = scope.spawn(|| read_folder(through));
        let milliseconds = measure(routine_films);
        match folder.join().unwrap_or_else(|panic| resume_unwind(panic)) {
            Err(Some(error)) => Err(error),
            _ => milliseconds,
        }
    })?;
    let p50 = quantile(&milliseconds, 0.5);
    Ok(Urgent { batch, p50, p95: quantile(&milliseconds, 0.95), ratio: p50 / alone.p50 })
}

#[expect(clippy::cast_precision_loss, reason = "some thousand runs at most")]
fn per_second(runs: usize, clock: &Stopwatch) -> f64 {
    runs as f64 * 1e3 / clock.total()
}

/// The median of each stage.
fn stages(records: &[Record]) -> Milliseconds {
    let median = |of: fn(&Milliseconds) -> f64| {
        quantile(&records.iter().map(|record| of(&record.milliseconds)).collect::<Vec<_>>(), 0.5)
    };
    Milliseconds {
        decode: median(|one| one.decode),
        preprocess: median(|one| one.preprocess),
        gate: median(|one| one.gate),
        inference: median(|one| one.inference),
        total: median(|one| one.total),
    }
}

/// The median of each network's own pass, on its one thread.
fn networks(records: &[Record]) -> Vec<NetworkTimes> {
    let times = |name: &str| -> Vec<f64> {
        let models = records.iter().filter_map(|record| record.prediction.as_ref()).flat_map(|one| &one.models);
        models.filter(|model| model.name == name).map(|model| model.milliseconds).collect()
    };
    let networks = records[0].provenance.networks.iter();
    networks
        .map(|one| NetworkTimes {
            name: one.name.clone(),
            precision: one.precision,
            milliseconds: quantile(&times(&one.name), 0.5),
        })
        .collect()
}

/// `f32`, or the other precisions that networks are computed in.
fn precision(record: &Record) -> String {
    let mut names: Vec<String> = record.provenance.networks.iter().map(|one| one.precision.to_string()).collect();
    names.sort();
    names.dedup();
    names.join(" + ")
}
