//! Times the way from a film's bytes to the consensus, for `bench/consensus.py`: opens the analyzer once, reads one film so
//! often, and prints one JSON object with milliseconds and memory.
//!
//! ```sh
//! cargo run --release --example consensus_times -- --bundle models/two-views --engine rten --threads 2 --runs 20 film.dcm
//! ```
//!
//! `--in-flight 1` measures one film at a time; with more, films wait together, go through the networks in batches, and
//! `images_per_second` is the figure to read.

use std::collections::VecDeque;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};
use serde::Serialize;
use thorax_domain::clock::Stopwatch;
use thorax_domain::prediction::Diagnosis;
use thorax_imaging::decode::{Limits, decode};
use thorax_inference::analyzer::{Analyzer, Request, Settings, Ticket};
use thorax_inference::bundle::Bundle;
use thorax_inference::engine::{self, Choice, Places};

#[derive(Parser)]
struct Arguments {
    /// Folder of the bundle
    #[arg(long)]
    bundle: PathBuf,
    /// rten, onnxruntime, openvino, cuda or tensorrt
    #[arg(long)]
    engine: Engine,
    /// The engine's library
    #[arg(long)]
    library: Option<PathBuf>,
    /// Folder for compiled networks; without one they are compiled anew
    #[arg(long)]
    cache: Option<PathBuf>,
    /// Compute in f32 throughout
    #[arg(long)]
    full_precision: bool,
    /// Worker threads
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Bytes that networks may hold; without one all stay loaded
    #[arg(long)]
    budget: Option<u64>,
    /// Bytes that hold the largest network and no second one
    #[arg(long, conflicts_with = "budget")]
    one_at_a_time: bool,
    /// Timed readings
    #[arg(long, default_value_t = 20)]
    runs: usize,
    /// Readings before, not timed
    #[arg(long, default_value_t = 2)]
    warm_up: usize,
    /// Films under way at the same time
    #[arg(long, default_value_t = 1)]
    in_flight: usize,
    /// The film
    film: PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
enum Engine {
    Rten,
    Onnxruntime,
    Openvino,
    Cuda,
    Tensorrt,
}

#[derive(Serialize)]
struct Report {
    engine: String,
    threads: usize,
    in_flight: usize,
    /// From the start of this program to the first consensus, golden values checked in between.
    cold_start_ms: f64,
    milliseconds: Vec<f64>,
    images_per_second: f64,
    peak_rss_mib: Option<u64>,
    budget_mib: Option<u64>,
    /// The most that the ledger allowed at once, and the most that the device was seen to hold for this process.
    accounted_peak_mib: u64,
    device: String,
    device_peak_mib: Option<u64>,
    out_of_memory: u64,
    precisions: Vec<String>,
    /// Of the first reading, in the order of `Diagnosis::ALL`.
    probabilities: Option<Vec<f64>>,
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let since_start = Stopwatch::start();
    let bytes = fs::read(&arguments.film).with_context(|| arguments.film.display().to_string())?;
    let choice = match arguments.engine {
        Engine::Rten => Choice::Rten,
        Engine::Onnxruntime => Choice::OnnxRuntime,
        Engine::Openvino => Choice::OpenVino,
        Engine::Cuda => Choice::Cuda,
        Engine::Tensorrt => Choice::TensorRt,
    };
    let (onnxruntime, openvino) = (arguments.library.clone(), arguments.library.clone());
    let places = Places { onnxruntime, openvino, cache: arguments.cache.clone(), server: None };
    let engine = engine::open(choice, &places)?.engine;
    let bundle = Bundle::open(&arguments.bundle)?;
    let memory_budget = if arguments.one_at_a_time {
        Some(Analyzer::smallest_budget(&bundle, engine.as_ref(), arguments.full_precision)?)
    } else {
        arguments.budget
    };
    let settings = Settings {
        memory_budget,
        threads: arguments.threads,
        full_precision: arguments.full_precision,
        ..Settings::default()
    };
    let analyzer = Analyzer::open(bundle, engine, settings)?;
    let first = begin(&analyzer, &bytes)?.wait()?.prediction.consensus;
    let cold_start_ms = since_start.total();
    for _ in 0..arguments.warm_up {
        begin(&analyzer, &bytes)?.wait()?;
    }
    let watch = Stopwatch::start();
    let milliseconds = timed(&analyzer, &bytes, &arguments)?;
    let seconds = watch.total() / 1e3;
    let memory = analyzer.memory();
    let identity = analyzer.engine();
    #[expect(clippy::cast_precision_loss, reason = "some hundred runs")]
    let images_per_second = milliseconds.len() as f64 / seconds;
    let report = Report {
        engine: format!("{} {}", identity.name, identity.version),
        threads: arguments.threads,
        in_flight: arguments.in_flight,
        cold_start_ms,
        milliseconds,
        images_per_second,
        peak_rss_mib: memory.process_peak.map(|bytes| bytes >> 20),
        budget_mib: memory.budget.map(|bytes| bytes >> 20),
        accounted_peak_mib: memory.accounted_peak >> 20,
        device: memory.device.device,
        device_peak_mib: memory.device.peak.map(|bytes| bytes >> 20),
        out_of_memory: memory.out_of_memory,
        precisions: analyzer.networks().iter().map(|network| network.precision.to_string()).collect(),
        probabilities: first
            .and_then(|one| one.probabilities)
            .map(|given| Diagnosis::ALL.map(|diagnosis| given.of(diagnosis).get()).to_vec()),
    };
    println!("{}", serde_json::to_string(&report)?);
    Ok(ExitCode::SUCCESS)
}

/// Decodes the film and puts it into the queue.
fn begin(analyzer: &Analyzer, bytes: &[u8]) -> Result<Ticket> {
    let film = decode(bytes, &Limits::default())?.image;
    let request = Request { film, age_years: None, networks: Vec::new(), force: true };
    Ok(analyzer.submit_waiting(&request)?)
}

/// Milliseconds of each reading, from its bytes to its consensus.
fn timed(analyzer: &Analyzer, bytes: &[u8], arguments: &Arguments) -> Result<Vec<f64>> {
    let mut milliseconds = Vec::with_capacity(arguments.runs);
    let mut under_way = VecDeque::new();
    for _ in 0..arguments.runs {
        let clock = Stopwatch::start();
        under_way.push_back((clock, begin(analyzer, bytes)?));
        if under_way.len() >= arguments.in_flight
            && let Some((clock, ticket)) = under_way.pop_front()
        {
            ticket.wait()?;
            milliseconds.push(clock.total());
        }
    }
    for (clock, ticket) in under_way {
        ticket.wait()?;
        milliseconds.push(clock.total());
    }
    Ok(milliseconds)
}
