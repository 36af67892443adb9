//! The list: the rows of a page first, found along one index, then what belongs to them, all in one statement.

use sea_orm::Value;
use thorax_domain::user::Viewer;

use super::rows::Raw;
use super::{PredictionFilter, PredictionRow};
use crate::db::Store;
use crate::error::Result;
use crate::page::{Cursor, Page, PageRequest, PageSize, Seek, Window};
use crate::sql::Sql;
use crate::words::{Found, PATIENTS};
use crate::{scope, words};

/// Rows of a chunk of an export.
const CHUNK: u64 = 100;

/// The columns of predictions that a list shows.
pub(crate) const COLUMNS: &str = "p.id, p.xray_id, p.patient_id, p.source, p.status, p.forced, p.created_at, \
    p.completed_at, p.final_diagnosis, p.consensus_confidence, p.agreement, p.models_voted, p.inconclusive, \
    p.is_validated, p.validated_at, p.reviewed_by, p.review_verdict, p.corrected_label";
/// Those and what belongs to them; follow with the rows `r` and `JOINS`.
pub(crate) const ROWS: &str = "SELECT r.*, t.full_name AS patient_name, t.record_number, t.date_of_birth, t.sex, \
    x.view, u.full_name AS reviewer_name FROM (";
pub(crate) const JOINS: &str = ") r JOIN patients t ON t.id = r.patient_id JOIN xray_images x ON x.id = r.xray_id \
    LEFT JOIN users u ON u.id = r.reviewed_by";

impl Cursor {
    fn of(row: &PredictionRow) -> Self {
        Self { at: row.created_at, id: row.id.uuid() }
    }
}

/// One page.
pub(super) async fn list(
    store: &Store,
    viewer: Viewer,
    filter: &PredictionFilter,
    request: &PageRequest,
) -> Result<Page<PredictionRow>> {
    let window = Window::new(request);
    let found = words::patients(store, &filter.search).await?;
    let rows = if found.nothing() || filter.fits_nothing() {
        Vec::new()
    } else {
        let (sql, values) = statement(viewer, filter, &found, &window);
        store.all::<Raw>(&sql, values).await?
    };
    let rows = rows.into_iter().map(TryInto::try_into).collect::<Result<Vec<_>>>()?;
    Ok(window.page(rows, Cursor::of))
}

/// Everything after a cursor, a chunk at a time.
pub(super) async fn chunk(
    store: &Store,
    viewer: Viewer,
    filter: &PredictionFilter,
    after: Option<Cursor>,
) -> Result<Vec<PredictionRow>> {
    let seek = after.map_or(Seek::ByNumber, Seek::After);
    let window = Window::new(&PageRequest { number: 1, size: PageSize::of_chunk(CHUNK), seek, total: None });
    let found = words::patients(store, &filter.search).await?;
    if found.nothing() || filter.fits_nothing() {
        return Ok(Vec::new());
    }
    let (sql, values) = statement(viewer, filter, &found, &window);
    let rows = store.all::<Raw>(&sql, values).await?;
    rows.into_iter().take(100).map(TryInto::try_into).collect()
}

/// All conditions on predictions `p` but the step of confidence.
fn conditions(sql: &mut Sql, viewer: Viewer, filter: &PredictionFilter, found: &Found) {
    scope::predictions(sql, viewer, "p");
    filter.conditions(sql);
    found.condition(sql, "p.patient_id", &filter.search);
}

fn statement(viewer: Viewer, filter: &PredictionFilter, found: &Found, window: &Window) -> (String, Vec<Value>) {
    let mut sql = Sql::new(ROWS);
    let from = format!("SELECT {COLUMNS} FROM predictions p");
    let bands = filter.bands().filter(|_| window.offset() == 0 && filter.patient.is_none() && *found == Found::All);
    if let Some(bands) = bands {
        // Each step of confidence has its rows in the list's order: the first of each, and then the first of all.
        sql.push("SELECT * FROM (");
        for (place, band) in bands.enumerate() {
            let union = if place == 0 { "" } else { " UNION ALL " };
            sql.next_select(&format!("{union}SELECT * FROM ({from}"));
            sql.is("p.confidence_band = ", band);
            conditions(&mut sql, viewer, filter, found);
            window.seek(&mut sql, "p");
            window.cut(&mut sql, "p");
            sql.push(&format!(") b{place}"));
        }
        sql.push(") p");
    } else {
        sql.push(&from);
        conditions(&mut sql, viewer, filter, found);
        window.seek(&mut sql, "p");
    }
    window.cut(&mut sql, "p");
    sql.push(JOINS).push(&window.order("r"));
    sql.into_parts()
}

/// How many there are.
pub(super) async fn number(store: &Store, viewer: Viewer, filter: &PredictionFilter) -> Result<u64> {
    let (sql, values) = number_statement(viewer, filter, &words::patients(store, &filter.search).await?);
    store.number(&sql, values).await
}

fn number_statement(viewer: Viewer, filter: &PredictionFilter, found: &Found) -> (String, Vec<Value>) {
    let all = viewer.role.sees_all_patients();
    if all && filter.by_facet() {
        let mut sql = Sql::new("SELECT CAST(SUM(t.predictions) AS BIGINT) FROM prediction_facets t");
        filter.facets(&mut sql);
        return sql.into_parts();
    }
    if all && filter.by_day() {
        let mut sql = Sql::new("SELECT CAST(SUM(t.predictions) AS BIGINT) FROM prediction_tallies t");
        filter.days(&mut sql);
        return sql.into_parts();
    }
    let mut sql = Sql::new("SELECT COUNT(*) FROM predictions p");
    if let Some(bands) = filter.bands().filter(|_| filter.patient.is_none() && *found == Found::All) {
        sql.is("p.confidence_band >= ", *bands.start()).is("p.confidence_band <= ", *bands.end());
    }
    if found.nothing() {
        sql.condition("1 = 0");
    }
    scope::predictions(&mut sql, viewer, "p");
    filter.conditions(&mut sql);
    match found {
        // All of theirs are counted, so they are looked up patient by patient.
        Found::Many => {
            sql.condition("p.patient_id IN (");
            PATIENTS.select(&mut sql, &filter.search);
            sql.push(")");
        }
        found => found.condition(&mut sql, "p.patient_id", &filter.search),
    }
    sql.into_parts()
}
