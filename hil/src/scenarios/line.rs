//! A node on a serial line that the gateway itself opens.

use anyhow::ensure;
use node::trace::Event;

use super::{SOON, all_stored_of, walk_at};
use crate::gateway::eventually;
use crate::rig::{Rig, Serial};

const ON_THE_LINE: &str = "bench-2";

/// The gateway acknowledges on the line what its journal has on disk, and nothing before: a node whose gateway is killed again
/// and again loses nothing, and what it was acknowledged is what is stored.
pub(super) fn serial_line(rig: &mut Rig) -> anyhow::Result<String> {
    let mut node = rig.another(2, Serial::Pty)?;
    node.console().provision(ON_THE_LINE, "0.0.0.0:1", "serial")?;
    rig.gateway.node(&format!("add {ON_THE_LINE}"))?;
    let port = node.release_port()?;
    rig.gateway.kill();
    rig.gateway.open_line(&port, ON_THE_LINE)?;
    rig.gateway.resume()?;

    let mut expected = walk_at(&mut node, 1, 3)?;
    for round in 0..3 {
        rig.gateway.kill();
        expected.extend(walk_at(&mut node, 10 + round * 10, 3)?);
        rig.gateway.resume()?;
        expected.extend(walk_at(&mut node, 15 + round * 10, 2)?);
    }
    all_stored_of(rig, ON_THE_LINE, &expected, SOON)?;
    let mut counts = (0, 0);
    eventually("as many readings acknowledged on the line as stored", SOON, || {
        let stored = rig.gateway.ledger(ON_THE_LINE, "readings.stored")?;
        counts = (node.traced(Event::Acknowledged)?.iter().map(|count| u64::from(*count)).sum(), stored);
        Ok(counts.0 == counts.1)
    })
    .map_err(|error| error.context(format!("{} acknowledged, {} stored", counts.0, counts.1)))?;
    let conflicts = rig.gateway.ledger(ON_THE_LINE, "readings.rejected.conflict")?;
    ensure!(conflicts == 0, "{conflicts} readings with a name that was used already");

    // A command goes over the same line.
    rig.gateway.ask(ON_THE_LINE, "identify 2")?;
    eventually("the lamp lit", SOON, || node.is_lit())?;
    Ok(format!("3 kills; {} readings over a pty, each acknowledged once it was on disk; a command answered", counts.1))
}
