//! Lists: filters, search, pages by cursor and by number, exports.

use futures_util::TryStreamExt as _;
use std::time::Duration;
use thorax_domain::clock::Timestamp;
use thorax_domain::ids::{PredictionId, UserId};
use thorax_domain::prediction::Diagnosis;
use thorax_domain::review::{Decision, PredictionStatus};
use thorax_domain::user::{Role, Viewer};
use thorax_domain::xray::Source;
use thorax_store::page::{PageRequest, PageSize, Seek};
use thorax_store::predictions::{PredictionFilter, PredictionRow};
use thorax_store::xrays::Intake;
use thorax_store::{Seed, Store};

use crate::databases::on_both;
use crate::world::{at, completed, new_prediction, new_xray, patient, take_in, user};

const DAY: Duration = Duration::from_hours(24);

/// Made-up rows over three years, and one of each sort that the generator does not make.
async fn filled(store: &Store, predictions: u64) -> Viewer {
    let doctor = user(store, "doctor", Role::Doctor).await;
    store.seed(Seed { predictions, number: 3, now: at(0).minus(DAY) }, |_| {}).await.unwrap();
    let someone = patient(store, "Zacharias Zimmermann", "Z-1").await;
    completed(store, someone, doctor, 1, (Diagnosis::Covid, 1.0)).await;
    completed(store, someone, doctor, 2, (Diagnosis::Covid, 0.35)).await;
    take_in(store, someone, doctor, 3).await;
    let xray = new_xray(someone, doctor.user, 8, 4);
    let cancelled = new_prediction(&xray, 4);
    let intake = Intake { patient: None, xray: &xray, prediction: Some(&cancelled), capacity: None, audit: &[] };
    store.xrays().take_in(&intake).await.unwrap();
    store.jobs().cancel(cancelled.id, at(5), &[]).await.unwrap();
    doctor
}

async fn whole_list(store: &Store, viewer: Viewer, filter: &PredictionFilter) -> Vec<PredictionRow> {
    let mut rows = Vec::new();
    let chunks = store.predictions().export(viewer, filter.clone());
    tokio::pin!(chunks);
    while let Some(chunk) = chunks.try_next().await.unwrap() {
        assert!(chunk.len() <= 100);
        rows.extend(chunk);
    }
    rows
}

fn ids(rows: &[PredictionRow]) -> Vec<PredictionId> {
    rows.iter().map(|row| row.id).collect()
}

type Fits = Box<dyn Fn(&PredictionRow) -> bool>;

async fn filters_keep_what_fits_in_the_lists_order(store: &Store) {
    let doctor = filled(store, 700).await;
    let all = whole_list(store, doctor, &PredictionFilter::default()).await;
    assert_eq!(all.len(), 704);
    assert!(all.is_sorted_by(|a, b| (a.created_at, a.id) > (b.created_at, b.id)));
    let someone = all[0].patient_id;
    let base = PredictionFilter::default;
    let middle = all[300].created_at;
    let confidence =
        |row: &PredictionRow, from: f64, to: f64| row.consensus_confidence.is_some_and(|one| (from..to).contains(&one));
    let cases: Vec<(PredictionFilter, Fits)> = vec![
        (
            PredictionFilter { diagnosis: Some(Diagnosis::Covid), ..base() },
            Box::new(|row| row.final_diagnosis == Some(Diagnosis::Covid)),
        ),
        (PredictionFilter { validated: Some(true), ..base() }, Box::new(|row| row.is_validated)),
        (PredictionFilter { inconclusive: Some(true), ..base() }, Box::new(|row| row.inconclusive)),
        (
            PredictionFilter::awaiting_review(),
            Box::new(|row| !row.is_validated && row.status == PredictionStatus::Completed),
        ),
        (
            PredictionFilter { status: Some(PredictionStatus::Cancelled), ..base() },
            Box::new(|row| row.status == PredictionStatus::Cancelled),
        ),
        (
            PredictionFilter { confidence_from: Some(0.5), confidence_to: Some(0.75), ..base() },
            Box::new(move |row| confidence(row, 0.5, 0.75)),
        ),
        (
            PredictionFilter { confidence_from: Some(0.512), confidence_to: Some(0.611), ..base() },
            Box::new(move |row| confidence(row, 0.512, 0.611)),
        ),
        (PredictionFilter { confidence_to: Some(0.0), ..base() }, Box::new(|_| false)),
        (PredictionFilter { confidence_from: Some(0.8), confidence_to: Some(0.2), ..base() }, Box::new(|_| false)),
        (PredictionFilter { confidence_from: Some(0.9), ..base() }, Box::new(move |row| confidence(row, 0.9, 1.1))),
        (
            PredictionFilter { source: Some(Source::Dicom), confidence_to: Some(0.8), ..base() },
            Box::new(move |row| row.source == Source::Dicom && confidence(row, 0.0, 0.8)),
        ),
        (PredictionFilter { from: Some(middle), ..base() }, Box::new(move |row| row.created_at >= middle)),
        (
            PredictionFilter { until: Some(Timestamp::of_day(middle.day())), validated: Some(false), ..base() },
            Box::new(move |row| row.created_at.day() < middle.day() && !row.is_validated),
        ),
        (PredictionFilter::of_patient(someone), Box::new(move |row| row.patient_id == someone)),
        (
            PredictionFilter { search: "zach z-".into(), ..base() },
            Box::new(|row| row.patient_name == "Zacharias Zimmermann"),
        ),
        (
            PredictionFilter { search: "anna".into(), diagnosis: Some(Diagnosis::Normal), ..base() },
            Box::new(|row| row.patient_name.starts_with("Anna") && row.final_diagnosis == Some(Diagnosis::Normal)),
        ),
        (PredictionFilter { search: "nobody".into(), ..base() }, Box::new(|_| false)),
    ];
    for (filter, fits) in cases {
        let expected: Vec<PredictionId> = all.iter().filter(|row| fits(row)).map(|row| row.id).collect();
        assert!(ids(&whole_list(store, doctor, &filter).await) == expected, "{filter:?}");
        assert_eq!(store.predictions().count(doctor, &filter).await.unwrap(), expected.len() as u64, "{filter:?}");
        for number in [1_u8, 2, 5] {
            let wanted: Vec<_> = expected.iter().skip((usize::from(number) - 1) * 10).take(10).copied().collect();
            for total in [None, Some(expected.len() as u64)] {
                let request = PageRequest { total, ..PageRequest::numbered(number.into(), PageSize::new(10)) };
                let page = store.predictions().list(doctor, &filter, &request).await.unwrap();
                assert!(ids(&page.rows) == wanted, "page {number} of {filter:?}");
                if let Some(calendar) = store.predictions().calendar(doctor, &filter).await.unwrap() {
                    let from_day = store.predictions().list(doctor, &filter, &calendar.find(request)).await.unwrap();
                    assert_eq!(from_day, page, "from its day");
                }
            }
        }
    }
}

async fn page_numbers_and_cursors_agree_to_the_last_page(store: &Store) {
    let doctor = filled(store, 400).await;
    for filter in [PredictionFilter::default(), PredictionFilter { validated: Some(true), ..Default::default() }] {
        let total = store.predictions().count(doctor, &filter).await.unwrap();
        let calendar = store.predictions().calendar(doctor, &filter).await.unwrap().expect("sums by day");
        let size = PageSize::DEFAULT;
        let mut number = 1;
        let mut seen = Vec::new();
        let mut from = Seek::ByNumber;
        loop {
            let by_cursor = PageRequest { number, size, seek: from, total: None };
            let page = store.predictions().list(doctor, &filter, &by_cursor).await.unwrap();
            for total in [None, Some(total)] {
                let by_number = PageRequest { total, ..PageRequest::numbered(number, size) };
                assert_eq!(store.predictions().list(doctor, &filter, &by_number).await.unwrap(), page);
                assert_eq!(store.predictions().list(doctor, &filter, &calendar.find(by_number)).await.unwrap(), page);
            }
            seen.extend(ids(&page.rows));
            let Some(next) = page.next else { break };
            let back = PageRequest { number, size, seek: Seek::Before(next), total: None };
            let newer = store.predictions().list(doctor, &filter, &back).await.unwrap();
            assert_eq!(newer.rows.last().map(|row| row.id), page.rows.iter().rev().nth(1).map(|row| row.id));
            (number, from) = (number + 1, Seek::After(next));
        }
        assert_eq!(number, size.pages(total));
        assert_eq!(seen, ids(&whole_list(store, doctor, &filter).await));
        let beyond = PageRequest::numbered(number + 1, size);
        assert!(store.predictions().list(doctor, &filter, &beyond).await.unwrap().rows.is_empty());
    }
}

async fn rows_that_come_while_somebody_reads_shift_nothing(store: &Store) {
    let doctor = filled(store, 60).await;
    let size = PageSize::DEFAULT;
    let filter = PredictionFilter::default();
    let first = store.predictions().list(doctor, &filter, &PageRequest::first(size)).await.unwrap();
    let next = PageRequest::after(first.next.unwrap(), size);
    let before = store.predictions().list(doctor, &filter, &next).await.unwrap();
    let someone = first.rows[0].patient_id;
    completed(store, someone, doctor, 100, (Diagnosis::Normal, 0.7)).await;
    assert_eq!(store.predictions().list(doctor, &filter, &next).await.unwrap(), before);
}

async fn a_patient_lists_own_validated_results_only(store: &Store) {
    let doctor = filled(store, 50).await;
    let account = user(store, "anna", Role::Patient).await;
    let mut person = crate::world::new_patient("Anna Abel", "A-1", 0);
    person.user_id = Some(account.user);
    store.patients().create(&person, &[]).await.unwrap();
    let shown = completed(store, person.id, doctor, 200, (Diagnosis::Covid, 0.9)).await;
    completed(store, person.id, doctor, 210, (Diagnosis::Covid, 0.8)).await;
    store.predictions().review(shown, &Decision::Confirm, doctor.user, ("", at(220)), &[]).await.unwrap();
    for filter in [
        PredictionFilter::default(),
        PredictionFilter { confidence_from: Some(0.5), ..PredictionFilter::default() },
        PredictionFilter { search: "anna".into(), ..PredictionFilter::default() },
        PredictionFilter { validated: Some(true), ..PredictionFilter::default() },
    ] {
        assert_eq!(ids(&whole_list(store, account, &filter).await), [shown]);
        assert_eq!(store.predictions().count(account, &filter).await.unwrap(), 1);
        let second = PageRequest::numbered(2, PageSize::DEFAULT);
        assert!(store.predictions().list(account, &filter, &second).await.unwrap().rows.is_empty());
    }
    let open = PredictionFilter { validated: Some(false), ..PredictionFilter::default() };
    assert_eq!(store.predictions().count(account, &open).await.unwrap(), 0);
    let nobody = Viewer { user: UserId::new(at(0)), role: Role::Patient };
    assert!(whole_list(store, nobody, &PredictionFilter::default()).await.is_empty());
}

async fn the_next_to_review_goes_round(store: &Store) {
    let doctor = user(store, "doctor", Role::Doctor).await;
    let someone = patient(store, "Anna Abel", "R-1").await;
    let mut waiting = Vec::new();
    for seconds in [10, 20, 30] {
        waiting.push(completed(store, someone, doctor, seconds, (Diagnosis::Normal, 0.8)).await);
    }
    let next = async |after| store.predictions().next_to_review(after).await.unwrap().map(|(id, _)| id);
    assert_eq!(next(None).await, Some(waiting[2]));
    assert_eq!(next(Some(waiting[2])).await, Some(waiting[1]));
    store.predictions().review(waiting[1], &Decision::Confirm, doctor.user, ("", at(40)), &[]).await.unwrap();
    assert_eq!(next(Some(waiting[1])).await, Some(waiting[0]));
    assert_eq!(next(Some(waiting[0])).await, Some(waiting[2]));
    store.predictions().review(waiting[2], &Decision::Confirm, doctor.user, ("", at(41)), &[]).await.unwrap();
    assert_eq!(next(Some(waiting[0])).await, None, "only itself is left");
}

on_both!(
    filters_keep_what_fits_in_the_lists_order,
    page_numbers_and_cursors_agree_to_the_last_page,
    rows_that_come_while_somebody_reads_shift_nothing,
    a_patient_lists_own_validated_results_only,
    the_next_to_review_goes_round,
);
