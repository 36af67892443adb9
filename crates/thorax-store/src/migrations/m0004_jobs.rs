//! The queue. `attempt` is the fencing token: it goes up with each claim, and only its holder may report.

pub(super) const STATEMENTS: &[&str] = &[
    "CREATE TABLE jobs (
        id @id NOT NULL PRIMARY KEY,
        kind TEXT NOT NULL,
        prediction_id @id NOT NULL REFERENCES predictions (id),
        state TEXT NOT NULL,
        priority INTEGER NOT NULL,
        attempt INTEGER NOT NULL DEFAULT 0,
        max_attempts INTEGER NOT NULL,
        run_at BIGINT NOT NULL,
        lease_until BIGINT,
        worker TEXT,
        stage TEXT NOT NULL DEFAULT '',
        done INTEGER NOT NULL DEFAULT 0,
        total INTEGER NOT NULL DEFAULT 0,
        last_error TEXT,
        created_at BIGINT NOT NULL,
        finished_at BIGINT
    )",
    "CREATE UNIQUE INDEX jobs_prediction ON jobs (prediction_id)",
    "CREATE INDEX jobs_due ON jobs (priority DESC, run_at, id) WHERE state = 'queued'",
    "CREATE INDEX jobs_leased ON jobs (lease_until) WHERE state = 'leased'",
    "CREATE INDEX jobs_state ON jobs (state, created_at DESC, id DESC)",
    "CREATE INDEX jobs_created_at ON jobs (created_at DESC, id DESC)",
];
