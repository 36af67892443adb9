//! What is known of a request before anybody looks at it: its id and where it comes from.

use std::convert::Infallible;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};

use axum::extract::{ConnectInfo, FromRequestParts, Request};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use uuid::Uuid;

use super::view::SignedIn;

/// The name of a request, in its answer, in its log lines and in the audit log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestId(pub Uuid);

impl RequestId {
    /// A new one.
    #[must_use]
    pub fn new() -> Self {
        Self(Uuid::now_v7())
    }
}

impl Default for RequestId {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Headers by which a proxy says that it is one.
const FORWARDED: [&str; 4] = ["x-forwarded-for", "forwarded", "x-real-ip", "via"];

/// Where a request comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Peer {
    /// The client's address; none in tests that have no connection.
    pub ip: Option<IpAddr>,
    /// Whether it is a program on this machine that asks for itself, not a proxy for somebody else.
    pub is_local: bool,
}

impl Peer {
    /// The peer of a request. The forwarded address counts only where the operator has said that a proxy sets it.
    #[must_use]
    pub fn of(request: &Request, behind_proxy: bool) -> Self {
        let connected = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip());
        let headers = request.headers();
        let is_forwarded = FORWARDED.iter().any(|name| headers.contains_key(*name));
        let ip = if behind_proxy { forwarded(headers).or(connected) } else { connected };
        let is_local = !is_forwarded && !behind_proxy && connected.is_some_and(|ip| ip.to_canonical().is_loopback());
        Self { ip, is_local }
    }

    /// The address as text, `-` where there is none.
    #[must_use]
    pub fn address(&self) -> String {
        self.ip.map_or_else(|| "-".to_owned(), |ip| ip.to_canonical().to_string())
    }
}

/// The address that the nearest proxy saw: the last of the list, since a client may write the others itself.
fn forwarded(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
    last.rsplit(',').next()?.trim().parse().ok()
}

/// Who is signed in, for the page of an error: filled by whoever finds it out, read when the answer is complete.
#[derive(Debug, Clone, Default)]
pub struct Whose(Arc<OnceLock<SignedIn>>);

impl Whose {
    /// Says who it is; the first word counts.
    pub fn is(&self, user: SignedIn) {
        let _ = self.0.set(user);
    }

    /// Who it is, where that is known.
    #[must_use]
    pub fn user(&self) -> Option<&SignedIn> {
        self.0.get()
    }
}

impl<S: Sync> FromRequestParts<S> for RequestId {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get().copied().unwrap_or_default())
    }
}

impl<S: Sync> FromRequestParts<S> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get().copied().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn peer(from: &str, headers: &[(&str, &str)], behind_proxy: bool) -> Peer {
        let mut request = Request::new(Body::empty());
        let address: SocketAddr = format!("{from}:4711").parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(address));
        for (name, value) in headers {
            request.headers_mut().append(axum::http::HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
        }
        Peer::of(&request, behind_proxy)
    }

    #[test]
    fn only_this_machine_is_local_and_a_proxy_on_it_is_not() {
        assert!(peer("127.0.0.1", &[], false).is_local);
        assert!(peer("[::1]", &[], false).is_local && peer("[::ffff:127.0.0.1]", &[], false).is_local);
        assert!(!peer("192.0.2.1", &[], false).is_local);
        assert!(!peer("127.0.0.1", &[("x-forwarded-for", "127.0.0.1")], false).is_local);
        assert!(!peer("127.0.0.1", &[], true).is_local);
    }

    #[test]
    fn a_forwarded_address_counts_behind_a_proxy_only_and_the_last_one_wins() {
        let headers = [("x-forwarded-for", "203.0.113.9, 198.51.100.7")];
        assert_eq!(peer("127.0.0.1", &headers, true).address(), "198.51.100.7");
        assert_eq!(peer("192.0.2.1", &headers, false).address(), "192.0.2.1");
        assert_eq!(Peer::default().address(), "-");
    }
}
