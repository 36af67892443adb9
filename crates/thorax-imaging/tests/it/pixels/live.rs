//! Random images, sizes and parameters, compared with what OpenCV and Pillow answer.

use super::reference::{Reference, differences};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::json;
use std::cell::RefCell;
use thorax_imaging::clahe::{Clahe, clahe};
use thorax_imaging::decode::{Limits, decode};
use thorax_imaging::resize::{Filter, resize};
use thorax_imaging::{GrayImage, Pixels, quality};

/// What an image is filled with.
#[derive(Debug, Clone, Copy)]
enum Texture {
    Noise,
    /// Noise in a narrow range of levels, as most 16-bit films have.
    Narrow,
    Gradient,
    Constant,
    TwoValued,
}

fn textures() -> impl Strategy<Value = Texture> {
    use Texture::{Constant, Gradient, Narrow, Noise, TwoValued};
    prop::sample::select(vec![Noise, Narrow, Gradient, Constant, TwoValued])
}

/// Sizes up to `side`; one in sixteen large enough to be shared among threads.
fn images(side: u32) -> impl Strategy<Value = GrayImage> {
    let sides = prop_oneof![15 => (1..=side, 1..=side), 1 => (400..700_u32, 400..700_u32)];
    (sides, any::<bool>(), textures(), any::<u64>())
        .prop_map(|((width, height), deep, texture, seed)| paint(width, height, deep, texture, seed))
}

fn paint(width: u32, height: u32, deep: bool, texture: Texture, seed: u64) -> GrayImage {
    let mut state = seed | 1;
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u16::try_from(state >> 48).expect("16 bits are left")
    };
    let (base, other) = (random(), random());
    let level = |x: u32, y: u32, noise: u16| match texture {
        Texture::Noise => noise,
        Texture::Narrow => (base / 2).wrapping_add(noise & 0x0fff),
        Texture::Gradient => u16::try_from((x * 151 + y * 97 + u32::from(base)) & 0xffff).expect("16 bits"),
        Texture::Constant => base,
        Texture::TwoValued => {
            if noise & 1 == 0 {
                base
            } else {
                other
            }
        }
    };
    let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    let samples = places.map(|(x, y)| level(x, y, random()));
    let pixels = if deep {
        Pixels::U16(samples.collect())
    } else {
        Pixels::U8(samples.map(|sample| sample.to_be_bytes()[0]).collect())
    };
    GrayImage::new(width, height, pixels).expect("one sample a pixel")
}

fn clip_limits() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.0), Just(-1.5), Just(2.0), Just(40.0), Just(1e12), 0.0..1.0_f64, 1.0..10.0_f64, 10.0..1e4_f64]
}

fn check<S: Strategy>(
    cases: u32,
    strategy: S,
    mut test: impl FnMut(&mut Reference, S::Value) -> Result<(), TestCaseError>,
) {
    let reference = RefCell::new((Reference::start(), &mut test));
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&strategy, |case| {
        let (reference, test) = &mut *reference.borrow_mut();
        test(reference, case)
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

#[test]
#[ignore = "needs Python with OpenCV: THORAX_PYTHON; `make test` runs it"]
fn opencv_clahe_is_equal_in_every_pixel() {
    let cases = (images(300), clip_limits(), 1..=17_u32, 1..=17_u32);
    check(1500, cases, |reference, (image, clip_limit, tiles_x, tiles_y)| {
        let case = json!({ "op": "clahe", "clip_limit": clip_limit, "tiles_x": tiles_x, "tiles_y": tiles_y });
        let theirs = reference.image(&image, case, image.width(), image.height());
        let ours = clahe(&image, &Clahe { clip_limit, tiles_x, tiles_y }).unwrap();
        prop_assert_eq!(differences(&ours, &theirs, 0), 0);
        Ok(())
    });
}

#[test]
#[ignore = "needs Python with Pillow: THORAX_PYTHON; `make test` runs it"]
fn pillow_resize_is_equal_in_every_pixel_of_8_bits_and_within_1_of_16() {
    check(1500, (images(300), 1..=300_u32, 1..=300_u32), |reference, (image, width, height)| {
        let case = json!({ "op": "resize", "to_width": width, "to_height": height });
        let theirs = reference.image(&image, case, width, height);
        let ours = resize(&image, width, height, Filter::Bilinear).unwrap();
        let tolerance = u16::from(image.bits() == 16);
        prop_assert_eq!(differences(&ours, &theirs, tolerance), 0);
        Ok(())
    });
}

#[test]
#[ignore = "needs Python with OpenCV: THORAX_PYTHON; `make test` runs it"]
fn opencv_quality_is_equal_within_a_millionth() {
    check(200, images(300), |reference, image| {
        let ours = quality::measure(&image);
        for (ours, op) in [(ours.contrast, "contrast"), (ours.sharpness, "sharpness")] {
            let theirs = reference.number(&image, op);
            prop_assert!((ours - theirs).abs() <= 1e-6 * theirs.max(1.0), "{}: {} against {}", op, ours, theirs);
        }
        Ok(())
    });
}

#[test]
#[ignore = "needs Python with OpenCV and Pillow: THORAX_PYTHON; `make test` runs it"]
fn opencv_luma_of_jpeg_is_equal_in_every_pixel() {
    let samplings = prop::sample::select(vec![json!(null), json!(null), json!(0), json!(1), json!(2), json!("RGB")]);
    let restarts = prop_oneof![2 => Just(0_u32), 1 => 1..40_u32];
    let cases = (images(300), 1..=100_u32, samplings, restarts, any::<bool>(), any::<bool>());
    check(1500, cases, |reference, (image, quality, sampling, restart, progressive, optimize)| {
        let image = thorax_imaging::recipe::depth8(&image).into_owned();
        let case = json!({
            "quality": quality, "sampling": sampling, "restart": restart, "progressive": progressive, "optimize": optimize
        });
        let (jpeg, theirs) = reference.jpeg(&image, case);
        let film = decode(&jpeg, &Limits::default());
        let ours = film.map(|film| film.image.into_pixels());
        prop_assert!(ours == Ok(Pixels::U8(theirs)), "{} x {}", image.width(), image.height());
        Ok(())
    });
}
