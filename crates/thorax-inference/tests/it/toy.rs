//! A toy bundle in a folder of its own and an engine that computes it by a rule one can check by hand.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use tempfile::TempDir;
use thorax_domain::prediction::{EngineIdentity, Precision};
use thorax_imaging::{GrayImage, Pixels, encode};
use thorax_inference::analyzer::{Analyzer, Request, Settings, Urgency};
use thorax_inference::bundle::{Bundle, hash};
use thorax_inference::engine::{Batch, Engine, EngineError, Graph, Session, Tensor};

/// Names of the six networks.
pub const NETWORKS: [&str; 6] = ["zero", "one", "two", "three", "four", "five"];
/// The number in the locator's graph; it finds lungs in the right half of every film.
pub const LOCATOR: usize = 6;
/// Side of the prepared film.
const SIDE: u32 = 8;
/// Bytes that each toy network is accounted with.
pub const FOOTPRINT: u64 = 1 << 20;

/// How the toy engine behaves.
#[derive(Debug, Default)]
pub struct Behaviour {
    /// This network gives an error, except on the golden film.
    pub fails: Option<usize>,
    /// This network panics, except on the golden film.
    pub panics: Option<usize>,
    /// This network gives NaN, except on the golden film.
    pub is_not_finite: Option<usize>,
    /// Every pass on another film than the golden one waits for this door.
    pub door: Option<Arc<Door>>,
    /// Every look for the lungs on another film than the golden one waits for this door.
    pub locating: Option<Arc<Door>>,
    /// In a film of this grey no lungs can be found.
    pub unlocatable: Option<u8>,
    /// Largest number of films that a pass had.
    pub largest_batch: AtomicUsize,
    /// Films that went through any network, the golden ones not counted.
    pub films: AtomicUsize,
    /// How often a network was loaded.
    pub loads: AtomicUsize,
    /// Grey of the first film and number of films of each pass, in the order in which passes began, the golden ones not counted.
    pub passes: Mutex<Vec<(u8, usize)>>,
    /// Whoever waits to hear of a pass that begins.
    pub begun: Condvar,
}

/// A door that passes wait at.
#[derive(Debug, Default)]
pub struct Door {
    /// Whether it is open, and how many passes have come to it.
    state: Mutex<(bool, usize)>,
    changed: Condvar,
}

impl Door {
    pub fn open(&self) {
        self.state.lock().unwrap().0 = true;
        self.changed.notify_all();
    }

    /// Waits until a pass has come to the door.
    pub fn wait_for_one(&self) {
        let state = self.state.lock().unwrap();
        drop(self.changed.wait_while(state, |(_, come)| *come == 0).unwrap());
    }

    fn pass(&self) {
        let mut state = self.state.lock().unwrap();
        state.1 += 1;
        self.changed.notify_all();
        drop(self.changed.wait_while(state, |(open, _)| !*open).unwrap());
    }
}

impl Behaviour {
    /// Waits until so many passes have begun.
    pub fn wait_for_passes(&self, wanted: usize) {
        let passes = self.passes.lock().unwrap();
        drop(self.begun.wait_while(passes, |passes| passes.len() < wanted).unwrap());
    }
}

/// The toy engine; a graph is the network's number as text.
#[derive(Debug, Default)]
pub struct ToyEngine {
    pub behaviour: Arc<Behaviour>,
}

pub struct ToySession {
    pub network: usize,
    pub behaviour: Arc<Behaviour>,
}

/// Mean grey of the golden film, so that it is recognised in a batch.
const GOLDEN: f32 = 100.0 / 255.0;

/// The logits of a film: the lighter it is, the more COVID and the less Normal; each network leans a little.
pub fn logits(network: usize, mean: f32) -> [f32; 4] {
    #[expect(clippy::cast_precision_loss, reason = "there are six")]
    let lean = network as f32 * 0.05;
    [4.0 * mean - lean, 0.5, 2.0 - 3.0 * mean, -1.0 + lean]
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a grey is 0 to 255")]
fn grey(mean: f32) -> u8 {
    (mean * 255.0).round() as u8
}

impl Engine for ToyEngine {
    fn identity(&self) -> EngineIdentity {
        EngineIdentity { name: "toy".to_owned(), version: "1".to_owned() }
    }

    fn load(&self, graph: Graph<'_>) -> Result<Box<dyn Session>, EngineError> {
        self.behaviour.loads.fetch_add(1, Ordering::Relaxed);
        let network = std::str::from_utf8(graph.bytes).unwrap().parse().unwrap();
        Ok(Box::new(ToySession { network, behaviour: Arc::clone(&self.behaviour) }))
    }

    fn footprint(&self, _: u64, _: Precision, _: usize) -> u64 {
        FOOTPRINT
    }
}

impl Session for ToySession {
    fn run(&mut self, batch: &Batch, outputs: &[&str]) -> Result<Vec<Tensor>, EngineError> {
        let pixels = batch.height * batch.width;
        #[expect(clippy::cast_precision_loss, reason = "a toy film has 64 pixels")]
        let means: Vec<f32> =
            batch.samples.chunks(pixels).map(|film| film.iter().sum::<f32>() / pixels as f32).collect();
        let behaviour = &self.behaviour;
        let golden = means.iter().all(|mean| (mean - GOLDEN).abs() < 1e-6);
        let is = |one: Option<usize>| one == Some(self.network) && !golden;
        if self.network == LOCATOR {
            assert_eq!(outputs, ["lungs"]);
            if let Some(door) = behaviour.locating.as_ref().filter(|_| !golden) {
                door.pass();
            }
            assert!(!is(behaviour.panics), "the toy was told to panic");
            let is_hopeless = is(behaviour.is_not_finite) || behaviour.unlocatable == Some(grey(means[0]));
            let right = if is_hopeless { f32::NAN } else { 1.0 };
            return Ok(vec![Tensor { shape: vec![1, 1, 1, 2], samples: vec![0.0, right] }]);
        }
        if !golden {
            behaviour.passes.lock().unwrap().push((grey(means[0]), batch.films));
            behaviour.begun.notify_all();
            behaviour.largest_batch.fetch_max(batch.films, Ordering::Relaxed);
            behaviour.films.fetch_add(batch.films, Ordering::Relaxed);
            if let Some(door) = &behaviour.door {
                door.pass();
            }
        }
        if is(behaviour.fails) {
            return Err(EngineError::Run { engine: "toy", reason: "it was told to".to_owned() });
        }
        assert!(!is(behaviour.panics), "the toy was told to panic");
        let mut values: Vec<[f32; 4]> = means.iter().map(|&mean| logits(self.network, mean)).collect();
        if is(behaviour.is_not_finite) {
            for value in &mut values {
                value[0] = f32::NAN;
            }
        }
        // The first class's evidence lies on the right, the others' everywhere alike.
        let cam = values.iter().flat_map(|[first, others @ ..]| {
            [first - 1.0, first + 1.0].into_iter().chain(others.iter().flat_map(|&one| [one, one]))
        });
        let cam = cam.collect();
        let films = batch.films;
        Ok(vec![Tensor { shape: vec![films, 4, 1, 2], samples: cam }, Tensor { shape: vec![films, 1], samples: means }])
    }
}

/// Writes a toy bundle into a folder.
pub fn write_bundle(folder: &Path) {
    let film = encode::png(&flat(100)).unwrap();
    std::fs::write(folder.join("golden.png"), &film).unwrap();
    let gate = r#"{"classes": ["frontal", "not_chest"], "mean": [0.0], "std": [1.0], "weights": [[20.0], [0.0]],
        "bias": [-2.0, 0.0], "minimum_frontal": 0.5}"#;
    std::fs::write(folder.join("gate.json"), gate).unwrap();
    let golden = golden_json(&hash(&film));
    std::fs::write(folder.join("golden.json"), &golden).unwrap();
    let mut manifest = format!(
        r#"schema = 4
id = "toy"
created = "2026-11-23"
licence = "Apache-2.0"
labels = ["COVID", "Lung Opacity", "Normal", "Viral Pneumonia"]
view = [{{name = "whole", recipe = [{{step = "depth8"}},
  {{step = "resize", width = {SIDE}, height = {SIDE}, filter = "bilinear"}}, {{step = "normalize", mean = 0.0, std = 1.0}}]}}]
ensemble = {{minimum_votes = 4, coverage = 0.9, conformal_threshold = 0.8}}
caution = [{{label = "COVID", minimum_age = 18, message = "mind the age"}}]
golden = {{file = "golden.json", sha256 = "{}"}}
[gate]
network = "zero"
file = "gate.json"
sha256 = "{}"
minimum_short_side = 16
maximum_aspect = 2.0
minimum_contrast = 0.0
minimum_sharpness = 0.0
"#,
        hash(golden.as_bytes()),
        hash(gate.as_bytes())
    );
    for (index, name) in NETWORKS.iter().enumerate() {
        let graph = index.to_string();
        std::fs::write(folder.join(format!("{name}.onnx")), &graph).unwrap();
        write!(
            manifest,
            "[[network]]\nname = \"{name}\"\ntitle = \"{name}\"\nfile = \"{name}.onnx\"\nsha256 = \"{}\"\nview = \"whole\"\n\
             parameters = 1\nlicence = \"none\"\norigin = \"toy\"\ntemperature = 2.0\n",
            hash(graph.as_bytes())
        )
        .unwrap();
    }
    std::fs::write(folder.join("bundle.toml"), manifest).unwrap();
}

/// Replaces text in a file of the bundle.
pub fn edit(folder: &Path, file: &str, from: &str, to: &str) {
    let path = folder.join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{file} has no {from:?}");
    std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
}

/// Replaces text in the golden values, whose hash the manifest then knows.
pub fn edit_golden(folder: &Path, from: &str, to: &str) {
    let current = || hash(&std::fs::read(folder.join("golden.json")).unwrap());
    let before = current();
    edit(folder, "golden.json", from, to);
    edit(folder, "bundle.toml", &before, &current());
}

/// Gives a toy bundle a locator and a second view, `lungs`, which the networks of these names read.
pub fn add_locator(folder: &Path, readers: &[&str]) {
    let path = folder.join("bundle.toml");
    let mut manifest = std::fs::read_to_string(&path).unwrap();
    for name in readers {
        let (before, after) = (format!("file = \"{name}.onnx\""), format!("file = \"{name}.onnx\"\nview = \"lungs\""));
        manifest = manifest.replacen(&before, &after, 1);
        let at = manifest.find(&after).unwrap() + after.len();
        let rest = manifest.split_off(at).replacen("view = \"whole\"\n", "", 1);
        manifest.push_str(&rest);
    }
    let resize = format!("{{step = \"resize\", width = {SIDE}, height = {SIDE}, filter = \"bilinear\"}}");
    let rest = format!("{{step = \"depth8\"}}, {resize}, {{step = \"normalize\", mean = 0.0, std = 1.0}}]");
    let view = format!("view = [{{name = \"lungs\", recipe = [{{step = \"crop_lungs\", margin = 0.0}}, {rest}}}, ");
    manifest = manifest.replacen("view = [", &view, 1);
    let graph = LOCATOR.to_string();
    std::fs::write(folder.join("locator.onnx"), &graph).unwrap();
    let hash = hash(graph.as_bytes());
    // So that all cells count alike to a millionth, and the golden values hold with and without a locator.
    let outside = "outside = 1000000.0\nminimum_separation = 0.0";
    write!(manifest, "[locator]\nfile = \"locator.onnx\"\nsha256 = \"{hash}\"\nrecipe = [{rest}\n{outside}\n").unwrap();
    std::fs::write(&path, manifest).unwrap();
}

fn golden_json(film_hash: &str) -> String {
    let networks: Vec<String> = (0..6)
        .map(|network| {
            let logits = logits(network, GOLDEN);
            format!(
                r#""{}": {{"logits": {logits:?}, "cam_mean": {logits:?}, "embedding_norm": {GOLDEN}}}"#,
                NETWORKS[network]
            )
        })
        .collect();
    let probabilities = expected(&[0, 1, 2, 3, 4, 5], GOLDEN);
    // 64 bytes of grey 100, base64.
    let pixels = format!("{}ZA==", "ZGRk".repeat(21));
    format!(
        r#"{{"tolerance": {{"pixels": 1, "logits": 1e-4, "probability": 1e-6}}, "films": [{{"file": "golden.png",
        "sha256": "{film_hash}", "attribution": "a grey square", "pixels": {{"whole": "{pixels}", "lungs": "{pixels}"}},
        "networks": {{{}}}, "probabilities": {probabilities:?}}}]}}"#,
        networks.join(", ")
    )
}

/// The ensemble's probabilities by hand: softmax of the mean of the voters' logits at temperature 2.
pub fn expected(voters: &[usize], mean: f32) -> [f64; 4] {
    let mut sum = [0.0; 4];
    for &network in voters {
        for (one, logit) in sum.iter_mut().zip(logits(network, mean)) {
            *one += f64::from(logit) / 2.0;
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "there are six networks")]
    let powers = sum.map(|one| (one / voters.len() as f64).exp());
    let total: f64 = powers.iter().sum();
    powers.map(|power| power / total)
}

/// A film of one grey.
pub fn flat(grey: u8) -> GrayImage {
    GrayImage::new(32, 32, Pixels::U8(vec![grey; 32 * 32])).unwrap()
}

/// A request for all networks on a film of one grey.
pub fn request(grey: u8) -> Request {
    Request { film: flat(grey), age_years: None, networks: Vec::new(), force: false, urgency: Urgency::Routine }
}

/// An analyzer on the toy bundle; the folder lives as long as it is held.
pub fn open(behaviour: Behaviour, settings: Settings) -> (Analyzer, Arc<Behaviour>, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    write_bundle(folder.path());
    open_in(folder, behaviour, settings)
}

/// The same with a locator, and these networks reading the lungs.
pub fn open_with_lungs(
    readers: &[&str],
    behaviour: Behaviour,
    settings: Settings,
) -> (Analyzer, Arc<Behaviour>, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    write_bundle(folder.path());
    add_locator(folder.path(), readers);
    open_in(folder, behaviour, settings)
}

fn open_in(folder: TempDir, behaviour: Behaviour, settings: Settings) -> (Analyzer, Arc<Behaviour>, TempDir) {
    let behaviour = Arc::new(behaviour);
    let engine = Arc::new(ToyEngine { behaviour: Arc::clone(&behaviour) });
    let analyzer = Analyzer::open(Bundle::open(folder.path()).unwrap(), engine, settings).unwrap();
    (analyzer, behaviour, folder)
}
