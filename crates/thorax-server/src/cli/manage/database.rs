//! The database from the command line: filled with made-up rows, or copied to another.

use std::time::Duration;

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use secrecy::{ExposeSecret, SecretString};
use thorax_domain::audit::{Action, AuditEvent, Object};
use thorax_domain::clock::{Clock, SystemClock};
use thorax_domain::ids::UserId;
use thorax_domain::user::{Role, Username};
use thorax_store::users::NewUser;
use thorax_store::{Seed, Settings, Store};

use crate::app;
use crate::cli::{Outcome, running};
use crate::config::{StoreOptions, secret};
use crate::workflow::passwords::{Password, Passwords};

/// Fill the database with made-up patients, X-rays and predictions, to look at and to measure
#[derive(Debug, clap::Args)]
pub struct SeedDemo {
    /// How many predictions; about a fifth as many patients
    #[arg(long, value_name = "N", default_value_t = 1000)]
    predictions: u64,

    /// The same number makes the same rows
    #[arg(long, value_name = "N", default_value_t = 1)]
    number: u64,

    #[command(flatten)]
    store: StoreOptions,
}

/// Copy everything into another, empty database, as from SQLite to PostgreSQL; stop the site meanwhile
#[derive(Debug, clap::Args)]
pub struct CopyDatabase {
    /// The other database: sqlite:FILE or postgres://…
    #[arg(long, value_name = "URL", value_parser = secret)]
    to: SecretString,

    #[command(flatten)]
    store: StoreOptions,
}

impl SeedDemo {
    pub fn run(self) -> Result<Outcome> {
        running::block_on(&self.store.clone(), self.seed())
    }

    async fn seed(self) -> Result<Outcome> {
        let store = app::open_store(&self.store).await?;
        if !store.users().any().await? {
            enter_signer(&store).await?;
        }
        let bar = ProgressBar::new(self.predictions);
        bar.set_style(style());
        let seed = Seed { predictions: self.predictions, number: self.number, now: SystemClock.now() };
        store.seed(seed, |there| bar.set_position(there)).await?;
        bar.finish_and_clear();
        store.close().await?;
        println!("{} predictions were made up", self.predictions);
        Ok(Outcome::Complete)
    }
}

impl CopyDatabase {
    pub fn run(self) -> Result<Outcome> {
        running::block_on(&self.store.clone(), self.copy())
    }

    async fn copy(self) -> Result<Outcome> {
        let source = app::open_store(&self.store).await?;
        let settings = Settings { slow_statement: Duration::from_hours(1), ..Settings::default() };
        let target =
            Store::open(self.to.expose_secret(), &settings).await.context("the other database cannot be opened")?;
        let copied = source.copy_to(&target, |table| println!("{:<20} {:>12} rows", table.table, table.rows)).await?;
        target.close().await?;
        source.close().await?;
        let rows: u64 = copied.iter().map(|table| table.rows).sum();
        println!(
            "{rows} rows are copied. The files under blobs/ in the data folder are not part of the database: keep them"
        );
        Ok(Outcome::Complete)
    }
}

/// Made-up reviews need a doctor who signed them. Nobody is told the password; `thorax manage set-password` gives another.
async fn enter_signer(store: &Store) -> Result<()> {
    let now = SystemClock.now();
    let user = NewUser {
        id: UserId::new(now),
        username: Username::new("made-up-doctor")?,
        full_name: "Made-up Doctor".to_owned(),
        password_hash: Passwords::default().hash(&Password::random()?).await?,
        role: Role::Doctor,
        created_at: now,
    };
    let event = AuditEvent::of_the_program(now, Action::Register, Object::User, user.id);
    Ok(store.users().create(&user, &[event]).await?)
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{bar:40} {pos}/{len} predictions, {per_sec}, {eta} left")
        .expect("the template is a constant that a test renders; this is a bug")
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_progress_bar_can_be_drawn() {
        let _ = super::style();
    }
}
