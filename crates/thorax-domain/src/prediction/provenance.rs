//! Where a result comes from: enough to run it again and compare bit for bit.

use std::fmt;

use serde::{Deserialize, Serialize};

/// In which numbers a network was computed. Its weights are the same in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// IEEE 754 single precision throughout: what the golden values were made with.
    #[default]
    F32,
    /// bfloat16 products summed in f32.
    Bf16,
    /// IEEE 754 half precision, products summed in f32 where the device does.
    Fp16,
    /// Matrix products in int8, their inputs scaled at run time group by group; the rest in the best of the others.
    Int8,
}

impl fmt::Display for Precision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
            Self::Fp16 => "fp16",
            Self::Int8 => "int8",
        })
    }
}

/// Which engine computed the networks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineIdentity {
    /// `rten`, `onnxruntime`, `openvino` or `open-inference`.
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
    /// In which numbers it was computed; results from before this was recorded are all f32.
    #[serde(default)]
    pub precision: Precision,
}

impl NetworkIdentity {
    /// The precisions of networks in few words: `f32` where all are alike, otherwise each with its networks.
    #[must_use]
    pub fn precisions(networks: &[Self]) -> String {
        let mut groups: Vec<(Precision, Vec<&str>)> = Vec::new();
        for network in networks {
            match groups.iter_mut().find(|(precision, _)| *precision == network.precision) {
                Some((_, names)) => names.push(&network.name),
                None => groups.push((network.precision, vec![&network.name])),
            }
        }
        if let [(precision, _)] = &groups[..] {
            return precision.to_string();
        }
        let words = groups.iter().map(|(precision, names)| format!("{precision} {}", names.join(", ")));
        words.collect::<Vec<_>>().join("; ")
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn network(name: &str, precision: Precision) -> NetworkIdentity {
        NetworkIdentity { name: name.to_owned(), sha256: String::new(), precision }
    }

    #[test]
    fn says_once_what_all_share_and_otherwise_who_is_what() {
        let alike = [network("a", Precision::Bf16), network("b", Precision::Bf16)];
        assert_eq!(NetworkIdentity::precisions(&alike), "bf16");
        let mixed = [network("a", Precision::F32), network("b", Precision::Int8), network("c", Precision::F32)];
        assert_eq!(NetworkIdentity::precisions(&mixed), "f32 a, c; int8 b");
    }
}
