//! Who did what. Rows are appended and never touched again: triggers refuse the rest. No foreign keys: what a row names may be
//! erased, and the row stays.

pub(super) const STATEMENTS: &[&str] = &[
    "CREATE TABLE audit_events (
        seq @sequence,
        at BIGINT NOT NULL,
        actor @id,
        role TEXT,
        action TEXT NOT NULL,
        object TEXT NOT NULL,
        object_id @plain NOT NULL,
        patient_id @id,
        ip TEXT NOT NULL,
        request_id TEXT NOT NULL,
        outcome TEXT NOT NULL,
        detail TEXT NOT NULL
    )",
    "CREATE INDEX audit_events_at ON audit_events (at)",
    "CREATE INDEX audit_events_actor ON audit_events (actor, seq)",
    "CREATE INDEX audit_events_patient ON audit_events (patient_id, seq)",
    "CREATE INDEX audit_events_object ON audit_events (object, seq)",
    "CREATE INDEX audit_events_object_id ON audit_events (object_id, seq)",
    "CREATE INDEX audit_events_request ON audit_events (request_id, seq)",
    "CREATE INDEX audit_events_ip ON audit_events (ip, seq)",
    "CREATE INDEX audit_events_action ON audit_events (action, seq)",
    "@sqlite CREATE TRIGGER audit_events_update BEFORE UPDATE ON audit_events
        BEGIN SELECT RAISE(ABORT, 'audit events are append only'); END",
    "@sqlite CREATE TRIGGER audit_events_delete BEFORE DELETE ON audit_events
        BEGIN SELECT RAISE(ABORT, 'audit events are append only'); END",
    "@postgres CREATE FUNCTION audit_events_refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'audit events are append only'; END $$",
    "@postgres CREATE TRIGGER audit_events_refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events
        FOR EACH STATEMENT EXECUTE FUNCTION audit_events_refuse()",
];
