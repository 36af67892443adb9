//! A running Python that answers what OpenCV and Pillow make of an image.

use serde_json::{Value, json};
use std::io::{Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use thorax_imaging::{GrayImage, Pixels};

/// Names the interpreter; it needs opencv-python-headless, Pillow and NumPy.
const VARIABLE: &str = "THORAX_PYTHON";

pub(super) struct Reference {
    python: Child,
    requests: Option<ChildStdin>,
    answers: ChildStdout,
}

impl Reference {
    pub(super) fn start() -> Self {
        let Some(interpreter) = std::env::var_os(VARIABLE) else {
            panic!("{VARIABLE} must name a Python with opencv-python-headless, Pillow and NumPy; `make test` sets it");
        };
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/pixels/reference.py");
        let mut python = Command::new(interpreter)
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the interpreter starts");
        let (requests, answers) = (python.stdin.take(), python.stdout.take().expect("its output is piped"));
        Self { python, requests, answers }
    }

    pub(super) fn image(&mut self, image: &GrayImage, mut case: Value, width: u32, height: u32) -> GrayImage {
        let samples = width as usize * height as usize;
        let mut bytes = vec![0; samples * usize::from(image.bits() / 8)];
        self.ask(image, &mut case, &mut bytes);
        GrayImage::new(width, height, samples_of(image.bits(), &bytes)).expect("one sample a pixel")
    }

    pub(super) fn number(&mut self, image: &GrayImage, op: &str) -> f64 {
        let mut bytes = [0; 8];
        self.ask(image, &mut json!({ "op": op }), &mut bytes);
        f64::from_le_bytes(bytes)
    }

    /// A JPEG of the image and OpenCV's grey levels of it.
    pub(super) fn jpeg(&mut self, image: &GrayImage, mut case: Value) -> (Vec<u8>, Vec<u8>) {
        case["op"] = "jpeg".into();
        let mut length = [0; 4];
        self.ask(image, &mut case, &mut length);
        let mut jpeg = vec![0; u32::from_le_bytes(length) as usize];
        let mut levels = vec![0; image.width() as usize * image.height() as usize];
        self.answers.read_exact(&mut jpeg).expect("Python answers");
        self.answers.read_exact(&mut levels).expect("Python answers");
        (jpeg, levels)
    }

    fn ask(&mut self, image: &GrayImage, case: &mut Value, answer: &mut [u8]) {
        case["width"] = image.width().into();
        case["height"] = image.height().into();
        case["bits"] = image.bits().into();
        let requests = self.requests.as_mut().expect("open until dropped");
        writeln!(requests, "{case}").expect("Python reads");
        requests.write_all(&bytes_of(image)).expect("Python reads");
        requests.flush().expect("Python reads");
        self.answers.read_exact(answer).expect("Python answers");
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        self.requests = None;
        self.python.wait().expect("Python ends with its input");
    }
}

/// Samples from little endian bytes.
pub(super) fn samples_of(bits: u8, bytes: &[u8]) -> Pixels {
    if bits == 8 {
        return Pixels::U8(bytes.to_vec());
    }
    Pixels::U16(bytes.as_chunks().0.iter().map(|pair| u16::from_le_bytes(*pair)).collect())
}

fn bytes_of(image: &GrayImage) -> Vec<u8> {
    match image.pixels() {
        Pixels::U8(samples) => samples.clone(),
        Pixels::U16(samples) => samples.iter().flat_map(|sample| sample.to_le_bytes()).collect(),
    }
}

/// The number of samples that differ by more than `tolerance`.
pub(super) fn differences(a: &GrayImage, b: &GrayImage, tolerance: u16) -> usize {
    assert_eq!((a.width(), a.height(), a.bits()), (b.width(), b.height(), b.bits()));
    match (a.pixels(), b.pixels()) {
        (Pixels::U8(a), Pixels::U8(b)) => {
            a.iter().zip(b).filter(|(a, b)| u16::from(a.abs_diff(**b)) > tolerance).count()
        }
        (Pixels::U16(a), Pixels::U16(b)) => a.iter().zip(b).filter(|(a, b)| a.abs_diff(**b) > tolerance).count(),
        _ => unreachable!("the same number of bits"),
    }
}
