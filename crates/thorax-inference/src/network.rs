//! One network of a bundle on an engine: load it, run it, prove that it computes what was trained.

use thorax_domain::clock::Stopwatch;
use thorax_domain::prediction::Precision;

use crate::bundle::{Bundle, BundleError, GoldenError};
use crate::engine::{Batch, Engine, EngineError, Graph, Session, Tensor};

/// Names of what every graph gives.
const OUTPUTS: [&str; 3] = ["logits", "cam", "embedding"];

/// What every graph gives.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkOutputs {
    /// Films × 4.
    pub logits: Tensor,
    /// Films × 4 × h × w.
    pub cam: Tensor,
    /// Films × features.
    pub embedding: Tensor,
}

/// Why a network could not be used.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// Its file is not in order.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The engine refused or failed.
    #[error("{name}: {source}")]
    Engine {
        /// The network.
        name: String,
        /// The engine's words.
        source: EngineError,
    },
    /// Its outputs do not have the shapes of the contract.
    #[error("{name}: output {output} has the shape {shape:?}")]
    Shape {
        /// The network.
        name: String,
        /// The output.
        output: &'static str,
        /// What it has.
        shape: Vec<usize>,
    },
    /// It does not reproduce its golden values.
    #[error(transparent)]
    Golden(#[from] GoldenError),
}

/// Loads a network from its verified file.
pub fn load(
    bundle: &Bundle,
    engine: &dyn Engine,
    network: usize,
    precision: Precision,
) -> Result<Box<dyn Session>, NetworkError> {
    let network = &bundle.networks()[network];
    let bytes = bundle.graph(&network.file, &network.sha256)?;
    let graph = Graph { name: &network.name, bytes: &bytes, precision, outputs: &OUTPUTS };
    engine.load(graph).map_err(|source| NetworkError::Engine { name: network.name.clone(), source })
}

/// Runs a batch through a network; gives its outputs, their shapes checked, and the milliseconds that the pass took.
pub fn run(
    bundle: &Bundle,
    network: usize,
    session: &mut dyn Session,
    batch: &Batch,
) -> Result<(NetworkOutputs, f64), NetworkError> {
    let name = &bundle.networks()[network].name;
    let stopwatch = Stopwatch::start();
    let tensors = session.run(batch, &OUTPUTS).map_err(|source| NetworkError::Engine { name: name.clone(), source })?;
    let milliseconds = stopwatch.total();
    let wrong = |output, shape: &[usize]| NetworkError::Shape { name: name.clone(), output, shape: shape.to_vec() };
    let mut tensors = tensors.into_iter();
    let (Some(logits), Some(cam), Some(embedding)) = (tensors.next(), tensors.next(), tensors.next()) else {
        return Err(wrong("logits", &[]));
    };
    let films = batch.films;
    if logits.shape != [films, 4] {
        return Err(wrong("logits", &logits.shape));
    }
    if cam.shape.len() != 4 || cam.shape[..2] != [films, 4] || cam.film(0).is_empty() {
        return Err(wrong("cam", &cam.shape));
    }
    if embedding.shape.len() != 2 || embedding.shape[0] != films {
        return Err(wrong("embedding", &embedding.shape));
    }
    Ok((NetworkOutputs { logits, cam, embedding }, milliseconds))
}

/// Runs the golden films, prepared as the network's view wants them, through it and compares; gives each film's logits.
pub fn verify(
    bundle: &Bundle,
    network: usize,
    precision: Precision,
    session: &mut dyn Session,
    films: &[Batch],
) -> Result<Vec<Vec<f32>>, NetworkError> {
    let name = &bundle.networks()[network].name;
    let golden = bundle.golden();
    golden
        .films
        .iter()
        .zip(films)
        .map(|(film, batch)| {
            let (outputs, _) = run(bundle, network, session, batch)?;
            golden.check_network(film, name, precision, &outputs)?;
            Ok(outputs.logits.film(0).to_vec())
        })
        .collect()
}
