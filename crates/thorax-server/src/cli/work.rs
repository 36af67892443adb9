//! `thorax work`.

use std::sync::Arc;

use anyhow::{Context, Result};

use super::{Outcome, running};
use crate::app::{self, App, Usage};
use crate::config::{Options, StoreOptions, WebOptions, WorkOptions};

const EXAMPLES: &str = "\
Examples:
  thorax work --database postgres://thorax@db/thorax --data /srv/thorax
The data folder must be the site's: the files of the X-rays are in it. Any number of these may run; a job is given to one of them.";

/// Read the X-rays that wait, for a site that runs elsewhere
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
#[expect(clippy::struct_field_names, reason = "the options are those of work")]
pub struct Work {
    #[command(flatten)]
    store: StoreOptions,

    #[command(flatten)]
    work: WorkOptions,

    #[command(flatten)]
    options: Options,
}

impl Work {
    pub fn run(self) -> Result<Outcome> {
        if self.work.workers(app::cores()) == 0 {
            return Err(Usage("`thorax work` without workers does nothing; give --workers 1 or more".to_owned()).into());
        }
        running::block_on(&self.store.clone(), self.work())
    }

    async fn work(self) -> Result<Outcome> {
        let networks = running::networks(&self.work, &self.options)?;
        let app = Arc::new(App::open(&self.store, WebOptions::default(), self.work, networks).await?);
        running::end_on_signal(&app);
        running::end_when_refused(&app);
        if let Some(workers) = running::workers(&app) {
            workers.await.context("the workers broke off")?;
        }
        running::close(&app).await
    }
}
