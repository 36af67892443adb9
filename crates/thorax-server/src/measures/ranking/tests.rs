//! Areas against sums by hand and against scikit-learn 1.9.1.

use super::*;

/// Scores in twentieths, many of them tied, made with NumPy's `default_rng(7)`.
const SCORES: [u8; 30] =
    [19, 13, 14, 18, 12, 16, 17, 4, 1, 6, 5, 18, 19, 0, 10, 17, 2, 16, 2, 9, 17, 6, 7, 5, 15, 5, 20, 9, 10, 10];
const POSITIVE: [u8; 30] = [1, 0, 0, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0, 0, 0, 1, 1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 0, 0, 0, 0];
const WEIGHTS: [u32; 30] = [0, 2, 1, 0, 0, 2, 2, 2, 2, 3, 2, 1, 2, 2, 0, 0, 2, 1, 2, 1, 0, 0, 1, 3, 1, 1, 2, 3, 1, 2];

fn ranking() -> Ranking {
    let films = SCORES.into_iter().zip(POSITIVE).enumerate();
    Ranking::new(films.map(|(film, (score, positive))| (film, f64::from(score) / 20.0, positive == 1)))
}

fn small(films: &[(f64, bool)]) -> Ranking {
    Ranking::new(films.iter().enumerate().map(|(film, &(score, is_positive))| (film, score, is_positive)))
}

fn close(given: Option<Areas>, auroc: f64, average_precision: f64) {
    let given = given.unwrap();
    assert!((given.auroc - auroc).abs() < 1e-12, "{given:?}");
    assert!((given.average_precision - average_precision).abs() < 1e-12, "{given:?}");
}

#[test]
fn areas_by_hand() {
    // Pairs won: 0.9 wins both, 0.4 wins one of two. Precision 1 and 2/3 at the two steps of recall.
    close(small(&[(0.9, true), (0.6, false), (0.4, true), (0.1, false)]).areas(), 0.75, f64::midpoint(1.0, 2.0 / 3.0));
    // All tied: every pair counts half, and every threshold calls all.
    close(small(&[(0.5, true), (0.5, false), (0.5, false)]).areas(), 0.5, 1.0 / 3.0);
    close(small(&[(0.2, true), (0.8, false)]).areas(), 0.0, 0.5);
}

#[test]
fn areas_as_scikit_learn_computes_them() {
    close(ranking().areas(), 0.564_732_142_857_142_8, 0.620_973_559_486_490_6);
    close(ranking().weighted(|film| WEIGHTS[film]), 0.452_898_550_724_637_7, 0.456_502_571_341_281);
}

#[test]
fn a_film_counted_twice_is_as_good_as_two() {
    let once = [(0.9, true), (0.6, false), (0.6, true), (0.1, false)];
    let twice = [once, once].concat();
    let doubled = small(&once).weighted(|film| if film == 1 { 2 } else { 1 });
    assert_eq!(doubled, small(&[&once[..], &twice[1..2]].concat()).areas());
    assert_eq!(small(&once).weighted(|_| 2), small(&twice).areas());
}

#[test]
fn without_one_side_there_is_no_area() {
    for films in [&[(0.5, true)][..], &[(0.5, false), (0.1, false)], &[]] {
        assert_eq!(small(films).areas(), None);
        assert!(small(films).curve().is_empty());
    }
    assert_eq!(small(&[(0.5, true), (0.5, false)]).weighted(|film| u32::from(film == 0)), None);
}

#[test]
fn the_curve_has_the_area_under_it() {
    let points = ranking().curve();
    assert_eq!((points[0], points[points.len() - 1]), ((0.0, 0.0), (1.0, 1.0)));
    let area: f64 = points.windows(2).map(|two| (two[1].0 - two[0].0) * f64::midpoint(two[0].1, two[1].1)).sum();
    assert!((area - ranking().areas().unwrap().auroc).abs() < 1e-12);
    assert_eq!(ranking().sides(), (16, 14));
}
