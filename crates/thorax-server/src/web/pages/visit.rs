//! One request for a page: who visits, and what stands around every page.

use askama::Template;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html as HtmlBody, IntoResponse, Redirect, Response};
use thorax_domain::audit::{Action, AuditEvent, Object};
use thorax_domain::clock::Timestamp;
use thorax_domain::user::{Role, Viewer};

use crate::web::auth::{Caller, Perhaps, cookie};
use crate::web::request::RequestId;
use crate::web::view::{Flash, FlashKind, Frame, Html, Moment, Sidebar, SignedIn, Theme};
use crate::web::{AppState, WebError, assets::Assets, cached, timing};
use crate::workflow::by::By;

/// Somebody who is signed in visits a page.
pub struct Visit {
    /// The services.
    pub app: AppState,
    /// Who.
    pub caller: Caller,
    /// What the browser is.
    pub agent: String,
    around: Around,
}

/// Anybody visits a page that is for everybody.
pub struct Guest {
    /// The services.
    pub app: AppState,
    /// Who, where it is known.
    pub caller: Option<Caller>,
    /// What the browser is.
    pub agent: String,
    around: Around,
}

struct Around {
    theme: Theme,
    request_id: RequestId,
    said: Option<Flash>,
}

/// What a page says when it is come to after something was done: a word in the address, a sentence on the page.
const SAID: &[(&str, FlashKind, &str)] = &[
    ("reviewed", FlashKind::Success, "The review is signed."),
    ("unsure", FlashKind::Info, "Noted: you are unsure. Another doctor may settle this result."),
    ("all-reviewed", FlashKind::Success, "The review is signed. Nothing else awaits review."),
    ("asked", FlashKind::Info, "The networks are asked once more."),
    ("forced", FlashKind::Warning, "The networks are asked in spite of the gate; the log says so."),
    ("cancelled", FlashKind::Info, "The reading was called off."),
    ("saved", FlashKind::Success, "Saved."),
    ("password", FlashKind::Success, "The password is changed. All other sessions have ended."),
    ("revoked", FlashKind::Success, "Revoked."),
    ("signed-out", FlashKind::Info, "You are signed out."),
    ("created", FlashKind::Success, "Made."),
    ("erased", FlashKind::Success, "Everything of the patient is erased."),
    ("deleted", FlashKind::Success, "The X-ray is deleted, with everything that was read from it."),
    ("cleared", FlashKind::Success, "The cache is empty."),
    ("requeued", FlashKind::Success, "The job waits in the queue again."),
    ("unchanged", FlashKind::Warning, "There was nothing to change any more."),
    ("own", FlashKind::Warning, "You cannot take this from yourself; another administrator can."),
];

impl Around {
    fn of(parts: &Parts) -> Self {
        let query = parts.uri.query().unwrap_or_default();
        let said = query.split('&').find_map(|pair| pair.strip_prefix("said="));
        let said = said.and_then(|word| SAID.iter().find(|(known, ..)| *known == word));
        Self {
            theme: cookie::theme(&parts.headers),
            request_id: parts.extensions.get().copied().unwrap_or_default(),
            said: said.map(|(_, kind, text)| Flash { kind: *kind, text: (*text).to_owned() }),
        }
    }

    fn frame(
        &self,
        app: &AppState,
        title: &str,
        section: &'static str,
        user: Option<SignedIn>,
        sidebar: Html,
    ) -> Frame {
        Frame {
            title: title.to_owned(),
            section,
            user,
            theme: self.theme,
            request_id: self.request_id.to_string(),
            sidebar,
            flashes: self.said.iter().cloned().collect(),
            assets: Assets::new(app.web.cdn.as_deref().unwrap_or_default()),
        }
    }
}

fn agent(headers: &HeaderMap) -> String {
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    agent.unwrap_or("unknown").to_owned()
}

impl FromRequestParts<AppState> for Visit {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, WebError> {
        let caller = Caller::from_request_parts(parts, app).await?;
        let (agent, around) = (agent(&parts.headers), Around::of(parts));
        Ok(Self { app: AppState::clone(app), caller, agent, around })
    }
}

impl FromRequestParts<AppState> for Guest {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, WebError> {
        let Perhaps(caller) = Perhaps::from_request_parts(parts, app).await?;
        let (agent, around) = (agent(&parts.headers), Around::of(parts));
        Ok(Self { app: AppState::clone(app), caller, agent, around })
    }
}

impl Guest {
    /// What stands around the page.
    pub fn frame(&self, title: &str, section: &'static str) -> Frame {
        self.around.frame(&self.app, title, section, None, Html::default())
    }
}

impl Visit {
    /// Who looks, for the store.
    pub const fn viewer(&self) -> Viewer {
        self.caller.viewer()
    }

    /// Who asks, for the verbs.
    pub fn by(&self) -> By {
        self.caller.by()
    }

    /// Whether it is a patient, who sees only what is released.
    pub fn is_patient(&self) -> bool {
        self.caller.user.role == Role::Patient
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        self.app.clock.now()
    }

    /// An event for the audit log: this visitor did something, and it went well.
    pub fn event(&self, action: Action, object: Object, id: impl ToString) -> AuditEvent {
        self.by().event(self.now(), action, object, id)
    }

    /// Writes down what was seen, before it is shown.
    pub async fn note(&self, event: AuditEvent) -> Result<(), WebError> {
        Ok(timing::stage("audit", self.app.store.audit().record(vec![event])).await?)
    }

    /// What stands around the page.
    pub async fn frame(&self, title: &str, section: &'static str) -> Result<Frame, WebError> {
        let user = self.caller.signed_in();
        let sidebar = timing::stage("sidebar", sidebar(&self.app, &self.caller)).await?;
        Ok(self.around.frame(&self.app, title, section, Some(user), sidebar))
    }
}

/// The navigation of a user, from the cache where it is there.
pub async fn sidebar(app: &AppState, caller: &Caller) -> Result<Html, WebError> {
    let (id, role, user) = (caller.user.id, caller.user.role, caller.signed_in());
    let services = AppState::clone(app);
    cached::sidebar(app, id, async move {
        let awaiting =
            if role.sees_all_patients() { Some(cached::statistics(&services).await?.awaiting_review) } else { None };
        render(&Sidebar { user, awaiting })
    })
    .await
}

/// The text of a template.
pub fn render(template: &impl Template) -> Result<String, WebError> {
    let text = timing::stage_sync("render", || template.render());
    text.map_err(|error| WebError::Internal(anyhow::Error::new(error).context("a template could not be rendered")))
}

/// The answer with a page.
pub fn page(template: &impl Template) -> Result<Response, WebError> {
    page_with(StatusCode::OK, template)
}

/// The answer with a page and another status.
pub fn page_with(status: StatusCode, template: &impl Template) -> Result<Response, WebError> {
    Ok((status, HtmlBody(render(template)?)).into_response())
}

/// The answer to a form that was accepted: go there, and say so.
pub fn go(path: &str, said: &str) -> Response {
    let mark = if path.contains('?') { '&' } else { '?' };
    Redirect::to(&format!("{path}{mark}said={said}")).into_response()
}

/// A moment as a page shows it.
pub fn moment(time: Timestamp) -> Moment {
    Moment::new(time.to_string())
}

/// An id from an address; one that is none names nothing.
pub fn id<T: std::str::FromStr>(text: &str) -> Result<T, WebError> {
    text.parse().map_err(|_| WebError::NotFound)
}
