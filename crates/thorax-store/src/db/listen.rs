//! On PostgreSQL nodes hear of each other's jobs and changes: a connection of its own listens for as long as the store is open.
//! Where it breaks, sqlx connects again; what was missed meanwhile is found by polling.

use std::sync::Weak;
use std::time::Duration;

use sea_orm::sqlx::postgres::PgListener;
use thorax_domain::ids::PredictionId;

use super::Inner;

/// How long to wait before trying again to listen, and how often to see whether the store is still open.
const PAUSE: Duration = Duration::from_secs(5);

pub(super) async fn listen(address: String, store: Weak<Inner>) {
    while store.strong_count() > 0 {
        if let Err(error) = hear(&address, &store).await {
            tracing::warn!(error = %error, "cannot listen for other nodes; polling meanwhile");
            tokio::time::sleep(PAUSE).await;
        }
    }
}

async fn hear(address: &str, store: &Weak<Inner>) -> Result<(), sea_orm::sqlx::Error> {
    let mut listener = PgListener::connect(address).await?;
    listener.listen_all(["thorax_work", "thorax_change"]).await?;
    loop {
        // A store that was let go is noticed at the next pause.
        let heard = tokio::time::timeout(PAUSE, listener.recv()).await;
        let Some(store) = store.upgrade() else { return Ok(()) };
        let Ok(heard) = heard else { continue };
        let heard = heard?;
        if heard.channel() == "thorax_work" {
            store.work.notify_waiters();
        } else if let Some((node, prediction)) = heard.payload().split_once(' ')
            && node != store.node.to_string()
            && let Ok(prediction) = prediction.parse::<PredictionId>()
        {
            let _ = store.progress.send(prediction);
        }
    }
}
