//! The engine contract: load a graph, run a batch, get the outputs asked for by name. Everything above it is free of engine
//! names; everything behind it is one file an engine.

mod device;
mod nvidia;
mod onnxruntime;
mod open_inference;
mod openvino;
mod rten;

use std::fmt::Debug;
use std::path::PathBuf;
use std::sync::Arc;

use thorax_domain::prediction::{EngineIdentity, Precision};

pub use device::{DeviceMemory, Room};
pub use nvidia::{Description as Card, cards};
use onnxruntime::Provider;
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

    /// Films that best go through a network together where nobody says how many: one, where more of them take as long each.
    fn batch(&self) -> usize {
        1
    }

    /// Loads a graph for computing on one thread.
    ///
    /// # Errors
    /// [`EngineError::Load`] when the engine cannot use the graph, [`EngineError::OutOfMemory`] when there is no memory for it.
    fn load(&self, graph: Graph<'_>) -> Result<Box<dyn Session>, EngineError>;

    /// Bytes that a network of so many parameters holds while it is loaded and while it runs on batches of so many films: an
    /// upper estimate from measurements on the networks that we ship (`docs/performance.md`).
    fn footprint(&self, parameters: u64, precision: Precision, films: usize) -> u64;

    /// Bytes that the engine itself holds as long as it is open, whatever is loaded; they count towards the budget.
    fn standing(&self) -> u64 {
        0
    }

    /// The memory that its networks live in, as measured. This process and main memory, where an engine says nothing else.
    fn memory(&self) -> DeviceMemory {
        DeviceMemory::of_this_process()
    }
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
    /// Films of the largest batch that it will run on, and rows and columns of each.
    pub largest: [usize; 3],
    /// The memory that it may take.
    pub room: Room,
}

/// A loaded graph.
pub trait Session: Send {
    /// Runs a batch through the graph and returns the outputs of these names, in this order.
    ///
    /// # Errors
    /// [`EngineError::Run`] when the engine fails or an output is missing or not float32, [`EngineError::OutOfMemory`] when the
    /// memory is not enough; the session is not used again then.
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

impl Batch {
    /// The batch in parts of at most so many films, in order.
    pub fn parts(&self, films: usize) -> impl Iterator<Item = Self> {
        let (films, pixels) = (films.max(1), self.height * self.width);
        let part = move |samples: &[f32]| Self { films: samples.len() / pixels, samples: samples.to_vec(), ..*self };
        self.samples.chunks((films * pixels).max(1)).map(part)
    }
}

impl Tensor {
    /// Puts another one's films behind its own; both come from the same output.
    pub fn append(&mut self, other: Self) {
        if let (Some(films), Some(more)) = (self.shape.first_mut(), other.shape.first()) {
            *films += more;
        }
        self.samples.extend(other.samples);
    }

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
    /// The first of OpenVINO and ONNX Runtime whose library is found and loads, rten where there is neither; on the processor,
    /// since a graphics card must be asked for.
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
    /// ONNX Runtime's CUDA kernels on an NVIDIA card, in f32, or an error.
    Cuda,
    /// The same, and TensorRT for networks that may be computed in fp16, or an error.
    TensorRt,
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
    /// There is too little memory for a graph or a pass. Less of both at the same time may succeed.
    #[error("{engine} ran out of memory: {reason}")]
    OutOfMemory {
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
        Choice::OnnxRuntime => open_onnxruntime(places, Provider::Cpu),
        Choice::Cuda => open_onnxruntime(places, Provider::Cuda),
        Choice::TensorRt => open_onnxruntime(places, Provider::TensorRt),
        Choice::OpenVino => open_openvino(places),
        Choice::OpenInference => {
            let engine = open_inference::OpenInference::open(places.server.as_ref())?;
            Ok(Opened { engine: Arc::new(engine), library: None, passed_over: None })
        }
        Choice::Auto => Ok(open_openvino(places)
            .or_else(|first| {
                let second = open_onnxruntime(places, Provider::Cpu)
                    .map(|opened| Opened { passed_over: Some(first.to_string()), ..opened });
                second.map_err(|second| format!("{first}; {second}"))
            })
            .unwrap_or_else(|why| rten(Some(why)))),
    }
}

fn open_openvino(places: &Places) -> Result<Opened, EngineError> {
    let engine = openvino::OpenVino::open(places.openvino.as_deref(), places.cache.as_deref())?;
    Ok(Opened { engine: Arc::new(engine), library: places.openvino.clone(), passed_over: None })
}

fn open_onnxruntime(places: &Places, provider: Provider) -> Result<Opened, EngineError> {
    let library = places.onnxruntime.as_deref();
    let engine = onnxruntime::OnnxRuntime::open(library, provider, places.cache.as_deref())?;
    Ok(Opened { engine: Arc::new(engine), library: places.onnxruntime.clone(), passed_over: None })
}
