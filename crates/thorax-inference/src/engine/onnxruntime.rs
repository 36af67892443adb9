//! ONNX Runtime, loaded from its shared library at run time: nothing of it is needed to build or to start. One library computes
//! on the processor; NVIDIA's build of it computes on a graphics card as well ([`card`]).

mod card;
mod session;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ort::environment::Environment;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use thorax_domain::prediction::{EngineIdentity, Precision};

use super::nvidia::{self, Card};
use super::{ACTIVATIONS, DeviceMemory, Engine, EngineError, Graph, OVERHEAD, Session};
use session::{BoundSession, PlainSession};

/// What of the library computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    /// The processor.
    Cpu,
    /// CUDA kernels, in f32.
    Cuda,
    /// TensorRT for networks that may be computed in fp16, CUDA for the others.
    TensorRt,
}

impl Provider {
    /// The engine's name in provenance, and for `--engine`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cpu => "onnxruntime",
            Self::Cuda => "cuda",
            Self::TensorRt => "tensorrt",
        }
    }

    fn load_error(self, reason: String) -> EngineError {
        let engine = self.name();
        if is_out_of_memory(&reason) {
            return EngineError::OutOfMemory { engine, reason };
        }
        EngineError::Load { engine, reason }
    }

    fn run_error(self, reason: String) -> EngineError {
        let engine = self.name();
        if is_out_of_memory(&reason) {
            return EngineError::OutOfMemory { engine, reason };
        }
        EngineError::Run { engine, reason }
    }
}

/// Whether these words of the runtime, of CUDA, cuBLAS, cuDNN or TensorRT mean that memory was not to be had.
fn is_out_of_memory(reason: &str) -> bool {
    let signs = [
        "out of memory",
        "out_of_memory",
        "outofmemory",
        "failed to allocate memory",
        "is smaller than requested bytes",
        "alloc_failed",
        "allocation_failed",
        "bad_alloc",
    ];
    let reason = reason.to_lowercase();
    signs.iter().any(|sign| reason.contains(sign))
}

/// The library allows one environment a process: the first one opened is kept and shared.
static ENVIRONMENT: Mutex<Option<Environment>> = Mutex::new(None);

/// The engine; holds the process's one environment.
pub struct OnnxRuntime {
    environment: Environment,
    version: String,
    provider: Provider,
    /// The card, where it computes on one and the driver tells about it.
    card: Option<Arc<Card>>,
    /// Where TensorRT keeps what it compiled.
    cache: Option<PathBuf>,
}

impl std::fmt::Debug for OnnxRuntime {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("OnnxRuntime").field("version", &self.version).finish_non_exhaustive()
    }
}

impl OnnxRuntime {
    /// Opens the library at `library` to compute with one of its providers. TensorRT keeps compiled networks under `cache`.
    ///
    /// # Errors
    /// [`EngineError::Open`] when there is no such file, it is not a library that fits, or the provider cannot compute here.
    pub fn open(library: Option<&Path>, provider: Provider, cache: Option<&Path>) -> Result<Self, EngineError> {
        let refuse = |reason: String| EngineError::Open { engine: provider.name(), reason };
        let library = library.ok_or_else(|| refuse(nowhere(provider)))?;
        if !library.is_file() {
            return Err(refuse(format!("{} is not a file", library.display())));
        }
        let mut shared = ENVIRONMENT.lock().unwrap_or_else(PoisonError::into_inner);
        let environment = match shared.clone() {
            Some(environment) => environment,
            None => ort::init_from(library)
                .map_err(|error| refuse(error.to_string()))?
                .with_name("thorax")
                .with_telemetry(false)
                .build()
                .map_err(|error| refuse(error.to_string()))?,
        };
        *shared = Some(environment.clone());
        drop(shared);
        let version = version_of(library, ort::info());
        let mut opened = Self { environment, version, provider, card: None, cache: cache.map(Path::to_path_buf) };
        if provider != Provider::Cpu {
            // Before the library takes any memory, so that the growth since then is known.
            opened.card = Card::open().ok().map(Arc::new);
            card::probe(&opened.environment, provider, library).map_err(refuse)?;
            if let Some(card) = &opened.card {
                opened.version = format!("{} on {}", opened.version, card.name());
            }
        }
        Ok(opened)
    }

    fn builder(&self) -> Result<SessionBuilder, ort::Error> {
        Ok(ort::session::Session::builder(&self.environment)?
            .with_optimization_level(GraphOptimizationLevel::Level3)?
            .with_intra_threads(1)?
            // Without this the runtime keeps the int8 weights and expands them at every pass instead of once.
            .with_quant_qdq(false)?)
    }

    fn load_plain(&self, graph: Graph<'_>) -> Result<Box<dyn Session>, ort::Error> {
        let session = self.builder()?.commit_from_memory(graph.bytes)?;
        Ok(Box::new(PlainSession { session }))
    }

    fn load_on_card(&self, graph: Graph<'_>) -> Result<Box<dyn Session>, ort::Error> {
        let providers = card::providers(graph, &self.version, self.cache.as_deref())?;
        let load = || self.builder()?.with_execution_providers(providers)?.commit_from_memory(graph.bytes);
        let session = nvidia::watched(self.card.as_deref(), load)?;
        let options = card::run_options(graph.room)?;
        Ok(Box::new(BoundSession::new(session, options, self.provider, self.card.clone())?))
    }
}

fn nowhere(provider: Provider) -> String {
    match provider {
        Provider::Cpu => "no library was found; `make run` fetches it".to_owned(),
        Provider::Cuda | Provider::TensorRt => format!("no library was found; {}", card::WHAT_TO_INSTALL),
    }
}

/// The library's version. Through this binding it tells only the commit that it was built from, so the release comes from the
/// name that its packages give the file: `libonnxruntime.so.1.32.0`.
fn version_of(library: &Path, build: &str) -> String {
    let name = library.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let release = name.split_once(".so.").map(|(_, release)| release);
    let commit = build.split_once("git-commit-id=").and_then(|(_, rest)| rest.split(',').next());
    match (release, commit) {
        (Some(release), Some(commit)) => format!("{release} ({commit})"),
        (Some(release), None) => release.to_owned(),
        (None, Some(commit)) => format!("commit {commit}"),
        (None, None) => build.to_owned(),
    }
}

impl Engine for OnnxRuntime {
    fn identity(&self) -> EngineIdentity {
        EngineIdentity { name: self.provider.name().to_owned(), version: self.version.clone() }
    }

    /// Only TensorRT computes a graph of f32 in fp16; CUDA would need another graph.
    fn precision(&self, allowed: &[Precision]) -> Precision {
        let has_it = self.provider == Provider::TensorRt && allowed.contains(&Precision::Fp16);
        if has_it { Precision::Fp16 } else { Precision::F32 }
    }

    fn load(&self, graph: Graph<'_>) -> Result<Box<dyn Session>, EngineError> {
        let loaded = match self.provider {
            Provider::Cpu => self.load_plain(graph),
            Provider::Cuda | Provider::TensorRt => self.load_on_card(graph),
        };
        loaded.map_err(|error| self.provider.load_error(error.to_string()))
    }

    fn batch(&self) -> usize {
        match self.provider {
            Provider::Cpu => 1,
            Provider::Cuda | Provider::TensorRt => card::BATCH,
        }
    }

    /// On the processor float32 weights, and their int8 originals while they are expanded.
    fn footprint(&self, parameters: u64, _: Precision, films: usize) -> u64 {
        match self.provider {
            Provider::Cpu => parameters * 5 + ACTIVATIONS * films as u64 + OVERHEAD,
            Provider::Cuda | Provider::TensorRt => card::footprint(parameters, films),
        }
    }

    fn standing(&self) -> u64 {
        if self.provider == Provider::Cpu { 0 } else { card::STANDING }
    }

    fn memory(&self) -> DeviceMemory {
        match (&self.card, self.provider) {
            (Some(card), _) => card.memory(),
            (None, Provider::Cpu) => DeviceMemory::of_this_process(),
            (None, _) => DeviceMemory {
                device: "a card of which the driver tells nothing".to_owned(),
                ..DeviceMemory::default()
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{EngineError, Provider, is_out_of_memory, version_of};

    #[test]
    fn finds_release_and_commit() {
        let build = "ORT Build Info: git-branch=HEAD, git-commit-id=26250ae, build type=Release";
        assert_eq!(version_of(Path::new("a/libonnxruntime.so.1.32.0"), build), "1.32.0 (26250ae)");
        assert_eq!(version_of(Path::new("libonnxruntime.so"), build), "commit 26250ae");
        assert_eq!(version_of(Path::new("libonnxruntime.so.1.32.0"), "ours"), "1.32.0");
        assert_eq!(version_of(Path::new("libonnxruntime.so"), "ours"), "ours");
    }

    #[test]
    fn knows_the_words_for_too_little_memory() {
        for words in [
            "bfc_arena.cc: Failed to allocate memory for requested buffer of size 9633792",
            "Available memory of 1024 is smaller than requested bytes of 4096",
            "CUDA failure 2: out of memory ; GPU=0 ; expr=cudaMalloc((void**)&p, size);",
            "CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED",
            "CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED",
            "[TRT] OutOfMemory (Requested size was 4096 bytes.)",
            "std::bad_alloc",
        ] {
            assert!(is_out_of_memory(words), "{words}");
            assert!(matches!(
                Provider::Cuda.run_error(words.to_owned()),
                EngineError::OutOfMemory { engine: "cuda", .. }
            ));
        }
        for words in ["CUDA failure 35: CUDA driver version is insufficient", "the graph has no output \"logits\"", ""]
        {
            assert!(!is_out_of_memory(words), "{words}");
        }
    }
}
