//! The bundle that we ship, on the films that we ship.

use crate::films;
use crate::program::{argument, bare, objects, root, run};

#[test]
fn the_sample_films_are_read_by_six_networks_and_replay_agrees() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = bare();
    command.args(["predict", "--format", "json", "samples"]);
    let (code, out, err) = run(command);
    assert_eq!(code, 0, "{err}");
    let records = objects(&out);
    assert_eq!(records.len(), 5, "the attribution is no film");
    for record in &records {
        assert_eq!(record["status"], "ok", "{record}");
        assert_eq!(record["prediction"]["models_voted"], 6, "{record}");
        assert!(record["prediction"]["final_diagnosis"].is_string(), "{record}");
    }
    let results = films::write(folder.path(), "results.jsonl", out.as_bytes());
    let mut command = bare();
    command.args(["replay", argument(&results), "samples/lung-opacity-1.jpeg"]);
    let (code, out, err) = run(command);
    assert_eq!(code, 0, "{out}{err}");
}

#[test]
fn what_is_no_film_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let ramp = films::write(folder.path(), "ramp.png", &thorax_imaging::encode::png(&films::film(60, 400)).unwrap());
    let black = films::black(folder.path(), "black.png");
    let mut command = bare();
    command.args(["predict", "--format", "json", argument(&ramp), argument(&black)]);
    let (code, out, err) = run(command);
    assert_eq!(code, 0, "{err}");
    for record in objects(&out) {
        assert_eq!(record["status"], "refused", "{record}");
        assert!(!record["gate"]["reasons"].as_array().unwrap().is_empty());
    }
}

#[test]
fn the_bundle_fits_the_repository() {
    let sizes: Vec<u64> = std::fs::read_dir(root().join("models"))
        .unwrap()
        .filter_map(|bundle| std::fs::read_dir(bundle.unwrap().path()).ok())
        .flatten()
        .map(|file| file.unwrap().metadata().unwrap().len())
        .collect();
    assert!(sizes.iter().all(|&bytes| bytes <= 50 << 20), "a file is larger than 50 MiB: {sizes:?}");
    assert!(sizes.iter().sum::<u64>() <= 100 << 20, "the bundle is larger than 100 MiB: {sizes:?}");
}
