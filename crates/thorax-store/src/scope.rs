//! Who sees what: every read of patient data adds one of these conditions. Doctors and admins see all patients; a patient sees
//! their own row, their validated results, and the X-rays that have one. (`IS TRUE` rather than `= TRUE` keeps SQLite from taking
//! the index of all validated rows where that of one patient's is meant.)

use thorax_domain::user::Viewer;

use crate::sql::Sql;

/// Predictions `alias` that `viewer` may see.
pub(crate) fn predictions(sql: &mut Sql, viewer: Viewer, alias: &str) {
    if !viewer.role.sees_all_patients() {
        sql.condition(&format!("{alias}.is_validated IS TRUE AND {alias}.patient_id = "));
        own(sql, viewer);
    }
}

/// Patients `alias` that `viewer` may see.
pub(crate) fn patients(sql: &mut Sql, viewer: Viewer, alias: &str) {
    if !viewer.role.sees_all_patients() {
        sql.is(&format!("{alias}.user_id = "), viewer.user.uuid());
    }
}

/// X-rays `alias` that `viewer` may see.
pub(crate) fn xrays(sql: &mut Sql, viewer: Viewer, alias: &str) {
    if !viewer.role.sees_all_patients() {
        sql.condition(&format!("{alias}.patient_id = "));
        own(sql, viewer);
        sql.push(&format!(
            " AND EXISTS (SELECT 1 FROM predictions v WHERE v.xray_id = {alias}.id AND v.is_validated IS TRUE)"
        ));
    }
}

fn own(sql: &mut Sql, viewer: Viewer) {
    sql.push("(SELECT id FROM patients WHERE user_id = ").bind(viewer.user.uuid()).push(")");
}
