//! The bundle that we ship: every network on both engines, every memory mode, and maps that mean something.
//!
//! ONNX Runtime is not part of the repository: the tests that need it are ignored unless asked for, and find it through
//! `THORAX_ONNXRUNTIME`, as `make test` sets it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use thorax_domain::prediction::{Consensus, Diagnosis, Precision};
use thorax_imaging::decode::{Limits, decode};
use thorax_imaging::heat::Heat;
use thorax_imaging::recipe::{Field, depth8};
use thorax_imaging::resize::{Filter, resize};
use thorax_imaging::{GrayImage, Pixels};
use thorax_inference::analyzer::{Analyzer, Reading, Request, Settings, Urgency};
use thorax_inference::bundle::Bundle;
use thorax_inference::engine::{Choice, Engine, Places, open};

/// Largest difference of a consensus' probability that a reduced precision may make: what it made on 508 films (docs/model-card.md).
const REDUCED: f64 = 0.08;

/// How far a probability may differ between the two engines, which round and order their sums differently.
const BETWEEN_ENGINES: f64 = 2e-3;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub fn bundle() -> Bundle {
    let mut folders: Vec<PathBuf> = std::fs::read_dir(root().join("models"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("bundle.toml").is_file())
        .collect();
    assert_eq!(folders.len(), 1, "one bundle is shipped");
    Bundle::open(&folders.remove(0)).unwrap()
}

pub fn rten() -> Arc<dyn Engine> {
    open(Choice::Rten, &places()).unwrap().engine
}

/// The libraries that `make test` names.
fn places() -> Places {
    let library = |name: &str| std::env::var_os(name).map(PathBuf::from);
    Places { onnxruntime: library("THORAX_ONNXRUNTIME"), openvino: library("THORAX_OPENVINO"), ..Places::default() }
}

fn onnxruntime() -> Arc<dyn Engine> {
    open(Choice::OnnxRuntime, &places()).expect("set THORAX_ONNXRUNTIME, as `make test` does").engine
}

fn openvino() -> Arc<dyn Engine> {
    open(Choice::OpenVino, &places()).expect("set THORAX_OPENVINO, as `make test` does").engine
}

/// The fastest engine that is to be had: tests of things that no engine changes run on it.
fn any_engine() -> Arc<dyn Engine> {
    open(Choice::Auto, &places()).unwrap().engine
}

fn settings() -> Settings {
    Settings { threads: 2, ..Settings::default() }
}

fn analyzer(engine: Arc<dyn Engine>) -> Analyzer {
    Analyzer::open(bundle(), engine, settings()).unwrap()
}

/// The films in `samples/`, by name.
pub fn samples() -> Vec<(String, GrayImage)> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(root().join("samples")).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = |path: PathBuf| {
        let film = decode(&std::fs::read(&path).unwrap(), &Limits::default()).ok()?;
        Some((path.file_name().unwrap().to_string_lossy().into_owned(), film.image))
    };
    let films: Vec<_> = paths.into_iter().filter_map(read).collect();
    assert!(films.len() >= 3, "there are sample films");
    films
}

fn request(film: &GrayImage) -> Request {
    Request { film: film.clone(), age_years: None, networks: Vec::new(), force: true, urgency: Urgency::Routine }
}

pub fn read(analyzer: &Analyzer, film: &GrayImage) -> Reading {
    analyzer.submit_waiting(&request(film)).unwrap().wait().unwrap()
}

fn consensus(reading: Reading) -> Consensus {
    reading.prediction.consensus.unwrap()
}

/// Everything of a consensus but the times.
fn without_times(mut consensus: Consensus) -> Consensus {
    for model in &mut consensus.models {
        model.milliseconds = 0.0;
    }
    consensus
}

#[test]
fn the_bundle_is_small_enough_to_live_in_the_repository() {
    let bundle = bundle();
    let sizes: Vec<u64> =
        std::fs::read_dir(bundle.directory()).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).collect();
    assert!(sizes.iter().all(|&size| size <= 50 << 20), "{sizes:?}");
    assert!(sizes.iter().sum::<u64>() <= 100 << 20, "{sizes:?}");
    assert_eq!(bundle.networks().len(), 6);
}

#[test]
fn every_network_keeps_its_golden_values_on_rten_and_six_vote() {
    // Opening compares every network with its golden values and refuses the bundle otherwise.
    let analyzer = analyzer(rten());
    let (_, film) = samples().remove(0);
    let consensus = consensus(read(&analyzer, &film));
    assert_eq!(consensus.models_voted, 6);
    assert!(consensus.final_diagnosis.is_some());
}

#[test]
#[ignore = "needs ONNX Runtime; make test runs it"]
fn onnxruntime_and_rten_agree_on_every_network() {
    agree(onnxruntime(), rten());
}

pub fn agree(one: Arc<dyn Engine>, other: Arc<dyn Engine>) {
    let full = Settings { full_precision: true, ..settings() };
    let open = |engine| Analyzer::open(bundle(), engine, full).unwrap();
    let (one, other) = (open(one), open(other));
    let mut largest: f64 = 0.0;
    for (name, film) in samples() {
        let (one, other) = (consensus(read(&one, &film)), consensus(read(&other, &film)));
        assert_eq!(one.final_diagnosis, other.final_diagnosis, "{name}");
        assert_eq!((one.models.len(), other.models.len()), (6, 6));
        for (one, other) in one.models.iter().zip(&other.models) {
            for diagnosis in Diagnosis::ALL {
                let apart = one.probabilities.of(diagnosis).get() - other.probabilities.of(diagnosis).get();
                assert!(apart.abs() < BETWEEN_ENGINES, "{name}, {}: {apart}", one.name);
                largest = largest.max(apart.abs());
            }
        }
    }
    println!("largest difference of a probability between the engines: {largest:.2e}");
}

#[test]
#[ignore = "needs OpenVINO; make test runs it"]
fn openvino_and_rten_agree_on_every_network_in_full_precision() {
    agree(openvino(), rten());
}

#[test]
#[ignore = "needs OpenVINO; make test runs it"]
fn what_is_computed_in_a_reduced_precision_stays_close_and_is_recorded() {
    let full = Settings { full_precision: true, ..settings() };
    let exact = Analyzer::open(bundle(), openvino(), full).unwrap();
    let reduced = analyzer(openvino());
    assert!(exact.networks().iter().all(|network| network.precision == Precision::F32));
    let allowed = bundle();
    for (here, network) in reduced.networks().iter().zip(allowed.networks()) {
        assert!(here.precision == Precision::F32 || network.reduced.contains(&here.precision), "{}", here.name);
    }
    assert_eq!(reduced.networks()[0].precision, Precision::F32, "what the gate refuses depends on no processor");
    for (name, film) in samples() {
        let (one, other) = (consensus(read(&exact, &film)), consensus(read(&reduced, &film)));
        let (one, other) = (one.probabilities.unwrap(), other.probabilities.unwrap());
        for diagnosis in Diagnosis::ALL {
            let apart = one.of(diagnosis).get() - other.of(diagnosis).get();
            assert!(apart.abs() < REDUCED, "{name}, {diagnosis}: {apart}");
        }
    }
}

#[test]
fn the_locator_finds_both_lungs_of_every_sample() {
    let analyzer = analyzer(any_engine());
    for (name, film) in samples() {
        let lungs = read(&analyzer, &film).lungs.unwrap();
        let found = |from: usize, to: usize| {
            let is_lung = |index: &usize| (from..to).contains(&(index % lungs.width())) && lungs.values()[*index] > 0.5;
            (0..lungs.values().len()).filter(is_lung).count()
        };
        let (middle, cells) = (lungs.width() / 2, lungs.values().len());
        let sides = [found(0, middle), found(middle, lungs.width())];
        assert!(sides.iter().all(|&side| side > cells / 50 && side < cells / 3), "{name}: {sides:?} of {cells}");
    }
}

/// The left half of a film, at 8 bits.
fn left_half(film: &GrayImage) -> GrayImage {
    let Pixels::U8(pixels) = depth8(film).into_owned().into_pixels() else { unreachable!("depth8 gives 8 bits") };
    let width = film.width() / 2;
    let rows = pixels.chunks_exact(film.width() as usize);
    let half = rows.flat_map(|row| &row[..width as usize]).copied().collect();
    GrayImage::new(width, film.height(), Pixels::U8(half)).unwrap()
}

#[test]
fn two_lungs_side_by_side_are_seen_on_every_sample_and_on_no_half_of_one() {
    let analyzer = analyzer(any_engine());
    for (name, film) in samples() {
        let is_refused = |film: &GrayImage| {
            read(&analyzer, film).prediction.gate.reasons.iter().any(|reason| reason.code == "no_two_lungs")
        };
        assert!(!is_refused(&film) && is_refused(&left_half(&film)), "{name}");
    }
}

/// Results are the same bits alone and in a batch, resident and one network after the other.
fn same_in_every_mode(engine: &Arc<dyn Engine>) {
    let films: Vec<GrayImage> = samples().into_iter().map(|(_, film)| film).take(3).collect();
    let resident = analyzer(Arc::clone(engine));
    let alone: Vec<Consensus> = films.iter().map(|film| without_times(consensus(read(&resident, film)))).collect();
    let together: Vec<_> = films.iter().map(|film| resident.submit_waiting(&request(film)).unwrap()).collect();
    for (ticket, alone) in together.into_iter().zip(&alone) {
        assert_eq!(without_times(consensus(ticket.wait().unwrap())), *alone);
    }
    let smallest = Analyzer::smallest_budget(&bundle(), engine.as_ref(), false).unwrap();
    let budget = Settings { memory_budget: Some(smallest), ..settings() };
    let tight = Analyzer::open(bundle(), Arc::clone(engine), budget).unwrap();
    assert_eq!(without_times(consensus(read(&tight, &films[0]))), alone[0]);
    assert!(tight.memory().accounted_peak <= smallest);
    let error =
        Analyzer::open(bundle(), Arc::clone(engine), Settings { memory_budget: Some(smallest - 1), ..settings() });
    assert!(error.err().unwrap().to_string().contains("too small"));
}

#[test]
fn results_are_the_same_bits_in_every_mode_on_rten() {
    same_in_every_mode(&rten());
}

#[test]
#[ignore = "needs ONNX Runtime; make test runs it"]
fn onnxruntime_results_are_the_same_bits_in_every_mode() {
    same_in_every_mode(&onnxruntime());
}

#[test]
#[ignore = "needs OpenVINO; make test runs it"]
fn openvino_results_are_the_same_bits_in_every_mode() {
    same_in_every_mode(&openvino());
}

/// Cells of the grid on which parts of a film are deleted, and how many of them are a tenth.
const GRID: usize = 16;
const TENTH: usize = GRID * GRID / 10;

/// The film with these cells of a grid over its field blurred beyond recognition: structure goes, no edge or grey is added.
fn delete(film: &GrayImage, field: Field, cells: &[usize]) -> GrayImage {
    let film = depth8(film).into_owned();
    let small = resize(&film, 8, 8, Filter::Bilinear).unwrap();
    let blurred = resize(&small, film.width(), film.height(), Filter::Bilinear).unwrap();
    let (Pixels::U8(mut pixels), Pixels::U8(blurred)) = (film.pixels().clone(), blurred.into_pixels()) else {
        panic!("depth8 gives 8 bits");
    };
    let cell = |place: u32, start: f64, length: f64| {
        let position = (f64::from(place) + 0.5 - start) / length;
        (0..GRID).find(|&cell| position >= part(cell) && position < part(cell + 1))
    };
    for y in 0..film.height() {
        for x in 0..film.width() {
            let (Some(column), Some(row)) = (cell(x, field.left, field.width), cell(y, field.top, field.height)) else {
                continue;
            };
            if cells.contains(&(row * GRID + column)) {
                let index = (y * film.width() + x) as usize;
                pixels[index] = blurred[index];
            }
        }
    }
    GrayImage::new(film.width(), film.height(), Pixels::U8(pixels)).unwrap()
}

/// Where a cell of the grid begins, as a share of the side.
fn part(cell: usize) -> f64 {
    f64::from(u32::try_from(cell).unwrap()) / f64::from(u32::try_from(GRID).unwrap())
}

/// The hottest tenth of a map's cells.
fn hottest(heat: &Heat) -> Vec<usize> {
    let heat = heat.resized(GRID, GRID);
    let mut order: Vec<usize> = (0..GRID * GRID).collect();
    order.sort_by(|&one, &other| heat.values()[other].total_cmp(&heat.values()[one]));
    order.truncate(TENTH);
    order
}

/// A tenth of the same shape elsewhere, so that only the place differs.
fn moved(cells: &[usize], down: usize, across: usize) -> Vec<usize> {
    cells.iter().map(|cell| (cell / GRID + down) % GRID * GRID + (cell % GRID + across) % GRID).collect()
}

/// One network's log-odds of a diagnosis on a film.
fn log_odds(analyzer: &Analyzer, film: &GrayImage, network: &str, diagnosis: Diagnosis) -> f64 {
    let request = Request { networks: vec![network.to_owned()], ..request(film) };
    let reading = analyzer.submit_waiting(&request).unwrap().wait().unwrap();
    let probability = consensus(reading).models[0].probabilities.of(diagnosis).get();
    (probability / (1.0 - probability)).ln()
}

#[test]
fn deleting_the_hottest_tenth_changes_more_than_deleting_another_tenth() {
    let analyzer = analyzer(any_engine());
    let (mut hot, mut other) = (Vec::new(), Vec::new());
    for (index, (_, film)) in samples().into_iter().enumerate() {
        // Twice what the networks see is enough, and fast.
        let film = resize(&film, 512, 512, Filter::Bilinear).unwrap();
        let reading = read(&analyzer, &film);
        let diagnosis = reading.prediction.consensus.as_ref().unwrap().final_diagnosis.unwrap();
        for map in &reading.maps {
            let odds = |film: &GrayImage| log_odds(&analyzer, film, &map.name, diagnosis);
            let cells = hottest(&map.heat);
            let before = odds(&film);
            hot.push(before - odds(&delete(&film, reading.field, &cells)));
            for (down, across) in [(5 + index, 7), (9, 4 + index)] {
                other.push(before - odds(&delete(&film, reading.field, &moved(&cells, down, across))));
            }
        }
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / f64::from(u32::try_from(values.len()).unwrap());
    println!("mean loss of log-odds: hottest tenth {:.3}, another tenth {:.3}", mean(&hot), mean(&other));
    assert!(mean(&hot) > mean(&other), "{hot:?} {other:?}");
}
