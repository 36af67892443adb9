//! **The program.** What lives here: the one binary, `thorax`: the command line (`cli`), the verbs that every door calls
//! (`workflow`), the shape of a result (`record`), the composition (`app`) and the configuration (`config`).
//! What never does: a network, a pixel, a file format of the store; those are asked for. Only `config` reads the environment.
//! Start reading at `cli.rs`, then `workflow/analyze.rs`.

mod app;
mod cli;
mod config;
mod new_file;
mod record;
mod workflow;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
