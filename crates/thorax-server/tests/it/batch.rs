//! `thorax batch`: one record a film whatever happens in between.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;
use thorax_imaging::encode;

use crate::films;
use crate::program::{argument, objects, run, thorax, timeless, toy};

/// A folder with so many different films, one black square and one text.
fn archive(films: u8) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("archive");
    for number in 0..films {
        films::png(&archive, &format!("{:02}/{number}.png", number % 3), 60 + number);
    }
    films::black(&archive, "black.png");
    films::write(&archive, "notes.txt", b"a text");
    (folder, archive)
}

fn batch(archive: &Path, out: &Path) -> (i32, String) {
    let (code, stdout, err) = run(thorax(&["batch", argument(archive), "--out", argument(out)]));
    assert_eq!(stdout, "", "results go into the file only");
    (code, err)
}

fn records(out: &Path) -> BTreeMap<String, Value> {
    let all = objects(&fs::read_to_string(out).unwrap());
    let count = all.len();
    let by_file: BTreeMap<String, Value> =
        all.into_iter().map(|record| (record["file"].as_str().unwrap().to_owned(), timeless(record))).collect();
    assert_eq!(by_file.len(), count, "a film has one record");
    by_file
}

#[test]
fn every_film_has_one_record_in_both_forms() {
    let (folder, archive) = archive(5);
    let (lines, table) = (folder.path().join("r.jsonl"), folder.path().join("r.csv"));
    let (code, err) = batch(&archive, &lines);
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("5 films read, 1 refused, 0 failed") && err.contains("1 file passed over"), "{err}");
    let (code, err) = batch(&archive, &table);
    assert_eq!(code, 0, "{err}");
    let json = records(&lines);
    assert_eq!(json.len(), 6);
    let csv = fs::read_to_string(&table).unwrap();
    let header: Vec<&str> = csv.lines().next().unwrap().split(',').collect();
    assert_eq!(&header[..5], ["file", "sha256", "status", "error", "final_diagnosis"]);
    assert_eq!(csv.lines().count(), 7);
    for row in csv.lines().skip(1) {
        let cells: Vec<&str> = row.split(',').collect();
        assert_eq!(cells.len(), header.len(), "{row}");
        let record = &json[cells[0]];
        assert_eq!(cells[2], record["status"]);
        assert_eq!(cells[4], record["prediction"]["final_diagnosis"].as_str().unwrap_or_default());
    }
}

#[test]
fn says_the_same_as_predict() {
    let (folder, archive) = archive(9);
    let out = folder.path().join("r.jsonl");
    batch(&archive, &out);
    let (_, printed, _) = run(thorax(&["predict", "--format", "json", argument(&archive)]));
    let predicted: Vec<Value> = objects(&printed).into_iter().map(timeless).collect();
    assert_eq!(records(&out).into_values().collect::<Vec<_>>(), {
        let mut sorted = predicted;
        sorted.sort_by_key(|record| record["file"].as_str().unwrap().to_owned());
        sorted
    });
}

#[test]
fn goes_on_where_it_stopped_and_reads_what_changed() {
    let (folder, archive) = archive(3);
    let out = folder.path().join("r.jsonl");
    batch(&archive, &out);
    let before = fs::read_to_string(&out).unwrap();
    let (code, err) = batch(&archive, &out);
    assert_eq!(code, 0);
    assert!(err.contains("0 films read") && err.contains("4 there already"), "{err}");
    assert_eq!(fs::read_to_string(&out).unwrap(), before);

    films::png(&archive, "00/0.png", 222);
    films::png(&archive, "new.png", 111);
    let (_, err) = batch(&archive, &out);
    assert!(err.contains("2 films read") && err.contains("3 there already"), "{err}");
    let after = fs::read_to_string(&out).unwrap();
    assert!(after.starts_with(&before), "what was written stays as it was");
}

#[test]
fn a_half_written_record_is_read_again() {
    let (folder, archive) = archive(3);
    let out = folder.path().join("r.jsonl");
    batch(&archive, &out);
    let whole = records(&out);
    let bytes = fs::read(&out).unwrap();
    fs::write(&out, &bytes[..bytes.len() - 40]).unwrap();
    let (code, err) = batch(&archive, &out);
    assert_eq!(code, 0);
    assert!(err.contains("half written"), "{err}");
    assert_eq!(records(&out), whole);
}

#[test]
fn a_failed_film_is_recorded_and_gives_code_1() {
    let (folder, archive) = archive(1);
    films::write(&archive, "broken.jpg", b"\xff\xd8\xff\xe0 and no more");
    let out = folder.path().join("r.csv");
    let (code, err) = batch(&archive, &out);
    assert_eq!(code, 1);
    assert!(err.contains("1 failed"), "{err}");
    assert!(fs::read_to_string(&out).unwrap().contains(",failed,"));
}

#[test]
fn the_results_may_lie_among_the_films() {
    let (_folder, archive) = archive(2);
    let out = archive.join("results.csv");
    let (code, err) = batch(&archive, &out);
    assert_eq!(code, 0);
    assert!(err.contains("1 file passed over"), "the text, not the results: {err}");
}

#[test]
fn a_foreign_file_is_not_touched() {
    let (folder, archive) = archive(1);
    for name in ["thesis.csv", "thesis.jsonl"] {
        let out = films::write(folder.path(), name, b"my only copy\n");
        let (code, err) = batch(&archive, &out);
        assert_eq!(code, 1);
        assert!(err.contains("not a results file"), "{err}");
        assert_eq!(fs::read(&out).unwrap(), b"my only copy\n");
    }
    let (code, err) = batch(&archive, &folder.path().join("results.xlsx"));
    assert_eq!(code, 1);
    assert!(err.contains(".csv or .jsonl"), "{err}");
}

#[test]
fn a_file_is_no_folder() {
    let (folder, archive) = archive(1);
    let (code, err) = batch(&archive.join("black.png"), &folder.path().join("r.csv"));
    assert_eq!(code, 2);
    assert!(err.contains("thorax predict"), "{err}");
}

/// A batch that is under way: it has written records and is far from done.
fn under_way(folder: &Path) -> (Child, PathBuf, PathBuf) {
    let (archive, out) = (folder.join("archive"), folder.join("r.jsonl"));
    let large = encode::png(&films::film(120, 1500)).unwrap();
    for number in 0..60 {
        films::write(&archive, &format!("{number:02}.png"), &large);
    }
    let child = Command::new(env!("CARGO_BIN_EXE_thorax"))
        .args(["batch", argument(&archive), "--out", argument(&out), "--threads", "1", "--engine", "rten"])
        .env("THORAX_BUNDLE", toy())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while !fs::read(&out).is_ok_and(|bytes| bytes.contains(&b'\n')) {
        std::thread::yield_now();
    }
    (child, archive, out)
}

/// After an interruption: the file is whole, and going on gives every film its record.
fn goes_on(archive: &Path, out: &Path) {
    let interrupted = fs::read_to_string(out).unwrap().lines().count();
    assert!((1..60).contains(&interrupted), "{interrupted} of 60 records were written");
    let (code, err) = batch(archive, out);
    assert_eq!(code, 0, "{err}");
    assert_eq!(records(out).len(), 60);
}

#[test]
fn survives_being_killed() {
    let folder = tempfile::tempdir().unwrap();
    let (mut child, archive, out) = under_way(folder.path());
    child.kill().unwrap();
    child.wait().unwrap();
    goes_on(&archive, &out);
}

#[cfg(unix)]
#[test]
fn ctrl_c_leaves_a_whole_file_and_says_how_to_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let (child, archive, out) = under_way(folder.path());
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let ended = child.wait_with_output().unwrap();
    let err = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{err}");
    assert!(err.contains("run the same command again to go on"), "{err}");
    let text = fs::read_to_string(&out).unwrap();
    assert!(text.ends_with('\n'), "the last record is whole");
    goes_on(&archive, &out);
}
