//! The configuration: what an operator may set, by option or by `THORAX_*` variable, and where things are looked for when
//! nothing is set. Nothing else in the house reads the environment.

mod file;
mod places;
mod server;
mod size;

use std::path::PathBuf;

use clap::ValueEnum;
use thorax_inference::engine::Choice;

pub use file::{FileError, with_file};
pub use places::{NoBundle, find_bundle, find_library, program};
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

    /// The ONNX Runtime library [default: libonnxruntime.so* beside the program]
    #[arg(long, value_name = "FILE", env = "THORAX_ONNXRUNTIME")]
    pub onnxruntime: Option<PathBuf>,

    /// Memory that loaded networks may take, as 300MiB or 8GiB; 0 for no limit
    #[arg(long, value_name = "SIZE", env = "THORAX_MEMORY_BUDGET", default_value = "8GiB")]
    pub memory_budget: Size,

    /// Networks that run at the same time, each on one thread [default: the number of cores]
    #[arg(long, value_name = "N", env = "THORAX_THREADS", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
}

/// An engine's name as an operator writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EngineName {
    /// ONNX Runtime where its library is found, rten where not
    Auto,
    /// Part of the program
    Rten,
    /// ONNX Runtime, or an error
    Onnxruntime,
}

impl From<EngineName> for Choice {
    fn from(name: EngineName) -> Self {
        match name {
            EngineName::Auto => Self::Auto,
            EngineName::Rten => Self::Rten,
            EngineName::Onnxruntime => Self::OnnxRuntime,
        }
    }
}
