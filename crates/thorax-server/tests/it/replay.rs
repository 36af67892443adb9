//! `thorax replay`: the same comes out again, or it is said what does not.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::films;
use crate::program::{argument, objects, run, thorax, toy};

/// Reads a film and keeps the result.
fn recorded(folder: &Path, grey: u8, arguments: &[&str]) -> (PathBuf, PathBuf) {
    let film = films::png(folder, &format!("{grey}.png"), grey);
    let mut command = thorax(&["predict", "--format", "json"]);
    command.args(arguments).arg(&film);
    let (_, out, _) = run(command);
    let result = films::write(folder, &format!("{grey}.json"), out.as_bytes());
    (film, result)
}

fn replay(result: &Path, film: &Path) -> (i32, String, String) {
    run(thorax(&["replay", argument(result), argument(film)]))
}

/// Changes a recorded result.
fn change(result: &Path, change: impl Fn(&mut Value)) {
    let mut record = objects(&fs::read_to_string(result).unwrap()).remove(0);
    change(&mut record);
    fs::write(result, record.to_string()).unwrap();
}

#[test]
fn agrees_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    for (grey, arguments) in
        [(70, &[][..]), (90, &["--models", "alpha,beta,gamma,delta"]), (110, &["--age", "30", "--threads", "1"])]
    {
        let (film, result) = recorded(folder.path(), grey, arguments);
        let (code, out, err) = replay(&result, &film);
        assert_eq!(code, 0, "{out}{err}");
        assert!(out.contains("agrees, bit for bit"), "{out}");
    }
}

#[test]
fn agrees_for_a_film_that_was_refused_and_one_that_was_forced() {
    let folder = tempfile::tempdir().unwrap();
    let black = films::black(folder.path(), "black.png");
    for force in [&["--force"][..], &[]] {
        let mut command = thorax(&["predict", "--format", "json", argument(&black)]);
        command.args(force);
        let (_, out, _) = run(command);
        let result = films::write(folder.path(), "black.json", out.as_bytes());
        let (code, out, err) = replay(&result, &black);
        assert_eq!(code, 0, "{out}{err}");
    }
}

#[test]
fn finds_the_record_in_the_results_of_a_batch() {
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("archive");
    for grey in 60..70 {
        films::png(&archive, &format!("{grey}.png"), grey);
    }
    let out = folder.path().join("r.jsonl");
    run(thorax(&["batch", argument(&archive), "--out", argument(&out)]));
    let (code, text, err) = replay(&out, &archive.join("64.png"));
    assert_eq!(code, 0, "{text}{err}");
    let other = films::png(folder.path(), "other.png", 200);
    let (code, _, err) = replay(&out, &other);
    assert_eq!(code, 1);
    assert!(err.contains("none of the 10 results"), "{err}");
}

#[test]
fn a_number_that_was_changed_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let (film, result) = recorded(folder.path(), 80, &[]);
    change(&result, |record| {
        let probabilities = &mut record["prediction"]["models"][2]["probabilities"];
        let (covid, normal) = (probabilities["COVID"].as_f64().unwrap(), probabilities["Normal"].as_f64().unwrap());
        probabilities["COVID"] = (covid + 1e-9).into();
        probabilities["Normal"] = (normal - 1e-9).into();
    });
    let (code, out, _) = replay(&result, &film);
    assert_eq!(code, 1);
    assert!(out.contains("gamma: a probability by 1.00e-9") && out.contains("does not agree"), "{out}");
}

#[test]
fn another_film_or_bundle_is_refused_with_both_hashes() {
    let folder = tempfile::tempdir().unwrap();
    let (film, result) = recorded(folder.path(), 80, &[]);
    let other = films::png(folder.path(), "other.png", 81);
    let (code, out, err) = replay(&result, &other);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("another file"), "{err}");

    change(&result, |record| record["provenance"]["bundle_sha256"] = "0123".into());
    let (code, out, err) = replay(&result, &film);
    assert_eq!((code, out.as_str()), (1, ""));
    let manifest = fs::read(toy().join("bundle.toml")).unwrap();
    assert!(err.contains("0123") && err.contains(&thorax_inference::bundle::hash(&manifest)), "{err}");
}

#[test]
fn an_engine_that_is_not_here_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (film, result) = recorded(folder.path(), 80, &[]);
    change(&result, |record| record["provenance"]["engine"]["name"] = "abacus".into());
    let (code, _, err) = replay(&result, &film);
    assert_eq!(code, 1);
    assert!(err.contains("abacus"), "{err}");
    change(&result, |record| record["provenance"]["engine"] = serde_json::json!({"name": "rten", "version": "0.1"}));
    let (code, out, _) = replay(&result, &film);
    assert_eq!(code, 0, "another version that computes the same agrees");
    assert!(out.contains("note    the engine was rten 0.1 then"), "{out}");
}

#[test]
fn what_is_no_result_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let film = films::png(folder.path(), "a.png", 80);
    for content in ["", "text", "{}", "[1]"] {
        let result = films::write(folder.path(), "result.json", content.as_bytes());
        let (code, _, err) = replay(&result, &film);
        assert_eq!(code, 1, "{content:?}");
        assert!(!err.contains("panicked") && err.contains("result"), "{content:?}: {err}");
    }
    let (code, _, err) = replay(Path::new("no-such-file"), &film);
    assert_eq!(code, 1);
    assert!(err.contains("no-such-file"), "{err}");
}

#[test]
fn a_failure_is_nothing_to_compare() {
    let folder = tempfile::tempdir().unwrap();
    let text = films::write(folder.path(), "text", b"a text");
    let (_, out, _) = run(thorax(&["predict", "--format", "json", argument(&text)]));
    let result = films::write(folder.path(), "result.json", out.as_bytes());
    let (code, _, err) = replay(&result, &text);
    assert_eq!(code, 1);
    assert!(err.contains("nothing to compare"), "{err}");
}
