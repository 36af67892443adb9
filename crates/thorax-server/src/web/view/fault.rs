//! The page for everything that went wrong.

use super::text;
use askama::Template;

use super::Frame;

/// Any answer of 400 and above, for browsers.
#[derive(Debug, Clone, Template)]
#[template(path = "error.html")]
pub struct ErrorPage {
    /// Around the page; its request id is what to name to the operator.
    pub frame: Frame,
    /// The status.
    pub status: u16,
    /// What happened, in a few words; nothing internal.
    pub title: String,
    /// What to do about it.
    pub advice: String,
    /// Seconds after which to try again.
    pub retry_after: Option<u64>,
}
