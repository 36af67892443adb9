//! Signing in and out, registering, and the theme.

use axum::Form;
use axum::extract::Query;
use axum::http::header::{REFERER, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use thorax_domain::user::Username;

use super::forms::{Reader, sentence};
use super::visit::{Guest, Visit, page, page_with};
use crate::config;
use crate::web::auth::{cookie, origin};
use crate::web::view::{FormErrors, LoginPage, RegisterPage, Theme};
use crate::web::{AppState, WebError};
use crate::workflow::accounts::{self, AccountError, Attempt, Begun, Registration};
use crate::workflow::passwords::{Password, SHORTEST};

/// Where to go after signing in.
#[derive(Debug, Default, Deserialize)]
pub struct Next {
    #[serde(default)]
    next: String,
}

/// What the form for signing in sends.
#[derive(Debug, Deserialize)]
pub struct SignIn {
    #[serde(default)]
    username: String,
    password: SecretString,
    #[serde(default)]
    next: String,
}

/// What the form for registering sends.
#[derive(Debug, Deserialize)]
pub struct Register {
    #[serde(default)]
    username: String,
    #[serde(default)]
    full_name: String,
    #[serde(default)]
    date_of_birth: String,
    #[serde(default)]
    sex: String,
    password: SecretString,
    password_again: SecretString,
}

/// A theme to be kept.
#[derive(Debug, Deserialize)]
pub struct Chosen {
    #[serde(default)]
    theme: String,
}

/// A path of ours, and nothing that a browser could take for another site.
fn path(text: &str) -> &str {
    let is_ours = text.starts_with('/')
        && !text.starts_with("//")
        && !text.contains('\\')
        && !text.chars().any(|one| one.is_control() || one.is_whitespace())
        && text.parse::<Uri>().is_ok();
    if is_ours { text } else { "/" }
}

/// `GET /login`
pub async fn form(guest: Guest, Query(Next { next }): Query<Next>) -> Result<Response, WebError> {
    if guest.caller.is_some() {
        return Ok(Redirect::to(path(&next)).into_response());
    }
    page(&login(&guest, String::new(), &next, FormErrors::default()))
}

fn login(guest: &Guest, username: String, next: &str, errors: FormErrors) -> LoginPage {
    LoginPage {
        frame: guest.frame("Sign in", "/login"),
        username,
        next: path(next).to_owned(),
        retry_after: None,
        registration_open: is_open(&guest.app),
        errors,
    }
}

fn is_open(app: &AppState) -> bool {
    app.web.registration == config::Registration::Anybody
}

/// `POST /login`
pub async fn sign_in(
    guest: Guest,
    headers: HeaderMap,
    origin: Whence,
    Form(form): Form<SignIn>,
) -> Result<Response, WebError> {
    let attempt = Attempt {
        username: form.username.clone(),
        password: form.password,
        agent: guest.agent.clone(),
        replaced: cookie::session(&headers, &guest.app.web).map(|secret| accounts::hash(&secret)),
        origin: origin.0,
    };
    match accounts::sign_in(&guest.app, attempt).await {
        Ok(begun) => Ok(come_in(&guest.app, &begun, path(&form.next))),
        Err(error) => refused(&guest, form.username, &form.next, error),
    }
}

/// The form once more, with what was wrong; the status says how wrong.
fn refused(guest: &Guest, username: String, next: &str, error: AccountError) -> Result<Response, WebError> {
    let general = Some(sentence(&error.to_string()));
    let mut shown = login(guest, username, next, FormErrors { general, fields: Vec::new() });
    let wait = match error {
        AccountError::Wrong => return page_with(StatusCode::UNPROCESSABLE_ENTITY, &shown),
        AccountError::TooMany(wait) => wait.as_secs().max(1),
        AccountError::Busy => 5,
        other => return Err(other.into()),
    };
    shown.errors = FormErrors::default();
    shown.retry_after = Some(wait);
    let status = if matches!(error, AccountError::Busy) {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::TOO_MANY_REQUESTS
    };
    let answer = page_with(status, &shown)?;
    Ok((AppendHeaders([("retry-after", wait.to_string())]), answer).into_response())
}

/// The answer to whoever has proved who they are.
fn come_in(app: &AppState, begun: &Begun, to: &str) -> Response {
    with_cookie(cookie::keep(&begun.secret, &app.web), Redirect::to(to))
}

/// An answer with a cookie.
pub fn with_cookie(cookie: HeaderValue, answer: impl IntoResponse) -> Response {
    let mut answer = answer.into_response();
    answer.headers_mut().append(SET_COOKIE, cookie);
    answer
}

/// `POST /logout`
pub async fn sign_out(visit: Visit) -> Result<Response, WebError> {
    let session = visit.caller.session()?.id;
    accounts::sign_out(&visit.app, &visit.by(), session).await?;
    Ok(with_cookie(cookie::forget(&visit.app.web), Redirect::to("/login?said=signed-out")))
}

/// `GET /register`
pub async fn register_form(guest: Guest) -> Result<Response, WebError> {
    if !is_open(&guest.app) {
        return Err(WebError::NotFound);
    }
    if guest.caller.is_some() {
        return Ok(Redirect::to("/").into_response());
    }
    page(&registration(&guest, [const { String::new() }; 4], FormErrors::default()))
}

fn registration(guest: &Guest, typed: [String; 4], errors: FormErrors) -> RegisterPage {
    let [username, full_name, date_of_birth, sex] = typed;
    let frame = guest.frame("Register", "/register");
    RegisterPage { frame, username, full_name, date_of_birth, sex, password_minimum: SHORTEST as u64, errors }
}

/// `POST /register`
pub async fn register(guest: Guest, origin: Whence, Form(form): Form<Register>) -> Result<Response, WebError> {
    if !is_open(&guest.app) {
        return Err(WebError::NotFound);
    }
    let mut reader = Reader::default();
    let new = read(&mut reader, &guest, &form, origin);
    let typed = [form.username, form.full_name, form.date_of_birth, form.sex];
    let Some(new) = new else {
        return page_with(StatusCode::UNPROCESSABLE_ENTITY, &registration(&guest, typed, reader.errors));
    };
    match accounts::register(&guest.app, new).await {
        Ok(begun) => Ok(come_in(&guest.app, &begun, "/")),
        Err(AccountError::NameTaken) => {
            reader.wrong("username", sentence(&AccountError::NameTaken.to_string()));
            page_with(StatusCode::UNPROCESSABLE_ENTITY, &registration(&guest, typed, reader.errors))
        }
        Err(other) => Err(other.into()),
    }
}

fn read(reader: &mut Reader, guest: &Guest, form: &Register, origin: Whence) -> Option<Registration> {
    let username = reader.field("username", Username::new(&form.username));
    let full_name = reader.full_name(&form.full_name);
    let date_of_birth = reader.date_of_birth(&form.date_of_birth, guest.app.clock.now());
    let sex = reader.sex(&form.sex);
    let password = new_password(reader, &form.password, &form.password_again);
    Some(Registration {
        username: username?,
        full_name: full_name?,
        date_of_birth: date_of_birth?,
        sex: sex?,
        password: password?,
        agent: guest.agent.clone(),
        origin: origin.0,
    })
}

/// A password that was typed twice.
pub fn new_password(reader: &mut Reader, once: &SecretString, again: &SecretString) -> Option<Password> {
    let password = reader.field("password", Password::new(once));
    if once.expose_secret() != again.expose_secret() {
        reader.wrong("password_again", "The two are not the same.");
        return None;
    }
    password
}

/// `POST /theme`: kept for a year, then back to where the visitor was.
pub async fn theme(guest: Guest, headers: HeaderMap, Form(Chosen { theme }): Form<Chosen>) -> Response {
    let referer = headers.get(REFERER).and_then(|value| value.to_str().ok()).and_then(|text| text.parse::<Uri>().ok());
    let back = referer.as_ref().and_then(Uri::path_and_query).map_or("/", |path| path.as_str());
    let theme = Theme::from_cookie(Some(&theme));
    with_cookie(cookie::keep_theme(theme, &guest.app.web), Redirect::to(path(back)))
}

/// From where a request comes, for the log.
pub struct Whence(pub thorax_domain::audit::Origin);

impl axum::extract::FromRequestParts<AppState> for Whence {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut axum::http::request::Parts, _: &AppState) -> Result<Self, Self::Rejection> {
        Ok(Self(origin(parts)))
    }
}

#[cfg(test)]
mod tests {
    use super::path;

    #[test]
    fn nobody_is_sent_to_another_site() {
        for wrong in ["", "https://evil.example", "//evil.example", "/\\evil.example", "/\t/evil", "javascript:x"] {
            assert_eq!(path(wrong), "/", "{wrong}");
        }
        assert_eq!(path("/worklist?page=2"), "/worklist?page=2");
    }
}
