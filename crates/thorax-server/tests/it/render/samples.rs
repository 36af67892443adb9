//! One page of every kind, and the kinds that differ much twice; full of what may come, long names and markup included.

mod clinical;
mod numbers;
mod others;

use askama::Template;
use thorax_domain::prediction::Diagnosis;
use thorax_server::web::assets::Assets;
use thorax_server::web::view::{
    Confidence, Flash, FlashKind, Frame, Html, Moment, Pager, PatientFacts, Role, Row, Sidebar, SignedIn, Status, Theme,
};

/// One rendered page.
pub struct Sample {
    /// What it shows; the file's name where it is written out.
    pub name: &'static str,
    /// The template that it holds to account.
    pub template: &'static str,
    /// Whether it shows results.
    pub is_result: bool,
    /// The navigation's link that must be marked.
    pub section: Option<&'static str>,
    /// The page.
    pub html: String,
}

/// All of them.
pub fn samples(theme: Theme) -> Vec<Sample> {
    [clinical::samples(theme), numbers::samples(theme), others::samples(theme)].into_iter().flatten().collect()
}

fn sample(name: &'static str, template: &'static str, section: Option<&'static str>, page: &impl Template) -> Sample {
    Sample { name, template, is_result: false, section, html: page.render().unwrap() }
}

fn result(name: &'static str, template: &'static str, section: Option<&'static str>, page: &impl Template) -> Sample {
    Sample { is_result: true, ..sample(name, template, section, page) }
}

fn user(role: Role) -> SignedIn {
    let (username, full_name) = match role {
        Role::Admin => ("admin", "Alex Admin"),
        Role::Doctor => ("doctor", "Dr. Dana <b>injected</b> Doctor"),
        Role::Patient => ("patient", "Pat Patient"),
    };
    SignedIn { username: username.to_owned(), full_name: full_name.to_owned(), role }
}

fn frame(title: &str, section: &'static str, role: Option<Role>, theme: Theme) -> Frame {
    let sidebar = |role| Sidebar { user: user(role), awaiting: Some(1234) }.render().unwrap();
    Frame {
        title: title.to_owned(),
        section,
        user: role.map(user),
        theme,
        request_id: "01936f2e-7c1a-7000-8000-000000000001".to_owned(),
        sidebar: Html(role.map(sidebar).unwrap_or_default()),
        flashes: Vec::new(),
        assets: Assets::default(),
    }
}

fn flashes() -> Vec<Flash> {
    let flash = |kind, text: &str| Flash { kind, text: text.to_owned() };
    vec![
        flash(FlashKind::Success, "Signed. The patient sees the result now."),
        flash(FlashKind::Warning, "Another doctor opened this X-ray a minute ago."),
        flash(FlashKind::Danger, "The cache cannot be reached; pages are slower."),
        flash(FlashKind::Info, "The site was updated."),
    ]
}

fn moment(minute: u64) -> Moment {
    Moment::new(format!(
        "2026-11-{:02}T{:02}:{:02}:07.123456Z",
        23 - minute / 1440 % 20,
        23 - minute / 60 % 24,
        59 - minute % 60
    ))
}

fn id(number: u64) -> String {
    format!("01936f2e-7c1a-7000-8000-{number:012}")
}

fn patient(number: usize) -> PatientFacts {
    let names =
        ["Amara Okafor", "Jürgen Weiß-Hohenstein", "Li Wei", "María José <b>injected</b> Fernández de la Vega y Ortiz"];
    PatientFacts {
        id: id(number as u64),
        name: names[number % names.len()].to_owned(),
        record_number: format!("R-{:06}", 20_417 + number * 37),
        date_of_birth: format!("19{:02}-0{}-1{}", 40 + number * 7 % 60, 1 + number % 9, number % 10),
        sex: ["F", "M", "O", "U"][number % 4].to_owned(),
    }
}

fn row(number: usize) -> Row {
    let facts = patient(number);
    let status = match number % 11 {
        7 => Status::Running,
        8 => Status::Refused,
        9 => Status::Failed,
        10 => Status::Pending,
        _ => Status::Completed,
    };
    let is_read = status == Status::Completed;
    let diagnosis = is_read.then(|| Diagnosis::ALL[number * 7 % 4]);
    let validated = is_read && number.is_multiple_of(3);
    Row {
        prediction_id: id(number as u64 + 100),
        xray_id: id(number as u64 + 200),
        href: format!("/xrays/{}?list=1", id(number as u64 + 200)),
        patient_id: facts.id,
        patient_name: facts.name,
        record_number: facts.record_number,
        sex: facts.sex,
        age: (!number.is_multiple_of(5)).then_some(31 + u16::try_from(number).unwrap()),
        created: moment(number as u64 * 17),
        source: ["web", "dicom", "api"][number % 3].to_owned(),
        view: (!number.is_multiple_of(4)).then(|| "PA".to_owned()),
        status,
        diagnosis,
        confidence: is_read.then_some(Confidence(0.998 - f64::from(u8::try_from(number).unwrap()) * 0.019)),
        agreement: is_read.then_some((6 - number as u64 % 4, 6)),
        inconclusive: is_read && number % 4 == 1,
        validated,
        reviewed_by: validated.then(|| "Dr. Dana Doctor".to_owned()),
        corrected: (validated && number.is_multiple_of(2)).then_some(Diagnosis::LungOpacity),
    }
}

fn pager(action: &str) -> Pager {
    Pager {
        page: 1234,
        pages: 40_000,
        total: 1_000_000,
        previous: Some(format!("{action}?page=1233")),
        next: Some(format!("{action}?page=1235")),
        action: action.to_owned(),
        hidden: vec![("diagnosis".to_owned(), "COVID".to_owned())],
    }
}

fn single_page(total: u64) -> Pager {
    Pager { page: 1, pages: 1, total, ..Pager::default() }
}
