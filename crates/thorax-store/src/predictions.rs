//! What the networks said, and what doctors made of it.

mod calendar;
mod detail;
mod filter;
mod list;
mod rows;
mod write;

use futures_util::Stream;
use sea_orm::FromQueryResult;
use thorax_domain::audit::AuditEvent;
use thorax_domain::clock::Timestamp;
use thorax_domain::ids::{PatientId, PredictionId, UserId, XRayId};
use thorax_domain::job::{JobState, Priority, Progress};
use thorax_domain::review::{Decision, PredictionStatus, Review};
use thorax_domain::user::{Role, Viewer};
use uuid::Uuid;

use crate::db::{Store, count};
use crate::error::{Result, maybe, word};
use crate::heat::HeatGrid;
use crate::page::{Cursor, Page, PageRequest, PageSize, Seek};
use crate::scope;
use crate::sql::Sql;

pub use calendar::Calendar;
pub(crate) use detail::detail;
pub use filter::PredictionFilter;
pub(crate) use list::{COLUMNS, JOINS, ROWS};
pub(crate) use rows::Raw;
pub use rows::{PredictionDetail, PredictionRow, Score, SignedReview};
pub(crate) use write::{add, remove};

/// Predictions; from [`Store::predictions`].
#[derive(Debug, Clone, Copy)]
pub struct Predictions<'a>(pub(crate) &'a Store);

/// What is asked of the networks. Its job is enqueued with it.
#[derive(Debug, Clone)]
pub struct NewPrediction {
    /// Its id, made by the caller, who answers with it.
    pub id: PredictionId,
    /// Of which X-ray.
    pub xray: XRayId,
    /// Whose chest.
    pub patient: PatientId,
    /// Who asks.
    pub requested_by: UserId,
    /// Whether in spite of the gate.
    pub forced: bool,
    /// How soon.
    pub priority: Priority,
    /// How often it may be tried.
    pub max_attempts: i32,
    /// Now.
    pub created_at: Timestamp,
}

/// Where a prediction stands, for those who wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The X-ray.
    pub xray: XRayId,
    /// The patient, for the audit.
    pub patient: PatientId,
    /// How far it is.
    pub status: PredictionStatus,
    /// What its job is doing; only while there is one.
    pub progress: Option<Progress>,
    /// Where its job stands.
    pub job: Option<JobState>,
    /// Jobs before it, while it waits.
    pub ahead: u64,
    /// Why it failed, in words for people.
    pub error: Option<String>,
}

/// A review that was taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Reviewed {
    /// As signed.
    pub review: Review,
    /// The X-ray.
    pub xray: XRayId,
    /// The patient.
    pub patient: PatientId,
}

impl Predictions<'_> {
    /// Asks the networks once more about an X-ray that is there: prediction, job and audit events in one transaction.
    ///
    /// # Errors
    /// [`crate::StoreError::QueueFull`], [`crate::StoreError::Gone`] where the X-ray is not there.
    pub async fn request(&self, prediction: &NewPrediction, capacity: Option<u64>, audit: &[AuditEvent]) -> Result<()> {
        write::request(self.0, prediction, capacity, audit).await
    }

    /// Predictions that `viewer` may see, newest first: one statement, two for a search. A page far back that is sought by
    /// its number costs what it is far back; let the [`calendar`](Self::calendar) find it.
    ///
    /// # Errors
    /// Of the database.
    pub async fn list(
        &self,
        viewer: Viewer,
        filter: &PredictionFilter,
        page: &PageRequest,
    ) -> Result<Page<PredictionRow>> {
        list::list(self.0, viewer, filter, page).await
    }

    /// How many there are in the list: one statement (two for a search). Keep it in the cache under the tag `predictions`.
    ///
    /// # Errors
    /// Of the database.
    pub async fn count(&self, viewer: Viewer, filter: &PredictionFilter) -> Result<u64> {
        list::number(self.0, viewer, filter).await
    }

    /// On which days those of the list were made: one statement; `None` where it is not known without counting them. Keep it in
    /// the cache under the tag `predictions`.
    ///
    /// # Errors
    /// Of the database.
    pub async fn calendar(&self, viewer: Viewer, filter: &PredictionFilter) -> Result<Option<Calendar>> {
        calendar::calendar(self.0, viewer, filter).await
    }

    /// The whole list in chunks of 100, one statement each; nothing is held open in between.
    pub fn export(
        &self,
        viewer: Viewer,
        filter: PredictionFilter,
    ) -> impl Stream<Item = Result<Vec<PredictionRow>>> + Send + use<> {
        let store = self.0.clone();
        async_stream::try_stream! {
            let mut after = None;
            loop {
                let rows = list::chunk(&store, viewer, &filter, after).await?;
                let Some(last) = rows.last() else { break };
                after = Some(Cursor { at: last.created_at, id: last.id.uuid() });
                yield rows;
            }
        }
    }

    /// One prediction with its six opinions, where `viewer` may see it; four statements.
    ///
    /// # Errors
    /// Of the database.
    pub async fn find(&self, viewer: Viewer, id: PredictionId) -> Result<Option<PredictionDetail>> {
        detail::find(self.0, viewer, id).await
    }

    /// Where a prediction stands, where `viewer` may see it; one statement.
    ///
    /// # Errors
    /// Of the database.
    pub async fn standing(&self, viewer: Viewer, id: PredictionId) -> Result<Option<Standing>> {
        let mut sql = Sql::new(STANDING);
        sql.is("p.id = ", id.uuid());
        scope::predictions(&mut sql, viewer, "p");
        let (text, values) = sql.into_parts();
        self.0.one::<RawStanding>(&text, values).await?.map(TryInto::try_into).transpose()
    }

    /// Where a network looked.
    ///
    /// # Errors
    /// Of the database.
    pub async fn heat(&self, viewer: Viewer, id: PredictionId, network: &str) -> Result<Option<HeatGrid>> {
        self.grid(viewer, id, network).await
    }

    /// Where the networks that agree looked.
    ///
    /// # Errors
    /// Of the database.
    pub async fn agreement_map(&self, viewer: Viewer, id: PredictionId) -> Result<Option<HeatGrid>> {
        self.grid(viewer, id, AGREEMENT).await
    }

    /// Stores a doctor's word. `None` where there is no such prediction. The caller bumps the tag `predictions`.
    ///
    /// # Errors
    /// [`crate::StoreError::Review`] where it is not taken: a signed review stands.
    pub async fn review(
        &self,
        id: PredictionId,
        decision: &Decision,
        by: UserId,
        note: (&str, Timestamp),
        audit: &[AuditEvent],
    ) -> Result<Option<Reviewed>> {
        write::review(self.0, id, decision, by, note, audit).await
    }

    /// The next prediction that awaits review, after this one in the list and then from its beginning.
    ///
    /// # Errors
    /// Of the database.
    pub async fn next_to_review(&self, after: Option<PredictionId>) -> Result<Option<(PredictionId, XRayId)>> {
        let doctor = Viewer { user: UserId::from_uuid(Uuid::nil()), role: Role::Doctor };
        let filter = PredictionFilter::awaiting_review();
        let mut page = PageRequest::first(PageSize::new(1));
        if let Some(row) = match after {
            Some(after) => {
                self.0
                    .one::<Place>("SELECT created_at, id FROM predictions WHERE id = $1", [after.uuid().into()])
                    .await?
            }
            None => None,
        } {
            page.seek = Seek::After(Cursor { at: Timestamp::from_micros(row.created_at), id: row.id });
        }
        let mut found = list::list(self.0, doctor, &filter, &page).await?.rows;
        if found.is_empty() && page.seek != Seek::ByNumber {
            found = list::list(self.0, doctor, &filter, &PageRequest::first(PageSize::new(1))).await?.rows;
            found.retain(|row| Some(row.id) != after);
        }
        Ok(found.first().map(|row| (row.id, row.xray_id)))
    }

    /// Deletes a prediction that no doctor has validated; says whether there was one.
    ///
    /// # Errors
    /// [`crate::StoreError::Review`] where a signed review stands.
    pub async fn delete(&self, id: PredictionId, audit: &[AuditEvent]) -> Result<bool> {
        write::delete(self.0, id, audit).await
    }
}

/// The name under which the agreement map is kept among the heat maps.
pub(crate) const AGREEMENT: &str = "agreement";

const STANDING: &str = "SELECT p.xray_id, p.patient_id, p.status, p.error, j.state, j.stage, j.done, j.total, \
    CASE WHEN j.state = 'queued' THEN (SELECT COUNT(*) FROM jobs o WHERE o.state = 'queued' AND \
    (o.priority > j.priority OR (o.priority = j.priority AND (o.run_at < j.run_at OR (o.run_at = j.run_at AND o.id < j.id))))) \
    ELSE 0 END AS ahead FROM predictions p LEFT JOIN jobs j ON j.prediction_id = p.id";

#[derive(Debug, FromQueryResult)]
struct RawStanding {
    xray_id: Uuid,
    patient_id: Uuid,
    status: String,
    error: Option<String>,
    state: Option<String>,
    stage: Option<String>,
    done: Option<i32>,
    total: Option<i32>,
    ahead: i64,
}

impl TryFrom<RawStanding> for Standing {
    type Error = crate::StoreError;

    fn try_from(raw: RawStanding) -> Result<Self> {
        let steps = |steps: Option<i32>| steps.and_then(|steps| u32::try_from(steps).ok()).unwrap_or(0);
        let progress = raw.stage.map(|stage| Progress { stage, done: steps(raw.done), total: steps(raw.total) });
        Ok(Self {
            xray: XRayId::from_uuid(raw.xray_id),
            patient: PatientId::from_uuid(raw.patient_id),
            status: word(&raw.status, "a status")?,
            progress,
            job: maybe(raw.state.as_deref(), "a job's state")?,
            ahead: count(raw.ahead),
            error: raw.error,
        })
    }
}

#[derive(Debug, FromQueryResult)]
struct Place {
    created_at: i64,
    id: Uuid,
}

#[derive(Debug, FromQueryResult)]
struct RawGrid {
    grid: Vec<u8>,
}

impl Predictions<'_> {
    async fn grid(&self, viewer: Viewer, id: PredictionId, name: &str) -> Result<Option<HeatGrid>> {
        let mut sql = Sql::new("SELECT h.grid FROM heat_maps h JOIN predictions p ON p.id = h.prediction_id");
        sql.is("h.prediction_id = ", id.uuid()).is("h.name = ", name);
        scope::predictions(&mut sql, viewer, "p");
        let (text, values) = sql.into_parts();
        self.0.one::<RawGrid>(&text, values).await?.map(|row| HeatGrid::from_bytes(&row.grid)).transpose()
    }
}
