//! The command line: one file a command. Each explains itself in its own help, and gives an [`Outcome`] or an error.

mod batch;
mod bench;
mod bundle;
mod clahe;
mod completions;
mod decode;
mod doctor;
mod evaluate;
mod heatmaps;
mod manage;
mod predict;
mod replay;
mod running;
mod serve;
mod signals;
mod sources;
mod table;
mod work;

use std::io;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::app::Usage;
use crate::config;

const EXAMPLES: &str = "\
Examples:
  thorax predict film.dcm                         one file, as a table
  thorax predict --format json films/ > out.jsonl a folder, one JSON object a line
  thorax predict --heatmaps maps film.png         with pictures of where the networks looked
  thorax batch films/ --out results.csv           thousands; Ctrl-C and run it again to go on
  thorax evaluate films/ --labels labels.csv      how good is the bundle on films with known labels?
  thorax replay result.json film.dcm              does the same come out again?
  thorax serve --demo                             the web application, at http://127.0.0.1:8000
  thorax bench                                    how fast is this machine?
  thorax doctor                                   what is here, what is missing, how to mend it

Exit code: 0 every file was read (a refused film counts as read), 1 something failed, 2 wrong use.
Decision support, not a diagnosis. A physician decides.";

/// Reads chest X-rays with six networks and tells what they agree on.
#[derive(Debug, Parser)]
#[command(name = "thorax", version, about, after_help = EXAMPLES, arg_required_else_help = true, max_term_width = 120)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Serve),
    Work(work::Work),
    Manage(manage::Manage),
    Predict(predict::Predict),
    Batch(batch::Batch),
    Evaluate(evaluate::Evaluate),
    Bench(bench::Bench),
    Clahe(clahe::Enhance),
    Replay(replay::Replay),
    Bundle(bundle::Inspect),
    Doctor(doctor::Doctor),
    Completions(completions::Completions),
    Decode(decode::Decode),
}

/// How a command ended that did not break off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Everything was done.
    Complete,
    /// Something could not be done; it was said which and why.
    Incomplete,
}

/// Parses the arguments, runs the command, says what went wrong.
#[must_use]
pub fn run() -> ExitCode {
    let command = match config::with_file(Cli::command()) {
        Ok(command) => command,
        Err(error) => {
            eprintln!("thorax: {error}");
            return ExitCode::from(2);
        }
    };
    let parsed = Cli::from_arg_matches(&command.get_matches()).unwrap_or_else(|error| error.exit());
    let done = match parsed.command {
        Command::Serve(command) => command.run(),
        Command::Work(command) => command.run(),
        Command::Manage(command) => command.run(),
        Command::Decode(command) => command.run(),
        Command::Predict(command) => command.run(),
        Command::Batch(command) => command.run(),
        Command::Evaluate(command) => command.run(),
        Command::Bench(command) => command.run(),
        Command::Clahe(command) => command.run(),
        Command::Replay(command) => command.run(),
        Command::Bundle(command) => command.run(),
        Command::Doctor(command) => command.run(),
        Command::Completions(command) => command.run(),
    };
    match done {
        Ok(Outcome::Complete) => ExitCode::SUCCESS,
        Ok(Outcome::Incomplete) => ExitCode::FAILURE,
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("thorax: {}", said(&error));
            if error.is::<Usage>() { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}

/// The error and its causes on one line; a cause that the line says already is not said again.
pub fn said(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |mut line, cause| {
        if !line.contains(&cause) {
            if !line.is_empty() {
                line.push_str(": ");
            }
            line.push_str(&cause);
        }
        line
    })
}

/// Whoever read our output has seen enough, as `head` does.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let of = |cause: &(dyn std::error::Error + 'static)| {
        let io = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        let json = cause.downcast_ref::<serde_json::Error>().and_then(serde_json::Error::io_error_kind);
        io.or(json) == Some(io::ErrorKind::BrokenPipe)
    };
    error.chain().any(of)
}

/// `1 file`, `2 files`.
fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    /// Settings of a command and of those below it: option and variable.
    fn settings(command: &clap::Command, found: &mut std::collections::BTreeSet<(String, String)>) {
        for argument in command.get_arguments() {
            if let (Some(long), Some(variable)) = (argument.get_long(), argument.get_env()) {
                found.insert((long.to_owned(), variable.to_str().unwrap().to_owned()));
            }
        }
        command.get_subcommands().for_each(|command| settings(command, found));
    }

    #[test]
    fn every_setting_is_in_the_manual_under_its_own_name() {
        let manual = include_str!("../../../docs/operations.md");
        let mut found = std::collections::BTreeSet::new();
        settings(&Cli::command(), &mut found);
        assert!(found.len() > 25, "{found:?}");
        for (long, variable) in found {
            let row = manual.lines().find(|line| line.contains(&format!("`{variable}`")));
            let row = row.unwrap_or_else(|| panic!("{variable} is not in docs/operations.md"));
            assert!(row.contains(&format!("`--{long}")), "{row}");
        }
    }

    #[test]
    fn a_cause_is_said_once() {
        let error = anyhow::anyhow!("no such file").context("cannot read a: no such file").context("refused");
        assert_eq!(said(&error), "refused: cannot read a: no such file");
    }

    #[test]
    fn a_closed_pipe_is_recognised_behind_context() {
        let closed = anyhow::Error::from(io::Error::from(io::ErrorKind::BrokenPipe)).context("writing");
        assert!(is_closed_pipe(&closed));
        assert!(!is_closed_pipe(&io::Error::from(io::ErrorKind::NotFound).into()));
    }
}
