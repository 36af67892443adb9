//! What a network compiled by OpenVINO holds of its file in the engine cache, as Linux tells it.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use thorax_domain::prediction::Precision;
use thorax_inference::engine::{Batch, Choice, Engine, Graph, Places, Room, Session, Tensor, open};

use crate::shipped::bundle;

/// Bytes of the files mapped from a folder, and how many of them are in memory and count as this process's.
fn mapped(folder: &Path) -> (usize, usize) {
    let smaps = fs::read_to_string("/proc/self/smaps").unwrap();
    let mut is_ours = false;
    let (mut size, mut resident) = (0, 0);
    for line in smaps.lines() {
        let kibibytes = || line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024;
        if line.split_whitespace().next().is_some_and(|word| word.contains('-')) {
            is_ours = line.find('/').is_some_and(|path| Path::new(&line[path..]).starts_with(folder));
        } else if is_ours && line.starts_with("Size:") {
            size += kibibytes();
        } else if is_ours && line.starts_with("Rss:") {
            resident += kibibytes();
        }
    }
    (size, resident)
}

fn run(session: &mut dyn Session, films: usize) -> Vec<Tensor> {
    let samples = (0..films * 224 * 224).map(|place| f32::from(u8::try_from(place % 251).unwrap()) / 251.0);
    session.run(&Batch { films, height: 224, width: 224, samples: samples.collect() }, &["cam"]).unwrap()
}

#[test]
#[ignore = "needs OpenVINO; make test runs it"]
fn a_network_lets_the_pages_of_its_file_go_once_its_weights_are_packed() {
    let bundle = bundle();
    let network = bundle.networks().iter().find(|network| network.name == "efficientnet-lite0").unwrap();
    let bytes = bundle.graph(&network.file, &network.sha256).unwrap();
    let cache = tempfile::tempdir().unwrap();
    let folder = cache.path().canonicalize().unwrap();
    let library = std::env::var_os("THORAX_OPENVINO").map(Into::into);
    let places = Places { openvino: library, cache: Some(folder.clone()), ..Places::default() };
    let engine: Arc<dyn Engine> = open(Choice::OpenVino, &places).unwrap().engine;
    let (precision, room) = (Precision::F32, Room::default());
    let graph =
        Graph { name: &network.name, bytes: &bytes, precision, outputs: &["cam"], largest: [2, 224, 224], room };

    // From the file also when it was compiled only now, and the file holds the weights as f32.
    let mut first = engine.load(graph).unwrap();
    let (size, resident) = mapped(&folder);
    assert!(size as u64 > network.parameters * 7 / 2, "{size} bytes mapped");
    assert!(resident > size / 2, "{resident} of {size} bytes were read");
    let alone = run(first.as_mut(), 1);
    let left = |resident| assert!(resident < size / 4, "{resident} of {size} bytes are still held");
    left(mapped(&folder).1);
    let both = run(first.as_mut(), 2);
    left(mapped(&folder).1);
    assert_eq!(run(first.as_mut(), 1), alone);

    // A second one at the same time maps nothing, so that each knows what is its own.
    let mut second = engine.load(graph).unwrap();
    assert_eq!(mapped(&folder).0, size);
    assert_eq!((run(second.as_mut(), 1), run(second.as_mut(), 2)), (alone, both));
    drop(first);
    assert_eq!(mapped(&folder).0, 0);
    drop(second);
    drop(engine.load(graph).unwrap());
    assert_eq!(mapped(&folder).0, 0);
}
