//! Radiographs. Their bytes are blobs, kept under their SHA-256.
//!
//! `uploaded_by` has no foreign key: accounts of staff are switched off and never deleted, and a key would have a patient's
//! erasure look through a million rows.

pub(super) const STATEMENTS: &[&str] = &[
    "CREATE TABLE xray_images (
        id @id NOT NULL PRIMARY KEY,
        patient_id @id NOT NULL REFERENCES patients (id),
        sha256 @plain NOT NULL,
        clahe_sha256 @plain,
        bytes BIGINT NOT NULL,
        format TEXT NOT NULL,
        width INTEGER NOT NULL,
        height INTEGER NOT NULL,
        bits INTEGER NOT NULL,
        view TEXT,
        source TEXT NOT NULL,
        age_years INTEGER,
        uploaded_by @id NOT NULL,
        created_at BIGINT NOT NULL
    )",
    "CREATE INDEX xray_images_created_at ON xray_images (created_at DESC, id DESC)",
    "CREATE INDEX xray_images_patient ON xray_images (patient_id, created_at DESC, id DESC)",
    "CREATE INDEX xray_images_sha256 ON xray_images (sha256)",
    "CREATE INDEX xray_images_clahe_sha256 ON xray_images (clahe_sha256)",
];
