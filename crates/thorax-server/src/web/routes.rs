//! What a route is: where it is, who may come, how much may be sent and how long it may take.

use std::convert::Infallible;
use std::fmt;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::handler::Handler;
use axum::http::Method;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};

use thorax_domain::user::Scope;

use super::state::AppState;
use super::{WebError, policy};

/// Who may come to a route at all. What somebody may see there is decided object by object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Section {
    /// Anybody.
    Public,
    /// Whoever is signed in.
    SignedIn,
    /// Doctors and administrators.
    Clinical,
    /// Doctors, administrators, and the patient whose object it is.
    Results,
    /// Patients.
    Patient,
    /// Administrators.
    Admin,
    /// This machine, holders of the metrics token, and administrators.
    Operations,
}

/// The most that a form or a JSON body may have.
const BODY: usize = 256 << 10;

/// One line of the table of routes.
#[derive(Clone)]
pub struct Route {
    /// The method; GET answers HEAD, too.
    pub method: Method,
    /// The path, with parameters in braces.
    pub path: &'static str,
    /// Who may come.
    pub section: Section,
    /// What a token must allow; where nothing is said, reading or writing as the method does.
    pub scope: Option<Scope>,
    /// Whether files are sent here, which are larger and take longer than forms.
    pub is_upload: bool,
    handler: MethodRouter<AppState>,
}

impl Route {
    fn new<H, T>(method: Method, path: &'static str, section: Section, handler: H) -> Self
    where
        H: Handler<T, AppState>,
        T: 'static,
    {
        let filter = MethodFilter::try_from(method.clone()).expect("the methods below are known; this is a bug");
        Self { method, path, section, scope: None, is_upload: false, handler: on(filter, handler) }
    }

    /// A route that shows.
    pub fn get<H: Handler<T, AppState>, T: 'static>(path: &'static str, section: Section, handler: H) -> Self {
        Self::new(Method::GET, path, section, handler)
    }

    /// A route that does.
    pub fn post<H: Handler<T, AppState>, T: 'static>(path: &'static str, section: Section, handler: H) -> Self {
        Self::new(Method::POST, path, section, handler)
    }

    /// A route that puts a thing in another's place.
    pub fn put<H: Handler<T, AppState>, T: 'static>(path: &'static str, section: Section, handler: H) -> Self {
        Self::new(Method::PUT, path, section, handler)
    }

    /// A route that changes a part.
    pub fn patch<H: Handler<T, AppState>, T: 'static>(path: &'static str, section: Section, handler: H) -> Self {
        Self::new(Method::PATCH, path, section, handler)
    }

    /// A route that takes away.
    pub fn delete<H: Handler<T, AppState>, T: 'static>(path: &'static str, section: Section, handler: H) -> Self {
        Self::new(Method::DELETE, path, section, handler)
    }

    /// The route, for files: as many and as large as the configuration allows.
    #[must_use]
    pub fn upload(mut self) -> Self {
        self.is_upload = true;
        self
    }

    /// The route, for tokens that allow so much.
    #[must_use]
    pub fn scoped(mut self, scope: Scope) -> Self {
        self.scope = Some(scope);
        self
    }

    /// Puts the route into a router, behind its policy and its limits.
    pub(super) fn mount(self, router: Router<AppState>, state: &AppState) -> Router<AppState> {
        let web = &state.web;
        let (bytes, time) = if self.is_upload {
            let files = web.upload_limit.bytes().saturating_mul(web.upload_files as u64);
            (usize::try_from(files).unwrap_or(usize::MAX), None)
        } else {
            (BODY, Some(Duration::from_secs(web.request_seconds)))
        };
        let guarded = self
            .handler
            .layer::<_, Infallible>(from_fn_with_state((state.clone(), self.section, self.scope), policy::guard))
            .layer::<_, Infallible>(DefaultBodyLimit::max(bytes))
            .layer(from_fn_with_state(time, within));
        router.route(self.path, guarded)
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {} {:?}", self.method, self.path, self.section)
    }
}

/// Gives up on an answer that takes too long. An upload takes as long as its sender sends.
async fn within(State(time): State<Option<Duration>>, request: Request, next: Next) -> Response {
    let answer = next.run(request);
    match time {
        None => answer.await,
        Some(time) => tokio::time::timeout(time, answer).await.unwrap_or_else(|_| WebError::TooSlow.into_response()),
    }
}
