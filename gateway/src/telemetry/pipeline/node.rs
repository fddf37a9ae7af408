//! What the pipeline holds of each node: its datastreams, the names it used, its account, its last status.

use crate::catalogue::QuantityIndex;
use crate::reading::{NodeId, Timestamp};
use crate::store::{NameRow, NodeRow};
use crate::telemetry::ledger::Counts;
use crate::telemetry::names::{Boot, Names};

/// Longest status message that is kept, in bytes.
const STATUS_KEPT_MAX: usize = 1_024;

/// One node.
pub(super) struct NodeState {
    pub(super) id: NodeId,
    pub(super) names: Names,
    pub(super) counts: Counts,
    pub(super) received_at: Option<Timestamp>,
    pub(super) changed: bool,
    pub(super) unsaved: bool,
    status: Option<(Vec<u8>, Timestamp)>,
    /// Few a node: a list is faster than a map.
    datastreams: Vec<(QuantityIndex, u8, usize)>,
}

impl NodeState {
    pub(super) fn new(id: NodeId) -> Self {
        Self {
            id,
            names: Names::default(),
            counts: Counts::default(),
            received_at: None,
            changed: false,
            unsaved: false,
            status: None,
            datastreams: Vec::new(),
        }
    }

    pub(super) fn restore(&mut self, row: NodeRow) {
        self.counts = Counts::decode(&row.ledger);
        self.received_at = row.received_at;
        self.status = row.status;
    }

    pub(super) fn row(&self) -> NodeRow {
        NodeRow { ledger: self.counts.encode(), received_at: self.received_at, status: self.status.clone() }
    }

    pub(super) fn set_status(&mut self, payload: &[u8], at: Timestamp) {
        self.status = Some((payload[..payload.len().min(STATUS_KEPT_MAX)].to_vec(), at));
    }

    pub(super) fn datastream(&self, quantity: QuantityIndex, channel: u8) -> Option<usize> {
        self.datastreams.iter().find(|(q, c, _)| *q == quantity && *c == channel).map(|(_, _, place)| *place)
    }

    pub(super) fn add_datastream(&mut self, quantity: QuantityIndex, channel: u8, place: usize) {
        self.datastreams.push((quantity, channel, place));
    }

    /// The filter's row for a boot as it stands.
    pub(super) fn name_row(&self, boot: &Boot) -> NameRow {
        NameRow {
            node: self.id.clone(),
            incarnation: boot.incarnation,
            boot: boot.boot,
            intervals: boot.encode_intervals(),
            used: boot.used,
        }
    }

    /// The filter's row that forgets a boot.
    pub(super) fn forgotten_row(&self, boot: &Boot) -> NameRow {
        NameRow { intervals: Vec::new(), ..self.name_row(boot) }
    }
}
