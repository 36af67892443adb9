//! `cargo bench -p thorax-imaging`: CLAHE and a bundle's recipe by themselves. `bench/pixels.py` sets them beside OpenCV.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use thorax_imaging::clahe::{Clahe, clahe};
use thorax_imaging::recipe::{Recipe, Step};
use thorax_imaging::resize::Filter;
use thorax_imaging::{GrayImage, Pixels};

const SIZES: [(u32, u32); 2] = [(1024, 1024), (2500, 2048)];

/// Soft shading with noise, the grey levels of a film.
fn film(width: u32, height: u32, bits: u8) -> GrayImage {
    let level = |x: u32, y: u32| {
        let shade = 20_000 + (x * 9000 / width) + (y * 15_000 / height);
        let noise = (x.wrapping_mul(7919) ^ y.wrapping_mul(104_729)).wrapping_mul(2_654_435_761) >> 20;
        u16::try_from(shade + noise).unwrap_or(u16::MAX)
    };
    let samples = (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| level(x, y));
    let pixels = match bits {
        8 => Pixels::U8(samples.map(|sample| sample.to_be_bytes()[0]).collect()),
        _ => Pixels::U16(samples.collect()),
    };
    GrayImage::new(width, height, pixels).expect("one sample a pixel")
}

fn equalise(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("clahe");
    for (width, height) in SIZES {
        for bits in [8, 16] {
            let film = film(width, height, bits);
            group.throughput(Throughput::Elements(u64::from(width * height)));
            group.bench_function(format!("{width}x{height}/{bits} bits"), |bencher| {
                bencher.iter(|| clahe(black_box(&film), &Clahe::default()));
            });
        }
    }
    group.finish();
}

fn prepare(criterion: &mut Criterion) {
    let steps = vec![
        Step::CropBorder { fraction: 0.06 },
        Step::Depth8 {},
        Step::Resize { width: 224, height: 224, filter: Filter::Bilinear },
        Step::Clahe { clip_limit: 2.0, tiles_x: 8, tiles_y: 8 },
        Step::Normalize { mean: 0.0, std: 1.0 },
    ];
    let recipe = Recipe::try_from(steps).expect("a sound recipe");
    let mut group = criterion.benchmark_group("recipe");
    for (width, height) in SIZES {
        for bits in [8, 16] {
            let film = film(width, height, bits);
            group.bench_function(format!("{width}x{height}/{bits} bits"), |bencher| {
                bencher.iter(|| recipe.apply(black_box(&film), None));
            });
        }
    }
    group.finish();
}

criterion_group!(pixels, equalise, prepare);
criterion_main!(pixels);
