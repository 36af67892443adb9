//! The bundle that we ship: every network on both engines, every memory mode, and maps that mean something.
//!
//! ONNX Runtime is not part of the repository: the tests that need it are ignored unless asked for, and find it through
//! `THORAX_ONNXRUNTIME`, as `make test` sets it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use thorax_domain::prediction::{Consensus, Diagnosis};
use thorax_imaging::decode::{Limits, decode};
use thorax_imaging::{GrayImage, Pixels};
use thorax_inference::analyzer::{Analyzer, Reading, Request, Settings};
use thorax_inference::bundle::Bundle;
use thorax_inference::engine::{Choice, Engine, open};

/// How far a probability may differ between the two engines, which round and order their sums differently.
const BETWEEN_ENGINES: f64 = 2e-3;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn bundle() -> Bundle {
    let mut folders: Vec<PathBuf> = std::fs::read_dir(root().join("models"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("bundle.toml").is_file())
        .collect();
    assert_eq!(folders.len(), 1, "one bundle is shipped");
    Bundle::open(&folders.remove(0)).unwrap()
}

fn rten() -> Arc<dyn Engine> {
    open(Choice::Rten, None).unwrap().engine
}

fn onnxruntime() -> Arc<dyn Engine> {
    let library = std::env::var_os("THORAX_ONNXRUNTIME").expect("set THORAX_ONNXRUNTIME to the library, as `make test` does");
    open(Choice::OnnxRuntime, Some(Path::new(&library))).unwrap().engine
}

/// The fastest engine that is to be had: tests of things that no engine changes run on it.
fn any_engine() -> Arc<dyn Engine> {
    let library = std::env::var_os("THORAX_ONNXRUNTIME").map(PathBuf::from);
    open(Choice::Auto, library.as_deref()).unwrap().engine
}

fn settings() -> Settings {
    Settings { threads: 2, ..Settings::default() }
}

fn analyzer(engine: Arc<dyn Engine>) -> Analyzer {
    Analyzer::open(bundle(), engine, settings()).unwrap()
}

/// The films in `samples/`, by name.
fn samples() -> Vec<(String, GrayImage)> {
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
    Request { film: film.clone(), age_years: None, networks: Vec::new(), force: true }
}

fn read(analyzer: &Analyzer, film: &GrayImage) -> Reading {
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
    let sizes: Vec<u64> = std::fs::read_dir(bundle.directory())
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .collect();
    assert!(sizes.iter().all(|&size| size <= 50 << 20), "{sizes:?}");
    assert!(sizes.iter().sum::<u64>() <= 100 << 20, "{sizes:?}");
    assert_eq!(bundle.networks().len(), 6);
}

#[test]
fn the_maps_of_every_network_are_exact() {
    for film in &bundle().golden().films {
        for (name, network) in &film.networks {
            for (logit, mean) in network.logits.iter().zip(network.cam_mean) {
                assert!((logit - mean).abs() < 1e-3, "{name}: logit {logit}, mean of its map {mean}");
            }
        }
    }
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
    let (one, other) = (analyzer(onnxruntime()), analyzer(rten()));
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

/// Results are the same bits alone and in a batch, resident and one network after the other.
fn same_in_every_mode(engine: &Arc<dyn Engine>) {
    let films: Vec<GrayImage> = samples().into_iter().map(|(_, film)| film).take(3).collect();
    let resident = analyzer(Arc::clone(engine));
    let alone: Vec<Consensus> = films.iter().map(|film| without_times(consensus(read(&resident, film)))).collect();
    let together: Vec<_> = films.iter().map(|film| resident.submit_waiting(&request(film)).unwrap()).collect();
    for (ticket, alone) in together.into_iter().zip(&alone) {
        assert_eq!(without_times(consensus(ticket.wait().unwrap())), *alone);
    }
    let largest = bundle().networks().iter().map(|network| engine.footprint(network.parameters)).max().unwrap();
    let budget = Settings { memory_budget: Some(largest), ..settings() };
    let tight = Analyzer::open(bundle(), Arc::clone(engine), budget).unwrap();
    assert_eq!(without_times(consensus(read(&tight, &films[0]))), alone[0]);
    assert!(tight.memory().accounted_peak <= largest);
    let error = Analyzer::open(bundle(), Arc::clone(engine), Settings { memory_budget: Some(largest - 1), ..settings() });
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

/// The film with a share of the cells of a 16 × 16 grid painted in the film's mean grey.
fn paint(film: &GrayImage, reading: &Reading, cells: &[usize]) -> GrayImage {
    let Pixels::U8(pixels) = thorax_imaging::recipe::depth8(film).pixels().clone() else { panic!("8 bits") };
    let mean = u8::try_from(pixels.iter().map(|&one| u64::from(one)).sum::<u64>() / pixels.len() as u64).unwrap();
    let mut painted = pixels;
    let field = reading.field;
    for y in 0..film.height() {
        for x in 0..film.width() {
            let across = (f64::from(x) + 0.5 - field.left) / field.width * 16.0;
            let down = (f64::from(y) + 0.5 - field.top) / field.height * 16.0;
            if (0.0..16.0).contains(&across) && (0.0..16.0).contains(&down) && cells.contains(&(down as usize * 16 + across as usize)) {
                painted[(y * film.width() + x) as usize] = mean;
            }
        }
    }
    GrayImage::new(film.width(), film.height(), Pixels::U8(painted)).unwrap()
}

#[test]
fn deleting_the_hottest_tenth_changes_more_than_deleting_a_random_tenth() {
    let analyzer = analyzer(any_engine());
    let (mut hot, mut random) = (Vec::new(), Vec::new());
    for (index, (_, film)) in samples().into_iter().enumerate() {
        let reading = read(&analyzer, &film);
        let before = reading.prediction.consensus.clone().unwrap();
        let diagnosis = before.final_diagnosis.unwrap();
        let change = |cells: &[usize]| {
            let after = consensus(read(&analyzer, &paint(&film, &reading, cells)));
            let of = |consensus: &Consensus| consensus.probabilities.unwrap().of(diagnosis).get();
            of(&before) - of(&after)
        };
        let map = reading.agreement_map.clone().unwrap();
        let mut order: Vec<usize> = (0..256).collect();
        order.sort_by(|&one, &other| map.values()[other].total_cmp(&map.values()[one]));
        hot.push(change(&order[..26]));
        // A fixed sequence of cells without a pattern: multiples of numbers that share no factor with 256.
        for factor in [37, 101, 173] {
            let cells: Vec<usize> = (0..26).map(|step| (step * factor + 17 * index) % 256).collect();
            random.push(change(&cells));
        }
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    println!("mean loss of probability: hottest tenth {:.3}, random tenth {:.3}", mean(&hot), mean(&random));
    assert!(mean(&hot) > mean(&random), "{hot:?} {random:?}");
}
