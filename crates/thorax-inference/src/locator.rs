//! The locator: where in a film the lungs are. A small network of its own, which looks at the whole film before the recipes
//! that crop to the lungs can be executed; so it runs on the thread of whoever brings the film.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

use thorax_domain::prediction::Precision;
use thorax_imaging::GrayImage;
use thorax_imaging::heat::Heat;
use thorax_imaging::recipe::{Recipe, RecipeError};

use crate::bundle::Bundle;
use crate::engine::{Batch, Engine, EngineError, Graph, Session};
use crate::network::NetworkError;

/// Name of its one output.
const OUTPUT: &str = "lungs";

/// A loaded locator.
pub struct Locator {
    recipe: Recipe,
    session: Mutex<Box<dyn Session>>,
}

/// Why the lungs could not be looked for.
#[derive(Debug, thiserror::Error)]
pub enum LocateError {
    /// The film cannot be prepared.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// The engine failed.
    #[error("the lungs could not be located: {0}")]
    Engine(#[from] EngineError),
    /// What came out is no map of probabilities, or the engine broke off.
    #[error("the lungs could not be located: {0}")]
    Output(String),
}

impl Locator {
    /// Loads the bundle's locator; `None` where it has none.
    ///
    /// # Errors
    /// [`NetworkError`] when its file is not in order or the engine refuses it.
    pub fn load(bundle: &Bundle, engine: &dyn Engine) -> Result<Option<Self>, NetworkError> {
        let Some(found) = &bundle.manifest().locator else { return Ok(None) };
        let graph = bundle.graph(&found.file, &found.sha256)?;
        let graph = Graph { name: "locator", bytes: &graph, precision: Precision::F32, outputs: &[OUTPUT] };
        let session =
            engine.load(graph).map_err(|source| NetworkError::Engine { name: "the locator".to_owned(), source })?;
        Ok(Some(Self { recipe: found.recipe.clone(), session: Mutex::new(session) }))
    }

    /// Probability of lung for each cell of the whole film.
    ///
    /// # Errors
    /// [`LocateError`].
    pub fn find(&self, film: &GrayImage) -> Result<Heat, LocateError> {
        let prepared = self.recipe.apply(film, None)?;
        let (height, width) = (prepared.height as usize, prepared.width as usize);
        let batch = Batch { films: 1, height, width, samples: prepared.tensor };
        // A session that panicked has only read its weights: it may be used again.
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let tensors = catch_unwind(AssertUnwindSafe(|| session.run(&batch, &[OUTPUT])))
            .map_err(|_| LocateError::Output("the engine broke off".to_owned()))??;
        let wrong = |shape: &[usize]| LocateError::Output(format!("its output has the shape {shape:?}"));
        let map = tensors.into_iter().next().ok_or_else(|| wrong(&[]))?;
        let [1, 1, rows, columns] = map.shape[..] else { return Err(wrong(&map.shape)) };
        Heat::new(columns, rows, map.samples).map_err(|error| LocateError::Output(error.to_string()))
    }
}
