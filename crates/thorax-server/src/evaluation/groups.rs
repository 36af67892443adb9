//! The same figures for parts of the films: by source, sex, age and view.

use std::collections::BTreeMap;

use serde::Serialize;

use super::figures::{COVID, ranking};
use super::labels::Traits;
use super::reading::Case;
use crate::measures::{Estimate, Interval, resample};

/// Fewest films on either side for an area under the curve: with fewer it says next to nothing.
pub const FEWEST: usize = 10;

/// Most groups of one kind; the smaller ones are put together, so that a column of remarks does not become a table of them.
const MOST: usize = 30;

/// Films that have something in common.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Group {
    /// `source`, `sex`, `age` or `view`.
    pub by: &'static str,
    /// What they have in common.
    pub name: String,
    /// How many.
    pub films: usize,
    /// How many with COVID.
    pub covid: usize,
    /// Share called as the label says.
    pub accuracy: Option<Interval>,
    /// Area under the curve for COVID; none with fewer than 10 films on either side.
    pub covid_auroc: Option<Estimate>,
}

/// What a film's group of one kind is called.
type Name = fn(&Traits) -> &str;

/// The films by each kind of group.
#[must_use]
pub fn groups(cases: &[Case]) -> Vec<Group> {
    let kinds: [(&str, Name); 4] = [
        ("source", |traits| &traits.source),
        ("sex", |traits| traits.sex),
        ("age", |traits| traits.age),
        ("view", |traits| &traits.view),
    ];
    kinds.into_iter().flat_map(|(by, name)| kind(by, cases, name)).collect()
}

fn kind(by: &'static str, cases: &[Case], name: Name) -> Vec<Group> {
    let mut parts: BTreeMap<String, Vec<Case>> = BTreeMap::new();
    for case in cases {
        parts.entry(name(&case.traits).to_owned()).or_default().push(case.clone());
    }
    if parts.len() > MOST {
        let mut by_size: Vec<(String, Vec<Case>)> = parts.into_iter().collect();
        by_size.sort_by_key(|(_, cases)| std::cmp::Reverse(cases.len()));
        let rest = by_size.split_off(MOST - 1);
        let name = format!("{} others", rest.len());
        parts = by_size.into_iter().chain([(name, rest.into_iter().flat_map(|(_, cases)| cases).collect())]).collect();
    }
    parts.into_iter().map(|(name, cases)| group(by, name, &cases)).collect()
}

fn group(by: &'static str, name: String, cases: &[Case]) -> Group {
    let right = cases.iter().filter(|case| case.diagnosis == case.truth).count();
    let ranking = ranking(cases, COVID);
    let (covid, others) = ranking.sides();
    let patients: Vec<usize> = cases.iter().map(|case| case.patient).collect();
    let enough = covid >= FEWEST && others >= FEWEST;
    Group {
        by,
        name,
        films: cases.len(),
        covid,
        accuracy: Interval::wilson(right as u64, cases.len() as u64),
        covid_auroc: if enough { resample(&[ranking], &patients)[0].auroc } else { None },
    }
}
