//! `thorax bundle`, and that nothing is read with a bundle that is not in order.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::films;
use crate::program::{argument, bare, run, thorax, toy};

/// A copy of the toy bundle that may be spoilt.
fn copy() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(toy()).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
    }
    folder
}

#[test]
fn info_shows_what_the_bundle_holds() {
    let (code, out, err) = run(thorax(&["bundle", "info"]));
    assert_eq!(code, 0, "{err}");
    for expected in [
        "toy",
        "COVID, Lung Opacity, Normal, Viral Pneumonia",
        "depth8 > resize",
        "zeta",
        "[metrics]",
        "at least 4 votes",
    ] {
        assert!(out.contains(expected), "{expected}: {out}");
    }
}

#[test]
fn verify_says_what_was_checked() {
    let (code, out, err) = run(thorax(&["bundle", "verify"]));
    assert_eq!(code, 0, "{err}");
    for expected in ["6 networks, labels and every hash", "rten", "1 golden film", "verified"] {
        assert!(out.contains(expected), "{expected}: {out}");
    }
}

/// What every command says of a spoilt bundle; the bundle is never used.
fn refused(bundle: &Path) -> String {
    let film = films::png(bundle, "film.png", 100);
    let (code, _, verify) = run(thorax(&["bundle", "verify", "--bundle", argument(bundle)]));
    assert_eq!(code, 1);
    let (code, out, predict) = run(thorax(&["predict", "--bundle", argument(bundle), argument(&film)]));
    assert_eq!((code, out.as_str()), (1, ""), "nothing is read");
    assert_eq!(verify, predict);
    let (code, out, _) = run(thorax(&["doctor", "--bundle", argument(bundle)]));
    assert_eq!(code, 1);
    assert!(out.contains("PROBLEM") && out.contains("films cannot be read: 1 problem"), "{out}");
    verify
}

#[test]
fn a_changed_network_is_named() {
    let bundle = copy();
    let path = bundle.path().join("gamma.onnx");
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, bytes).unwrap();
    let err = refused(bundle.path());
    assert!(err.contains("gamma.onnx") && err.contains("SHA-256"), "{err}");
}

#[test]
fn a_missing_file_is_named() {
    let bundle = copy();
    fs::remove_file(bundle.path().join("delta.onnx")).unwrap();
    assert!(refused(bundle.path()).contains("delta.onnx"));
    fs::remove_file(bundle.path().join("bundle.toml")).unwrap();
    assert!(refused(bundle.path()).contains("bundle.toml"));
}

#[test]
fn wrong_labels_are_refused() {
    let bundle = copy();
    let path = bundle.path().join("bundle.toml");
    let manifest = fs::read_to_string(&path).unwrap().replace("\"Lung Opacity\"", "\"Cat\"");
    fs::write(&path, manifest).unwrap();
    assert!(refused(bundle.path()).contains("Cat"));
}

#[test]
fn a_network_that_computes_something_else_is_named() {
    let bundle = copy();
    let path = bundle.path().join("bundle.toml");
    let manifest = fs::read_to_string(&path).unwrap();
    let hash = |name: &str| thorax_inference::bundle::hash(&fs::read(bundle.path().join(name)).unwrap());
    let (beta, zeta) = (hash("beta.onnx"), hash("zeta.onnx"));
    fs::copy(bundle.path().join("zeta.onnx"), bundle.path().join("beta.onnx")).unwrap();
    fs::write(&path, manifest.replace(&beta, &zeta)).unwrap();
    let err = refused(bundle.path());
    assert!(err.contains("beta"), "{err}");
}

#[test]
fn without_a_bundle_nothing_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let mut command = bare();
    command.args(["predict", "--bundle", argument(&empty), "x.png"]);
    let (code, out, err) = run(command);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("--bundle"), "{err}");
}
