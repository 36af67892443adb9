//! The administrator's pages: users, jobs, caches, system, audit.

use askama::Template;
use thorax_domain::prediction::Precision;

use super::text;
use super::{Choice, FormErrors, Frame, Moment, Pager, Role};

/// `GET /admin/users?search=`. Forms: `POST /admin/users/search` (`q`), `POST /admin/users` (`username`, `full_name`, `role`, `password`),
/// `POST /admin/users/{id}/role` (`role`), `POST /admin/users/{id}/active` (`active` = `0` | `1`),
/// `POST /admin/users/{id}/unlock`.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/users.html")]
pub struct UsersPage {
    /// Around the page.
    pub frame: Frame,
    /// Words to search for.
    pub q: String,
    /// The page's rows.
    pub rows: Vec<UserRow>,
    /// Where in the list.
    pub pager: Pager,
    /// A new account, as typed: name, full name, role.
    pub new_user: (String, String, Role),
    /// Shortest password that is accepted.
    pub password_minimum: u64,
    /// What was wrong with it.
    pub errors: FormErrors,
}

/// One account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRow {
    /// For addresses.
    pub id: String,
    /// The name to sign in with.
    pub username: String,
    /// The name to be called by.
    pub full_name: String,
    /// What the person may do.
    pub role: Role,
    /// Whether the account may sign in.
    pub active: bool,
    /// Until when it is locked after too many attempts.
    pub locked_until: Option<Moment>,
    /// Since when.
    pub created: Moment,
    /// Whether it is the administrator's own.
    pub me: bool,
}

/// `GET /admin/jobs?state=`. Forms: `POST /admin/jobs/{id}/retry`, `POST /admin/jobs/{id}/cancel`.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/jobs.html")]
pub struct JobsPage {
    /// Around the page.
    pub frame: Frame,
    /// What was asked for.
    pub filter: JobsFilter,
    /// The page's rows.
    pub rows: Vec<JobRow>,
    /// Where in the list.
    pub pager: Pager,
}

/// Which jobs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobsFilter {
    /// States and how many jobs are in each; the chosen one is marked. Value is what the address says.
    pub states: Vec<(Choice, u64)>,
}

/// One job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRow {
    /// For addresses.
    pub id: String,
    /// `analyze` …
    pub kind: String,
    /// `queued`, `leased`, `done`, `dead`, `cancelled`.
    pub state: String,
    /// The X-ray that it is about.
    pub xray_id: Option<String>,
    /// Which attempt, of how many.
    pub attempt: (u64, u64),
    /// What it is doing.
    pub stage: String,
    /// Done, of how many.
    pub progress: (u64, u64),
    /// Which worker has it.
    pub worker: Option<String>,
    /// When it was made.
    pub created: Moment,
    /// When it may run (again).
    pub run_at: Moment,
    /// When it ended.
    pub finished: Option<Moment>,
    /// What went wrong last.
    pub last_error: Option<String>,
}

/// `GET /admin/caches`. Form: `POST /admin/caches/clear` (`key` = a class, or empty for all).
#[derive(Debug, Clone, Template)]
#[template(path = "admin/caches.html")]
pub struct CachesPage {
    /// Around the page.
    pub frame: Frame,
    /// `memory` or `redis`.
    pub backend: String,
    /// One for each class of keys.
    pub rows: Vec<CacheRow>,
}

/// One class of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheRow {
    /// `prediction_statistics`, `sidebar` …
    pub key: String,
    /// How long an entry stays.
    pub seconds: u64,
    /// What empties it.
    pub tags: Vec<String>,
    /// Found.
    pub hits: u64,
    /// Not found.
    pub misses: u64,
    /// Filled.
    pub fills: u64,
    /// Entries, where they can be counted.
    pub entries: Option<u64>,
}

impl CacheRow {
    /// Share of look-ups that found something.
    #[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
    #[must_use]
    pub fn rate(&self) -> Option<f64> {
        let all = self.hits + self.misses;
        (all > 0).then(|| self.hits as f64 / all as f64)
    }
}

/// `GET /admin/system`.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/system.html")]
pub struct SystemPage {
    /// Around the page.
    pub frame: Frame,
    /// Whether everything works.
    pub checks: Vec<Check>,
    /// The bundle: name, hash, licence, when it was made.
    pub bundle: String,
    /// Hash of its manifest.
    pub bundle_sha256: String,
    /// Its licence.
    pub bundle_licence: String,
    /// Engine and version.
    pub engine: String,
    /// Its networks.
    pub networks: Vec<NetworkRow>,
    /// Memory.
    pub memory: Memory,
    /// `sqlite …`, `postgresql …`; no password.
    pub database: String,
    /// `memory`, `redis`.
    pub cache: String,
    /// Size of the data folder or of what is kept.
    pub kept_bytes: Option<u64>,
    /// Program version and since when it runs.
    pub started: Moment,
    /// Other facts: name and value.
    pub facts: Vec<(String, String)>,
}

/// One check of the system's health.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What was checked.
    pub name: String,
    /// How it is.
    pub health: Health,
    /// In a sentence: what was found, what to do.
    pub message: String,
}

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// Well.
    Good,
    /// Works, with something to look after.
    Warning,
    /// Does not work.
    Bad,
}

impl Health {
    /// Bootstrap's word.
    #[must_use]
    pub const fn class(self) -> &'static str {
        match self {
            Self::Good => "success",
            Self::Warning => "warning",
            Self::Bad => "danger",
        }
    }

    /// For people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Good => "Works",
            Self::Warning => "Look after it",
            Self::Bad => "Does not work",
        }
    }
}

/// One network of the bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkRow {
    /// Its name.
    pub name: String,
    /// For people.
    pub title: String,
    /// Parameters.
    pub parameters: u64,
    /// Memory it takes when loaded.
    pub bytes: u64,
    /// Whether it is in memory now.
    pub loaded: bool,
    /// Hash of its file.
    pub sha256: String,
    /// In which numbers it is computed here.
    pub precision: Precision,
}

/// Memory of the process and of the networks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Memory {
    /// Resident.
    pub resident: Option<u64>,
    /// The most so far.
    pub peak: Option<u64>,
    /// Networks now.
    pub networks: u64,
    /// What the networks may take.
    pub budget: u64,
}

/// `GET /admin/audit?q=&actor=&action=&from=&to=&patient=`.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/audit.html")]
pub struct AuditPage {
    /// Around the page.
    pub frame: Frame,
    /// What was asked for.
    pub filter: AuditFilter,
    /// The page's rows, newest first.
    pub rows: Vec<AuditRow>,
    /// Where in the list.
    pub pager: Pager,
}

/// What was asked of the audit log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Object, object id, request id or address.
    pub q: String,
    /// User name.
    pub actor: String,
    /// Actions to choose from; the chosen one is marked.
    pub actions: Vec<Choice>,
    /// First day.
    pub from: String,
    /// Last day.
    pub to: String,
    /// A patient's identifier.
    pub patient: String,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// Its number.
    pub seq: u64,
    /// When.
    pub at: Moment,
    /// Who: user name; none for the system or somebody unknown.
    pub actor: Option<String>,
    /// As what.
    pub role: String,
    /// What: `xray.read` …
    pub action: String,
    /// On what.
    pub object: String,
    /// Which.
    pub object_id: String,
    /// Whose data.
    pub patient_id: Option<String>,
    /// From where.
    pub ip: String,
    /// For the log.
    pub request_id: String,
    /// `allowed`, `denied`, `failed`.
    pub outcome: String,
    /// More, as compact JSON; empty where there is none.
    pub detail: String,
}
