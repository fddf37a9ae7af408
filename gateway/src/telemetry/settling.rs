//! Which windows wait: open ones for their end, ended ones to settle, settled ones to be computed again.
//!
//! A window settles `settle_ms` after its end, and not before `quiet_ms` have passed since the last reading for it, so
//! that a backlog is summed up once. It is then computed from its observations. A later reading makes it wait again.

use std::collections::BTreeMap;

use crate::reading::{DatastreamId, Timestamp};
use crate::store::model::{Span, WindowIndex};

/// When windows settle.
#[derive(Clone, Copy, Debug)]
pub struct SettleRule {
    /// After a window's end.
    pub settle_ms: i64,
    /// After the last reading for it.
    pub quiet_ms: i64,
}

/// Why a window waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// First instant of the window.
    pub from: Timestamp,
    /// When the first reading of this wait was taken up, by the gateway's clock.
    pub first_touched: Timestamp,
    /// When the last one was.
    pub last_touched: Timestamp,
    /// Whether any was measured before one that had arrived: neighbouring windows may change with this one.
    pub late: bool,
}

/// A window of a datastream, by its end.
pub type Key = (Timestamp, WindowIndex, DatastreamId);

/// The windows that wait, by their end.
#[derive(Debug)]
pub struct Settling {
    rule: SettleRule,
    waiting: BTreeMap<Key, Waiting>,
    added: Vec<(Span, WindowIndex, DatastreamId)>,
}

impl Settling {
    /// Nothing waits yet.
    pub fn new(rule: SettleRule) -> Self {
        Self { rule, waiting: BTreeMap::new(), added: Vec::new() }
    }

    /// The rule.
    pub fn rule(&self) -> SettleRule {
        self.rule
    }

    /// Takes up a window that waited when the store was last written. What preceded it is not known any more: its
    /// neighbours are looked at with it.
    pub fn restore(&mut self, span: Span, window: WindowIndex, id: DatastreamId, now: Timestamp) {
        let waiting = Waiting { from: span.from, first_touched: now, last_touched: now, late: true };
        self.waiting.insert((span.until, window, id), waiting);
    }

    /// A reading for this window was taken up. Says whether the window did not wait before.
    pub fn touch(&mut self, span: Span, window: WindowIndex, id: DatastreamId, now: Timestamp, late: bool) -> bool {
        let mut fresh = false;
        let waiting = self.waiting.entry((span.until, window, id)).or_insert_with(|| {
            fresh = true;
            Waiting { from: span.from, first_touched: now, last_touched: now, late: false }
        });
        waiting.last_touched = waiting.last_touched.max(now);
        waiting.late |= late;
        if fresh {
            self.added.push((span, window, id));
        }
        fresh
    }

    /// Makes a window wait because a neighbour or the registry changed; it is due at once. Says whether it did not wait.
    pub fn revise(&mut self, span: Span, window: WindowIndex, id: DatastreamId) -> bool {
        let beginning = Timestamp::from_millis(i64::MIN);
        self.touch(span, window, id, beginning, false)
    }

    /// Windows that may settle now, at most `limit`.
    pub fn due(&self, now: Timestamp, limit: usize) -> Vec<(Key, Waiting)> {
        let quiet = now.plus_millis(-self.rule.quiet_ms);
        // Touched later than now: the clock was ahead then and is set back. To wait for it again could take years.
        let settled = |(_, waiting): &(&Key, &Waiting)| waiting.last_touched <= quiet || waiting.last_touched > now;
        self.ended(now).filter(settled).take(limit).map(|(key, waiting)| (*key, *waiting)).collect()
    }

    /// How many windows have ended, are past their settling time, and are not written yet.
    pub fn overdue(&self, now: Timestamp) -> usize {
        self.ended(now).count()
    }

    fn ended(&self, now: Timestamp) -> impl Iterator<Item = (&Key, &Waiting)> {
        let limit = now.plus_millis(-self.rule.settle_ms);
        self.waiting.range(..=(limit, WindowIndex(u8::MAX), DatastreamId(u32::MAX)))
    }

    /// The window no longer waits.
    pub fn settled(&mut self, key: &Key) {
        self.waiting.remove(key);
    }

    /// Windows that began to wait since this was last asked.
    pub fn take_added(&mut self) -> Vec<(Span, WindowIndex, DatastreamId)> {
        std::mem::take(&mut self.added)
    }

    /// Whether the window waits.
    pub fn waits(&self, key: &Key) -> bool {
        self.waiting.contains_key(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_touched_while_the_clock_was_ahead_settles_once_it_is_set_back() {
        let at = Timestamp::from_millis;
        let mut settling = Settling::new(SettleRule { settle_ms: 0, quiet_ms: 5_000 });
        let (span, year) = (Span { from: at(0), until: at(1_000) }, 365 * 86_400_000);
        settling.touch(span, WindowIndex(0), DatastreamId(1), at(10_000 + year), false);
        assert_eq!(settling.due(at(10_000 + year), 9).len(), 0, "not quiet yet");
        assert_eq!(settling.due(at(10_500), 9).len(), 1);
    }
}
