//! The Open Inference Protocol (version 2 of KServe's, over HTTP): the networks are on a server that a hospital has already,
//! such as Triton, KServe or OpenVINO Model Server, each under its name in the bundle.
//!
//! Weights on a server are not hashed. What it computes is proved by the golden values, as for every engine; that it goes on
//! with the version that was proved is watched here.

mod client;
mod messages;
mod server;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use thorax_domain::prediction::{EngineIdentity, Precision};

use super::{Batch, Engine, EngineError, Graph, Session, Tensor};
use client::{Answer, Client};
use messages::{Form, Model, Program};
pub use server::{InferenceServer, ServerUrl, Token, WrongServer};

const NAME: &str = "open-inference";

/// The extension with which tensors travel as bytes instead of as decimal numbers: less than half the size, nothing to parse.
const BINARY: &str = "binary_tensor_data";

/// Films that go together where nobody says how many: fewer requests.
const BATCH: usize = 4;

/// The engine: a connection to a server.
pub struct OpenInference {
    connection: Arc<Connection>,
    version: String,
}

/// What all sessions share.
struct Connection {
    client: Client,
    form: Form,
    /// The version of each model that answered first, to the golden films.
    proved: Mutex<BTreeMap<String, String>>,
}

impl std::fmt::Debug for OpenInference {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("OpenInference").field("version", &self.version).finish_non_exhaustive()
    }
}

impl OpenInference {
    /// Asks a server whether it is ready, what it is and whether it takes tensors as bytes.
    ///
    /// # Errors
    /// [`EngineError::Open`] when it cannot be reached, is not ready or speaks another protocol.
    pub fn open(server: Option<&InferenceServer>) -> Result<Self, EngineError> {
        let refuse = |reason: String| EngineError::Open { engine: NAME, reason };
        let server = server.ok_or_else(|| {
            refuse("no server was named; give its address with --inference-server or THORAX_INFERENCE_SERVER".into())
        })?;
        let client = Client::new(server).map_err(refuse)?;
        let ready = client.get("v2/health/ready").map_err(refuse)?;
        if !ready.is_ok() {
            return Err(refuse(format!("{} is not ready ({})", server.url, ready.refusal())));
        }
        let answer = client.get("v2").map_err(refuse)?;
        if !answer.is_ok() {
            return Err(refuse(format!("{} does not say what it is ({})", server.url, answer.refusal())));
        }
        let program = Program::parse(&answer.body)
            .map_err(|error| refuse(format!("{} does not speak the Open Inference Protocol: {error}", server.url)))?;
        let form = if program.extensions.iter().any(|one| one == BINARY) { Form::Binary } else { Form::Json };
        let version = program.describe();
        Ok(Self { connection: Arc::new(Connection { client, form, proved: Mutex::default() }), version })
    }
}

impl Engine for OpenInference {
    fn identity(&self) -> EngineIdentity {
        EngineIdentity { name: NAME.to_owned(), version: self.version.clone() }
    }

    /// Asks whether the server has a model of the network's name with its input and outputs; nothing is sent there.
    fn load(&self, graph: Graph<'_>) -> Result<Box<dyn Session>, EngineError> {
        let refuse = |reason: String| EngineError::Load { engine: NAME, reason };
        let client = &self.connection.client;
        let path = format!("v2/models/{}", encoded(graph.name));
        let ready = client.get(&format!("{path}/ready")).map_err(refuse)?;
        let absent = |answer: &Answer| {
            refuse(format!(
                "{} has no model {} that is ready ({}). Put the bundle's ONNX files there under the names that \
                 `thorax bundle info` shows; docs/operations.md has the layout",
                client.server(),
                graph.name,
                answer.refusal()
            ))
        };
        if !ready.is_ok() {
            return Err(absent(&ready));
        }
        let answer = client.get(&path).map_err(refuse)?;
        if !answer.is_ok() {
            return Err(absent(&answer));
        }
        Model::parse(&answer.body).and_then(|model| model.check(graph.outputs)).map_err(|error| {
            refuse(format!(
                "the model {} on {} is not the network of this bundle: {error}. Put the bundle's ONNX file there",
                graph.name,
                client.server()
            ))
        })?;
        let connection = Arc::clone(&self.connection);
        Ok(Box::new(RemoteSession { connection, name: graph.name.to_owned(), path: format!("{path}/infer") }))
    }

    fn batch(&self) -> usize {
        BATCH
    }

    /// Nothing: the memory is the server's.
    fn footprint(&self, _: u64, _: Precision, _: usize) -> u64 {
        0
    }
}

/// A model on the server.
struct RemoteSession {
    connection: Arc<Connection>,
    name: String,
    path: String,
}

impl RemoteSession {
    fn ask(&self, batch: &Batch, outputs: &[&str]) -> Result<Vec<Tensor>, String> {
        let Connection { client, form, .. } = &*self.connection;
        let answer = client.post(&self.path, &messages::encode(batch, outputs, *form)?)?;
        let about = |what: String| format!("the model {} on {}: {what}", self.name, client.server());
        if !answer.is_ok() {
            return Err(about(answer.refusal()));
        }
        let outcome = messages::decode(&answer.body, answer.header_length, outputs).map_err(about)?;
        self.is_proved(outcome.version).map_err(about)?;
        Ok(outcome.tensors)
    }

    /// Whether this version of the model is the one that computed the golden values. The first answer was to a golden film,
    /// since an analyzer reads nothing before.
    fn is_proved(&self, version: Option<String>) -> Result<(), String> {
        let Some(version) = version else { return Ok(()) };
        let mut proved = self.connection.proved.lock().unwrap_or_else(PoisonError::into_inner);
        let first = proved.entry(self.name.clone()).or_insert_with(|| version.clone());
        if *first == version {
            return Ok(());
        }
        Err(format!(
            "version {version} answers, but version {first} was checked with the golden values; start Thorax again"
        ))
    }
}

impl Session for RemoteSession {
    fn run(&mut self, batch: &Batch, outputs: &[&str]) -> Result<Vec<Tensor>, EngineError> {
        self.ask(batch, outputs).map_err(|reason| EngineError::Run { engine: NAME, reason })
    }
}

/// A name as one segment of an address.
fn encoded(name: &str) -> String {
    let byte = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    name.bytes().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::encoded;

    #[test]
    fn a_name_stays_one_segment() {
        assert_eq!(encoded("dinov2-vits14"), "dinov2-vits14");
        assert_eq!(encoded("a/b c?ü"), "a%2Fb%20c%3F%C3%BC");
    }
}
