//! `thorax manage`: what an operator does beside the site.

mod accounts;
mod database;

use anyhow::Result;
use clap::Subcommand;

use super::Outcome;

const EXAMPLES: &str = "\
Examples:
  thorax manage create-user --role admin jane           prints a password, once
  thorax manage set-password --password-stdin jane < file
  thorax manage seed-demo --predictions 1000000
  thorax manage copy-database --to postgres://thorax@db/thorax";

/// Make accounts, set passwords, fill and copy the database
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Manage {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    CreateUser(accounts::CreateUser),
    SetPassword(accounts::SetPassword),
    SeedDemo(database::SeedDemo),
    CopyDatabase(database::CopyDatabase),
}

impl Manage {
    pub fn run(self) -> Result<Outcome> {
        match self.what {
            What::CreateUser(command) => command.run(),
            What::SetPassword(command) => command.run(),
            What::SeedDemo(command) => command.run(),
            What::CopyDatabase(command) => command.run(),
        }
    }
}
