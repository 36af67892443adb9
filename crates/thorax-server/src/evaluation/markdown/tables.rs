//! The sections with figures.

use thorax_domain::prediction::Diagnosis;

use super::super::groups::FEWEST;
use super::super::{AtThreshold, Calibration, ClassDiscrimination, Decisions, Discrimination, Group, Selected};
use super::{cell, estimate, figure, interval, table};
use crate::measures::Estimate;

pub fn discrimination(readers: &[Discrimination]) -> String {
    let areas = |area: fn(&ClassDiscrimination) -> Option<Estimate>| {
        let row = |reader: &Discrimination| {
            let mut row = [reader.reader.as_str(), "", "", "", ""].map(str::to_owned);
            for (text, class) in row[1..].iter_mut().zip(&reader.classes) {
                *text = estimate(area(class));
            }
            row
        };
        let [a, b, c, d] = Diagnosis::ALL.map(Diagnosis::name);
        table(&["", a, b, c, d], readers.iter().map(row))
    };
    let classes = readers.first().map_or(&[][..], |ensemble| &ensemble.classes);
    let films: Vec<String> = classes.iter().map(|class| format!("{} {}", class.positives, class.diagnosis)).collect();
    format!(
        "## Telling classes apart\n\nEach class against the rest; films by label: {}. Undefined: one side has no film.\n\n\
        Area under the ROC curve:\n\n{}\n\nAverage precision (area under precision and recall; guessing gives the class's share):\n\n\
        {}\n\n![ROC of the ensemble](roc.svg)",
        films.join(", "),
        areas(|class| class.auroc),
        areas(|class| class.average_precision)
    )
}

pub fn decisions(decisions: &Decisions) -> String {
    let names = decisions.labels.map(Diagnosis::name);
    let confusion = decisions.labels.iter().zip(decisions.confusion).map(|(label, row)| {
        let [a, b, c, d] = row.map(|films| films.to_string());
        [label.to_string(), a, b, c, d]
    });
    let classes = decisions
        .classes
        .iter()
        .map(|class| [class.diagnosis.to_string(), interval(class.sensitivity), interval(class.specificity)]);
    let conformal = &decisions.conformal;
    format!(
        "## Diagnoses\n\nRows: label. Columns: what the program said.\n\n{}\n\n{}\n\n- accuracy {}\n- balanced accuracy {}\n\
        - inconclusive {}\n- the prediction set holds the label {}; the bundle promises {:.0} %\n- classes in a prediction set, on \
        average {}",
        table(&["", names[0], names[1], names[2], names[3]], confusion),
        table(&["", "sensitivity", "specificity"], classes),
        interval(decisions.accuracy),
        figure(decisions.balanced_accuracy),
        interval(decisions.inconclusive),
        interval(conformal.coverage),
        conformal.promised * 100.0,
        figure(conformal.mean_set_size)
    )
}

pub fn thresholds(thresholds: Option<&[AtThreshold]>) -> String {
    let Some(thresholds) = thresholds else {
        return "## COVID by thresholds\n\nThe bundle states none.".to_owned();
    };
    let row = |at: &AtThreshold| {
        let name = format!("{}, p ≥ {}", at.name, at.threshold);
        [name, at.positive.to_string(), interval(at.sensitivity), interval(at.specificity)]
    };
    let rows = thresholds.iter().map(row);
    format!("## COVID by thresholds\n\n{}", table(&["", "films called positive", "sensitivity", "specificity"], rows))
}

pub fn calibration(calibration: &Calibration) -> String {
    let rows = calibration.bins.iter().filter(|bin| bin.films > 0).map(|bin| {
        let range = format!("{:.2} to {:.2}", bin.low, bin.high);
        [range, bin.films.to_string(), figure(bin.confidence), figure(bin.accuracy)]
    });
    format!(
        "## Calibration\n\nExpected calibration error {} (likeliest class, {} bins of equal width); Brier score {} (all classes, 0 \
        to 2).\n\n{}\n\n![Reliability of the ensemble](reliability.svg)",
        figure(calibration.expected_calibration_error),
        calibration.bins.len(),
        figure(calibration.brier_score),
        table(&["confidence", "films", "mean confidence", "share called rightly"], rows)
    )
}

pub fn selection(selection: &[Selected]) -> String {
    let rows = selection.iter().map(|one| {
        let coverage = format!("{:.0} %", one.coverage * 100.0);
        [coverage, format!("{:.3}", one.confidence), interval(one.accuracy)]
    });
    format!(
        "## Answering only the surest\n\n{}\n\n![Coverage against accuracy](coverage.svg)",
        table(&["films answered", "confidence of at least", "accuracy"], rows)
    )
}

pub fn groups(groups: &[Group]) -> String {
    let row = |group: &Group| {
        let auroc = group.covid_auroc.map_or("–".to_owned(), |auroc| estimate(Some(auroc)));
        let (films, covid) = (group.films.to_string(), group.covid.to_string());
        [group.by.to_owned(), cell(&group.name), films, covid, interval(group.accuracy), auroc]
    };
    format!(
        "## Groups\n\n–: fewer than {FEWEST} films with or without COVID.\n\n{}",
        table(&["by", "", "films", "COVID", "accuracy", "AUROC of COVID"], groups.iter().map(row))
    )
}
