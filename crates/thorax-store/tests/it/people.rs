//! Accounts, sessions, tokens, patients and the audit log.

use std::time::Duration;

use thorax_domain::audit::{Action, AuditEvent, Object, Origin};
use thorax_domain::ids::{SessionId, TokenId, UserId};
use thorax_domain::patient::{FullName, RecordNumber};
use thorax_domain::user::{ApiToken, Role, Scope, Scopes, Session, Username};
use thorax_store::audit::AuditFilter;
use thorax_store::page::PageRequest;
use thorax_store::patients::{PatientChange, PatientFilter};
use thorax_store::users::{UserChange, UserFilter};
use thorax_store::{Store, StoreError, Unique};

use crate::databases::{Fresh, on_both};
use crate::world::{at, new_patient, patient, user};

const HOUR: Duration = Duration::from_hours(1);

fn session(user: UserId, seconds: u64) -> Session {
    Session {
        id: SessionId::new(at(seconds)),
        user_id: user,
        created_at: at(seconds),
        seen_at: at(seconds),
        expires_at: at(seconds).plus(HOUR),
        ip: "10.0.0.7".into(),
        agent: "browser".into(),
    }
}

async fn names_are_taken_once(store: &Store) {
    assert!(!store.users().any().await.unwrap());
    let anna = user(store, "anna", Role::Patient).await;
    assert!(store.users().any().await.unwrap());
    let mut twin = new_patient("Anna Abel", "R-1", 0);
    twin.user_id = Some(anna.user);
    store.patients().create(&twin, &[]).await.unwrap();
    let same_number = store.patients().create(&new_patient("Ben Baker", "R-1", 1), &[]).await;
    assert!(matches!(same_number, Err(StoreError::Taken(Unique::RecordNumber))), "{same_number:?}");
    let mut same_user = new_patient("Ben Baker", "R-2", 1);
    same_user.user_id = Some(anna.user);
    let same_user = store.patients().create(&same_user, &[]).await;
    assert!(matches!(same_user, Err(StoreError::Taken(Unique::PatientOfUser))), "{same_user:?}");
    let again = thorax_store::users::NewUser {
        id: UserId::new(at(2)),
        username: Username::new("Anna").unwrap(),
        full_name: "Another".into(),
        password_hash: "hash".into(),
        role: Role::Patient,
        created_at: at(2),
    };
    let taken = store.users().register(&again, &new_patient("X Y", "R-3", 2), &[]).await;
    assert!(matches!(taken, Err(StoreError::Taken(Unique::Username))), "{taken:?}");
    assert_eq!(store.users().count(&UserFilter::default()).await.unwrap(), 1);
}

async fn wrong_passwords_lock_and_a_right_one_forgets_them(store: &Store) {
    let anna = user(store, "anna", Role::Patient).await.user;
    for attempt in 1..=3 {
        let until = store.users().failed_login(anna, at(attempt), 3, HOUR, &[]).await.unwrap();
        assert_eq!(until, (attempt == 3).then(|| at(3).plus(HOUR)));
    }
    let name = Username::new("anna").unwrap();
    let credentials = store.users().credentials(&name).await.unwrap().unwrap();
    assert_eq!((credentials.failed_logins, credentials.locked_until), (3, Some(at(3).plus(HOUR))));
    store.sessions().begin(&session(anna, 10), &[1; 32], None, &[]).await.unwrap();
    let credentials = store.users().credentials_of(anna).await.unwrap().unwrap();
    assert_eq!((credentials.failed_logins, credentials.locked_until), (0, None));
    assert!(store.users().credentials(&Username::new("nobody").unwrap()).await.unwrap().is_none());
}

async fn sessions_begin_are_replaced_and_end(store: &Store) {
    let anna = user(store, "anna", Role::Patient).await.user;
    let sessions = store.sessions();
    let first = session(anna, 0);
    sessions.begin(&first, &[1; 32], None, &[]).await.unwrap();
    let second = session(anna, 1);
    sessions.begin(&second, &[2; 32], Some(&[1; 32]), &[]).await.unwrap();
    assert!(sessions.find(&[1; 32], at(2)).await.unwrap().is_none(), "signing in changes the session");
    let (found, who) = sessions.find(&[2; 32], at(2)).await.unwrap().unwrap();
    assert_eq!((found, who.id), (second.clone(), anna));
    assert!(sessions.find(&[2; 32], at(3601)).await.unwrap().is_none(), "it has ended");
    sessions.touch(second.id, at(60), HOUR).await.unwrap();
    assert!(sessions.find(&[2; 32], at(3601)).await.unwrap().is_some());
    sessions.begin(&session(anna, 70), &[3; 32], None, &[]).await.unwrap();
    sessions.begin(&session(anna, 80), &[4; 32], None, &[]).await.unwrap();
    assert_eq!(sessions.of_user(anna, at(90)).await.unwrap().len(), 3);
    let stranger = user(store, "ben", Role::Patient).await.user;
    assert!(!sessions.end(stranger, second.id, &[]).await.unwrap());
    assert!(sessions.end(anna, second.id, &[]).await.unwrap());
    let (kept, _) = sessions.find(&[3; 32], at(90)).await.unwrap().unwrap();
    store.users().set_password(anna, "new", Some(kept.id), &[]).await.unwrap();
    assert_eq!(sessions.of_user(anna, at(90)).await.unwrap(), [kept]);
    assert_eq!(sessions.end_all(anna, None, &[]).await.unwrap(), 1);
    sessions.begin(&session(anna, 100), &[5; 32], None, &[]).await.unwrap();
    assert_eq!(sessions.sweep(at(100).plus(HOUR)).await.unwrap(), 1);
}

async fn whoever_is_switched_off_is_out(store: &Store) {
    let anna = user(store, "anna", Role::Doctor).await.user;
    store.sessions().begin(&session(anna, 0), &[1; 32], None, &[]).await.unwrap();
    let token = ApiToken {
        id: TokenId::new(at(0)),
        user_id: anna,
        name: "script".into(),
        prefix: "thx_ab".into(),
        scopes: Scopes([Scope::Read, Scope::Write].into()),
        created_at: at(0),
        expires_at: Some(at(100)),
        last_used_at: None,
        revoked_at: None,
    };
    store.tokens().create(&token, &[9; 32], &[]).await.unwrap();
    let (found, who) = store.tokens().find(&[9; 32], at(1)).await.unwrap().unwrap();
    assert_eq!((found, who.id), (token.clone(), anna));
    assert!(store.tokens().find(&[9; 32], at(100)).await.unwrap().is_none());
    store.tokens().touch(token.id, at(5)).await.unwrap();
    assert_eq!(store.tokens().of_user(anna).await.unwrap()[0].last_used_at, Some(at(5)));
    let off = UserChange { is_active: Some(false), ..UserChange::default() };
    store.users().update(anna, &off, &[]).await.unwrap();
    assert!(store.sessions().find(&[1; 32], at(1)).await.unwrap().is_none());
    assert!(store.tokens().find(&[9; 32], at(1)).await.unwrap().is_none());
    let begun = store.sessions().begin(&session(anna, 2), &[2; 32], None, &[]).await;
    assert!(matches!(begun, Err(StoreError::Gone(_))));
    let on = UserChange { is_active: Some(true), ..UserChange::default() };
    store.users().update(anna, &on, &[]).await.unwrap();
    assert!(store.tokens().find(&[9; 32], at(1)).await.unwrap().is_some());
    assert!(store.tokens().revoke(anna, token.id, at(6), &[]).await.unwrap());
    assert!(!store.tokens().revoke(anna, token.id, at(7), &[]).await.unwrap());
    assert!(store.tokens().find(&[9; 32], at(8)).await.unwrap().is_none());
}

async fn people_are_found_by_the_beginnings_of_words(store: &Store) {
    let doctor = user(store, "house", Role::Doctor).await;
    user(store, "cuddy", Role::Admin).await;
    patient(store, "Anna Maria MÜLLER", "R-100").await;
    patient(store, "Ben Mülder", "R-200").await;
    let ids = async |search: &str| {
        let filter = PatientFilter { search: search.into() };
        let rows = store.patients().list(doctor, &filter, &PageRequest::default()).await.unwrap().rows;
        assert_eq!(store.patients().count(doctor, &filter).await.unwrap(), rows.len() as u64);
        rows.len()
    };
    for (search, found) in [
        ("", 2),
        ("mül", 2),
        ("mÜlL", 1),
        ("r-", 2),
        ("r-1", 1),
        ("mül anna", 1),
        ("anna ben", 0),
        ("üller", 0),
        ("%", 0),
        ("_", 0),
        ("'; DROP TABLE users; --", 0),
        ("a\0", 1),
    ] {
        assert_eq!(ids(search).await, found, "{search}");
    }
    let users = async |filter: UserFilter| {
        let rows = store.users().list(&filter, &PageRequest::default(), at(0)).await.unwrap().rows;
        assert_eq!(store.users().count(&filter).await.unwrap(), rows.len() as u64);
        rows.iter().map(|row| row.user.username.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(users(UserFilter { search: "the cu".into(), ..UserFilter::default() }).await, ["cuddy"]);
    assert_eq!(users(UserFilter { role: Some(Role::Doctor), ..UserFilter::default() }).await, ["house"]);
    assert!(users(UserFilter { is_active: Some(false), ..UserFilter::default() }).await.is_empty());
}

async fn a_patient_is_changed_and_found_anew(store: &Store) {
    let doctor = user(store, "house", Role::Doctor).await;
    let id = patient(store, "Anna Abel", "R-1").await;
    let change = PatientChange { full_name: Some(FullName::new("Anna Baker").unwrap()), ..PatientChange::default() };
    store.patients().update(id, &change, &[]).await.unwrap();
    let found = store.patients().find(doctor, id).await.unwrap().unwrap();
    assert_eq!((found.full_name.as_str(), found.record_number.as_str()), ("Anna Baker", "R-1"));
    let count =
        async |search: &str| store.patients().count(doctor, &PatientFilter { search: search.into() }).await.unwrap();
    assert_eq!((count("abel").await, count("baker").await, count("r-1").await), (0, 1, 1));
    let number = RecordNumber::new("R-1").unwrap();
    assert_eq!(store.patients().by_record_number(doctor, &number).await.unwrap().unwrap().id, id);
    let nobody = thorax_domain::ids::PatientId::new(at(1));
    assert!(matches!(store.patients().update(nobody, &change, &[]).await, Err(StoreError::Gone(_))));
}

async fn the_audit_log_only_grows(store: &Fresh) {
    use sea_orm::{ConnectionTrait as _, Database};
    let doctor = user(store, "house", Role::Doctor).await;
    let someone = patient(store, "Anna Abel", "R-1").await;
    let origin = Origin { ip: "10.0.0.7".into(), request_id: "r1".into() };
    let event = AuditEvent::new(at(1), doctor, Action::View, Object::Patient, someone)
        .about(someone)
        .from(origin)
        .with("page", 3);
    let all: Vec<_> = (0..40).map(|_| store.audit().record(vec![event.clone()])).collect();
    for stored in futures_util::future::join_all(all).await {
        stored.unwrap();
    }
    let filter = AuditFilter { patient: Some(someone), ..AuditFilter::default() };
    let first = store.audit().list(&filter, None, 30).await.unwrap();
    assert_eq!(first.rows.len(), 30);
    assert_eq!((&first.rows[0].event, first.rows[0].actor_name.as_deref()), (&event, Some("house")));
    let rest = store.audit().list(&filter, first.before, 30).await.unwrap();
    assert_eq!((rest.rows.len(), rest.before), (10, None));
    assert_eq!(store.audit().count(&filter, 1000).await.unwrap(), 40);
    assert_eq!(store.audit().count(&filter, 15).await.unwrap(), 15);
    for filter in [
        AuditFilter { action: Some(Action::Erase), ..filter.clone() },
        AuditFilter { until: Some(at(1)), ..filter.clone() },
        AuditFilter { ip: Some("203.0.113.9".into()), ..filter.clone() },
        AuditFilter { request_id: Some("x".into()), ..filter.clone() },
        AuditFilter { object_id: Some("x".into()), object: Some(Object::Patient), ..filter.clone() },
    ] {
        assert!(store.audit().list(&filter, None, 5).await.unwrap().rows.is_empty());
    }
    let database = Database::connect(&store.address).await.unwrap();
    for sql in ["UPDATE audit_events SET ip = ''", "DELETE FROM audit_events"] {
        let refused = database.execute_unprepared(sql).await.unwrap_err();
        assert!(refused.to_string().contains("append only"), "{refused}");
    }
    database.close().await.unwrap();
    assert_eq!(store.audit().count(&AuditFilter::default(), 1000).await.unwrap(), 40);
}

on_both!(
    names_are_taken_once,
    wrong_passwords_lock_and_a_right_one_forgets_them,
    sessions_begin_are_replaced_and_end,
    whoever_is_switched_off_is_out,
    people_are_found_by_the_beginnings_of_words,
    a_patient_is_changed_and_found_anew,
    the_audit_log_only_grows,
);
