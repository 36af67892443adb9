//! The program as a process that goes on until it is ended: `thorax serve` and `thorax work`, started, asked over a socket,
//! told to end, or killed.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::program::{root, toy};

/// Longest that anything is waited for; a machine with much else to do takes long.
pub const PATIENCE: Duration = Duration::from_mins(2);

/// A running program. Dropping it kills it.
pub struct Program {
    child: Child,
    lines: Receiver<String>,
}

/// The command, in a clean environment and with the toy bundle.
fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_thorax"));
    command.env_clear().env("THORAX_BUNDLE", toy()).env("THORAX_ENGINE", "rten").args(arguments).current_dir(root());
    command
}

impl Program {
    /// Starts it; what it says on standard output is kept line by line.
    pub fn start(arguments: &[&str]) -> Self {
        let mut child = command(arguments).stdout(Stdio::piped()).stdin(Stdio::null()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, lines }
    }

    /// The next line that begins like this, without its beginning.
    pub fn line(&self, begins: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(PATIENCE).expect("it says more");
            if let Some(rest) = line.strip_prefix(begins) {
                return rest.to_owned();
            }
        }
    }

    /// Ends it in the middle of whatever it does.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to end, and gives how it did.
    pub fn end(mut self) -> ExitStatus {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.child.wait().unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The site as a process, listening on a free port.
pub struct Served {
    /// The process.
    pub program: Program,
    /// `127.0.0.1:PORT`.
    pub address: String,
}

impl Served {
    /// Starts `thorax serve` over a data folder.
    pub fn start(data: &Path, more: &[&str]) -> Self {
        let data = data.to_str().unwrap();
        let arguments = [&["serve", "--listen", "127.0.0.1:0", "--data", data, "--log", "warn"], more].concat();
        let program = Program::start(&arguments);
        let address = program.line("Thorax is at http://");
        Self { program, address }
    }

    /// Sends a request and gives the status, the head and the body.
    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> (u16, String, String) {
        try_ask(&self.address, (method, path), headers, body).unwrap()
    }

    /// Asks until the site is ready.
    pub fn until_ready(&self) {
        let tries = PATIENCE.as_millis() / 20;
        for _ in 0..tries {
            if self.ask("GET", "/readyz", &[], b"").0 == 200 {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("the site does not become ready");
    }
}

/// Sends a request over a connection of its own.
pub fn try_ask(
    address: &str,
    (method, path): (&str, &str),
    headers: &[(&str, &str)],
    body: &[u8],
) -> std::io::Result<(u16, String, String)> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    for (name, value) in headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    let _ = write!(head, "Content-Length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(|| std::io::Error::other("no answer"))?;
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok());
    Ok((status.ok_or_else(|| std::io::Error::other("no status"))?, head.to_owned(), body.to_owned()))
}

/// The value of a header.
pub fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (given, value) = line.split_once(':')?;
        given.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}
