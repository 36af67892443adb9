//! How long one graph takes alone, for `bench/floor.py`: loads it on so many threads, runs passes over one film on all of them
//! at the same time, and prints the least of their milliseconds and the median.
//!
//! ```sh
//! cargo run --release -p thorax-inference --example pass_times -- rten - f32 1 cam 224 models/two-views/xception.onnx
//! ```
//!
//! Arguments: engine, its library (`-` for none), precision, threads, the output to ask for, side of the square film, the graph.

use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::sync::Barrier;

use thorax_domain::clock::Stopwatch;
use thorax_domain::prediction::Precision;
use thorax_inference::engine::{self, Batch, Choice, EngineError, Graph, Places, Room, Session};

/// Passes before those that are timed.
const WARM_UP: usize = 3;
/// Passes that are timed on each thread.
const PASSES: usize = 15;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [engine, library, precision, threads, output, side, graph] = arguments.as_slice() else {
        return Err("seven arguments: ENGINE LIBRARY PRECISION THREADS OUTPUT SIDE GRAPH".into());
    };
    let choice = match engine.as_str() {
        "rten" => Choice::Rten,
        "onnxruntime" => Choice::OnnxRuntime,
        "openvino" => Choice::OpenVino,
        other => return Err(format!("there is no engine {other}").into()),
    };
    let precision = match precision.as_str() {
        "f32" => Precision::F32,
        "bf16" => Precision::Bf16,
        "int8" => Precision::Int8,
        other => return Err(format!("there is no precision {other} here").into()),
    };
    let library = (library != "-").then(|| PathBuf::from(library));
    let places = Places { onnxruntime: library.clone(), openvino: library, ..Places::default() };
    let opened = engine::open(choice, &places)?;
    let bytes = fs::read(graph)?;
    let (threads, side): (usize, usize) = (threads.parse()?, side.parse()?);
    let (outputs, room) = ([output.as_str()], Room::default());
    let largest = [1, side, side];
    let load =
        |_| opened.engine.load(Graph { name: "graph", bytes: &bytes, precision, outputs: &outputs, largest, room });
    let sessions = (0..threads).map(load).collect::<Result<Vec<_>, _>>()?;
    let start = Barrier::new(threads);
    let mut milliseconds = std::thread::scope(|scope| {
        let work = |session| scope.spawn(|| passes(session, output, side, &start));
        let running: Vec<_> = sessions.into_iter().map(work).collect();
        let joined = running.into_iter().map(|one| one.join().map_err(|_| "a thread broke off".to_owned()));
        joined.map(|one| one?.map_err(|error| error.to_string())).collect::<Result<Vec<_>, String>>()
    })?
    .concat();
    milliseconds.sort_by(f64::total_cmp);
    println!("{:.4} {:.4}", milliseconds[0], milliseconds[milliseconds.len() / 2]);
    Ok(())
}

/// Milliseconds of each pass, begun when all threads are ready.
fn passes(mut session: Box<dyn Session>, output: &str, side: usize, start: &Barrier) -> Result<Vec<f64>, EngineError> {
    let batch = Batch { films: 1, height: side, width: side, samples: vec![0.5; side * side] };
    // All come to the barrier, also those that fail, so that nobody waits there for ever.
    let warm = (0..WARM_UP).try_for_each(|_| session.run(&batch, &[output]).map(drop));
    start.wait();
    warm?;
    let mut one = |_| {
        let clock = Stopwatch::start();
        session.run(&batch, &[output])?;
        Ok(clock.total())
    };
    (0..PASSES).map(&mut one).collect()
}
