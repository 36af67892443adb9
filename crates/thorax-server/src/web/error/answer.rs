//! From a [`Problem`] to the answer, in the form that the asker reads.

use std::fmt::Write;

use askama::Template;
use axum::extract::Request;
use axum::http::header::{ACCEPT, CONTENT_TYPE, COOKIE, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::FieldProblem;
use crate::web::assets::Assets;
use crate::web::request::{RequestId, Whose};
use crate::web::view::{ErrorPage, Frame, Html, Sidebar, Theme};

/// What went wrong, in what may be said of it; carried by a response without a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The status.
    pub status: StatusCode,
    /// Short and stable, for programs.
    pub kind: &'static str,
    /// For people.
    pub detail: String,
    /// What is wrong with which field.
    pub fields: Vec<FieldProblem>,
    /// Seconds after which to try again.
    pub retry_after: Option<u64>,
}

/// RFC 9457.
#[derive(Serialize)]
struct Body<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldProblem],
    request_id: String,
}

/// Who asks: what form an error must have, and where to go on after signing in.
#[derive(Debug, Clone)]
pub struct Asker {
    form: Form,
    back_to: Option<String>,
    theme: Theme,
    whose: Whose,
    assets: Assets,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Page,
    Json,
    Plain,
}

impl Asker {
    /// Who sends a request.
    #[must_use]
    pub fn of(request: &Request, whose: Whose, assets: Assets) -> Self {
        let accepts = |kind: &str| {
            let values = request.headers().get_all(ACCEPT).iter();
            values.filter_map(|value| value.to_str().ok()).any(|text| text.contains(kind))
        };
        let path = request.uri().path();
        let form = if path.starts_with("/api/") || (accepts("json") && !accepts("text/html")) {
            Form::Json
        } else if accepts("text/html")
            || accepts("*/*") && !accepts("image/")
            || !request.headers().contains_key(ACCEPT)
        {
            Form::Page
        } else {
            Form::Plain
        };
        let is_page = form == Form::Page && request.method() == Method::GET;
        let back_to = is_page.then(|| request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned());
        Self { form, back_to, theme: theme(request), whose, assets }
    }
}

/// Dark or light, as the browser remembers it.
fn theme(request: &Request) -> Theme {
    let cookies = request.headers().get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split(';'));
    Theme::from_cookie(pairs.find_map(|pair| pair.trim().strip_prefix("theme=")))
}

/// Completes a response: one that carries a [`Problem`], or that axum refused in its own words, gets its body.
pub fn finish(mut response: Response, asker: &Asker, id: RequestId) -> Response {
    let problem = match response.extensions_mut().remove::<Problem>() {
        Some(problem) => problem,
        None => match refused_by_the_framework(&response) {
            Some(problem) => problem,
            None => return response,
        },
    };
    let mut answer = match asker.form {
        Form::Page if problem.kind == "sign-in" => to_sign_in(asker),
        Form::Page => (problem.status, axum::response::Html(page(&problem, asker, id))).into_response(),
        Form::Json => json(&problem, id),
        Form::Plain => (problem.status, problem.detail.clone()).into_response(),
    };
    if asker.form != Form::Page && problem.status == StatusCode::UNAUTHORIZED {
        answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if let Some(seconds) = problem.retry_after {
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    // What the handler or a layer has set beside the body stays: cookies, Allow.
    for (name, value) in response.headers() {
        if name != CONTENT_TYPE && name != axum::http::header::CONTENT_LENGTH {
            answer.headers_mut().append(name.clone(), value.clone());
        }
    }
    answer
}

/// An error that an extractor or the router answered in plain text.
fn refused_by_the_framework(response: &Response) -> Option<Problem> {
    let status = response.status();
    let is_text = response.headers().get(CONTENT_TYPE).is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"));
    if !(status.is_client_error() || status.is_server_error()) || !is_text {
        return None;
    }
    let (kind, detail) = match status {
        StatusCode::NOT_FOUND => ("not-found", "there is nothing at this address"),
        StatusCode::METHOD_NOT_ALLOWED => ("method-not-allowed", "this address cannot be asked in this way"),
        StatusCode::PAYLOAD_TOO_LARGE => ("too-large", "more was sent than is taken here"),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => ("unsupported-type", "what was sent is of a kind that is not read here"),
        StatusCode::UNPROCESSABLE_ENTITY => ("invalid", "what was sent lacks something or holds something wrong"),
        status if status.is_client_error() => ("bad-request", "the request cannot be understood"),
        _ => ("internal", "something went wrong here; it was written down under the number below"),
    };
    Some(Problem { status, kind, detail: detail.to_owned(), fields: Vec::new(), retry_after: None })
}

fn json(problem: &Problem, id: RequestId) -> Response {
    let body = Body {
        r#type: format!("urn:thorax:problem:{}", problem.kind),
        title: title(problem.status),
        status: problem.status.as_u16(),
        detail: &problem.detail,
        errors: &problem.fields,
        request_id: id.to_string(),
    };
    let text = serde_json::to_string(&body).unwrap_or_default();
    (problem.status, [(CONTENT_TYPE, "application/problem+json")], text).into_response()
}

fn title(status: StatusCode) -> &'static str {
    status.canonical_reason().unwrap_or("Error")
}

/// Sends a browser to the page for signing in, and from there back.
fn to_sign_in(asker: &Asker) -> Response {
    let back = asker.back_to.as_deref().filter(|path| *path != "/");
    let to = back.map_or_else(|| "/login".to_owned(), |path| format!("/login?next={}", encoded(path)));
    (StatusCode::SEE_OTHER, [(LOCATION, to)]).into_response()
}

/// Percent-encoding of everything that is not plain.
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    text.bytes().fold(String::new(), |mut out, byte| {
        if plain(byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

/// The page of an error.
fn page(problem: &Problem, asker: &Asker, id: RequestId) -> String {
    let user = asker.whose.user().cloned();
    let sidebar = user.clone().and_then(|user| Sidebar { user, awaiting: None }.render().ok()).unwrap_or_default();
    let title = heading(problem.status);
    let frame = Frame {
        title: title.to_owned(),
        section: "",
        user,
        theme: asker.theme,
        request_id: id.to_string(),
        sidebar: Html(sidebar),
        flashes: Vec::new(),
        assets: asker.assets.clone(),
    };
    let advice = sentence(&problem.detail);
    let retry_after = problem.retry_after;
    let page = ErrorPage { frame, status: problem.status.as_u16(), title: title.to_owned(), advice, retry_after };
    page.render().unwrap_or_else(|_| title.to_owned())
}

/// The heading for people.
fn heading(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND => "There is nothing here",
        StatusCode::FORBIDDEN => "This is not for you",
        StatusCode::UNAUTHORIZED => "Sign in first",
        StatusCode::PAYLOAD_TOO_LARGE => "That is too large",
        StatusCode::TOO_MANY_REQUESTS => "Too often",
        StatusCode::SERVICE_UNAVAILABLE => "Not now",
        StatusCode::GATEWAY_TIMEOUT => "It took too long",
        status if status.is_server_error() => "Something went wrong",
        _ => "That did not work",
    }
}

/// The text with a capital and a full stop.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    let stop = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{stop}", letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::WebError;
    use axum::body::Body;
    use http_body_util::BodyExt;

    fn asker(path: &str, accept: &str) -> Asker {
        let request = axum::http::Request::get(path).header(ACCEPT, accept).body(Body::empty()).unwrap();
        Asker::of(&request, Whose::default(), Assets::default())
    }

    async fn answer(error: WebError, asker: &Asker) -> (Response<()>, String) {
        let (parts, body) = finish(error.into_response(), asker, RequestId::new()).into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        (Response::from_parts(parts, ()), String::from_utf8(bytes.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn programs_get_a_problem_and_people_a_page_and_neither_gets_the_cause() {
        let broken = || WebError::from(anyhow::anyhow!("secret cause"));
        let (head, body) = answer(broken(), &asker("/api/v1/x", "*/*")).await;
        assert_eq!(head.status(), 500);
        assert_eq!(head.headers()[CONTENT_TYPE], "application/problem+json");
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body["type"], "urn:thorax:problem:internal");
        assert!(body["request_id"].as_str().unwrap().len() == 36 && !body.to_string().contains("secret"));
        let (head, body) = answer(broken(), &asker("/x", "text/html,*/*")).await;
        assert!(head.headers()[CONTENT_TYPE].to_str().unwrap().starts_with("text/html"));
        assert!(!body.contains("secret"));
        assert!(body.contains("Something went wrong here; it was written down under the number below."), "{body}");
    }

    #[tokio::test]
    async fn browsers_are_sent_to_sign_in_and_back_and_programs_are_told() {
        let (head, _) = answer(WebError::SignIn, &asker("/worklist?page=2&q=a", "text/html")).await;
        assert_eq!(head.status(), 303);
        assert_eq!(head.headers()[LOCATION], "/login?next=/worklist%3Fpage%3D2%26q%3Da");
        let (head, _) = answer(WebError::SignIn, &asker("/", "text/html")).await;
        assert_eq!(head.headers()[LOCATION], "/login");
        let (head, _) = answer(WebError::SignIn, &asker("/api/v1/x", "application/json")).await;
        assert_eq!(
            (head.status().as_u16(), &head.headers()[WWW_AUTHENTICATE]),
            (401, &HeaderValue::from_static("Bearer"))
        );
        let (head, _) = answer(WebError::SignIn, &asker("/xrays/1/image.png", "image/webp,*/*")).await;
        assert_eq!(head.status(), 401);
    }

    #[tokio::test]
    async fn a_full_queue_says_when_to_try_again() {
        let full = WebError::Unavailable { wait: std::time::Duration::from_secs(7), detail: "full".to_owned() };
        let (head, body) = answer(full, &asker("/x", "application/json")).await;
        assert_eq!((head.status().as_u16(), head.headers()[RETRY_AFTER].to_str().unwrap()), (503, "7"));
        assert!(body.contains("\"detail\":\"full\""));
    }

    #[tokio::test]
    async fn fields_are_named() {
        let (head, body) = answer(WebError::field("name", "too long"), &asker("/api/v1/x", "")).await;
        assert_eq!(head.status(), 422);
        assert!(body.contains(r#""errors":[{"field":"name","detail":"too long"}]"#), "{body}");
    }
}
