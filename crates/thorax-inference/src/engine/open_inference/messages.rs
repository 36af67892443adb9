//! The protocol's messages: what a server and a model say of themselves, a question with a batch, an answer with tensors.
//! Tensors travel as decimal numbers in JSON, or as bytes behind the JSON where the server has the extension for it.

use std::fmt;

use serde::de::{DeserializeSeed, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::engine::{Batch, INPUT, Tensor};

/// The protocol's name of float32.
const FLOAT32: &str = "FP32";
/// Bytes of one.
const WIDTH: usize = size_of::<f32>();
/// Most characters of a server's name and version that are kept.
const LONGEST: usize = 100;

/// How tensors travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As numbers in the JSON.
    Json,
    /// As little-endian bytes behind it.
    Binary,
}

/// What a server says of itself.
#[derive(Debug, Deserialize)]
pub struct Program {
    name: String,
    version: String,
    /// What it can beyond the protocol.
    #[serde(default)]
    pub extensions: Vec<String>,
}

impl Program {
    /// # Errors
    /// What is missing.
    pub fn parse(body: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(body).map_err(|error| error.to_string())
    }

    /// Name and version, for provenance.
    pub fn describe(&self) -> String {
        let text = format!("{} {}", self.name.trim(), self.version.trim());
        text.chars().filter(|one| !one.is_control()).take(LONGEST).collect()
    }
}

/// What a model says of itself.
#[derive(Debug, Deserialize)]
pub struct Model {
    #[serde(default)]
    inputs: Vec<Port>,
    #[serde(default)]
    outputs: Vec<Port>,
}

#[derive(Debug, Deserialize)]
struct Port {
    name: String,
    datatype: String,
}

impl Model {
    /// # Errors
    /// What is not as it must be.
    pub fn parse(body: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(body).map_err(|error| format!("its description cannot be read, {error}"))
    }

    /// Whether it takes a batch of films and gives these outputs.
    ///
    /// # Errors
    /// Which it does not.
    pub fn check(&self, outputs: &[&str]) -> Result<(), String> {
        match &self.inputs[..] {
            [only] if only.name == INPUT => only.check("input")?,
            others => return Err(format!("its input must be {INPUT:?} alone, and it has {}", list(others))),
        }
        for name in outputs {
            let output = self.outputs.iter().find(|output| output.name == *name);
            output.ok_or_else(|| format!("it has no output {name:?}, but {}", list(&self.outputs)))?.check("output")?;
        }
        Ok(())
    }
}

impl Port {
    fn check(&self, what: &str) -> Result<(), String> {
        if self.datatype == FLOAT32 {
            return Ok(());
        }
        Err(format!("its {what} {:?} must be {FLOAT32}, not {:?}", self.name, self.datatype))
    }
}

fn list(ports: &[Port]) -> String {
    let names: Vec<&str> = ports.iter().map(|port| port.name.as_str()).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

#[derive(Serialize)]
struct Question<'a> {
    inputs: [Input<'a>; 1],
    outputs: Vec<Wanted<'a>>,
}

#[derive(Serialize)]
struct Input<'a> {
    name: &'static str,
    shape: [usize; 4],
    datatype: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<Size>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a [f32]>,
}

#[derive(Serialize)]
struct Wanted<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<InBytes>,
}

#[derive(Serialize)]
struct InBytes {
    binary_data: bool,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Size {
    #[serde(default)]
    binary_data_size: Option<usize>,
}

/// A question, ready to be sent.
pub struct Encoded {
    /// Bytes of the body that are JSON, where the rest is the batch.
    pub header_length: Option<usize>,
    /// The body.
    pub body: Vec<u8>,
}

/// Puts a question: these outputs for this batch.
///
/// # Errors
/// When the batch holds what is no number, for which JSON has no word.
pub fn encode(batch: &Batch, outputs: &[&str], form: Form) -> Result<Encoded, String> {
    if batch.samples.iter().any(|sample| !sample.is_finite()) {
        return Err("the prepared film holds values that are not finite".to_owned());
    }
    let bytes = batch.samples.len() * WIDTH;
    let is_binary = form == Form::Binary;
    let question = Question {
        inputs: [Input {
            name: INPUT,
            shape: [batch.films, 1, batch.height, batch.width],
            datatype: FLOAT32,
            parameters: is_binary.then_some(Size { binary_data_size: Some(bytes) }),
            data: (!is_binary).then_some(&batch.samples),
        }],
        outputs: outputs
            .iter()
            .map(|name| Wanted { name, parameters: is_binary.then_some(InBytes { binary_data: true }) })
            .collect(),
    };
    let mut body = serde_json::to_vec(&question).map_err(|error| error.to_string())?;
    let header_length = is_binary.then_some(body.len());
    if is_binary {
        body.reserve_exact(bytes);
        body.extend(batch.samples.iter().flat_map(|sample| sample.to_le_bytes()));
    }
    Ok(Encoded { header_length, body })
}

/// What a model answered.
#[derive(Debug)]
pub struct Outcome {
    /// Which version of the model answered, where the server says it.
    pub version: Option<String>,
    /// The outputs that were asked for, in that order.
    pub tensors: Vec<Tensor>,
}

#[derive(Deserialize)]
struct Reply {
    #[serde(default)]
    model_version: Option<String>,
    outputs: Vec<Output>,
}

#[derive(Deserialize)]
struct Output {
    name: String,
    datatype: String,
    shape: Vec<usize>,
    #[serde(default)]
    parameters: Option<Size>,
    #[serde(default, deserialize_with = "numbers")]
    data: Option<Vec<f32>>,
}

/// Reads an answer: its first `header_length` bytes are JSON, or all of them, and the rest is tensors.
///
/// # Errors
/// What is wrong with it. Numbers in it are not repeated.
pub fn decode(body: &[u8], header_length: Option<usize>, outputs: &[&str]) -> Result<Outcome, String> {
    let (json, mut bytes) = body
        .split_at_checked(header_length.unwrap_or(body.len()))
        .ok_or("its answer is shorter than the answer says")?;
    let reply: Reply = serde_json::from_slice(json).map_err(|error| {
        // serde's own words may repeat a value.
        format!("its answer cannot be read at line {}, column {}", error.line(), error.column())
    })?;
    let mut tensors: Vec<Option<Tensor>> = vec![None; outputs.len()];
    for output in reply.outputs {
        let size = output.parameters.as_ref().and_then(|size| size.binary_data_size).unwrap_or(0);
        let (own, rest) = bytes
            .split_at_checked(size)
            .ok_or_else(|| format!("its answer ends within the output {:?}", output.name))?;
        bytes = rest;
        if let Some(index) = outputs.iter().position(|name| *name == output.name) {
            tensors[index] = Some(output.tensor(own)?);
        }
    }
    if !bytes.is_empty() {
        return Err(format!("its answer has {} bytes too many", bytes.len()));
    }
    let found = |(tensor, name): (Option<Tensor>, &&str)| tensor.ok_or_else(|| format!("it gave no output {name:?}"));
    let tensors = tensors.into_iter().zip(outputs).map(found).collect::<Result<_, _>>()?;
    Ok(Outcome { version: reply.model_version, tensors })
}

impl Output {
    fn tensor(self, bytes: &[u8]) -> Result<Tensor, String> {
        let Self { name, datatype, shape, data, .. } = self;
        if datatype != FLOAT32 {
            return Err(format!("its output {name:?} is {datatype:?}, not {FLOAT32}"));
        }
        let samples = data
            .unwrap_or_else(|| bytes.as_chunks::<WIDTH>().0.iter().map(|sample| f32::from_le_bytes(*sample)).collect());
        let expected = shape.iter().try_fold(1, |product: usize, &side| product.checked_mul(side));
        if expected != Some(samples.len()) || !bytes.len().is_multiple_of(WIDTH) {
            return Err(format!("its output {name:?} has {} values for the shape {shape:?}", samples.len()));
        }
        Ok(Tensor { shape, samples })
    }
}

fn numbers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<f32>>, D::Error> {
    let mut samples = Vec::new();
    Numbers(&mut samples).deserialize(deserializer)?;
    Ok(Some(samples))
}

/// Collects numbers in row-major order from a list, or from lists of lists: the protocol allows both. `null`, which is what
/// JSON makes of a value that is not finite, becomes NaN again, so that the network loses its vote.
struct Numbers<'a>(&'a mut Vec<f32>);

impl<'de> DeserializeSeed<'de> for Numbers<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Numbers<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("numbers")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while members.next_element_seed(Numbers(self.0))?.is_some() {}
        Ok(())
    }

    #[expect(clippy::cast_possible_truncation, reason = "a float32, written as a decimal number")]
    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.0.push(value as f32);
        Ok(())
    }

    #[expect(clippy::cast_precision_loss, reason = "a float32 without decimals")]
    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.0.push(value as f32);
        Ok(())
    }

    #[expect(clippy::cast_precision_loss, reason = "a float32 without decimals")]
    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.0.push(value as f32);
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.0.push(f32::NAN);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
