//! Figures, report and drawings over films that were made up.

use std::collections::BTreeMap;

use thorax_domain::prediction::{Diagnosis, Distribution};
use thorax_inference::bundle::Thresholds;

use super::covered::CoveredScores;
use super::*;

/// A film with a label and the ensemble's P(COVID); the rest lies on Normal.
fn case(number: usize, truth: Diagnosis, covid: f64) -> Case {
    let ensemble = Distribution::new(|one| match one {
        Diagnosis::Covid => covid,
        Diagnosis::Normal => 1.0 - covid,
        _ => 0.0,
    })
    .unwrap();
    Case {
        truth,
        patient: number / 2,
        traits: Traits { source: "a|b".to_owned(), sex: "female", age: "18-39", view: "PA".to_owned() },
        ensemble,
        diagnosis: ensemble.top(),
        set: if (0.4..0.6).contains(&covid) { vec![Diagnosis::Covid, Diagnosis::Normal] } else { vec![ensemble.top()] },
        inconclusive: (0.4..0.6).contains(&covid),
        networks: vec![Some(ensemble), if number == 0 { None } else { Some(ensemble) }],
        covered: Some(CoveredScores { border: Some(0.5), lungless: (number > 1).then_some(covid) }),
    }
}

/// Twelve with COVID, of which two look normal, and twelve without, of which one looks like COVID.
fn cases() -> Vec<Case> {
    let covid = [0.95, 0.9, 0.9, 0.85, 0.8, 0.8, 0.75, 0.7, 0.65, 0.55, 0.3, 0.1];
    let normal = [0.05, 0.05, 0.1, 0.1, 0.15, 0.2, 0.2, 0.25, 0.3, 0.35, 0.45, 0.8];
    let of = |truth, from: usize, scores: [f64; 12]| {
        scores.into_iter().enumerate().map(move |(index, score)| case(from + index, truth, score))
    };
    of(Diagnosis::Covid, 0, covid).chain(of(Diagnosis::Normal, 12, normal)).collect()
}

fn evaluation(cases: &[Case]) -> Evaluation {
    let origin = Origin {
        created: Timestamp::from_micros(1_790_000_000_000_000),
        program: "thorax 0".to_owned(),
        bundle: "made_up".to_owned(),
        bundle_sha256: "b".repeat(64),
        recipe: "none".to_owned(),
        networks: Vec::new(),
        engine: EngineIdentity { name: "none".to_owned(), version: "0".to_owned() },
        labels_sha256: "c".repeat(64),
        split: None,
        bootstrap_draws: measures::DRAWS,
        bootstrap_seed: measures::SEED,
    };
    let thresholds = Thresholds { screening: 0.12, confirmation: 0.55 };
    let films = Films {
        read: cases.len(),
        refused: 1,
        refusals: BTreeMap::from([("not_chest".to_owned(), 1)]),
        unreadable: vec![Unread { line: 9, file: "x<y>.png".to_owned(), error: "broken".to_owned() }],
        ..Films::default()
    };
    Evaluation {
        notice: DECISION_SUPPORT,
        provenance: origin,
        films,
        discrimination: figures::discrimination(cases, &["one".to_owned(), "two".to_owned()]),
        decisions: figures::decisions(cases, 0.9),
        thresholds: Some(figures::at_thresholds(cases, thresholds)),
        calibration: figures::calibration(cases),
        selection: selection::tenths(cases),
        groups: groups::groups(cases),
        checks: Some(Checks::of(cases, true)),
    }
}

#[test]
fn decisions_by_hand() {
    let decisions = evaluation(&cases()).decisions;
    assert_eq!(decisions.confusion[0], [10, 0, 2, 0]);
    assert_eq!(decisions.confusion[2], [1, 0, 11, 0]);
    let share = |interval: Option<measures::Interval>| interval.unwrap().share;
    assert!((share(decisions.accuracy) - 21.0 / 24.0).abs() < 1e-12);
    assert!((decisions.balanced_accuracy.unwrap() - (10.0 + 11.0) / 24.0).abs() < 1e-12);
    assert!((share(decisions.inconclusive) - 2.0 / 24.0).abs() < 1e-12);
    // Both films with two classes in the set hold the label; three of the others do not.
    assert!((share(decisions.conformal.coverage) - 21.0 / 24.0).abs() < 1e-12);
    assert!((decisions.conformal.mean_set_size.unwrap() - 26.0 / 24.0).abs() < 1e-12);
    assert_eq!(decisions.classes[1].sensitivity, None, "no film has it");
}

#[test]
fn thresholds_call_what_is_at_least_as_likely() {
    let at = evaluation(&cases()).thresholds.unwrap();
    let shares = |at: &AtThreshold| (at.sensitivity.unwrap().share, at.specificity.unwrap().share, at.positive);
    assert_eq!(shares(&at[0]), (11.0 / 12.0, 4.0 / 12.0, 19));
    assert_eq!(shares(&at[1]), (10.0 / 12.0, 11.0 / 12.0, 11));
}

#[test]
fn classes_without_a_film_are_undefined_and_a_silent_network_is_left_out() {
    let evaluation = evaluation(&cases());
    let [ensemble, one, two] = &evaluation.discrimination[..] else { panic!("three readers") };
    assert_eq!((ensemble.films, one.films, two.films), (24, 24, 23));
    assert_eq!(ensemble.classes[0].auroc, one.classes[0].auroc);
    assert_eq!((ensemble.classes[0].positives, two.classes[0].positives), (12, 11));
    assert_eq!((ensemble.classes[1].auroc, ensemble.classes[1].average_precision), (None, None));
    let json = serde_json::to_value(&evaluation).unwrap();
    assert!(json["discrimination"][0]["classes"][1]["auroc"].is_null());
    assert!(json["discrimination"][0]["classes"][0]["auroc"]["low"].is_f64());
}

#[test]
fn checks_stand_beside_the_same_films_uncovered() {
    let cases = cases();
    let checks = Checks::of(&cases, true);
    let value = |estimate: Option<measures::Estimate>| estimate.unwrap().value;
    assert!((value(checks.border_only.covid_auroc) - 0.5).abs() < 1e-12);
    let lungs = checks.lungs_covered.unwrap();
    assert_eq!((lungs.films, lungs.unread), (22, 2));
    assert_eq!(lungs.covid_auroc, lungs.covid_auroc_uncovered);
    assert_eq!(Checks::of(&cases, false).lungs_covered, None);
    let not_covered = Checks::of(&[Case { covered: None, ..cases[0].clone() }], true).border_only;
    assert_eq!((not_covered.films, not_covered.unread, not_covered.covid_auroc), (0, 1, None));
}

#[test]
fn the_surest_come_first() {
    let tenths = selection::tenths(&cases());
    assert_eq!(tenths.len(), 10);
    assert!(tenths.windows(2).all(|two| two[0].coverage < two[1].coverage && two[0].confidence >= two[1].confidence));
    assert!((tenths[9].accuracy.unwrap().share - 21.0 / 24.0).abs() < 1e-12);
    assert!(selection::tenths(&[]).is_empty());
    assert_eq!(selection::tenths(&cases()[..1]).len(), 1);
}

#[test]
fn groups_need_ten_on_either_side_and_small_ones_are_put_together() {
    let groups = groups::groups(&cases());
    assert_eq!(groups.iter().map(|group| group.by).collect::<Vec<_>>(), ["source", "sex", "age", "view"]);
    assert!(groups.iter().all(|group| (group.films, group.covid) == (24, 12) && group.covid_auroc.is_some()));
    assert!(groups::groups(&cases()[3..]).iter().all(|group| group.covid_auroc.is_none()));
    let many: Vec<Case> = (0..40)
        .map(|number| {
            let one = case(number, Diagnosis::Normal, 0.2);
            Case { traits: Traits { view: format!("view {number}"), ..one.traits }, ..one }
        })
        .collect();
    let views: Vec<Group> = groups::groups(&many).into_iter().filter(|group| group.by == "view").collect();
    assert_eq!((views.len(), views.iter().map(|group| group.films).sum::<usize>()), (30, 40));
    assert!(views.iter().any(|group| group.name == "11 others" && group.films == 11));
}

#[test]
fn the_report_says_it_in_words() {
    let report = markdown(&evaluation(&cases()));
    for expected in [
        DECISION_SUPPORT,
        "| made | 2026-09-21 14:13 UTC by thorax 0 |",
        "made\\_up",
        "films refused by the gate: in no figure | 1 |",
        "| not_chest | 1 |",
        "x\\<y\\>.png: broken",
        "screening, p ≥ 0.12",
        "| source | a\\|b | 24 | 12 |",
        "near 0.5 is what one wants",
        "![ROC of the ensemble](roc.svg)",
    ] {
        assert!(report.contains(expected), "{expected}:\n{report}");
    }
    assert!(!report.contains("NaN"), "{report}");
    let without = Evaluation { thresholds: None, checks: None, ..evaluation(&cases()) };
    let report = markdown(&without);
    assert!(report.contains("The bundle states none.") && report.contains("Skipped."), "{report}");
}

#[test]
fn a_report_over_nothing_is_a_report() {
    let nothing = evaluation(&[]);
    assert!(!markdown(&nothing).contains("NaN"));
    assert!(!serde_json::to_string(&nothing).unwrap().contains("NaN"));
    for svg in [roc(&[], nothing.discrimination.first()), reliability(&nothing.calibration), coverage(&[])] {
        assert!(svg.ends_with("</svg>") && !svg.contains("NaN"), "{svg}");
    }
}

#[test]
fn drawings_stand_alone() {
    let evaluation = evaluation(&cases());
    let drawings =
        [roc(&cases(), evaluation.discrimination.first()), reliability(&evaluation.calibration), coverage(&cases())];
    for svg in drawings {
        assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"720\""), "{svg}");
        assert!(svg.contains("<style>") && svg.contains("<title>") && svg.contains("<desc>"), "{svg}");
        for forbidden in ["NaN", "inf", "<script", "var(", "href"] {
            assert!(!svg.contains(forbidden), "{forbidden} in {svg}");
        }
    }
}
