//! Sums that every write keeps in its own transaction, so that figures and page numbers cost the same at any number of rows.
//!
//! `prediction_tallies` counts by day of `created_at`; `prediction_facets` counts by the filters that have no day. `phase` is
//! `open` while a prediction is pending or running, then `completed`, or `closed` where there is no result. No diagnosis is
//! the empty text, no confidence the band -1: a key cannot be null.

pub(super) const STATEMENTS: &[&str] = &[
    "CREATE TABLE prediction_tallies (
        day BIGINT NOT NULL,
        phase TEXT NOT NULL,
        final_diagnosis TEXT NOT NULL,
        is_validated BOOLEAN NOT NULL,
        inconclusive BOOLEAN NOT NULL,
        predictions BIGINT NOT NULL,
        confidence_micro BIGINT NOT NULL,
        PRIMARY KEY (day, phase, final_diagnosis, is_validated, inconclusive)
    ) @keyed",
    "CREATE TABLE prediction_facets (
        phase TEXT NOT NULL,
        final_diagnosis TEXT NOT NULL,
        is_validated BOOLEAN NOT NULL,
        inconclusive BOOLEAN NOT NULL,
        source TEXT NOT NULL,
        confidence_band INTEGER NOT NULL,
        predictions BIGINT NOT NULL,
        confidence_micro BIGINT NOT NULL,
        PRIMARY KEY (phase, final_diagnosis, is_validated, inconclusive, source, confidence_band)
    ) @keyed",
    "CREATE TABLE model_pairs (
        first TEXT NOT NULL,
        second TEXT NOT NULL,
        both_voted BIGINT NOT NULL,
        agreed BIGINT NOT NULL,
        PRIMARY KEY (first, second)
    ) @keyed",
    "CREATE TABLE review_tallies (
        model TEXT NOT NULL,
        predicted TEXT NOT NULL,
        actual TEXT NOT NULL,
        reviews BIGINT NOT NULL,
        PRIMARY KEY (model, predicted, actual)
    ) @keyed",
];
