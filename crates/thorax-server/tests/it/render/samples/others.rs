//! What everybody, patients and administrators see.

use thorax_domain::prediction::{Diagnosis, Precision};
use thorax_server::web::view::{
    AccountPage, AdminHome, AuditFilter, AuditPage, AuditRow, CacheOperation, CacheRow, CachesPage, Check, Choice,
    ErrorPage, FieldError, FormErrors, Health, JobRow, JobsFilter, JobsPage, LoginPage, Memory, MyResult, MyResultPage,
    MyResultsPage, NetworkRow, NewToken, PatientHome, ReferenceChapter, ReferenceOperation, ReferencePage,
    ReferenceType, RegisterPage, Role, SessionRow, Statement, SystemPage, TOOLBAR_SLOT, Theme, Timing, TokenRow,
    ToolbarPanel, UserRow, UsersPage,
};

use super::clinical::doctor_statistics;
use super::{Sample, Template, flashes, frame, id, moment, pager, result, sample, single_page};

const ADMIN: Option<Role> = Some(Role::Admin);
const PATIENT: Option<Role> = Some(Role::Patient);

pub fn samples(theme: Theme) -> Vec<Sample> {
    [doors(theme), account(theme), mine(theme), administration(theme), logs(theme), reference(theme)]
        .into_iter()
        .flatten()
        .collect()
}

fn error(field: &'static str, message: &str) -> FieldError {
    FieldError { field, message: message.to_owned() }
}

fn doors(theme: Theme) -> Vec<Sample> {
    let login = LoginPage {
        frame: frame("Sign in", "/login", None, theme),
        username: "<b>injected</b>".to_owned(),
        next: "/worklist?page=2".to_owned(),
        retry_after: Some(30),
        registration_open: true,
        errors: FormErrors { general: Some("User name or password is wrong.".to_owned()), fields: Vec::new() },
    };
    let register = RegisterPage {
        frame: frame("Register", "/register", None, theme),
        username: "pat".to_owned(),
        full_name: "Pat".to_owned(),
        date_of_birth: "1980-02-28".to_owned(),
        sex: String::new(),
        password_minimum: 12,
        errors: FormErrors {
            general: None,
            fields: vec![
                error("date_of_birth", "There is no such day."),
                error("username", "Somebody has this name already."),
            ],
        },
    };
    let missing = ErrorPage {
        frame: frame("Nothing here", "/", Some(Role::Doctor), theme),
        status: 404,
        title: "There is nothing at this address".to_owned(),
        advice: "It may have been deleted, or it is not for you to see. Check the address, or go back to the worklist."
            .to_owned(),
        retry_after: None,
    };
    let full = ErrorPage {
        frame: frame("Too much at once", "/", None, theme),
        status: 503,
        title: "The queue is full".to_owned(),
        advice: "More X-rays wait than can be read soon. Nothing was lost.".to_owned(),
        retry_after: Some(20),
    };
    vec![
        sample("login", "login", None, &login),
        sample("register", "register", None, &register),
        sample("error-404", "error", None, &missing),
        sample("error-503", "error", None, &full),
    ]
}

fn account(theme: Theme) -> Vec<Sample> {
    let session = |number: u64| SessionRow {
        id: id(number),
        agent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/148.0.0.0 Safari/537.36"
            .to_owned(),
        ip: format!("192.0.2.{number}"),
        created: moment(900),
        seen: moment(number),
        current: number == 1,
    };
    let token = |number: u64| TokenRow {
        id: id(number),
        name: format!("PACS bridge {number}"),
        prefix: "thx_4fQ2".to_owned(),
        scopes: vec!["xrays:write".to_owned(), "predictions:read".to_owned()],
        created: moment(4000),
        expires: (number != 1).then(|| moment(1)),
        last_used: (number != 2).then(|| moment(2)),
        revoked: (number == 3).then(|| moment(3)),
    };
    let page = AccountPage {
        frame: frame("Account", "/account", Some(Role::Doctor), theme),
        full_name: "Dr. Dana Doctor".to_owned(),
        created: moment(9000),
        password_minimum: 12,
        sessions: (1..4).map(session).collect(),
        tokens: (1..4).map(token).collect(),
        scopes: ["xrays:read", "xrays:write", "predictions:read", "predictions:write"].map(str::to_owned).to_vec(),
        new_token: Some(NewToken {
            name: "PACS bridge".to_owned(),
            secret: "thx_4fQ2example0000000000000000000000".to_owned(),
        }),
        profile_errors: FormErrors::default(),
        password_errors: FormErrors { general: None, fields: vec![error("current", "This is not your password.")] },
        token_errors: FormErrors::default(),
    };
    vec![sample("account", "account", Some("/account"), &page)]
}

fn mine(theme: Theme) -> Vec<Sample> {
    let released = |number: usize| MyResult {
        xray_id: id(number as u64),
        taken: moment(4000),
        released: moment(1000),
        doctor: "Dr. Dana Doctor".to_owned(),
        label: Diagnosis::ALL[number % 4],
        notes: "Please come back in two weeks. <b>injected</b>".to_owned(),
        corrected: number.is_multiple_of(2),
        size: (1240, 1104),
    };
    let home =
        PatientHome { frame: frame("Home", "/", PATIENT, theme), latest: Some(released(2)), released: 4, in_review: 1 };
    let empty = PatientHome { latest: None, released: 0, in_review: 2, ..home.clone() };
    let list = MyResultsPage {
        frame: frame("My results", "/my", PATIENT, theme),
        results: (0..4).map(released).collect(),
        in_review: 2,
        pager: single_page(4),
    };
    let one = MyResultPage { frame: frame("Your X-ray", "/my", PATIENT, theme), result: released(0) };
    vec![
        result("home-patient", "home_patient", Some("/"), &home),
        sample("home-patient-empty", "home_patient", Some("/"), &empty),
        result("my", "my", Some("/my"), &list),
        result("my-result", "my_result", Some("/my"), &one),
    ]
}

fn checks() -> Vec<Check> {
    let check =
        |name: &str, health, message: &str| Check { name: name.to_owned(), health, message: message.to_owned() };
    vec![
        check("Database", Health::Good, "SQLite answers in 0.2 ms; WAL is 1.2 MiB."),
        check("Queue", Health::Warning, "412 jobs wait; the oldest for 9 minutes."),
        check("Cache", Health::Bad, "Redis does not answer; pages are computed each time."),
    ]
}

fn administration(theme: Theme) -> Vec<Sample> {
    let home = AdminHome {
        frame: frame("Administration", "/", ADMIN, theme),
        statistics: doctor_statistics(),
        users: 812,
        patients: 40_233,
        jobs: (412, 2, 1),
        checks: checks(),
    };
    let user = |number: u64| UserRow {
        id: id(number),
        username: format!("user{number}"),
        full_name: format!("User <b>injected</b> {number}"),
        role: Role::ALL[usize::try_from(number % 3).unwrap()],
        active: number != 4,
        locked_until: (number == 3).then(|| moment(2)),
        created: moment(number * 600),
        me: number == 0,
    };
    let users = UsersPage {
        frame: frame("Users", "/admin/users", ADMIN, theme),
        q: "user".to_owned(),
        rows: (0..6).map(user).collect(),
        pager: single_page(6),
        new_user: ("dana".to_owned(), "Dana".to_owned(), Role::Doctor),
        password_minimum: 12,
        errors: FormErrors { general: None, fields: vec![error("password", "At least 12 characters.")] },
    };
    let cache = |key: &str, seconds, hits, misses| CacheRow {
        key: key.to_owned(),
        seconds,
        tags: vec!["predictions".to_owned()],
        hits,
        misses,
        fills: misses,
        entries: (hits > 0).then_some(3),
    };
    let caches = CachesPage {
        frame: frame("Caches", "/admin/caches", ADMIN, theme),
        backend: "memory".to_owned(),
        rows: vec![
            cache("prediction_statistics", 300, 88_123, 12),
            cache("view", 900, 1_024, 9),
            cache("sidebar", 900, 40_000, 80),
            cache("doctor_statistics", 600, 0, 0),
        ],
    };
    let network = |name: &str| NetworkRow {
        name: name.to_owned(),
        title: name.to_uppercase(),
        parameters: 22_056_576,
        bytes: 88_000_000,
        loaded: name != "xception",
        sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned(),
        precision: Precision::Bf16,
    };
    let system = SystemPage {
        frame: frame("System", "/admin/system", ADMIN, theme),
        checks: checks(),
        bundle: "two-views, made 2026-11-23".to_owned(),
        bundle_sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned(),
        bundle_licence: "Apache-2.0".to_owned(),
        engine: "onnxruntime 1.24.1".to_owned(),
        networks: ["dinov2-vits14", "xception"].map(network).to_vec(),
        memory: Memory { resident: Some(412 << 20), peak: Some(700 << 20), networks: 300 << 20, budget: 8 << 30 },
        database: "sqlite, 1.2 GiB".to_owned(),
        cache: "memory".to_owned(),
        kept_bytes: Some(12 << 30),
        started: moment(4000),
        facts: vec![("Workers".to_owned(), "2".to_owned())],
    };
    vec![
        sample("home-admin", "home_admin", Some("/"), &home),
        sample("admin-users", "users", Some("/admin/users"), &users),
        sample("admin-caches", "caches", Some("/admin/caches"), &caches),
        sample("admin-system", "system", Some("/admin/system"), &system),
    ]
}

fn logs(theme: Theme) -> Vec<Sample> {
    let states = [
        ("", "All"),
        ("queued", "Queued"),
        ("leased", "Running"),
        ("done", "Done"),
        ("dead", "Given up"),
        ("cancelled", "Cancelled"),
    ];
    let state = |(number, (value, text)): (u64, (&str, &str))| {
        (Choice { value: value.to_owned(), text: text.to_owned(), chosen: number == 0 }, number * 1_234)
    };
    let job = |number: u64| JobRow {
        id: id(number),
        kind: "analyze".to_owned(),
        state: ["queued", "leased", "done", "dead", "cancelled"][usize::try_from(number % 5).unwrap()].to_owned(),
        xray_id: (number != 2).then(|| id(number)),
        attempt: (number, 5),
        stage: "Network 3 of 6".to_owned(),
        progress: (number % 7, 6),
        worker: (number % 5 == 1).then(|| "worker-1".to_owned()),
        created: moment(number * 3),
        run_at: moment(number),
        finished: (number > 2).then(|| moment(1)),
        last_error: (number == 3).then(|| "the film is cut short after 1,024 bytes <b>injected</b>".to_owned()),
    };
    let mut frame_with_news = frame("Jobs", "/admin/jobs", ADMIN, theme);
    frame_with_news.flashes = flashes();
    let jobs = JobsPage {
        frame: frame_with_news,
        filter: JobsFilter { states: (0..).zip(states).map(state).collect() },
        rows: (0..6).map(job).collect(),
        pager: pager("/admin/jobs"),
    };
    let event = |number: u64| AuditRow {
        seq: 90_000 - number,
        at: moment(number),
        actor: (number != 3).then(|| "doctor".to_owned()),
        role: "doctor".to_owned(),
        action: "xray.read".to_owned(),
        object: "xray".to_owned(),
        object_id: id(number),
        patient_id: (number != 2).then(|| id(1)),
        ip: "192.0.2.7".to_owned(),
        request_id: id(77),
        outcome: ["allowed", "denied", "failed"][usize::try_from(number % 3).unwrap()].to_owned(),
        detail: if number == 1 { r#"{"fields":["notes"]}"#.to_owned() } else { String::new() },
    };
    let audit = AuditPage {
        frame: frame("Audit log", "/admin/audit", ADMIN, theme),
        filter: AuditFilter {
            actions: vec![Choice { value: "xray.read".to_owned(), text: "xray.read".to_owned(), chosen: true }],
            ..AuditFilter::default()
        },
        rows: (0..8).map(event).collect(),
        pager: pager("/admin/audit"),
    };
    let mut with_toolbar = sample("admin-audit", "audit", Some("/admin/audit"), &audit);
    with_toolbar.html = with_toolbar.html.replace(TOOLBAR_SLOT, &toolbar());
    vec![sample("admin-jobs", "jobs", Some("/admin/jobs"), &jobs), with_toolbar]
}

fn reference(theme: Theme) -> Vec<Sample> {
    let text = |words: &str| words.to_owned();
    let operation = ReferenceOperation {
        id: text("get_prediction"),
        method: text("GET"),
        path: text("/api/v1/predictions/{id}"),
        summary: text("One prediction"),
        about: vec![text("With the opinions of all networks. Doctors and administrators.")],
        parameters: vec![["id", "path", "uuid", "The prediction."].map(text)],
        body: None,
        fields: Vec::new(),
        answers: vec![["200", "Prediction", "The prediction."].map(text)],
    };
    let kind = ReferenceType {
        name: text("Prediction"),
        about: text("What the networks said together."),
        fields: vec![["final_diagnosis", "Diagnosis or null", "yes", "The consensus."].map(text)],
    };
    let page = ReferencePage {
        frame: frame("API", "/api/docs", ADMIN, theme),
        about: vec![text("Decision support, not a diagnosis.")],
        chapters: vec![ReferenceChapter { name: text("Predictions"), operations: vec![operation] }],
        types: vec![kind],
    };
    vec![sample("reference", "reference", None, &page)]
}

fn toolbar() -> String {
    let statement = |repeats| {
        Statement {
        sql: "SELECT \"id\", \"created_at\" FROM \"predictions\" WHERE \"is_validated\" = ? ORDER BY \"created_at\" DESC LIMIT ?".to_owned(),
        milliseconds: 0.42,
        repeats,
        failed: false,
    }
    };
    let timing = |name: &str| Timing { name: name.to_owned(), milliseconds: 1.3 };
    let panel = ToolbarPanel {
        route: "GET /admin/audit".to_owned(),
        status: 200,
        request_id: id(1),
        milliseconds: 12.7,
        statements: vec![statement(1), statement(3)],
        warnings: vec!["asked 3 times: SELECT …".to_owned()],
        cache: vec![CacheOperation { key: "sidebar".to_owned(), operation: "hit".to_owned(), milliseconds: 0.01 }],
        templates: vec![timing("audit.html")],
        stages: vec![timing("handler")],
    };
    panel.render().unwrap()
}
