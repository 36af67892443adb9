//! The inference server, for the engine that asks one.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use thorax_inference::engine::{InferenceServer, ServerUrl, Token, WrongServer};

use super::server::secret;

/// Where the networks are, with `--engine open-inference`.
#[derive(Debug, Clone, clap::Args)]
pub struct InferenceOptions {
    /// Address, http or https, of a server that speaks the Open Inference Protocol, for --engine open-inference
    // Read as a secret, since somebody may have written a password into it: it is refused without being repeated.
    #[arg(long = "inference-server", value_name = "URL", env = "THORAX_INFERENCE_SERVER", hide_env_values = true, value_parser = secret)]
    pub server: Option<SecretString>,

    /// The token that it is shown
    #[arg(long = "inference-token", value_name = "TOKEN", env = "THORAX_INFERENCE_TOKEN", hide_env_values = true, value_parser = secret)]
    pub token: Option<SecretString>,

    /// A file that holds the token; --inference-token goes before it
    #[arg(long = "inference-token-file", value_name = "FILE", env = "THORAX_INFERENCE_TOKEN_FILE")]
    pub token_file: Option<PathBuf>,

    /// A PEM file of the certificate authorities that are trusted over https [default: the public ones]
    #[arg(long = "inference-authorities", value_name = "FILE", env = "THORAX_INFERENCE_AUTHORITIES")]
    pub authorities: Option<PathBuf>,

    /// Longest that it may take to answer
    #[arg(long = "inference-seconds", value_name = "SECONDS", env = "THORAX_INFERENCE_SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub seconds: u64,
}

/// Why no inference server can be meant.
#[derive(Debug, thiserror::Error)]
pub enum NoServer {
    /// The engine wants one.
    #[error(
        "--engine open-inference needs the server's address; give it with --inference-server or THORAX_INFERENCE_SERVER"
    )]
    Missing,
    /// Address or token are wrong.
    #[error(transparent)]
    Wrong(#[from] WrongServer),
    /// There is no token in it.
    #[error("the inference server's token cannot be read from {}: {error}", path.display())]
    TokenFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: std::io::Error,
    },
}

impl InferenceOptions {
    /// The server that is meant.
    ///
    /// # Errors
    /// [`NoServer`].
    pub fn server(&self) -> Result<InferenceServer, NoServer> {
        let url: ServerUrl = self.server.as_ref().ok_or(NoServer::Missing)?.expose_secret().parse()?;
        let token = match (&self.token, &self.token_file) {
            (Some(token), _) => Some(Token::new(token)?),
            (None, Some(path)) => {
                let text =
                    fs::read_to_string(path).map_err(|error| NoServer::TokenFile { path: path.clone(), error })?;
                Some(Token::new(&text.into())?)
            }
            (None, None) => None,
        };
        let patience = Duration::from_secs(self.seconds);
        Ok(InferenceServer { token, authorities: self.authorities.clone(), patience, ..InferenceServer::new(url) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(server: Option<&str>) -> InferenceOptions {
        let server = server.map(SecretString::from);
        InferenceOptions { server, token: None, token_file: None, authorities: None, seconds: 5 }
    }

    #[test]
    fn a_server_is_asked_for_and_a_password_in_it_is_not_repeated() {
        assert!(options(None).server().unwrap_err().to_string().contains("THORAX_INFERENCE_SERVER"));
        let server = options(Some("https://inference.example/")).server().unwrap();
        assert_eq!((server.url.to_string().as_str(), server.patience.as_secs()), ("https://inference.example", 5));
        let error = options(Some("https://me:hush@inference.example")).server().unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hush"));
    }

    #[test]
    fn the_token_comes_from_the_option_or_from_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let with = |token: Option<&str>| InferenceOptions {
            token: token.map(SecretString::from),
            token_file: Some(path.clone()),
            ..options(Some("http://inference.example"))
        };
        assert!(with(Some("one")).server().unwrap().token.is_some());
        let missing = with(None).server().unwrap_err().to_string();
        assert!(missing.contains("token cannot be read"), "{missing}");
        fs::write(&path, "hush\n").unwrap();
        assert!(with(None).server().unwrap().token.is_some());
        fs::write(&path, "two words\n").unwrap();
        assert!(matches!(with(None).server(), Err(NoServer::Wrong(WrongServer::Token))));
    }
}
