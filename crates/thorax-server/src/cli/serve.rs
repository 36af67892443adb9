//! `thorax serve`.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpListener;

use super::{Outcome, running};
use crate::app::App;
use crate::config::{DemoOptions, Options, StoreOptions, WebOptions, WorkOptions};
use crate::web;
use crate::workflow::demo;
use crate::workflow::passwords::Password;

const EXAMPLES: &str = "\
Examples:
  thorax serve                                          http://127.0.0.1:8000, everything under ./thorax-data
  thorax serve --demo                                   with accounts to look around and the sample X-rays
  thorax serve --listen 0.0.0.0:8000 --data /srv/thorax
  thorax serve --database postgres://thorax@db/thorax --redis redis://cache --workers 0
The first account is made with `thorax manage create-user`. Decision support, not a diagnosis. A physician decides.";

/// Serve the web application: upload, worklist, review, statistics
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Serve {
    #[command(flatten)]
    demo: DemoOptions,

    #[command(flatten)]
    web: WebOptions,

    #[command(flatten)]
    store: StoreOptions,

    #[command(flatten)]
    work: WorkOptions,

    #[command(flatten)]
    options: Options,
}

impl Serve {
    pub fn run(self) -> Result<Outcome> {
        running::block_on(&self.store.clone(), self.serve())
    }

    async fn serve(self) -> Result<Outcome> {
        let Self { demo, web, store, work, options } = self;
        let listener = TcpListener::bind(web.listen)
            .await
            .with_context(|| format!("cannot listen on {}; is it taken? Give another with --listen", web.listen))?;
        let address = listener.local_addr()?;
        let clients = web.clients.get();
        let networks = running::networks(&work, &options)?;
        let app = Arc::new(App::open(&store, web, work, networks).await?);
        running::end_on_signal(&app);
        running::end_when_refused(&app);
        let workers = running::workers(&app);
        println!("Thorax is at http://{address}");
        if demo.demo {
            show_accounts(&app, &store.data, demo.demo_password.as_ref()).await?;
            app.set_preparing(true);
            tokio::spawn(prepare(Arc::clone(&app)));
        } else if !app.store.users().any().await? {
            println!("There is no account yet: `thorax manage create-user --role admin NAME` makes the first");
        }
        web::server::serve(listener, web::router(Arc::clone(&app)), clients, app.stop.clone()).await;
        if let Some(workers) = workers {
            workers.await.context("the workers broke off")?;
        }
        running::close(&app).await
    }
}

/// Makes the accounts of a demonstration and says how to sign in.
async fn show_accounts(app: &App, data: &Path, given: Option<&SecretString>) -> Result<()> {
    let given = given.map(Password::new).transpose()?;
    let accounts = demo::accounts(app, data, given.as_ref()).await?;
    for account in &accounts {
        println!("demo account: {} {}", account.username, account.password.secret().expose_secret());
    }
    if accounts.len() < 3 {
        println!("Accounts of those names that no demonstration made are left as they are");
    }
    Ok(())
}

/// Has the sample X-rays read while the site answers already; it is ready when they are.
async fn prepare(app: Arc<App>) {
    match demo::films(&app).await {
        Ok(films) => println!("{films} sample X-rays are read"),
        Err(error) => tracing::error!(error = format!("{error:#}"), "the sample X-rays are not all there"),
    }
    app.set_preparing(false);
}
