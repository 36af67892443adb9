//! A site to look around in: three accounts, made-up patients, and the sample X-rays, read, one of them released to its patient.
//! Everything that comes of it is marked as such.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use thorax_domain::audit::{Action, AuditEvent, Object, Origin};
use thorax_domain::ids::{PatientId, PredictionId, UserId, XRayId};
use thorax_domain::job::Priority;
use thorax_domain::patient::{FullName, RecordNumber, Sex};
use thorax_domain::review::{Decision, PredictionStatus};
use thorax_domain::user::{Role, Username, Viewer};
use thorax_domain::xray::Source;
use thorax_store::cache::PREDICTIONS;
use thorax_store::patients::NewPatient;
use thorax_store::users::NewUser;

use super::intake::{NewFile, Taken, take_in};
use super::passwords::Password;
use crate::app::App;

/// What stands under a result that nobody looked at.
const NOTE: &str = "Demonstration: released by the program, not by a physician.";
/// Between two looks at a prediction whose worker may be another process.
const LOOK: Duration = Duration::from_millis(500);

/// The accounts: name, name for people, role.
const ACCOUNTS: [(&str, &str, Role); 3] = [
    ("admin", "Demo Administrator", Role::Admin),
    ("doctor", "Demo Doctor", Role::Doctor),
    ("patient", "Demo Patient One", Role::Patient),
];

struct DemoPatient {
    name: &'static str,
    number: &'static str,
    born: &'static str,
    sex: Sex,
    films: &'static [&'static [u8]],
}

macro_rules! sample {
    ($name:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples/", $name))
    };
}

/// The patients; the first is the account `patient`. Where the films come from, `samples/ATTRIBUTION.md` says.
const PATIENTS: [DemoPatient; 4] = [
    DemoPatient {
        name: "Demo Patient One",
        number: "DEMO-0001",
        born: "2020-03-14",
        sex: Sex::Female,
        films: &[sample!("normal-1.jpeg"), sample!("lung-opacity-1.jpeg")],
    },
    DemoPatient {
        name: "Demo Patient Two",
        number: "DEMO-0002",
        born: "2021-07-02",
        sex: Sex::Male,
        films: &[sample!("lung-opacity-2.jpeg")],
    },
    DemoPatient {
        name: "Demo Patient Three",
        number: "DEMO-0003",
        born: "2019-11-23",
        sex: Sex::Female,
        films: &[sample!("normal-2.jpeg")],
    },
    DemoPatient {
        name: "Demo Patient Four",
        number: "DEMO-0004",
        born: "1961-05-30",
        sex: Sex::Unknown,
        films: &[sample!("chest-cr.dcm")],
    },
];

/// An account with the password that it has from now on.
#[derive(Debug)]
pub struct Account {
    /// Its name.
    pub username: Username,
    /// Its password, which nobody is told again.
    pub password: Password,
}

/// The demonstration accounts of a data folder, which a file there names, so that no other account is ever touched.
#[derive(Debug)]
struct Known {
    path: PathBuf,
    ids: BTreeSet<UserId>,
}

impl Known {
    fn read(data: &Path) -> Self {
        let path = data.join("demo-accounts");
        let text = fs::read_to_string(&path).unwrap_or_default();
        let ids = text.lines().filter_map(|line| line.parse().ok()).collect();
        Self { path, ids }
    }

    fn add(&mut self, id: UserId) -> Result<()> {
        self.ids.insert(id);
        let text = self.ids.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        crate::new_file::write(&self.path, text.as_bytes())
            .with_context(|| format!("{} cannot be written", self.path.display()))
    }
}

/// Makes the accounts, or gives those that an earlier demonstration made new passwords. An account of one of the names that no
/// demonstration made is left alone, and is not in the answer.
///
/// # Errors
/// Where the store does not answer.
pub async fn accounts(app: &App, data: &Path, given: Option<&Password>) -> Result<Vec<Account>> {
    let mut known = Known::read(data);
    let mut accounts = Vec::new();
    for (name, full_name, role) in ACCOUNTS {
        let username = Username::new(name)?;
        let password = given.cloned().map_or_else(Password::random, Ok)?;
        let password_hash = app.passwords.hash(&password).await?;
        let now = app.clock.now();
        match app.store.users().credentials(&username).await? {
            Some(there) if known.ids.contains(&there.user.id) => {
                let event = AuditEvent::of_the_program(now, Action::ChangePassword, Object::User, there.user.id);
                app.store.users().set_password(there.user.id, &password_hash, None, &[event]).await?;
            }
            Some(_) => continue,
            None => {
                let id = UserId::new(now);
                let full_name = full_name.to_owned();
                let user = NewUser { id, username: username.clone(), full_name, password_hash, role, created_at: now };
                known.add(id)?;
                enter(app, &user).await?;
            }
        }
        accounts.push(Account { username, password });
    }
    Ok(accounts)
}

/// Enters an account, the patient's with the patient.
async fn enter(app: &App, user: &NewUser) -> Result<()> {
    let event = AuditEvent::of_the_program(user.created_at, Action::Register, Object::User, user.id);
    if user.role != Role::Patient {
        return Ok(app.store.users().create(user, &[event]).await?);
    }
    let patient = new_patient(app, &PATIENTS[0], Some(user.id))?;
    Ok(app.store.users().register(user, &patient, &[event.about(patient.id)]).await?)
}

fn new_patient(app: &App, demo: &DemoPatient, user_id: Option<UserId>) -> Result<NewPatient> {
    let now = app.clock.now();
    Ok(NewPatient {
        id: PatientId::new(now),
        user_id,
        record_number: RecordNumber::new(demo.number)?,
        full_name: FullName::new(demo.name)?,
        date_of_birth: demo.born.parse()?,
        sex: demo.sex,
        created_at: now,
    })
}

/// Takes the sample X-rays in, waits until they are read, and releases the first to its patient. What was taken in before is
/// not taken in again.
///
/// # Errors
/// Where something could not be taken in or read.
pub async fn films(app: &App) -> Result<usize> {
    let Some(doctor) = app.store.users().credentials(&Username::new("doctor")?).await? else { return Ok(0) };
    let viewer = Viewer { user: doctor.user.id, role: Role::Doctor };
    let mut taken = Vec::new();
    for demo in &PATIENTS {
        let patient = patient(app, viewer, demo).await?;
        for film in demo.films {
            let file = NewFile {
                bytes: Bytes::from_static(film),
                patient,
                viewer,
                origin: Origin::default(),
                source: Source::Demo,
                priority: Priority::NORMAL,
                force: false,
            };
            taken.push((take_in(app, file).await?, patient));
        }
    }
    for (one, _) in &taken {
        if let Taken::New { prediction, .. } = one {
            until_read(app, viewer, *prediction).await?;
        }
    }
    if let Some((Taken::New { xray, prediction }, patient)) = taken.first() {
        release(app, viewer, (*xray, *prediction), *patient).await?;
    }
    Ok(taken.len())
}

/// The patient with a demonstration's number, made where there is none.
async fn patient(app: &App, viewer: Viewer, demo: &DemoPatient) -> Result<PatientId> {
    let number = RecordNumber::new(demo.number)?;
    if let Some(patient) = app.store.patients().by_record_number(viewer, &number).await? {
        return Ok(patient.id);
    }
    let patient = new_patient(app, demo, None)?;
    let event = AuditEvent::new(app.clock.now(), viewer, Action::Create, Object::Patient, patient.id).about(patient.id);
    app.store.patients().create(&patient, &[event]).await?;
    Ok(patient.id)
}

async fn until_read(app: &App, viewer: Viewer, id: PredictionId) -> Result<()> {
    let mut changes = app.store.changes();
    loop {
        let standing = app.store.predictions().standing(viewer, id).await?;
        match standing {
            Some(standing) if !standing.status.is_final() => {}
            Some(standing) if standing.status == PredictionStatus::Failed => {
                anyhow::bail!("a sample X-ray could not be read: {}", standing.error.unwrap_or_default())
            }
            _ => return Ok(()),
        }
        tokio::select! {
            _ = changes.recv() => {}
            () = tokio::time::sleep(LOOK) => {}
            () = app.stop.cancelled() => anyhow::bail!("the program ends"),
        }
    }
}

/// Confirms a result in the demonstration doctor's name, so that its patient sees one.
async fn release(app: &App, viewer: Viewer, (_, id): (XRayId, PredictionId), patient: PatientId) -> Result<()> {
    let found = app.store.predictions().find(viewer, id).await?;
    let Some(detail) = found.filter(|detail| detail.row.final_diagnosis.is_some()) else { return Ok(()) };
    if detail.row.is_validated {
        return Ok(());
    }
    let now = app.clock.now();
    let event = AuditEvent::new(now, viewer, Action::Review, Object::Prediction, id).about(patient).with("demo", true);
    app.store.predictions().review(id, &Decision::Confirm, viewer.user, (NOTE, now), &[event]).await?;
    app.cache.invalidate(PREDICTIONS).await?;
    Ok(())
}
