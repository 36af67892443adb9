//! The settings of `thorax serve`, `thorax work` and `thorax manage`.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, FromArgMatches, ValueEnum};
use secrecy::SecretString;

use super::Size;

/// Where things are kept: the same for the site, for workers elsewhere and for managing.
#[derive(Debug, Clone, Args)]
pub struct StoreOptions {
    /// A TOML file of settings: the long names of these options are its keys; options and variables go before it
    #[arg(long, value_name = "FILE", env = "THORAX_CONFIG")]
    pub config: Option<PathBuf>,

    /// Folder under which everything is kept that the program keeps
    #[arg(long, value_name = "DIR", env = "THORAX_DATA", default_value = "thorax-data")]
    pub data: PathBuf,

    /// The database: sqlite:FILE or postgres://… [default: thorax.db in the data folder]
    #[arg(long, value_name = "URL", env = "THORAX_DATABASE", hide_env_values = true, value_parser = secret)]
    pub database: Option<SecretString>,

    /// Redis for the cache, redis://…; without one the cache is in memory
    #[arg(long, value_name = "URL", env = "THORAX_REDIS", hide_env_values = true, value_parser = secret)]
    pub redis: Option<SecretString>,

    /// Connections to the database: readers for SQLite, which has one writer beside them
    #[arg(long = "database-connections", value_name = "N", env = "THORAX_DATABASE_CONNECTIONS", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub connections: u32,

    /// A statement that takes longer is logged
    #[arg(long, value_name = "MILLISECONDS", env = "THORAX_SLOW_QUERY", default_value_t = 100)]
    pub slow_query: u64,

    /// Which log lines are written: error, warn, info, debug, trace, or by target as `info,thorax_server=debug`
    #[arg(long, value_name = "FILTER", env = "THORAX_LOG", default_value = "info")]
    pub log: String,

    /// Log lines for people or for programs
    #[arg(long, value_name = "FORM", env = "THORAX_LOG_FORMAT", default_value = "text")]
    pub log_format: LogFormat,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// How the work in the queue is done.
#[derive(Debug, Clone, Args)]
pub struct WorkOptions {
    /// X-rays read at the same time by this process, and one more that somebody waits for; 0 leaves them to `thorax work` [default: the number of cores, at least 2]
    #[arg(long, value_name = "N", env = "THORAX_WORKERS", value_parser = clap::value_parser!(u16).range(0..=256))]
    pub workers: Option<u16>,

    /// Memory that decoding one file may take
    #[arg(long, value_name = "SIZE", env = "THORAX_DECODE_MEMORY", default_value = "2GiB")]
    pub decode_memory: Size,

    /// Longest that decoding one file may take, of processor time and by the clock
    #[arg(long, value_name = "SECONDS", env = "THORAX_DECODE_SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub decode_seconds: u64,

    /// How often a job is tried before it is put aside for the administrator
    #[arg(long, value_name = "N", env = "THORAX_ATTEMPTS", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub attempts: u16,

    /// How long a worker that says nothing keeps its job
    #[arg(long, value_name = "SECONDS", env = "THORAX_LEASE", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub lease: u64,
}

/// How the site answers.
#[derive(Debug, Clone, Args)]
pub struct WebOptions {
    /// Address and port to listen on
    #[arg(long, value_name = "ADDR:PORT", env = "THORAX_LISTEN", default_value = "127.0.0.1:8000")]
    pub listen: SocketAddr,

    /// The address that people type, https://…: cookies are then sent over TLS only [default: as the browser asked]
    #[arg(long, value_name = "URL", env = "THORAX_PUBLIC_URL")]
    pub public_url: Option<String>,

    /// Take the client's address from X-Forwarded-For: only behind a proxy that sets it
    #[arg(long, env = "THORAX_BEHIND_PROXY", value_name = "YES", num_args = 0..=1, default_value_t = false, default_missing_value = "true")]
    pub behind_proxy: bool,

    /// Browsers and programs connected at the same time; further ones wait
    #[arg(long, value_name = "N", env = "THORAX_CLIENTS", default_value = "1024")]
    pub clients: NonZeroUsize,

    /// X-rays that may wait in the queue; further ones are refused until there is room
    #[arg(long, value_name = "N", env = "THORAX_QUEUE", default_value_t = 1000)]
    pub queue: u64,

    /// Largest file that may be sent
    #[arg(long, value_name = "SIZE", env = "THORAX_UPLOAD_LIMIT", default_value = "64MiB")]
    pub upload_limit: Size,

    /// Most files that may be sent with one request
    #[arg(long, value_name = "N", env = "THORAX_UPLOAD_FILES", default_value_t = 500)]
    pub upload_files: usize,

    /// Longest that answering may take, uploads apart
    #[arg(long, value_name = "SECONDS", env = "THORAX_REQUEST_SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub request_seconds: u64,

    /// Days until somebody who does nothing must sign in again
    #[arg(long, value_name = "DAYS", env = "THORAX_SESSION_DAYS", default_value_t = 14, value_parser = clap::value_parser!(u64).range(1..=365))]
    pub session_days: u64,

    /// Who may register: anybody (always as a patient) or nobody
    #[arg(long, value_name = "WHO", env = "THORAX_REGISTRATION", default_value = "anybody")]
    pub registration: Registration,

    /// A token with which /metrics may be read from elsewhere; without one only from this machine, and by administrators
    #[arg(long, value_name = "TOKEN", env = "THORAX_METRICS_TOKEN", hide_env_values = true, value_parser = secret)]
    pub metrics_token: Option<SecretString>,

    /// Load Bootstrap from this address instead of from here; its integrity is checked either way
    #[arg(long, value_name = "URL", env = "THORAX_CDN")]
    pub cdn: Option<String>,

    /// For people who work on Thorax: show statements and times on every page, to 127.0.0.1 only
    #[arg(long, env = "THORAX_DEVELOPMENT", value_name = "YES", num_args = 0..=1, default_value_t = false, default_missing_value = "true")]
    pub development: bool,
}

/// A site to look around in.
#[derive(Debug, Clone, Args)]
pub struct DemoOptions {
    /// Make the accounts admin, doctor and patient, print their passwords, and read the sample X-rays
    #[arg(long, env = "THORAX_DEMO", value_name = "YES", num_args = 0..=1, default_value_t = false, default_missing_value = "true")]
    pub demo: bool,

    /// The password of all three accounts [default: another random one for each at every start]
    #[arg(long, value_name = "PASSWORD", env = "THORAX_DEMO_PASSWORD", hide_env_values = true, value_parser = secret)]
    pub demo_password: Option<SecretString>,
}

/// Who may make an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Registration {
    /// Whoever reaches the page; the account is a patient's.
    Anybody,
    /// Administrators make every account.
    Nobody,
}

/// A text that is not to be shown again.
///
/// # Errors
/// Never; the form is what a parser of options has.
#[must_use]
pub fn secret(text: &str) -> Result<SecretString, Infallible> {
    Ok(SecretString::from(text))
}

impl WorkOptions {
    /// How many X-rays are read at the same time.
    #[must_use]
    pub fn workers(&self, cores: usize) -> usize {
        self.workers.map_or(cores.max(2), usize::from)
    }

    /// How long a worker that says nothing keeps its job.
    #[must_use]
    pub const fn lease(&self) -> Duration {
        Duration::from_secs(self.lease)
    }
}

impl Default for WebOptions {
    /// What holds when nothing is said.
    fn default() -> Self {
        defaults(Self::augment_args(clap::Command::new("thorax").no_binary_name(true)))
    }
}

impl Default for WorkOptions {
    /// What holds when nothing is said.
    fn default() -> Self {
        defaults(Self::augment_args(clap::Command::new("thorax").no_binary_name(true)))
    }
}

/// The options of a command without arguments and without the environment.
fn defaults<T: FromArgMatches>(command: clap::Command) -> T {
    let names: Vec<_> = command.get_arguments().map(|argument| argument.get_id().clone()).collect();
    let command = names.into_iter().fold(command, |command, name| command.mut_arg(name, |one| one.env(None::<&str>)));
    let matches = command.get_matches_from(Vec::<String>::new());
    T::from_arg_matches(&matches).expect("every option has a default; this is a bug")
}

impl WebOptions {
    /// Whether cookies are for TLS only.
    #[must_use]
    pub fn has_tls(&self) -> bool {
        self.public_url.as_deref().is_some_and(|url| url.starts_with("https://"))
    }
}
