//! The gate: may this film be read at all? First what a ruler finds (size, contrast, sharpness), then what one network's
//! embedding says it is, and whether the lungs that were found lie side by side. Every refusal carries what was measured and the
//! limit.

use thorax_domain::prediction::{Refusal, Verdict};
use thorax_imaging::heat::Heat;
use thorax_imaging::quality::Quality;

use crate::bundle::{Bundle, Classifier, GateLimits, Locator};

/// What can be held against a film before any network has seen it.
#[must_use]
pub fn measure(limits: &GateLimits, quality: &Quality) -> Vec<Refusal> {
    let mut reasons = Vec::new();
    let mut below = |code: &str, message: &str, measured: f64, limit: f64| {
        if measured < limit {
            reasons.push(refusal(code, message, measured, limit));
        }
    };
    below(
        "too_small",
        "The film is too small to show what the networks look for; use the original, not a thumbnail.",
        f64::from(quality.short_side),
        f64::from(limits.minimum_short_side),
    );
    below(
        "nearly_empty",
        "The film is nearly of one grey; check exposure and export.",
        quality.contrast,
        limits.minimum_contrast,
    );
    below(
        "too_blurred",
        "The film is too blurred; use the original or repeat the exposure.",
        quality.sharpness,
        limits.minimum_sharpness,
    );
    if quality.aspect > limits.maximum_aspect {
        let message = "The film is too narrow to show a whole chest; use the uncropped film.";
        reasons.push(refusal("cropped", message, quality.aspect, limits.maximum_aspect));
    }
    reasons
}

/// What an embedding says of the film.
///
/// # Errors
/// A sentence when the embedding does not fit the classifier.
pub fn classify(classifier: &Classifier, embedding: &[f32]) -> Result<Option<Refusal>, String> {
    let (frontal, class, probability) = classifier.classify(embedding)?;
    if frontal >= classifier.minimum_frontal() {
        return Ok(None);
    }
    let message = match class {
        "lateral" => "This looks like a lateral film; the networks read frontal films only.",
        "upside_down" => "This film looks turned or upside down; turn it upright.",
        "inverted" => "This film looks inverted (bones black); invert it.",
        "cropped" => "This looks like a part of a chest film; use the uncropped film.",
        _ => "This does not look like a chest X-ray.",
    };
    let text = format!("{message} (Likeliest: {class}, {:.0} %.)", probability * 100.0);
    Ok(Some(refusal(class, &text, frontal, classifier.minimum_frontal())))
}

/// What can be held against a film because of the lungs that were found in it. Kinds of films that no classifier has learned from
/// show here, too.
#[must_use]
pub fn look_at_lungs(limits: &Locator, lungs: &Heat) -> Option<Refusal> {
    let measured = separation(lungs);
    let message = "Two lungs side by side cannot be made out, as on a lateral film, on a part of a film, or where a lung is white \
                   all over; the networks read whole frontal films.";
    (measured < limits.minimum_separation)
        .then(|| refusal("no_two_lungs", message, measured, limits.minimum_separation))
}

/// Columns sideways a row downwards that a valley between two lungs may go: patients do not always lie straight.
const SLANTS: [f64; 3] = [-0.15, 0.0, 0.15];

/// How deep the valley between two lungs is, 0 to 1, on the slant on which it is deepest.
fn separation(lungs: &Heat) -> f64 {
    SLANTS.iter().map(|&slant| valley(&profile(lungs, slant))).fold(0.0, f64::max)
}

/// The lung in each column, a mean of three columns, of a map whose rows are moved sideways.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "grids have some hundred cells, and no row is moved beyond the margin"
)]
fn profile(lungs: &Heat, slant: f64) -> Vec<f64> {
    let middle = (lungs.height() as f64 - 1.0) / 2.0;
    // One column more than the rows move at most, and room for a mean of three.
    let margin = (slant.abs() * middle).ceil() as usize + 2;
    let mut sums = vec![0.0; lungs.width() + 2 * margin];
    for (row, values) in lungs.values().chunks(lungs.width()).enumerate() {
        let moved = margin as f64 + slant * (row as f64 - middle);
        let (start, part) = (moved as usize, moved.fract());
        for (column, &value) in (start..).zip(values) {
            sums[column] += f64::from(value) * (1.0 - part);
            sums[column + 1] += f64::from(value) * part;
        }
    }
    sums.windows(3).map(|three| three.iter().sum::<f64>() / 3.0).collect()
}

/// The deepest drop below the lower of the two summits to either side, as a part of that summit: 1 where nothing lies between two
/// hills, 0 where there is one hill or none.
fn valley(profile: &[f64]) -> f64 {
    let highest = |part: &[f64]| part.iter().copied().fold(0.0, f64::max);
    let drop = |column: usize| {
        let summit = highest(&profile[..=column]).min(highest(&profile[column..]));
        if summit > 0.0 { (summit - profile[column]) / summit } else { 0.0 }
    };
    (0..profile.len()).map(drop).fold(0.0, f64::max)
}

/// The verdict on a film from ruler and embedding.
///
/// # Errors
/// A sentence when the embedding does not fit the classifier.
pub fn verdict(bundle: &Bundle, mut reasons: Vec<Refusal>, embedding: &[f32]) -> Result<Verdict, String> {
    reasons.extend(classify(bundle.classifier(), embedding)?);
    Ok(Verdict::new(reasons))
}

fn refusal(code: &str, message: &str, measured: f64, limit: f64) -> Refusal {
    Refusal { code: code.to_owned(), message: message.to_owned(), measured, limit }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> GateLimits {
        GateLimits {
            network: String::new(),
            file: String::new(),
            sha256: String::new(),
            minimum_short_side: 200,
            maximum_aspect: 2.0,
            minimum_contrast: 8.0,
            minimum_sharpness: 12.0,
        }
    }

    fn lungs(columns: &[f32]) -> Heat {
        // Two rows, so that a column's sum is not one value.
        Heat::new(columns.len(), 2, columns.repeat(2)).unwrap()
    }

    #[test]
    fn the_valley_between_two_lungs_is_measured_by_the_lower_one() {
        // Sums of three columns: 0.9, 1.8, 2.7, 1.8, 1.2, 0.3, 0.9, 1.2, 1.8, 1.2, 0.6.
        let apart = lungs(&[0.0, 0.9, 0.9, 0.9, 0.0, 0.3, 0.0, 0.6, 0.6, 0.6, 0.0]);
        assert!((separation(&apart) - (1.0 - 0.3 / 1.8)).abs() < 1e-6, "{}", separation(&apart));
        for one_hill in [&[0.0, 0.2, 0.9, 0.9, 0.3, 0.0][..], &[0.0; 6], &[0.7; 6], &[1.0]] {
            assert!(separation(&lungs(one_hill)) < 1e-6, "{one_hill:?}");
        }
    }

    /// Two lungs of seven columns with five between them that lead down by so many columns sideways a row.
    fn slanted(slant: f32) -> Heat {
        let value = |cell: usize| {
            #[expect(clippy::cast_precision_loss, reason = "a grid of 32 cells")]
            let (column, row) = ((cell % 32) as f32, (cell / 32) as f32);
            let beside = (column - 15.5 - slant * (row - 15.5)).abs();
            if (2.5..9.5).contains(&beside) { 1.0 } else { 0.0 }
        };
        Heat::new(32, 32, (0..32 * 32).map(value).collect()).unwrap()
    }

    #[test]
    fn a_valley_may_go_down_a_little_sideways() {
        for slant in [0.0, 0.15, -0.15, 0.2] {
            assert!(separation(&slanted(slant)) > 0.75, "{slant}: {}", separation(&slanted(slant)));
        }
        assert!(separation(&slanted(0.8)) < 0.5, "{}", separation(&slanted(0.8)));
    }

    #[test]
    fn names_each_fault_with_measure_and_limit() {
        let good = Quality { short_side: 200, aspect: 2.0, contrast: 8.0, sharpness: 12.0 };
        assert!(measure(&limits(), &good).is_empty());
        let bad = Quality { short_side: 64, aspect: 2.1, contrast: 1.0, sharpness: 0.5 };
        let codes: Vec<_> =
            measure(&limits(), &bad).into_iter().map(|one| (one.code, one.measured, one.limit)).collect();
        let expected = [
            ("too_small".to_owned(), 64.0, 200.0),
            ("nearly_empty".to_owned(), 1.0, 8.0),
            ("too_blurred".to_owned(), 0.5, 12.0),
            ("cropped".to_owned(), 2.1, 2.0),
        ];
        assert_eq!(codes, expected);
    }
}
