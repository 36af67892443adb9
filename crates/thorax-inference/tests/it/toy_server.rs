//! An inference server in a thread: it has the toy bundle's networks, and misbehaves as told. Written by hand on sockets, so
//! that it can break off where no library would.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use thorax_domain::prediction::Precision;
use thorax_inference::engine::{Batch, Engine, Graph, InferenceServer, Room, Tensor};

use crate::toy::{LOCATOR, NETWORKS, ToyEngine};

/// A request that came.
#[derive(Debug, Clone)]
pub struct Asked {
    pub path: String,
    /// By their names in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

/// How a request is answered.
#[derive(Debug)]
pub enum Reply {
    /// As it should be: status, JSON bytes of the body where the rest is tensors, body.
    Full(u16, Option<usize>, Vec<u8>),
    /// To another address.
    Redirect(String),
    /// The connection is closed without a word.
    HangUp,
    /// It is closed after the body's first half.
    Half(Vec<u8>),
    /// More and more of a body, until the other side has enough.
    Endless,
    /// Nothing at all, until the other side goes.
    Silence,
    /// As it should be, and then the connection is closed, which was not announced.
    Last(Vec<u8>),
}

/// A JSON body.
pub fn answer(status: u16, body: &Value) -> Reply {
    Reply::Full(status, None, body.to_string().into_bytes())
}

/// What a server does otherwise than it should: an answer to this request, the so manieth with this path.
pub type Rule = Box<dyn Fn(&Asked, usize) -> Option<Reply> + Send + Sync>;

pub struct ToyServer {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    closed: Arc<AtomicBool>,
}

struct House {
    rule: Rule,
    extensions: Vec<String>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl ToyServer {
    pub fn start(extensions: &[&str], rule: impl Fn(&Asked, usize) -> Option<Reply> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let closed = Arc::new(AtomicBool::new(false));
        let extensions = extensions.iter().map(ToString::to_string).collect();
        let house = Arc::new(House { rule: Box::new(rule), extensions, asked: Arc::clone(&asked) });
        let stop = Arc::clone(&closed);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let house = Arc::clone(&house);
                std::thread::spawn(move || house.serve(&stream.unwrap()));
            }
        });
        Self { address, asked, closed }
    }

    /// One that does as it should.
    pub fn healthy(extensions: &[&str]) -> Self {
        Self::start(extensions, |_, _| None)
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn server(&self) -> InferenceServer {
        InferenceServer::new(self.url().parse().unwrap())
    }

    /// The requests with this end of their path.
    pub fn asked(&self, end: &str) -> Vec<Asked> {
        self.asked.lock().unwrap().iter().filter(|asked| asked.path.ends_with(end)).cloned().collect()
    }
}

impl Drop for ToyServer {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::Relaxed);
        // Wakes the thread that waits for connections.
        let _ = TcpStream::connect(self.address);
    }
}

impl House {
    fn serve(&self, stream: &TcpStream) {
        let mut reader = BufReader::new(stream);
        while let Some(asked) = read(&mut reader) {
            let before = {
                let mut all = self.asked.lock().unwrap();
                all.push(asked.clone());
                all.iter().filter(|other| other.path == asked.path).count() - 1
            };
            let reply = (self.rule)(&asked, before).unwrap_or_else(|| self.proper(&asked));
            if !write(stream, reply) {
                return;
            }
        }
    }

    fn proper(&self, asked: &Asked) -> Reply {
        let path: Vec<&str> = asked.path.trim_start_matches('/').split('/').collect();
        match path[..] {
            ["v2", "health", "ready"] => Reply::Full(200, None, Vec::new()),
            ["v2"] => answer(200, &json!({"name": "toys", "version": "1.2", "extensions": self.extensions})),
            ["v2", "models", name] => answer(200, &description(name)),
            ["v2", "models", name, "ready"] if number(name).is_some() => Reply::Full(200, None, Vec::new()),
            ["v2", "models", name, "infer"] => infer(name, asked),
            _ => answer(404, &json!({"error": "no such thing"})),
        }
    }
}

fn number(name: &str) -> Option<usize> {
    if name == "locator" { Some(LOCATOR) } else { NETWORKS.iter().position(|network| *network == name) }
}

fn description(name: &str) -> Value {
    let port = |name: &str, shape: &[i32]| json!({"name": name, "datatype": "FP32", "shape": shape});
    let outputs = if name == "locator" {
        vec![port("lungs", &[-1, 1, -1, -1])]
    } else {
        vec![port("cam", &[-1, 4, -1, -1]), port("embedding", &[-1, 1])]
    };
    json!({"name": name, "versions": ["1"], "platform": "toy", "inputs": [port("image", &[-1, 1, -1, -1])], "outputs": outputs})
}

/// Computes an answer with the toy engine.
fn infer(name: &str, asked: &Asked) -> Reply {
    let length = asked.headers.get("inference-header-content-length").map(|length| length.parse().unwrap());
    let (json, bytes) = asked.body.split_at(length.unwrap_or(asked.body.len()));
    let question: Value = serde_json::from_slice(json).unwrap();
    let input = &question["inputs"][0];
    assert_eq!((input["name"].as_str(), input["datatype"].as_str()), (Some("image"), Some("FP32")));
    let side = |axis: usize| usize::try_from(input["shape"][axis].as_u64().unwrap()).unwrap();
    let samples: Vec<f32> = if length.is_some() {
        assert_eq!(input["parameters"]["binary_data_size"], bytes.len());
        bytes.chunks(4).map(|sample| f32::from_le_bytes(sample.try_into().unwrap())).collect()
    } else {
        serde_json::from_value(input["data"].clone()).unwrap()
    };
    let batch = Batch { films: side(0), height: side(2), width: side(3), samples };
    let wanted: Vec<&Value> = question["outputs"].as_array().unwrap().iter().collect();
    let names: Vec<&str> = wanted.iter().map(|output| output["name"].as_str().unwrap()).collect();
    let bytes = number(name).unwrap().to_string();
    let all: &[&str] = if name == "locator" { &["lungs"] } else { &["cam", "embedding"] };
    let graph = graph(name, bytes.as_bytes(), all);
    let tensors = ToyEngine::default().load(graph).unwrap().run(&batch, all).unwrap();
    let tensors = names.iter().map(|name| &tensors[all.iter().position(|one| one == name).unwrap()]);
    let mut tail = Vec::new();
    // The other way round than asked for, which the protocol allows.
    let outputs: Vec<Value> = wanted
        .iter()
        .zip(tensors)
        .rev()
        .map(|(wanted, Tensor { shape, samples })| {
            let mut output = json!({"name": wanted["name"], "datatype": "FP32", "shape": shape});
            if wanted["parameters"]["binary_data"] == true {
                tail.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
                output["parameters"] = json!({"binary_data_size": samples.len() * 4});
            } else {
                output["data"] = json!(samples);
            }
            output
        })
        .collect();
    let head = json!({"model_name": name, "model_version": "1", "outputs": outputs}).to_string().into_bytes();
    let length = (!tail.is_empty()).then_some(head.len());
    Reply::Full(200, length, [head, tail].concat())
}

/// The next request on a connection; `None` when the other side has gone.
fn read(reader: &mut BufReader<&TcpStream>) -> Option<Asked> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            text => lines.push(text.to_owned()),
        }
    }
    let mut first = lines.first()?.split(' ').map(str::to_owned);
    let path = first.nth(1)?;
    let headers: BTreeMap<String, String> = lines[1..]
        .iter()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Asked { path, headers, body })
}

/// Answers; tells whether the connection stays open.
fn write(mut stream: &TcpStream, reply: Reply) -> bool {
    let head = |status: u16, length: usize| format!("HTTP/1.1 {status} Whatever\r\nContent-Length: {length}\r\n");
    let mut send = |head: String, body: &[u8]| {
        stream.write_all(format!("{head}\r\n").as_bytes()).and_then(|()| stream.write_all(body)).is_ok()
    };
    match reply {
        Reply::Full(status, header, body) => {
            let header = header.map(|length| format!("Inference-Header-Content-Length: {length}\r\n"));
            send(head(status, body.len()) + &header.unwrap_or_default(), &body)
        }
        Reply::Last(body) => {
            send(head(200, body.len()), &body);
            false
        }
        Reply::Redirect(to) => send(format!("{}Location: {to}\r\n", head(307, 0)), b""),
        Reply::Half(body) => {
            send(head(200, body.len()), &body[..body.len() / 2]);
            false
        }
        Reply::HangUp => false,
        Reply::Endless => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
            while stream.write_all(&[b' '; 1 << 12]).is_ok() {}
            false
        }
        Reply::Silence => {
            let _ = stream.read(&mut [0]);
            false
        }
    }
}

/// A graph of the toy bundle, to be loaded.
pub fn graph<'a>(name: &'a str, bytes: &'a [u8], outputs: &'a [&'a str]) -> Graph<'a> {
    let room = Room::default();
    Graph { name, bytes, precision: Precision::F32, outputs, largest: [4, 8, 8], room }
}
