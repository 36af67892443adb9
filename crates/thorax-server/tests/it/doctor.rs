//! `thorax doctor`.

use crate::program::{run, thorax};

#[test]
fn a_healthy_house() {
    let (code, out, err) = run(thorax(&["doctor"]));
    assert_eq!(code, 0, "{out}{err}");
    for expected in
        ["program    thorax", "processor", "memory", "gpu", "engine     rten", "bundle     toy", "films can be read"]
    {
        assert!(out.contains(expected), "{expected}: {out}");
    }
    assert!(!out.contains("PROBLEM"));
}

#[test]
fn a_missing_library_is_advice_unless_it_was_asked_for() {
    let (code, out, _) = run(thorax(&["doctor", "--onnxruntime", "no/such.so"]));
    assert_eq!(code, 0);
    assert!(out.contains("advice") && out.contains("no/such.so") && out.contains("--openvino"), "{out}");
    let (code, out, _) = run(thorax(&["doctor", "--engine", "onnxruntime", "--onnxruntime", "no/such.so"]));
    assert_eq!(code, 1);
    assert!(out.contains("PROBLEM") && out.contains("no/such.so"), "{out}");
}

#[test]
fn an_inference_server_is_asked_only_where_it_was_chosen() {
    let server = ["--inference-server", "http://127.0.0.1:1", "--inference-token", "hush"];
    let (code, out, _) = run(thorax(&[&["doctor"][..], &server].concat()));
    assert_eq!(code, 0);
    assert!(out.contains("--engine open-inference"), "{out}");
    let (code, out, _) = run(thorax(&[&["doctor", "--engine", "open-inference"][..], &server].concat()));
    assert_eq!(code, 1);
    assert!(out.contains("PROBLEM") && out.contains("http://127.0.0.1:1") && !out.contains("hush"), "{out}");
}

#[test]
fn a_budget_that_no_network_fits_is_a_problem_with_both_figures() {
    let (code, out, _) = run(thorax(&["doctor", "--memory-budget", "5MiB"]));
    assert_eq!(code, 1);
    assert!(out.contains("budget of 5 MiB is too small") && out.contains("needs"), "{out}");
}

#[test]
fn a_small_budget_makes_them_take_turns() {
    let (code, out, _) = run(thorax(&["doctor", "--memory-budget", "100MiB"]));
    assert_eq!(code, 0);
    assert!(out.contains("they take turns within 100 MiB"), "{out}");
}

#[test]
fn films_that_wait_for_company_that_cannot_come_are_advice() {
    let (code, out, _) = run(thorax(&["doctor", "--batch-wait", "20"]));
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("for 1 film at a time") && out.contains("--batch-wait has no effect"), "{out}");
    let (_, out, _) = run(thorax(&["doctor", "--batch-wait", "20", "--batch", "4"]));
    assert!(out.contains("for 4 films at a time") && !out.contains("--batch-wait"), "{out}");
}

#[test]
fn the_users_cache_folder_is_left_alone_by_engines_that_keep_nothing_there() {
    let users = tempfile::tempdir().unwrap();
    let mut command = thorax(&["doctor", "--engine", "rten"]);
    command.env("XDG_CACHE_HOME", users.path());
    let (code, out, _) = run(command);
    assert_eq!(code, 0, "{out}");
    assert!(!users.path().join("thorax").exists());
}
