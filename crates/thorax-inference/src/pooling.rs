//! Pooling: from the class activation maps of a network to its logits. A network's head is linear in its feature grid, so that its maps
//! say what every cell is worth to each class; the logits are their mean, each cell weighed by how much lung it shows. What lies
//! outside the lungs thus counts little, and the heat that is shown is what the logits are made of.

use thorax_imaging::heat::{Heat, Part};

/// How much each cell of a network's maps counts; all together count 1.
#[derive(Debug, Clone, PartialEq)]
pub struct LungWeights(Vec<f64>);

impl LungWeights {
    /// For maps of `width` × `height` cells over a part of a film: a cell counts by the mean probability of lung within it and
    /// `outside` more, so that lungs which were overlooked still count a little. Without a map of the lungs all count alike.
    #[must_use]
    pub fn new(lungs: Option<(&Heat, f64)>, part: Part, (width, height): (usize, usize)) -> Self {
        let mut weights = vec![1.0; width * height];
        if let Some((lungs, outside)) = lungs {
            for (weight, &lung) in weights.iter_mut().zip(lungs.averaged(part, width, height).values()) {
                *weight = f64::from(lung) + outside;
            }
        }
        let sum: f64 = weights.iter().sum();
        Self(weights.into_iter().map(|weight| weight / sum).collect())
    }

    /// The weights, row by row.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.0
    }

    /// The logits of one film: the weighted mean of the map of each class.
    #[must_use]
    pub fn logits(&self, maps: &[f32]) -> [f64; 4] {
        let mean = |class: usize| {
            let map = maps.iter().skip(class * self.0.len());
            map.zip(&self.0).map(|(&value, weight)| f64::from(value) * weight).sum()
        };
        std::array::from_fn(mean)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: Part = Part { left: 0.0, top: 0.0, width: 1.0, height: 1.0 };
    const MAPS: [f32; 8] = [4.0, 8.0, 1.0, 3.0, 0.0, 0.0, -2.0, 2.0];

    fn assert_close(given: [f64; 4], wanted: [f64; 4]) {
        assert!(given.iter().zip(wanted).all(|(given, wanted)| (given - wanted).abs() < 1e-12), "{given:?}");
    }

    #[test]
    fn without_lungs_all_cells_count_alike() {
        assert_close(LungWeights::new(None, WHOLE, (2, 1)).logits(&MAPS), [6.0, 2.0, 0.0, 0.0]);
    }

    #[test]
    fn cells_count_by_the_lung_that_they_show() {
        let lungs = Heat::new(2, 1, vec![0.25, 0.75]).unwrap();
        let weights = LungWeights::new(Some((&lungs, 0.0)), WHOLE, (2, 1));
        assert_close(weights.logits(&MAPS), [7.0, 2.5, 0.0, 1.0]);
        let weights = LungWeights::new(Some((&lungs, 0.5)), WHOLE, (2, 1));
        assert_eq!(weights.values(), [0.375, 0.625]);
    }

    #[test]
    fn a_view_sees_its_own_part_of_the_lungs() {
        let lungs = Heat::new(4, 1, vec![0.0, 0.5, 0.5, 1.0]).unwrap();
        let right = Part { left: 0.5, top: 0.0, width: 0.5, height: 1.0 };
        assert_eq!(LungWeights::new(Some((&lungs, 0.0)), right, (2, 1)).values(), [1.0 / 3.0, 2.0 / 3.0]);
    }

    #[test]
    fn where_no_lung_is_found_all_cells_count_alike() {
        let lungs = Heat::new(1, 1, vec![0.0]).unwrap();
        assert_eq!(LungWeights::new(Some((&lungs, 0.1)), WHOLE, (2, 1)).values(), [0.5, 0.5]);
    }
}
