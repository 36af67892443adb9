//! The binary, run in a clean environment, and what it answered.

use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use serde_json::Value;

/// The root of the source tree.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// A bundle of six networks that answer in a millisecond and know nothing about chests.
pub fn toy() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/toy")
}

/// The program, in the root of the source tree, without the variables of whoever runs the tests.
pub fn bare() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_thorax"));
    // What whoever runs the tests has set is none of its business.
    for (variable, _) in std::env::vars_os() {
        if variable.to_string_lossy().starts_with("THORAX_") {
            command.env_remove(variable);
        }
    }
    command.current_dir(root());
    command
}

/// The program with the toy bundle.
pub fn thorax(arguments: &[&str]) -> Command {
    let mut command = bare();
    command.env("THORAX_BUNDLE", toy()).args(arguments);
    command
}

/// Runs it and gives the exit code, standard output and standard error.
pub fn run(mut command: Command) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap_or(-1), text(stdout), text(stderr))
}

/// Runs `predict --format json` on the toy bundle.
pub fn predict(arguments: &[&str]) -> (i32, Vec<Value>, String) {
    let mut command = thorax(&["predict", "--format", "json"]);
    command.args(arguments);
    let (code, out, err) = run(command);
    (code, objects(&out), err)
}

/// One JSON value a line.
pub fn objects(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A record without what differs from run to run.
pub fn timeless(mut record: Value) -> Value {
    record["milliseconds"].take();
    for model in record["prediction"]["models"].as_array_mut().into_iter().flatten() {
        model["milliseconds"].take();
    }
    record
}

/// A path as an argument.
pub fn argument(path: &Path) -> &str {
    path.to_str().unwrap()
}
