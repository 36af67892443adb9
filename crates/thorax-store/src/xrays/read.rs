//! Reading X-rays.

use sea_orm::{FromQueryResult, Value};
use thorax_domain::clock::Timestamp;
use thorax_domain::ids::{PatientId, PredictionId, UserId, XRayId};
use thorax_domain::patient::{FullName, Patient, RecordNumber};
use thorax_domain::user::Viewer;
use thorax_domain::xray::XRayImage;
use uuid::Uuid;

use super::{XRayPage, XRayRow};
use crate::db::{Store, int};
use crate::error::{Result, StoreError, maybe, word};
use crate::page::{Cursor, Page, PageRequest, Window};
use crate::predictions::{COLUMNS as PREDICTION, JOINS, PredictionRow, ROWS, Raw as RawPrediction, detail};
use crate::scope;
use crate::sql::Sql;

/// Predictions of one X-ray that its page lists.
const LISTED: u64 = 50;
/// X-rays of the patient that the page of another lists.
const PREVIOUS: u64 = 10;

const COLUMNS: &str = "x.id, x.patient_id, x.sha256, x.clahe_sha256, x.bytes, x.format, x.width, x.height, x.bits, x.view, \
    x.source, x.age_years, x.uploaded_by, x.created_at";

#[derive(Debug, FromQueryResult)]
struct Raw {
    id: Uuid,
    patient_id: Uuid,
    sha256: String,
    clahe_sha256: Option<String>,
    bytes: i64,
    format: String,
    width: i32,
    height: i32,
    bits: i32,
    view: Option<String>,
    source: String,
    age_years: Option<i32>,
    uploaded_by: Uuid,
    created_at: i64,
}

#[derive(Debug, FromQueryResult)]
struct WithPatient {
    #[sea_orm(nested)]
    xray: Raw,
    user_id: Option<Uuid>,
    record_number: String,
    full_name: String,
    date_of_birth: String,
    sex: String,
    known_at: i64,
}

impl TryFrom<Raw> for XRayImage {
    type Error = StoreError;

    fn try_from(raw: Raw) -> Result<Self> {
        Ok(Self {
            id: XRayId::from_uuid(raw.id),
            patient_id: PatientId::from_uuid(raw.patient_id),
            sha256: word(&raw.sha256, "a hash")?,
            clahe: maybe(raw.clahe_sha256.as_deref(), "a hash")?,
            bytes: crate::db::count(raw.bytes),
            format: raw.format,
            width: u32::try_from(raw.width).unwrap_or(0),
            height: u32::try_from(raw.height).unwrap_or(0),
            bits: u8::try_from(raw.bits).unwrap_or(0),
            view: maybe(raw.view.as_deref(), "a view")?,
            source: word(&raw.source, "a source")?,
            age_years: raw.age_years.and_then(|age| u16::try_from(age).ok()),
            uploaded_by: UserId::from_uuid(raw.uploaded_by),
            created_at: Timestamp::from_micros(raw.created_at),
        })
    }
}

impl WithPatient {
    fn parts(self) -> Result<(XRayImage, Patient)> {
        let patient = Patient {
            id: PatientId::from_uuid(self.xray.patient_id),
            user_id: self.user_id.map(UserId::from_uuid),
            record_number: RecordNumber::new(&self.record_number)
                .map_err(|_| StoreError::Corrupt("a record number"))?,
            full_name: FullName::new(&self.full_name).map_err(|_| StoreError::Corrupt("a name"))?,
            date_of_birth: word(&self.date_of_birth, "a birthday")?,
            sex: word(&self.sex, "a sex")?,
            created_at: Timestamp::from_micros(self.known_at),
        };
        Ok((self.xray.try_into()?, patient))
    }
}

pub(super) async fn find(store: &Store, viewer: Viewer, id: XRayId) -> Result<Option<XRayImage>> {
    let mut sql = Sql::new(&format!("SELECT {COLUMNS} FROM xray_images x"));
    sql.is("x.id = ", id.uuid());
    scope::xrays(&mut sql, viewer, "x");
    let (text, values) = sql.into_parts();
    store.one::<Raw>(&text, values).await?.map(TryInto::try_into).transpose()
}

pub(super) async fn page(
    store: &Store,
    viewer: Viewer,
    id: XRayId,
    shown: Option<PredictionId>,
) -> Result<Option<XRayPage>> {
    let (sql, values) = page_statement(viewer, id);
    let Some(found) = store.one::<WithPatient>(&sql, values).await? else { return Ok(None) };
    let (xray, patient) = found.parts()?;
    let (sql, values) = of_xray_statement(viewer, id);
    let predictions = rows(store, &sql, values).await?;
    let wanted = match shown {
        Some(wanted) => match predictions.iter().find(|row| row.id == wanted) {
            Some(row) => Some(row),
            None => return Ok(None),
        },
        None => predictions.first(),
    };
    let shown = match wanted {
        Some(row) => Some(detail(store, row.clone()).await?),
        None => None,
    };
    let (sql, values) = previous_statement(viewer, patient.id, id);
    let previous = rows(store, &sql, values).await?;
    Ok(Some(XRayPage { xray, patient, shown, predictions, previous }))
}

async fn rows(store: &Store, sql: &str, values: Vec<Value>) -> Result<Vec<PredictionRow>> {
    store.all::<RawPrediction>(sql, values).await?.into_iter().map(TryInto::try_into).collect()
}

pub(crate) fn page_statement(viewer: Viewer, id: XRayId) -> (String, Vec<Value>) {
    let mut sql = Sql::new(&format!(
        "SELECT {COLUMNS}, t.user_id, t.record_number, t.full_name, t.date_of_birth, t.sex, t.created_at AS known_at \
         FROM xray_images x JOIN patients t ON t.id = x.patient_id"
    ));
    sql.is("x.id = ", id.uuid());
    scope::xrays(&mut sql, viewer, "x");
    sql.into_parts()
}

const NEWEST: &str = " ORDER BY p.created_at DESC, p.id DESC LIMIT ";
const NEWEST_OF_THEM: &str = " ORDER BY r.created_at DESC, r.id DESC";

pub(crate) fn of_xray_statement(viewer: Viewer, id: XRayId) -> (String, Vec<Value>) {
    let mut sql = Sql::new(ROWS);
    sql.push(&format!("SELECT {PREDICTION} FROM predictions p")).is("p.xray_id = ", id.uuid());
    scope::predictions(&mut sql, viewer, "p");
    sql.push(NEWEST).bind(int(LISTED)).push(JOINS).push(NEWEST_OF_THEM);
    sql.into_parts()
}

/// That no newer prediction of the same X-ray can be seen.
fn newest_of_its_xray(sql: &mut Sql, viewer: Viewer) {
    let seen = if viewer.role.sees_all_patients() { "" } else { " AND n.is_validated IS TRUE" };
    sql.condition(&format!(
        "NOT EXISTS (SELECT 1 FROM predictions n WHERE n.xray_id = p.xray_id \
         AND (n.created_at, n.id) > (p.created_at, p.id){seen})"
    ));
}

pub(crate) fn previous_statement(viewer: Viewer, patient: PatientId, id: XRayId) -> (String, Vec<Value>) {
    let mut sql = Sql::new(ROWS);
    sql.push(&format!("SELECT {PREDICTION} FROM predictions p")).is("p.patient_id = ", patient.uuid());
    sql.is("p.xray_id <> ", id.uuid());
    scope::predictions(&mut sql, viewer, "p");
    newest_of_its_xray(&mut sql, viewer);
    sql.push(NEWEST).bind(int(PREVIOUS)).push(JOINS).push(NEWEST_OF_THEM);
    sql.into_parts()
}

pub(super) async fn list(
    store: &Store,
    viewer: Viewer,
    patient: Option<PatientId>,
    request: &PageRequest,
) -> Result<Page<XRayRow>> {
    let window = Window::new(request);
    let (sql, values) = list_statement(viewer, patient, &window);
    let found = store.all::<Raw>(&sql, values).await?;
    let xrays = found.into_iter().map(TryInto::try_into).collect::<Result<Vec<XRayImage>>>()?;
    let mut predictions = Vec::new();
    if !xrays.is_empty() {
        let (sql, values) = newest_statement(viewer, xrays.iter().map(|xray| xray.id.uuid()));
        predictions = rows(store, &sql, values).await?;
    }
    let rows = xrays.into_iter().map(|xray| {
        let place = predictions.iter().position(|row| row.xray_id == xray.id);
        XRayRow { prediction: place.map(|place| predictions.swap_remove(place)), xray }
    });
    Ok(window.page(rows.collect(), |row| Cursor { at: row.xray.created_at, id: row.xray.id.uuid() }))
}

pub(crate) fn list_statement(viewer: Viewer, patient: Option<PatientId>, window: &Window) -> (String, Vec<Value>) {
    let mut sql = Sql::new(&format!("SELECT {COLUMNS} FROM xray_images x"));
    sql.is_maybe("x.patient_id = ", patient.map(PatientId::uuid));
    scope::xrays(&mut sql, viewer, "x");
    window.seek(&mut sql, "x");
    window.cut(&mut sql, "x");
    sql.into_parts()
}

pub(crate) fn newest_statement(viewer: Viewer, xrays: impl Iterator<Item = Uuid>) -> (String, Vec<Value>) {
    let mut sql = Sql::new(ROWS);
    sql.push(&format!("SELECT {PREDICTION} FROM predictions p")).condition("p.xray_id IN (");
    for (place, xray) in xrays.enumerate() {
        if place > 0 {
            sql.push(", ");
        }
        sql.bind(xray);
    }
    sql.push(")");
    scope::predictions(&mut sql, viewer, "p");
    newest_of_its_xray(&mut sql, viewer);
    sql.push(JOINS);
    sql.into_parts()
}
