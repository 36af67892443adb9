//! How the library is told to use a graphics card: providers, limits, what of the memory a network needs. CUDA was run on one card
//! (docs/performance.md); what concerns TensorRT is written from its documentation. `bench/gpu.sh` measures both.

use std::path::Path;

use ort::environment::Environment;
use ort::ep::cuda::ConvAlgorithmSearch;
use ort::ep::{ArenaExtendStrategy, CUDA, ExecutionProvider, ExecutionProviderDispatch, TensorRT};
use ort::session::{NoSelectedOutputs, RunOptions};
use thorax_domain::prediction::Precision;

use super::Provider;
use crate::bundle;
use crate::engine::{Graph, INPUT, Room};

/// What a machine needs, for whoever lacks it.
pub const WHAT_TO_INSTALL: &str =
    "give --onnxruntime the libonnxruntime.so of the package onnxruntime-gpu; docs/operations.md says what it needs";

/// Bytes that the driver's context and the libraries' handles take once a process: 0.3 GB by reports, and some room.
pub const STANDING: u64 = 512 << 20;

/// Films that go together where nobody says how many: kernels are small, launching them is not for nothing.
pub const BATCH: usize = 4;

/// Bytes of a network beside weights and intermediate results: the 32 MiB to which the search for convolutions is held, what
/// cuBLAS takes for a stream, and what the arena loses between its pieces.
const WORKSPACE: u64 = 64 << 20;

/// Bytes of intermediate results a film: twice what a processor needs, since layouts are changed on the way.
const ACTIVATIONS: u64 = 40 << 20;

/// The smallest graph that there is: one Relu of two numbers, its input called as every network's. Loading it shows whether the
/// provider, its libraries, the driver and the card work together, before a network is blamed.
pub const PROBE: &[u8] = b"\x08\x08:Y\n\x12\n\x05image\x12\x03out\"\x04Relu\x12\x01pZ \n\x05image\x12\x17\n\x15\x08\x01\x12\x11\n\x03\
    \x12\x01n\n\x02\x08\x01\n\x02\x08\x01\n\x02\x08\x02b\x1e\n\x03out\x12\x17\n\x15\x08\x01\x12\x11\n\x03\x12\x01n\n\x02\x08\x01\n\
    \x02\x08\x01\n\x02\x08\x02B\x04\n\x00\x10\r";

/// An upper estimate, not a measurement: f32 weights, also where TensorRT keeps them in half of that.
pub const fn footprint(parameters: u64, films: usize) -> u64 {
    parameters * 4 + ACTIVATIONS * films as u64 + WORKSPACE
}

/// Finds out whether the provider can compute here.
///
/// # Errors
/// What is missing and what to do.
pub fn probe(environment: &Environment, provider: Provider, library: &Path) -> Result<(), String> {
    let has = |found: Result<bool, ort::Error>| found.unwrap_or(false);
    let (is_built_in, files) = match provider {
        Provider::Cpu => return Ok(()),
        Provider::Cuda => (has(CUDA::is_available()), ["shared", "cuda"].as_slice()),
        Provider::TensorRt => (has(TensorRT::is_available()), ["shared", "cuda", "tensorrt"].as_slice()),
    };
    let at = library.display();
    if !is_built_in {
        return Err(format!("{at} is a build for the processor only; {WHAT_TO_INSTALL}"));
    }
    for name in files {
        let file = library.with_file_name(format!("libonnxruntime_providers_{name}.so"));
        if cfg!(target_os = "linux") && !file.is_file() {
            return Err(format!("{} is missing beside the library; {WHAT_TO_INSTALL}", file.display()));
        }
    }
    let mut providers = vec![cuda(Room::default())];
    if provider == Provider::TensorRt {
        providers.insert(0, TensorRT::default().build().error_on_failure());
    }
    let load =
        || ort::session::Session::builder(environment)?.with_execution_providers(providers)?.commit_from_memory(PROBE);
    load().map(|_| ()).map_err(|error: ort::Error| {
        format!("{error}; it needs NVIDIA's driver, CUDA and cuDNN where the loader finds them (docs/operations.md)")
    })
}

/// The providers for a graph, the preferred one first. What is computed in f32 goes through CUDA, also where TensorRT is there:
/// TensorRT would round the factors of its products to TF32, and this library cannot tell it not to.
pub fn providers(
    graph: Graph<'_>,
    version: &str,
    cache: Option<&Path>,
) -> Result<Vec<ExecutionProviderDispatch>, ort::Error> {
    let mut providers = vec![cuda(graph.room)];
    if graph.precision == Precision::Fp16 {
        providers.insert(0, tensorrt(graph, version, cache)?);
    }
    Ok(providers)
}

fn cuda(room: Room) -> ExecutionProviderDispatch {
    let mut cuda = CUDA::default()
        .with_device_id(0)
        .with_arena_extend_strategy(ArenaExtendStrategy::SameAsRequested)
        .with_conv_algorithm_search(ConvAlgorithmSearch::Heuristic)
        .with_conv_max_workspace(false)
        .with_tf32(false);
    if let Some(limit) = room.limit.and_then(|bytes| usize::try_from(bytes).ok()) {
        cuda = cuda.with_memory_limit(limit);
    }
    cuda.build().error_on_failure()
}

fn tensorrt(graph: Graph<'_>, version: &str, cache: Option<&Path>) -> Result<ExecutionProviderDispatch, ort::Error> {
    let [films, height, width] = graph.largest;
    let shape = |films: usize| format!("{INPUT}:{films}x1x{height}x{width}");
    let mut tensorrt = TensorRT::default()
        .with_device_id(0)
        .with_fp16(true)
        .with_layer_norm_fp32_fallback(true)
        // One compilation for every batch up to the largest.
        .with_profile_min_shapes(shape(1))
        .with_profile_opt_shapes(shape(films))
        .with_profile_max_shapes(shape(films));
    if let Some(limit) = graph.room.limit.and_then(|bytes| usize::try_from(bytes).ok()) {
        tensorrt = tensorrt.with_max_workspace_size(limit);
    }
    if let Some(cache) = cache {
        // TensorRT tells compiled networks apart by their structure, not by their weights: a folder for each content, and for
        // each library and card.
        let content = bundle::hash(graph.bytes);
        let version = version.replace(|sign: char| !sign.is_ascii_alphanumeric() && sign != '.', "-");
        let folder = cache.join(format!("tensorrt-{version}")).join(content.get(..16).unwrap_or(&content));
        std::fs::create_dir_all(&folder).map_err(|error| ort::Error::new(format!("{}: {error}", folder.display())))?;
        let folder = folder.display();
        tensorrt = tensorrt
            .with_engine_cache(true)
            .with_engine_cache_path(&folder)
            .with_timing_cache(true)
            .with_timing_cache_path(&folder);
    }
    Ok(tensorrt.build().error_on_failure())
}

/// How a pass is run: where networks take turns, the arena gives back at its end what the pass needed.
pub fn run_options(room: Room) -> Result<RunOptions<NoSelectedOutputs>, ort::Error> {
    let mut options = RunOptions::new()?;
    if room.is_tight {
        options.set("memory.enable_memory_arena_shrinkage", "gpu:0")?;
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRAPH: Graph<'_> = Graph {
        name: "toy",
        bytes: b"graph",
        precision: Precision::F32,
        outputs: &["cam"],
        largest: [4, 224, 224],
        room: Room { limit: None, is_tight: false },
    };

    #[test]
    fn only_what_may_be_computed_in_fp16_goes_to_tensorrt() {
        let names = |graph| {
            providers(graph, "1", None).unwrap().iter().map(ExecutionProviderDispatch::name).collect::<Vec<_>>()
        };
        assert_eq!(names(GRAPH), ["CUDAExecutionProvider"]);
        let both = ["TensorrtExecutionProvider", "CUDAExecutionProvider"];
        assert_eq!(names(Graph { precision: Precision::Fp16, ..GRAPH }), both);
    }

    #[test]
    fn compiled_networks_are_kept_apart_by_library_card_and_content() {
        let cache = tempfile::tempdir().unwrap();
        let fp16 = Graph { precision: Precision::Fp16, ..GRAPH };
        for (version, bytes) in
            [("1.32.0 (ab) on RTX/4060", b"one"), ("1.32.0 (ab) on RTX/4060", b"two"), ("1.33.0", b"one")]
        {
            providers(Graph { bytes, ..fp16 }, version, Some(cache.path())).unwrap();
        }
        let count = |folder: &str| std::fs::read_dir(cache.path().join(folder)).unwrap().count();
        assert_eq!((count("tensorrt-1.32.0--ab--on-RTX-4060"), count("tensorrt-1.33.0")), (2, 1));
    }

    #[test]
    fn six_networks_and_the_context_are_far_below_eight_gibibytes() {
        // The largest of ours has 21.6 million weights.
        let largest = footprint(21_633_038, 4);
        assert!(largest < 320 << 20, "{largest}");
        assert!(STANDING + 6 * largest < 8 << 30 && STANDING + largest < 1 << 30);
    }
}
