//! rten: pure Rust, part of the program.

use std::sync::Arc;

use rten::{Model, ModelOptions, NodeId, RunOptions, ThreadPool, ValueOrView};
use rten_tensor::prelude::*;
use rten_tensor::{NdTensorView, Tensor as RtenTensor};
use thorax_domain::prediction::{EngineIdentity, Precision};

use super::{ACTIVATIONS, Batch, Engine, EngineError, Graph, INPUT, OVERHEAD, Session, Tensor};

const NAME: &str = "rten";
/// The version in the workspace's manifest; a test holds the two together.
const VERSION: &str = "0.27.0";

/// The engine.
#[derive(Debug)]
pub struct Rten;

impl Engine for Rten {
    fn identity(&self) -> EngineIdentity {
        EngineIdentity { name: NAME.to_owned(), version: VERSION.to_owned() }
    }

    fn load(&self, graph: Graph<'_>) -> Result<Box<dyn Session>, EngineError> {
        let model = ModelOptions::with_all_ops()
            .prepack_weights(true)
            .load(graph.bytes.to_vec())
            .map_err(|error| EngineError::Load { engine: NAME, reason: error.to_string() })?;
        let threads = Arc::new(ThreadPool::with_num_threads(1));
        Ok(Box::new(RtenSession { model, threads }))
    }

    /// float32 weights twice, as they are and packed for the multiplication, and their int8 originals.
    fn footprint(&self, parameters: u64, _: Precision, films: usize) -> u64 {
        parameters * 9 + ACTIVATIONS * films as u64 + OVERHEAD
    }
}

struct RtenSession {
    model: Model,
    /// One thread: networks run side by side, not each on all cores.
    threads: Arc<ThreadPool>,
}

impl RtenSession {
    fn node(&self, name: &str) -> Result<NodeId, EngineError> {
        self.model.node_id(name).map_err(|error| EngineError::Run { engine: NAME, reason: error.to_string() })
    }
}

impl Session for RtenSession {
    fn run(&mut self, batch: &Batch, outputs: &[&str]) -> Result<Vec<Tensor>, EngineError> {
        let input = self.node(INPUT)?;
        let wanted = outputs.iter().map(|name| self.node(name)).collect::<Result<Vec<_>, _>>()?;
        let shape = [batch.films, 1, batch.height, batch.width];
        let view = NdTensorView::from_data(shape, batch.samples.as_slice());
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(&self.threads)));
        let values = self
            .model
            .run(vec![(input, ValueOrView::from(view))], &wanted, Some(options))
            .map_err(|error| EngineError::Run { engine: NAME, reason: error.to_string() })?;
        values
            .into_iter()
            .zip(outputs)
            .map(|(value, name)| {
                let tensor: RtenTensor<f32> = value.into_tensor().ok_or_else(|| EngineError::Run {
                    engine: NAME,
                    reason: format!("output {name:?} is not float32"),
                })?;
                Ok(Tensor { shape: tensor.shape().to_vec(), samples: tensor.to_vec() })
            })
            .collect()
    }
}
