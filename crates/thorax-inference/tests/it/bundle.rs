//! A bundle that is not in order is refused, and the refusal says what is wrong.

use std::path::Path;
use std::sync::Arc;

use thorax_inference::analyzer::{Analyzer, Settings};
use thorax_inference::bundle::{Bundle, BundleError, Thresholds};

use crate::toy::{NETWORKS, ToyEngine, add_locator, edit, edit_golden, write_bundle};

/// The words with which the toy bundle is refused after an edit of the manifest.
fn refusal(from: &str, to: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    write_bundle(folder.path());
    edit(folder.path(), "bundle.toml", from, to);
    Bundle::open(folder.path()).unwrap_err().to_string()
}

#[test]
fn a_changed_network_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    write_bundle(folder.path());
    std::fs::write(folder.path().join("three.onnx"), "4").unwrap();
    let error = Bundle::open(folder.path()).unwrap_err();
    assert!(matches!(error, BundleError::Hash { .. }));
    assert!(error.to_string().contains("three.onnx"), "{error}");
    std::fs::remove_file(folder.path().join("three.onnx")).unwrap();
    let error = Bundle::open(folder.path()).unwrap_err();
    assert!(matches!(error, BundleError::Read { .. }) && error.to_string().contains("three.onnx"), "{error}");
}

#[test]
fn a_network_changed_after_opening_is_not_loaded() {
    let folder = tempfile::tempdir().unwrap();
    write_bundle(folder.path());
    let bundle = Bundle::open(folder.path()).unwrap();
    std::fs::write(folder.path().join("five.onnx"), "0").unwrap();
    let error = Analyzer::open(bundle, Arc::new(ToyEngine::default()), Settings::default()).err().unwrap();
    assert!(error.to_string().contains("five.onnx"), "{error}");
}

#[test]
fn wrong_labels_and_figures_are_refused() {
    let cases = [
        ("\"COVID\", \"Lung", "\"Covid\", \"Lung", "unknown diagnosis \"Covid\""),
        ("\"COVID\", \"Lung", "\"Normal\", \"Lung", "each of the four diagnoses once"),
        ("labels = [\"COVID\", ", "labels = [", "there are 3"),
        ("schema = 4", "schema = 1\ncolour = 3", "schema is 1, this program reads 4"),
        ("view = \"whole\"", "view = \"hole\"", "network zero reads the view \"hole\""),
        ("{step = \"depth8\"}", "{step = \"crop_lungs\", margin = 0.1}, {step = \"depth8\"}", "there is no locator"),
        ("temperature = 2.0", "temperature = 0.0", "temperature of zero"),
        ("minimum_votes = 4", "minimum_votes = 7", "minimum_votes"),
        ("conformal_threshold = 0.8", "conformal_threshold = 1.5", "conformal_threshold"),
        ("network = \"zero\"", "network = \"one\"", "must come first"),
        ("name = \"two\"", "name = \"one\"", "two networks are named"),
        ("file = \"two.onnx\"", "file = \"../two.onnx\"", "beside the manifest"),
        ("step = \"resize\"", "step = \"resise\"", "resise"),
        ("schema = 4", "schema = 4\ncolour = 3", "colour"),
        ("schema = 4", "schema = 4\nthresholds = {screening = 0.1, confirmation = 1.5}", "thresholds.confirmation"),
        ("schema = 4", "schema = 4\nthresholds = {screening = nan, confirmation = 0.5}", "thresholds.screening"),
        ("schema = 4", "schema = 4\nthresholds = {screening = 0.6, confirmation = 0.5}", "must not be below"),
        ("schema = 4", "schema = 4\nthresholds = {screening = 0.6}", "confirmation"),
    ];
    for (from, to, words) in cases {
        let refusal = refusal(from, to);
        assert!(refusal.contains(words), "{to}: {refusal}");
    }
}

#[test]
fn a_locator_must_be_whole_and_look_at_the_whole_film() {
    let folder = tempfile::tempdir().unwrap();
    write_bundle(folder.path());
    add_locator(folder.path(), &["two"]);
    assert_eq!(Bundle::open(folder.path()).unwrap().view_of(2), 0);
    edit(folder.path(), "bundle.toml", "outside = 1000000.0", "outside = 0.0");
    let refusal = Bundle::open(folder.path()).unwrap_err().to_string();
    assert!(refusal.contains("locator.outside must be above 0"), "{refusal}");
    edit(folder.path(), "bundle.toml", "outside = 0.0", "outside = 0.5");
    edit(folder.path(), "bundle.toml", "minimum_separation = 0.0", "minimum_separation = nan");
    let refusal = Bundle::open(folder.path()).unwrap_err().to_string();
    assert!(refusal.contains("locator.minimum_separation must be between 0 and 1"), "{refusal}");
    edit(folder.path(), "bundle.toml", "minimum_separation = nan", "minimum_separation = 0.5");
    std::fs::write(folder.path().join("locator.onnx"), "7").unwrap();
    let refusal = Bundle::open(folder.path()).unwrap_err().to_string();
    assert!(refusal.contains("locator.onnx"), "{refusal}");
    let step = "recipe = [{step = \"crop_border\", fraction = 0.1}, {step = \"depth8\"}";
    edit(folder.path(), "bundle.toml", "\nrecipe = [{step = \"depth8\"}", &format!("\n{step}"));
    let refusal = Bundle::open(folder.path()).unwrap_err().to_string();
    assert!(refusal.contains("must not cut"), "{refusal}");
}

#[test]
fn thresholds_may_be_stated_or_not() {
    let folder = tempfile::tempdir().unwrap();
    write_bundle(folder.path());
    assert_eq!(Bundle::open(folder.path()).unwrap().manifest().thresholds, None);
    edit(
        folder.path(),
        "bundle.toml",
        "schema = 4",
        "schema = 4\nthresholds = {screening = 0.12, confirmation = 0.55}",
    );
    let stated = Bundle::open(folder.path()).unwrap().manifest().thresholds;
    assert_eq!(stated, Some(Thresholds { screening: 0.12, confirmation: 0.55 }));
}

#[test]
fn a_network_that_misses_its_golden_value_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    write_bundle(folder.path());
    edit_golden(folder.path(), "\"four\": {\"logits\": [", "\"four\": {\"logits\": [9");
    let bundle = Bundle::open(folder.path()).unwrap();
    let error = Analyzer::open(bundle, Arc::new(ToyEngine::default()), Settings::default()).err().unwrap();
    assert!(error.to_string().contains("logit 0 of four"), "{error}");
}

#[test]
fn a_missing_bundle_says_what_to_do() {
    let error = Bundle::open(Path::new("no/such/folder")).unwrap_err().to_string();
    assert!(error.contains("--bundle"), "{error}");
}

#[test]
fn selects_networks_by_name_in_the_bundles_order() {
    let folder = tempfile::tempdir().unwrap();
    write_bundle(folder.path());
    let bundle = Bundle::open(folder.path()).unwrap();
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    assert_eq!(bundle.select(&names(&["five", "one", "five"])).unwrap(), [1, 5]);
    assert_eq!(bundle.select(&[]).unwrap().len(), NETWORKS.len());
    let error = bundle.select(&names(&["six"])).unwrap_err().to_string();
    assert!(error.contains("\"six\"") && error.contains("zero, one"), "{error}");
}
