//! Accounts from the command line: the first administrator, and whoever has lost a password.

use std::io::{self, Read};

use anyhow::{Context, Result};
use secrecy::{ExposeSecret, SecretString};
use thorax_domain::audit::{Action, AuditEvent, Object};
use thorax_domain::clock::{Clock, Date, SystemClock};
use thorax_domain::ids::{PatientId, UserId};
use thorax_domain::patient::{FullName, RecordNumber, Sex};
use thorax_domain::user::{Role, Username};
use thorax_store::patients::NewPatient;
use thorax_store::users::{NewUser, UserChange};
use thorax_store::{Store, StoreError};

use crate::app::{self, Usage};
use crate::cli::{Outcome, running};
use crate::config::StoreOptions;
use crate::workflow::passwords::{LONGEST, Password, Passwords};

/// Make an account
#[derive(Debug, clap::Args)]
pub struct CreateUser {
    /// The name to sign in with
    #[arg(value_name = "NAME")]
    username: String,

    /// admin, doctor or patient
    #[arg(long, value_name = "ROLE")]
    role: Role,

    /// The name to be called by [default: the name to sign in with]
    #[arg(long, value_name = "TEXT")]
    full_name: Option<String>,

    /// For a patient: the hospital's number
    #[arg(long, value_name = "TEXT", required_if_eq("role", "patient"))]
    record_number: Option<String>,

    /// For a patient: YYYY-MM-DD
    #[arg(long, value_name = "DAY", required_if_eq("role", "patient"))]
    date_of_birth: Option<Date>,

    /// For a patient: F, M, O or U
    #[arg(long, value_name = "SEX", default_value = "U")]
    sex: Sex,

    #[command(flatten)]
    secret: Secret,

    #[command(flatten)]
    store: StoreOptions,
}

/// Give an account another password, end its sessions, and let it sign in again
#[derive(Debug, clap::Args)]
pub struct SetPassword {
    /// The name to sign in with
    #[arg(value_name = "NAME")]
    username: String,

    #[command(flatten)]
    secret: Secret,

    #[command(flatten)]
    store: StoreOptions,
}

#[derive(Debug, Clone, clap::Args)]
struct Secret {
    /// Read the password from standard input; without this one is made up and printed, once
    #[arg(long)]
    password_stdin: bool,
}

impl Secret {
    /// The password, and whether the operator has yet to be told.
    fn password(&self) -> Result<(Password, bool)> {
        if !self.password_stdin {
            return Ok((Password::random()?, true));
        }
        let mut text = String::new();
        let most = LONGEST as u64 + 2;
        io::stdin().lock().take(most).read_to_string(&mut text).context("the password cannot be read")?;
        let secret = SecretString::from(text.trim_end_matches(['\r', '\n']));
        let password = Password::new(&secret).map_err(|wrong| Usage(wrong.to_string()))?;
        Ok((password, false))
    }
}

fn tell(username: &Username, password: &Password) {
    println!("account: {username} {}", password.secret().expose_secret());
}

impl CreateUser {
    pub fn run(self) -> Result<Outcome> {
        running::block_on(&self.store.clone(), self.create())
    }

    async fn create(self) -> Result<Outcome> {
        let username = Username::new(&self.username).map_err(|wrong| Usage(wrong.to_string()))?;
        let (password, is_new) = self.secret.password()?;
        let now = SystemClock.now();
        let user = NewUser {
            id: UserId::new(now),
            username: username.clone(),
            full_name: self.full_name.clone().unwrap_or_else(|| username.to_string()),
            password_hash: Passwords::default().hash(&password).await?,
            role: self.role,
            created_at: now,
        };
        let store = app::open_store(&self.store).await?;
        match self.enter(&store, &user).await {
            Ok(()) => {}
            Err(StoreError::Taken(what)) => return Err(Usage(format!("{what} is taken; give another")).into()),
            Err(error) => return Err(error.into()),
        }
        store.close().await?;
        if is_new {
            tell(&username, &password);
        }
        Ok(Outcome::Complete)
    }

    async fn enter(&self, store: &Store, user: &NewUser) -> Result<(), StoreError> {
        let event = AuditEvent::of_the_program(user.created_at, Action::Register, Object::User, user.id);
        let event = event.with("role", user.role.word());
        match self.patient(user) {
            Some(patient) => store.users().register(user, &patient, &[event.about(patient.id)]).await,
            None => store.users().create(user, &[event]).await,
        }
    }

    /// The patient that comes with a patient's account.
    fn patient(&self, user: &NewUser) -> Option<NewPatient> {
        if user.role != Role::Patient {
            return None;
        }
        Some(NewPatient {
            id: PatientId::new(user.created_at),
            user_id: Some(user.id),
            record_number: RecordNumber::new(self.record_number.as_deref()?).ok()?,
            full_name: FullName::new(&user.full_name).ok()?,
            date_of_birth: self.date_of_birth?,
            sex: self.sex,
            created_at: user.created_at,
        })
    }
}

impl SetPassword {
    pub fn run(self) -> Result<Outcome> {
        running::block_on(&self.store.clone(), self.set())
    }

    async fn set(self) -> Result<Outcome> {
        let username = Username::new(&self.username).map_err(|wrong| Usage(wrong.to_string()))?;
        let (password, is_new) = self.secret.password()?;
        let hash = Passwords::default().hash(&password).await?;
        let store = app::open_store(&self.store).await?;
        let Some(there) = store.users().credentials(&username).await? else {
            return Err(Usage("there is no account of this name".to_owned()).into());
        };
        let id = there.user.id;
        let event = AuditEvent::of_the_program(SystemClock.now(), Action::ChangePassword, Object::User, id);
        store.users().set_password(id, &hash, None, &[event]).await?;
        store.users().update(id, &UserChange { unlock: true, ..UserChange::default() }, &[]).await?;
        store.close().await?;
        if is_new {
            tell(&username, &password);
        }
        Ok(Outcome::Complete)
    }
}
