//! A record as a table for people.

use std::fmt::Write;

use thorax_domain::prediction::{Consensus, Diagnosis, Distribution, EngineIdentity};

use crate::record::{Record, Status};

/// The record as lines of text, with an empty line after it.
pub fn render(record: &Record) -> String {
    let mut text = String::new();
    // Writing into a string cannot fail.
    let _ = write(&mut text, record);
    text
}

/// Name and version of an engine.
pub fn engine(engine: &EngineIdentity) -> String {
    format!("{} {}", engine.name, engine.version)
}

fn write(out: &mut String, record: &Record) -> std::fmt::Result {
    write!(out, "{}", record.file)?;
    if let Some(film) = &record.film {
        write!(out, "  ({}, {} x {}, {} bits)", film.format, film.width, film.height, film.bits)?;
    }
    writeln!(out)?;
    if let Some(error) = &record.error {
        return writeln!(out, "  FAILED  {error}\n");
    }
    if let Some(consensus) = &record.prediction {
        opinions(out, consensus, record)?;
    }
    gate(out, record)?;
    for reason in record.prediction.iter().flat_map(|consensus| &consensus.reasons) {
        writeln!(out, "  note   {}", reason.message)?;
    }
    writeln!(out, "  {}\n", record.notice)
}

fn opinions(out: &mut String, consensus: &Consensus, record: &Record) -> std::fmt::Result {
    write!(out, "  {:<18} {:<15} {:>10} ", "network", "opinion", "confidence")?;
    for one in Diagnosis::ALL {
        write!(out, " {one:>15}")?;
    }
    writeln!(out, " {:>8}", "ms")?;
    for score in &consensus.models {
        let row = Row {
            name: &score.name,
            opinion: score.diagnosis.name(),
            confidence: Some(score.confidence.get()),
            probabilities: Some(&score.probabilities),
        };
        write!(out, "  {}", row.text())?;
        writeln!(out, " {:>8.1}", score.milliseconds)?;
    }
    let row = Row {
        name: "CONSENSUS",
        opinion: consensus.final_diagnosis.map_or("none", Diagnosis::name),
        confidence: consensus.consensus_confidence.map(thorax_domain::prediction::Probability::get),
        probabilities: consensus.probabilities.as_ref(),
    };
    write!(out, "  {}", row.text())?;
    writeln!(out, " {:>8.1}", record.milliseconds.total)?;
    write!(out, "  agreement {}/{}", consensus.agreement, consensus.models_voted)?;
    let cannot_be_ruled_out: Vec<&str> = consensus.prediction_set.iter().map(|one| one.name()).collect();
    if consensus.inconclusive {
        write!(out, ", INCONCLUSIVE")?;
    }
    if !cannot_be_ruled_out.is_empty() {
        write!(
            out,
            "; possible at {:.0} % coverage: {}",
            record.provenance.coverage * 100.0,
            cannot_be_ruled_out.join(", ")
        )?;
    }
    writeln!(out)
}

struct Row<'a> {
    name: &'a str,
    opinion: &'a str,
    confidence: Option<f64>,
    probabilities: Option<&'a Distribution>,
}

impl Row<'_> {
    fn text(&self) -> String {
        let percent =
            |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{:.1} %", value * 100.0));
        let mut text = format!("{:<18} {:<15} {:>10} ", self.name, self.opinion, percent(self.confidence));
        for one in Diagnosis::ALL {
            let cell = percent(self.probabilities.map(|all| all.of(one).get()));
            let _ = write!(text, " {cell:>15}");
        }
        text
    }
}

fn gate(out: &mut String, record: &Record) -> std::fmt::Result {
    if record.gate.accepted {
        return writeln!(out, "  gate   accepted");
    }
    let word = if record.status == Status::Ok { "overridden" } else { "REFUSED" };
    for reason in &record.gate.reasons {
        writeln!(
            out,
            "  gate   {word}: {} [{}: measured {:.3}, limit {:.3}]",
            reason.message, reason.code, reason.measured, reason.limit
        )?;
    }
    Ok(())
}
