//! Parts of a prediction that are written as the domain writes them, described here.

use utoipa::ToSchema;

/// One probability for each diagnosis; they sum to 1.
#[derive(ToSchema)]
#[expect(dead_code, reason = "described only; the domain writes it")]
pub struct Probabilities {
    #[schema(rename = "COVID", minimum = 0, maximum = 1)]
    covid: f64,
    #[schema(rename = "Lung Opacity", minimum = 0, maximum = 1)]
    lung_opacity: f64,
    #[schema(rename = "Normal", minimum = 0, maximum = 1)]
    normal: f64,
    #[schema(rename = "Viral Pneumonia", minimum = 0, maximum = 1)]
    viral_pneumonia: f64,
}

/// Why a result is inconclusive, or what else to bear in mind.
#[derive(ToSchema)]
#[schema(as = Reason)]
#[expect(dead_code, reason = "described only; the domain writes it")]
pub struct ReasonGiven {
    /// Short and stable: `prediction_set`, `too_few_votes`, `network_failed`, `caution`, `gate_overridden`.
    code: String,
    /// For people.
    message: String,
}

/// What the gate thinks of a film.
#[derive(ToSchema)]
#[schema(as = Gate)]
#[expect(dead_code, reason = "described only; the domain writes it")]
pub struct GateVerdict {
    /// Whether the film may be read without somebody insisting.
    accepted: bool,
    /// Why not; empty where accepted.
    reasons: Vec<GateReason>,
}

/// One thing that the gate holds against a film.
#[derive(ToSchema)]
#[expect(dead_code, reason = "described only; the domain writes it")]
pub struct GateReason {
    /// Short and stable: `not_chest`, `lateral`, `upside_down`, `inverted`, `too_small`, `too_blurred`, `nearly_empty`, `cropped`,
    /// `no_two_lungs`.
    code: String,
    /// What is wrong and what to do.
    message: String,
    /// What was measured.
    measured: f64,
    /// The limit that it broke.
    limit: f64,
}

/// Everything that a result depends on: enough to run it again and compare.
#[derive(ToSchema)]
#[schema(as = Provenance)]
#[expect(dead_code, reason = "described only; the domain writes it")]
pub struct ProvenanceOf {
    /// The bundle's name.
    bundle: String,
    /// SHA-256 of the bundle's manifest, which holds the hashes of all its files.
    bundle_sha256: String,
    /// The preprocessing, one line.
    recipe: String,
    /// Coverage that the prediction set promises.
    coverage: f64,
    /// The conformal threshold behind it.
    conformal_threshold: f64,
    /// Fewest votes for a diagnosis.
    minimum_votes: u32,
    /// The networks that were asked to vote.
    networks: Vec<NetworkIdentity>,
    /// The engine.
    engine: EngineIdentity,
    /// The program and its version.
    program: String,
    /// SHA-256 of the file that was read.
    input_sha256: String,
    /// Whether the gate was overridden.
    forced: bool,
}

/// Which network voted.
#[derive(ToSchema)]
#[expect(dead_code, reason = "described only; the domain writes it")]
pub struct NetworkIdentity {
    /// The name in the bundle.
    name: String,
    /// SHA-256 of its file.
    sha256: String,
    /// In which numbers it was computed: `f32`, `bf16`, `fp16` or `int8`.
    precision: String,
}

/// Which engine computed the networks.
#[derive(ToSchema)]
#[expect(dead_code, reason = "described only; the domain writes it")]
pub struct EngineIdentity {
    /// `rten`, `onnxruntime`, `openvino` or `open-inference`.
    name: String,
    /// Its version.
    version: String,
}
