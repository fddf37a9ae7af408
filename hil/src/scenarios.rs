//! The scenarios, each named for what could go wrong. Each gets a fresh rig and says what it measured.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use protocols::native::Status;

use crate::gateway::eventually;
use crate::rig::{NODE, QemuNode, Rig, Serial};

mod commands;
mod health;
mod line;

/// A scenario.
pub(crate) struct Scenario {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it shows.
    pub(crate) what: &'static str,
    /// Whether it moves sensors, cable or power, which only an emulated bench can.
    pub(crate) needs_emulation: bool,
    /// Whether it measures time, or fills the machine: nothing else runs beside it.
    pub(crate) alone: bool,
    /// Runs it; what it measured.
    pub(crate) run: fn(&mut Rig) -> anyhow::Result<String>,
}

const fn emulated(name: &'static str, what: &'static str, run: fn(&mut Rig) -> anyhow::Result<String>) -> Scenario {
    Scenario { name, what, needs_emulation: true, alone: false, run }
}

const fn anywhere(name: &'static str, what: &'static str, run: fn(&mut Rig) -> anyhow::Result<String>) -> Scenario {
    Scenario { name, what, needs_emulation: false, alone: false, run }
}

const fn alone(scenario: Scenario) -> Scenario {
    Scenario { alone: true, ..scenario }
}

/// All of them, the longest first of those that run side by side.
pub(crate) const ALL: &[Scenario] = &[
    emulated("health_is_told", "battery, link errors, firmware, boots and queue are told", health::health_is_told),
    emulated("cable_out_60_s", "nothing is lost while the cable is out for 60 s", cable_out),
    emulated("power_cut_in_writes", "what was measured before a power cut is stored after it", power_cut_in_writes),
    anywhere("watchdog", "a node that hangs comes back, and tells why", health::watchdog),
    emulated("gateway_killed", "nothing is lost while the gateway is killed and started again", gateway_killed),
    emulated(
        "serial_line",
        "a node on the gateway's serial line loses nothing while the gateway is killed",
        line::serial_line,
    ),
    emulated(
        "clock_unknown_at_start",
        "readings from before the clock was known are dated rightly",
        clock_unknown_at_start,
    ),
    anywhere("resets_20", "20 resets lose nothing and count 20 boots", resets_20),
    emulated("memory_wiped", "a wiped node is a new incarnation: nothing of it is taken for a duplicate", memory_wiped),
    emulated(
        "commands_take_effect",
        "schedule, threshold, calibration, identify: the node does it",
        commands::take_effect,
    ),
    anywhere("command_round_trip", "commands reach the node, are done, answered and kept", commands::round_trip),
    emulated("other_sensors", "a car and a lamp are seen", other_sensors),
    anywhere("panic_is_told", "a node that panics comes back at once, with a fault record", health::panic_is_told),
    anywhere(
        "provisioned_from_nothing",
        "an erased node is provisioned over its console and reports",
        provisioned_from_nothing,
    ),
    alone(emulated(
        "value_at_the_sensor",
        "a value set at the sensor is in the store within 2 s and equal to it",
        value_at_the_sensor,
    )),
    alone(emulated("many_at_once", "many nodes come at once and all are stored", many_at_once)),
];

const SOON: Duration = Duration::from_secs(20);

/// Temperatures that the sensor tells exactly, each far enough from the one before to be reported.
fn celsius(step: u32) -> f64 {
    f64::from(step % 100) + 0.25
}

/// Sets one temperature after another, a little over a second each, for `count` steps.
fn walk(rig: &mut Rig, first: u32, count: u32) -> anyhow::Result<Vec<f64>> {
    walk_at(rig.qemu()?, first, count)
}

fn walk_at(node: &mut QemuNode, first: u32, count: u32) -> anyhow::Result<Vec<f64>> {
    let mut values = Vec::new();
    for step in first..first + count {
        node.set_celsius(celsius(step))?;
        values.push(celsius(step));
        std::thread::sleep(Duration::from_millis(1_250));
    }
    Ok(values)
}

/// Waits until all of `expected` are in the store.
fn all_stored(rig: &Rig, expected: &[f64], timeout: Duration) -> anyhow::Result<()> {
    all_stored_of(rig, NODE, expected, timeout)
}

fn all_stored_of(rig: &Rig, node: &str, expected: &[f64], timeout: Duration) -> anyhow::Result<()> {
    let mut missing = expected.to_vec();
    let found = eventually("every value in the store", timeout, || {
        let values = rig.gateway.values(node, "temperature")?;
        missing.retain(|value| !values.contains(value));
        Ok(missing.is_empty())
    });
    found.map(|_| ()).with_context(|| format!("missing {missing:?} of {}", expected.len()))
}

/// Waits until nothing waits at the node, and checks that each reading of this boot is stored once: none lost, none twice.
fn each_stored_once(rig: &mut Rig, of_earlier_boots: u64) -> anyhow::Result<u64> {
    let mut last = (0, 0, 0);
    eventually("as many readings stored as measured", SOON, || {
        let queued = rig.console().show_number("queue")?;
        let measured = of_earlier_boots + rig.console().show_number("sequence")?;
        let stored = rig.gateway.ledger(NODE, "readings.stored")?;
        last = (queued, measured, stored);
        Ok(queued == 0 && measured == stored)
    })
    .with_context(|| format!("{} wait, {} measured, {} stored", last.0, last.1, last.2))?;
    Ok(last.2)
}

fn provisioned_from_nothing(rig: &mut Rig) -> anyhow::Result<String> {
    rig.console().wait()?;
    let begun = Instant::now();
    rig.provision()?;
    let took = begun.elapsed();
    let shown = rig.console().ask("show")?;
    ensure!(shown.contains(&format!("node {NODE}\n")) && !shown.contains("bench-secret"), "{shown}");
    Ok(format!("first reading {:.1} s after the first word", took.as_secs_f64()))
}

fn value_at_the_sensor(rig: &mut Rig) -> anyhow::Result<String> {
    rig.provision()?;
    let mut slowest = Duration::ZERO;
    for step in 1..=10 {
        let value = f64::from(step) * 3.0 - 10.0 + 0.0625 * f64::from(step);
        rig.qemu()?.set_celsius(value)?;
        // The sensor's sixteenth of a degree in the hundredths that the node tells.
        let told = (value * 100.0).round() / 100.0;
        let took = eventually(&format!("{told} in the store"), Duration::from_secs(2), || {
            Ok(rig.gateway.values(NODE, "temperature")?.last() == Some(&told))
        })?;
        slowest = slowest.max(took);
    }
    Ok(format!("10 values, the slowest {:.2} s", slowest.as_secs_f64()))
}

fn other_sensors(rig: &mut Rig) -> anyhow::Result<String> {
    rig.provision()?;
    eventually("a free place", SOON, || Ok(rig.gateway.values(NODE, "parking")?.last() == Some(&0.0)))?;
    // In nanotesla: 200 milligauss, as a car makes.
    rig.qemu()?.set("mag0", "mag-x", serde_json::json!(20_000))?;
    let seen = eventually("a taken place", Duration::from_secs(6), || {
        Ok(rig.gateway.values(NODE, "parking")?.last() == Some(&1.0))
    })?;
    rig.qemu()?.set("mag0", "mag-x", serde_json::json!(0))?;
    eventually("a free place again", Duration::from_secs(6), || {
        Ok(rig.gateway.values(NODE, "parking")?.last() == Some(&0.0))
    })?;
    rig.qemu()?.set("lamp0", "pin", serde_json::json!(120))?;
    eventually("a lamp of 120 W", Duration::from_secs(6), || {
        Ok(rig.gateway.values(NODE, "lamp_power")?.last().is_some_and(|watts| (watts - 120.0).abs() < 0.5))
    })?;
    Ok(format!("a car is seen after {:.1} s", seen.as_secs_f64()))
}

fn cable_out(rig: &mut Rig) -> anyhow::Result<String> {
    rig.provision()?;
    let mut expected = walk(rig, 1, 2)?;
    rig.qemu()?.set_cable(false)?;
    expected.extend(walk(rig, 3, 48)?);
    let waiting = rig.console().show_number("queue")?;
    ensure!(waiting >= 45, "only {waiting} readings wait after 60 s without a cable");
    rig.qemu()?.set_cable(true)?;
    let begun = Instant::now();
    all_stored(rig, &expected, SOON)?;
    let took = begun.elapsed();
    let stored = each_stored_once(rig, 0)?;
    Ok(format!(
        "{waiting} readings waited, stored {:.1} s after the cable was in; {stored} in all, each once",
        took.as_secs_f64()
    ))
}

fn gateway_killed(rig: &mut Rig) -> anyhow::Result<String> {
    rig.provision()?;
    let mut expected = walk(rig, 1, 3)?;
    for round in 0..3 {
        rig.gateway.kill();
        expected.extend(walk(rig, 10 + round * 10, 4)?);
        rig.gateway.resume()?;
        expected.extend(walk(rig, 15 + round * 10, 2)?);
    }
    all_stored(rig, &expected, Duration::from_secs(40))?;
    let stored = each_stored_once(rig, 0)?;
    Ok(format!("3 kills; {stored} readings, each once"))
}

fn power_cut_in_writes(rig: &mut Rig) -> anyhow::Result<String> {
    rig.provision()?;
    let mut expected = Vec::new();
    let mut boots = Vec::new();
    for round in 0..8u32 {
        // Without a network all of it has to outlive the cut in memory.
        rig.qemu()?.set_cable(round % 2 == 1)?;
        expected.extend(walk(rig, round * 6, 4)?);
        // The next sample, and its write, fall within the second that the cut comes in.
        rig.qemu()?.set_celsius(celsius(round * 6 + 5))?;
        std::thread::sleep(Duration::from_millis(u64::from(round) * 137 % 1_000));
        rig.qemu()?.cut_power();
        rig.qemu()?.power_on()?;
        rig.console().wait()?;
        boots.push(rig.console().show_number("boot")?);
    }
    ensure!(boots.windows(2).all(|pair| pair[0] < pair[1]), "a boot's number came again: {boots:?}");
    all_stored(rig, &expected, Duration::from_secs(30))?;
    let conflicts = rig.gateway.ledger(NODE, "readings.rejected.conflict")?;
    ensure!(conflicts == 0, "{conflicts} readings with a name that was used already");
    Ok(format!("8 cuts; {} values, all stored", expected.len()))
}

fn resets_20(rig: &mut Rig) -> anyhow::Result<String> {
    rig.provision()?;
    let before = rig.console().show_number("boot")?;
    let mut measured = 0;
    for _ in 0..20 {
        measured += rig.console().show_number("sequence")?;
        rig.reset()?;
        rig.console().wait()?;
        std::thread::sleep(Duration::from_millis(400));
    }
    let after = rig.console().show_number("boot")?;
    ensure!(after == before + 20, "boot {before} before, {after} after 20 resets");
    let gateway = &rig.gateway;
    eventually("21 reset causes in the store", SOON, || Ok(gateway.values(NODE, "reset_cause")?.len() >= 21))?;
    let stored = rig.gateway.ledger(NODE, "readings.stored")?;
    ensure!(stored >= measured, "{measured} readings were measured before a reset and only {stored} are stored");
    let (duplicates, conflicts) =
        (rig.gateway.ledger(NODE, "readings.duplicate")?, rig.gateway.ledger(NODE, "readings.rejected.conflict")?);
    ensure!(conflicts == 0, "{conflicts} readings with a name that was used already");
    Ok(format!("boots {before} to {after}; {duplicates} readings came twice and were stored once"))
}

fn memory_wiped(rig: &mut Rig) -> anyhow::Result<String> {
    rig.provision()?;
    let first = walk(rig, 1, 4)?;
    all_stored(rig, &first, SOON)?;
    let of_first = each_stored_once(rig, 0)?;
    let before = rig.console().show("incarnation")?;
    rig.qemu()?.cut_power();
    rig.qemu()?.erase_memory()?;
    rig.qemu()?.power_on()?;
    rig.provision()?;
    let second = walk(rig, 30, 4)?;
    all_stored(rig, &second, SOON)?;
    let after = rig.console().show("incarnation")?;
    ensure!(before != after, "the incarnation is still {before}");
    each_stored_once(rig, of_first)?;
    let lost =
        rig.gateway.ledger(NODE, "readings.duplicate")? + rig.gateway.ledger(NODE, "readings.rejected.conflict")?;
    ensure!(lost == 0, "{lost} readings were taken for others");
    Ok(format!("{before} became {after}"))
}

fn clock_unknown_at_start(rig: &mut Rig) -> anyhow::Result<String> {
    rig.provision()?;
    rig.gateway.kill();
    // Power comes while nobody can tell the time.
    rig.qemu()?.cut_power();
    rig.qemu()?.power_on()?;
    rig.console().wait()?;
    let mut told = Vec::new();
    for step in 60..66 {
        rig.qemu()?.set_celsius(celsius(step))?;
        told.push((celsius(step), now_ms()));
        std::thread::sleep(Duration::from_millis(1_250));
    }
    ensure!(rig.console().show("clock")? == "unknown", "somebody told the time");
    rig.gateway.resume()?;
    let expected: Vec<f64> = told.iter().map(|(value, _)| *value).collect();
    all_stored(rig, &expected, Duration::from_secs(40))?;
    let mut worst = 0;
    for (value, set_ms) in told {
        let measured_ms = measured_at(rig, value)?;
        // It was sampled within the second after it was set.
        let off = (measured_ms - set_ms - 500).abs();
        ensure!(off <= 1_000, "{value} was set at {set_ms} and is dated {measured_ms}");
        worst = worst.max(off);
    }
    Ok(format!("dated within {worst} ms of the middle of its second"))
}

fn now_ms() -> i64 {
    std::time::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_millis() as i64)
}

/// When the newest observation of that temperature was measured, in milliseconds since 1970.
fn measured_at(rig: &Rig, value: f64) -> anyhow::Result<i64> {
    let times = rig.gateway.times(NODE, "temperature")?;
    let found = times.iter().rev().find(|(_, result)| *result == value);
    Ok(found.with_context(|| format!("{value} is not in the store"))?.0)
}

fn many_at_once(rig: &mut Rig) -> anyhow::Result<String> {
    let gateway = format!("10.0.2.2:{}", rig.gateway.mqtt().port());
    let mut nodes = Vec::new();
    for number in 2..=rig.many() as u8 {
        nodes.push(rig.another(number, Serial::Socket)?);
    }
    rig.provision()?;
    for (index, node) in nodes.iter_mut().enumerate() {
        node.console().provision(&format!("bench-{}", index + 2), &gateway, "mqtt")?;
    }
    // All of them at one instant.
    for node in &mut nodes {
        node.reset()?;
    }
    let begun = Instant::now();
    let count = nodes.len() + 1;
    eventually("each node's start in the store", Duration::from_secs(60), || {
        for number in 2..=count {
            if rig.gateway.values(&format!("bench-{number}"), "reset_cause")?.len() < 2 {
                return Ok(false);
            }
        }
        Ok(true)
    })?;
    Ok(format!("{count} nodes, all there {:.1} s after a reset at once", begun.elapsed().as_secs_f64()))
}
