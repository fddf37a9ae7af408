//! What a reading costs: prints one table of the real program on this machine, each row with its reach and a verdict.
//!
//! `tests/bench [NAME…]`. Figures of one run are to be compared with each other: machines are shared and noisy, so nothing here is
//! asserted. Load, where nothing else is said: `CONNECTIONS` clients with `IN_FLIGHT` QoS 1 messages each, over loopback, all stages
//! on, every PUBACK after its `fdatasync`. `BENCH_DIR` names the disk (this folder, else).

mod client;
mod house;
mod rows;

use anyhow::{Context, Result, bail};

/// Connections of a flood.
const CONNECTIONS: usize = 4;
/// Messages of each that wait for their PUBACK.
const IN_FLIGHT: usize = 100;

/// A row of the table.
struct Row {
    work: &'static str,
    figure: String,
    /// What it is to reach, and whether it does; none: it is told only.
    reach: Option<(&'static str, bool)>,
    /// More of it.
    beside: String,
}

/// Measures one thing; some give more than one row.
type Bench = fn() -> Result<Vec<Row>>;

fn main() -> Result<()> {
    let names: Vec<String> = std::env::args().skip(1).collect();
    let wanted = |name: &str| names.is_empty() || names.iter().any(|n| n == name);
    let benches: [(&str, Bench); 11] = [
        ("senml", rows::senml),
        ("native", rows::native),
        ("broker", rows::broker),
        ("latency", rows::latency),
        ("memory", rows::memory),
        ("bytes", rows::bytes),
        ("replay", rows::replay),
        ("week", rows::week),
        ("nodes", rows::nodes),
        ("backlog", rows::backlog),
        ("alerts", rows::alerts),
    ];
    if let Some(unknown) = names.iter().find(|name| benches.iter().all(|(known, _)| known != name)) {
        let known: Vec<_> = benches.iter().map(|(name, _)| *name).collect();
        bail!("no bench {unknown:?}; there are {}", known.join(", "));
    }
    println!("{:<52} {:>22}  {:<30} {:<8} beside", "work", "measured", "reach", "verdict");
    for (name, bench) in benches {
        if !wanted(name) {
            continue;
        }
        for Row { work, figure, reach, beside } in bench().with_context(|| format!("bench {name}"))? {
            let (reach, verdict) = match reach {
                Some((reach, true)) => (reach, "reached"),
                Some((reach, false)) => (reach, "MISSED"),
                None => ("", ""),
            };
            println!("{work:<52} {figure:>22}  {reach:<30} {verdict:<8} {beside}");
        }
    }
    Ok(())
}
