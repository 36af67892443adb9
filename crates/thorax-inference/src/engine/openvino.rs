//! OpenVINO on the processor, loaded from its shared libraries at run time: the fastest engine on x86, and the one that
//! computes in bf16 and int8 where the processor has the instructions.

mod memory;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use openvino::{Core, DeviceType, ElementType, InferRequest, PropertyKey, RwPropertyKey, Shape};
use thorax_domain::prediction::{EngineIdentity, Precision};

use super::{ACTIVATIONS, Batch, Engine, EngineError, Graph, INPUT, OVERHEAD, Session, Tensor};
use memory::Mapped;

const NAME: &str = "openvino";

/// Values of a matrix product's input that share one int8 scale, as `docs/model-card.md` measured it. With OpenVINO's own default of
/// 32 the network that has such products takes a tenth longer.
const INT8_GROUP: &str = "64";

/// The library can be loaded once a process.
static LOADING: Mutex<()> = Mutex::new(());

/// The engine.
#[derive(Debug)]
pub struct OpenVino {
    version: String,
    /// Whether the processor multiplies bf16 itself; OpenVINO would otherwise compute in f32 without a word.
    bf16: bool,
    /// Where compiled networks are kept between runs.
    cache: Option<PathBuf>,
}

impl OpenVino {
    /// Opens `libopenvino_c` at `library`; its sister libraries lie beside it. Compiled networks are kept under `cache`.
    ///
    /// # Errors
    /// [`EngineError::Open`] when there is no such file or it is not a library that fits.
    pub fn open(library: Option<&Path>, cache: Option<&Path>) -> Result<Self, EngineError> {
        let refuse = |reason: String| EngineError::Open { engine: NAME, reason };
        let library = library.ok_or_else(|| refuse("no library was found; `make run` fetches it".to_owned()))?;
        if let Some(cache) = cache {
            let made = std::fs::create_dir_all(cache);
            made.map_err(|error| refuse(format!("the engine cache {}: {error}", cache.display())))?;
        }
        // Absolute, since the loader looks for a bare name elsewhere.
        let library = library.canonicalize().map_err(|error| refuse(format!("{}: {error}", library.display())))?;
        let loading = LOADING.lock().unwrap_or_else(PoisonError::into_inner);
        openvino_sys::library::load_from(library).map_err(refuse)?;
        drop(loading);
        let core = Core::new().map_err(|error| refuse(error.to_string()))?;
        let capabilities = core.get_property(&DeviceType::CPU, &PropertyKey::DeviceCapabilities);
        let capabilities = capabilities.map_err(|error| refuse(error.to_string()))?;
        Ok(Self {
            version: release(&openvino::version().build_number),
            bf16: capabilities.split_whitespace().any(|one| one == "BF16"),
            cache: cache.map(Path::to_path_buf),
        })
    }

    /// The folder for a network's compiled form, made now: one for each, so that no version or precision can take another's, and a
    /// mapped file says whose it is.
    fn folder(&self, graph: &Graph<'_>) -> std::io::Result<Option<PathBuf>> {
        let Some(cache) = &self.cache else { return Ok(None) };
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
        let name: String = graph.name.chars().map(|letter| if is_plain(letter) { letter } else { '_' }).collect();
        let folder = cache.join(format!("openvino-{}-{}", self.version, graph.precision)).join(name);
        std::fs::create_dir_all(&folder)?;
        Ok(Some(folder))
    }

    /// Settings of a network's own core: one thread, wherever the system puts it, since networks run side by side.
    fn configure(&self, core: &mut Core, precision: Precision) -> Result<(), openvino::InferenceError> {
        use RwPropertyKey::{HintEnableCpuPinning, HintInferencePrecision, InferenceNumThreads, NumStreams, Other};
        let reduced = precision != Precision::F32 && self.bf16;
        let group = if precision == Precision::Int8 { INT8_GROUP } else { "0" };
        let mut set = |key: &RwPropertyKey, value: &str| core.set_property(&DeviceType::CPU, key, value);
        set(&NumStreams, "1")?;
        set(&InferenceNumThreads, "1")?;
        set(&HintEnableCpuPinning, "NO")?;
        set(&HintInferencePrecision, if reduced { "bf16" } else { "f32" })?;
        set(&Other("DYNAMIC_QUANTIZATION_GROUP_SIZE".into()), group)
    }

    /// Compiles a graph on a core of its own, or takes what was compiled of it earlier.
    fn compile(
        &self,
        core: Core,
        graph: &Graph<'_>,
        folder: Option<&Path>,
    ) -> Result<OpenVinoSession, openvino::InferenceError> {
        // Declared first, so that it is given back last.
        let mapped = folder.and_then(Mapped::take);
        let mut core = core;
        self.configure(&mut core, graph.precision)?;
        if let Some(folder) = folder {
            let every_device = DeviceType::Other("".into());
            core.set_property(&every_device, &RwPropertyKey::CacheDir, &folder.to_string_lossy())?;
            // Two that map the same files could not tell whose are whose.
            let may_map = if mapped.is_some() { "YES" } else { "NO" };
            core.set_property(&every_device, &RwPropertyKey::EnableMmap, may_map)?;
        }
        let model = core.read_model_from_buffer(graph.bytes, None)?;
        let mut compiled = core.compile_model(&model, DeviceType::CPU)?;
        if mapped.as_ref().is_some_and(|mapped| !mapped.is_there()) {
            // What was compiled just now holds its weights itself; taken from the file that was written, it does not.
            drop(compiled);
            compiled = core.compile_model(&model, DeviceType::CPU)?;
        }
        Ok(OpenVinoSession { request: compiled.create_infer_request()?, input: None, mapped })
    }
}

/// Release and build of a build number: `2026.4.1-22982` of `2026.4.1-22982-e213a147257-releases/2026/4`.
fn release(build: &str) -> String {
    build.split('-').take(2).collect::<Vec<_>>().join("-")
}

/// Whether the processor sums int8 products itself (VNNI).
fn has_vnni() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::is_x86_feature_detected!("avx512vnni") || std::is_x86_feature_detected!("avxvnni");
    #[cfg(not(target_arch = "x86_64"))]
    return false;
}

impl Engine for OpenVino {
    fn identity(&self) -> EngineIdentity {
        EngineIdentity { name: NAME.to_owned(), version: self.version.clone() }
    }

    fn precision(&self, allowed: &[Precision]) -> Precision {
        let has = |precision: &Precision| match precision {
            Precision::Int8 => has_vnni(),
            Precision::Bf16 => self.bf16,
            Precision::F32 | Precision::Fp16 => false,
        };
        let fastest = [Precision::Int8, Precision::Bf16];
        fastest.into_iter().find(|one| allowed.contains(one) && has(one)).unwrap_or_default()
    }

    fn load(&self, graph: Graph<'_>) -> Result<Box<dyn Session>, EngineError> {
        let refuse = |reason: String| EngineError::Load { engine: NAME, reason };
        let folder = self.folder(&graph).map_err(|error| refuse(format!("the engine cache: {error}")))?;
        let core = Core::new().map_err(|error| refuse(error.to_string()))?;
        let session = self.compile(core, &graph, folder.as_deref()).map_err(|error| refuse(error.to_string()))?;
        memory::trim();
        Ok(Box::new(session))
    }

    /// The weights as they are and packed for the multiplication.
    fn footprint(&self, parameters: u64, precision: Precision, films: usize) -> u64 {
        let bytes = if precision == Precision::F32 { 9 } else { 5 };
        parameters * bytes + ACTIVATIONS * films as u64 + OVERHEAD
    }
}

struct OpenVinoSession {
    request: InferRequest,
    /// The input of the last batch, to be filled again by one of the same shape.
    input: Option<(Vec<i64>, openvino::Tensor)>,
    /// What it has mapped of the engine cache; given back after the request that reads it.
    mapped: Option<Mapped>,
}

impl OpenVinoSession {
    /// Puts a batch into the input; whether it has another shape than the last.
    fn fill(&mut self, batch: &Batch) -> Result<bool, openvino::InferenceError> {
        #[expect(clippy::cast_possible_wrap, reason = "sides of pictures")]
        let shape = [batch.films, 1, batch.height, batch.width].map(|side| side as i64).to_vec();
        let is_new = self.input.as_ref().is_none_or(|(last, _)| *last != shape);
        if is_new {
            let tensor = openvino::Tensor::new(ElementType::F32, &Shape::new(&shape)?)?;
            self.request.set_tensor(INPUT, &tensor)?;
            self.input = Some((shape, tensor));
        }
        if let Some((_, tensor)) = &mut self.input {
            tensor.get_data_mut::<f32>()?.copy_from_slice(&batch.samples);
        }
        Ok(is_new)
    }

    fn output(&self, name: &str) -> Result<Tensor, openvino::InferenceError> {
        let tensor = self.request.get_tensor(name)?;
        let shape = tensor.get_shape()?;
        let shape = shape.get_dimensions().iter().map(|&side| usize::try_from(side).unwrap_or(0)).collect();
        Ok(Tensor { shape, samples: tensor.get_data::<f32>()?.to_vec() })
    }
}

impl Session for OpenVinoSession {
    fn run(&mut self, batch: &Batch, outputs: &[&str]) -> Result<Vec<Tensor>, EngineError> {
        let refuse = |what: &str, error: openvino::InferenceError| EngineError::Run {
            engine: NAME,
            reason: format!("{what}: {error}"),
        };
        let is_new = self.fill(batch).map_err(|error| refuse("input", error))?;
        self.request.infer().map_err(|error| refuse("inference", error))?;
        if let Some(mapped) = self.mapped.as_ref().filter(|_| is_new) {
            mapped.let_go();
        }
        outputs.iter().map(|name| self.output(name).map_err(|error| refuse(name, error))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::release;

    #[test]
    fn finds_the_release_in_a_build_number() {
        assert_eq!(release("2026.4.1-22982-e213a147257-releases/2026/4"), "2026.4.1-22982");
        assert_eq!(release("2026.4.1"), "2026.4.1");
    }
}
