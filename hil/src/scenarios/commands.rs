//! Commands, asked on the gateway's command line: that the node answers, and that it does what it answers.

use std::time::{Duration, Instant};

use anyhow::ensure;

use super::SOON;
use crate::gateway::eventually;
use crate::rig::{NODE, Rig};

/// Bytes of the stack that must be left, for what interrupts at the deepest point.
const STACK_SPARE: usize = 768;

/// On any node: each command is answered, one restarts it once, and what was set is kept.
pub(super) fn round_trip(rig: &mut Rig) -> anyhow::Result<String> {
    rig.provision()?;
    let mut slowest = Duration::ZERO;
    for words in ["identify 5", "schedule uptime 1", "sample", "status"] {
        let begun = Instant::now();
        rig.gateway.ask(NODE, words)?;
        slowest = slowest.max(begun.elapsed());
    }
    let refused = rig.gateway.ask(NODE, "schedule pm25 60").expect_err("it has no such sensor").to_string();
    ensure!(refused.contains("refused: it has no such sensor"), "{refused}");
    uptime_each_second(rig)?;

    let boot = rig.console().show_number("boot")?;
    rig.gateway.ask(NODE, "reboot")?;
    eventually("the next boot", SOON, || Ok(rig.console().show_number("boot")? == boot + 1))?;
    // The connection that follows brings whatever the gateway has not settled: it must not be obeyed again.
    uptime_each_second(rig)?;
    ensure!(rig.console().show_number("boot")? == boot + 1, "it started again and again");
    let list = rig.gateway.node(&format!("command {NODE} list"))?;
    let done = list.lines().filter(|line| line.contains("  done  ")).count();
    ensure!(done == 5, "{list}");
    Ok(format!("5 commands done, 1 refused; the slowest answer {:.2} s", slowest.as_secs_f64()))
}

/// Waits for five more uptimes than there are.
fn uptime_each_second(rig: &Rig) -> anyhow::Result<()> {
    let before = rig.gateway.values(NODE, "uptime")?.len();
    eventually("uptime each second", SOON, || Ok(rig.gateway.values(NODE, "uptime")?.len() >= before + 5))?;
    Ok(())
}

/// On a node whose sensors can be set: what a command sets is what the node does, after a restart too.
pub(super) fn take_effect(rig: &mut Rig) -> anyhow::Result<String> {
    rig.provision()?;
    let told = |rig: &Rig, value: f64| Ok(rig.gateway.values(NODE, "temperature")?.contains(&value));

    rig.gateway.ask(NODE, "schedule temperature 0")?;
    rig.gateway.ask(NODE, "threshold temperature high 40")?;
    rig.qemu()?.set_celsius(30.0)?;
    // Uptimes of that time arrive: so would the temperature.
    rig.gateway.ask(NODE, "schedule uptime 1")?;
    uptime_each_second(rig)?;
    ensure!(!told(rig, 30.0)?, "a channel without a schedule was reported below its threshold");
    rig.qemu()?.set_celsius(41.0)?;
    eventually("a value beyond the threshold", SOON, || told(rig, 41.0))?;

    rig.gateway.ask(NODE, "calibration temperature --gain 1.5 --offset -2.25")?;
    rig.gateway.ask(NODE, "schedule temperature 2")?;
    rig.qemu()?.set_celsius(10.0)?;
    eventually("10 degrees as 12.75", SOON, || told(rig, 12.75))?;

    ensure!(!rig.qemu()?.is_lit()?, "the lamp is lit before anybody asked");
    rig.gateway.ask(NODE, "identify 3")?;
    eventually("the lamp lit", Duration::from_secs(2), || rig.qemu()?.is_lit())?;
    eventually("the lamp out again", Duration::from_secs(8), || Ok(!rig.qemu()?.is_lit()?))?;

    rig.reset()?;
    rig.console().wait()?;
    rig.qemu()?.set_celsius(20.0)?;
    eventually("20 degrees as 27.75 after a reset", SOON, || told(rig, 27.75))?;
    // What is deepest has run by now: a start with settings to take up, a session, commands and their writes.
    let untouched = rig.qemu()?.stack_untouched()?;
    ensure!(untouched >= STACK_SPARE, "only {untouched} bytes of the stack were never touched");
    Ok(format!(
        "schedule, threshold, calibration and identify seen; kept over a reset; {untouched} bytes of stack to spare"
    ))
}
