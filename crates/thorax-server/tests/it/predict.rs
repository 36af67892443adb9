//! `thorax predict`: exit codes, sources, order of things, hostile input.

use std::fs;

use crate::films;
use crate::program::{argument, predict, root, run, thorax, timeless};

#[test]
fn reads_named_files_in_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let light = films::png(folder.path(), "b.png", 200);
    let dark = films::png(folder.path(), "a.png", 60);
    let (code, records, _) = predict(&[argument(&light), argument(&dark)]);
    assert_eq!((code, records.len()), (0, 2));
    assert_eq!(records[0]["file"], argument(&light));
    assert_eq!(records[0]["prediction"]["final_diagnosis"], "COVID");
    assert_eq!(records[1]["prediction"]["final_diagnosis"], "Normal");
    assert_eq!(records[1]["prediction"]["models_voted"], 6);
}

#[test]
fn reads_a_folder_and_passes_over_what_is_no_picture() {
    let folder = tempfile::tempdir().unwrap();
    films::png(folder.path(), "deep/er/film", 100);
    films::write(folder.path(), "notes.txt", b"a text");
    films::write(folder.path(), "broken.jpg", b"\xff\xd8\xff\xe0 and no more");
    let (code, records, err) = predict(&[argument(folder.path())]);
    assert_eq!(code, 1, "the broken picture counts as failed");
    assert_eq!(records.len(), 2);
    assert!(records[0]["file"].as_str().unwrap().ends_with("broken.jpg"));
    assert!(err.contains("1 file was passed over"), "{err}");
}

#[test]
fn reads_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = fs::read(films::png(folder.path(), "a.png", 100)).unwrap();
    let mut command = thorax(&["predict", "--format", "json", "-"]);
    command.write_stdin(bytes);
    let (code, out, _) = run(command);
    assert_eq!(code, 0);
    assert!(out.contains(r#""file":"-""#) && out.contains(r#""status":"ok""#), "{out}");
}

#[test]
fn files_that_cannot_be_read_fail_with_advice_and_do_not_stop_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let good = films::png(folder.path(), "good.png", 100);
    let whole = fs::read(&good).unwrap();
    let hostile: Vec<(&str, Vec<u8>)> = vec![
        ("empty.png", Vec::new()),
        ("text.png", b"this is no picture".to_vec()),
        ("half.png", whole[..whole.len() / 2].to_vec()),
        ("zeros.dcm", vec![0; 4096]),
        ("preamble.dcm", [vec![0; 128], b"DICM".to_vec(), vec![0xff; 64]].concat()),
        ("page.pdf", b"%PDF-1.7".to_vec()),
        ("noise.jpg", (0..5000_u32).map(|index| u8::try_from(index * 7919 % 251).unwrap()).collect()),
    ];
    let mut paths: Vec<String> =
        hostile.iter().map(|(name, bytes)| argument(&films::write(folder.path(), name, bytes)).to_owned()).collect();
    paths.push(argument(&folder.path().join("missing.png")).to_owned());
    paths.push(argument(&good).to_owned());
    let (code, records, err) = predict(&paths.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!((code, records.len()), (1, paths.len()), "{err}");
    let (last, failed) = records.split_last().unwrap();
    assert_eq!(last["status"], "ok");
    for record in failed {
        assert_eq!(record["status"], "failed", "{record}");
        let error = record["error"].as_str().unwrap();
        assert!(error.contains("; "), "says what to do: {error}");
        assert!(record.get("prediction").is_none());
    }
    assert!(!err.contains("panicked"), "{err}");
}

#[test]
fn the_gate_refuses_and_force_is_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let black = films::black(folder.path(), "black.png");
    let (code, records, _) = predict(&[argument(&black)]);
    assert_eq!(code, 0, "a refused film counts as read");
    assert_eq!(records[0]["status"], "refused");
    assert_eq!(records[0]["gate"]["accepted"], false);
    assert_eq!(records[0]["gate"]["reasons"][0]["code"], "nearly_empty");
    assert_eq!(records[0]["gate"]["reasons"][0]["limit"], 1.0);
    assert!(records[0].get("prediction").is_none());

    let (code, records, _) = predict(&["--force", argument(&black)]);
    assert_eq!((code, records[0]["status"].as_str()), (0, Some("ok")));
    assert_eq!(records[0]["gate"]["accepted"], false);
    assert_eq!(records[0]["provenance"]["forced"], true);
    assert_eq!(records[0]["prediction"]["inconclusive"], true);
}

#[test]
fn fewer_networks_than_votes_needed_give_no_diagnosis() {
    let folder = tempfile::tempdir().unwrap();
    let film = films::png(folder.path(), "a.png", 200);
    let (code, records, _) = predict(&["--models", "alpha,zeta", argument(&film)]);
    assert_eq!(code, 0);
    let prediction = &records[0]["prediction"];
    assert!(prediction["final_diagnosis"].is_null());
    assert_eq!(prediction["models_voted"], 2);
    assert_eq!(prediction["models"].as_array().unwrap().len(), 2);
    assert_eq!(prediction["reasons"][0]["code"], "too_few_votes");
    assert_eq!(records[0]["provenance"]["networks"].as_array().unwrap().len(), 2);
}

#[test]
fn a_known_age_brings_its_caution() {
    let folder = tempfile::tempdir().unwrap();
    let film = films::png(folder.path(), "a.png", 200);
    let codes = |arguments: &[&str]| {
        let (_, records, _) = predict(arguments);
        records[0]["prediction"]["reasons"].to_string()
    };
    assert!(codes(&["--age", "40", argument(&film)]).contains("caution"));
    assert!(!codes(&["--age", "4", argument(&film)]).contains("caution"));
    assert!(!codes(&[argument(&film)]).contains("caution"));
}

#[test]
fn the_result_does_not_depend_on_memory_or_threads() {
    let folder = tempfile::tempdir().unwrap();
    let film = films::png(folder.path(), "a.png", 120);
    let with = |arguments: &[&str]| {
        let (code, mut records, err) = predict(&[arguments, &[argument(&film)]].concat());
        assert_eq!(code, 0, "{err}");
        timeless(records.remove(0))
    };
    let free = with(&["--memory-budget", "0"]);
    for other in
        [&["--memory-budget", "70MiB"][..], &["--memory-budget", "200MiB", "--threads", "1"], &["--threads", "7"]]
    {
        assert_eq!(with(other), free, "{other:?}");
    }
}

#[test]
fn wrong_use_is_refused_with_advice_and_code_2() {
    for (arguments, expected) in [
        (&["predict"][..], "Usage"),
        (&["predict", "--models", "alpha,omega", "x"], "\"omega\"; it has alpha, beta, gamma, delta, epsilon, zeta"),
        (&["predict", "--memory-budget", "lots", "x"], "300MiB"),
        (&["predict", "--memory-budget", "1MiB", "x"], "budget of 1 MiB is too small"),
        (&["predict", "--threads", "0", "x"], "1..=1024"),
        (&["predict", "--format", "xml", "x"], "text, json"),
        (&["predict", "--age", "900", "x"], "0..=130"),
        (&["predict", "--engine", "abacus", "x"], "auto, rten, onnxruntime"),
        (&["predict", "--engine", "open-inference", "x"], "THORAX_INFERENCE_SERVER"),
        (
            &["predict", "--engine", "open-inference", "--inference-server", "ftp://a.example", "x"],
            "http:// or https://",
        ),
        (&["frobnicate"], "unrecognized subcommand"),
    ] {
        let (code, out, err) = run(thorax(arguments));
        assert_eq!(code, 2, "{arguments:?}: {err}");
        assert!(err.contains(expected), "{arguments:?}: {err}");
        assert_eq!(out, "");
    }
}

#[test]
fn an_engine_that_was_asked_for_and_is_not_there_is_an_error() {
    let (code, _, err) = run(thorax(&["predict", "--engine", "onnxruntime", "--onnxruntime", "no/such.so", "x"]));
    assert_eq!(code, 1);
    assert!(err.contains("no/such.so"), "{err}");
}

#[test]
fn heat_maps_are_named_by_content_and_network() {
    let folder = tempfile::tempdir().unwrap();
    let film = films::png(folder.path(), "a.png", 200);
    let maps = folder.path().join("new/maps");
    let (code, records, err) = predict(&["--heatmaps", argument(&maps), argument(&film)]);
    assert_eq!(code, 0, "{err}");
    let hash = &records[0]["sha256"].as_str().unwrap()[..16];
    for network in ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "agreement"] {
        let picture = fs::read(maps.join(format!("{hash}-{network}.png"))).unwrap();
        assert!(picture.starts_with(b"\x89PNG"), "{network}");
        let grid = fs::read(maps.join(format!("{hash}-{network}.json"))).unwrap();
        let grid: serde_json::Value = serde_json::from_slice(&grid).unwrap();
        assert_eq!(grid["network"], network);
        assert_eq!(grid["diagnosis"], "COVID");
        let cells = grid["width"].as_u64().unwrap() * grid["height"].as_u64().unwrap();
        assert_eq!(grid["values"].as_array().unwrap().len() as u64, cells);
        assert_eq!(grid["field"]["width"], 64.0);
    }
    assert_eq!(fs::read_dir(&maps).unwrap().count(), 14, "nothing else is left there");
}

#[test]
fn the_table_has_its_form() {
    let folder = tempfile::tempdir().unwrap();
    let film = films::png(folder.path(), "film.png", 200);
    let mut command = thorax(&["predict", "film.png"]);
    command.current_dir(folder.path());
    let (code, out, _) = run(command);
    assert_eq!(code, 0);
    assert!(film.is_file());
    let percents = "# % # % # % # % # % #";
    let rows = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "CONSENSUS"]
        .map(|name| format!("{name} COVID {percents}\n"))
        .concat();
    let expected = format!(
        "film.png (PNG, # x #, # bits)\n\
         network opinion confidence COVID Lung Opacity Normal Viral Pneumonia ms\n\
         {rows}\
         agreement #/#; possible at # % coverage: COVID\n\
         gate accepted\n\
         Decision support, not a diagnosis. A physician decides.\n\n"
    );
    assert_eq!(form(&out), expected);
}

/// The text with every number as # and every run of spaces as one.
fn form(text: &str) -> String {
    let mut formed = String::new();
    for line in text.lines() {
        let words: Vec<String> = line.split_whitespace().map(numberless).collect();
        formed += &words.join(" ");
        formed.push('\n');
    }
    formed
}

fn numberless(word: &str) -> String {
    let mut out = String::new();
    for sign in word.chars() {
        match sign {
            // A further digit, or the point within a number.
            '0'..='9' | '.' if out.ends_with('#') => {}
            '0'..='9' => out.push('#'),
            other => out.push(other),
        }
    }
    out
}

#[test]
fn the_table_tells_of_refusals_and_failures() {
    let folder = tempfile::tempdir().unwrap();
    let black = films::black(folder.path(), "black.png");
    let (_, out, _) = run(thorax(&["predict", argument(&black), "no-such-file"]));
    assert!(out.contains("gate   REFUSED: The film is nearly of one grey"), "{out}");
    assert!(out.contains("[nearly_empty: measured 0.000, limit 1.000]"), "{out}");
    assert!(out.contains("no-such-file\n  FAILED  there is no such file; check the path"), "{out}");
    let (_, out, _) = run(thorax(&["predict", "--force", argument(&black)]));
    assert!(out.contains("gate   overridden") && out.contains("INCONCLUSIVE"), "{out}");
}

#[test]
fn help_shows_examples_everywhere() {
    let (code, out, _) = run(thorax(&["--help"]));
    assert_eq!(code, 0);
    for command in ["predict", "batch", "bench", "clahe", "replay", "bundle", "doctor", "completions"] {
        assert!(out.contains(command), "{command}");
        let (code, out, _) = run(thorax(&[command, "--help"]));
        assert_eq!(code, 0);
        assert!(out.contains("Examples:\n  "), "{command}: {out}");
    }
    let (code, out, _) = run(thorax(&["--version"]));
    assert_eq!((code, out.trim()), (0, concat!("thorax ", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn every_shell_gets_its_completions() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let (code, out, _) = run(thorax(&["completions", shell]));
        assert_eq!(code, 0);
        assert!(out.contains("thorax") && out.contains("memory-budget"), "{shell}");
    }
}

#[test]
fn real_films_in_all_three_formats_are_decoded() {
    let samples = root().join("samples");
    let (code, records, err) = predict(&["--force", argument(&samples)]);
    assert_eq!((code, records.len()), (0, 5), "{err}");
    let dicom = records.iter().find(|record| record["film"]["bits"] == 16).unwrap();
    assert!(dicom["file"].as_str().unwrap().contains("chest-cr"));
    assert!(dicom["film"]["format"].as_str().unwrap().starts_with("DICOM"));
}
