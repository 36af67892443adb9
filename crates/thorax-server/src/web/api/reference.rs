//! The document for people: a page at `/api/docs` without scripts, and `docs/api.md`.

mod chapters;
mod markdown;
mod page;

pub use markdown::markdown;
pub use page::show;
