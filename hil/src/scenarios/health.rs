//! What a node tells of itself: its battery, its connections, why it started, what went wrong.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use super::{SOON, Status, walk};
use crate::gateway::eventually;
use crate::rig::{NODE, Rig};

pub(super) fn health_is_told(rig: &mut Rig) -> anyhow::Result<String> {
    rig.provision()?;
    let last = |rig: &Rig, quantity: &str| anyhow::Ok(rig.gateway.values(NODE, quantity)?.last().copied());
    // In millivolts; the part tells steps of 25.
    rig.qemu()?.set("batt0", "vin", json!(11_100))?;
    let near = |volts: Option<f64>| volts.is_some_and(|volts| (volts - 11.1).abs() < 0.03);
    eventually("a battery of 11.1 V", SOON, || Ok(near(last(rig, "battery")?)))
        .with_context(|| format!("{:?}", rig.gateway.values(NODE, "battery")))?;
    ensure!(last(rig, "fault")? == Some(0.0), "a fault out of nothing");

    rig.gateway.ask(NODE, "schedule link_errors 1")?;
    rig.gateway.kill();
    walk(rig, 1, 5)?;
    let waiting = rig.console().show_number("queue")?;
    rig.gateway.resume()?;
    eventually("link errors", SOON, || Ok(last(rig, "link_errors")?.is_some_and(|errors| errors >= 1.0)))?;

    // On connecting it told how much waited; the gateway writes that down with its next checkpoint.
    let boot = rig.console().show_number("boot")?;
    let firmware = rig.console().show("firmware")?;
    let parts = [format!("firmware {firmware}"), format!("boots {boot}"), "waiting on the node: ".into()];
    let mut page = String::new();
    eventually("firmware, boots and queue on the node's page", Duration::from_secs(90), || {
        let Value::String(text) = rig.gateway.get(&format!("/nodes/{NODE}?lang=en"))? else { return Ok(false) };
        page = text;
        Ok(parts.iter().all(|part| page.contains(part.as_str())))
    })
    .with_context(|| format!("{parts:?} in {page}"))?;
    Ok(format!("{waiting} readings waited; firmware {firmware}, boot {boot} on its page"))
}

/// The causes of its starts that the node reported, oldest first.
fn reset_causes(rig: &Rig) -> anyhow::Result<Vec<u8>> {
    Ok(rig.gateway.values(NODE, "reset_cause")?.iter().map(|value| *value as u8).collect())
}

/// Waits until the newest fault in the store is of that kind, with its place.
fn fault_is_stored(rig: &Rig, kind: f64) -> anyhow::Result<()> {
    eventually("the fault in the store, with its place", SOON, || {
        let place = rig.gateway.values(NODE, "fault_place")?;
        Ok(rig.gateway.values(NODE, "fault")?.last() == Some(&kind) && place.len() == 1)
    })?;
    Ok(())
}

pub(super) fn watchdog(rig: &mut Rig) -> anyhow::Result<String> {
    rig.provision()?;
    rig.console().ask("test hang")?;
    let begun = Instant::now();
    eventually("a start by the watchdog in the store", Duration::from_secs(60), || {
        Ok(reset_causes(rig)?.last() == Some(&Status::RESET_WATCHDOG))
    })?;
    let took = begun.elapsed();
    let fault = rig.console().show("fault")?;
    ensure!(fault.starts_with("hang"), "{fault}");
    fault_is_stored(rig, 3.0)?;
    Ok(format!("back after {:.0} s", took.as_secs_f64()))
}

pub(super) fn panic_is_told(rig: &mut Rig) -> anyhow::Result<String> {
    rig.provision()?;
    let boot = rig.console().show_number("boot")?;
    rig.console().ask("test panic")?;
    eventually("the next boot", SOON, || Ok(rig.console().show_number("boot")? == boot + 1))?;
    let fault = rig.console().show("fault")?;
    ensure!(fault.starts_with("panic"), "{fault}");
    eventually("a start by software in the store", SOON, || {
        Ok(reset_causes(rig)?.last() == Some(&Status::RESET_SOFTWARE))
    })?;
    fault_is_stored(rig, 1.0)?;
    Ok(fault)
}
