//! `thorax completions`.

use std::io::{self, Write};

use anyhow::Result;
use clap::CommandFactory;
use clap_complete::Shell;

use super::{Cli, Outcome};

const EXAMPLES: &str = "\
Examples:
  thorax completions bash > ~/.local/share/bash-completion/completions/thorax
  thorax completions zsh > ~/.zfunc/_thorax
  thorax completions fish > ~/.config/fish/completions/thorax.fish";

/// Print the completions of a shell
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Completions {
    /// Which shell
    shell: Shell,
}

impl Completions {
    pub fn run(self) -> Result<Outcome> {
        // Into memory first: the generator panics where it cannot write, as into a pipe that `head` has closed.
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "thorax", &mut script);
        io::stdout().lock().write_all(&script)?;
        Ok(Outcome::Complete)
    }
}
