//! `thorax evaluate`: every row of the labels file is accounted for, and the figures are right.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::films;
use crate::program::{argument, bare, run, thorax, toy};

/// Folder for everything, with light films labelled COVID and dark ones labelled Normal, as the toy reads them.
fn archive() -> (TempDir, PathBuf, String) {
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("archive");
    let mut labels = vec!["patient_id,file,label,source,sex,age,view,split".to_owned()];
    for number in 0..12_u8 {
        films::png(&archive, &format!("light/{number}.png"), 190 + number);
        films::png(&archive, &format!("dark/{number}.png"), 60 + number);
        labels.push(format!("secret-{number},light/{number}.png,COVID-19,one/a.org,F,1-5 y (cohort),AP,test"));
        labels.push(format!(",dark/{number}.png,normal,two,M,{},PA,test", 15 + 7 * u32::from(number)));
    }
    let labels = labels.join("\n") + "\n";
    (folder, archive, labels)
}

/// Runs it on these labels: exit code, what was printed, what it complained of, the folder of the report.
fn evaluate(folder: &Path, labels: &str, options: &[&str]) -> (i32, String, String, PathBuf) {
    let labels = films::write(folder, "labels.csv", labels.as_bytes());
    let (archive, out) = (folder.join("archive"), folder.join("report"));
    let arguments = ["evaluate", argument(&archive), "--labels", argument(&labels), "--out", argument(&out)];
    let mut command = thorax(&arguments);
    command.args(options);
    let (code, printed, err) = run(command);
    (code, printed, err, out)
}

fn json(out: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(out.join("evaluation.json")).unwrap()).unwrap()
}

#[test]
fn films_that_the_toy_can_tell_apart_give_the_figures_one_expects() {
    let (folder, _, labels) = archive();
    let (code, printed, err, out) = evaluate(folder.path(), &labels, &[]);
    assert_eq!(code, 0, "{err}");
    assert!(printed.contains("24 listed: 24 read") && printed.contains("Decision support"), "{printed}");
    let report = json(&out);
    assert_eq!(report["films"]["read"], 24);
    let readers = report["discrimination"].as_array().unwrap();
    let names: Vec<&str> = readers.iter().map(|reader| reader["reader"].as_str().unwrap()).collect();
    assert_eq!(names, ["ensemble", "alpha", "beta", "gamma", "delta", "epsilon", "zeta"]);
    for reader in readers {
        let [covid, opacity, ..] = &reader["classes"].as_array().unwrap()[..] else { panic!("{reader}") };
        assert_eq!((&covid["auroc"]["value"], &covid["average_precision"]["value"]), (&1.0.into(), &1.0.into()));
        assert!(opacity["auroc"].is_null() && opacity["average_precision"].is_null(), "no film has it");
    }
    assert_eq!(report["decisions"]["confusion"][0], serde_json::json!([12, 0, 0, 0]));
    assert_eq!(report["decisions"]["accuracy"]["of"], 24);
    assert!(report["thresholds"].is_null());
    assert_eq!(report["provenance"]["bundle"], "toy");
    let groups = report["groups"].as_array().unwrap();
    let group = |by: &str, name: &str| groups.iter().find(|group| group["by"] == by && group["name"] == name).unwrap();
    assert_eq!((&group("source", "one")["films"], &group("sex", "male")["films"]), (&12.into(), &12.into()));
    assert_eq!((&group("age", "0-17")["films"], &group("age", "65+")["films"]), (&13.into(), &4.into()));
    // The toy looks at lightness alone, which covering does not take away. It finds no lungs.
    assert_eq!(report["checks"]["border_only"]["covid_auroc"]["value"], 1.0);
    assert!(report["checks"]["lungs_covered"].is_null());
    let markdown = fs::read_to_string(out.join("evaluation.md")).unwrap();
    assert!(markdown.contains("has no locator") && markdown.contains("The bundle states none."), "{markdown}");
    for name in ["roc.svg", "reliability.svg", "coverage.svg"] {
        assert!(fs::read_to_string(out.join(name)).unwrap().starts_with("<svg xmlns="), "{name}");
    }
    for name in ["evaluation.json", "evaluation.md"] {
        assert!(!fs::read_to_string(out.join(name)).unwrap().contains("secret"), "{name} holds no patient ids");
    }
}

#[test]
fn the_same_films_give_the_same_report() {
    let (folder, _, labels) = archive();
    let timeless = |mut report: Value| {
        report["provenance"]["created"].take();
        report
    };
    let (_, _, _, out) = evaluate(folder.path(), &labels, &["--threads", "1"]);
    let once = timeless(json(&out));
    let (code, _, err, out) = evaluate(folder.path(), &labels, &["--threads", "3"]);
    assert_eq!(code, 0, "{err}");
    assert_eq!(timeless(json(&out)), once);
}

#[test]
fn every_row_is_accounted_for_and_what_cannot_be_read_gives_code_1() {
    let (folder, archive, _) = archive();
    films::black(&archive, "black.png");
    films::write(&archive, "broken.jpg", b"\xff\xd8\xff\xe0 and no more");
    fs::copy(archive.join("light/0.png"), archive.join("copy.png")).unwrap();
    let labels = "file,label\nlight/0.png,COVID\ndark/0.png,Normal\nblack.png,Normal\nbroken.jpg,Normal\n\
                  gone.png,Normal\n../labels.csv,Normal\nlight/1.png,Tuberculosis\nlight/0.png,Normal\ncopy.png,COVID\n";
    let (code, printed, err, out) = evaluate(folder.path(), labels, &["--skip-checks"]);
    assert_eq!(code, 1, "{err}");
    assert!(printed.contains("7 listed: 3 read, 1 refused by the gate"), "{printed}");
    assert!(printed.contains("1 row with an unknown label, 1 row that names a film again"), "{printed}");
    let report = json(&out);
    let films = &report["films"];
    assert_eq!(films["refusals"]["nearly_empty"], 1);
    let named = |part: &str| films[part].as_array().unwrap().iter().map(|one| one["file"].clone()).collect::<Vec<_>>();
    assert_eq!(named("unreadable"), ["broken.jpg", "../labels.csv"]);
    assert_eq!((named("missing"), named("unknown_labels")), (vec!["gone.png".into()], vec!["light/1.png".into()]));
    assert_eq!(films["unknown_labels"][0]["label"], "Tuberculosis");
    assert_eq!((&films["duplicates"][0]["line"], &films["duplicates"][0]["same_label"]), (&9.into(), &false.into()));
    assert_eq!(films["same_content"][0]["same_as"], "light/0.png");
    let number = |name: &str| films[name].as_u64().unwrap();
    let listed = |name: &str| films[name].as_array().unwrap().len() as u64;
    let read = number("read") + number("refused") + listed("undecided") + listed("unreadable") + listed("missing");
    assert_eq!(number("listed"), read);
    assert_eq!(number("rows"), number("listed") + listed("unknown_labels") + listed("duplicates"));
    assert!(report["checks"].is_null());
    let markdown = fs::read_to_string(out.join("evaluation.md")).unwrap();
    assert!(markdown.contains("line 5: broken.jpg: ") && markdown.contains("Skipped."), "{markdown}");
}

#[test]
fn a_split_is_read_alone() {
    let (folder, _, labels) = archive();
    let labels = labels.replacen("AP,test", "AP,val", 2).replacen("PA,test", "PA,val", 1);
    let (code, printed, err, out) = evaluate(folder.path(), &labels, &["--split", "val", "--skip-checks"]);
    assert_eq!(code, 0, "{err}");
    assert!(printed.contains("3 listed: 3 read"), "{printed}");
    let report = json(&out);
    assert_eq!((&report["films"]["other_splits"], &report["provenance"]["split"]), (&21.into(), &"val".into()));
    let (code, _, err, _) = evaluate(folder.path(), &labels, &["--split", "train"]);
    assert_eq!(code, 2);
    assert!(err.contains("no row has the split \"train\"; there are test, val"), "{err}");
}

#[test]
fn labels_that_cannot_be_used_are_refused_with_the_reason() {
    let (folder, _, _) = archive();
    for (labels, words) in [
        ("path,label\na,b\n", "no column \"file\"; the columns, separated by commas, are path, label"),
        ("file,split\na,b\n", "no column \"label\""),
        ("file,label\n", "no rows"),
        ("", "no rows"),
        ("file,label\na,b,c\n", "line 2 has 3 cells"),
    ] {
        let (code, printed, err, out) = evaluate(folder.path(), labels, &[]);
        assert_eq!((code, printed.as_str()), (2, ""), "{err}");
        assert!(err.contains("labels.csv") && err.contains(words), "{words}: {err}");
        assert!(!out.exists(), "nothing was begun");
    }
    let (code, _, err, _) = evaluate(folder.path(), "file,label\na,b\n", &["--split", "test"]);
    assert_eq!(code, 2);
    assert!(err.contains("no column \"split\""), "{err}");
    let archive = folder.path().join("archive");
    let (code, _, err) = run(thorax(&["evaluate", argument(&archive), "--labels", "no/such.csv"]));
    assert_eq!(code, 2);
    assert!(err.contains("no/such.csv") && err.contains("cannot be read"), "{err}");
    let latin = films::write(folder.path(), "latin.csv", b"file,label\n\xe4.png,Normal\n");
    let (code, _, err) = run(thorax(&["evaluate", argument(&archive), "--labels", argument(&latin)]));
    assert_eq!(code, 2);
    assert!(err.contains("not UTF-8 from line 2"), "{err}");
}

#[test]
fn thresholds_of_the_bundle_are_shown_and_measured() {
    let (folder, archive, labels) = archive();
    let bundle = folder.path().join("bundle");
    for entry in fs::read_dir(toy()).unwrap() {
        let path = entry.unwrap().path();
        films::write(&bundle, path.file_name().unwrap().to_str().unwrap(), &fs::read(&path).unwrap());
    }
    let manifest = fs::read_to_string(bundle.join("bundle.toml")).unwrap();
    fs::write(bundle.join("bundle.toml"), manifest + "\n[thresholds]\nscreening = 0.12\nconfirmation = 0.55\n")
        .unwrap();
    let (_, info, _) = run(thorax(&["bundle", "info", "--bundle", argument(&bundle)]));
    assert!(info.contains("screening at p >= 0.12, confirmation at p >= 0.55"), "{info}");
    let labels = films::write(folder.path(), "labels.csv", labels.as_bytes());
    let out = folder.path().join("report");
    let mut command = thorax(&["evaluate", argument(&archive), "--labels", argument(&labels), "--out", argument(&out)]);
    command.args(["--skip-checks", "--bundle", argument(&bundle)]);
    let (code, printed, err) = run(command);
    assert_eq!(code, 0, "{err}");
    assert!(printed.contains("screening at p >= 0.12: sensitivity 100.0 %"), "{printed}");
    let names: Vec<Value> = json(&out)["thresholds"].as_array().unwrap().iter().map(|at| at["name"].clone()).collect();
    assert_eq!(names, ["screening", "confirmation"]);
}

#[test]
fn the_shipped_bundle_reads_the_samples_with_their_lungs_covered() {
    let folder = tempfile::tempdir().unwrap();
    let labels = "file,label\nnormal-1.jpeg,Normal\nnormal-2.jpeg,Normal\nlung-opacity-1.jpeg,Lung Opacity\n\
                  lung-opacity-2.jpeg,Lung Opacity\nchest-cr.dcm,not labelled\n";
    let labels = films::write(folder.path(), "labels.csv", labels.as_bytes());
    let out = folder.path().join("report");
    let mut command = bare();
    command.args(["evaluate", "samples", "--labels", argument(&labels), "--out", argument(&out)]);
    let (code, printed, err) = run(command);
    assert_eq!(code, 0, "{err}");
    assert!(printed.contains("4 listed: 4 read"), "{printed}");
    let checks = &json(&out)["checks"];
    for check in ["border_only", "lungs_covered"] {
        assert_eq!((&checks[check]["films"], &checks[check]["unread"]), (&4.into(), &0.into()), "{check}");
        assert!(checks[check]["covid_auroc"].is_null(), "no sample has COVID");
    }
}
