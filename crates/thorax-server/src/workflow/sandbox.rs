//! Files of strangers are decoded in a process of their own: the same program, told to `decode`, with little memory and little
//! time. What breaks a codec there breaks that process and nothing else.

mod frame;

pub use frame::{Film, FrameError, Reply, read_reply, write_reply};

use std::io;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use thorax_domain::clock::Stopwatch;
use thorax_imaging::GrayImage;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::sync::Semaphore;

/// Most bytes that an answer may have: 64 megapixels of 16 bits and a head.
const ANSWER: u64 = (128 << 20) + (64 << 10);
/// Most bytes of standard error that are kept for the log.
const WORDS: u64 = 4 << 10;
/// What starting and ending a process may take beyond the decoding itself.
const MARGIN: Duration = Duration::from_secs(5);

/// Decodes files in processes of their own, a few at a time.
#[derive(Debug)]
pub struct Sandbox {
    limits: Limits,
    places: Semaphore,
}

/// What one decoding may take, and which program does it.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The program that understands `decode`.
    pub program: PathBuf,
    /// Bytes of memory, all of it counted.
    pub memory: u64,
    /// Seconds of processor time, and by the clock.
    pub seconds: u64,
    /// Files decoded at the same time.
    pub at_once: usize,
}

/// Why a file was not decoded.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// It is no radiograph that can be read: what is wrong and what to do, for whoever sent it.
    #[error("{0}")]
    Refused(String),
    /// It took more than it may, for whoever sent it.
    #[error("{0}")]
    Excess(&'static str),
    /// The process could not be run or broke off without a word; the file may be fine.
    #[error("the decoder could not be run")]
    Failed(#[source] io::Error),
}

const TOO_SLOW: &str = "decoding took longer than is allowed; send a smaller or simpler file";
const TOO_LARGE: &str = "decoding took more memory than is allowed; send a smaller or less compressed file";
const BROKEN: &str = "its image data break the decoder; export it again from its source";

impl Sandbox {
    /// A sandbox with these limits.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let places = Semaphore::new(limits.at_once.max(1));
        Self { limits, places }
    }

    /// What a file holds, without its pixels.
    ///
    /// # Errors
    /// [`SandboxError`].
    pub async fn inspect(&self, bytes: &[u8]) -> Result<Film, SandboxError> {
        self.run(bytes, true).await.map(|(film, _)| film)
    }

    /// A file's facts and its picture.
    ///
    /// # Errors
    /// [`SandboxError`].
    pub async fn decode(&self, bytes: &[u8]) -> Result<(Film, GrayImage), SandboxError> {
        match self.run(bytes, false).await? {
            (film, Some(image)) => Ok((film, image)),
            (_, None) => Err(SandboxError::Failed(io::Error::other("the decoder sent no picture"))),
        }
    }

    async fn run(&self, bytes: &[u8], facts_only: bool) -> Result<(Film, Option<GrayImage>), SandboxError> {
        // The semaphore is never closed; if it were, going on would be right.
        let _place = self.places.acquire().await.ok();
        let watch = Stopwatch::start();
        let done = self.converse(bytes, facts_only).await;
        metrics::histogram!("thorax_decode_seconds").record(watch.total() / 1e3);
        let outcome = match &done {
            Ok(_) => "read",
            Err(SandboxError::Refused(_)) => "refused",
            Err(SandboxError::Excess(_)) => "excess",
            Err(SandboxError::Failed(_)) => "failed",
        };
        metrics::counter!("thorax_decodes_total", "outcome" => outcome).increment(1);
        done
    }

    async fn converse(&self, bytes: &[u8], facts_only: bool) -> Result<(Film, Option<GrayImage>), SandboxError> {
        let mut child = self.start(facts_only).map_err(SandboxError::Failed)?;
        let time = Duration::from_secs(self.limits.seconds) + MARGIN;
        let Ok(talked) = tokio::time::timeout(time, talk(&mut child, bytes)).await else {
            // Dropping the child kills it; waiting here lets nothing of it stay behind.
            let _ = child.kill().await;
            return Err(SandboxError::Excess(TOO_SLOW));
        };
        let (answer, words) = talked.map_err(SandboxError::Failed)?;
        let status = child.wait().await.map_err(SandboxError::Failed)?;
        match read_reply(&answer) {
            Ok(Reply::Film(film, image)) => Ok((film, image)),
            Ok(Reply::Refused(why)) => Err(SandboxError::Refused(why)),
            Err(error) => Err(Self::ended(status, &words, &error)),
        }
    }

    fn start(&self, facts_only: bool) -> io::Result<Child> {
        let Limits { program, memory, seconds, .. } = &self.limits;
        let mut command = Command::new(program);
        command.arg("decode").arg("--memory").arg(memory.to_string()).arg("--seconds").arg(seconds.to_string());
        if facts_only {
            command.arg("--facts");
        }
        // Nothing of our settings is the decoder's business.
        command.env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command.spawn()
    }

    /// What an end without an answer means.
    fn ended(status: ExitStatus, words: &str, error: &FrameError) -> SandboxError {
        tracing::warn!(%status, words, %error, "a decoder ended without an answer");
        match ending(status) {
            Ending::Memory => SandboxError::Excess(TOO_LARGE),
            Ending::Time => SandboxError::Excess(TOO_SLOW),
            Ending::Crash => SandboxError::Refused(BROKEN.to_owned()),
            Ending::Unknown => SandboxError::Failed(io::Error::other(format!("the decoder ended with {status}"))),
        }
    }
}

enum Ending {
    Memory,
    Time,
    Crash,
    Unknown,
}

#[cfg(unix)]
fn ending(status: ExitStatus) -> Ending {
    use std::os::unix::process::ExitStatusExt;
    const SIGABRT: i32 = 6;
    const SIGBUS: i32 = 7;
    const SIGKILL: i32 = 9;
    const SIGSEGV: i32 = 11;
    const SIGXCPU: i32 = 24;
    match status.signal() {
        // Rust aborts where an allocation fails.
        Some(SIGABRT) => Ending::Memory,
        Some(SIGXCPU | SIGKILL) => Ending::Time,
        Some(SIGSEGV | SIGBUS) => Ending::Crash,
        _ => Ending::Unknown,
    }
}

#[cfg(not(unix))]
fn ending(_: ExitStatus) -> Ending {
    Ending::Unknown
}

/// Sends the file and takes the answer, both at once, so that neither side waits for the other.
async fn talk(child: &mut Child, bytes: &[u8]) -> io::Result<(Vec<u8>, String)> {
    let gone = || io::Error::other("the decoder has no pipes");
    let mut stdin = child.stdin.take().ok_or_else(gone)?;
    let stdout = child.stdout.take().ok_or_else(gone)?;
    let stderr = child.stderr.take().ok_or_else(gone)?;
    let send = async {
        // A decoder that ends early closes its end; what it has answered counts.
        let _ = stdin.write_all(bytes).await;
        drop(stdin);
        Ok::<_, io::Error>(())
    };
    let answer = async {
        let mut answer = Vec::new();
        stdout.take(ANSWER).read_to_end(&mut answer).await?;
        Ok(answer)
    };
    let words = async {
        let mut words = Vec::new();
        stderr.take(WORDS).read_to_end(&mut words).await?;
        Ok(String::from_utf8_lossy(&words).trim().to_owned())
    };
    let ((), answer, words) = tokio::try_join!(send, answer, words)?;
    Ok((answer, words))
}
