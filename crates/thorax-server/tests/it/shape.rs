//! The fixed shape of a result: names of fields that programs rely on.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::films;
use crate::program::{argument, predict};

/// Every field of a reading, as a path; `[]` stands for the members of a list.
const READ: &[&str] = &[
    "attention",
    "attention[].lung_share",
    "attention[].name",
    "file",
    "film",
    "film.bits",
    "film.format",
    "film.height",
    "film.width",
    "gate",
    "gate.accepted",
    "gate.reasons",
    "milliseconds",
    "milliseconds.decode",
    "milliseconds.gate",
    "milliseconds.inference",
    "milliseconds.preprocess",
    "milliseconds.total",
    "notice",
    "prediction",
    "prediction.agreement",
    "prediction.consensus_confidence",
    "prediction.final_diagnosis",
    "prediction.inconclusive",
    "prediction.models",
    "prediction.models[].confidence",
    "prediction.models[].diagnosis",
    "prediction.models[].milliseconds",
    "prediction.models[].name",
    "prediction.models[].probabilities",
    "prediction.models[].probabilities.COVID",
    "prediction.models[].probabilities.Lung Opacity",
    "prediction.models[].probabilities.Normal",
    "prediction.models[].probabilities.Viral Pneumonia",
    "prediction.models_voted",
    "prediction.prediction_set",
    "prediction.probabilities",
    "prediction.probabilities.COVID",
    "prediction.probabilities.Lung Opacity",
    "prediction.probabilities.Normal",
    "prediction.probabilities.Viral Pneumonia",
    "prediction.reasons",
    "provenance",
    "provenance.bundle",
    "provenance.bundle_sha256",
    "provenance.conformal_threshold",
    "provenance.coverage",
    "provenance.engine",
    "provenance.engine.name",
    "provenance.engine.version",
    "provenance.forced",
    "provenance.input_sha256",
    "provenance.minimum_votes",
    "provenance.networks",
    "provenance.networks[].name",
    "provenance.networks[].precision",
    "provenance.networks[].sha256",
    "provenance.program",
    "provenance.recipe",
    "sha256",
    "status",
];

fn paths(prefix: &str, value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
                found.insert(path.clone());
                paths(&path, value, found);
            }
        }
        Value::Array(members) => members.iter().for_each(|member| paths(&format!("{prefix}[]"), member, found)),
        _ => {}
    }
}

fn shape(record: &Value) -> Vec<String> {
    let mut found = BTreeSet::new();
    paths("", record, &mut found);
    found.into_iter().collect()
}

/// The shape of a reading without some of its parts, and with others.
fn changed(without: &[&str], with: &[&str]) -> Vec<String> {
    let is_in = |path: &str, part: &str| {
        path.strip_prefix(part).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    let kept = READ.iter().filter(|path| !without.iter().any(|part| is_in(path, part)));
    let all: BTreeSet<String> = kept.chain(with).map(ToString::to_string).collect();
    all.into_iter().collect()
}

#[test]
fn a_reading_a_refusal_and_a_failure_have_their_shapes() {
    let folder = tempfile::tempdir().unwrap();
    let film = films::png(folder.path(), "a.png", 200);
    let black = films::black(folder.path(), "black.png");
    let text = films::write(folder.path(), "text", b"a text");
    let (_, records, _) = predict(&[argument(&film), argument(&black), argument(&text), "no-such-file"]);
    assert_eq!(shape(&records[0]), READ);

    let reasons = ["code", "limit", "measured", "message"].map(|name| format!("gate.reasons[].{name}"));
    let reasons: Vec<&str> = reasons.iter().map(String::as_str).collect();
    assert_eq!(shape(&records[1]), changed(&["attention", "prediction"], &reasons));

    for failed in &records[2..] {
        assert_eq!(shape(failed), changed(&["attention", "film", "prediction"], &["error"]));
    }
    assert_eq!(records[2]["sha256"].as_str().unwrap().len(), 64);
    assert!(records[3]["sha256"].is_null(), "a file that could not be read has no hash");
}

#[test]
fn numbers_are_what_they_say() {
    let folder = tempfile::tempdir().unwrap();
    let film = films::png(folder.path(), "a.png", 150);
    let (_, records, _) = predict(&[argument(&film)]);
    let prediction = &records[0]["prediction"];
    let sum: f64 = prediction["probabilities"].as_object().unwrap().values().map(|one| one.as_f64().unwrap()).sum();
    assert!((sum - 1.0).abs() < 1e-6);
    let diagnosis = prediction["final_diagnosis"].as_str().unwrap();
    assert_eq!(prediction["consensus_confidence"], prediction["probabilities"][diagnosis]);
    let agree = prediction["models"].as_array().unwrap().iter().filter(|model| model["diagnosis"] == diagnosis).count();
    assert_eq!(prediction["agreement"], agree);
    let milliseconds = records[0]["milliseconds"].as_object().unwrap();
    let total = milliseconds["total"].as_f64().unwrap();
    assert!(milliseconds.values().all(|one| (0.0..=total).contains(&one.as_f64().unwrap())), "{milliseconds:?}");
}
