//! What was measured, as JSON and in words.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use thorax_domain::prediction::Precision;

use super::reference::Beside;
use crate::record::Milliseconds;

/// All that is known of a run.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Name and version of the program.
    pub program: String,
    /// Name of the bundle.
    pub bundle: String,
    /// The films that were read.
    pub films: Vec<String>,
    /// Milliseconds from the start of the command to the first result, hashes and golden values checked in between.
    pub first_result: f64,
    /// Median milliseconds of each stage, one film at a time.
    pub stages: Milliseconds,
    /// Each network alone.
    pub networks: Vec<NetworkTimes>,
    /// The consensus' probabilities of the first film, in the order of the diagnoses; none where it gave none.
    pub probabilities: Option<[f64; 4]>,
    /// Memory after one film at a time.
    pub memory: Memory,
    /// What is compared and drawn.
    #[serde(flatten)]
    pub measured: Measured,
    /// One urgent film at a time beside a running batch; none where that was not asked for.
    pub urgent: Option<Urgent>,
    /// How this is beside the reference machine; none where that was not measured so.
    pub beside: Option<Beside>,
}

/// What is compared and drawn.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    /// The processor, as it calls itself.
    pub processor: Option<String>,
    /// Cores that the program may use.
    pub cores: usize,
    /// Networks that run at the same time.
    pub threads: usize,
    /// Name and version of the engine.
    pub engine: String,
    /// In which numbers the networks are computed.
    pub precision: String,
    /// One film at a time.
    pub one_at_a_time: OneAtATime,
    /// Several films together.
    pub throughput: Vec<Point>,
}

/// One film at a time, in milliseconds from its file to its result.
#[derive(Debug, Serialize, Deserialize)]
pub struct OneAtATime {
    /// The median.
    pub p50: f64,
    /// What nineteen of twenty do not exceed.
    pub p95: f64,
    /// Films a second.
    pub films_per_second: f64,
    /// Each run.
    pub milliseconds: Vec<f64>,
}

/// One urgent film at a time while routine ones go through the same networks, in milliseconds from its file to its result.
#[derive(Debug, Serialize)]
pub struct Urgent {
    /// Routine films that go through a network together at most.
    pub batch: usize,
    /// The median.
    pub p50: f64,
    /// What nineteen of twenty do not exceed.
    pub p95: f64,
    /// The median by that of a film alone.
    pub ratio: f64,
}

/// Films a second with a batch size.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Point {
    /// Films that go through a network together at most.
    pub batch: usize,
    /// Films a second.
    pub films_per_second: f64,
    /// The most bytes that the process held until then.
    pub process: Option<u64>,
}

/// A network alone.
#[derive(Debug, Serialize)]
pub struct NetworkTimes {
    /// Its name.
    pub name: String,
    /// In which numbers it is computed.
    pub precision: Precision,
    /// Median milliseconds of a pass over one film, on one thread while the other workers run other networks.
    pub milliseconds: f64,
}

/// Peaks of memory, in bytes.
#[derive(Debug, Serialize)]
pub struct Memory {
    /// Of the process, as the operating system measured it.
    pub process: Option<u64>,
    /// Of the networks, by the ledger's upper estimates.
    pub networks: u64,
    /// What the networks may take.
    pub budget: Option<u64>,
    /// The memory that they live in: main memory, or a graphics card's name.
    pub device: String,
    /// The most of it that this process was seen to hold.
    pub device_peak: Option<u64>,
    /// How often it had none left for what the ledger had allowed.
    pub shortages: u64,
}

/// The value that this share of the values does not exceed, by nearest rank; 0 of none.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rank in a short list"
)]
pub fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0.0)
}

impl Report {
    /// The report in words.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing into a string cannot fail.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        let measured = &self.measured;
        let processor = measured.processor.as_deref().unwrap_or("processor unknown");
        writeln!(out, "{} on {}, {}", self.program, measured.engine, measured.precision)?;
        writeln!(out, "{processor}; cores: {}, networks at a time: {}", measured.cores, measured.threads)?;
        writeln!(out, "bundle {}; {}\n", self.bundle, self.films.join(", "))?;
        writeln!(out, "start to first result   {:>8.0} ms", self.first_result)?;
        let one = &measured.one_at_a_time;
        writeln!(out, "one film at a time      {:>8.1} ms p50, {:.1} ms p95", one.p50, one.p95)?;
        let stages = &self.stages;
        writeln!(out, "  decode                {:>8.1} ms", stages.decode)?;
        writeln!(out, "  lungs and views       {:>8.1} ms", stages.preprocess)?;
        writeln!(out, "  networks              {:>8.1} ms, the gate after {:.1} ms", stages.inference, stages.gate)?;
        for network in &self.networks {
            let NetworkTimes { name, precision, milliseconds } = network;
            writeln!(out, "    {name:<20}{milliseconds:>8.1} ms on one thread, {precision}")?;
        }
        if let Some(Urgent { batch, p50, p95, ratio }) = self.urgent {
            writeln!(
                out,
                "urgent beside a batch   {p50:>8.1} ms p50, {p95:.1} ms p95; {ratio:.2} times alone (batches of {batch})"
            )?;
        }
        writeln!(out, "films a second          {:>8.2} one at a time", one.films_per_second)?;
        for point in &measured.throughput {
            writeln!(out, "                        {:>8.2} in batches of {}", point.films_per_second, point.batch)?;
        }
        self.memory.write(out)?;
        match &self.beside {
            Some(beside) => writeln!(out, "{}", beside.text()),
            None => Ok(()),
        }
    }
}

impl Memory {
    fn write(&self, out: &mut String) -> std::fmt::Result {
        let process = self.process.map_or("unknown".to_owned(), |bytes| (bytes >> 20).to_string());
        writeln!(out, "peak memory             {process:>8} MiB, one film at a time")?;
        let budget = self.budget.map_or("no limit".to_owned(), |bytes| format!("{} MiB", bytes >> 20));
        writeln!(out, "  networks, at most     {:>8} MiB of {budget}", self.networks >> 20)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::float_cmp, reason = "a quantile is one of the values")]
    fn quantiles_are_values_that_were_measured() {
        let values = [4.0, 1.0, 3.0, 2.0];
        assert_eq!(quantile(&values, 0.5), 2.0);
        assert_eq!(quantile(&values, 0.95), 4.0);
        assert_eq!(quantile(&[7.0], 0.5), 7.0);
        assert_eq!(quantile(&[], 0.5), 0.0);
    }
}
