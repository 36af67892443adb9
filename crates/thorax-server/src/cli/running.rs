//! What the commands share that go on until they are told to end.

use std::future::Future;
use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::task::JoinHandle;

use super::{Outcome, signals};
use crate::app::{self, App, NetworkState, Networks};
use crate::config::{Options, StoreOptions, WorkOptions};
use crate::jobs::Workers;
use crate::telemetry;

/// A page's future is a large value where nothing is optimised, and the 2 MiB that threads get by default overflow.
const STACK_BYTES: usize = 8 << 20;

/// Runs a command on its threads, with log lines and metrics.
pub fn block_on(options: &StoreOptions, work: impl Future<Output = Result<Outcome>>) -> Result<Outcome> {
    telemetry::start_logging(options)?;
    telemetry::metrics();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(STACK_BYTES)
        .build()
        .context("cannot start")?;
    runtime.block_on(work)
}

/// The networks that the options mean, being opened; none where this process has no workers. That there is no bundle at all is
/// said at once.
pub fn networks(work: &WorkOptions, options: &Options) -> Result<Networks> {
    if work.workers(app::cores()) == 0 {
        return Ok(Networks::elsewhere());
    }
    app::find_bundle(options)?;
    Ok(Networks::open(options.clone()))
}

/// Has the program end when somebody asks for it.
pub fn end_on_signal(app: &App) {
    tokio::spawn(signals::cancel_on_signal(app.stop.clone()));
}

/// Has the program end when its networks turn out to be of no use.
pub fn end_when_refused(app: &Arc<App>) {
    let app = Arc::clone(app);
    tokio::spawn(async move {
        let _ = app.networks.opened().await;
        if matches!(app.networks.state(), NetworkState::Refused(_)) {
            app.stop.cancel();
        }
    });
}

/// Starts the workers of this process, where it has any.
pub fn workers(app: &Arc<App>) -> Option<JoinHandle<()>> {
    let at_once = app.work.workers(app::cores());
    (at_once > 0).then(|| {
        let workers = Workers::new(Arc::clone(app), at_once);
        tokio::spawn(async move { workers.run().await })
    })
}

/// Lets go of the database, and says whether it was the networks that ended the program.
pub async fn close(app: &App) -> Result<Outcome> {
    if let Err(error) = app.store.close().await {
        tracing::warn!(%error, "the database did not let go");
    }
    match app.networks.state() {
        NetworkState::Refused(why) => Err(anyhow::anyhow!("{why}")),
        _ => Ok(Outcome::Complete),
    }
}
