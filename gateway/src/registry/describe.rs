//! Nodes and calibrations as JSON: what the trace of changes keeps and what `--json` prints.

use serde_json::{Value, json};

use super::{Calibration, Node, Placement};
use crate::catalogue::Position;
use crate::reading::{DatastreamKey, NodeId, Timestamp};

/// A node and where it stood.
pub(super) fn node(node: &Node, has_secret: bool) -> Value {
    json!({
        "id": node.id,
        "type": node.node_type.as_deref(),
        "name": node.name.as_ref().map(|name| json!({ "el": name.el, "en": name.en })),
        "serial": node.serial,
        "enrolled_at": node.enrolled_at.to_string(),
        "revoked": node.revoked,
        "has_secret": has_secret,
        "placements": node.placements.iter().map(placement).collect::<Vec<_>>(),
    })
}

/// A node that the gateway enrolled by itself.
pub(super) fn enrolled(id: &NodeId, has_secret: bool, at: Timestamp) -> Value {
    json!({ "id": id, "enrolled_at": at.to_string(), "has_secret": has_secret })
}

fn placement(placement: &Placement) -> Value {
    json!({
        "from": placement.from.to_string(),
        "site": placement.site.as_deref(),
        "zone": placement.zone.as_deref(),
        "position": placement.position.map(|Position { lat, lon }| json!({ "lat": lat, "lon": lon })),
    })
}

/// A calibration of a datastream.
pub(super) fn calibration(key: &DatastreamKey, calibration: &Calibration) -> Value {
    json!({
        "quantity": &*key.quantity,
        "channel": key.channel,
        "from": calibration.from.to_string(),
        "until": calibration.until.map(|until| until.to_string()),
        "gain": calibration.gain,
        "offset": calibration.offset,
        "unsound": calibration.unsound,
        "note": calibration.note,
    })
}
