//! The walls of the house that neither Cargo nor a lint holds. Each test names the file that broke through.

mod source;

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use source::{File, files};

use crate::program::root;

/// Longest file, counted without its tests, comments included.
const LONGEST: usize = 500;
/// Half of all files are at most this long, and nine of ten at most the second.
const MEDIAN: usize = 150;
const NINTH_OF_TEN: usize = 350;

/// The one file that may hold unsafe code.
const UNSAFE: &str = "crates/thorax-inference/src/engine/openvino/memory.rs";

/// Every place in `files` that holds one of `words`, as `path:line: text`.
fn holding(files: &[File], words: &[&str]) -> Vec<String> {
    files.iter().flat_map(|file| file.lines_holding(words)).collect()
}

fn production(keep: impl Fn(&str) -> bool) -> Vec<File> {
    files().into_iter().filter(|file| !file.is_test && keep(&file.path)).collect()
}

#[test]
fn files_are_short() {
    let mut lengths: Vec<(usize, String)> =
        production(|_| true).into_iter().map(|file| (file.lines.len(), file.path)).collect();
    lengths.sort();
    let too_long: Vec<_> = lengths.iter().filter(|(lines, _)| *lines > LONGEST).collect();
    assert!(too_long.is_empty(), "split these: {too_long:?}");
    let (median, ninth) = (lengths[lengths.len() / 2].0, lengths[lengths.len() * 9 / 10].0);
    assert!(median <= MEDIAN, "the median file has {median} lines");
    assert!(ninth <= NINTH_OF_TEN, "one file in ten has {ninth} lines or more");
}

#[test]
fn modules_are_named_files_and_no_drawer_for_odds_and_ends() {
    let drawers = ["mod.rs", "utils.rs", "util.rs", "helpers.rs", "misc.rs", "common.rs"];
    let found: Vec<String> = files()
        .into_iter()
        .map(|file| file.path)
        .filter(|path| path.rsplit('/').next().is_some_and(|name| drawers.contains(&name)))
        .collect();
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn every_library_and_the_program_open_with_what_lives_there() {
    for file in
        files().into_iter().filter(|file| file.path.ends_with("/src/lib.rs") || file.path.ends_with("/src/main.rs"))
    {
        let opening: String = file.lines.iter().take_while(|line| line.starts_with("//!")).cloned().collect();
        for part in ["What lives here", "What never does", "Start reading at"] {
            assert!(opening.contains(part), "{} does not say: {part}", file.path);
        }
    }
}

#[test]
fn only_the_clock_reads_the_time() {
    let clock = "crates/thorax-domain/src/clock.rs";
    let found = holding(
        &production(|path| path != clock),
        &["SystemTime", "Instant::", "::Instant", "Utc::now", "thread::sleep"],
    );
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn only_the_configuration_reads_the_environment() {
    let found = holding(
        // Cargo tells a build script where to write in no other way.
        &production(|path| !path.starts_with("crates/thorax-server/src/config") && !path.ends_with("/build.rs")),
        &["std::env", "env::var", "env::args", "env::current_dir", "env::current_exe", "env = \"THORAX"],
    );
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn only_engine_files_name_an_engine() {
    let found = holding(
        &production(|path| !path.starts_with("crates/thorax-inference/src/engine/")),
        &["ort::", "use ort", "rten::{", "rten_tensor", "use rten", "::Model::load"],
    );
    let engine = "crates/thorax-inference/src/engine.rs";
    // The contract's own file chooses among its modules; and `export` ends like an engine.
    let found: Vec<_> = found
        .into_iter()
        .filter(|place| !(place.starts_with(engine) && place.contains("rten::Rten")))
        .filter(|place| ![" export::", "(export::"].iter().any(|ours| place.contains(ours)))
        .collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn only_the_store_knows_how_things_are_kept() {
    let found = holding(
        &production(|path| !path.starts_with("crates/thorax-store/")),
        &["csv::", "sqlx", "sea_orm", "rusqlite", "redis::", "object_store", "SELECT ", "INSERT INTO"],
    );
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn arrows_inside_the_program_point_inward() {
    let rooms: [(&str, &[&str]); 3] = [
        ("crates/thorax-server/src/workflow", &["crate::cli", "crate::web", "crate::jobs", "crate::dicom", "clap::"]),
        ("crates/thorax-server/src/record", &["crate::cli", "crate::workflow", "crate::app", "crate::config"]),
        ("crates/thorax-server/src/config", &["crate::cli", "crate::workflow", "crate::app", "crate::record"]),
    ];
    for (room, words) in rooms {
        let found = holding(&production(|path| path.starts_with(room)), words);
        assert!(found.is_empty(), "{found:#?}");
    }
}

/// Names of the crates that a crate is linked with.
fn linked(package: &str) -> BTreeSet<String> {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "-e", "normal", "--prefix", "none", "-p", package])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let text = String::from_utf8(tree.stdout).unwrap();
    text.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

#[test]
fn crates_are_linked_with_nothing_that_they_must_not_know() {
    let frameworks = ["tokio", "axum", "hyper", "sqlx", "sea-orm", "redis"];
    let ours = ["thorax-domain", "thorax-imaging", "thorax-inference", "thorax-store", "thorax-server"];
    let walls: [(&str, Vec<&str>); 4] = [
        ("thorax-domain", [&frameworks[..], &ours[1..], &["serde_json", "ort", "rten", "image"]].concat()),
        ("thorax-imaging", [&frameworks[..], &ours[..1], &ours[2..], &["serde_json", "ort", "rten"]].concat()),
        ("thorax-inference", [&frameworks[..], &ours[3..], &["csv"]].concat()),
        ("thorax-store", [&["ort", "rten", "dicom-object"], &ours[1..3], &ours[4..]].concat()),
    ];
    for (package, forbidden) in walls {
        let linked = linked(package);
        let found: Vec<_> = forbidden.iter().filter(|name| linked.contains(**name)).collect();
        assert!(found.is_empty(), "{package} is linked with {found:?}");
    }
}

#[test]
fn lints_are_not_switched_off() {
    let found = holding(&production(|path| path != UNSAFE), &["#[allow(", "#![allow(", "unsafe_code", "unsafe {"]);
    assert!(found.is_empty(), "{found:#?}");
    let named = production(|path| path == UNSAFE);
    for words in ["#[allow(", "#![allow("] {
        assert_eq!(holding(&named, &[words]), Vec::<String>::new());
    }
    // A lint sees to it that each place in it says why.
    assert_eq!(["unsafe {", "expect(unsafe_code"].map(|word| holding(&named, &[word]).len()), [2; 2]);
}

#[test]
fn every_path_in_the_documents_exists() {
    for document in ["ARCHITECTURE.md", "README.md", "CONTRIBUTING.md", "SECURITY.md", "docs/operations.md"] {
        let text = fs::read_to_string(root().join(document)).unwrap();
        let is_path = |word: &&str| {
            let begins =
                ["crates/", "docs/", "scripts/", "training/", "samples/", "models/", "bench/", "fuzz/", ".ci/"];
            begins.iter().any(|begin| word.starts_with(begin)) && !word.contains(['<', '*', '…', ' ', '{'])
        };
        // Only what stands between backticks; every second part does.
        for path in text.split('`').skip(1).step_by(2).filter(is_path) {
            assert!(root().join(path).exists(), "{document} names {path}, which is not there");
        }
    }
}

#[test]
fn nothing_names_the_machine_that_it_was_written_on() {
    let kept = Command::new("git").args(["grep", "-lIE", "/(work|home|root)/[a-z]"]).current_dir(root()).output();
    // Without git, as in a packed source tree, there is no list of what is kept.
    let Ok(kept) = kept else { return };
    let found: Vec<String> = String::from_utf8(kept.stdout)
        .unwrap()
        .lines()
        .filter(|path| !path.ends_with("tidy.rs"))
        .map(str::to_owned)
        .collect();
    assert!(found.is_empty(), "{found:?}");
}
