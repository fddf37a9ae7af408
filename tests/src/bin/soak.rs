//! The mix of faults of `proof_conservation`, for as long as one likes: `tests/soak --minutes N --seed S`, with `--only FAULT`
//! (as often as wanted) of these alone.

use anyhow::{Context, Result, bail};
use tests::faults::Fault;

fn main() -> Result<()> {
    let (mut minutes, mut seed, mut only) = (10, None, Vec::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--only" {
            let name = arguments.next().context("--only takes a fault")?;
            let known = Fault::ALL.into_iter().find(|fault| format!("{fault:?}") == name);
            only.push(known.with_context(|| format!("no fault {name:?}; there are {:?}", Fault::ALL))?);
            continue;
        }
        let mut number = || -> Result<u64> {
            let value = arguments.next().with_context(|| format!("{argument} takes a number"))?;
            value.parse().with_context(|| format!("{argument} {value}"))
        };
        match argument.as_str() {
            "--minutes" => minutes = number()?,
            "--seed" => seed = Some(number()?),
            _ => bail!("usage: tests/soak [--minutes N] [--seed S] [--only FAULT]…"),
        }
    }
    let seed = seed.unwrap_or_else(|| u64::try_from(tests::now_ms()).unwrap_or_default());
    println!("seed {seed}, {minutes} minutes at least");
    let faults = if only.is_empty() { &Fault::ALL[..] } else { &only };
    let run = tests::mix::run(seed, minutes, faults);
    println!(
        "nothing acknowledged is lost: {} messages acknowledged, {} readings owed and found, {} sent and never acknowledged \
         and there all the same; {} duplicates told apart, {} sent again, {} starts, {} rows equal in the other store",
        run.acknowledged,
        run.tally.owed,
        run.tally.unacknowledged,
        run.duplicates,
        run.sent_again,
        run.starts,
        run.rows
    );
    Ok(())
}
