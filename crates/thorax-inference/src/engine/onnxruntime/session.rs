//! Loaded graphs: one whose tensors lie in main memory, and one whose tensors are bound to a card.

use std::sync::Arc;

use ort::memory::{AllocationDevice, AllocatorType, MemoryInfo, MemoryType};
use ort::session::{NoSelectedOutputs, RunOptions, SessionOutputs};
use ort::value::TensorRef;

use super::{Card, Provider};
use crate::engine::nvidia;
use crate::engine::{Batch, EngineError, INPUT, Session, Tensor};

/// On the processor.
pub struct PlainSession {
    pub session: ort::session::Session,
}

impl Session for PlainSession {
    fn run(&mut self, batch: &Batch, outputs: &[&str]) -> Result<Vec<Tensor>, EngineError> {
        let mut run = || {
            let input = TensorRef::from_array_view((shape(batch), batch.samples.as_slice()))?;
            let results = self.session.run(ort::inputs![INPUT => input])?;
            outputs.iter().map(|name| copy(&results, name)).collect::<Result<Vec<_>, _>>()
        };
        run().map_err(|error: ort::Error| Provider::Cpu.run_error(error.to_string()))
    }
}

/// On a card: the input is copied there once, and only the outputs that are wanted come back.
pub struct BoundSession {
    session: ort::session::Session,
    options: RunOptions<NoSelectedOutputs>,
    /// Where outputs are to lie: in main memory.
    host: MemoryInfo<'static>,
    provider: Provider,
    card: Option<Arc<Card>>,
}

impl BoundSession {
    /// A session whose passes run with these options.
    ///
    /// # Errors
    /// What the library says.
    pub fn new(
        session: ort::session::Session,
        options: RunOptions<NoSelectedOutputs>,
        provider: Provider,
        card: Option<Arc<Card>>,
    ) -> Result<Self, ort::Error> {
        let host = MemoryInfo::new(AllocationDevice::CPU, 0, AllocatorType::Device, MemoryType::CPUOutput)?;
        Ok(Self { session, options, host, provider, card })
    }

    fn pass(&mut self, batch: &Batch, outputs: &[&str]) -> Result<Vec<Tensor>, ort::Error> {
        // Owned, so that the binding keeps it until the copy is complete; this version of the binding hangs on a borrowed one.
        let input = ort::value::Tensor::from_array((shape(batch), batch.samples.clone()))?;
        // A binding of its own for each pass: one that is used again keeps outputs of the last batch's shape.
        let mut binding = self.session.create_binding()?;
        binding.bind_input(INPUT, &input)?;
        for name in outputs {
            binding.bind_output_to_device(*name, &self.host)?;
        }
        binding.synchronize_inputs()?;
        let results = self.session.run_binding_with_options(&binding, &self.options)?;
        binding.synchronize_outputs()?;
        outputs.iter().map(|name| copy(&results, name)).collect()
    }
}

impl Session for BoundSession {
    fn run(&mut self, batch: &Batch, outputs: &[&str]) -> Result<Vec<Tensor>, EngineError> {
        let (card, provider) = (self.card.clone(), self.provider);
        let done = nvidia::watched(card.as_deref(), || self.pass(batch, outputs));
        done.map_err(|error| provider.run_error(error.to_string()))
    }
}

const fn shape(batch: &Batch) -> [usize; 4] {
    [batch.films, 1, batch.height, batch.width]
}

fn copy(results: &SessionOutputs<'_>, name: &str) -> Result<Tensor, ort::Error> {
    let value = results.get(name).ok_or_else(|| ort::Error::new(format!("the graph has no output {name:?}")))?;
    let (shape, samples) = value.try_extract_tensor::<f32>()?;
    let shape = shape.iter().map(|&side| usize::try_from(side).unwrap_or(0)).collect();
    Ok(Tensor { shape, samples: samples.to_vec() })
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::super::card::{PROBE, run_options};
    use super::super::{OnnxRuntime, Provider};
    use super::*;
    use crate::engine::{Graph, Room};

    /// `make test` names it.
    fn library() -> PathBuf {
        std::env::var_os("THORAX_ONNXRUNTIME").map(PathBuf::from).expect("set THORAX_ONNXRUNTIME, as `make test` does")
    }

    fn open() -> OnnxRuntime {
        OnnxRuntime::open(Some(&library()), Provider::Cpu, None).unwrap()
    }

    #[test]
    #[ignore = "needs ONNX Runtime; make test runs it"]
    fn a_bound_pass_gives_what_a_plain_one_gives_for_batches_of_any_size() {
        let engine = open();
        let session = engine.builder().unwrap().commit_from_memory(PROBE).unwrap();
        let options = run_options(Room { limit: None, is_tight: false }).unwrap();
        let mut bound = BoundSession::new(session, options, Provider::Cuda, None).unwrap();
        let graph = Graph {
            name: "probe",
            bytes: PROBE,
            precision: thorax_domain::prediction::Precision::F32,
            outputs: &["out"],
            largest: [3, 1, 2],
            room: Room::default(),
        };
        let mut plain = engine.load_plain(graph).unwrap();
        for samples in [vec![-1.0, 2.0], vec![3.0, -4.0, 5.0, 6.0, -7.0, 8.0], vec![9.0, -1.0]] {
            let batch = Batch { films: samples.len() / 2, height: 1, width: 2, samples };
            let given = bound.run(&batch, &["out"]).unwrap();
            assert_eq!(given, plain.run(&batch, &["out"]).unwrap());
            assert_eq!(given[0].shape, [batch.films, 1, 1, 2]);
            assert!(
                given[0]
                    .samples
                    .iter()
                    .zip(&batch.samples)
                    .all(|(out, image)| (out - image.max(0.0)).abs() < f32::EPSILON)
            );
        }
        let batch = Batch { films: 1, height: 1, width: 2, samples: vec![0.0, 1.0] };
        assert!(matches!(bound.run(&batch, &["none"]), Err(EngineError::Run { engine: "cuda", .. })));
    }

    #[test]
    #[ignore = "needs ONNX Runtime; make test runs it"]
    fn a_library_for_the_processor_is_refused_for_a_card_with_what_to_do() {
        for provider in [Provider::Cuda, Provider::TensorRt] {
            let error = OnnxRuntime::open(Some(&library()), provider, None).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{} cannot be used: ", provider.name())), "{error}");
            assert!(
                error.contains("is a build for the processor only") && error.contains("onnxruntime-gpu"),
                "{error}"
            );
            let error = OnnxRuntime::open(None, provider, None).unwrap_err().to_string();
            assert!(error.contains("no library was found") && error.contains("onnxruntime-gpu"), "{error}");
            let error = OnnxRuntime::open(Some(Path::new("no/such.so")), provider, None).unwrap_err().to_string();
            assert!(error.contains("no/such.so is not a file"), "{error}");
        }
    }
}
