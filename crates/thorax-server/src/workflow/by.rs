//! Who asks for a verb, and from where: what every audit event begins with.

use thorax_domain::audit::{Action, AuditEvent, Object, Origin};
use thorax_domain::clock::Timestamp;
use thorax_domain::user::Viewer;

/// Who asks, and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By {
    /// Who.
    pub viewer: Viewer,
    /// From where.
    pub origin: Origin,
}

impl By {
    /// That they did something, and it went well.
    #[must_use]
    pub fn event(&self, at: Timestamp, action: Action, object: Object, id: impl ToString) -> AuditEvent {
        AuditEvent::new(at, self.viewer, action, object, id).from(self.origin.clone())
    }
}
