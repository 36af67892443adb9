//! **What is kept.** What lives here: everything that outlives a request or a run of the program: users, patients, X-rays,
//! predictions, reviews, jobs, sessions, the audit log, statistics, blobs, the cache, the results journal of a batch, and
//! tables that were made elsewhere.
//! What never does: a network, a pixel, a page, a decision about a film; nor does anything else in the house know how something
//! is kept. Start reading at [`Store`].
//!
//! ```
//! # use thorax_domain::{clock::Timestamp, ids::UserId, user::{Role, Username, Viewer}};
//! # use thorax_store::{Settings, Store, page::PageRequest, predictions::PredictionFilter, users::NewUser};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // A file is `sqlite:PATH`, a server `postgres://USER:PASSWORD@HOST/NAME`; this one goes with the program.
//! let store = Store::open("sqlite::memory:", &Settings::default()).await?;
//! let now = Timestamp::from_micros(1_790_000_000_000_000);
//! let doctor = NewUser {
//!     id: UserId::new(now),
//!     username: Username::new("doctor")?,
//!     full_name: "Gregory House".into(),
//!     password_hash: "$argon2id$…".into(),
//!     role: Role::Doctor,
//!     created_at: now,
//! };
//! store.users().create(&doctor, &[]).await?;
//!
//! // Whoever reads patient data says who looks, and gets what they may see.
//! let viewer = Viewer { user: doctor.id, role: Role::Doctor };
//! let page = store.predictions().list(viewer, &PredictionFilter::awaiting_review(), &PageRequest::default()).await?;
//! assert!(page.rows.is_empty());
//! # Ok(())
//! # }
//! ```
//!
//! **Rules of the house here.** Time and who looks are parameters. What belongs together is one call and one transaction, audit
//! events included. Statements are written once for both databases and begin transactions through one helper; every writer takes
//! the prediction first, then its job, then the sums. A read says `None` for what is not there or may not be seen, and costs a
//! fixed number of statements, which a test holds. Why so: `docs/decisions/0005-database.md`.

pub mod audit;
pub mod blobs;
pub mod cache;
mod copy;
mod db;
mod error;
mod heat;
pub mod jobs;
mod migrations;
pub mod page;
pub mod patients;
pub mod predictions;
pub mod results;
mod scope;
mod seed;
pub mod sessions;
mod sql;
pub mod statements;
pub mod statistics;
pub mod table;
mod tallies;
pub mod tokens;
pub mod users;
mod words;
pub mod xrays;

pub use copy::{Copied, copied_columns};
pub use db::{DatabaseKind, Settings, Store};
pub use error::{Result, StoreError, Unique};
pub use heat::HeatGrid;
pub use seed::Seed;
