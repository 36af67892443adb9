//! One network of a bundle on an engine: load it, run it, prove that it computes what was trained.

use thorax_domain::clock::Stopwatch;
use thorax_domain::prediction::Precision;
use thorax_imaging::heat::Heat;

use crate::bundle::{Bundle, BundleError, GoldenError, GoldenFilm};
use crate::desk::Shared;
use crate::engine::{Batch, EngineError, Graph, Room, Session, Tensor};

/// Names of what every graph gives.
const OUTPUTS: [&str; 2] = ["cam", "embedding"];

/// What every graph gives.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkOutputs {
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
    /// There is no memory for it, even when it has everything to itself and reads one film at a time.
    #[error("{name}: not enough memory even with nothing else loaded and one film at a time; {source}")]
    Memory {
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

impl NetworkError {
    /// Whether less at the same time might have succeeded.
    pub(crate) const fn is_out_of_memory(&self) -> bool {
        matches!(self, Self::Engine { source: EngineError::OutOfMemory { .. }, .. })
    }

    /// The same error once nothing is left to be tried.
    pub(crate) fn final_word(self) -> Self {
        match self {
            Self::Engine { name, source: source @ EngineError::OutOfMemory { .. } } => Self::Memory { name, source },
            other => other,
        }
    }
}

/// Loads a network from its verified file, for batches of at most so many films.
pub fn load(shared: &Shared, network: usize, room: Room, films: usize) -> Result<Box<dyn Session>, NetworkError> {
    let Shared { bundle, engine, precisions, .. } = shared;
    let (width, height) = bundle.views()[bundle.view_of(network)].recipe.output_size();
    let precision = precisions[network];
    let network = &bundle.networks()[network];
    let bytes = bundle.graph(&network.file, &network.sha256)?;
    let largest = [films, height as usize, width as usize];
    let graph = Graph { name: &network.name, bytes: &bytes, precision, outputs: &OUTPUTS, largest, room };
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
    let (Some(cam), Some(embedding)) = (tensors.next(), tensors.next()) else {
        return Err(wrong("cam", &[]));
    };
    let films = batch.films;
    if cam.shape.len() != 4 || cam.shape[..2] != [films, 4] || cam.film(0).is_empty() {
        return Err(wrong("cam", &cam.shape));
    }
    if embedding.shape.len() != 2 || embedding.shape[0] != films {
        return Err(wrong("embedding", &embedding.shape));
    }
    Ok((NetworkOutputs { cam, embedding }, milliseconds))
}

/// Runs a batch in parts of at most so many films, and joins what they gave.
pub fn run_in_parts(
    bundle: &Bundle,
    network: usize,
    session: &mut dyn Session,
    batch: &Batch,
    films: usize,
) -> Result<(NetworkOutputs, f64), NetworkError> {
    if batch.films <= films {
        return run(bundle, network, session, batch);
    }
    let mut joined: Option<(NetworkOutputs, f64)> = None;
    for part in batch.parts(films) {
        let (more, took) = run(bundle, network, session, &part)?;
        let Some((outputs, milliseconds)) = &mut joined else {
            joined = Some((more, took));
            continue;
        };
        outputs.cam.append(more.cam);
        outputs.embedding.append(more.embedding);
        *milliseconds += took;
    }
    joined.map_or_else(|| run(bundle, network, session, batch), Ok)
}

/// A golden film, ready for every network.
pub struct Prepared {
    /// Its width and height.
    pub size: (u32, u32),
    /// Where its lungs are, if the bundle finds lungs.
    pub lungs: Option<Heat>,
    /// What the recipe of each view makes of it.
    pub views: Vec<Batch>,
}

/// Runs the golden films through a network and compares; gives each film's logits.
pub fn verify(
    bundle: &Bundle,
    network: usize,
    precision: Precision,
    session: &mut dyn Session,
    films: &[Prepared],
) -> Result<Vec<[f64; 4]>, NetworkError> {
    let name = &bundle.networks()[network].name;
    let golden = bundle.golden();
    let check = |(film, prepared): (&GoldenFilm, &Prepared)| {
        let (outputs, _) = run(bundle, network, session, &prepared.views[bundle.view_of(network)])?;
        let part = bundle.part_of(network, prepared.size, prepared.lungs.as_ref());
        let logits = bundle.lung_weights(&outputs.cam, part, prepared.lungs.as_ref()).logits(outputs.cam.film(0));
        golden.check_network(film, (name, precision), &outputs, &logits)?;
        Ok(logits)
    };
    golden.films.iter().zip(films).map(check).collect()
}
