//! `gate.json`: a linear classifier over one network's embedding.

use serde::Deserialize;

/// Softmax of `weights · (embedding − mean) / std + bias`, one row a class; the class `frontal` is the one let through.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Classifier {
    classes: Vec<String>,
    mean: Vec<f64>,
    std: Vec<f64>,
    weights: Vec<Vec<f64>>,
    bias: Vec<f64>,
    minimum_frontal: f64,
}

/// The class of films that are read.
const FRONTAL: &str = "frontal";

impl Classifier {
    /// Parses and checks the file.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let parsed: Self = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        let features = parsed.mean.len();
        let rows = parsed.weights.len() == parsed.classes.len() && parsed.bias.len() == parsed.classes.len();
        let columns = parsed.std.len() == features && parsed.weights.iter().all(|row| row.len() == features);
        if !rows || !columns || features == 0 {
            return Err("classes, weights, bias, mean and std do not have matching lengths".to_owned());
        }
        if parsed.std.iter().any(|&one| one.is_nan() || one <= 0.0) {
            return Err("every std must be above 0".to_owned());
        }
        if !parsed.classes.iter().any(|class| class == FRONTAL) {
            return Err(format!("no class is named {FRONTAL:?}"));
        }
        Ok(parsed)
    }

    /// Least probability of a frontal chest film at which one is let through.
    #[must_use]
    pub const fn minimum_frontal(&self) -> f64 {
        self.minimum_frontal
    }

    /// Probability that the film is a frontal chest film, and the likeliest other class with its probability.
    ///
    /// # Errors
    /// A sentence when the embedding does not have the classifier's length or holds a number that is not finite.
    pub fn classify(&self, embedding: &[f32]) -> Result<(f64, &str, f64), String> {
        if embedding.len() != self.mean.len() || embedding.iter().any(|one| !one.is_finite()) {
            return Err(format!(
                "the gate reads {} finite features, the network gave {}",
                self.mean.len(),
                embedding.len()
            ));
        }
        let features: Vec<f64> = embedding
            .iter()
            .zip(self.mean.iter().zip(&self.std))
            .map(|(&one, (mean, std))| (f64::from(one) - mean) / std)
            .collect();
        let scores =
            self.weights.iter().zip(&self.bias).map(|(row, bias)| {
                row.iter().zip(&features).map(|(weight, feature)| weight * feature).sum::<f64>() + bias
            });
        let probabilities = crate::ensemble::softmax(&scores.collect::<Vec<_>>(), 1.0);
        let mut frontal = 0.0;
        let mut other = ("", 0.0);
        for (class, probability) in self.classes.iter().zip(probabilities) {
            if class == FRONTAL {
                frontal = probability;
            } else if probability >= other.1 {
                other = (class, probability);
            }
        }
        Ok((frontal, other.0, other.1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"{"classes": ["frontal", "lateral"], "mean": [1.0, 0.0], "std": [2.0, 1.0],
        "weights": [[3.0, 0.0], [0.0, 1.0]], "bias": [0.0, 0.0], "minimum_frontal": 0.5}"#;

    #[test]
    fn scores_by_softmax_of_the_standardised_embedding() {
        let classifier = Classifier::parse(FILE.as_bytes()).unwrap();
        let (frontal, class, other) = classifier.classify(&[3.0, 1.0]).unwrap();
        // Scores are 3 · (3 − 1) / 2 = 3 and 1.
        let expected = 3f64.exp() / (3f64.exp() + 1f64.exp());
        assert!((frontal - expected).abs() < 1e-12);
        assert_eq!(class, "lateral");
        assert!((other - (1.0 - expected)).abs() < 1e-12);
    }

    #[test]
    fn refuses_what_does_not_fit() {
        let classifier = Classifier::parse(FILE.as_bytes()).unwrap();
        assert!(classifier.classify(&[1.0]).is_err());
        assert!(classifier.classify(&[f32::NAN, 0.0]).is_err());
        for (from, to) in [("\"frontal\", ", "\"front\", "), ("[2.0, 1.0]", "[0.0, 1.0]"), ("[[3.0, 0.0]", "[[3.0]")] {
            assert!(Classifier::parse(FILE.replace(from, to).as_bytes()).is_err(), "{to}");
        }
    }
}
