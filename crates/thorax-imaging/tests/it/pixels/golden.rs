//! Against `tests/golden/pixels.json`, which `tests/golden/make.py` writes; every tolerance stands beside its values there.

use super::reference::{differences, samples_of};
use base64::Engine;
use serde::Deserialize;
use thorax_imaging::clahe::{Clahe, clahe};
use thorax_imaging::recipe::Recipe;
use thorax_imaging::resize::{Filter, resize};
use thorax_imaging::{GrayImage, quality};

#[derive(Deserialize)]
struct Golden {
    clahe: Vec<ClaheCase>,
    resize: Vec<ResizeCase>,
    recipe: Vec<RecipeCase>,
    quality: Vec<QualityCase>,
}

#[derive(Deserialize)]
struct Picture {
    width: u32,
    height: u32,
    bits: u8,
    samples: String,
}

#[derive(Deserialize)]
struct ClaheCase {
    input: Picture,
    clip_limit: f64,
    tiles_x: u32,
    tiles_y: u32,
    output: Picture,
    tolerance: u16,
}

#[derive(Deserialize)]
struct ResizeCase {
    input: Picture,
    output: Picture,
    tolerance: u16,
}

#[derive(Deserialize)]
struct RecipeCase {
    input: Picture,
    steps: Recipe,
    bytes: Picture,
    tolerance: u16,
    tensor_start: Vec<f32>,
    tensor_sum: f64,
    tensor_tolerance: f32,
}

#[derive(Deserialize)]
struct QualityCase {
    input: Picture,
    short_side: u32,
    aspect: f64,
    contrast: f64,
    sharpness: f64,
    tolerance: f64,
}

impl Picture {
    fn image(&self) -> GrayImage {
        let bytes = base64::engine::general_purpose::STANDARD.decode(&self.samples).expect("base64");
        GrayImage::new(self.width, self.height, samples_of(self.bits, &bytes))
            .expect("as many samples as the file says")
    }
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../../golden/pixels.json")).expect("what make.py writes")
}

#[test]
fn clahe_as_opencv() {
    for case in golden().clahe {
        let parameters = Clahe { clip_limit: case.clip_limit, tiles_x: case.tiles_x, tiles_y: case.tiles_y };
        let ours = clahe(&case.input.image(), &parameters).unwrap();
        assert_eq!(differences(&ours, &case.output.image(), case.tolerance), 0, "{parameters:?}");
    }
}

#[test]
fn resize_as_pillow() {
    for ResizeCase { input, output, tolerance } in golden().resize {
        let ours = resize(&input.image(), output.width, output.height, Filter::Bilinear).unwrap();
        assert_eq!(differences(&ours, &output.image(), tolerance), 0, "{} x {}", output.width, output.height);
    }
}

#[test]
fn recipe_as_in_the_training() {
    for case in golden().recipe {
        let prepared = case.steps.apply(&case.input.image(), None).unwrap();
        assert_eq!(differences(&prepared.bytes, &case.bytes.image(), case.tolerance), 0, "{}", case.steps.describe());
        for (ours, theirs) in prepared.tensor.iter().zip(&case.tensor_start) {
            assert!((ours - theirs).abs() <= case.tensor_tolerance, "{ours} against {theirs}");
        }
        let sum: f64 = prepared.tensor.iter().copied().map(f64::from).sum();
        let allowed = f64::from(case.tensor_tolerance) * f64::from(prepared.width * prepared.height);
        assert!((sum - case.tensor_sum).abs() <= allowed, "{sum} against {}", case.tensor_sum);
    }
}

#[test]
fn quality_as_opencv_and_numpy() {
    for case in golden().quality {
        let ours = quality::measure(&case.input.image());
        assert_eq!(ours.short_side, case.short_side);
        for (ours, theirs) in
            [(ours.aspect, case.aspect), (ours.contrast, case.contrast), (ours.sharpness, case.sharpness)]
        {
            assert!((ours - theirs).abs() <= case.tolerance * theirs.max(1.0), "{ours} against {theirs}");
        }
    }
}
