#![no_main]
//! Any bytes as a recipe in JSON, applied to a small film of either depth: a tensor of the stated size or an error.

use std::sync::LazyLock;
use thorax_imaging::heat::Heat;
use thorax_imaging::recipe::Recipe;
use thorax_imaging::{GrayImage, Pixels};

static FILMS: LazyLock<[GrayImage; 2]> = LazyLock::new(|| {
    let level = |place: u16| place.wrapping_mul(2_659);
    let bytes = (0..31 * 17).map(|place| level(place).to_be_bytes()[0]).collect();
    let words = (0..17 * 31).map(level).collect();
    [(31, 17, Pixels::U8(bytes)), (17, 31, Pixels::U16(words))]
        .map(|(width, height, pixels)| GrayImage::new(width, height, pixels).expect("one sample a pixel"))
});

static LUNGS: LazyLock<Heat> =
    LazyLock::new(|| Heat::new(3, 2, vec![0.1, 0.9, 1.0, 0.2, 0.8, 0.7]).expect("six probabilities"));

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(recipe) = serde_json::from_slice::<Recipe>(bytes) else { return };
    let (width, height) = recipe.output_size();
    assert!(!recipe.describe().is_empty());
    for film in &*FILMS {
        let lungs = recipe.needs_lungs().then_some(&*LUNGS);
        let field = recipe.field((film.width(), film.height()), lungs);
        if let Ok(prepared) = recipe.apply(film, lungs) {
            assert_eq!((prepared.width, prepared.height), (width, height));
            assert_eq!(prepared.tensor.len(), width as usize * height as usize);
            assert!(prepared.tensor.iter().all(|value| !value.is_nan()));
            assert!(field.width > 0.0 && field.height > 0.0);
        }
    }
});
