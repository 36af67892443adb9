//! The proof that this program on this engine computes what was trained: golden films through recipe, networks and ensemble.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use thorax_domain::prediction::Precision;
use thorax_imaging::decode::{Limits, decode};

use crate::budget::BudgetTooSmall;
use crate::bundle::{BundleError, GoldenFilm};
use crate::desk::Shared;
use crate::engine::Batch;
use crate::ensemble::{self, Ballot, Circumstances};
use crate::network::{self, NetworkError, Prepared};
use crate::recovery;

/// Why an analyzer cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The budget holds not even one network.
    #[error(transparent)]
    Budget(#[from] BudgetTooSmall),
    /// The bundle's files or golden values are not in order.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// A golden film could not be read or prepared.
    #[error("{}: {reason}", path.display())]
    GoldenFilm {
        /// Which film.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

impl From<BundleError> for OpenError {
    fn from(error: BundleError) -> Self {
        Self::Network(error.into())
    }
}

/// What one network made of the golden films: logits of each.
type Proved = (usize, Result<Vec<[f64; 4]>, NetworkError>);

/// Loads every network once, on as many threads as will work later, and compares everything with the golden values.
///
/// # Errors
/// The first [`OpenError`], in the order of the bundle's networks.
pub fn prove(shared: &Shared, threads: usize) -> Result<(), OpenError> {
    let bundle = &shared.bundle;
    let films = prepared(shared)?;
    let count = bundle.networks().len();
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<Proved>> = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, count) {
            scope.spawn(|| {
                loop {
                    let network = next.fetch_add(1, Ordering::Relaxed);
                    if network >= count {
                        break;
                    }
                    let result = verify_network(shared, network, &films);
                    results.lock().unwrap_or_else(PoisonError::into_inner).push((network, result));
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(network, _)| *network);
    let logits = results.into_iter().map(|(_, result)| result).collect::<Result<Vec<_>, _>>()?;
    let worst = shared.precisions.iter().copied().find(|&one| one != Precision::F32).unwrap_or_default();
    for (index, film) in bundle.golden().films.iter().enumerate() {
        let ballots: Vec<Ballot> = logits
            .iter()
            .enumerate()
            .map(|(network, logits)| Ballot { network, vote: Ok((logits[index], 0.0)) })
            .collect();
        let consensus = ensemble::consensus(bundle, &ballots, Circumstances::default());
        let probabilities = consensus.probabilities.map(|one| ensemble::in_label_order(bundle, &one));
        let golden = bundle.golden().check_probabilities(film, worst, &probabilities.unwrap_or([f64::NAN; 4]));
        golden.map_err(NetworkError::from)?;
    }
    Ok(())
}

fn verify_network(shared: &Shared, network: usize, films: &[Prepared]) -> Result<Vec<[f64; 4]>, NetworkError> {
    let precision = shared.precisions[network];
    recovery::pass(shared, network, |session, _| network::verify(&shared.bundle, network, precision, session, films))
}

/// The golden films, decoded and prepared by the recipe of each view, their pictures compared with the golden ones.
fn prepared(shared: &Shared) -> Result<Vec<Prepared>, OpenError> {
    let bundle = &shared.bundle;
    let one = |golden: &GoldenFilm| {
        let wrong = |reason: String| OpenError::GoldenFilm { path: bundle.directory().join(&golden.file), reason };
        let bytes = bundle.golden_film(golden)?;
        let film = decode(&bytes, &Limits::default()).map_err(|error| wrong(error.to_string()))?.image;
        let lungs = shared.lungs(&film).transpose();
        let lungs = lungs.map_err(|error| wrong(error.to_string()))?;
        let mut views = Vec::new();
        for view in bundle.views() {
            let prepared = view.recipe.apply(&film, lungs.as_ref()).map_err(|error| wrong(error.to_string()))?;
            bundle.golden().check_pixels(golden, &view.name, &prepared.bytes).map_err(NetworkError::from)?;
            let (height, width) = (prepared.height as usize, prepared.width as usize);
            views.push(Batch { films: 1, height, width, samples: prepared.tensor });
        }
        Ok(Prepared { size: (film.width(), film.height()), lungs, views })
    };
    bundle.golden().films.iter().map(one).collect()
}
