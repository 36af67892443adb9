//! Which predictions a list holds.

use thorax_domain::clock::Timestamp;
use thorax_domain::ids::PatientId;
use thorax_domain::prediction::Diagnosis;
use thorax_domain::review::PredictionStatus;
use thorax_domain::xray::Source;

use crate::sql::Sql;
use crate::tallies::{BANDS, band};

/// Which predictions a list holds; all conditions at once.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PredictionFilter {
    /// Only this final diagnosis.
    pub diagnosis: Option<Diagnosis>,
    /// Only validated ones, or only those that are not.
    pub validated: Option<bool>,
    /// Only inconclusive ones, or only those that are not.
    pub inconclusive: Option<bool>,
    /// Only those that are this far.
    pub status: Option<PredictionStatus>,
    /// At least this confidence.
    pub confidence_from: Option<f64>,
    /// Less than this confidence; 1 is no limit.
    pub confidence_to: Option<f64>,
    /// Made at this moment or later.
    pub from: Option<Timestamp>,
    /// Made before this moment.
    pub until: Option<Timestamp>,
    /// Only this patient's.
    pub patient: Option<PatientId>,
    /// Only X-rays that came through this door.
    pub source: Option<Source>,
    /// Beginnings of words of the patient's name or record number; all must fit.
    pub search: String,
}

impl PredictionFilter {
    /// What awaits review: completed and not validated.
    #[must_use]
    pub fn awaiting_review() -> Self {
        Self { validated: Some(false), status: Some(PredictionStatus::Completed), ..Self::default() }
    }

    /// One patient's.
    #[must_use]
    pub fn of_patient(patient: PatientId) -> Self {
        Self { patient: Some(patient), ..Self::default() }
    }
}

impl PredictionFilter {
    /// Whether one filter is as another; a page's count is kept under this text.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{self:?}")
    }

    /// The bounds of the confidence that do bound.
    fn confidence(&self) -> (Option<f64>, Option<f64>) {
        (self.confidence_from.filter(|from| *from > 0.0), self.confidence_to.filter(|to| *to < 1.0))
    }

    /// The steps of confidence that the bounds touch; `None` without bounds.
    pub(super) fn bands(&self) -> Option<std::ops::RangeInclusive<i32>> {
        let (from, to) = self.confidence();
        if from.is_none() && to.is_none() {
            return None;
        }
        let last = to.map_or(BANDS - 1, |to| if steps(to).is_some() { band(to) - 1 } else { band(to) });
        Some(from.map_or(0, band)..=last)
    }

    /// Whether no confidence lies within the bounds.
    pub(super) fn fits_nothing(&self) -> bool {
        self.bands().is_some_and(|bands| bands.is_empty())
    }

    /// Adds all conditions on predictions `p` but the search and the step of confidence.
    pub(super) fn conditions(&self, sql: &mut Sql) {
        let (from, to) = self.confidence();
        sql.is_maybe("p.patient_id = ", self.patient.map(PatientId::uuid))
            .is_maybe("p.final_diagnosis = ", self.diagnosis.map(Diagnosis::name))
            .is_maybe("p.is_validated = ", self.validated)
            .is_maybe("p.inconclusive = ", self.inconclusive)
            .is_maybe("p.status = ", self.status.map(PredictionStatus::word))
            .is_maybe("p.source = ", self.source.map(Source::word))
            .is_maybe("p.created_at >= ", self.from.map(Timestamp::micros))
            .is_maybe("p.created_at < ", self.until.map(Timestamp::micros))
            .is_maybe("p.consensus_confidence >= ", from)
            .is_maybe("p.consensus_confidence < ", to);
    }

    /// Whether the sums by day know how many there are.
    pub(super) fn by_day(&self) -> bool {
        let whole_day = |time: Option<Timestamp>| time.is_none_or(|time| Timestamp::of_day(time.day()) == time);
        self.bands().is_none()
            && self.patient.is_none()
            && self.source.is_none()
            && self.search.trim().is_empty()
            && self.phase().is_ok()
            && whole_day(self.from)
            && whole_day(self.until)
    }

    /// Whether the sums by filter know how many there are.
    pub(super) fn by_facet(&self) -> bool {
        let (from, to) = self.confidence();
        let whole_step = |bound: Option<f64>| bound.is_none_or(|bound| steps(bound).is_some());
        self.patient.is_none()
            && self.from.is_none()
            && self.until.is_none()
            && self.search.trim().is_empty()
            && self.phase().is_ok()
            && whole_step(from)
            && whole_step(to)
    }

    /// The phase that the status is counted under; an error where the phase holds other statuses too.
    fn phase(&self) -> Result<Option<&'static str>, Uncounted> {
        match self.status {
            None => Ok(None),
            Some(PredictionStatus::Completed) => Ok(Some("completed")),
            Some(_) => Err(Uncounted),
        }
    }

    /// Adds the conditions that both sums know, on rows `t`.
    fn summed(&self, sql: &mut Sql) {
        sql.is_maybe("t.phase = ", self.phase().ok().flatten())
            .is_maybe("t.final_diagnosis = ", self.diagnosis.map(Diagnosis::name))
            .is_maybe("t.is_validated = ", self.validated)
            .is_maybe("t.inconclusive = ", self.inconclusive);
    }

    /// Adds the conditions on sums by day `t`.
    pub(super) fn days(&self, sql: &mut Sql) {
        sql.is_maybe("t.day >= ", self.from.map(Timestamp::day)).is_maybe("t.day < ", self.until.map(Timestamp::day));
        self.summed(sql);
    }

    /// Adds the conditions on sums by filter `t`.
    pub(super) fn facets(&self, sql: &mut Sql) {
        self.summed(sql);
        sql.is_maybe("t.source = ", self.source.map(Source::word));
        if let Some(bands) = self.bands() {
            sql.is("t.confidence_band >= ", *bands.start()).is("t.confidence_band <= ", *bands.end());
        }
    }
}

/// The sums do not tell it from others.
struct Uncounted;

/// How many whole steps of confidence make `bound`; `None` where it lies between two.
fn steps(bound: f64) -> Option<i32> {
    let step = band(bound + 1e-9);
    ((f64::from(step) / f64::from(BANDS)) - bound).abs().lt(&1e-9).then_some(step)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(from: f64, to: f64) -> PredictionFilter {
        PredictionFilter { confidence_from: Some(from), confidence_to: Some(to), ..PredictionFilter::default() }
    }

    #[test]
    fn bounds_touch_the_steps_between_them() {
        assert_eq!(between(0.0, 1.0).bands(), None);
        assert_eq!(between(0.5, 0.55).bands(), Some(10..=10));
        assert_eq!(between(0.52, 0.61).bands(), Some(10..=12));
        assert_eq!(between(0.95, 1.0).bands(), Some(19..=19));
        assert_eq!(between(0.0, 0.35).bands(), Some(0..=6));
        assert!(between(0.0, 0.0).fits_nothing() && between(0.8, 0.2).fits_nothing());
        assert!(!between(0.0, 1.0).fits_nothing() && !between(0.52, 0.53).fits_nothing());
    }

    #[test]
    fn sums_answer_only_what_they_know() {
        assert!(PredictionFilter::default().by_day() && PredictionFilter::awaiting_review().by_day());
        assert!(between(0.5, 0.7).by_facet() && !between(0.5, 0.7).by_day() && !between(0.51, 0.7).by_facet());
        let pending = PredictionFilter { status: Some(PredictionStatus::Pending), ..PredictionFilter::default() };
        assert!(!pending.by_day() && !pending.by_facet());
        let noon = PredictionFilter { from: Some(Timestamp::from_micros(43_200_000_000)), ..Default::default() };
        assert!(!noon.by_day() && !noon.by_facet());
        let day = PredictionFilter { from: Some(Timestamp::of_day(5)), ..Default::default() };
        assert!(day.by_day() && !day.by_facet());
    }
}
