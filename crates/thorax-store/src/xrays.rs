//! Radiographs: how they come in, and what their page shows.

mod read;

use sea_orm::{DatabaseTransaction, FromQueryResult, Value};
use thorax_domain::audit::AuditEvent;
use thorax_domain::ids::{PatientId, PredictionId, XRayId};
use thorax_domain::patient::Patient;
use thorax_domain::user::Viewer;
use thorax_domain::xray::{Sha256, View, XRayImage};
use uuid::Uuid;

use crate::db::{Store, execute, select};
use crate::error::{Result, word};
use crate::page::{Page, PageRequest};
use crate::patients::{self, Erased, NewPatient};
use crate::predictions::{self, NewPrediction, PredictionDetail, PredictionRow};
use crate::sql::Sql;
use crate::{audit, scope};

/// X-rays; from [`Store::xrays`].
#[derive(Debug, Clone, Copy)]
pub struct XRays<'a>(pub(crate) &'a Store);

/// An X-ray that comes in. Its blob is kept before this is stored.
#[derive(Debug, Clone)]
pub struct Intake<'a> {
    /// A patient that is new with it.
    pub patient: Option<&'a NewPatient>,
    /// The X-ray.
    pub xray: &'a XRayImage,
    /// What is asked of the networks, and so the job; `None` to keep the X-ray only.
    pub prediction: Option<&'a NewPrediction>,
    /// Most jobs that may wait; one more is refused with [`crate::StoreError::QueueFull`].
    pub capacity: Option<u64>,
    /// What is noted.
    pub audit: &'a [AuditEvent],
}

/// An X-ray in a list, with the newest of its predictions that the viewer may see.
#[derive(Debug, Clone, PartialEq)]
pub struct XRayRow {
    /// The X-ray.
    pub xray: XRayImage,
    /// Its newest prediction.
    pub prediction: Option<PredictionRow>,
}

/// Everything on an X-ray's page.
#[derive(Debug, Clone, PartialEq)]
pub struct XRayPage {
    /// The X-ray.
    pub xray: XRayImage,
    /// Whose chest.
    pub patient: Patient,
    /// The prediction shown: the one asked for, or the newest.
    pub shown: Option<PredictionDetail>,
    /// All predictions of this X-ray, newest first, at most 50.
    pub predictions: Vec<PredictionRow>,
    /// Newest predictions of the patient's other X-rays, newest first, at most 10.
    pub previous: Vec<PredictionRow>,
}

impl XRays<'_> {
    /// Takes an X-ray in: patient (where new), X-ray, prediction, job and audit events in one transaction.
    ///
    /// # Errors
    /// [`crate::StoreError::QueueFull`], [`crate::StoreError::Taken`], [`crate::StoreError::Gone`] where the patient is not there.
    pub async fn take_in(&self, intake: &Intake<'_>) -> Result<()> {
        let transaction = self.0.begin().await?;
        if let Some(patient) = intake.patient {
            patients::add(&transaction, patient).await?;
        }
        add(&transaction, intake.xray).await?;
        if let Some(prediction) = intake.prediction {
            predictions::add(&transaction, prediction, intake.xray.source.word(), intake.capacity).await?;
            self.0.notify_work(&transaction).await?;
        }
        audit::append(&transaction, intake.audit).await?;
        transaction.commit().await?;
        self.0.announce_work();
        Ok(())
    }

    /// The patient's X-ray with these very bytes, which need not come in twice.
    ///
    /// # Errors
    /// Of the database.
    pub async fn same(&self, patient: PatientId, sha256: &Sha256) -> Result<Option<XRayId>> {
        let sql = "SELECT id FROM xray_images WHERE sha256 = $1 AND patient_id = $2 ORDER BY created_at, id LIMIT 1";
        let found = self.0.one::<Id>(sql, [sha256.as_str().into(), patient.uuid().into()]).await?;
        Ok(found.map(|row| XRayId::from_uuid(row.id)))
    }

    /// One X-ray, where `viewer` may see it (a patient: own ones with a validated prediction).
    ///
    /// # Errors
    /// Of the database.
    pub async fn find(&self, viewer: Viewer, id: XRayId) -> Result<Option<XRayImage>> {
        read::find(self.0, viewer, id).await
    }

    /// Everything on an X-ray's page, in at most six statements.
    ///
    /// # Errors
    /// Of the database.
    pub async fn page(&self, viewer: Viewer, id: XRayId, shown: Option<PredictionId>) -> Result<Option<XRayPage>> {
        read::page(self.0, viewer, id, shown).await
    }

    /// X-rays that `viewer` may see, of one patient or of all, newest first, each with its newest prediction; two statements.
    ///
    /// # Errors
    /// Of the database.
    pub async fn list(&self, viewer: Viewer, patient: Option<PatientId>, page: &PageRequest) -> Result<Page<XRayRow>> {
        read::list(self.0, viewer, patient, page).await
    }

    /// How many there are in the list; one statement.
    ///
    /// # Errors
    /// Of the database.
    pub async fn count(&self, viewer: Viewer, patient: Option<PatientId>) -> Result<u64> {
        let mut sql = Sql::new("SELECT COUNT(*) FROM xray_images x");
        sql.is_maybe("x.patient_id = ", patient.map(PatientId::uuid));
        scope::xrays(&mut sql, viewer, "x");
        let (text, values) = sql.into_parts();
        self.0.number(&text, values).await
    }

    /// Notes where the file after CLAHE is kept.
    ///
    /// # Errors
    /// Of the database.
    pub async fn set_clahe(&self, id: XRayId, blob: &Sha256) -> Result<()> {
        let transaction = self.0.begin().await?;
        let sql = "UPDATE xray_images SET clahe_sha256 = $2 WHERE id = $1";
        execute(&transaction, sql, [id.uuid().into(), blob.as_str().into()]).await?;
        Ok(transaction.commit().await?)
    }

    /// Deletes an X-ray with its predictions. `None` where there is none.
    ///
    /// # Errors
    /// Of the database.
    pub async fn delete(&self, id: XRayId, events: &[AuditEvent]) -> Result<Option<Erased>> {
        let transaction = self.0.begin().await?;
        let gone = predictions::remove(&transaction, "p.xray_id = ", id.uuid()).await?;
        let Some((xrays, blobs)) = remove(&transaction, "id", id.uuid()).await? else { return Ok(None) };
        audit::append(&transaction, events).await?;
        transaction.commit().await?;
        Ok(Some(Erased { xrays, predictions: gone.len() as u64, user: None, blobs }))
    }
}

#[derive(Debug, FromQueryResult)]
struct Id {
    id: Uuid,
}

async fn add(transaction: &DatabaseTransaction, xray: &XRayImage) -> Result<()> {
    let sql = "INSERT INTO xray_images (id, patient_id, sha256, clahe_sha256, bytes, format, width, height, bits, view, source, \
               age_years, uploaded_by, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    let pixels = |number: u32| -> Value { i32::try_from(number).unwrap_or(i32::MAX).into() };
    let values: [Value; 14] = [
        xray.id.uuid().into(),
        xray.patient_id.uuid().into(),
        xray.sha256.as_str().into(),
        xray.clahe.as_ref().map(Sha256::as_str).into(),
        crate::db::int(xray.bytes),
        xray.format.as_str().into(),
        pixels(xray.width),
        pixels(xray.height),
        i32::from(xray.bits).into(),
        xray.view.map(View::word).into(),
        xray.source.word().into(),
        xray.age_years.map(i32::from).into(),
        xray.uploaded_by.uuid().into(),
        xray.created_at.micros().into(),
    ];
    execute(transaction, sql, values).await.map(|_| ())
}

#[derive(Debug, FromQueryResult)]
struct Blob {
    blob: String,
}

/// Removes X-rays by `id` or `patient_id`, whose predictions are gone, and gives the blobs that nothing refers to any more.
/// `None` where there are no such X-rays.
pub(crate) async fn remove(
    transaction: &DatabaseTransaction,
    column: &str,
    value: Uuid,
) -> Result<Option<(u64, Vec<Sha256>)>> {
    let sql = format!(
        "SELECT sha256 AS blob FROM xray_images WHERE {column} = $1 \
         UNION SELECT clahe_sha256 FROM xray_images WHERE {column} = $1 AND clahe_sha256 IS NOT NULL"
    );
    let blobs: Vec<Blob> = select(transaction, &sql, [value.into()]).await?;
    let gone = execute(transaction, &format!("DELETE FROM xray_images WHERE {column} = $1"), [value.into()]).await?;
    if gone == 0 {
        return Ok(None);
    }
    let mut unused = Vec::new();
    for Blob { blob } in blobs {
        let sql = "SELECT id FROM (SELECT id FROM xray_images WHERE sha256 = $1 LIMIT 1) a \
                   UNION ALL SELECT id FROM (SELECT id FROM xray_images WHERE clahe_sha256 = $1 LIMIT 1) b";
        let users: Vec<Id> = select(transaction, sql, [blob.as_str().into()]).await?;
        if users.is_empty() {
            unused.push(word(&blob, "a blob's name")?);
        }
    }
    Ok(Some((gone, unused)))
}
