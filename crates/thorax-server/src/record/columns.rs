//! The record as a row of a table.

use thorax_domain::prediction::Diagnosis;
use thorax_store::results::Entry;

use super::{Record, Status};

/// Joins several values in one cell.
const AND: &str = "|";

impl Entry for Record {
    const COLUMNS: &'static [&'static str] = &[
        "file",
        "sha256",
        "status",
        "error",
        "final_diagnosis",
        "consensus_confidence",
        "covid",
        "lung_opacity",
        "normal",
        "viral_pneumonia",
        "prediction_set",
        "agreement",
        "models_voted",
        "inconclusive",
        "reasons",
        "gate_accepted",
        "gate_reasons",
        "forced",
        "age_years",
        "bundle",
        "bundle_sha256",
        "engine",
        "engine_version",
        "program",
        "milliseconds",
    ];

    fn cells(&self) -> Vec<String> {
        let mut cells = vec![
            self.file.clone(),
            self.sha256.clone().unwrap_or_default(),
            match self.status {
                Status::Ok => "ok",
                Status::Refused => "refused",
                Status::Failed => "failed",
            }
            .to_owned(),
            self.error.clone().unwrap_or_default(),
        ];
        cells.extend(self.consensus_cells());
        cells.push(self.gate.accepted.to_string());
        cells.push(joined(self.gate.reasons.iter().map(|reason| reason.code.as_str())));
        let provenance = &self.provenance;
        cells.extend([
            provenance.forced.to_string(),
            self.film.as_ref().and_then(|film| film.age_years).map(|age| age.to_string()).unwrap_or_default(),
            provenance.bundle.clone(),
            provenance.bundle_sha256.clone(),
            provenance.engine.name.clone(),
            provenance.engine.version.clone(),
            provenance.program.clone(),
            format!("{:.1}", self.milliseconds.total),
        ]);
        cells
    }
}

impl Record {
    /// From `final_diagnosis` to `reasons`; empty cells where no network has voted.
    fn consensus_cells(&self) -> [String; 11] {
        let Some(consensus) = &self.prediction else {
            return Default::default();
        };
        let number = |value: f64| format!("{value:.6}");
        let probability =
            |one: Diagnosis| consensus.probabilities.as_ref().map(|all| number(all.of(one).get())).unwrap_or_default();
        [
            consensus.final_diagnosis.map(|one| one.name().to_owned()).unwrap_or_default(),
            consensus.consensus_confidence.map(|one| number(one.get())).unwrap_or_default(),
            probability(Diagnosis::Covid),
            probability(Diagnosis::LungOpacity),
            probability(Diagnosis::Normal),
            probability(Diagnosis::ViralPneumonia),
            joined(consensus.prediction_set.iter().map(|one| one.name())),
            consensus.agreement.to_string(),
            consensus.models_voted.to_string(),
            consensus.inconclusive.to_string(),
            joined(consensus.reasons.iter().map(|reason| reason.code.as_str())),
        ]
    }
}

fn joined<'a>(values: impl Iterator<Item = &'a str>) -> String {
    values.collect::<Vec<_>>().join(AND)
}
