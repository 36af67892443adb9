//! Contrast limited adaptive histogram equalisation, bit for bit as OpenCV computes it, in 8 and 16 bits.
//! What lives here: [`clahe`], its parameters, and a cache of results. What never does: another flavour of CLAHE; the
//! networks were trained on OpenCV's. Start reading at [`clahe`], then `clahe/grid.rs`, `levels.rs` and `blend.rs`, in the
//! order in which they run.

mod blend;
mod cache;
mod grid;
mod levels;
mod sample;

pub use cache::{CacheCounters, ClaheCache};

use crate::{GrayImage, Pixels};
use grid::Grid;
use sample::Sample;
use serde::{Deserialize, Serialize};

/// Parameters of [`clahe`]; the default is OpenCV's usual 2.0 over 8 × 8 tiles.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clahe {
    /// How many times its even share a grey level may fill in a tile's histogram; nothing is clipped at 0 and below.
    pub clip_limit: f64,
    /// Tiles from left to right.
    pub tiles_x: u32,
    /// Tiles from top to bottom.
    pub tiles_y: u32,
}

impl Default for Clahe {
    fn default() -> Self {
        Self { clip_limit: 2.0, tiles_x: 8, tiles_y: 8 }
    }
}

/// Why an image was not equalised.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClaheError {
    /// There must be a tile.
    #[error("{tiles_x} x {tiles_y} tiles: both counts must be at least 1")]
    NoTiles {
        /// Tiles from left to right.
        tiles_x: u32,
        /// Tiles from top to bottom.
        tiles_y: u32,
    },
    /// The tables of all tiles would need more memory than this program gives them.
    #[error("{tiles_x} x {tiles_y} tiles are too many for an image of {bits} bits")]
    TooManyTiles {
        /// Tiles from left to right.
        tiles_x: u32,
        /// Tiles from top to bottom.
        tiles_y: u32,
        /// Bits a sample.
        bits: u8,
    },
    /// A tile's pixels cannot be counted in 31 bits, as OpenCV counts them.
    #[error("a tile of {width} x {height} pixels is too large")]
    TileTooLarge {
        /// Columns of a tile.
        width: u64,
        /// Rows of a tile.
        height: u64,
    },
}

/// The image with its contrast equalised tile by tile, equal in every pixel to
/// `cv2.createCLAHE(clip_limit, (tiles_x, tiles_y)).apply(image)`.
///
/// ```
/// use thorax_imaging::{GrayImage, Pixels, clahe::{Clahe, clahe}};
/// let film = GrayImage::new(64, 64, Pixels::U8((0..4096).map(|i| (i % 64) as u8).collect()))?;
/// let clearer = clahe(&film, &Clahe::default())?;
/// assert_eq!((clearer.width(), clearer.bits()), (64, 8));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`ClaheError`] when there are no tiles, or more or larger ones than can be computed with.
pub fn clahe(image: &GrayImage, parameters: &Clahe) -> Result<GrayImage, ClaheError> {
    let grid = Grid::new(image, parameters)?;
    let pixels = match image.pixels() {
        Pixels::U8(samples) => Pixels::U8(equalise(samples, &grid, parameters.clip_limit)),
        Pixels::U16(samples) => Pixels::U16(equalise(samples, &grid, parameters.clip_limit)),
    };
    Ok(image.with(pixels))
}

fn equalise<S: Sample>(samples: &[S], grid: &Grid, clip_limit: f64) -> Vec<S> {
    let levels = levels::Levels::of(samples, grid, clip_limit);
    blend::blend(samples, grid, &levels)
}

/// From this many pixels on, the work is shared among threads; below, handing it out costs more than it gains.
const PARALLEL_PIXELS: usize = 1 << 17;

fn in_parallel(pixels: usize) -> bool {
    pixels >= PARALLEL_PIXELS && rayon::current_num_threads() > 1
}
