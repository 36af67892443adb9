//! What need not be found twice, to the guide's letter: the figures (`prediction_statistics`, 300 s), whole views (15 minutes per
//! role and tag), the sidebar (900 s per user), the doctor's figures (600 s per user), counts and calendars of lists (300 s); and what somebody
//! typed to search for (12 hours). What lives here: keys, tags and times, each in one place. What never does: the cache itself.
//! Start reading at [`statistics`].

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use thorax_domain::ids::UserId;
use thorax_domain::user::{Role, Viewer};
use thorax_domain::xray::Sha256;
use thorax_store::cache::{DEFAULT_TTL, Key, PREDICTIONS};
use thorax_store::page::{PageRequest, Seek};
use thorax_store::predictions::{Calendar, PredictionFilter};
use thorax_store::statements::Statements;
use thorax_store::statistics::Summary;

use super::view::Html;
use super::{AppState, WebError};
use crate::workflow::accounts;
use crate::workflow::forget::{PATIENTS, user_tag};

/// How long the figures are good for.
pub const STATISTICS_TTL: Duration = Duration::from_mins(5);
/// How long a whole view is good for.
pub const VIEW_TTL: Duration = Duration::from_mins(15);
/// How long a sidebar is good for.
pub const SIDEBAR_TTL: Duration = Duration::from_mins(15);
/// How long a doctor's figures are good for.
pub const DOCTOR_STATISTICS_TTL: Duration = Duration::from_mins(10);

/// How long a typed search is good for: a working day, and whoever stays longer.
pub const SEARCH_TTL: Duration = Duration::from_hours(12);

/// The tag of what was typed, so that it can be emptied without anything else.
const SEARCHES: &str = "searches";

/// A class of keys, for the administrator's page.
#[derive(Debug, Clone, Copy)]
pub struct Class {
    /// Its name.
    pub name: &'static str,
    /// How long its entries are good for.
    pub ttl: Duration,
    /// What makes them unfindable before.
    pub tags: &'static [&'static str],
}

/// All of them, in alphabetical order.
pub const CLASSES: &[Class] = &[
    Class { name: "calendar", ttl: DEFAULT_TTL, tags: &[PREDICTIONS] },
    Class { name: "count", ttl: DEFAULT_TTL, tags: &[PREDICTIONS, PATIENTS] },
    Class { name: "doctor_stats", ttl: DOCTOR_STATISTICS_TTL, tags: &[PREDICTIONS, "user:…"] },
    Class { name: "film", ttl: DEFAULT_TTL, tags: &[] },
    Class { name: "prediction_statistics", ttl: STATISTICS_TTL, tags: &[PREDICTIONS] },
    Class { name: "search", ttl: SEARCH_TTL, tags: &[SEARCHES] },
    Class { name: "sidebar", ttl: SIDEBAR_TTL, tags: &[PREDICTIONS, "user:…"] },
    Class { name: "view", ttl: VIEW_TTL, tags: &[PREDICTIONS] },
];

/// The guide's `prediction_statistics`.
///
/// # Errors
/// Of the database.
pub async fn statistics(state: &AppState) -> Result<Summary, WebError> {
    let key = Key { class: "prediction_statistics", name: "", tags: &[PREDICTIONS] };
    let app = Arc::clone(state);
    let fill = counted(async move { Ok(app.store.statistics().summary().await?) });
    let summary = Box::pin(state.cache.value_or_fill(key, STATISTICS_TTL, || fill)).await;
    summary.map_err(shared)
}

/// A whole view, the same for everybody of a role: `name` says which.
///
/// # Errors
/// Those of `fill`.
pub async fn view<F>(state: &AppState, role: Role, name: &str, fill: F) -> Result<Bytes, WebError>
where
    F: Future<Output = Result<Bytes, WebError>> + Send + 'static,
{
    let name = format!("{role}:{name}");
    let key = Key { class: "view", name: &name, tags: &[PREDICTIONS] };
    let fill = counted(fill);
    Box::pin(state.cache.get_or_fill(key, VIEW_TTL, || fill)).await.map_err(shared)
}

/// A user's sidebar.
///
/// # Errors
/// Those of `fill`.
pub async fn sidebar<F>(state: &AppState, user: UserId, fill: F) -> Result<Html, WebError>
where
    F: Future<Output = Result<String, WebError>> + Send + 'static,
{
    of_user(state, "sidebar", SIDEBAR_TTL, user, fill).await
}

/// A doctor's figures.
///
/// # Errors
/// Those of `fill`.
pub async fn doctor_statistics<F>(state: &AppState, user: UserId, fill: F) -> Result<Html, WebError>
where
    F: Future<Output = Result<String, WebError>> + Send + 'static,
{
    of_user(state, "doctor_stats", DOCTOR_STATISTICS_TTL, user, fill).await
}

async fn of_user<F>(
    state: &AppState,
    class: &'static str,
    ttl: Duration,
    user: UserId,
    fill: F,
) -> Result<Html, WebError>
where
    F: Future<Output = Result<String, WebError>> + Send + 'static,
{
    let (name, tag) = (user.to_string(), user_tag(user));
    let key = Key { class, name: &name, tags: &[PREDICTIONS, &tag] };
    let fill = counted(async move { fill.await.map(Bytes::from) });
    let bytes = Box::pin(state.cache.get_or_fill(key, ttl, || fill)).await.map_err(shared)?;
    Ok(Html(String::from_utf8_lossy(&bytes).into_owned()))
}

/// The page of a list of predictions that has this number, found from its day where the list has a calendar.
///
/// # Errors
/// Of the database.
pub async fn page(
    state: &AppState,
    viewer: Viewer,
    filter: &PredictionFilter,
    wanted: PageRequest,
) -> Result<PageRequest, WebError> {
    if wanted.number <= 1 || wanted.seek != Seek::ByNumber {
        return Ok(wanted);
    }
    let app = Arc::clone(state);
    let name = digest(&format!("{}:{filter:?}", scope(viewer)));
    let key = Key { class: "calendar", name: &name, tags: &[PREDICTIONS] };
    let filter = filter.clone();
    let fill = counted(async move { Ok(app.store.predictions().calendar(viewer, &filter).await?) });
    let found: Result<Option<Calendar>, _> = Box::pin(state.cache.value_or_fill(key, DEFAULT_TTL, || fill)).await;
    Ok(found.map_err(shared)?.map_or(wanted, |calendar| calendar.find(wanted)))
}

/// How many predictions a list holds.
///
/// # Errors
/// Of the database.
pub async fn predictions(state: &AppState, viewer: Viewer, filter: &PredictionFilter) -> Result<u64, WebError> {
    let app = Arc::clone(state);
    let name = format!("predictions:{}:{filter:?}", scope(viewer));
    let filter = filter.clone();
    count(state, &name, async move { Ok(app.store.predictions().count(viewer, &filter).await?) }).await
}

/// How many rows any other list holds; `name` says which list, and for whom.
///
/// # Errors
/// Those of `fill`.
pub async fn count<F>(state: &AppState, name: &str, fill: F) -> Result<u64, WebError>
where
    F: Future<Output = Result<u64, WebError>> + Send + 'static,
{
    let name = digest(name);
    let key = Key { class: "count", name: &name, tags: &[PREDICTIONS, PATIENTS] };
    let fill = counted(fill);
    Box::pin(state.cache.value_or_fill(key, DEFAULT_TTL, || fill)).await.map_err(shared)
}

/// Whose eyes a count is for: all who see everything share it.
#[must_use]
pub fn scope(viewer: Viewer) -> String {
    if viewer.role.sees_all_patients() { "all".to_owned() } else { viewer.user.to_string() }
}

/// Keeps what somebody typed to search for. The answer is what addresses hold instead of it: an id by which only the same user
/// finds the text again.
///
/// # Errors
/// Where the cache does not answer, or the system has no random numbers.
pub async fn keep_search(state: &AppState, user: UserId, text: &str) -> Result<String, WebError> {
    let id = accounts::Secret::new("")?.expose().to_owned();
    let key = Key { class: "search", name: &format!("{user}:{id}"), tags: &[SEARCHES] };
    if state.cache.remember(key, SEARCH_TTL, Bytes::from(text.to_owned())).await {
        return Ok(id);
    }
    let detail = "nothing can be searched for right now; the lists can be read without";
    Err(WebError::Unavailable { wait: Duration::from_secs(5), detail: detail.to_owned() })
}

/// What a user typed to search for; nothing where it has expired, or was somebody else.
pub async fn search(state: &AppState, user: UserId, id: &str) -> Option<String> {
    let key = Key { class: "search", name: &format!("{user}:{id}"), tags: &[SEARCHES] };
    let text = state.cache.get(key).await?;
    Some(String::from_utf8_lossy(&text).into_owned())
}

/// A fill may run on another task; its statements are the request's all the same. Boxed, since queries make large futures.
pub(super) fn counted<T>(fill: impl Future<Output = T> + Send + 'static) -> Pin<Box<dyn Future<Output = T> + Send>> {
    match Statements::current() {
        Some(statements) => Box::pin(async move { statements.scope(fill).await }),
        None => Box::pin(fill),
    }
}

/// What somebody searches for may be a name, and a name is not for keys.
fn digest(text: &str) -> String {
    Sha256::from_bytes(&accounts::hash(text)).to_string()
}

/// An error that several requests share.
fn shared(error: Arc<WebError>) -> WebError {
    match Arc::try_unwrap(error) {
        Ok(error) => error,
        Err(error) => {
            WebError::Internal(anyhow::anyhow!("{error}").context("what the cache was to hold could not be found"))
        }
    }
}

/// A picture of a film that took long to make. Kept in memory only: films are not for another server's memory.
///
/// # Errors
/// Those of `fill`.
pub async fn film<F>(state: &AppState, name: &str, fill: F) -> Result<Bytes, WebError>
where
    F: Future<Output = Result<Bytes, WebError>> + Send + 'static,
{
    if state.cache.kind() != "memory" {
        return fill.await;
    }
    let key = Key { class: "film", name, tags: &[] };
    Box::pin(state.cache.get_or_fill(key, DEFAULT_TTL, || fill)).await.map_err(shared)
}
