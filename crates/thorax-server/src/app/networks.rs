//! The networks of a process that serves: opened and proved on a thread of their own while the site answers already.

use std::sync::Arc;
use std::thread;

use thorax_inference::analyzer::Analyzer;
use tokio::sync::watch;

use crate::config::Options;

/// How far the networks are.
#[derive(Clone)]
pub enum NetworkState {
    /// This process reads no X-rays; `thorax work` does.
    Elsewhere,
    /// Their hashes and golden values are being checked.
    Opening,
    /// X-rays can be read.
    Ready(Arc<Analyzer>),
    /// The bundle or the engine is refused, and why.
    Refused(Arc<str>),
}

/// The networks, as far as they are.
#[derive(Clone)]
pub struct Networks {
    state: watch::Receiver<NetworkState>,
}

impl Networks {
    /// No networks in this process.
    #[must_use]
    pub fn elsewhere() -> Self {
        Self { state: watch::channel(NetworkState::Elsewhere).1 }
    }

    /// Networks that are open already.
    #[must_use]
    pub fn ready(analyzer: Arc<Analyzer>) -> Self {
        Self { state: watch::channel(NetworkState::Ready(analyzer)).1 }
    }

    /// Opens the networks that the options mean on a thread of its own.
    #[must_use]
    pub fn open(options: Options) -> Self {
        let (sender, state) = watch::channel(NetworkState::Opening);
        let open = move || {
            let opened = super::open_bundle(&options)
                .and_then(|bundle| super::analyzer(bundle, super::open_engine(&options)?, &options));
            let _ = sender.send(match opened {
                Ok(analyzer) => NetworkState::Ready(Arc::new(analyzer)),
                Err(error) => NetworkState::Refused(format!("{error:#}").into()),
            });
            // The last state outlives its sender.
        };
        let _ = thread::Builder::new().name("thorax-open".to_owned()).spawn(open);
        Self { state }
    }

    /// How far they are now.
    #[must_use]
    pub fn state(&self) -> NetworkState {
        self.state.borrow().clone()
    }

    /// The analyzer, where it is open.
    #[must_use]
    pub fn analyzer(&self) -> Option<Arc<Analyzer>> {
        match &*self.state.borrow() {
            NetworkState::Ready(analyzer) => Some(Arc::clone(analyzer)),
            _ => None,
        }
    }

    /// Waits until it is known whether X-rays can be read here: the analyzer, or why not.
    ///
    /// # Errors
    /// Why there is none, in words for the operator.
    pub async fn opened(&self) -> Result<Arc<Analyzer>, Arc<str>> {
        let mut state = self.state.clone();
        loop {
            match &*state.borrow_and_update() {
                NetworkState::Ready(analyzer) => return Ok(Arc::clone(analyzer)),
                NetworkState::Refused(why) => return Err(Arc::clone(why)),
                NetworkState::Elsewhere => return Err("this process reads no X-rays".into()),
                NetworkState::Opening => {}
            }
            if state.changed().await.is_err() {
                return Err("the networks could not be opened".into());
            }
        }
    }
}
