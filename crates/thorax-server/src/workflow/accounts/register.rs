//! Whoever registers becomes a patient.

use thorax_domain::audit::{Action, AuditEvent, Object, Origin};
use thorax_domain::clock::Date;
use thorax_domain::ids::{PatientId, UserId};
use thorax_domain::patient::{FullName, RecordNumber, Sex};
use thorax_domain::user::{Role, User, Username, Viewer};
use thorax_store::patients::NewPatient;
use thorax_store::users::NewUser;

use super::sign_in::begin;
use super::{AccountError, Begun, Who, hashed};
use crate::app::App;
use crate::config;
use crate::workflow::forget;
use crate::workflow::passwords::Password;

/// Somebody registers.
#[derive(Debug, Clone)]
pub struct Registration {
    /// To sign in with.
    pub username: Username,
    /// The name.
    pub full_name: FullName,
    /// Born on.
    pub date_of_birth: Date,
    /// Sex.
    pub sex: Sex,
    /// The password.
    pub password: Password,
    /// What the browser says it is.
    pub agent: String,
    /// From where.
    pub origin: Origin,
}

/// Makes the account and its patient, and signs them in.
///
/// # Errors
/// [`AccountError`]
pub async fn register(app: &App, new: Registration) -> Result<Begun, AccountError> {
    if app.web.registration == config::Registration::Nobody {
        return Err(AccountError::Closed);
    }
    let now = app.clock.now();
    app.attempts.begin(&Who::registrations(&new.origin.ip), now).map_err(AccountError::TooMany)?;
    let password_hash = hashed(app, &new.password).await?;
    let (user, patient) = (UserId::new(now), PatientId::new(now));
    let viewer = Viewer { user, role: Role::Patient };
    let event = |action, object, id: String| {
        AuditEvent::new(now, viewer, action, object, id).about(patient).from(new.origin.clone())
    };
    let account = NewUser {
        id: user,
        username: new.username.clone(),
        full_name: new.full_name.to_string(),
        password_hash,
        role: Role::Patient,
        created_at: now,
    };
    let person = NewPatient {
        id: patient,
        user_id: Some(user),
        record_number: record_number(patient)?,
        full_name: new.full_name.clone(),
        date_of_birth: new.date_of_birth,
        sex: new.sex,
        created_at: now,
    };
    app.store.users().register(&account, &person, &[event(Action::Register, Object::User, user.to_string())]).await?;
    forget::patients(app).await;
    let user = User {
        id: user,
        username: new.username,
        full_name: account.full_name,
        role: Role::Patient,
        is_active: true,
        created_at: now,
    };
    let signed_in = event(Action::SignIn, Object::User, user.id.to_string());
    begin(app, user, new.agent, new.origin.ip.clone(), None, signed_in).await
}

/// A number for somebody whom the hospital has not numbered: from the random part of the id.
fn record_number(patient: PatientId) -> Result<RecordNumber, AccountError> {
    let digits = patient.uuid().simple().to_string();
    let random = digits.get(20..).unwrap_or(&digits).to_uppercase();
    RecordNumber::new(&format!("SELF-{random}")).map_err(|error| AccountError::Broken(error.into()))
}
