//! The bench runner: `hil BENCH.toml [--only NAME] [--junit FILE]`.
//!
//! Runs each scenario on the bench's node against the real gateway, each from a fresh gateway and an erased node; on an
//! emulated bench several side by side. Prints a line for each as it ends, and JUnit's XML for others. Of a failure the gateway's log, the node's trace and
//! console and the network's packets are kept.
//!
//! Exit 0: all that could run passed. 1: one failed. 2: the bench cannot be used. What cannot run is skipped and said to be.

mod bench;
mod gateway;
mod report;
mod rig;
mod scenarios;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Instant;

use clap::Parser;

use crate::bench::Bench;
use crate::report::{Outcome, Report};
use crate::rig::Rig;
use crate::scenarios::Scenario;

/// Scenarios with a real node, or QEMU's, against the real gateway.
#[derive(Parser)]
struct Arguments {
    /// The bench: benches/qemu.toml
    bench: PathBuf,
    /// Run the scenarios whose name contains this
    #[arg(long)]
    only: Vec<String>,
    /// Write the outcome as JUnit's XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Where logs of failures go
    #[arg(long, value_name = "FOLDER", default_value = "target/hil")]
    keep: PathBuf,
    /// The gateway's program, where it is not the bench's
    #[arg(long, value_name = "FILE")]
    gateway: Option<PathBuf>,
    /// List the scenarios and end
    #[arg(long)]
    list: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut bench = match Bench::read(&arguments.bench) {
        Ok(bench) => bench,
        Err(error) => {
            eprintln!("{error:#}");
            return ExitCode::from(2);
        }
    };
    if let Some(gateway) = arguments.gateway {
        bench.gateway = gateway;
    }
    if arguments.list {
        for scenario in scenarios::ALL {
            println!("{:32} {}", scenario.name, scenario.what);
        }
        return ExitCode::SUCCESS;
    }
    let wanted: Vec<&Scenario> = scenarios::ALL
        .iter()
        .filter(|scenario| {
            arguments.only.is_empty() || arguments.only.iter().any(|part| scenario.name.contains(part.as_str()))
        })
        .collect();
    let (alone, beside): (Vec<_>, Vec<_>) = wanted.into_iter().partition(|scenario| scenario.alone);
    let report = Mutex::new(Report::new(&bench.name));
    let work = |queue: &Mutex<VecDeque<&Scenario>>| {
        loop {
            let Some(scenario) = queue.lock().expect("nobody panics while holding it").pop_front() else { break };
            let begun = Instant::now();
            let outcome = attempt(scenario, &bench, &arguments.keep);
            report.lock().expect("nobody panics while holding it").add(scenario.name, outcome, begun.elapsed());
        }
    };
    for (scenarios, workers) in [(beside, bench.side_by_side()), (alone, 1)] {
        let queue = Mutex::new(VecDeque::from(scenarios));
        std::thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|| work(&queue));
            }
        });
    }
    let report = report.into_inner().expect("nobody panicked while holding it");
    if let Some(file) = &arguments.junit
        && let Err(error) = std::fs::write(file, report.junit())
    {
        eprintln!("{}: {error}", file.display());
        return ExitCode::FAILURE;
    }
    println!("{}", report.summary());
    if report.failed() > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn attempt(scenario: &Scenario, bench: &Bench, keep: &Path) -> Outcome {
    match (bench.missing(), scenario.needs_emulation && !bench.is_qemu()) {
        (Some(why), _) => Outcome::Skipped(why),
        (None, true) => Outcome::Skipped("needs hands: only an emulated bench can do it".into()),
        (None, false) => run(scenario, bench, keep),
    }
}

fn run(scenario: &Scenario, bench: &Bench, keep: &Path) -> Outcome {
    let mut rig = match Rig::new(bench) {
        Ok(rig) => rig,
        Err(error) => return Outcome::Failed(format!("the bench could not be set up: {error:#}")),
    };
    match (scenario.run)(&mut rig) {
        Ok(figures) => Outcome::Passed(figures),
        Err(error) => {
            let folder = keep.join(scenario.name);
            rig.stop();
            let kept = match rig.keep(&folder) {
                Ok(()) => format!("kept in {}", folder.display()),
                Err(why) => format!("its files could not be kept: {why:#}"),
            };
            Outcome::Failed(format!("{error:#} ({kept})"))
        }
    }
}
