//! What the networks said, and what doctors made of it.
//!
//! `predictions` holds what lists show and filter by, so that a row is small; the rest of a prediction is in
//! `prediction_details`, six rows of `model_scores` and `heat_maps`. Provenance is the same for every result of a bundle but for the file's hash and
//! the override, so it is kept once. `patient_id` and `source` stand in `predictions` too, and `confidence_band` is the
//! confidence in steps of a twentieth, so that each filter of the list has an index in the list's order.
//!
//! The first five indexes are the guide's; where the guide orders by `created_at`, `id` follows to break ties.
//! `patient_id` behind them lets a search for many patients look through the list without its rows.

pub(super) const STATEMENTS: &[&str] = &[
    "CREATE TABLE predictions (
        id @id NOT NULL PRIMARY KEY,
        xray_id @id NOT NULL REFERENCES xray_images (id),
        patient_id @id NOT NULL REFERENCES patients (id),
        source TEXT NOT NULL,
        status TEXT NOT NULL,
        requested_by @id NOT NULL,
        forced BOOLEAN NOT NULL,
        created_at BIGINT NOT NULL,
        completed_at BIGINT,
        final_diagnosis TEXT,
        consensus_confidence DOUBLE PRECISION,
        confidence_band INTEGER,
        agreement INTEGER NOT NULL DEFAULT 0,
        models_voted INTEGER NOT NULL DEFAULT 0,
        inconclusive BOOLEAN NOT NULL DEFAULT FALSE,
        is_validated BOOLEAN NOT NULL DEFAULT FALSE,
        validated_at BIGINT,
        reviewed_by @id,
        review_verdict TEXT,
        corrected_label TEXT,
        error TEXT
    )",
    "CREATE INDEX predictions_created_at ON predictions (created_at DESC, id DESC, patient_id)",
    "CREATE INDEX predictions_final_diagnosis ON predictions (final_diagnosis)",
    "CREATE INDEX predictions_is_validated ON predictions (is_validated)",
    "CREATE INDEX predictions_final_diagnosis_created_at ON predictions (final_diagnosis, created_at DESC, id DESC)",
    "CREATE INDEX predictions_is_validated_created_at ON predictions (is_validated, created_at DESC, id DESC)",
    "CREATE INDEX predictions_patient ON predictions (patient_id, created_at DESC, id DESC)",
    "CREATE INDEX predictions_xray ON predictions (xray_id, created_at DESC, id DESC)",
    "CREATE INDEX predictions_status ON predictions (status, created_at DESC, id DESC)",
    "CREATE INDEX predictions_inconclusive ON predictions (inconclusive, created_at DESC, id DESC)",
    "CREATE INDEX predictions_source ON predictions (source, created_at DESC, id DESC)",
    "CREATE INDEX predictions_confidence_band ON predictions (confidence_band, created_at DESC, id DESC)",
    "CREATE TABLE provenances (
        id @plain NOT NULL PRIMARY KEY,
        body TEXT NOT NULL
    )",
    "CREATE TABLE prediction_details (
        prediction_id @id NOT NULL PRIMARY KEY REFERENCES predictions (id),
        probabilities TEXT,
        prediction_set TEXT NOT NULL,
        reasons TEXT NOT NULL,
        gate TEXT NOT NULL,
        provenance_id @plain NOT NULL REFERENCES provenances (id),
        timings TEXT NOT NULL,
        field TEXT,
        bundle TEXT NOT NULL
    ) @keyed",
    "CREATE TABLE model_scores (
        prediction_id @id NOT NULL REFERENCES predictions (id),
        position INTEGER NOT NULL,
        name TEXT NOT NULL,
        diagnosis TEXT NOT NULL,
        confidence DOUBLE PRECISION NOT NULL,
        p_covid DOUBLE PRECISION NOT NULL,
        p_lung_opacity DOUBLE PRECISION NOT NULL,
        p_normal DOUBLE PRECISION NOT NULL,
        p_viral_pneumonia DOUBLE PRECISION NOT NULL,
        milliseconds DOUBLE PRECISION NOT NULL,
        lung_share DOUBLE PRECISION,
        PRIMARY KEY (prediction_id, position)
    ) @keyed",
    "CREATE TABLE heat_maps (
        prediction_id @id NOT NULL REFERENCES predictions (id),
        name @plain NOT NULL,
        grid @bytes NOT NULL,
        PRIMARY KEY (prediction_id, name)
    )",
    "CREATE TABLE reviews (
        prediction_id @id NOT NULL REFERENCES predictions (id),
        at BIGINT NOT NULL,
        reviewed_by @id NOT NULL,
        verdict TEXT NOT NULL,
        corrected_label TEXT,
        notes TEXT NOT NULL,
        PRIMARY KEY (prediction_id, at, reviewed_by)
    )",
];
