//! An inference server as an operator describes it, checked before anything is sent.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use ureq::http::Uri;

/// How long a whole request may take when nobody says: far more than a batch needs, less than a doctor's patience.
const PATIENCE: Duration = Duration::from_mins(1);

/// A server that speaks the Open Inference Protocol over HTTP.
#[derive(Debug, Clone)]
pub struct InferenceServer {
    /// Its address.
    pub url: ServerUrl,
    /// What it is shown as `Authorization: Bearer`.
    pub token: Option<Token>,
    /// A PEM file of the authorities whose certificates are trusted over https; the public ones without it.
    pub authorities: Option<PathBuf>,
    /// How long a whole request may take, the connection included; above 0.
    pub patience: Duration,
}

impl InferenceServer {
    /// A server that wants no token, trusted by the public authorities, with a minute for each request.
    #[must_use]
    pub const fn new(url: ServerUrl) -> Self {
        Self { url, token: None, authorities: None, patience: PATIENCE }
    }
}

/// Why a server cannot be meant. None of these repeats what was written: it may hold a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WrongServer {
    /// The address cannot be read.
    #[error("the inference server's address is no URL such as https://inference.example:8000")]
    NoUrl,
    /// Another protocol.
    #[error("the inference server's address must begin with http:// or https://")]
    Scheme,
    /// A user or a password in the address would end up in logs.
    #[error("the inference server's address must hold no user and no password; give a token by THORAX_INFERENCE_TOKEN")]
    Credentials,
    /// Paths are put behind it.
    #[error("the inference server's address must end with its path, without ? and #")]
    Query,
    /// It could not be sent.
    #[error("the inference server's token is empty or holds characters that no header can")]
    Token,
}

/// An address, `http` or `https`, without credentials, query and trailing slash: it may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerUrl(String);

impl FromStr for ServerUrl {
    type Err = WrongServer;

    fn from_str(text: &str) -> Result<Self, WrongServer> {
        if text.contains(['?', '#']) {
            return Err(WrongServer::Query);
        }
        let uri: Uri = text.parse().map_err(|_| WrongServer::NoUrl)?;
        let authority = uri.authority().ok_or(WrongServer::NoUrl)?;
        if authority.as_str().contains('@') {
            return Err(WrongServer::Credentials);
        }
        if authority.host().is_empty() {
            return Err(WrongServer::NoUrl);
        }
        match uri.scheme_str() {
            Some("http" | "https") => Ok(Self(uri.to_string().trim_end_matches('/').to_owned())),
            Some(_) => Err(WrongServer::Scheme),
            None => Err(WrongServer::NoUrl),
        }
    }
}

impl ServerUrl {
    /// The address of something on the server.
    pub(super) fn join(&self, path: &str) -> String {
        format!("{}/{path}", self.0)
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A bearer token: visible ASCII, never shown.
#[derive(Debug, Clone)]
pub struct Token(SecretString);

impl Token {
    /// A token from a text; white space around it, such as the line end of a file, does not count.
    ///
    /// # Errors
    /// [`WrongServer::Token`] for an empty one or one that no header can hold.
    pub fn new(text: &SecretString) -> Result<Self, WrongServer> {
        let token = text.expose_secret().trim();
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(WrongServer::Token);
        }
        Ok(Self(token.into()))
    }

    /// The header's value.
    pub(super) fn header(&self) -> String {
        format!("Bearer {}", self.0.expose_secret())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_http_without_secrets() {
        for (text, shown) in [
            ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
            ("https://inference.example/", "https://inference.example"),
            ("https://gateway.example/serving/thorax/", "https://gateway.example/serving/thorax"),
            ("http://[::1]:8000", "http://[::1]:8000"),
        ] {
            assert_eq!(text.parse::<ServerUrl>().unwrap().to_string(), shown);
        }
        for (text, why) in [
            ("", WrongServer::NoUrl),
            ("localhost", WrongServer::NoUrl),
            ("http://", WrongServer::NoUrl),
            ("ftp://a.example", WrongServer::Scheme),
            ("https://me:hush@a.example", WrongServer::Credentials),
            ("https://hush@a.example", WrongServer::Credentials),
            ("https://a.example/?key=hush", WrongServer::Query),
            ("https://a.example/#x", WrongServer::Query),
        ] {
            let refused = text.parse::<ServerUrl>().unwrap_err();
            assert_eq!(refused, why, "{text}");
            assert!(!refused.to_string().contains("hush"));
        }
    }

    #[test]
    fn a_token_is_one_word_and_never_shown() {
        let token = Token::new(&"hush-1\n".into()).unwrap();
        assert_eq!(token.header(), "Bearer hush-1");
        assert!(!format!("{token:?}").contains("hush"));
        for wrong in ["", " \n", "two words", "lin\ne", "ümlaut"] {
            assert_eq!(Token::new(&wrong.into()).unwrap_err(), WrongServer::Token, "{wrong:?}");
        }
    }
}
