//! How sure an area is: the percentile bootstrap (Efron 1979), drawing patients, since films of one patient are no separate
//! evidence.

use serde::Serialize;

use super::{Areas, Ranking};

/// How often patients are drawn anew.
pub const DRAWS: usize = 1_000;

/// Where the row of random numbers begins, so that the same films give the same intervals.
pub const SEED: u64 = 20_200_311;

/// A figure and its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// The figure.
    pub value: f64,
    /// Lower end: the 2.5th percentile of the draws that held both classes; none where no draw did.
    pub low: Option<f64>,
    /// Upper end: the 97.5th percentile.
    pub high: Option<f64>,
}

/// The areas of one ranking; none where one class is missing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimates {
    /// Area under the receiver operating characteristic.
    pub auroc: Option<Estimate>,
    /// Average precision.
    pub average_precision: Option<Estimate>,
}

/// The areas of rankings over the same films with their intervals. `patients` says whose film each is, by the films' numbers
/// in the rankings; every draw takes as many patients as there are, with all their films, each as often as it comes.
#[must_use]
pub fn resample(rankings: &[Ranking], patients: &[usize]) -> Vec<Estimates> {
    let patients = numbered(patients);
    let count = patients.iter().max().map_or(0, |last| last + 1);
    let mut chance = Chance(SEED);
    let mut drawn: Vec<Vec<Areas>> = vec![Vec::with_capacity(DRAWS); rankings.len()];
    let mut times = vec![0_u32; count];
    for _ in 0..DRAWS {
        times.fill(0);
        for _ in 0..count {
            times[chance.below(count)] += 1;
        }
        for (ranking, drawn) in rankings.iter().zip(&mut drawn) {
            drawn.extend(ranking.weighted(|film| times[patients[film]]));
        }
    }
    rankings.iter().zip(&drawn).map(|(ranking, drawn)| estimates(ranking, drawn)).collect()
}

fn estimates(ranking: &Ranking, drawn: &[Areas]) -> Estimates {
    let areas = ranking.areas();
    let estimate = |figure: fn(&Areas) -> f64| {
        let mut values: Vec<f64> = drawn.iter().map(figure).collect();
        values.sort_by(f64::total_cmp);
        let (low, high) = (percentile(&values, 0.025), percentile(&values, 0.975));
        areas.as_ref().map(|areas| Estimate { value: figure(areas), low, high })
    };
    Estimates { auroc: estimate(|areas| areas.auroc), average_precision: estimate(|areas| areas.average_precision) }
}

/// The same patients with numbers from 0 on, without gaps.
fn numbered(patients: &[usize]) -> Vec<usize> {
    let mut known: Vec<usize> = patients.to_vec();
    known.sort_unstable();
    known.dedup();
    patients.iter().map(|patient| known.partition_point(|one| one < patient)).collect()
}

/// The value below which this part of the sorted values lies, linear between neighbours as NumPy's `percentile`.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a place among some thousand values"
)]
fn percentile(sorted: &[f64], part: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = part * last as f64;
    let (lower, upper) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    Some(lower + (upper - lower) * place.fract())
}

/// A row of random numbers that is the same in every version and on every machine: `SplitMix64` (Steele et al. 2014).
struct Chance(u64);

impl Chance {
    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `count`; the part of 2^64 by which one is likelier than another does not matter here.
    #[expect(clippy::cast_possible_truncation, reason = "the quotient is below count")]
    const fn below(&mut self, count: usize) -> usize {
        ((self.next() as u128 * count as u128) >> 64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Films whose scores say something of the class, but not everything.
    fn ranking(films: usize) -> Ranking {
        let score = |film: usize| f64::from(u32::try_from(film * 37 % 100).unwrap());
        Ranking::new((0..films).map(|film| (film, score(film), score(film) + score(film * 7 + 3) > 100.0)))
    }

    fn width(estimate: Option<Estimate>) -> f64 {
        let estimate = estimate.unwrap();
        let (low, high) = (estimate.low.unwrap(), estimate.high.unwrap());
        assert!(low <= estimate.value && estimate.value <= high, "{estimate:?}");
        high - low
    }

    #[test]
    fn the_same_films_give_the_same_interval() {
        let patients: Vec<usize> = (0..100).collect();
        let one = resample(&[ranking(100)], &patients);
        assert_eq!(one, resample(&[ranking(100)], &patients));
        assert!(width(one[0].auroc) > 0.05 && width(one[0].average_precision) > 0.05, "{one:?}");
    }

    #[test]
    fn fewer_patients_mean_more_doubt() {
        // The same hundred films four times over say no more when they are the same patients' films.
        let films = |film: usize| film % 100;
        let four = Ranking::new((0..400).map(|film| {
            let score = f64::from(u32::try_from(films(film) * 37 % 100).unwrap());
            (film, score, score + f64::from(u32::try_from((films(film) * 7 + 3) * 37 % 100).unwrap()) > 100.0)
        }));
        let apart: Vec<usize> = (0..400).collect();
        let together: Vec<usize> = (0..400).map(films).collect();
        let width_of = |patients: &[usize]| width(resample(std::slice::from_ref(&four), patients)[0].auroc);
        assert!((width_of(&together) - width(resample(&[ranking(100)], &together[..100])[0].auroc)).abs() < 1e-12);
        assert!(width_of(&apart) < 0.6 * width_of(&together));
    }

    #[test]
    fn an_interval_is_about_as_wide_as_that_of_the_training() {
        // The scores of the ranking's tests, two films a patient; training/thorax_training/measures.py with 20,000 draws has
        // 0.388 to 0.768.
        const SCORES: [u8; 30] =
            [19, 13, 14, 18, 12, 16, 17, 4, 1, 6, 5, 18, 19, 0, 10, 17, 2, 16, 2, 9, 17, 6, 7, 5, 15, 5, 20, 9, 10, 10];
        const POSITIVE: [u8; 30] =
            [1, 0, 0, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0, 0, 0, 1, 1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 0, 0, 0, 0];
        let films = SCORES.into_iter().zip(POSITIVE).enumerate();
        let ranking = Ranking::new(films.map(|(film, (score, one))| (film, f64::from(score), one == 1)));
        let patients: Vec<usize> = (0..30).map(|film| 1_000 + film / 2).collect();
        let auroc = resample(&[ranking], &patients)[0].auroc.unwrap();
        assert!((auroc.low.unwrap() - 0.388).abs() < 0.02 && (auroc.high.unwrap() - 0.768).abs() < 0.02, "{auroc:?}");
    }

    #[test]
    fn without_one_side_there_is_nothing_to_estimate() {
        let alone = Ranking::new([(0, 0.5, true), (1, 0.6, true)]);
        assert_eq!(resample(&[alone], &[0, 1]), [Estimates { auroc: None, average_precision: None }]);
        assert_eq!(resample(&[Ranking::new([])], &[])[0].auroc, None);
    }

    #[test]
    fn a_percentile_is_linear_between_neighbours() {
        // numpy.percentile([1, 2, 4, 8], [2.5, 50, 97.5])
        let values = [1.0, 2.0, 4.0, 8.0];
        for (part, expected) in [(0.025, 1.075), (0.5, 3.0), (0.975, 7.7)] {
            assert!((percentile(&values, part).unwrap() - expected).abs() < 1e-12, "{part}");
        }
        assert_eq!(percentile(&[], 0.5), None);
    }

    #[test]
    fn chance_is_even_and_the_published_row() {
        // The first numbers of the reference implementation from the state 1234567.
        let mut chance = Chance(1_234_567);
        assert_eq!(chance.next(), 6_457_827_717_110_365_317);
        assert_eq!(chance.next(), 3_203_168_211_198_807_973);
        let mut counts = [0_u32; 3];
        for _ in 0..30_000 {
            counts[chance.below(3)] += 1;
        }
        assert!(counts.iter().all(|count| (9_700..10_300).contains(count)), "{counts:?}");
    }
}
