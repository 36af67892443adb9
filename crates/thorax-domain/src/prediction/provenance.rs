//! Where a result comes from: enough to run it again and compare bit for bit.

use serde::{Deserialize, Serialize};

/// Which engine computed the networks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineIdentity {
    /// `rten` or `onnxruntime`.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// Which network of the bundle voted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkIdentity {
    /// The name in the bundle.
    pub name: String,
    /// SHA-256 of its file, hexadecimal.
    pub sha256: String,
}

/// Everything that a result depends on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// The bundle's name.
    pub bundle: String,
    /// SHA-256 of the bundle's manifest, which holds the hashes of all its files.
    pub bundle_sha256: String,
    /// The preprocessing, one line.
    pub recipe: String,
    /// Coverage that the prediction set promises.
    pub coverage: f64,
    /// The conformal threshold behind it.
    pub conformal_threshold: f64,
    /// Fewest votes for a diagnosis.
    pub minimum_votes: usize,
    /// The networks that were asked to vote.
    pub networks: Vec<NetworkIdentity>,
    /// The engine.
    pub engine: EngineIdentity,
    /// The program's version.
    pub program: String,
    /// SHA-256 of the file that was read.
    pub input_sha256: String,
    /// Whether the gate was overridden.
    pub forced: bool,
}
