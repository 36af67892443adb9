//! The machine that others are compared with: figures taken once, in `reference.toml`.

use serde::{Deserialize, Serialize};

use super::figures::Report;

/// The file, part of the program.
const FILE: &str = include_str!("reference.toml");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reference {
    /// The machine in words.
    machine: String,
    /// The bundle that was measured, on its golden films.
    bundle: String,
    #[serde(default)]
    engine: Vec<Figures>,
}

/// What an engine reached there.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Figures {
    /// Its name and version.
    name: String,
    /// In which numbers, as a report says it.
    precision: String,
    /// Median milliseconds of one film at a time.
    p50: f64,
    /// Films a second with the batch size that gave most.
    films_per_second: f64,
}

/// How a machine is beside the reference: above 1 it is faster.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Beside {
    /// The reference machine in words.
    pub machine: String,
    /// Its median milliseconds divided by those here.
    pub one_at_a_time: f64,
    /// The most films a second here divided by its; none where no batches were measured.
    pub films_per_second: Option<f64>,
}

impl Beside {
    /// In words.
    pub fn text(&self) -> String {
        let films = self.films_per_second.map_or(String::new(), |ratio| format!(", films a second × {ratio:.2}"));
        let one = self.one_at_a_time;
        format!("beside {}: speed of one film at a time × {one:.2}{films}; above 1 is faster", self.machine)
    }
}

/// How a machine is beside the reference; none where the reference was not measured in this way.
pub fn beside(report: &Report) -> Option<Beside> {
    // The file is part of the program, and a test reads it.
    compare(&toml::from_str(FILE).ok()?, report)
}

fn compare(reference: &Reference, report: &Report) -> Option<Beside> {
    let measured = &report.measured;
    let is_same = |one: &&Figures| one.name == measured.engine && one.precision == measured.precision;
    let figures = reference.engine.iter().find(is_same).filter(|_| reference.bundle == report.bundle)?;
    let best = measured.throughput.iter().map(|point| point.films_per_second).reduce(f64::max);
    Some(Beside {
        machine: reference.machine.clone(),
        one_at_a_time: figures.p50 / measured.one_at_a_time.p50,
        films_per_second: best.map(|best| best / figures.films_per_second),
    })
}

#[cfg(test)]
mod tests {
    use super::super::figures::{Measured, Memory, OneAtATime, Point};
    use super::*;
    use crate::record::Milliseconds;

    #[test]
    fn the_file_is_in_order() {
        let reference: Reference = toml::from_str(FILE).unwrap();
        assert!(!reference.machine.is_empty());
        assert!(reference.engine.iter().all(|one| one.p50 > 0.0 && one.films_per_second > 0.0));
    }

    #[test]
    fn only_what_was_measured_alike_is_compared() {
        let text = r#"machine = "a desk"
            bundle = "toy"
            engine = [{name = "rten 1", precision = "f32", p50 = 200.0, films_per_second = 4.0}]"#;
        let reference: Reference = toml::from_str(text).unwrap();
        let point = |batch, films_per_second| Point { batch, films_per_second, process: None };
        let mut report = Report {
            probabilities: None,
            program: "thorax".to_owned(),
            bundle: "toy".to_owned(),
            films: Vec::new(),
            first_result: 1.0,
            stages: Milliseconds::default(),
            networks: Vec::new(),
            memory: Memory {
                process: None,
                networks: 0,
                budget: None,
                device: String::new(),
                device_peak: None,
                shortages: 0,
            },
            measured: Measured {
                processor: None,
                cores: 1,
                threads: 1,
                engine: "rten 1".to_owned(),
                precision: "f32".to_owned(),
                one_at_a_time: OneAtATime { p50: 100.0, p95: 100.0, films_per_second: 10.0, milliseconds: Vec::new() },
                throughput: vec![point(1, 8.0), point(2, 6.0)],
            },
            urgent: None,
            beside: None,
        };
        let beside = compare(&reference, &report).unwrap();
        assert_eq!((beside.one_at_a_time, beside.films_per_second), (2.0, Some(2.0)));
        assert!(beside.text().contains("a desk") && beside.text().contains("× 2.00"), "{}", beside.text());
        report.measured.precision = "bf16 + f32".to_owned();
        assert_eq!(compare(&reference, &report), None);
    }
}
