//! The engine contract: load a graph, run a batch, get the outputs asked for by name. Everything above it is free of engine
//! names; everything behind it is one file an engine.

mod onnxruntime;
mod open_inference;
mod openvino;
mod rten;

use std::fmt::Debug;
use std::path::PathBuf;
use std::sync::Arc;

use thorax_domain::prediction::{EngineIdentity, Precision};

pub use open_inference::{InferenceServer, ServerUrl, Token, WrongServer};

/// A program that computes ONNX graphs. Engines are shared between threads; what they load is not.
pub trait Engine: Debug + Send + Sync {
    /// Name and version, as provenance records it.
    fn identity(&self) -> EngineIdentity;

    /// The precision to compute a network in, of those that its bundle allows besides f32: the fastest that this engine has on
    /// this machine, f32 where it has none of them.
    fn precision(&self, allowed: &[Precision]) -> Precision {
        let _ = allowed;
        Precision::F32
    }

    /// Loads a graph for computing on one thread.
    ///
    /// # Errors
    /// [`EngineError::Load`] when the engine cannot use the graph.
    fn load(&self, graph: Graph<'_>) -> Result<Box<dyn Session>, EngineError>;

    /// Bytes that a network of so many parameters holds while it is loaded and while it runs on batches of so many films: an
    /// upper estimate from measurements on the networks that we ship (`docs/performance.md`).
    fn footprint(&self, parameters: u64, precision: Precision, films: usize) -> u64;
}

/// A graph to be loaded.
#[derive(Debug, Clone, Copy)]
pub struct Graph<'a> {
    /// The network's name in its bundle.
    pub name: &'a str,
    /// The ONNX file.
    pub bytes: &'a [u8],
    /// In which numbers to compute it; one that [`Engine::precision`] gave.
    pub precision: Precision,
    /// Names of the outputs that it will be asked for.
    pub outputs: &'a [&'a str],
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
    /// The first of OpenVINO and ONNX Runtime whose library is found and loads, rten where there is neither.
    #[default]
    Auto,
    /// rten: pure Rust, always there.
    Rten,
    /// ONNX Runtime, or an error.
    OnnxRuntime,
    /// OpenVINO, or an error.
    OpenVino,
    /// A server that speaks the Open Inference Protocol, or an error. Never chosen by [`Choice::Auto`]: films leave the machine.
    OpenInference,
}

/// Where engines find what is not part of the program.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// ONNX Runtime's shared library.
    pub onnxruntime: Option<PathBuf>,
    /// OpenVINO's C library, `libopenvino_c`, with its sisters beside it.
    pub openvino: Option<PathBuf>,
    /// A folder in which engines may keep compiled networks between runs.
    pub cache: Option<PathBuf>,
    /// The server that has the networks.
    pub server: Option<InferenceServer>,
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
    /// The library that it came from; `None` for an engine that is part of the program or on a server.
    pub library: Option<PathBuf>,
    /// Why a faster engine was not taken, where one was looked for.
    pub passed_over: Option<String>,
}

/// Opens an engine.
///
/// # Errors
/// [`EngineError::Open`] when one was asked for by name and cannot be had.
pub fn open(choice: Choice, places: &Places) -> Result<Opened, EngineError> {
    let rten = |passed_over| Opened { engine: Arc::new(rten::Rten), library: None, passed_over };
    match choice {
        Choice::Rten => Ok(rten(None)),
        Choice::OnnxRuntime => open_onnxruntime(places),
        Choice::OpenVino => open_openvino(places),
        Choice::OpenInference => {
            let engine = open_inference::OpenInference::open(places.server.as_ref())?;
            Ok(Opened { engine: Arc::new(engine), library: None, passed_over: None })
        }
        Choice::Auto => Ok(open_openvino(places)
            .or_else(|first| {
                let second =
                    open_onnxruntime(places).map(|opened| Opened { passed_over: Some(first.to_string()), ..opened });
                second.map_err(|second| format!("{first}; {second}"))
            })
            .unwrap_or_else(|why| rten(Some(why)))),
    }
}

fn open_openvino(places: &Places) -> Result<Opened, EngineError> {
    let engine = openvino::OpenVino::open(places.openvino.as_deref(), places.cache.as_deref())?;
    Ok(Opened { engine: Arc::new(engine), library: places.openvino.clone(), passed_over: None })
}

fn open_onnxruntime(places: &Places) -> Result<Opened, EngineError> {
    let engine = onnxruntime::OnnxRuntime::open(places.onnxruntime.as_deref())?;
    Ok(Opened { engine: Arc::new(engine), library: places.onnxruntime.clone(), passed_over: None })
}
