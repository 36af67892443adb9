//! The site as a process: how it starts, shows a demonstration, and ends.

use crate::process::{Served, header};

#[test]
fn a_fresh_folder_becomes_a_site_and_ends_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let site = Served::start(&data, &[]);
    site.until_ready();
    let (status, head, body) = site.ask("GET", "/healthz", &[], b"");
    assert_eq!(status, 200);
    assert!(body.contains("alive") && header(&head, "server-timing").is_some());
    assert!(data.join("thorax.db").is_file(), "everything is under --data");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&data).unwrap().permissions().mode() & 0o777, 0o700, "and for its owner only");
    }
    assert!(site.program.end().success());
}

#[test]
fn a_demonstration_prints_each_account_once_and_has_its_xrays_read() {
    let folder = tempfile::tempdir().unwrap();
    let start = || Served::start(folder.path(), &["--demo"]);
    let site = start();
    let accounts: Vec<String> = (0..3).map(|_| site.program.line("demo account: ")).collect();
    let names: Vec<&str> = accounts.iter().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(names, ["admin", "doctor", "patient"]);
    assert!(accounts.iter().all(|line| line.split(' ').nth(1).unwrap().len() >= 16), "{accounts:?}");
    assert_eq!(site.program.line("5 sample X-rays "), "are read");
    site.until_ready();
    assert!(site.program.end().success());

    // Once more: the same accounts with new passwords, the same X-rays.
    let site = start();
    let again: Vec<String> = (0..3).map(|_| site.program.line("demo account: ")).collect();
    assert!(again.iter().zip(&accounts).all(|(new, old)| new != old));
    assert_eq!(site.program.line("5 sample X-rays "), "are read");
    assert!(site.program.end().success());
}

#[test]
fn what_cannot_be_is_said_in_one_line() {
    let (code, _, err) = crate::program::run(crate::program::thorax(&["serve", "--database", "mysql://x"]));
    assert_eq!(code, 1);
    assert!(err.contains("sqlite:PATH or postgres:") && !err.contains("mysql"), "{err}");
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join("thorax.toml");
    std::fs::write(&settings, "colour = \"red\"\n").unwrap();
    let settings = settings.to_str().unwrap();
    let (code, _, err) = crate::program::run(crate::program::thorax(&["serve", "--config", settings]));
    assert_eq!(code, 2);
    assert!(err.contains("\"colour\", which is no setting"), "{err}");
}

#[test]
fn a_database_is_managed_beside_the_site() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let manage = |arguments: &[&str], input: &str| {
        let mut command = crate::program::bare();
        command.arg("manage").args(arguments).args(["--data", data]).write_stdin(input);
        crate::program::run(command)
    };
    let (code, out, err) = manage(&["create-user", "--role", "admin", "jane"], "");
    assert_eq!(code, 0, "{err}");
    assert!(out.starts_with("account: jane ") && out.trim().len() >= 34, "{out}");
    let (code, out, err) = manage(&["create-user", "--role", "doctor", "jane"], "");
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("taken"), "{err}");
    let (code, out, _) = manage(&["set-password", "--password-stdin", "jane"], "correct horse battery\n");
    assert_eq!((code, out.as_str()), (0, ""));
    let (code, _, err) = manage(&["set-password", "--password-stdin", "jane"], "short\n");
    assert_eq!(code, 2);
    assert!(err.contains("at least 10"), "{err}");
    let (code, out, err) = manage(&["seed-demo", "--predictions", "50"], "");
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("50 predictions"), "{out}");
    let copy = format!("sqlite:{}", folder.path().join("copy.db").display());
    let (code, out, err) = manage(&["copy-database", "--to", &copy], "");
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("predictions") && out.contains("rows are copied"), "{out}");
}

#[tokio::test]
async fn the_same_program_runs_on_postgresql_and_redis() {
    let (Some(database), Some(redis)) = (crate::servers::postgres().await, crate::servers::redis()) else { return };
    let folder = tempfile::tempdir().unwrap();
    let site = Served::start(folder.path(), &["--database", &database, "--redis", &redis, "--demo"]);
    assert_eq!(site.program.line("5 sample X-rays "), "are read");
    site.until_ready();
    assert!(!folder.path().join("thorax.db").exists(), "nothing is kept in SQLite then");
    assert!(site.program.end().success());
}
