//! What a list is searched for. It may be a name, and addresses are kept where names must not be: in histories, in bookmarks, in
//! the logs of proxies. So what somebody types comes in the body of a form and stays here, in the cache; the address holds an id
//! by which only the same user finds it again.

use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use thorax_domain::audit::Action;

use super::forms::bad_query;
use super::rows::joined;
use super::visit::Visit;
use crate::web::view::{Flash, FlashKind, Frame};
use crate::web::{WebError, cached};

/// What the id is called in addresses.
pub const NAME: &str = "search";
/// What the text is called in forms.
pub const TYPED: &str = "q";
/// Longest text to search for.
const LONGEST: usize = 100;
/// Digits of an id.
const DIGITS: usize = 64;
/// What is said where the text is not there any more.
const EXPIRED: &str = "This search has expired. Type it again.";

/// What a form that searches sends.
#[derive(Deserialize)]
pub struct Typed {
    #[serde(default)]
    q: String,
}

/// What a list is searched for, as its address says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sought {
    id: String,
    text: Option<String>,
}

impl Sought {
    /// What the id in an address stands for; an empty one is none.
    ///
    /// # Errors
    /// [`WebError::Invalid`] where it is no id.
    pub async fn find(visit: &Visit, id: &str) -> Result<Self, WebError> {
        let id = id.trim();
        if id.is_empty() {
            return Ok(Self::default());
        }
        if id.len() != DIGITS || !id.bytes().all(|one| one.is_ascii_hexdigit()) {
            return Err(bad_query(NAME, "this cannot be understood"));
        }
        let text = cached::search(&visit.app, visit.caller.user.id, id).await;
        Ok(Self { id: id.to_owned(), text })
    }

    /// The text; empty where nothing is searched for, or nobody knows any more what.
    pub fn text(&self) -> &str {
        self.text.as_deref().unwrap_or_default()
    }

    /// Whether something was searched for and nobody knows any more what: then nothing is found, since the whole list is not
    /// what was asked for.
    pub const fn is_gone(&self) -> bool {
        !self.id.is_empty() && self.text.is_none()
    }

    /// That the search is not gone, for answers that have no place to say so.
    ///
    /// # Errors
    /// [`WebError::Conflict`] where it is.
    pub fn still_known(&self) -> Result<(), WebError> {
        if self.is_gone() { Err(WebError::Conflict(EXPIRED.to_owned())) } else { Ok(()) }
    }

    /// Says on a page that the search is gone, where it is.
    pub fn tell(&self, frame: &mut Frame) {
        if self.is_gone() {
            frame.flashes.push(Flash { kind: FlashKind::Warning, text: EXPIRED.to_owned() });
        }
    }

    /// What was done, for the audit log.
    pub const fn action(&self) -> Action {
        if self.id.is_empty() { Action::List } else { Action::Search }
    }

    /// What the addresses of the list's other pages hold.
    pub fn pairs(&self) -> Vec<(String, String)> {
        if self.id.is_empty() { Vec::new() } else { vec![(NAME.to_owned(), self.id.clone())] }
    }
}

/// The answer to a form that searches and does nothing else: the list at `path`.
///
/// # Errors
/// Of the cache.
pub async fn go_to(visit: &Visit, path: &str, typed: &Typed) -> Result<Response, WebError> {
    narrowed(visit, path, &typed.q, Vec::new()).await
}

/// The answer to a form that searches: the list at `path`, narrowed by `filters`, too.
///
/// # Errors
/// Of the cache.
pub async fn narrowed(
    visit: &Visit,
    path: &str,
    typed: &str,
    filters: Vec<(String, String)>,
) -> Result<Response, WebError> {
    let text: String = typed.trim().chars().take(LONGEST).collect();
    let mut pairs = Vec::new();
    if !text.is_empty() {
        let id = cached::keep_search(&visit.app, visit.caller.user.id, &text).await?;
        pairs.push((NAME.to_owned(), id));
    }
    pairs.extend(filters);
    let address = if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", joined(&pairs)) };
    Ok(Redirect::to(&address).into_response())
}
