//! `thorax bench`: that it measures everything, never how fast anything is.

use std::fs;

use serde_json::Value;

use crate::films;
use crate::program::{argument, bare, objects, run, thorax};

/// A short run on the toy bundle.
fn short(arguments: &[&str]) -> (i32, String, String) {
    let mut command = thorax(&["bench", "--engine", "rten", "--runs", "1", "--batches", "1,2"]);
    command.args(arguments);
    run(command)
}

fn is_positive(value: &Value) -> bool {
    value.as_f64().is_some_and(|number| number > 0.0)
}

#[test]
fn everything_is_measured_on_films_of_ones_own() {
    let folder = tempfile::tempdir().unwrap();
    let films = [films::png(folder.path(), "a.png", 200), films::black(folder.path(), "black.png")];
    let (code, out, err) = short(&["--json", argument(&films[0]), argument(&films[1])]);
    assert_eq!(code, 0, "a film that the gate would refuse is measured, too: {err}");
    let report = &objects(&out)[0];
    for key in ["p50", "p95", "films_per_second"] {
        assert!(is_positive(&report["one_at_a_time"][key]), "{key}: {report}");
    }
    assert_eq!(report["one_at_a_time"]["milliseconds"].as_array().unwrap().len(), 1);
    for stage in ["decode", "preprocess", "gate", "inference", "total"] {
        assert!(is_positive(&report["stages"][stage]), "{stage}: {report}");
    }
    let networks = report["networks"].as_array().unwrap();
    assert_eq!(networks.len(), 6);
    assert!(networks.iter().all(|one| is_positive(&one["milliseconds"]) && one["precision"] == "f32"));
    let throughput = report["throughput"].as_array().unwrap();
    assert!(throughput.iter().all(|one| is_positive(&one["films_per_second"])));
    assert_eq!(throughput.iter().map(|one| &one["batch"]).collect::<Vec<_>>(), [1, 2]);
    assert!(is_positive(&report["first_result"]) && is_positive(&report["memory"]["networks"]), "{report}");
    assert!(report["engine"].as_str().unwrap().starts_with("rten") && report["precision"] == "f32");
    assert!(report["urgent"].is_null() && report["beside"].is_null(), "other films than the reference's");
}

#[test]
fn urgent_films_are_timed_beside_a_batch() {
    let (code, out, err) = short(&["--json", "--urgent"]);
    assert_eq!(code, 0, "{err}");
    let report = &objects(&out)[0];
    assert!(["p50", "p95", "ratio"].iter().all(|key| is_positive(&report["urgent"][key])), "{report}");
    let (code, out, _) = short(&["--urgent"]);
    assert!(code == 0 && out.contains("urgent beside a batch"), "{out}");
}

#[test]
fn the_golden_films_are_taken_where_none_are_named() {
    let (code, out, err) = short(&["--threads", "1"]);
    assert_eq!(code, 0, "{err}");
    for part in ["one film at a time", "start to first result", "in batches of 2", "peak memory", "zeta"] {
        assert!(out.contains(part), "{part}: {out}");
    }
}

#[test]
fn the_bundle_that_we_ship_is_measured_within_the_memory_of_one_network() {
    let mut command = bare();
    command.args(["bench", "--engine", "rten", "--runs", "1", "--batches", "0", "--one-at-a-time", "--json"]);
    let (code, out, err) = run(command);
    assert_eq!(code, 0, "{err}");
    let report = &objects(&out)[0];
    assert_eq!(report["films"].as_array().unwrap().len(), 2);
    assert_eq!(report["throughput"].as_array().unwrap().len(), 0);
    let memory = &report["memory"];
    assert_eq!(memory["networks"], memory["budget"], "the largest network fills its budget: {memory}");
}

#[test]
fn runs_are_drawn_beside_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let (_, out, _) = short(&["--json"]);
    let earlier = films::write(folder.path(), "earlier.json", out.as_bytes());
    let drawing = folder.path().join("throughput.svg");
    let (code, _, err) = short(&["--svg", argument(&drawing), "--beside", argument(&earlier)]);
    assert_eq!(code, 0, "{err}");
    let drawing = fs::read_to_string(drawing).unwrap();
    assert!(drawing.starts_with("<svg ") && drawing.ends_with("</svg>"));
    assert_eq!(drawing.matches("<polyline").count(), 2);
}

#[test]
fn wrong_use_and_bad_films_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let text = films::write(folder.path(), "notes.txt", b"a text");
    let drawing = folder.path().join("x.svg");
    for (arguments, expected_code, expected) in [
        (&["no-such-file.png"][..], 1, "no such file"),
        (&[argument(&text)], 1, "notes.txt"),
        (&["-"], 2, "standard input"),
        (&["--runs", "0"], 2, "1..=10000"),
        (&["--batches", "many"], 2, "many"),
        (&["--beside", "x.json"], 2, "--svg"),
        (&["--svg", argument(&drawing), "--beside", argument(&text)], 2, "thorax bench --json"),
    ] {
        let mut command = thorax(&["bench", "--engine", "rten"]);
        command.args(arguments);
        let (code, out, err) = run(command);
        assert_eq!((code, out.as_str()), (expected_code, ""), "{arguments:?}: {err}");
        assert!(err.contains(expected), "{arguments:?}: {err}");
    }
    assert!(!drawing.exists());
}
