//! Who did what, to which object, when, from where. Ids only: no name, no record number.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::ids::{PatientId, UserId};
use crate::user::{Role, Viewer};
use crate::words::words;

words! {
    /// What was done.
    Action as "action" {
        /// Signed in.
        SignIn = "sign_in",
        /// Tried to, with a wrong password or on a locked account.
        SignInFailed = "sign_in_failed",
        /// Signed out.
        SignOut = "sign_out",
        /// Made an account.
        Register = "register",
        /// Changed a password.
        ChangePassword = "change_password",
        /// Ended a session.
        RevokeSession = "revoke_session",
        /// Looked at one thing.
        View = "view",
        /// Looked at a list.
        List = "list",
        /// Looked for something.
        Search = "search",
        /// Took data out.
        Export = "export",
        /// Brought something in or made it.
        Create = "create",
        /// Changed something.
        Update = "update",
        /// Asked the networks.
        Predict = "predict",
        /// Asked in spite of the gate.
        Force = "force",
        /// The networks' answer was stored.
        Complete = "complete",
        /// Reviewed a result.
        Review = "review",
        /// Called something off.
        Cancel = "cancel",
        /// Had something done again.
        Retry = "retry",
        /// Deleted one thing.
        Delete = "delete",
        /// Erased a patient.
        Erase = "erase",
        /// Emptied a cache.
        Clear = "clear",
    }
}

words! {
    /// To what.
    Object as "object" {
        /// A user.
        User = "user",
        /// A session.
        Session = "session",
        /// An API token.
        Token = "token",
        /// A patient.
        Patient = "patient",
        /// An X-ray.
        XRay = "xray",
        /// A prediction.
        Prediction = "prediction",
        /// A job.
        Job = "job",
        /// A cache.
        Cache = "cache",
        /// The statistics.
        Statistics = "statistics",
        /// The audit log itself.
        Audit = "audit",
        /// The program.
        System = "system",
    }
}

words! {
    /// How it went.
    Outcome as "outcome" {
        /// It was done.
        Done = "done",
        /// It was not allowed.
        Denied = "denied",
        /// It failed.
        Failed = "failed",
    }
}

/// From where a request came.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Origin {
    /// Address of the client; empty for the program itself.
    pub ip: String,
    /// The request's id; empty for the program itself.
    pub request_id: String,
}

/// One line of the log, before it has a number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuditEvent {
    /// When.
    pub at: Timestamp,
    /// Who; `None` for somebody not signed in and for the program itself.
    pub actor: Option<UserId>,
    /// As what.
    pub role: Option<Role>,
    /// Did what.
    pub action: Action,
    /// To what sort of thing.
    pub object: Object,
    /// To which one; a page or a filter for lists.
    pub object_id: String,
    /// Whose data.
    pub patient: Option<PatientId>,
    /// From where.
    pub origin: Origin,
    /// How it went.
    pub outcome: Outcome,
    /// What else, as a JSON object of ids, numbers and words.
    pub detail: Detail,
}

/// What else there is to say: pairs of a word and a text, no names.
pub type Detail = std::collections::BTreeMap<String, String>;

impl AuditEvent {
    /// That `viewer` did `action` to `object`, and it went well.
    #[must_use]
    pub fn new(at: Timestamp, viewer: Viewer, action: Action, object: Object, object_id: impl ToString) -> Self {
        Self {
            actor: Some(viewer.user),
            role: Some(viewer.role),
            ..Self::of_the_program(at, action, object, object_id)
        }
    }

    /// That the program itself, or somebody not signed in, did `action`.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "an id, a number or a text, as the caller has it")]
    pub fn of_the_program(at: Timestamp, action: Action, object: Object, object_id: impl ToString) -> Self {
        Self {
            at,
            actor: None,
            role: None,
            action,
            object,
            object_id: object_id.to_string(),
            patient: None,
            origin: Origin::default(),
            outcome: Outcome::Done,
            detail: Detail::new(),
        }
    }

    /// Concerning this patient.
    #[must_use]
    pub fn about(mut self, patient: PatientId) -> Self {
        self.patient = Some(patient);
        self
    }

    /// From there.
    #[must_use]
    pub fn from(mut self, origin: Origin) -> Self {
        self.origin = origin;
        self
    }

    /// It went otherwise.
    #[must_use]
    pub const fn with_outcome(mut self, outcome: Outcome) -> Self {
        self.outcome = outcome;
        self
    }

    /// And this.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "an id, a number or a text, as the caller has it")]
    pub fn with(mut self, word: &str, text: impl ToString) -> Self {
        self.detail.insert(word.to_owned(), text.to_string());
        self
    }
}
