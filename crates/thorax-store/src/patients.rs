//! Whose chests: making, finding, listing and erasing patients.

use sea_orm::{DatabaseTransaction, FromQueryResult, Value};
use thorax_domain::audit::AuditEvent;
use thorax_domain::clock::{Date, Timestamp};
use thorax_domain::ids::{PatientId, UserId};
use thorax_domain::patient::{FullName, Patient, RecordNumber, Sex};
use thorax_domain::user::Viewer;
use thorax_domain::xray::Sha256;

use uuid::Uuid;

use crate::db::{Store, count, execute, select};
use crate::error::{Result, StoreError, word};
use crate::page::{Cursor, Page, PageRequest, Window};
use crate::sql::{Sql, insert};
use crate::words::{Found, PATIENTS};
use crate::{audit, predictions, scope, words, xrays};

/// Patients; from [`Store::patients`].
#[derive(Debug, Clone, Copy)]
pub struct Patients<'a>(pub(crate) &'a Store);

/// A patient to be made.
#[derive(Debug, Clone)]
pub struct NewPatient {
    /// Its id, made by the caller, who needs it for the audit event.
    pub id: PatientId,
    /// The account with which the patient signs in.
    pub user_id: Option<UserId>,
    /// The hospital's number.
    pub record_number: RecordNumber,
    /// The name.
    pub full_name: FullName,
    /// Born on.
    pub date_of_birth: Date,
    /// Sex.
    pub sex: Sex,
    /// Now.
    pub created_at: Timestamp,
}

/// What is changed of a patient; `None` stays.
#[derive(Debug, Clone, Default)]
pub struct PatientChange {
    /// The account with which the patient signs in.
    pub user_id: Option<UserId>,
    /// The hospital's number.
    pub record_number: Option<RecordNumber>,
    /// The name.
    pub full_name: Option<FullName>,
    /// Born on.
    pub date_of_birth: Option<Date>,
    /// Sex.
    pub sex: Option<Sex>,
}

/// Which patients.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PatientFilter {
    /// Beginnings of words of the name or of the record number; all must fit.
    pub search: String,
}

/// A patient in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct PatientRow {
    /// The patient.
    pub patient: Patient,
    /// How many X-rays there are.
    pub xrays: u64,
    /// When the last one came in.
    pub last_xray_at: Option<Timestamp>,
}

/// What erasing a patient took away.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Erased {
    /// X-rays.
    pub xrays: u64,
    /// Predictions.
    pub predictions: u64,
    /// The account, which went too.
    pub user: Option<UserId>,
    /// Blobs that nothing refers to any more: remove them now.
    pub blobs: Vec<Sha256>,
}

impl Patients<'_> {
    /// Makes a patient.
    ///
    /// # Errors
    /// [`crate::StoreError::Taken`] where the record number is, or the user is another patient.
    pub async fn create(&self, patient: &NewPatient, events: &[AuditEvent]) -> Result<()> {
        let transaction = self.0.begin().await?;
        add(&transaction, patient).await?;
        audit::append(&transaction, events).await?;
        Ok(transaction.commit().await?)
    }

    /// Changes a patient.
    ///
    /// # Errors
    /// [`crate::StoreError::Taken`] where the record number is; [`crate::StoreError::Gone`] where there is no such patient.
    pub async fn update(&self, id: PatientId, change: &PatientChange, events: &[AuditEvent]) -> Result<()> {
        let transaction = self.0.begin().await?;
        let sql = "UPDATE patients SET user_id = COALESCE($2, user_id), record_number = COALESCE($3, record_number), \
                   full_name = COALESCE($4, full_name), date_of_birth = COALESCE($5, date_of_birth), \
                   sex = COALESCE($6, sex) WHERE id = $1 \
                   RETURNING id, user_id, record_number, full_name, date_of_birth, sex, created_at";
        let values: [Value; 6] = [
            id.uuid().into(),
            change.user_id.map(UserId::uuid).into(),
            change.record_number.as_ref().map(RecordNumber::as_str).into(),
            change.full_name.as_ref().map(FullName::as_str).into(),
            change.date_of_birth.map(|date| date.to_string()).into(),
            change.sex.map(Sex::word).into(),
        ];
        let changed: Vec<Raw> = select(&transaction, sql, values).await?;
        let changed = changed.into_iter().next().ok_or(StoreError::Gone("the patient"))?;
        let text = format!("{} {}", changed.full_name, changed.record_number);
        PATIENTS.keep(&transaction, &text, id.uuid()).await?;
        audit::append(&transaction, events).await?;
        Ok(transaction.commit().await?)
    }

    /// One patient, where `viewer` may see them.
    ///
    /// # Errors
    /// Of the database.
    pub async fn find(&self, viewer: Viewer, id: PatientId) -> Result<Option<Patient>> {
        self.one(viewer, "t.id = ", id.uuid().into()).await
    }

    /// The patient that a user is.
    ///
    /// # Errors
    /// Of the database.
    pub async fn of_user(&self, user: UserId) -> Result<Option<Patient>> {
        let sql = format!("SELECT {COLUMNS} FROM patients t WHERE t.user_id = $1");
        self.0.one::<Raw>(&sql, [user.uuid().into()]).await?.map(TryInto::try_into).transpose()
    }

    /// The patient with exactly this number, where `viewer` may see them.
    ///
    /// # Errors
    /// Of the database.
    pub async fn by_record_number(&self, viewer: Viewer, number: &RecordNumber) -> Result<Option<Patient>> {
        self.one(viewer, "t.record_number = ", number.as_str().into()).await
    }

    /// Patients that `viewer` may see, newest first; one statement, two for a search.
    ///
    /// # Errors
    /// Of the database.
    pub async fn list(&self, viewer: Viewer, filter: &PatientFilter, page: &PageRequest) -> Result<Page<PatientRow>> {
        let window = Window::new(page);
        let found = words::patients(self.0, &filter.search).await?;
        if found.nothing() {
            return Ok(window.page(Vec::new(), |row: &PatientRow| place(&row.patient)));
        }
        let (sql, values) = list_statement(viewer, (&found, filter), &window);
        let rows = self.0.all::<RawRow>(&sql, values).await?;
        let rows = rows.into_iter().map(TryInto::try_into).collect::<Result<Vec<PatientRow>>>()?;
        Ok(window.page(rows, |row| place(&row.patient)))
    }

    /// How many there are in the list; one statement.
    ///
    /// # Errors
    /// Of the database.
    pub async fn count(&self, viewer: Viewer, filter: &PatientFilter) -> Result<u64> {
        let (text, values) = count_statement(viewer, filter);
        self.0.number(&text, values).await
    }

    /// Erases a patient: X-rays, predictions, scores, jobs, the account and its sessions and tokens, all in one transaction;
    /// statistics go down accordingly. The audit log stays: it holds ids only. `None` where there is no such patient.
    ///
    /// # Errors
    /// Of the database.
    pub async fn erase(&self, id: PatientId, events: &[AuditEvent]) -> Result<Option<Erased>> {
        let transaction = self.0.begin().await?;
        let sql = format!("SELECT {COLUMNS} FROM patients t WHERE t.id = $1");
        let found: Vec<Raw> = select(&transaction, &sql, [id.uuid().into()]).await?;
        let Some(patient) = found.into_iter().next() else { return Ok(None) };
        let gone = predictions::remove(&transaction, "p.patient_id = ", id.uuid()).await?;
        let (xrays, blobs) = xrays::remove(&transaction, "patient_id", id.uuid()).await?.unwrap_or_default();
        execute(&transaction, "DELETE FROM patients WHERE id = $1", [id.uuid().into()]).await?;
        let mut user = None;
        if let Some(account) = patient.user_id {
            // Sessions, tokens and words go with it. A doctor who is a patient here keeps the account.
            let sql = "DELETE FROM users WHERE id = $1 AND role = 'patient'";
            if execute(&transaction, sql, [account.into()]).await? > 0 {
                user = Some(UserId::from_uuid(account));
            }
        }
        audit::append(&transaction, events).await?;
        transaction.commit().await?;
        for one in &gone {
            self.0.announce(thorax_domain::ids::PredictionId::from_uuid(one.id));
        }
        Ok(Some(Erased { xrays, predictions: gone.len() as u64, user, blobs }))
    }
}

impl Patients<'_> {
    async fn one(&self, viewer: Viewer, condition: &str, value: Value) -> Result<Option<Patient>> {
        let mut sql = Sql::new(&format!("SELECT {COLUMNS} FROM patients t"));
        sql.is(condition, value);
        scope::patients(&mut sql, viewer, "t");
        let (text, values) = sql.into_parts();
        self.0.one::<Raw>(&text, values).await?.map(TryInto::try_into).transpose()
    }
}

const COLUMNS: &str = "t.id, t.user_id, t.record_number, t.full_name, t.date_of_birth, t.sex, t.created_at";

#[derive(Debug, FromQueryResult)]
struct Raw {
    id: Uuid,
    user_id: Option<Uuid>,
    record_number: String,
    full_name: String,
    date_of_birth: String,
    sex: String,
    created_at: i64,
}

#[derive(Debug, FromQueryResult)]
struct RawRow {
    #[sea_orm(nested)]
    patient: Raw,
    xrays: i64,
    last_xray_at: Option<i64>,
}

impl TryFrom<Raw> for Patient {
    type Error = StoreError;

    fn try_from(raw: Raw) -> Result<Self> {
        Ok(Self {
            id: PatientId::from_uuid(raw.id),
            user_id: raw.user_id.map(UserId::from_uuid),
            record_number: RecordNumber::new(&raw.record_number).map_err(|_| StoreError::Corrupt("a record number"))?,
            full_name: FullName::new(&raw.full_name).map_err(|_| StoreError::Corrupt("a name"))?,
            date_of_birth: word(&raw.date_of_birth, "a birthday")?,
            sex: word(&raw.sex, "a sex")?,
            created_at: Timestamp::from_micros(raw.created_at),
        })
    }
}

impl TryFrom<RawRow> for PatientRow {
    type Error = StoreError;

    fn try_from(raw: RawRow) -> Result<Self> {
        let last_xray_at = raw.last_xray_at.map(Timestamp::from_micros);
        Ok(Self { patient: raw.patient.try_into()?, xrays: count(raw.xrays), last_xray_at })
    }
}

fn place(patient: &Patient) -> Cursor {
    Cursor { at: patient.created_at, id: patient.id.uuid() }
}

fn count_statement(viewer: Viewer, filter: &PatientFilter) -> (String, Vec<Value>) {
    let mut found = Sql::new("SELECT COUNT(*) FROM (");
    let searched = PATIENTS.select(&mut found, &filter.search);
    if searched && viewer.role.sees_all_patients() {
        found.push(") f");
        return found.into_parts();
    }
    let mut sql = Sql::new("SELECT COUNT(*) FROM patients t");
    scope::patients(&mut sql, viewer, "t");
    if searched {
        sql.condition("t.id IN (");
        PATIENTS.select(&mut sql, &filter.search);
        sql.push(")");
    }
    sql.into_parts()
}

fn list_statement(viewer: Viewer, (found, filter): (&Found, &PatientFilter), window: &Window) -> (String, Vec<Value>) {
    let mut sql = Sql::new(
        "SELECT r.*, (SELECT COUNT(*) FROM xray_images x WHERE x.patient_id = r.id) AS xrays, \
         (SELECT MAX(x.created_at) FROM xray_images x WHERE x.patient_id = r.id) AS last_xray_at FROM (",
    );
    sql.push(&format!("SELECT {COLUMNS} FROM patients t"));
    scope::patients(&mut sql, viewer, "t");
    found.condition(&mut sql, "t.id", &filter.search);
    window.seek(&mut sql, "t");
    window.cut(&mut sql, "t");
    sql.push(") r").push(&window.order("r"));
    sql.into_parts()
}

pub(crate) async fn add(transaction: &DatabaseTransaction, patient: &NewPatient) -> Result<()> {
    let columns = ["id", "user_id", "record_number", "full_name", "date_of_birth", "sex", "created_at"];
    let row: Vec<Value> = vec![
        patient.id.uuid().into(),
        patient.user_id.map(UserId::uuid).into(),
        patient.record_number.as_str().into(),
        patient.full_name.as_str().into(),
        patient.date_of_birth.to_string().into(),
        patient.sex.word().into(),
        patient.created_at.micros().into(),
    ];
    let (sql, values) = insert("patients", &columns, vec![row], "");
    execute(transaction, &sql, values).await?;
    let text = format!("{} {}", patient.full_name, patient.record_number);
    PATIENTS.keep(transaction, &text, patient.id.uuid()).await
}
