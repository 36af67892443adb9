//! Reading many films with several threads: what comes of each, in the order in which they were given.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use thorax_domain::clock::Stopwatch;
use thorax_imaging::encode;
use thorax_inference::analyzer::{Analyzer, Settings};
use thorax_inference::bundle::Bundle;
use thorax_inference::engine::{self, Choice, Places};
use thorax_server::record::{Record, Status};
use thorax_server::workflow::analyze::{Finished, Order, Reader};
use thorax_server::workflow::input::Input;
use thorax_server::workflow::stream::Flow;

use crate::films;
use crate::program::{timeless, toy};

/// More than may wait in the queue: the feeders wait for room.
const SETTINGS: Settings = Settings {
    memory_budget: None,
    threads: 2,
    queue: 1,
    batch: Some(4),
    batch_wait: Duration::ZERO,
    full_precision: true,
};

const FLOW: Flow = Flow { feeders: 3, in_flight: 7 };

fn analyzer() -> Analyzer {
    let engine = engine::open(Choice::Rten, &Places::default()).unwrap();
    Analyzer::open(Bundle::open(&toy()).unwrap(), engine.engine, SETTINGS).unwrap()
}

/// Files of very different cost, and some that cannot be read.
fn files(folder: &Path) -> Vec<PathBuf> {
    let large = encode::png(&films::film(120, 1500)).unwrap();
    let mut files = Vec::new();
    for number in 0..6 {
        files.push(films::write(folder, &format!("{number}-large.png"), &large));
        files.push(films::write(folder, &format!("{number}-text.txt"), b"a text"));
        files.push(films::png(folder, &format!("{number}-small.png"), 60 + number));
        files.push(folder.join(format!("{number}-missing.png")));
        files.push(films::black(folder, &format!("{number}-black.png")));
        files.push(films::write(folder, &format!("{number}-broken.jpg"), b"\xff\xd8\xff\xe0 and no more"));
    }
    files
}

fn without_times(record: &Record) -> Value {
    timeless(serde_json::to_value(record).unwrap())
}

#[test]
fn every_film_comes_in_its_turn_and_says_what_it_says_alone() {
    let folder = tempfile::tempdir().unwrap();
    let files = files(folder.path());
    let analyzer = analyzer();
    let reader = Reader::new(&analyzer, Order::default()).unwrap();
    let open = |path: &PathBuf| (Stopwatch::start(), Input::of_path(path, reader.byte_limit()));
    let mut records = Vec::new();
    let opened = files.iter().enumerate().map(|(index, path)| {
        let (clock, input) = open(path);
        (index, clock, input)
    });
    let enter = |index, finished: Finished| {
        assert_eq!(index, records.len());
        records.push(finished.record);
        Ok::<_, ()>(())
    };
    reader.read_each(FLOW, opened, enter).unwrap();

    let statuses: Vec<Status> = records.iter().map(|record| record.status).collect();
    let six = [Status::Ok, Status::Failed, Status::Ok, Status::Failed, Status::Refused, Status::Failed];
    assert_eq!(statuses, six.repeat(6));
    for (path, record) in files.iter().zip(&records) {
        let (clock, input) = open(path);
        assert_eq!(without_times(record), without_times(&reader.read(clock, input).record));
    }
}

#[test]
fn an_error_ends_the_reading_of_any_number_of_films() {
    let folder = tempfile::tempdir().unwrap();
    let film = films::png(folder.path(), "film.png", 90);
    let analyzer = analyzer();
    let reader = Reader::new(&analyzer, Order::default()).unwrap();
    let endless = (0..).map(|number| (number, Stopwatch::start(), Input::of_path(&film, reader.byte_limit())));
    let broken_off =
        reader.read_each(FLOW, endless, |number, _| if number == 2 { Err("the disk is full") } else { Ok(()) });
    assert_eq!(broken_off, Err("the disk is full"));
    let (clock, input) = (Stopwatch::start(), Input::of_path(&film, reader.byte_limit()));
    assert_eq!(reader.read(clock, input).record.status, Status::Ok, "the analyzer goes on");
}
