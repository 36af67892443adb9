//! **The program.** What lives here: the one binary, `thorax`, as a library, so that tests can hold it by its parts: the command
//! line, the verbs that every door calls ([`workflow`]), the site ([`web`]), the work in the queue ([`jobs`]), the shape of a
//! result ([`record`]), the figures of many ([`evaluation`], [`measures`]), the composition ([`app`]) and the configuration
//! ([`config`]).
//! What never does: a network, a pixel, SQL, a file format of the store; those are asked for. Only `config` reads the
//! environment.
//! Start reading at `cli.rs`, then [`app::App`], then [`web::router`].

pub mod app;
mod cli;
pub mod config;
mod drawing;
pub mod evaluation;
pub mod jobs;
pub mod measures;
mod new_file;
pub mod record;
pub mod telemetry;
pub mod web;
pub mod workflow;

pub use cli::run;
