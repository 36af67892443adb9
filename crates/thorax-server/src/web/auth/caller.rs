//! The types by which a handler says whom it serves.

use axum::extract::FromRequestParts;
use axum::http::Method;
use axum::http::request::Parts;
use thorax_domain::audit::Origin;
use thorax_domain::user::{ApiToken, Role, Scope, Session, User, Viewer};

use crate::web::request::{Peer, RequestId};
use crate::web::view::{self, SignedIn};
use crate::web::{AppState, WebError};
use crate::workflow::by::By;

/// Who asks, by which entry, and from where.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who.
    pub user: User,
    /// By which entry.
    pub entry: Entry,
    /// From where.
    pub origin: Origin,
}

/// How somebody came in.
#[derive(Debug, Clone)]
pub enum Entry {
    /// A browser that signed in.
    Session(Session),
    /// A program that showed a token.
    Token(ApiToken),
}

impl Caller {
    /// Who looks, for the store.
    #[must_use]
    pub const fn viewer(&self) -> Viewer {
        Viewer { user: self.user.id, role: self.user.role }
    }

    /// Who asks, for the verbs.
    #[must_use]
    pub fn by(&self) -> By {
        By { viewer: self.viewer(), origin: self.origin.clone() }
    }

    /// Who is signed in, as pages show it.
    #[must_use]
    pub fn signed_in(&self) -> SignedIn {
        let user = &self.user;
        SignedIn { username: user.username.to_string(), full_name: user.full_name.clone(), role: shown(user.role) }
    }

    /// The browser's session. Programs have none: what concerns the account itself is not for them.
    ///
    /// # Errors
    /// [`WebError::Forbidden`]
    pub fn session(&self) -> Result<&Session, WebError> {
        match &self.entry {
            Entry::Session(session) => Ok(session),
            Entry::Token(_) => Err(WebError::Forbidden),
        }
    }

    /// Whether the entry allows so much: a browser allows what its user may do, a token what it was made for.
    #[must_use]
    pub fn has(&self, scope: Scope) -> bool {
        match &self.entry {
            Entry::Session(_) => true,
            Entry::Token(token) => token.scopes.has(scope),
        }
    }

    /// Whether the entry allows a request with this method.
    #[must_use]
    pub fn may(&self, method: &Method) -> bool {
        self.has(if method.is_safe() { Scope::Read } else { Scope::Write })
    }
}

/// A role as pages show it.
#[must_use]
pub const fn shown(role: Role) -> view::Role {
    match role {
        Role::Admin => view::Role::Admin,
        Role::Doctor => view::Role::Doctor,
        Role::Patient => view::Role::Patient,
    }
}

/// From where a request comes, for the audit log.
#[must_use]
pub fn origin(parts: &Parts) -> Origin {
    let peer: Peer = parts.extensions.get().copied().unwrap_or_default();
    let request_id = parts.extensions.get::<RequestId>().map(ToString::to_string).unwrap_or_default();
    Origin { ip: peer.address(), request_id }
}

/// The guard has let the caller in; a route that forgot its section lets nobody in.
impl FromRequestParts<AppState> for Caller {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, WebError> {
        parts.extensions.get::<Self>().cloned().ok_or(WebError::SignIn)
    }
}

/// Whoever asks, signed in or not: for pages that are for everybody.
#[derive(Debug, Clone)]
pub struct Perhaps(pub Option<Caller>);

impl FromRequestParts<AppState> for Perhaps {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, WebError> {
        super::identify(state, parts).await.map(Self)
    }
}

macro_rules! only {
    ($(#[$doc:meta])* $name:ident, $role:pat) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name(pub Caller);

        impl FromRequestParts<AppState> for $name {
            type Rejection = WebError;

            async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, WebError> {
                let caller = Caller::from_request_parts(parts, state).await?;
                if matches!(caller.user.role, $role) { Ok(Self(caller)) } else { Err(WebError::Forbidden) }
            }
        }
    };
}

only!(
    /// Somebody who may do what doctors do: a doctor, or an administrator.
    Doctor,
    Role::Doctor | Role::Admin
);
only!(
    /// An administrator.
    Admin,
    Role::Admin
);
only!(
    /// A patient.
    PatientOnly,
    Role::Patient
);
