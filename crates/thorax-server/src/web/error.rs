//! What goes wrong, and the one place where it becomes an answer: a page for people, `application/problem+json` (RFC 9457) for
//! programs. The answer holds the request's id and never what is inside: that goes to the log.

mod answer;

pub use answer::{Asker, Problem, finish};

use std::time::Duration;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use thorax_store::StoreError;

use crate::workflow::intake::{COME_BACK, IntakeError};

/// Why a request is not answered as it wished. Handlers return it; nothing in it is shown that is not meant to be.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// Nobody is signed in.
    #[error("sign in first")]
    SignIn,
    /// There is no such thing, or it is not for this person to know that there is.
    #[error("there is nothing at this address")]
    NotFound,
    /// The address is there, the method is not.
    #[error("this address cannot be asked in this way")]
    MethodNotAllowed,
    /// This part of the site is for others.
    #[error("this part of the site is for others")]
    Forbidden,
    /// The request comes from another site, or from a browser that does not say where it comes from.
    #[error("the request did not come from this site; open the page again and repeat it")]
    CrossSite,
    /// The request cannot be understood. The text is shown.
    #[error("{0}")]
    BadRequest(String),
    /// The request can be understood and some fields are wrong. The texts are shown.
    #[error("some of what was sent cannot be accepted")]
    Invalid(Vec<FieldProblem>),
    /// The thing has changed, or is not in a state for this. The text is shown.
    #[error("{0}")]
    Conflict(String),
    /// The thing is not as the request expects (`If-Match`).
    #[error("it was changed meanwhile; read it again")]
    PreconditionFailed,
    /// More was sent than is taken. The text is shown.
    #[error("{0}")]
    TooLarge(String),
    /// What was sent is of a kind that is not read. The text is shown.
    #[error("{0}")]
    UnsupportedType(String),
    /// This person has asked too often. The text is shown.
    #[error("{detail}")]
    TooMany {
        /// When to try again.
        wait: Duration,
        /// What happened.
        detail: String,
    },
    /// The site cannot do it now. The text is shown.
    #[error("{detail}")]
    Unavailable {
        /// When to try again.
        wait: Duration,
        /// What is missing.
        detail: String,
    },
    /// It took too long.
    #[error("the answer took too long; try again in a moment")]
    TooSlow,
    /// Something of ours broke. The cause goes to the log only.
    #[error("something went wrong here; it was written down under the number below")]
    Internal(anyhow::Error),
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct FieldProblem {
    /// The field's name.
    pub field: String,
    /// What is wrong and what to do.
    pub detail: String,
}

impl WebError {
    /// One wrong field.
    #[must_use]
    pub fn field(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldProblem { field: field.into(), detail: detail.into() }])
    }

    /// The status and the stable name of the kind.
    const fn kind(&self) -> (StatusCode, &'static str) {
        match self {
            Self::SignIn => (StatusCode::UNAUTHORIZED, "sign-in"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "forbidden"),
            Self::CrossSite => (StatusCode::FORBIDDEN, "cross-site"),
            Self::BadRequest(_) => (StatusCode::BAD_REQUEST, "bad-request"),
            Self::Invalid(_) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid"),
            Self::Conflict(_) => (StatusCode::CONFLICT, "conflict"),
            Self::PreconditionFailed => (StatusCode::PRECONDITION_FAILED, "precondition-failed"),
            Self::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "too-large"),
            Self::UnsupportedType(_) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-type"),
            Self::TooMany { .. } => (StatusCode::TOO_MANY_REQUESTS, "too-many"),
            Self::Unavailable { .. } => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
            Self::TooSlow => (StatusCode::GATEWAY_TIMEOUT, "too-slow"),
            Self::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        }
    }
}

impl From<anyhow::Error> for WebError {
    fn from(error: anyhow::Error) -> Self {
        Self::Internal(error)
    }
}

impl From<StoreError> for WebError {
    /// What a handler did not expect of the store. What it does expect it says in its own words.
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::QueueFull(waiting) => Self::Unavailable {
                wait: COME_BACK,
                detail: format!("{waiting} X-rays are waiting already; nothing is lost, try again in a moment"),
            },
            StoreError::Gone(_) => Self::NotFound,
            StoreError::Review(refused) => Self::Conflict(refused.to_string()),
            StoreError::Taken(name) => Self::Conflict(format!("{name} is taken")),
            other => Self::Internal(other.into()),
        }
    }
}

impl From<IntakeError> for WebError {
    fn from(error: IntakeError) -> Self {
        let detail = error.to_string();
        match error {
            IntakeError::NoSuchPatient => Self::NotFound,
            IntakeError::TooLarge(_) => Self::TooLarge(detail),
            IntakeError::NoFilm(_) => Self::UnsupportedType(detail),
            IntakeError::QueueFull(_) => Self::Unavailable { wait: COME_BACK, detail },
            IntakeError::Decoder(cause) => Self::Internal(anyhow::Error::new(cause).context(detail)),
            IntakeError::Store(cause) => Self::Internal(anyhow::Error::new(cause).context(detail)),
        }
    }
}

impl IntoResponse for WebError {
    /// An answer without a body; [`finish`] writes it for whoever asked.
    fn into_response(self) -> Response {
        let (status, kind) = self.kind();
        if let Self::Internal(error) = &self {
            tracing::error!(error = format!("{error:#}"), "a request failed");
        }
        let retry_after = match &self {
            Self::TooMany { wait, .. } | Self::Unavailable { wait, .. } => Some(wait.as_secs().max(1)),
            _ => None,
        };
        let detail = self.to_string();
        let fields = if let Self::Invalid(fields) = self { fields } else { Vec::new() };
        let mut response = status.into_response();
        response.extensions_mut().insert(Problem { status, kind, detail, fields, retry_after });
        response
    }
}
