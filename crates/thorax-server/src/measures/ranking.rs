//! How well scores tell one class from the rest, whatever the threshold.

/// Films from the highest score to the lowest, sorted once, so that a weighted count of them is one walk.
#[derive(Debug, Clone)]
pub struct Ranking {
    places: Vec<Place>,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    film: usize,
    is_positive: bool,
    /// Whether the next film has a lower score, or there is none.
    ends_tie: bool,
}

/// Areas under two curves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Areas {
    /// Under the receiver operating characteristic: how often a positive film has the higher score of two; a tie counts half.
    pub auroc: f64,
    /// Average precision: the precision at each threshold, weighted by the recall that the threshold adds.
    pub average_precision: f64,
}

impl Ranking {
    /// A ranking of films: number, score, and whether it belongs to the class.
    #[must_use]
    pub fn new(films: impl IntoIterator<Item = (usize, f64, bool)>) -> Self {
        let mut films: Vec<(usize, f64, bool)> = films.into_iter().collect();
        films.sort_by(|one, other| other.1.total_cmp(&one.1));
        let ends_tie = |index: usize| films.get(index + 1).is_none_or(|next| next.1.total_cmp(&films[index].1).is_lt());
        let place = |(index, &(film, _, is_positive)): (usize, &(usize, f64, bool))| Place {
            film,
            is_positive,
            ends_tie: ends_tie(index),
        };
        Self { places: films.iter().enumerate().map(place).collect() }
    }

    /// Films with the class and without it.
    #[must_use]
    pub fn sides(&self) -> (usize, usize) {
        let positives = self.places.iter().filter(|place| place.is_positive).count();
        (positives, self.places.len() - positives)
    }

    /// The areas with every film counted once; none where one side is missing.
    #[must_use]
    pub fn areas(&self) -> Option<Areas> {
        self.weighted(|_| 1)
    }

    /// The areas with every film counted as often as `weight` says by its number; none where one side is missing.
    #[expect(clippy::cast_precision_loss, reason = "exact far beyond any count of films")]
    #[must_use]
    pub fn weighted(&self, weight: impl Fn(usize) -> u32) -> Option<Areas> {
        // Counts above the threshold, those of the tie under way, and twice the area in pairs of films.
        let (mut above, mut tie, mut pairs) = ((0_u64, 0_u64), (0_u64, 0_u64), 0_u64);
        let mut precision = 0.0;
        for place in &self.places {
            let films = u64::from(weight(place.film));
            if place.is_positive {
                tie.0 += films;
            } else {
                tie.1 += films;
            }
            if place.ends_tie {
                pairs += tie.1 * (2 * above.0 + tie.0);
                above = (above.0 + tie.0, above.1 + tie.1);
                if tie.0 > 0 {
                    precision += tie.0 as f64 * above.0 as f64 / (above.0 + above.1) as f64;
                }
                tie = (0, 0);
            }
        }
        let (positives, negatives) = above;
        (positives > 0 && negatives > 0).then(|| Areas {
            auroc: pairs as f64 / (2 * positives * negatives) as f64,
            average_precision: precision / positives as f64,
        })
    }

    /// The curve from (0, 0) to (1, 1): share of the others called so against share of the class found; empty where one side
    /// is missing.
    #[expect(clippy::cast_precision_loss, reason = "exact far beyond any count of films")]
    #[must_use]
    pub fn curve(&self) -> Vec<(f64, f64)> {
        let (positives, negatives) = self.sides();
        if positives == 0 || negatives == 0 {
            return Vec::new();
        }
        let mut points = vec![(0.0, 0.0)];
        let (mut found, mut wrong) = (0_usize, 0_usize);
        for place in &self.places {
            found += usize::from(place.is_positive);
            wrong += usize::from(!place.is_positive);
            if place.ends_tie {
                points.push((wrong as f64 / negatives as f64, found as f64 / positives as f64));
            }
        }
        points
    }
}

#[cfg(test)]
mod tests;
