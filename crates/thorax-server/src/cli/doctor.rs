//! `thorax doctor`: what is here, what is missing, how to mend it.

pub(super) mod machine;

use std::io::{self, Write};

use anyhow::Result;
use clap::ValueEnum;
use thorax_inference::analyzer::{Analyzer, MemoryReport};
use thorax_inference::engine::Opened;

use super::{Outcome, count, said, table};
use crate::app;
use crate::config::{EngineName, Options, Size};

const EXAMPLES: &str = "\
Examples:
  thorax doctor
  thorax doctor --engine onnxruntime --memory-budget 2GiB    would this work?
Exit code 0 when films can be read, 1 when not.";

/// Check engine, processor, memory and bundle; say what is wrong and how to mend it
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Doctor {
    #[command(flatten)]
    options: Options,
}

/// What the examination found.
#[derive(Debug, Default)]
struct Findings {
    lines: Vec<(&'static str, String)>,
    /// Films cannot be read before these are mended.
    problems: Vec<String>,
    /// Films can be read, but better.
    advice: Vec<String>,
}

impl Doctor {
    pub fn run(self) -> Result<Outcome> {
        let mut findings = Findings::default();
        findings.note("program", app::PROGRAM.to_owned());
        findings.note("processor", format!("{}, {}", count(app::cores(), "core", "cores"), machine::features()));
        self.memory(&mut findings);
        findings.note("gpu", machine::gpu());
        let engine = self.engine(&mut findings);
        self.bundle(engine, &mut findings);
        findings.print(&mut io::stdout().lock())?;
        Ok(if findings.problems.is_empty() { Outcome::Complete } else { Outcome::Incomplete })
    }

    fn memory(&self, findings: &mut Findings) {
        let budget = self.options.memory_budget;
        let limit = budget.budget().map_or_else(|| "without limit".to_owned(), |_| format!("of {budget}"));
        let Some(memory) = machine::memory() else {
            findings.note("memory", format!("unknown here; budget for networks {limit}"));
            return;
        };
        let (total, free) = (Size::from(memory.total), Size::from(memory.available));
        findings.note("memory", format!("{free} free of {total}; budget for networks {limit}"));
    }

    fn engine(&self, findings: &mut Findings) -> Option<Opened> {
        match app::open_engine(&self.options) {
            Ok(opened) => {
                let origin = self.origin(&opened);
                findings.note("engine", format!("{}, {origin}", table::engine(&opened.engine.identity())));
                if let Some(why) = &opened.passed_over {
                    findings.advice.push(format!(
                        "{why}. OpenVINO is the fastest engine, ONNX Runtime the next: `make run` fetches both, or give their libraries with --openvino and --onnxruntime"
                    ));
                }
                if self.options.engine != EngineName::OpenInference && self.options.inference.server.is_some() {
                    findings.advice.push(
                        "an inference server is named and not used; use it with --engine open-inference".to_owned(),
                    );
                }
                Some(opened)
            }
            Err(error) => {
                findings.note("engine", "none".to_owned());
                findings.problems.push(format!(
                    "{error:#}. Without --engine {} the program takes what it has",
                    self.options.engine.to_possible_value().unwrap_or_default().get_name()
                ));
                None
            }
        }
    }

    fn origin(&self, opened: &Opened) -> String {
        let server = self.options.places().ok().and_then(|places| places.server);
        match (&opened.library, server) {
            (Some(library), _) => format!("from {}", library.display()),
            (None, Some(server)) => format!("at {}", server.url),
            (None, None) => "part of the program".to_owned(),
        }
    }

    fn bundle(&self, engine: Option<Opened>, findings: &mut Findings) {
        let bundle = match app::open_bundle(&self.options) {
            Ok(bundle) => bundle,
            Err(error) => {
                findings.note("bundle", "none".to_owned());
                findings.problems.push(said(&error));
                return;
            }
        };
        findings.note(
            "bundle",
            format!("{} in {}, every hash in order", bundle.manifest().id, bundle.directory().display()),
        );
        let Some(engine) = engine else { return };
        match app::analyzer(bundle, engine, &self.options) {
            Ok(analyzer) => {
                residence(&analyzer, findings);
                if self.options.batch_wait > 0 && analyzer.batch() == 1 {
                    let useless = "--batch-wait has no effect, since one film at a time goes through the networks; give --batch, too";
                    findings.advice.push(useless.to_owned());
                }
            }
            Err(error) => {
                findings.note("networks", "cannot be used".to_owned());
                findings.problems.push(said(&error));
            }
        }
    }
}

/// Which networks stay loaded, what that takes as measured, and whether there is the memory for them.
fn residence(analyzer: &Analyzer, findings: &mut Findings) {
    let report = analyzer.memory();
    let all = report.fixed + report.footprints.iter().sum::<u64>();
    let networks = report.footprints.len();
    let mode = match report.budget {
        _ if all == 0 => "their memory is the server's".to_owned(),
        Some(budget) if budget < all => format!("they take turns within {}", Size::from(budget)),
        _ => {
            let films = count(analyzer.batch(), "film", "films");
            format!("all stay loaded, {} for {films} at a time", Size::from(all))
        }
    };
    findings.note("networks", format!("{networks} reproduce their golden values; {mode}"));
    findings.note("measured", measured(&report));
    if let Some(lowered) = report.lowered_to {
        findings.advice.push(format!(
            "the device had less memory than the budget says; networks keep to {} of it for now",
            Size::from(lowered)
        ));
    }
    let wanted = report.budget.map_or(all, |budget| budget.min(all));
    if available(&report).is_some_and(|available| available < wanted) {
        findings.advice.push(format!(
            "there is less memory free than the {} that networks may take; give less with --memory-budget",
            Size::from(wanted)
        ));
    }
}

/// What networks may take of the memory that they live in: on a card what is free and what they hold already.
fn available(report: &MemoryReport) -> Option<u64> {
    if report.device.is_main {
        return machine::memory().map(|memory| memory.available);
    }
    Some(report.device.free? + report.device.used?)
}

/// The memory that this process was seen to hold, beside its budget.
fn measured(report: &MemoryReport) -> String {
    let device = &report.device;
    let size = |bytes: Option<u64>| bytes.map_or_else(|| "unknown".to_owned(), |bytes| Size::from(bytes).to_string());
    let budget = report.budget.map_or_else(|| "none".to_owned(), |budget| Size::from(budget).to_string());
    format!("on {}: at most {} held so far; budget {budget}", device.device, size(device.peak))
}

impl Findings {
    fn note(&mut self, what: &'static str, text: String) {
        self.lines.push((what, text));
    }

    fn print(&self, out: &mut impl Write) -> io::Result<()> {
        for (what, text) in &self.lines {
            writeln!(out, "{what:<10} {text}")?;
        }
        for advice in &self.advice {
            writeln!(out, "advice     {advice}")?;
        }
        for problem in &self.problems {
            writeln!(out, "PROBLEM    {problem}")?;
        }
        match self.problems.len() {
            0 => writeln!(out, "films can be read"),
            problems => writeln!(out, "films cannot be read: {}", count(problems, "problem", "problems")),
        }
    }
}
