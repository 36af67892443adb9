//! `thorax clahe`.

use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use thorax_imaging::clahe::{Clahe, ClaheCache};
use thorax_imaging::decode::{self, Limits};
use thorax_imaging::{encode, recipe};

use super::{Outcome, said};
use crate::app::Usage;
use crate::new_file;
use crate::workflow::input::Input;

const EXAMPLES: &str = "\
Examples:
  thorax clahe film.dcm                       writes film_clahe.jpg beside it
  thorax clahe film.dcm clear.png             PNG, with all 16 bits where the film has them
  thorax clahe --clip 3 --tiles 4x4 a.png b.png c.jpg folder/
The result is OpenCV's createCLAHE(clip, tiles), bit for bit; JPEG has quality 95 and 8 bits. The original is never overwritten.";

/// Quality of the JPEG that is written.
const QUALITY: u8 = 95;

/// Raise the local contrast of films (CLAHE)
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Enhance {
    /// A film; or a film and the file to write, .jpg or .png; or films and a folder
    #[arg(required = true, value_names = ["IN", "OUT"])]
    paths: Vec<PathBuf>,

    /// How far a grey level's share may rise above even before it is clipped; 0 clips nothing
    #[arg(long, value_name = "LIMIT", default_value_t = 2.0, value_parser = clip_limit, allow_negative_numbers = true)]
    clip: f64,

    /// Tiles across and down
    #[arg(long, value_name = "AxB", default_value = "8x8")]
    tiles: Tiles,
}

fn clip_limit(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(limit) if limit.is_finite() && limit >= 0.0 => Ok(limit),
        _ => Err("give a number that is not below 0".to_owned()),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Tiles {
    across: u32,
    down: u32,
}

impl FromStr for Tiles {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let side = |side: &str| side.parse::<u32>().ok().filter(|tiles| (1..=1024).contains(tiles));
        let parsed = text.split_once(['x', 'X']).and_then(|(across, down)| Some((side(across)?, side(down)?)));
        let (across, down) = parsed.ok_or("give it as 8x8, each from 1 to 1024")?;
        Ok(Self { across, down })
    }
}

impl Enhance {
    pub fn run(self) -> Result<Outcome> {
        let pairs = pairs(&self.paths)?;
        let parameters = Clahe { clip_limit: self.clip, tiles_x: self.tiles.across, tiles_y: self.tiles.down };
        let cache = ClaheCache::default();
        let mut outcome = Outcome::Complete;
        for (from, to) in pairs {
            match enhance(&from, &to, &parameters, &cache) {
                Ok(()) => println!("{}", to.display()),
                Err(error) => {
                    eprintln!("thorax: {}: {}", from.display(), said(&error));
                    outcome = Outcome::Incomplete;
                }
            }
        }
        Ok(outcome)
    }
}

/// What is read and what is written, proved not to be an original.
fn pairs(paths: &[PathBuf]) -> Result<Vec<(PathBuf, PathBuf)>, Usage> {
    let pairs: Vec<(PathBuf, PathBuf)> = match paths {
        [from] => vec![(from.clone(), named_after(from, from.parent().unwrap_or(Path::new(""))))],
        [from, to] if !to.is_dir() => vec![(from.clone(), to.clone())],
        [films @ .., folder] if folder.is_dir() => {
            films.iter().map(|from| (from.clone(), named_after(from, folder))).collect()
        }
        _ => return Err(Usage("with several films, the last path must be a folder that is there".to_owned())),
    };
    for (index, (_, to)) in pairs.iter().enumerate() {
        if extension(to).is_none() {
            return Err(Usage(format!("{}: the name of the file to write ends in .jpg, .jpeg or .png", to.display())));
        }
        if pairs.iter().any(|(from, _)| is_same(from, to)) {
            return Err(Usage(format!(
                "{} is the original, which is never overwritten; give another name",
                to.display()
            )));
        }
        if pairs[..index].iter().any(|(_, other)| other == to) {
            return Err(Usage(format!("two films would be written to {}; give them different names", to.display())));
        }
    }
    Ok(pairs)
}

/// `<name>_clahe.jpg` in a folder.
fn named_after(film: &Path, folder: &Path) -> PathBuf {
    let mut name = film.file_stem().unwrap_or_default().to_owned();
    name.push("_clahe.jpg");
    folder.join(name)
}

fn is_same(one: &Path, other: &Path) -> bool {
    one == other || one.canonicalize().is_ok_and(|one| other.canonicalize().is_ok_and(|other| one == other))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extension {
    Jpeg,
    Png,
}

fn extension(path: &Path) -> Option<Extension> {
    match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "jpg" | "jpeg" => Some(Extension::Jpeg),
        "png" => Some(Extension::Png),
        _ => None,
    }
}

fn enhance(from: &Path, to: &Path, parameters: &Clahe, cache: &ClaheCache) -> Result<()> {
    let limits = Limits::default();
    let bytes = match Input::of_path(from, limits.bytes).content {
        Ok(content) => content.bytes,
        Err(error) => bail!(error),
    };
    let film = decode::decode(&bytes, &limits)?.image;
    let is_png = extension(to) == Some(Extension::Png);
    // A JPEG has 8 bits, and OpenCV equalises what it has read: depth first, contrast second.
    let film = if is_png { film } else { recipe::depth8(&film).into_owned() };
    let mut digest = Sha256::new_with_prefix([u8::from(is_png)]);
    digest.update(&bytes);
    let clear = cache.clahe(digest.finalize().into(), &film, parameters)?;
    let encoded = if is_png { encode::png(&clear) } else { encode::jpeg(&clear, QUALITY) }?;
    if let Some(folder) = to.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    }
    new_file::write(to, &encoded).with_context(|| format!("cannot write {}", to.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_are_two_counts() {
        assert_eq!("4x16".parse(), Ok(Tiles { across: 4, down: 16 }));
        for wrong in ["8", "0x8", "8x", "x", "8x8x8", "-1x2", "8x9999"] {
            assert!(wrong.parse::<Tiles>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_clip_limit_is_a_number_not_below_zero() {
        assert_eq!(clip_limit("2.5"), Ok(2.5));
        for wrong in ["-1", "NaN", "inf", "two"] {
            assert!(clip_limit(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_result_lies_beside_the_film_or_where_it_was_told_to() {
        let of = |paths: &[&str]| pairs(&paths.iter().map(PathBuf::from).collect::<Vec<_>>());
        assert_eq!(of(&["a/film.dcm"]).unwrap()[0].1, Path::new("a/film_clahe.jpg"));
        assert_eq!(of(&["film"]).unwrap()[0].1, Path::new("film_clahe.jpg"));
        assert_eq!(of(&["a.png", "b.PNG"]).unwrap()[0].1, Path::new("b.PNG"));
        for wrong in [&["a.png", "a.png"][..], &["a.png", "b.bmp"], &["a.png", "b.png", "c.png"]] {
            assert!(of(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn an_original_is_recognised_by_another_path() {
        let folder = tempfile::tempdir().unwrap();
        let film = folder.path().join("a.png");
        fs::write(&film, "").unwrap();
        let detour = folder.path().join("../").join(folder.path().file_name().unwrap()).join("a.png");
        assert!(pairs(&[film, detour]).is_err());
    }

    #[test]
    fn two_films_do_not_share_a_result() {
        let folder = tempfile::tempdir().unwrap();
        let paths = ["x/a.png".into(), "y/a.png".into(), folder.path().to_path_buf()];
        assert!(pairs(&paths).unwrap_err().to_string().contains("two films"));
    }
}
