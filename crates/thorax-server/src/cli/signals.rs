//! The wish to end: Ctrl-C, and what a supervisor sends.

use tokio_util::sync::CancellationToken;

/// Cancels the token when the program is asked to end; a second time ends it at once.
pub async fn cancel_on_signal(stop: CancellationToken) {
    asked().await;
    tracing::info!("ending: no new work is taken; ask again to end at once");
    stop.cancel();
    asked().await;
    std::process::exit(1);
}

#[cfg(unix)]
async fn asked() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        // Without handlers the system ends the program by itself.
        return std::future::pending().await;
    };
    tokio::select! { _ = terminate.recv() => {} _ = interrupt.recv() => {} }
}

#[cfg(not(unix))]
async fn asked() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
