//! [`Hot`]: a datastream at hand, and its windows that are told of each reading. A datastream's place in the list is its
//! number less one.

use std::sync::Arc;

use super::{Intake, Taking};
use crate::catalogue::QuantityIndex;
use crate::reading::{DatastreamId, DatastreamKey, NodeId, RejectReason, Timestamp};
use crate::store::live::Entry;
use crate::store::model::{Span, WindowIndex};
use crate::telemetry::validate::{Reading, Refusal};

/// How often, in milliseconds, a window that waits is told again of new readings.
const TOUCH_EVERY_MS: i64 = 1_000;
/// Most windows of one datastream kept at hand.
const WINDOWS_MAX: usize = 7;

/// A datastream at hand, and the windows its latest reading fell into.
pub(in super::super) struct Hot {
    pub(in super::super) entry: Arc<Entry>,
    slots: [Option<Slot>; WINDOWS_MAX],
    pub(super) touched: bool,
}

/// A window at hand, and when it was last told of a reading.
#[derive(Clone, Copy)]
struct Slot {
    span: Span,
    noted: Timestamp,
}

impl Slot {
    /// Whether a reading of that time need not be told yet. A clock that was set back holds nothing up.
    fn knows(&self, at: Timestamp, now: Timestamp) -> bool {
        self.span.contains(at) && (0..TOUCH_EVERY_MS).contains(&now.millis_since(self.noted))
    }
}

impl Intake {
    /// The windows around `at` wait; each is told at most once a second.
    pub(super) fn touch_windows(&mut self, place: usize, at: Timestamp, late: bool, now: Timestamp) {
        let hot = &mut self.hot[place];
        for window in self.shared.windows.indices() {
            let slot = &mut hot.slots[usize::from(window.0)];
            if !late && slot.is_some_and(|slot| slot.knows(at, now)) {
                continue;
            }
            let span = self.shared.windows.around(window, at);
            if self.settling.touch(span, window, hot.entry.id, now, late) {
                hot.entry.live().wait(window, span.from);
            }
            *slot = Some(Slot { span, noted: now });
        }
    }

    /// The window is settled: the next reading for it makes it wait again.
    pub(in super::super) fn forget_window(&mut self, id: DatastreamId, window: WindowIndex, from: Timestamp) {
        let slot = &mut self.hot[id.0 as usize - 1].slots[usize::from(window.0)];
        if slot.is_some_and(|slot| slot.span.from == from) {
            *slot = None;
        }
    }

    pub(in super::super) fn mark_touched(&mut self, place: usize) {
        let hot = &mut self.hot[place];
        if !hot.touched {
            hot.touched = true;
            self.next.touched.push(hot.entry.id);
        }
    }

    pub(super) fn datastream(&mut self, taking: &Taking<'_>, reading: &Reading) -> Result<usize, Refusal> {
        let node = &self.nodes[taking.place];
        if let Some(place) = node.datastream(reading.quantity, reading.channel) {
            return Ok(place);
        }
        if self.hot.len() >= self.datastreams_max {
            let detail = format!("[limits] datastreams_max = {} is reached", self.datastreams_max);
            return Err(Refusal::new(RejectReason::LimitReached, detail));
        }
        Ok(self.add_datastream(&taking.frame.node, reading.quantity, reading.channel, false, taking.frame.received_at))
    }

    pub(in super::super) fn add_datastream(
        &mut self,
        node: &NodeId,
        quantity: QuantityIndex,
        channel: u8,
        external: bool,
        created_at: Timestamp,
    ) -> usize {
        let quantity = self.shared.catalogue.quantity(quantity).code.clone();
        let key = DatastreamKey { node: node.clone(), quantity, channel };
        let entry = self.writer.add_datastream(key, external, created_at);
        self.take_in(entry)
    }

    pub(super) fn take_in(&mut self, entry: Arc<Entry>) -> usize {
        let node = self.node(&entry.key.node);
        let place = self.hot.len();
        if let Some(quantity) = entry.quantity {
            self.nodes[node].add_datastream(quantity, entry.key.channel, place);
        }
        self.hot.push(Hot { entry, slots: [None; WINDOWS_MAX], touched: false });
        place
    }
}
