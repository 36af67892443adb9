//! The configuration: what an operator may set, by option or by `THORAX_*` variable, and where things are looked for when
//! nothing is set. Nothing else in the house reads the environment.

mod file;
mod inference;
mod places;
mod server;
mod size;

use std::path::PathBuf;

use clap::ValueEnum;
use thorax_inference::engine::{Choice, Places};

pub use file::{FileError, with_file};
pub use inference::{InferenceOptions, NoServer};
pub use places::{NoBundle, find_bundle, program};
pub use server::{DemoOptions, LogFormat, Registration, StoreOptions, WebOptions, WorkOptions, secret};
pub use size::Size;

/// Settings that every command which uses networks shares.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// Folder of the bundle [default: the only one in models/, here or beside the program or above it]
    #[arg(long, value_name = "DIR", env = "THORAX_BUNDLE")]
    pub bundle: Option<PathBuf>,

    /// What computes the networks
    #[arg(long, value_name = "NAME", env = "THORAX_ENGINE", default_value = "auto")]
    pub engine: EngineName,

    /// The ONNX Runtime library; for a graphics card NVIDIA's build of it [default: libonnxruntime.so* beside the program]
    #[arg(long, value_name = "FILE", env = "THORAX_ONNXRUNTIME")]
    pub onnxruntime: Option<PathBuf>,

    /// OpenVINO's C library, its sisters beside it [default: the one in openvino/ beside the program]
    #[arg(long, value_name = "FILE", env = "THORAX_OPENVINO")]
    pub openvino: Option<PathBuf>,

    /// Folder in which engines keep compiled networks between runs [default: thorax/ in the user's cache folder]
    #[arg(long, value_name = "DIR", env = "THORAX_ENGINE_CACHE")]
    pub engine_cache: Option<PathBuf>,

    /// Where the networks are, when a server has them.
    #[command(flatten)]
    pub inference: InferenceOptions,

    /// Numbers to compute in
    #[arg(long, value_name = "NAME", env = "THORAX_PRECISION", default_value = "auto")]
    pub precision: PrecisionName,

    /// Memory that networks may take, main memory or the card's, as 300MiB or 8GiB; 0 for no limit
    #[arg(long, value_name = "SIZE", env = "THORAX_MEMORY_BUDGET", default_value = "8GiB")]
    pub memory_budget: Size,

    /// Networks that run at the same time, each on one thread [default: the number of cores]
    #[arg(long, value_name = "N", env = "THORAX_THREADS", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,

    /// X-rays that go through a network together at most [default: 1 on a processor, 4 on a graphics card or a server]
    #[arg(long, value_name = "N", env = "THORAX_BATCH", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub batch: Option<u16>,

    /// How long an X-ray of a batch may wait for others to go with; one that somebody waits for never does
    #[arg(long, value_name = "MILLISECONDS", env = "THORAX_BATCH_WAIT", default_value = "0", value_parser = clap::value_parser!(u16).range(0..=60_000))]
    pub batch_wait: u16,
}

/// An engine's name as an operator writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EngineName {
    /// The first of OpenVINO and ONNX Runtime whose library is found, rten where there is neither
    Auto,
    /// Part of the program
    Rten,
    /// ONNX Runtime, or an error
    Onnxruntime,
    /// OpenVINO, or an error
    Openvino,
    /// A server that speaks the Open Inference Protocol, named by --inference-server
    OpenInference,
    /// An NVIDIA card through ONNX Runtime's CUDA kernels, in float32, or an error
    Cuda,
    /// The same with TensorRT for networks that the bundle allows in fp16, or an error
    Tensorrt,
}

/// How exact the arithmetic is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PrecisionName {
    /// The fastest numbers that the bundle allows for each network and that the engine has on this machine
    Auto,
    /// float32 throughout
    F32,
}

impl Options {
    /// Where engines find what is not part of the program. The inference server only counts where its engine is chosen, the folder of
    /// compiled networks, which is made, where an engine that keeps some can be.
    ///
    /// # Errors
    /// [`NoServer`] when that engine is chosen and no server can be meant.
    pub fn places(&self) -> Result<Places, NoServer> {
        let asks = self.engine == EngineName::OpenInference;
        let openvino = places::find_openvino(self.openvino.as_deref());
        let compiles = match self.engine {
            EngineName::Openvino | EngineName::Tensorrt => true,
            EngineName::Auto => openvino.is_some(),
            EngineName::Rten | EngineName::Onnxruntime | EngineName::OpenInference | EngineName::Cuda => false,
        };
        Ok(Places {
            onnxruntime: places::find_onnxruntime(self.onnxruntime.as_deref()),
            openvino,
            cache: if compiles { places::find_cache(self.engine_cache.as_deref()) } else { None },
            server: asks.then(|| self.inference.server()).transpose()?,
        })
    }
}

impl From<EngineName> for Choice {
    fn from(name: EngineName) -> Self {
        match name {
            EngineName::Auto => Self::Auto,
            EngineName::Rten => Self::Rten,
            EngineName::Onnxruntime => Self::OnnxRuntime,
            EngineName::Openvino => Self::OpenVino,
            EngineName::OpenInference => Self::OpenInference,
            EngineName::Cuda => Self::Cuda,
            EngineName::Tensorrt => Self::TensorRt,
        }
    }
}
