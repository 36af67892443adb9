//! Requests to an inference server: limits on time and size, one retry where a connection died, and errors in words that hold
//! neither a secret nor a film.

use std::io::ErrorKind;
use std::time::Duration;

use ureq::Agent;
use ureq::http::Response;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

use super::messages::Encoded;
use super::server::{InferenceServer, ServerUrl, Token};

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(10);

/// Largest answer in bytes. Four films of a network are a few hundred KiB, and a few MiB as decimal numbers.
const LARGEST: u64 = 32 << 20;

/// Connections kept open to the server: as many as there are workers on a large machine.
const KEPT: usize = 64;

/// Most characters of a server's own words that are passed on.
const WORDS: usize = 300;

/// Longest row of whole numbers in them: enough for two shapes. Of numbers with decimals, which samples are, one may stand alone.
const NUMBERS: usize = 8;

/// Says how many bytes of a message in binary form are JSON.
const HEADER_LENGTH: &str = "Inference-Header-Content-Length";

/// A server, and connections to it.
pub struct Client {
    agent: Agent,
    url: ServerUrl,
    token: Option<Token>,
    patience: Duration,
}

/// What a server answered.
pub struct Answer {
    status: u16,
    /// Bytes of the body that are JSON, where the rest is tensors.
    pub header_length: Option<usize>,
    /// The body.
    pub body: Vec<u8>,
}

impl Client {
    /// # Errors
    /// When the file of authorities cannot be used.
    pub fn new(server: &InferenceServer) -> Result<Self, String> {
        let roots = match &server.authorities {
            None => RootCerts::WebPki,
            Some(path) => {
                let wrong = |why: String| format!("{}: {why}", path.display());
                let pem = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
                authorities(&pem).map_err(wrong)?
            }
        };
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            // A redirect is refused: the token and the films are for this server.
            .max_redirects(0)
            .max_redirects_will_error(false)
            // Otherwise the variables of the environment would choose one.
            .proxy(None)
            .timeout_connect(Some(CONNECT.min(server.patience)))
            .timeout_global(Some(server.patience))
            .max_idle_connections(KEPT)
            .max_idle_connections_per_host(KEPT)
            .user_agent(concat!("thorax/", env!("CARGO_PKG_VERSION")))
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .build()
            .new_agent();
        Ok(Self { agent, url: server.url.clone(), token: server.token.clone(), patience: server.patience })
    }

    /// The server, as it may be shown.
    pub const fn server(&self) -> &ServerUrl {
        &self.url
    }

    /// # Errors
    /// When there is no answer.
    pub fn get(&self, path: &str) -> Result<Answer, String> {
        self.call(|| {
            let mut request = self.agent.get(self.url.join(path));
            if let Some(token) = &self.token {
                request = request.header("Authorization", token.header());
            }
            request.call()
        })
    }

    /// # Errors
    /// When there is no answer.
    pub fn post(&self, path: &str, message: &Encoded) -> Result<Answer, String> {
        self.call(|| {
            let mut request = self.agent.post(self.url.join(path));
            if let Some(token) = &self.token {
                request = request.header("Authorization", token.header());
            }
            request = match message.header_length {
                None => request.header("Content-Type", "application/json"),
                Some(length) => {
                    request.header("Content-Type", "application/octet-stream").header(HEADER_LENGTH, length.to_string())
                }
            };
            request.send(&message.body[..])
        })
    }

    /// Sends a request, and once more where its connection died: the same question may be asked twice, and a server that was
    /// restarted has closed the connections that were kept. An answer is an answer, also one that says no.
    fn call(&self, send: impl Fn() -> Result<Response<ureq::Body>, ureq::Error>) -> Result<Answer, String> {
        let once = || send().and_then(answer);
        let outcome = match once() {
            Err(error) if has_died(&error) => once(),
            outcome => outcome,
        };
        outcome.map_err(|error| format!("{}: {}", self.url, self.words(&error)))
    }

    fn words(&self, error: &ureq::Error) -> String {
        match error {
            ureq::Error::Timeout(ureq::Timeout::Connect) => "no connection came about in time".to_owned(),
            ureq::Error::Timeout(_) => format!("no answer within {:?}", self.patience),
            ureq::Error::BodyExceedsLimit(limit) => format!("its answer is larger than {} MiB", limit >> 20),
            error if has_died(error) => "it closed the connection before its answer was complete, twice".to_owned(),
            error => error.to_string(),
        }
    }
}

fn answer(mut response: Response<ureq::Body>) -> Result<Answer, ureq::Error> {
    let header = response.headers().get(HEADER_LENGTH);
    let header_length = header.and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let body = response.body_mut().with_config().limit(LARGEST).read_to_vec()?;
    Ok(Answer { status: response.status().as_u16(), header_length, body })
}

/// Whether the other side was there and went.
fn has_died(error: &ureq::Error) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(error, ureq::Error::Io(error)
        if matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof))
}

fn authorities(pem: &[u8]) -> Result<RootCerts, String> {
    let mut certificates = Vec::new();
    for item in parse_pem(pem) {
        if let PemItem::Certificate(certificate) = item.map_err(|error| error.to_string())? {
            certificates.push(certificate);
        }
    }
    if certificates.is_empty() {
        return Err("it holds no certificate in PEM form".to_owned());
    }
    Ok(RootCerts::new_with_certs(&certificates))
}

impl Answer {
    /// Whether the server did what it was asked.
    pub const fn is_ok(&self) -> bool {
        self.status == 200
    }

    /// What the server said instead, in words for an operator.
    pub fn refusal(&self) -> String {
        #[derive(serde::Deserialize)]
        struct Refusal {
            error: String,
        }
        match serde_json::from_slice::<Refusal>(&self.body) {
            Ok(refusal) => format!("status {}: {}", self.status, without_film(&refusal.error)),
            Err(_) => format!("status {}", self.status),
        }
    }
}

/// A server's words without a row of numbers, which may be the film that it was sent, and on one line.
fn without_film(words: &str) -> String {
    let (mut kept, mut row, mut decimals) = (Vec::new(), 0, 0);
    for word in words.split([',', ' ', '\n', '\r', '\t']).filter(|word| !word.is_empty()) {
        // Of `array([[0.5` the number.
        let number = word.trim_matches(|one: char| !one.is_ascii_digit() && !"+-.".contains(one));
        let is_number = number.parse::<f64>().is_ok();
        row = if is_number { row + 1 } else { 0 };
        decimals = if is_number { decimals + usize::from(number.contains('.')) } else { 0 };
        kept.push(word);
        if row > NUMBERS || decimals > 1 {
            kept.truncate(kept.len() - row);
            kept.push("…");
            break;
        }
    }
    let text = kept.join(" ");
    text.chars().map(|one| if one.is_control() { ' ' } else { one }).take(WORDS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_servers_words_are_passed_on_without_films() {
        let shape = "unexpected shape for input 'image': expected [-1,3,224,224], got [1,1,224,224]";
        assert_eq!(
            without_film(shape),
            "unexpected shape for input 'image': expected [-1 3 224 224] got [1 1 224 224]"
        );
        let film = format!("cannot use {:?} as it is", vec![0.25; 50]);
        assert_eq!(without_film(&film), "cannot use …");
        let short = "invoked with array([[0.25, -0.5, 0.75, ..., 0.5]]), which it cannot";
        assert_eq!(without_film(short), "invoked with …");
        assert_eq!(without_film("ran out after 0.5 s"), "ran out after 0.5 s");
        assert_eq!(without_film("two\nlines\u{1b}[31m"), "two lines [31m");
        assert_eq!(without_film(&"x".repeat(1000)).len(), WORDS);
    }

    #[test]
    fn only_the_error_of_a_refusal_is_passed_on() {
        let refusal = |body: &str| Answer { status: 400, header_length: None, body: body.into() }.refusal();
        assert_eq!(refusal(r#"{"error": "no such model"}"#), "status 400: no such model");
        assert_eq!(refusal(r#"{"detail": [{"input": [0.5, 0.5]}]}"#), "status 400");
        assert_eq!(refusal("<html>0.5</html>"), "status 400");
    }

    #[test]
    fn authorities_are_certificates() {
        assert!(authorities(b"nothing").is_err());
        assert!(authorities(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").is_ok());
    }
}
