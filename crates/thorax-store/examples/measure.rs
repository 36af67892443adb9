//! Fills a database with made-up predictions and times the statements behind the pages.
//!
//! `cargo run --release -p thorax-store --example measure -- sqlite:/tmp/big.db 1000000`; with 0 it only times.

use std::time::Duration;

use thorax_domain::clock::{Clock as _, Stopwatch, SystemClock};
use thorax_domain::ids::UserId;
use thorax_domain::prediction::Diagnosis;
use thorax_domain::review::PredictionStatus;
use thorax_domain::user::{Role, Username, Viewer};
use thorax_domain::xray::Source;
use thorax_store::page::{PageRequest, PageSize, Seek};
use thorax_store::patients::PatientFilter;
use thorax_store::predictions::PredictionFilter;
use thorax_store::statements::Statements;
use thorax_store::statistics::Span;
use thorax_store::users::NewUser;
use thorax_store::{Result, Seed, Settings, Store};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().ok_or("the address of a database is missing")?;
    let predictions = arguments.next().map_or(Ok(0), |text| text.parse())?;
    let store = Store::open(&address, &Settings::default()).await?;
    let now = SystemClock.now();
    let doctor = Viewer { user: UserId::new(now), role: Role::Doctor };
    if !store.users().any().await? {
        let user = NewUser {
            id: doctor.user,
            username: Username::new("measure")?,
            full_name: "Measure".into(),
            password_hash: String::new(),
            role: Role::Doctor,
            created_at: now,
        };
        store.users().create(&user, &[]).await?;
    }
    if predictions > 0 {
        let watch = Stopwatch::start();
        store
            .seed(Seed { predictions, number: 7, now }, |done| println!("{done} after {:.0} s", watch.total() / 1e3))
            .await?;
        println!("seeded in {:.1} s", watch.total() / 1e3);
    }
    lists(&store, doctor).await?;
    others(&store, doctor).await?;
    Ok(store.close().await?)
}

/// Five times, the slowest left out as the first may read from disk.
macro_rules! time {
    ($name:expr, $work:expr) => {{
        let statements = Statements::new();
        let mut times = Vec::new();
        for _ in 0..5 {
            let watch = Stopwatch::start();
            statements.scope(async { $work.await.map(|_| ()) }).await?;
            times.push(watch.total());
        }
        times.sort_by(f64::total_cmp);
        let all = statements.all();
        let slowest = all.iter().skip(all.len() / 5).map(|one| one.elapsed).max().unwrap_or(Duration::ZERO);
        println!(
            "{:<44} {:>8.2} ms   {} statements, slowest {:>7.2} ms",
            $name,
            times[2],
            all.len() / 5,
            slowest.as_secs_f64() * 1e3
        );
    }};
}

async fn lists(store: &Store, doctor: Viewer) -> Result<()> {
    let all = PredictionFilter::default();
    let of = |diagnosis| PredictionFilter { diagnosis: Some(diagnosis), ..PredictionFilter::default() };
    let cases: Vec<(&str, PredictionFilter)> = vec![
        ("all", all.clone()),
        ("COVID", of(Diagnosis::Covid)),
        ("awaiting review", PredictionFilter::awaiting_review()),
        ("COVID not validated", PredictionFilter { validated: Some(false), ..of(Diagnosis::Covid) }),
        ("inconclusive", PredictionFilter { inconclusive: Some(true), ..all.clone() }),
        ("source dicom", PredictionFilter { source: Some(Source::Dicom), ..all.clone() }),
        ("pending", PredictionFilter { status: Some(PredictionStatus::Pending), ..all.clone() }),
        ("confidence 0.9 to 1", PredictionFilter { confidence_from: Some(0.9), ..all.clone() }),
        ("confidence below 0.27", PredictionFilter { confidence_to: Some(0.27), ..all.clone() }),
        ("search fischer", PredictionFilter { search: "fischer".into(), ..all.clone() }),
        ("search anna fi", PredictionFilter { search: "anna fi".into(), ..all.clone() }),
        ("search d0000012", PredictionFilter { search: "d0000012".into(), ..all.clone() }),
    ];
    for (name, filter) in &cases {
        let page = PageRequest::first(PageSize::DEFAULT);
        time!(format!("list {name}, page 1"), store.predictions().list(doctor, filter, &page));
        time!(format!("count {name}"), store.predictions().count(doctor, filter));
    }
    let total = store.predictions().count(doctor, &all).await?;
    let last = PageSize::DEFAULT.pages(total);
    for number in [2, last / 4, last / 2, last] {
        let page = PageRequest { total: Some(total), ..PageRequest::numbered(number, PageSize::DEFAULT) };
        time!(format!("list all, page {number} by number"), store.predictions().list(doctor, &all, &page));
        let found = store.predictions().list(doctor, &all, &page).await?;
        if let Some(previous) = found.previous {
            let page = PageRequest { seek: Seek::Before(previous), ..page };
            time!(format!("list all, page before {number} by cursor"), store.predictions().list(doctor, &all, &page));
        }
    }
    let page = PageRequest::numbered(last / 10, PageSize::DEFAULT);
    time!(format!("list COVID, page {}", last / 10), store.predictions().list(doctor, &of(Diagnosis::Covid), &page));
    Ok(())
}

async fn others(store: &Store, doctor: Viewer) -> Result<()> {
    let page = PageRequest::numbered(1000, PageSize::DEFAULT);
    let found = store.predictions().list(doctor, &PredictionFilter::default(), &page).await?;
    if let Some(row) = found.rows.first() {
        time!("X-ray page", store.xrays().page(doctor, row.xray_id, None));
        time!("prediction", store.predictions().find(doctor, row.id));
        time!("standing", store.predictions().standing(doctor, row.id));
        time!(
            "patient's predictions",
            store.predictions().list(doctor, &PredictionFilter::of_patient(row.patient_id), &PageRequest::default())
        );
    }
    time!("statistics", store.statistics().summary());
    time!("dashboard", store.statistics().dashboard(10));
    let now = SystemClock.now();
    let start = now.minus(Duration::from_hours(3 * 365 * 24));
    time!("over time, by month", store.statistics().over_time(Span::Month, start, now));
    time!("agreement", store.statistics().agreement());
    time!("reviews", store.statistics().reviews());
    time!("X-rays, page 1", store.xrays().list(doctor, None, &PageRequest::default()));
    time!("patients, page 1", store.patients().list(doctor, &PatientFilter::default(), &PageRequest::default()));
    time!("patients, count", store.patients().count(doctor, &PatientFilter::default()));
    let filter = PatientFilter { search: "anna".into() };
    time!("patients, search anna", store.patients().list(doctor, &filter, &PageRequest::default()));
    time!("queue depth", store.jobs().depth());
    time!("next to review", store.predictions().next_to_review(None));
    Ok(())
}
