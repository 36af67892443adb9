//! How long files take to be read, and a mark by which equal pictures are told:
//! `cargo run --release -p thorax-imaging --example decode_times -- FILE...`

use std::time::Instant;
use thorax_imaging::Pixels;
use thorax_imaging::decode::{Limits, decode};

const ROUNDS: usize = 7;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for path in std::env::args_os().skip(1) {
        let bytes = std::fs::read(&path)?;
        let mut times = Vec::new();
        let mut line = String::new();
        for _ in 0..ROUNDS {
            let start = Instant::now();
            let outcome = decode(&bytes, &Limits::default());
            times.push(start.elapsed());
            line = match outcome {
                Ok(film) => {
                    let mark = match film.image.pixels() {
                        Pixels::U8(samples) => mark(samples.iter().map(|&sample| u64::from(sample))),
                        Pixels::U16(samples) => mark(samples.iter().map(|&sample| u64::from(sample))),
                    };
                    format!("{} x {} {} mark {mark:016x}", film.image.width(), film.image.height(), film.format)
                }
                Err(error) => error.to_string(),
            };
        }
        times.sort();
        println!("{:7.1} ms  {line}  {}", times[ROUNDS / 2].as_secs_f64() * 1e3, path.to_string_lossy());
    }
    Ok(())
}

/// FNV-1a over the levels.
fn mark(levels: impl Iterator<Item = u64>) -> u64 {
    levels.fold(0xCBF2_9CE4_8422_2325, |mark, level| (mark ^ level).wrapping_mul(0x0100_0000_01B3))
}
