//! The bundle that we ship on an inference server that others wrote: KServe's, with ONNX Runtime behind it.
//!
//! It is not part of the repository: these tests are ignored unless asked for, and find a Python that has it through
//! `THORAX_INFERENCE_PYTHON`, as `make test` sets it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use thorax_domain::clock::Stopwatch;
use thorax_inference::analyzer::{Analyzer, Settings};
use thorax_inference::engine::{Choice, Engine, InferenceServer, Places, open};

use crate::shipped::{agree, bundle, read, rten, samples};

/// A running server; it ends with the test.
struct Served {
    process: Child,
    url: String,
}

impl Served {
    fn start(arguments: &[&str]) -> Self {
        let python = std::env::var_os("THORAX_INFERENCE_PYTHON");
        let python = python.expect("set THORAX_INFERENCE_PYTHON, as `make test` does");
        let mut process = Command::new(python)
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/inference_server.py"))
            .arg(bundle().directory())
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(process.stderr.take().unwrap()).lines().map_while(Result::ok);
        let mut said = Vec::new();
        let url = loop {
            let Some(line) = log.next() else { panic!("the server ended: {said:#?}") };
            if let Some((_, rest)) = line.split_once("running on ") {
                break rest.split(' ').next().unwrap().to_owned();
            }
            said.push(line);
        };
        // Whoever writes into a full pipe waits.
        std::thread::spawn(move || log.for_each(drop));
        Self { process, url }
    }

    fn engine(&self, authorities: Option<&Path>) -> Arc<dyn Engine> {
        let server = InferenceServer::new(self.url.parse().unwrap());
        let server = InferenceServer { authorities: authorities.map(Path::to_path_buf), ..server };
        open(Choice::OpenInference, &Places { server: Some(server), ..Places::default() }).unwrap().engine
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Compares with rten on every sample, and says what a film costs.
fn compare(engine: Arc<dyn Engine>, how: &str) {
    agree(Arc::clone(&engine), rten());
    let settings = Settings { threads: 6, ..Settings::default() };
    let analyzer = Analyzer::open(bundle(), engine, settings).unwrap();
    let identity = analyzer.engine();
    assert_eq!(identity.name, "open-inference");
    assert!(identity.version.starts_with("kserve "), "{}", identity.version);
    assert_eq!(analyzer.memory().accounted_peak, 0);
    let (_, film) = samples().remove(0);
    read(&analyzer, &film);
    let watch = Stopwatch::start();
    for _ in 0..10 {
        read(&analyzer, &film);
    }
    println!("{} {how}: {:.0} ms a film", identity.version, watch.total() / 10.0);
}

#[test]
#[ignore = "needs KServe; make test runs it"]
fn kserve_and_rten_agree_over_numbers() {
    let served = Served::start(&[]);
    compare(served.engine(None), "over numbers");
}

#[test]
#[ignore = "needs KServe; make test runs it"]
fn kserve_and_rten_agree_over_bytes_and_tls() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(&["--announce-bytes", "--tls-folder", folder.path().to_str().unwrap()]);
    assert!(served.url.starts_with("https://"));
    // Not an authority that everybody trusts.
    let stranger = Some(InferenceServer::new(served.url.parse().unwrap()));
    let refused = open(Choice::OpenInference, &Places { server: stranger, ..Places::default() });
    let error = refused.unwrap_err().to_string();
    assert!(error.contains("UnknownIssuer"), "{error}");
    compare(served.engine(Some(&folder.path().join("authority.pem"))), "over bytes and TLS");
}
