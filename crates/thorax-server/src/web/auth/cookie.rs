//! The cookies of the site: the session, which scripts cannot read, and the theme, which they write.

use std::net::SocketAddr;

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use axum_extra::extract::cookie::Cookie;

use crate::config::WebOptions;
use crate::web::view::Theme;
use crate::workflow::accounts::Secret;

const SECURE_NAME: &str = "__Host-thorax";
/// Its name where it may go without TLS.
pub const PLAIN_NAME: &str = "thorax";

/// Whether cookies go over TLS only: yes, unless the site is reached as plain http on this machine, or the operator has said
/// that its address begins with `http:`. Browsers take `http://localhost` for safe.
#[must_use]
pub fn is_secure(web: &WebOptions) -> bool {
    let listens_here = |listen: SocketAddr| listen.ip().is_loopback();
    match &web.public_url {
        Some(_) => web.has_tls(),
        None => !listens_here(web.listen),
    }
}

fn name(web: &WebOptions) -> &'static str {
    if is_secure(web) { SECURE_NAME } else { PLAIN_NAME }
}

/// The secret of the session that a browser shows.
#[must_use]
pub fn session(headers: &HeaderMap, web: &WebOptions) -> Option<String> {
    read(headers, name(web))
}

/// The theme that a browser was told to show.
#[must_use]
pub fn theme(headers: &HeaderMap) -> Theme {
    Theme::from_cookie(read(headers, "theme").as_deref())
}

fn read(headers: &HeaderMap, name: &str) -> Option<String> {
    let pairs = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = pairs.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
}

/// Has a browser keep a session: until it is closed, or the session ends, whichever is first. Other sites' pages may link to
/// ours, but their forms come without it.
#[must_use]
pub fn keep(secret: &Secret, web: &WebOptions) -> HeaderValue {
    write(&format!("{}={}; Path=/; HttpOnly; SameSite=Lax{}", name(web), secret.expose(), tls(web)))
}

/// Has a browser forget its session.
#[must_use]
pub fn forget(web: &WebOptions) -> HeaderValue {
    write(&format!("{}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0{}", name(web), tls(web)))
}

/// Has a browser keep a theme for a year; the page's script may read it.
#[must_use]
pub fn keep_theme(theme: Theme, web: &WebOptions) -> HeaderValue {
    write(&format!("theme={}; Path=/; SameSite=Lax; Max-Age=31536000{}", theme.key(), tls(web)))
}

fn tls(web: &WebOptions) -> &'static str {
    if is_secure(web) { "; Secure" } else { "" }
}

fn write(text: &str) -> HeaderValue {
    debug_assert!(Cookie::parse(text).is_ok(), "a cookie of ours can be read");
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn web(listen: &str, public_url: Option<&str>) -> WebOptions {
        WebOptions {
            listen: listen.parse().unwrap(),
            public_url: public_url.map(str::to_owned),
            ..WebOptions::default()
        }
    }

    #[test]
    fn cookies_are_for_tls_unless_the_site_is_on_this_machine() {
        assert!(!is_secure(&web("127.0.0.1:8000", None)));
        assert!(is_secure(&web("0.0.0.0:8000", None)));
        assert!(is_secure(&web("127.0.0.1:8000", Some("https://thorax.example"))));
        assert!(!is_secure(&web("0.0.0.0:8000", Some("http://ward-7"))));
    }

    #[test]
    fn a_session_cookie_is_bound_to_its_host_and_hidden_from_scripts() {
        let secret = Secret::new("").unwrap();
        let (tls, plain) = (web("0.0.0.0:8000", None), web("127.0.0.1:8000", None));
        let text = keep(&secret, &tls).to_str().unwrap().to_owned();
        assert!(text.starts_with("__Host-thorax="), "{text}");
        assert!(["; Path=/", "; HttpOnly", "; SameSite=Lax", "; Secure"].iter().all(|part| text.contains(part)));
        assert!(!text.contains("Domain"));
        assert!(!keep(&secret, &plain).to_str().unwrap().contains("Secure"));
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, format!("theme=dark; thorax={}", secret.expose()).parse().unwrap());
        assert_eq!(session(&headers, &plain).as_deref(), Some(secret.expose()));
        assert_eq!(session(&headers, &tls), None, "a cookie without the prefix may be another site's");
        assert_eq!(theme(&headers), Theme::Dark);
    }
}
