//! JSON in and out: bodies that say which field is wrong, and answers that need not be sent twice.

use std::fmt::Write;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::web::WebError;

/// A JSON body, read strictly.
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = WebError;

    async fn from_request(request: Request, state: &S) -> Result<Self, WebError> {
        if !is_json(request.headers()) {
            return Err(WebError::UnsupportedType("send a body with Content-Type: application/json".to_owned()));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|refused| unread(refused.status()))?;
        read(&bytes).map(Self)
    }
}

fn unread(status: StatusCode) -> WebError {
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        WebError::TooLarge("the body is larger than is taken here".to_owned())
    } else {
        WebError::BadRequest("the body broke off".to_owned())
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, WebError> {
    // Once for whether it is JSON at all, which is another fault than a wrong field.
    let mut value: Value =
        serde_json::from_slice(bytes).map_err(|error| WebError::BadRequest(format!("the body is no JSON: {error}")))?;
    if !value.is_object() {
        return Err(WebError::field("body", "must be an object"));
    }
    make_whole(&mut value);
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let field = if path == "." { "body".to_owned() } else { path };
        WebError::field(field, plain(&error.into_inner().to_string()))
    })
}

/// JSON has one kind of number: 30.0 is the whole number 30, as JSON Schema has it.
#[expect(clippy::cast_possible_truncation, reason = "checked to be whole and within what a float holds exactly")]
fn make_whole(value: &mut Value) {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Number(number) => {
            let whole = number.as_f64().filter(|one| number.is_f64() && one.fract() == 0.0 && one.abs() <= EXACT);
            if let Some(whole) = whole {
                *value = Value::from(whole as i64);
            }
        }
        Value::Array(values) => values.iter_mut().for_each(make_whole),
        Value::Object(fields) => fields.values_mut().for_each(make_whole),
        _ => {}
    }
}

/// Serde's words without what was sent, which may be a name.
fn plain(words: &str) -> String {
    if words.starts_with("unknown field") || words.starts_with("missing field") || words.starts_with("unknown variant")
    {
        return words.chars().filter(|one| !one.is_control()).take(300).collect();
    }
    match words.rsplit_once("expected ") {
        Some((_, "u8" | "u16" | "u32" | "u64")) => "must be a whole number".to_owned(),
        Some((_, wanted)) => format!("must be {wanted}"),
        None => words.to_owned(),
    }
}

/// JSON with an `ETag`, or only that it is as the asker has it.
pub fn tagged(asked: &HeaderMap, value: &impl Serialize) -> Result<Response, WebError> {
    let bytes = serde_json::to_vec(value).map_err(anyhow::Error::from)?;
    Ok(with_tag(asked, HeaderValue::from_static("application/json"), bytes))
}

/// Bytes with an `ETag`, or only that they are as the asker has them. The tag is a weak one, since the bytes may be sent
/// compressed.
pub fn with_tag(asked: &HeaderMap, kind: HeaderValue, bytes: impl Into<Bytes>) -> Response {
    let bytes = bytes.into();
    let tag = tag(&bytes);
    let tags = [(ETAG, tag.clone()), (CACHE_CONTROL, HeaderValue::from_static("private, no-cache"))];
    if is_known(asked, &tag) {
        return (StatusCode::NOT_MODIFIED, tags).into_response();
    }
    (tags, [(CONTENT_TYPE, kind)], bytes).into_response()
}

fn tag(bytes: &[u8]) -> HeaderValue {
    let hash = Sha256::digest(bytes);
    let hex = hash[..12].iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    HeaderValue::try_from(format!("W/\"{hex}\"")).unwrap_or_else(|_| HeaderValue::from_static("W/\"\""))
}

fn is_known(asked: &HeaderMap, tag: &HeaderValue) -> bool {
    let bare = |text: &str| text.trim().trim_start_matches("W/").to_owned();
    let tag = tag.to_str().map(bare).unwrap_or_default();
    let sent = asked.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    sent.flat_map(|value| value.split(',')).any(|one| one.trim() == "*" || bare(one) == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sent {
        #[expect(dead_code, reason = "only whether it is read")]
        count: u8,
    }

    fn refused(body: &str) -> String {
        match read::<Sent>(body.as_bytes()).unwrap_err() {
            WebError::Invalid(fields) => format!("{}: {}", fields[0].field, fields[0].detail),
            other => other.to_string(),
        }
    }

    #[test]
    fn a_wrong_field_is_named_and_what_was_sent_is_not_repeated() {
        assert_eq!(refused(r#"{"count": "Anna"}"#), "count: must be a whole number");
        assert_eq!(refused(r#"{"count": 300}"#), "count: must be a whole number");
        assert_eq!(refused(r#"{"count": 1.5}"#), "count: must be a whole number");
        assert!(read::<Sent>(br#"{"count": 30.0}"#).is_ok(), "30.0 is the whole number 30");
        assert_eq!(refused("{}"), "body: missing field `count`");
        assert_eq!(refused(r#"{"count":1,"more":2}"#), "more: unknown field `more`, expected `count`");
        assert_eq!(refused("[1]"), "body: must be an object");
        assert!(refused("{").starts_with("the body is no JSON"));
    }

    #[test]
    fn a_tag_that_comes_back_says_that_nothing_has_changed() {
        let ask = |tag: &str| HeaderMap::from_iter([(IF_NONE_MATCH, HeaderValue::try_from(tag).unwrap())]);
        let first = tagged(&HeaderMap::new(), &[1, 2]).unwrap();
        let tag = first.headers()[ETAG].to_str().unwrap().to_owned();
        for same in [tag.clone(), tag[2..].to_owned(), format!("\"x\", {tag}"), "*".to_owned()] {
            assert_eq!(tagged(&ask(&same), &[1, 2]).unwrap().status(), StatusCode::NOT_MODIFIED, "{same}");
        }
        assert_eq!(tagged(&ask(&tag), &[1, 3]).unwrap().status(), StatusCode::OK);
    }
}
