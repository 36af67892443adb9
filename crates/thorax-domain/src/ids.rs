//! Names of things: UUIDs of version 7, so that they sort by the time of their making and cannot be guessed.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::{NoContext, Uuid};

use crate::clock::Timestamp;

/// A text that names nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this is not an id")]
pub struct NotAnId;

/// A version 7 UUID that carries `now` and 74 random bits.
fn fresh(now: Timestamp) -> Uuid {
    let micros = now.micros().max(0).unsigned_abs();
    let nanos = u32::try_from(micros % 1_000_000 * 1_000).unwrap_or(0);
    Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, micros / 1_000_000, nanos))
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new one, made at `now`.
            #[must_use]
            pub fn new(now: Timestamp) -> Self {
                Self(fresh(now))
            }

            /// The one that a database or an address holds.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// As a UUID.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, "{}({})", stringify!($name), self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, formatter)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self).map_err(|_| NotAnId)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

id!(
    /// Names a user.
    UserId
);
id!(
    /// Names a patient.
    PatientId
);
id!(
    /// Names an X-ray.
    XRayId
);
id!(
    /// Names a prediction.
    PredictionId
);
id!(
    /// Names a job.
    JobId
);
id!(
    /// Names a session, for lists of them; the cookie holds another secret.
    SessionId
);
id!(
    /// Names an API token, for lists of them; its secret is another.
    TokenId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_time_and_go_to_text_and_back() {
        let early = XRayId::new(Timestamp::from_micros(1_700_000_000_000_000));
        let late = XRayId::new(Timestamp::from_micros(1_700_000_001_000_000));
        assert!(early < late);
        assert_eq!(early.to_string().parse(), Ok(early));
        assert_eq!("x".parse::<XRayId>(), Err(NotAnId));
        assert_eq!(early.uuid().get_version_num(), 7);
    }
}
