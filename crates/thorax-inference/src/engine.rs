//! The engine contract: load a graph, run a batch, get the outputs asked for by name. Everything above it is free of engine
//! names; everything behind it is one file an engine.

mod onnxruntime;
mod rten;

use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thorax_domain::prediction::EngineIdentity;

/// A program that computes ONNX graphs. Engines are shared between threads; what they load is not.
pub trait Engine: Debug + Send + Sync {
    /// Name and version, as provenance records it.
    fn identity(&self) -> EngineIdentity;

    /// Loads a graph for computing on the calling thread alone.
    ///
    /// # Errors
    /// [`EngineError::Load`] when the engine cannot use the graph.
    fn load(&self, graph: &[u8]) -> Result<Box<dyn Session>, EngineError>;

    /// Bytes that a network of so many parameters holds while it is loaded and while it runs on batches of so many films: an
    /// upper estimate from measurements on the networks that we ship (`docs/performance.md`).
    fn footprint(&self, parameters: u64, films: usize) -> u64;
}

/// A loaded graph.
pub trait Session: Send {
    /// Runs a batch through the graph and returns the outputs of these names, in this order.
    ///
    /// # Errors
    /// [`EngineError::Run`] when the engine fails or an output is missing or not float32.
    fn run(&mut self, batch: &Batch, outputs: &[&str]) -> Result<Vec<Tensor>, EngineError>;
}

/// Bytes of intermediate results that a network holds for each film of a batch: about 16 MiB on ours (`docs/performance.md`).
const ACTIVATIONS: u64 = 20 << 20;

/// Bytes that a loaded network holds beside weights and intermediate results.
const OVERHEAD: u64 = 16 << 20;

/// Name of the one input of every graph.
pub const INPUT: &str = "image";

/// Films that go through a network together: `films × 1 × height × width`, float32.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// How many.
    pub films: usize,
    /// Rows of each.
    pub height: usize,
    /// Columns of each.
    pub width: usize,
    /// The samples, film by film, row by row.
    pub samples: Vec<f32>,
}

/// An output: samples in row-major order; the first axis is the film.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// Length of each axis.
    pub shape: Vec<usize>,
    /// The samples.
    pub samples: Vec<f32>,
}

impl Tensor {
    /// The part that belongs to one film of the batch.
    #[must_use]
    pub fn film(&self, index: usize) -> &[f32] {
        let stride = self.shape.iter().skip(1).product::<usize>();
        self.samples.get(index * stride..(index + 1) * stride).unwrap_or_default()
    }
}

/// Which engine to open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Choice {
    /// ONNX Runtime where its library is found and loads, rten where not.
    #[default]
    Auto,
    /// rten: pure Rust, always there.
    Rten,
    /// ONNX Runtime, or an error.
    OnnxRuntime,
}

/// What an engine could not do.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The engine itself is not to be had.
    #[error("{engine} cannot be used: {reason}")]
    Open {
        /// Which.
        engine: &'static str,
        /// Why, and what to do.
        reason: String,
    },
    /// A graph does not load.
    #[error("{engine} cannot load the graph: {reason}")]
    Load {
        /// Which.
        engine: &'static str,
        /// The engine's own words.
        reason: String,
    },
    /// A pass failed.
    #[error("{engine} failed: {reason}")]
    Run {
        /// Which.
        engine: &'static str,
        /// The engine's own words.
        reason: String,
    },
}

/// An open engine, and what was decided on the way.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The engine.
    pub engine: Arc<dyn Engine>,
    /// The library that it came from; `None` for an engine that is part of the program.
    pub library: Option<PathBuf>,
    /// Why a faster engine was not taken, where one was looked for.
    pub passed_over: Option<String>,
}

/// Opens an engine. `library` is where ONNX Runtime's shared library lies, if anywhere.
///
/// # Errors
/// [`EngineError::Open`] when [`Choice::OnnxRuntime`] was asked for and cannot be had.
pub fn open(choice: Choice, library: Option<&Path>) -> Result<Opened, EngineError> {
    let rten = |passed_over| Opened { engine: Arc::new(rten::Rten), library: None, passed_over };
    if choice == Choice::Rten {
        return Ok(rten(None));
    }
    match onnxruntime::OnnxRuntime::open(library) {
        Ok(engine) => {
            Ok(Opened { engine: Arc::new(engine), library: library.map(Path::to_path_buf), passed_over: None })
        }
        Err(error) if choice == Choice::Auto => Ok(rten(Some(error.to_string()))),
        Err(error) => Err(error),
    }
}
