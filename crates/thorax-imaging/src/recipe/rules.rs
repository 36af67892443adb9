//! What steps must fulfil to be a recipe.

use super::{RecipeError, Step};

pub(super) const DEPTH_FIRST: &str = "`depth8` comes before `resize`, which works on 8 bits";
const LUNGS_FIRST: &str =
    "`crop_lungs` comes once and before everything else that cuts or resizes: the lungs are found on the whole film";
const NORMALIZE_LAST: &str = "`normalize` comes last";

/// Longest side of a tensor; the networks' own are a few hundred.
const MOST_PIXELS: u32 = 4096;
/// Most CLAHE tiles along a side.
const MOST_TILES: u32 = 64;

/// The size of the tensor to which the steps lead.
pub(super) fn check(steps: &[Step]) -> Result<(u32, u32), RecipeError> {
    for step in steps {
        check_parameters(step)?;
    }
    let is_resize = |step: &Step| matches!(step, Step::Resize { .. });
    let is_normalize = |step: &Step| matches!(step, Step::Normalize { .. });
    exactly_one(steps, "resize", is_resize)?;
    exactly_one(steps, "normalize", is_normalize)?;
    if !steps.last().is_some_and(is_normalize) {
        return Err(RecipeError::Order(NORMALIZE_LAST));
    }
    let cuts = |step: &&Step| !matches!(step, Step::Depth8 {} | Step::Clahe { .. });
    if steps.iter().filter(cuts).skip(1).any(|step| matches!(step, Step::CropLungs { .. })) {
        return Err(RecipeError::Order(LUNGS_FIRST));
    }
    let before_resize = steps.iter().take_while(|step| !is_resize(step));
    if !before_resize.into_iter().any(|step| matches!(step, Step::Depth8 {})) {
        return Err(RecipeError::Order(DEPTH_FIRST));
    }
    output(steps)
}

fn output(steps: &[Step]) -> Result<(u32, u32), RecipeError> {
    let mut size = (0, 0);
    for step in steps {
        match *step {
            Step::Resize { width, height, .. } => size = (width, height),
            Step::CropBorder { fraction } if size != (0, 0) => {
                let left = |side: u32| side.saturating_sub(2 * super::steps::cut(side, fraction));
                let (width, height) = size;
                size = (left(width), left(height));
                if size.0 == 0 || size.1 == 0 {
                    return Err(RecipeError::TooSmall { width, height });
                }
            }
            _ => {}
        }
    }
    Ok(size)
}

fn exactly_one(steps: &[Step], step: &'static str, is: impl Fn(&Step) -> bool) -> Result<(), RecipeError> {
    match steps.iter().filter(|step| is(step)).count() {
        1 => Ok(()),
        found => Err(RecipeError::Count { step, found }),
    }
}

fn check_parameters(step: &Step) -> Result<(), RecipeError> {
    let require = |valid: bool, step, parameter, value, expected| {
        if valid { Ok(()) } else { Err(RecipeError::Parameter { step, parameter, value, expected }) }
    };
    match *step {
        Step::CropBorder { fraction } => {
            let valid = (0.0..0.5).contains(&fraction);
            require(valid, "crop_border", "fraction", fraction, "at least 0 and below 0.5")
        }
        Step::CropLungs { margin } => {
            require((0.0..=1.0).contains(&margin), "crop_lungs", "margin", margin, "from 0 to 1")
        }
        Step::Depth8 {} => Ok(()),
        Step::Resize { width, height, .. } => {
            [("width", width), ("height", height)].into_iter().try_for_each(|(name, side)| {
                require((1..=MOST_PIXELS).contains(&side), "resize", name, side.into(), "from 1 to 4096")
            })
        }
        Step::Clahe { clip_limit, tiles_x, tiles_y } => {
            let valid = clip_limit.is_finite() && clip_limit >= 0.0;
            require(valid, "clahe", "clip_limit", clip_limit, "a finite number of at least 0")?;
            [("tiles_x", tiles_x), ("tiles_y", tiles_y)].into_iter().try_for_each(|(name, tiles)| {
                require((1..=MOST_TILES).contains(&tiles), "clahe", name, tiles.into(), "from 1 to 64")
            })
        }
        Step::Normalize { mean, std } => {
            require(mean.is_finite(), "normalize", "mean", mean.into(), "finite")?;
            require(std.is_finite() && std > 0.0, "normalize", "std", std.into(), "finite and above 0")
        }
    }
}
