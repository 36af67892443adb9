//! The engine that asks a server: what it makes of good answers, and of every bad one.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use thorax_inference::analyzer::{Analyzer, Request, Settings};
use thorax_inference::bundle::Bundle;
use thorax_inference::engine::{Batch, Choice, Engine, EngineError, InferenceServer, Places, Tensor, Token, open};

use crate::toy::{self, NETWORKS};
use crate::toy_server::{Asked, Reply, ToyServer, answer, graph};

const OUTPUTS: [&str; 2] = ["cam", "embedding"];

fn engine(server: InferenceServer) -> Result<Arc<dyn Engine>, EngineError> {
    let places = Places { server: Some(server), ..Places::default() };
    Ok(open(Choice::OpenInference, &places)?.engine)
}

fn film() -> Batch {
    Batch { films: 1, height: 8, width: 8, samples: vec![0.625; 64] }
}

/// Asks the network `one` about a film.
fn ask(server: InferenceServer) -> Result<Vec<Tensor>, EngineError> {
    let engine = engine(server)?;
    let graph = graph("one", b"", &OUTPUTS);
    engine.load(graph)?.run(&film(), &OUTPUTS)
}

/// What is said of a server that does this to questions about a film, and how often it was asked.
fn refused(rule: impl Fn(usize) -> Reply + Send + Sync + 'static) -> (String, usize) {
    let server = ToyServer::start(&[], move |asked, before| asked.path.ends_with("/infer").then(|| rule(before)));
    let error = ask(server.server()).unwrap_err();
    assert!(matches!(error, EngineError::Run { .. }), "{error:?}");
    let error = error.to_string();
    assert!(error.contains(&server.url()) && !error.contains("0.625"), "{error}");
    (error, server.asked("/infer").len())
}

#[test]
fn the_toy_bundle_reads_the_same_over_the_wire_as_numbers_and_as_bytes() {
    for extensions in [&[][..], &["classification", "binary_tensor_data"]] {
        let folder = tempfile::tempdir().unwrap();
        toy::write_bundle(folder.path());
        toy::add_locator(folder.path(), &["one", "two"]);
        let server = ToyServer::healthy(extensions);
        // A byte is budget enough: the memory is the server's.
        let settings = Settings { memory_budget: Some(1), threads: 3, ..Settings::default() };
        let bundle = || Bundle::open(folder.path()).unwrap();
        let remote = Analyzer::open(bundle(), engine(server.server()).unwrap(), settings).unwrap();
        let here = Arc::new(toy::ToyEngine::default());
        let here = Analyzer::open(bundle(), here, Settings::default()).unwrap();
        let read = |analyzer: &Analyzer, grey| {
            let request = Request { force: true, ..toy::request(grey) };
            analyzer.submit_waiting(&request).unwrap().wait().unwrap()
        };
        for grey in [1, 137, 251] {
            let (one, other) = (read(&remote, grey), read(&here, grey));
            let vectors = |reading: &thorax_inference::analyzer::Reading| {
                let consensus = reading.prediction.consensus.clone().unwrap();
                consensus.models.into_iter().map(|model| model.probabilities).collect::<Vec<_>>()
            };
            assert_eq!(vectors(&one), vectors(&other));
            assert_eq!((one.lungs, one.agreement_map), (other.lungs, other.agreement_map));
        }
        let identity = remote.engine();
        assert_eq!((identity.name.as_str(), identity.version.as_str()), ("open-inference", "toys 1.2"));
        let memory = remote.memory();
        assert_eq!((memory.accounted_peak, memory.footprints.iter().sum::<u64>()), (0, 0));
        let questions = server.asked("/infer");
        // A golden film and three others, through six networks and the locator.
        assert_eq!(questions.len(), 4 * 7);
        let is_binary = |asked: &Asked| asked.headers.contains_key("inference-header-content-length");
        assert!(questions.iter().all(|asked| is_binary(asked) != extensions.is_empty()));
    }
}

#[test]
fn films_that_wait_together_travel_together() {
    let server = ToyServer::healthy(&["binary_tensor_data"]);
    let engine = engine(server.server()).unwrap();
    let graph = graph("one", b"", &OUTPUTS);
    let batch = Batch { films: 3, samples: vec![0.5; 3 * 64], ..film() };
    let tensors = engine.load(graph).unwrap().run(&batch, &["embedding", "cam"]).unwrap();
    assert_eq!((&tensors[0].shape[..], &tensors[1].shape[..]), (&[3, 1][..], &[3, 4, 1, 2][..]));
    assert_eq!(tensors[1].film(2), maps(1, 0.5));
}

#[test]
fn who_names_no_server_is_told_to() {
    let error = open(Choice::OpenInference, &Places::default()).unwrap_err().to_string();
    assert!(error.contains("--inference-server"), "{error}");
}

#[test]
fn a_server_that_is_not_there_not_ready_or_something_else() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{free}");
    let error = engine(InferenceServer::new(url.parse().unwrap())).unwrap_err().to_string();
    assert!(error.contains(&url) && error.contains("refused"), "{error}");

    let says = |path: &'static str, status: u16, body: &'static str| {
        let reply =
            move |asked: &Asked, _| (asked.path == path).then(|| Reply::Full(status, None, body.as_bytes().to_vec()));
        let server = ToyServer::start(&[], reply);
        engine(server.server()).unwrap_err().to_string()
    };
    let error = says("/v2/health/ready", 503, "");
    assert!(error.contains("not ready (status 503)"), "{error}");
    let error = says("/v2", 401, r#"{"error": "who are you?"}"#);
    assert!(error.contains("status 401: who are you?"), "{error}");
    let error = says("/v2", 200, "<html>Welcome</html>");
    assert!(error.contains("does not speak the Open Inference Protocol"), "{error}");
}

#[test]
fn a_model_that_is_not_there_or_another_one() {
    let load = |name: &str, rule: fn(&Asked) -> Option<Reply>| {
        let server = ToyServer::start(&[], move |asked, _| rule(asked));
        let graph = graph(name, b"", &OUTPUTS);
        let error = engine(server.server()).unwrap().load(graph).err().unwrap();
        assert!(matches!(error, EngineError::Load { .. }));
        (error.to_string(), server.asked("/infer").len())
    };
    let (error, questions) = load("six", |_| None);
    assert!(error.contains("no model six") && error.contains("docs/operations.md"), "{error}");
    assert!(error.contains("status 404: no such thing"), "{error}");
    assert_eq!(questions, 0);
    let (error, _) = load("one", |asked| {
        asked
            .path
            .ends_with("/ready")
            .then(|| answer(400, &json!({"error": "still loading"})))
            .filter(|_| asked.path.contains("models"))
    });
    assert!(error.contains("still loading"), "{error}");
    // The locator under a network's name.
    let (error, _) = load("locator", |_| None);
    assert!(
        error.contains("not the network of this bundle") && error.contains("no output \"cam\", but lungs"),
        "{error}"
    );
}

#[test]
fn an_error_is_an_answer_and_not_asked_again() {
    for status in [400, 500, 503] {
        let (error, times) =
            refused(move |_| answer(status, &json!({"error": format!("cannot use {:?}", [0.625; 64])})));
        assert!(error.contains(&format!("status {status}: cannot use …")), "{error}");
        assert_eq!(times, 1);
    }
    let (error, times) = refused(|_| Reply::Full(500, None, b"0.625 <html>".to_vec()));
    assert!(error.contains("status 500"), "{error}");
    assert_eq!(times, 1);
}

#[test]
fn a_redirect_is_not_followed() {
    let elsewhere = ToyServer::healthy(&[]);
    let url = format!("{}/v2/models/one/infer", elsewhere.url());
    let (error, _) = refused(move |_| Reply::Redirect(url.clone()));
    assert!(error.contains("status 307"), "{error}");
    assert!(elsewhere.asked("").is_empty());
}

#[test]
fn an_answer_that_breaks_off_is_asked_for_once_more() {
    let (error, times) = refused(|_| Reply::Half(vec![b' '; 100]));
    assert!(error.contains("closed the connection"), "{error}");
    assert_eq!(times, 2);
}

#[test]
fn a_connection_that_died_is_made_anew_once() {
    let server =
        ToyServer::start(&[], |asked, before| (asked.path.ends_with("/infer") && before == 0).then_some(Reply::HangUp));
    assert_eq!(ask(server.server()).unwrap()[0].samples, maps(1, 0.625));
    assert_eq!(server.asked("/infer").len(), 2);
    let (error, times) = refused(|_| Reply::HangUp);
    assert!(error.contains("closed the connection"), "{error}");
    assert_eq!(times, 2);
}

#[test]
fn a_server_that_closes_connections_between_questions_is_no_trouble() {
    let server = ToyServer::start(&[], |asked, _| {
        let body = json!({"name": "toys", "version": "1", "extensions": []}).to_string();
        (asked.path == "/v2").then(|| Reply::Last(body.into_bytes()))
    });
    ask(server.server()).unwrap();
}

#[test]
fn an_answer_without_end_is_cut_off() {
    let (error, times) = refused(|_| Reply::Endless);
    assert!(error.contains("larger than 32 MiB"), "{error}");
    assert_eq!(times, 1);
}

#[test]
fn a_server_that_says_nothing_is_not_waited_for() {
    let server = ToyServer::start(&[], |asked, _| asked.path.ends_with("/infer").then_some(Reply::Silence));
    let patience = Duration::from_secs(1);
    let error = ask(InferenceServer { patience, ..server.server() }).unwrap_err().to_string();
    assert!(error.contains("no answer within 1s"), "{error}");
    assert_eq!(server.asked("/infer").len(), 1);
}

#[test]
fn answers_of_another_shape_are_no_answers() {
    let reply = |name: &str, shape: &[usize], data: Value| json!({"outputs": [{"name": name, "datatype": "FP32", "shape": shape, "data": data}]});
    for (body, words) in [
        (reply("cam", &[1, 4], json!([0.625])), "1 values for the shape [1, 4]"),
        (reply("cam", &[1, 1], json!([0.625])), "no output \"embedding\""),
        (reply("cam", &[1, 1], json!(["0.625"])), "cannot be read"),
        (json!({"error": "0.625"}), "cannot be read"),
    ] {
        let (error, times) = refused(move |_| answer(200, &body));
        assert!(error.contains(words), "{error}");
        assert_eq!(times, 1);
    }
}

#[test]
fn the_token_is_sent_and_never_said() {
    let server = ToyServer::start(&[], |asked, _| {
        let told = asked.headers.get("authorization").map(String::as_str) == Some("Bearer hush-1");
        (!told).then(|| answer(401, &json!({"error": "who are you?"})))
    });
    let token = Some(Token::new(&"hush-1".into()).unwrap());
    ask(InferenceServer { token, ..server.server() }).unwrap();
    let token = Some(Token::new(&"hush-2".into()).unwrap());
    let error = ask(InferenceServer { token, ..server.server() }).unwrap_err();
    assert!(error.to_string().contains("status 401") && !format!("{error:?}").contains("hush"), "{error:?}");
}

#[test]
fn authorities_that_are_none_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    let server = InferenceServer::new("https://127.0.0.1:1".parse().unwrap());
    let server = InferenceServer { authorities: Some(path.clone()), ..server };
    assert!(engine(server.clone()).unwrap_err().to_string().contains("ca.pem"));
    std::fs::write(&path, "no certificate").unwrap();
    assert!(engine(server).unwrap_err().to_string().contains("holds no certificate"));
}

/// The toy's maps of a film: the first class's evidence lies on the right.
fn maps(network: usize, mean: f32) -> Vec<f32> {
    let [first, others @ ..] = toy::logits(network, mean);
    [first - 1.0, first + 1.0].into_iter().chain(others.into_iter().flat_map(|one| [one, one])).collect()
}

/// The toy bundle on a server whose rule begins to hold after the golden film.
fn opened(rule: impl Fn(&Asked) -> Option<Reply> + Send + Sync + 'static) -> (Analyzer, ToyServer) {
    let folder = tempfile::tempdir().unwrap();
    toy::write_bundle(folder.path());
    let server = ToyServer::start(&[], move |asked, before| {
        let later = asked.path.ends_with("/infer") && before > 0;
        later.then(|| rule(asked)).flatten()
    });
    let engine = engine(server.server()).unwrap();
    (Analyzer::open(Bundle::open(folder.path()).unwrap(), engine, Settings::default()).unwrap(), server)
}

#[test]
fn a_model_that_fails_has_no_vote() {
    let (analyzer, _server) =
        opened(|asked| asked.path.contains("/three/").then(|| answer(500, &json!({"error": "out of memory"}))));
    let reading = analyzer.submit(&toy::request(200)).unwrap().wait().unwrap();
    assert_eq!(reading.prediction.consensus.unwrap().models_voted, 5);
}

#[test]
fn a_version_that_was_not_proved_has_no_vote() {
    let (analyzer, server) = opened(|asked| {
        let network = NETWORKS.iter().position(|name| asked.path.contains(&format!("/{name}/"))).unwrap();
        let logits = toy::logits(network, 0.5);
        let version = if network == 2 { "2" } else { "1" };
        let output = |name: &str, shape: &[usize], data: &[f32]| json!({"name": name, "datatype": "FP32", "shape": shape, "data": data});
        let outputs = [output("cam", &[1, 4, 1, 1], &logits), output("embedding", &[1, 1], &[0.5])];
        Some(answer(200, &json!({"model_version": version, "outputs": outputs})))
    });
    let reading = analyzer.submit(&toy::request(200)).unwrap().wait().unwrap();
    let consensus = reading.prediction.consensus.unwrap();
    assert_eq!(consensus.models_voted, 5);
    assert!(consensus.models.iter().all(|model| model.name != "two"));
    assert_eq!(server.asked("/two/infer").len(), 2);
    drop(analyzer);
}

#[test]
fn a_server_with_other_weights_is_refused_by_the_golden_values() {
    let folder = tempfile::tempdir().unwrap();
    toy::write_bundle(folder.path());
    let server = ToyServer::start(&[], |asked, _| {
        let other = asked.path.strip_suffix("/three/infer")?;
        assert_eq!(other, "/v2/models");
        let logits = toy::logits(3, 0.9);
        let output = |name: &str, shape: &[usize], data: &[f32]| json!({"name": name, "datatype": "FP32", "shape": shape, "data": data});
        Some(answer(
            200,
            &json!({"outputs": [
                output("cam", &[1, 4, 1, 1], &logits),
                output("embedding", &[1, 1], &[0.9]),
            ]}),
        ))
    });
    let bundle = Bundle::open(folder.path()).unwrap();
    let error = Analyzer::open(bundle, engine(server.server()).unwrap(), Settings::default()).err().unwrap();
    assert!(error.to_string().contains("three"), "{error}");
}
