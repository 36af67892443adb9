//! The headers that keep a browser from doing what a page of ours never asks for.

use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue};

use crate::config::WebOptions;

/// Headers of every answer.
pub struct Headers {
    every: Vec<(HeaderName, HeaderValue)>,
}

/// Nothing may be used of a browser that could look at or listen to a patient, or at where somebody is.
const PERMISSIONS: &str = "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), \
                           microphone=(), midi=(), payment=(), usb=(), fullscreen=(self)";

impl Headers {
    /// The headers for a configuration.
    pub fn new(web: &WebOptions) -> Self {
        let cdn = web.cdn.as_deref().and_then(origin).map(|origin| format!(" {origin}")).unwrap_or_default();
        let policy = format!(
            "default-src 'self'; script-src 'self'{cdn}; style-src 'self'{cdn}; img-src 'self' data: blob:; \
             connect-src 'self'; font-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; \
             frame-ancestors 'none'"
        );
        let mut every = vec![
            (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
            (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
            (REFERRER_POLICY, HeaderValue::from_static("same-origin")),
            (HeaderName::from_static("permissions-policy"), HeaderValue::from_static(PERMISSIONS)),
            (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
            (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
        ];
        every.extend(HeaderValue::try_from(policy).ok().map(|policy| (CONTENT_SECURITY_POLICY, policy)));
        if web.has_tls() {
            let year = HeaderValue::from_static("max-age=31536000; includeSubDomains");
            every.push((STRICT_TRANSPORT_SECURITY, year));
        }
        Self { every }
    }

    /// Adds them. What is not said to be cacheable is not: any page may show a patient.
    pub fn add(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.every {
            headers.insert(name.clone(), value.clone());
        }
        headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-store"));
    }
}

/// Scheme and host of an address.
fn origin(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.split('/').next().filter(|host| !host.is_empty())?;
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.:[]".contains(&byte));
    (matches!(scheme, "http" | "https") && plain(host)).then(|| format!("{scheme}://{host}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_scheme_and_host_and_nothing_that_could_end_the_header() {
        assert_eq!(origin("https://cdn.example/npm/"), Some("https://cdn.example".to_owned()));
        assert_eq!(origin("https://cdn.example; script-src *"), None);
        assert_eq!((origin("cdn.example"), origin("data://x"), origin("https:///x")), (None, None, None));
    }
}
