//! The statistics page, full and empty.

use thorax_domain::prediction::Diagnosis;
use thorax_server::web::view::{
    ConfusionMatrix, Day, DiagnosisCount, Html, NetworkAgreement, Reader, Role, StatisticsBody, StatisticsPage, Theme,
};

use super::{Sample, Template, frame, moment, result};

pub fn samples(theme: Theme) -> Vec<Sample> {
    let page = |body: StatisticsBody| StatisticsPage {
        frame: frame("Statistics", "/statistics", Some(Role::Doctor), theme),
        body: Html(body.render().unwrap()),
    };
    vec![
        result("statistics", "statistics", Some("/statistics"), &page(full())),
        result("statistics-empty", "statistics", Some("/statistics"), &page(empty())),
    ]
}

fn reader(key: &str, title: &str, spread: u64) -> Reader {
    let mut matrix = ConfusionMatrix::default();
    for (row, predicted) in (0..).zip(Diagnosis::ALL) {
        for (column, actual) in (0..).zip(Diagnosis::ALL) {
            let right = if row == column { 90 + spread } else { 3 * spread / (1 + column) };
            matrix.add(predicted, actual, right);
        }
    }
    Reader { key: key.to_owned(), title: title.to_owned(), matrix }
}

fn full() -> StatisticsBody {
    let names =
        ["efficientnet-lite0", "dinov2-vits14", "xception", "efficientnet-lite2", "mobilenetv2", "efficientnet-lite1"];
    let share = |row: u8, column: u8| Some(if row == column { 1.0 } else { 0.95 - 0.06 * f64::from(row + column) });
    let counts = [183_204, 244_311, 512_077, 60_408];
    let diagnosis = |(one, (predictions, confidence)): (Diagnosis, (u64, f64))| DiagnosisCount {
        diagnosis: one,
        predictions,
        avg_confidence: Some(confidence),
    };
    let day = |number: u64| Day {
        day: format!("2026-{:02}-{:02}", 6 + number / 28, 1 + number % 28),
        counts: [10 + number % 7, 14 + number % 5, 30 + number % 11, 4 + number % 3],
    };
    let mut readers = vec![reader("consensus", "Consensus", 4)];
    readers.extend((0..).zip(names).map(|(number, name)| reader(name, name, 6 + number)));
    readers.push(Reader {
        key: "new".to_owned(),
        title: "A new network".to_owned(),
        matrix: ConfusionMatrix::default(),
    });
    StatisticsBody {
        total: 1_000_000,
        covid: counts[0],
        normal: counts[2],
        awaiting: 1_234,
        inconclusive: 88_120,
        avg_confidence: Some(0.8734),
        diagnoses: Diagnosis::ALL
            .into_iter()
            .zip(counts.into_iter().zip([0.67, 0.85, 0.91, 0.73]))
            .map(diagnosis)
            .collect(),
        days: (0..150).map(day).collect(),
        networks: NetworkAgreement {
            names: names.map(str::to_owned).to_vec(),
            shares: (0..6).map(|row| (0..6).map(|column| share(row, column)).collect()).collect(),
            over: 10_000,
        },
        readers,
        computed: moment(0),
    }
}

fn empty() -> StatisticsBody {
    let nothing = |diagnosis| DiagnosisCount { diagnosis, predictions: 0, avg_confidence: None };
    StatisticsBody {
        total: 0,
        covid: 0,
        normal: 0,
        awaiting: 0,
        inconclusive: 0,
        avg_confidence: None,
        diagnoses: Diagnosis::ALL.map(nothing).to_vec(),
        days: Vec::new(),
        networks: NetworkAgreement::default(),
        readers: vec![Reader {
            key: "consensus".to_owned(),
            title: "Consensus".to_owned(),
            matrix: ConfusionMatrix::default(),
        }],
        computed: moment(0),
    }
}
