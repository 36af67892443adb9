//! Thorax's side of `bench/pixels.py` and `bench/instructions.sh`: takes one task a line, and for each following `go` does it once and answers how many
//! nanoseconds that took. Tasks, with the threads to use:
//!
//! ```text
//! {"threads": 1, "clahe": {"file": "raw samples, little endian", "width": 8, "height": 8, "bits": 16}}
//! {"threads": 2, "film": {"file": "a radiograph", "recipe": [{"step": "depth8"}, …]}}
//! {"threads": 1, "decode": {"file": "a radiograph"}}
//! {"threads": 1, "prepare": {"file": "a radiograph, decoded beforehand", "recipe": [{"step": "depth8"}, …]}}
//! ```

use serde::Deserialize;
use std::error::Error;
use std::hint::black_box;
use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::time::Instant;
use thorax_imaging::clahe::{Clahe, clahe};
use thorax_imaging::decode::{Limits, decode};
use thorax_imaging::recipe::Recipe;
use thorax_imaging::{GrayImage, Pixels};

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

#[derive(Deserialize)]
struct Request {
    threads: usize,
    clahe: Option<Raw>,
    film: Option<Film>,
    decode: Option<Coded>,
    prepare: Option<Film>,
}

#[derive(Deserialize)]
struct Raw {
    file: PathBuf,
    width: u32,
    height: u32,
    bits: u8,
}

#[derive(Deserialize)]
struct Coded {
    file: PathBuf,
}

#[derive(Deserialize)]
struct Film {
    file: PathBuf,
    recipe: Recipe,
}

enum Task {
    Clahe(GrayImage),
    Film(Vec<u8>, Recipe),
    Decode(Vec<u8>),
    Prepare(GrayImage, Recipe),
}

impl Task {
    fn run(&self) -> Outcome {
        match self {
            Self::Clahe(image) => {
                black_box(clahe(image, &Clahe::default())?);
            }
            Self::Film(bytes, recipe) => {
                let film = decode(bytes, &Limits::default())?;
                black_box(recipe.apply(&film.image, None)?);
            }
            Self::Decode(bytes) => {
                black_box(decode(bytes, &Limits::default())?);
            }
            Self::Prepare(image, recipe) => {
                black_box(recipe.apply(image, None)?);
            }
        }
        Ok(())
    }
}

fn prepare(request: Request) -> Result<Task, Box<dyn Error + Send + Sync>> {
    if let Some(Film { file, recipe }) = request.film {
        return Ok(Task::Film(std::fs::read(file)?, recipe));
    }
    if let Some(Coded { file }) = request.decode {
        return Ok(Task::Decode(std::fs::read(file)?));
    }
    if let Some(Film { file, recipe }) = request.prepare {
        return Ok(Task::Prepare(decode(&std::fs::read(file)?, &Limits::default())?.image, recipe));
    }
    let Raw { file, width, height, bits } = request.clahe.ok_or("a task is `clahe`, `film`, `decode` or `prepare`")?;
    let bytes = std::fs::read(file)?;
    let pixels = match bits {
        8 => Pixels::U8(bytes),
        _ => Pixels::U16(bytes.as_chunks().0.iter().map(|pair| u16::from_le_bytes(*pair)).collect()),
    };
    Ok(Task::Clahe(GrayImage::new(width, height, pixels)?))
}

fn main() -> Outcome {
    let mut current = None;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        if line != "go" {
            let request: Request = serde_json::from_str(&line)?;
            let pool = rayon::ThreadPoolBuilder::new().num_threads(request.threads).build()?;
            current = Some((pool, prepare(request)?));
            continue;
        }
        let (pool, task) = current.as_ref().ok_or("`go` comes after a task")?;
        let nanoseconds = pool.install(|| {
            let start = Instant::now();
            task.run()?;
            Ok::<_, Box<dyn Error + Send + Sync>>(start.elapsed().as_nanos())
        })?;
        println!("{nanoseconds}");
        std::io::stdout().flush()?;
    }
    Ok(())
}
