//! After a change: what the cache holds of it is not found any more. Called after the commit, never before.

use thorax_domain::ids::UserId;
use thorax_store::cache::PREDICTIONS;

use crate::app::App;

/// The tag that goes up with every new, changed or erased patient or account.
pub const PATIENTS: &str = "patients";

/// What a user's own fragments depend on.
#[must_use]
pub fn user_tag(user: UserId) -> String {
    format!("user:{user}")
}

/// After every new, validated or deleted prediction.
pub async fn predictions(app: &App) {
    tag(app, PREDICTIONS).await;
}

/// After patients or accounts came or went.
pub async fn patients(app: &App) {
    tag(app, PATIENTS).await;
}

/// After an account was changed.
pub async fn user(app: &App, user: UserId) {
    tag(app, &user_tag(user)).await;
    patients(app).await;
}

async fn tag(app: &App, tag: &str) {
    if let Err(error) = app.cache.invalidate(tag).await {
        tracing::warn!(%error, "the cache could not be told; something old may be shown until it expires");
    }
}

/// When somebody asks for it: everything with one of these tags, or everything.
///
/// # Errors
/// Where the cache does not answer.
pub async fn on_request(app: &App, tags: Option<&[&str]>) -> thorax_store::Result<()> {
    let known: Vec<&str> = tags.unwrap_or_default().iter().copied().filter(|tag| !tag.ends_with('…')).collect();
    if known.is_empty() {
        return app.cache.clear().await;
    }
    for tag in known {
        app.cache.invalidate(tag).await?;
    }
    Ok(())
}
