//! `thorax decode`: not for people. One file on standard input, its picture on standard output, within limits that this process
//! sets itself before it reads the first byte.

use std::io::{self, Read};
use std::time::Duration;

use anyhow::{Context, Result};
use thorax_domain::clock::Stopwatch;
use thorax_imaging::decode::{self, DecodeError, Format, Limits};

use super::Outcome;
use crate::workflow::sandbox::{Film, Reply, write_reply};

/// Decode one file from standard input, for the program's own use
#[derive(Debug, clap::Args)]
#[command(hide = true)]
pub struct Decode {
    /// Bytes of memory
    #[arg(long, value_name = "BYTES")]
    memory: u64,

    /// Seconds of processor time
    #[arg(long, value_name = "SECONDS")]
    seconds: u64,

    /// What the file holds only, without the picture
    #[arg(long)]
    facts: bool,
}

impl Decode {
    pub fn run(self) -> Result<Outcome> {
        self.limit().context("the limits cannot be set")?;
        let limits = Limits { time: Duration::from_secs(self.seconds), ..Limits::default() };
        let mut bytes = Vec::new();
        // One byte more than allowed tells a file of exactly the limit from a larger one.
        io::stdin().lock().take(limits.bytes + 1).read_to_end(&mut bytes)?;
        let watch = Stopwatch::start();
        let reply = match decode::decode(&bytes, &limits) {
            Ok(film) => {
                let facts = facts(&film, watch.total());
                Reply::Film(facts, (!self.facts).then_some(film.image))
            }
            // Not the file's fault: say nothing, so that it is tried again.
            Err(error @ DecodeError::NoThread) => return Err(error.into()),
            Err(error) => Reply::Refused(error.to_string()),
        };
        write_reply(&mut io::stdout().lock(), &reply)?;
        Ok(Outcome::Complete)
    }

    /// Takes away what a decoder does not need. What is given up here cannot be had again.
    #[cfg(unix)]
    fn limit(&self) -> io::Result<()> {
        use rlimit::{Resource, setrlimit};
        setrlimit(Resource::CORE, 0, 0)?;
        setrlimit(Resource::AS, self.memory, self.memory)?;
        setrlimit(Resource::CPU, self.seconds, self.seconds + 1)?;
        // Nothing is written to files.
        setrlimit(Resource::FSIZE, 0, 0)
    }

    #[cfg(not(unix))]
    fn limit(&self) -> io::Result<()> {
        let _ = self.memory;
        Ok(())
    }
}

fn facts(film: &decode::Film, milliseconds: f64) -> Film {
    let container = match film.format {
        Format::Jpeg => "jpeg",
        Format::Png => "png",
        Format::Dicom { .. } => "dicom",
    };
    Film {
        container: container.to_owned(),
        format: film.format.to_string(),
        width: film.image.width(),
        height: film.image.height(),
        bits: film.image.bits(),
        view: film.facts.view_position.clone(),
        age_years: film.facts.age_years,
        milliseconds,
    }
}
