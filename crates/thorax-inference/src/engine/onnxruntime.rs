//! ONNX Runtime, loaded from its shared library at run time: nothing of it is needed to build or to start.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use ort::environment::Environment;
use ort::session::builder::GraphOptimizationLevel;
use ort::value::TensorRef;
use thorax_domain::prediction::{EngineIdentity, Precision};

use super::{ACTIVATIONS, Batch, Engine, EngineError, Graph, INPUT, OVERHEAD, Session, Tensor};

const NAME: &str = "onnxruntime";

/// The library allows one environment a process: the first one opened is kept and shared.
static ENVIRONMENT: Mutex<Option<Environment>> = Mutex::new(None);

/// The engine; holds the process's one environment.
pub struct OnnxRuntime {
    environment: Environment,
    version: String,
}

impl std::fmt::Debug for OnnxRuntime {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("OnnxRuntime").field("version", &self.version).finish_non_exhaustive()
    }
}

impl OnnxRuntime {
    /// Opens the library at `library`.
    ///
    /// # Errors
    /// [`EngineError::Open`] when there is no such file or it is not a library that fits.
    pub fn open(library: Option<&Path>) -> Result<Self, EngineError> {
        let refuse = |reason: String| EngineError::Open { engine: NAME, reason };
        let library = library.ok_or_else(|| refuse("no library was found; `make run` fetches it".to_owned()))?;
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
        Ok(Self { environment, version: version_of(library, ort::info()) })
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
        EngineIdentity { name: NAME.to_owned(), version: self.version.clone() }
    }

    fn load(&self, graph: Graph<'_>) -> Result<Box<dyn Session>, EngineError> {
        let refuse = |error: String| EngineError::Load { engine: NAME, reason: error };
        let session = ort::session::Session::builder(&self.environment)
            .map_err(|error| refuse(error.to_string()))?
            .with_optimization_level(GraphOptimizationLevel::Level3)
            .map_err(|error| refuse(error.to_string()))?
            .with_intra_threads(1)
            .map_err(|error| refuse(error.to_string()))?
            // Without this the runtime keeps the int8 weights and expands them at every pass instead of once.
            .with_quant_qdq(false)
            .map_err(|error| refuse(error.to_string()))?
            .commit_from_memory(graph.bytes)
            .map_err(|error| refuse(error.to_string()))?;
        Ok(Box::new(OrtSession { session }))
    }

    /// float32 weights, and their int8 originals while they are expanded.
    fn footprint(&self, parameters: u64, _: Precision, films: usize) -> u64 {
        parameters * 5 + ACTIVATIONS * films as u64 + OVERHEAD
    }
}

struct OrtSession {
    session: ort::session::Session,
}

impl Session for OrtSession {
    fn run(&mut self, batch: &Batch, outputs: &[&str]) -> Result<Vec<Tensor>, EngineError> {
        let refuse = |error: String| EngineError::Run { engine: NAME, reason: error };
        let shape = [batch.films, 1, batch.height, batch.width];
        let input =
            TensorRef::from_array_view((shape, batch.samples.as_slice())).map_err(|error| refuse(error.to_string()))?;
        let results = self.session.run(ort::inputs![INPUT => input]).map_err(|error| refuse(error.to_string()))?;
        outputs
            .iter()
            .map(|name| {
                let value = results.get(*name).ok_or_else(|| refuse(format!("the graph has no output {name:?}")))?;
                let (shape, samples) = value.try_extract_tensor::<f32>().map_err(|error| refuse(error.to_string()))?;
                let shape = shape.iter().map(|&side| usize::try_from(side).unwrap_or(0)).collect();
                Ok(Tensor { shape, samples: samples.to_vec() })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::version_of;

    #[test]
    fn finds_release_and_commit() {
        let build = "ORT Build Info: git-branch=HEAD, git-commit-id=26250ae, build type=Release";
        assert_eq!(version_of(Path::new("a/libonnxruntime.so.1.32.0"), build), "1.32.0 (26250ae)");
        assert_eq!(version_of(Path::new("libonnxruntime.so"), build), "commit 26250ae");
        assert_eq!(version_of(Path::new("libonnxruntime.so.1.32.0"), "ours"), "1.32.0");
        assert_eq!(version_of(Path::new("libonnxruntime.so"), "ours"), "ours");
    }
}
