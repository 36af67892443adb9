//! `thorax doctor`: what is here, what is missing, how to mend it.

mod machine;

use std::io::{self, Write};

use anyhow::Result;
use thorax_inference::analyzer::Analyzer;
use thorax_inference::engine::Opened;

use super::{Outcome, count, said, table};
use crate::app;
use crate::config::{self, EngineName, Options, Size};

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
                    name(self.options.engine)
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
            Ok(analyzer) => residence(&analyzer, findings),
            Err(error) => {
                findings.note("networks", "cannot be used".to_owned());
                findings.problems.push(said(&error));
            }
        }
    }
}

/// Which networks stay loaded, and whether the machine has the memory for them.
fn residence(analyzer: &Analyzer, findings: &mut Findings) {
    let report = analyzer.memory();
    let all: u64 = report.footprints.iter().sum();
    let networks = report.footprints.len();
    let mode = match report.budget {
        _ if all == 0 => "their memory is the server's".to_owned(),
        Some(budget) if budget < all => format!("they take turns within {}", Size::from(budget)),
        _ => format!("all stay loaded, {}", Size::from(all)),
    };
    findings.note("networks", format!("{networks} reproduce their golden values; {mode}"));
    let wanted = report.budget.map_or(all, |budget| budget.min(all));
    if machine::memory().is_some_and(|memory| memory.available < wanted) {
        findings.advice.push(format!(
            "there is less memory free than the {} that networks may take; give less with --memory-budget",
            Size::from(wanted)
        ));
    }
}

fn name(engine: EngineName) -> &'static str {
    match engine {
        config::EngineName::Auto => "auto",
        config::EngineName::Rten => "rten",
        config::EngineName::Onnxruntime => "onnxruntime",
        config::EngineName::Openvino => "openvino",
        config::EngineName::OpenInference => "open-inference",
    }
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
