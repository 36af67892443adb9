//! What the database was asked, request by request: every statement that runs inside [`Statements::scope`] is noted with its
//! time. Work that is spawned does not take the scope along unless it is wrapped in [`Statements::scope`] again.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sea_orm::DatabaseConnection;

/// Characters of a slow statement that are logged; one that inserts many rows has thousands.
const LOGGED: usize = 1000;

tokio::task_local! {
    static CURRENT: Statements;
}

/// One statement as it ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Its text, without the values.
    pub sql: String,
    /// How long the database took.
    pub elapsed: Duration,
    /// Whether it failed.
    pub failed: bool,
}

/// The statements of one request. Clones share them. What is noted here is noted in the scope around it too.
#[derive(Debug, Clone, Default)]
pub struct Statements {
    noted: Arc<Mutex<Vec<Statement>>>,
    outer: Option<Arc<Self>>,
}

impl Statements {
    /// None yet, inside the scope that this is called in, if any.
    #[must_use]
    pub fn new() -> Self {
        Self { noted: Arc::default(), outer: Self::current().map(Arc::new) }
    }

    /// Runs `work`, noting its statements here.
    pub async fn scope<T>(&self, work: impl Future<Output = T>) -> T {
        CURRENT.scope(self.clone(), work).await
    }

    /// Those of the scope that this runs in, to be handed to work that is spawned.
    #[must_use]
    pub fn current() -> Option<Self> {
        CURRENT.try_with(Clone::clone).ok()
    }

    /// How many so far.
    #[must_use]
    pub fn count(&self) -> usize {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// All so far.
    #[must_use]
    pub fn all(&self) -> Vec<Statement> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The database's time so far.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner).iter().map(|one| one.elapsed).sum()
    }

    fn note(&self, statement: Statement) {
        if let Some(outer) = &self.outer {
            outer.note(statement.clone());
        }
        self.noted.lock().unwrap_or_else(PoisonError::into_inner).push(statement);
    }
}

/// Runs `work` and says how many statements it took.
pub async fn counting<T>(work: impl Future<Output = T>) -> (T, usize) {
    let statements = Statements::new();
    let result = statements.scope(work).await;
    (result, statements.count())
}

/// Has every statement of a connection noted, and slow ones logged.
pub(crate) fn watch(connection: &mut DatabaseConnection, slow: Duration) {
    connection.set_metric_callback(move |info| {
        if info.elapsed >= slow {
            let milliseconds = u64::try_from(info.elapsed.as_millis()).unwrap_or(u64::MAX);
            let sql: String = info.statement.sql.chars().take(LOGGED).collect();
            tracing::warn!(milliseconds, failed = info.failed, sql, "slow statement");
        }
        let _ = CURRENT.try_with(|statements| {
            statements.note(Statement { sql: info.statement.sql.clone(), elapsed: info.elapsed, failed: info.failed });
        });
    });
}
