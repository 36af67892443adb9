//! Where a network looked: class activation maps (Zhou et al. 2016). The graphs compute them exactly, as the head is linear in a
//! feature grid; here they become comparable grids between 0 and 1 of what each cell adds to the logits.

use thorax_imaging::heat::{Heat, NotHeat, Part};

use crate::engine::Tensor;
use crate::pooling::LungWeights;

/// Cells a side of the grid over the whole film to which all maps are brought: fine enough to keep the cells of a view that
/// shows half of it.
const SIDE: usize = 32;

/// One network's map of the evidence for a class.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkMap {
    /// The network's name in the bundle.
    pub name: String,
    /// Evidence for the final diagnosis over the whole film: 1 at the strongest cell, 0 where there is none or where the
    /// network's view does not reach.
    pub heat: Heat,
    /// Share of the heat that lies on the lungs, 0 to 1; `None` where the bundle finds no lungs or the map is empty.
    pub lung_share: Option<f64>,
}

/// The evidence for the class `label` in the maps of one film: what its map has above the mean of all classes' maps (softmax sees
/// only differences between classes), as much as the cell counts; negative parts dropped, divided by the largest.
///
/// # Errors
/// [`NotHeat`] when the maps are no classes × h × w finite numbers.
pub fn evidence(cam: &Tensor, weights: &LungWeights, label: usize) -> Result<Heat, NotHeat> {
    let (classes, height, width) = match cam.shape.as_slice() {
        [_, classes, height, width] if label < *classes => (*classes, *height, *width),
        _ => return Heat::new(0, 0, Vec::new()),
    };
    let cells = height * width;
    let maps = cam.film(0);
    #[expect(clippy::cast_precision_loss, reason = "there are four classes")]
    let share = 1.0 / classes as f32;
    #[expect(clippy::cast_possible_truncation, reason = "a weight is at most 1")]
    let above = weights.values().iter().take(cells).enumerate().map(|(cell, &weight)| {
        let mean: f32 = (0..classes).map(|class| maps[class * cells + cell]).sum::<f32>() * share;
        (maps[label * cells + cell] - mean).max(0.0) * weight as f32
    });
    let above: Vec<f32> = above.collect();
    let largest = above.iter().copied().fold(0.0, f32::max);
    let scale = if largest > 0.0 { 1.0 / largest } else { 0.0 };
    Heat::new(width, height, above.into_iter().map(|one| (one * scale).min(1.0)).collect())
}

impl NetworkMap {
    /// The map of the network `name` over the whole film, from its evidence over `part`, which is what its view shows of it.
    #[must_use]
    pub fn new(name: &str, evidence: &Heat, part: Part, lungs: Option<&Heat>) -> Self {
        let heat = evidence.placed(part, SIDE, SIDE);
        let lung_share = lungs.and_then(|lungs| lung_share(&heat, lungs));
        Self { name: name.to_owned(), heat, lung_share }
    }
}

/// Share of a map's heat that lies on the lungs; `None` when there is no heat.
#[must_use]
pub fn lung_share(heat: &Heat, lungs: &Heat) -> Option<f64> {
    let lungs = lungs.resized(heat.width(), heat.height());
    let total: f64 = heat.values().iter().map(|&one| f64::from(one)).sum();
    let inside: f64 =
        heat.values().iter().zip(lungs.values()).map(|(&one, &lung)| f64::from(one) * f64::from(lung)).sum();
    (total > 0.0).then(|| inside / total)
}

/// Where the networks look together: the mean of their maps, each divided by its largest value before, so that no network
/// counts for more because its numbers are larger.
///
/// # Errors
/// [`NotHeat`] when there is no map.
pub fn agreement(maps: &[NetworkMap]) -> Result<Heat, NotHeat> {
    if maps.is_empty() {
        return Heat::new(0, 0, Vec::new());
    }
    #[expect(clippy::cast_precision_loss, reason = "there are six networks")]
    let share = 1.0 / maps.len() as f32;
    let mut mean = vec![0.0f32; SIDE * SIDE];
    for map in maps {
        for (sum, value) in mean.iter_mut().zip(map.heat.resized(SIDE, SIDE).values()) {
            *sum += value * share;
        }
    }
    Heat::new(SIDE, SIDE, mean.into_iter().map(|one| one.min(1.0)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: Part = Part { left: 0.0, top: 0.0, width: 1.0, height: 1.0 };

    fn alike() -> LungWeights {
        LungWeights::new(None, WHOLE, (2, 1))
    }

    fn cam(samples: Vec<f32>) -> Tensor {
        Tensor { shape: vec![1, 4, 1, 2], samples }
    }

    #[test]
    fn evidence_is_what_a_class_has_above_the_others() {
        // Left cell: class 0 has 4 above a mean of 1; right cell: all alike.
        let maps = cam(vec![4.0, 7.0, 0.0, 7.0, 0.0, 7.0, 0.0, 7.0]);
        assert_eq!(evidence(&maps, &alike(), 0).unwrap().values(), [1.0, 0.0]);
        assert_eq!(evidence(&maps, &alike(), 1).unwrap().values(), [0.0, 0.0]);
        assert!(evidence(&maps, &alike(), 4).is_err());
        assert!(evidence(&cam(vec![f32::NAN; 8]), &alike(), 0).unwrap().values().iter().all(|one| *one == 0.0));
    }

    #[test]
    fn evidence_is_worth_what_its_cell_counts() {
        // Three quarters of the logit come from the left cell, whose evidence is half that of the right one.
        let maps = cam(vec![2.0, 4.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        let lungs = Heat::new(2, 1, vec![1.0, 0.0]).unwrap();
        let weights = LungWeights::new(Some((&lungs, 0.2)), WHOLE, (2, 1));
        let heat = evidence(&maps, &weights, 0).unwrap();
        assert!((heat.values()[1] / heat.values()[0] - 1.0 / 3.0).abs() < 1e-6, "{heat:?}");
    }

    #[test]
    fn a_map_lies_where_its_view_lies() {
        let part = Part { left: 0.5, top: 0.5, width: 0.5, height: 0.5 };
        let heat = Heat::new(2, 1, vec![1.0, 0.0]).unwrap();
        let lungs = Heat::new(2, 2, vec![0.0, 0.0, 0.0, 1.0]).unwrap();
        let map = NetworkMap::new("one", &heat, part, Some(&lungs));
        let hottest = map.heat.at(0.6, 0.75);
        assert!(hottest > 0.9 && map.heat.at(0.95, 0.75) < 0.1 && map.heat.at(0.25, 0.25) == 0.0, "{hottest}");
        assert!(map.lung_share.unwrap() > 0.5);
    }

    #[test]
    fn lung_share_is_the_share_of_heat_on_lungs() {
        let heat = Heat::new(2, 1, vec![1.0, 0.25]).unwrap();
        let lungs = Heat::new(2, 1, vec![1.0, 0.0]).unwrap();
        assert!((lung_share(&heat, &lungs).unwrap() - 0.8).abs() < 1e-9);
        assert_eq!(lung_share(&Heat::new(1, 1, vec![0.0]).unwrap(), &lungs), None);
    }

    #[test]
    fn agreement_is_the_mean_of_the_maps() {
        let map =
            |value| NetworkMap { name: String::new(), heat: Heat::new(1, 1, vec![value]).unwrap(), lung_share: None };
        let together = agreement(&[map(1.0), map(0.0)]).unwrap();
        assert!(together.values().iter().all(|one| (one - 0.5).abs() < 1e-6));
        assert!(agreement(&[]).is_err());
    }
}
