//! The preprocessing of a bundle: ordered steps with parameters, executed here.
//! What lives here: [`Recipe`], parsed from a manifest and proved sound before the first film, and what it makes of a film.
//! What never does: a parameter of its own; all come from the bundle. Start reading at [`Recipe::apply`].

mod depth;
mod field;
mod lungs;
mod rules;
mod steps;

pub use depth::depth8;
pub use field::Field;
pub(crate) use steps::cut;

use crate::clahe::{Clahe, ClaheError};
use crate::heat::Heat;
use crate::resize::Filter;
use crate::{GrayImage, Pixels, ShapeError};
use lungs::LungBox;
use serde::{Deserialize, Serialize};

/// One step of a recipe, as a `[[recipe]]` table of the manifest says it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// Cuts a margin off all four sides.
    CropBorder {
        /// Part of the width cut left and right each, and of the height above and below each; below 0.5.
        fraction: f64,
    },
    /// Cuts to the box around the lungs, where any are found; before anything else that cuts or resizes.
    CropLungs {
        /// Part of the box's width added left and right each, and of its height above and below each.
        margin: f64,
    },
    /// 16 bits to 8; 8 bits stay as they are.
    Depth8 {},
    /// To a fixed size; the ratio of the sides is not kept.
    Resize {
        /// Columns of the result.
        width: u32,
        /// Rows of the result.
        height: u32,
        /// How new pixels are weighed together.
        filter: Filter,
    },
    /// Local contrast, as OpenCV does it.
    Clahe {
        /// See [`Clahe::clip_limit`].
        clip_limit: f64,
        /// See [`Clahe::tiles_x`].
        tiles_x: u32,
        /// See [`Clahe::tiles_y`].
        tiles_y: u32,
    },
    /// `(v / 255 - mean) / std`, the last step.
    Normalize {
        /// Subtracted.
        mean: f32,
        /// Divided by; above 0.
        std: f32,
    },
}

/// Steps that were proved to lead from any film to a tensor of one size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Step>", into = "Vec<Step>")]
pub struct Recipe {
    steps: Vec<Step>,
    output: (u32, u32),
}

/// What a recipe makes of a film.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
    /// One channel, rows from the top, `width` × `height` values.
    pub tensor: Vec<f32>,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// The 8-bit image just before it was normalised: what the networks saw.
    pub bytes: GrayImage,
}

/// Why there is no such recipe, or why it cannot be applied to this film.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RecipeError {
    /// The steps do not form a recipe.
    #[error("the recipe must hold exactly one `{step}` step, it holds {found}")]
    Count {
        /// The step's name in the manifest.
        step: &'static str,
        /// How many there are.
        found: usize,
    },
    /// The steps do not form a recipe in this order.
    #[error("in a recipe, {0}")]
    Order(&'static str),
    /// A step's parameter is outside what can be computed.
    #[error("step `{step}`: {parameter} = {value} is not {expected}")]
    Parameter {
        /// The step's name in the manifest.
        step: &'static str,
        /// The parameter's name in the manifest.
        parameter: &'static str,
        /// What it is.
        value: f64,
        /// What it may be.
        expected: &'static str,
    },
    /// The recipe crops to the lungs, and nobody said where they are.
    #[error("the recipe crops to the lungs, so it needs a map of them")]
    NoLungMap,
    /// The film is so small that cropping leaves nothing of it.
    #[error("a film of {width} x {height} pixels is too small to be cropped")]
    TooSmall {
        /// Columns of the film.
        width: u32,
        /// Rows of the film.
        height: u32,
    },
    /// The CLAHE step failed.
    #[error(transparent)]
    Clahe(#[from] ClaheError),
    /// A step made no image.
    #[error(transparent)]
    Shape(#[from] ShapeError),
}

impl TryFrom<Vec<Step>> for Recipe {
    type Error = RecipeError;

    fn try_from(steps: Vec<Step>) -> Result<Self, RecipeError> {
        let output = rules::check(&steps)?;
        Ok(Self { steps, output })
    }
}

impl From<Recipe> for Vec<Step> {
    fn from(recipe: Recipe) -> Self {
        recipe.steps
    }
}

impl Recipe {
    /// The steps in their order.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Width and height of the tensor.
    #[must_use]
    pub const fn output_size(&self) -> (u32, u32) {
        self.output
    }

    /// Whether a step needs to know where the lungs are.
    #[must_use]
    pub fn needs_lungs(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::CropLungs { .. }))
    }

    /// Whether a step cuts a part of the film off.
    #[must_use]
    pub fn cuts(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::CropLungs { .. } | Step::CropBorder { .. }))
    }

    /// Executes the steps on a film. `lungs` says for each cell of the whole film how likely it is lung.
    ///
    /// # Errors
    /// [`RecipeError`] when cropping leaves nothing of the film, or a map of the lungs is needed and missing.
    pub fn apply(&self, film: &GrayImage, lungs: Option<&Heat>) -> Result<Prepared, RecipeError> {
        let mut image = None;
        let (mut mean, mut std) = (0.0, 1.0);
        for step in &self.steps {
            let current = image.as_ref().unwrap_or(film);
            image = Some(match *step {
                Step::CropBorder { fraction } => steps::crop_border(current, fraction)?,
                Step::CropLungs { margin } => {
                    let Some(found) = LungBox::of(lungs.ok_or(RecipeError::NoLungMap)?) else { continue };
                    steps::lung_window(found.widened(margin), (current.width(), current.height())).of(current)?
                }
                Step::Depth8 {} if current.bits() == 8 => continue,
                Step::Depth8 {} => depth8(current).into_owned(),
                Step::Resize { width, height, filter } => crate::resize::resize(current, width, height, filter)?,
                Step::Clahe { clip_limit, tiles_x, tiles_y } => {
                    crate::clahe::clahe(current, &Clahe { clip_limit, tiles_x, tiles_y })?
                }
                Step::Normalize { mean: subtracted, std: divided } => {
                    (mean, std) = (subtracted, divided);
                    continue;
                }
            });
        }
        let bytes = image.ok_or(RecipeError::Count { step: "resize", found: 0 })?;
        let Pixels::U8(samples) = bytes.pixels() else {
            return Err(RecipeError::Order(rules::DEPTH_FIRST));
        };
        let tensor = steps::normalize(samples, mean, std);
        Ok(Prepared { tensor, width: bytes.width(), height: bytes.height(), bytes })
    }

    /// The part of a film of `width` × `height` pixels which the tensor shows, with lungs as [`Recipe::apply`] knows them.
    #[must_use]
    pub fn field(&self, (width, height): (u32, u32), lungs: Option<&Heat>) -> Field {
        let mut shown = Field { left: 0.0, top: 0.0, width: f64::from(width), height: f64::from(height) };
        let mut size = (width, height);
        for step in &self.steps {
            match *step {
                Step::CropBorder { fraction } => {
                    let cut = (steps::cut(size.0, fraction), steps::cut(size.1, fraction));
                    shown = shown.without_border(size, cut);
                    size = (size.0.saturating_sub(2 * cut.0), size.1.saturating_sub(2 * cut.1));
                }
                Step::CropLungs { margin } => {
                    if let Some(found) = lungs.and_then(LungBox::of) {
                        let window = steps::lung_window(found.widened(margin), size);
                        shown = shown.window(window);
                        size = (window.columns, window.rows);
                    }
                }
                Step::Resize { width, height, .. } => size = (width, height),
                Step::Depth8 {} | Step::Clahe { .. } | Step::Normalize { .. } => {}
            }
        }
        shown
    }

    /// The steps in one line, for the provenance of a result.
    #[must_use]
    pub fn describe(&self) -> String {
        let steps: Vec<String> = self.steps.iter().map(ToString::to_string).collect();
        steps.join(" > ")
    }
}
