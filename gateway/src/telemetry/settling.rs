//! Which windows wait: open ones for their end, ended ones to settle, settled ones to be computed again.
//!
//! A window settles `settle_ms` after its end, and not before `quiet_ms` have passed since the last reading for it, so
//! that a backlog is summed up once. It is then computed from its observations. A later reading makes it wait again.
//!
//! At most `waiting_max` wait in memory: beyond, those whose time is over are due without the quiet, and nothing more is to be taken
//! up until they are computed.

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::reading::{DatastreamId, Timestamp};
use crate::store::model::{Span, WindowIndex};

/// When windows settle.
#[derive(Clone, Copy, Debug)]
pub struct SettleRule {
    /// After a window's end.
    pub settle_ms: i64,
    /// After the last reading for it.
    pub quiet_ms: i64,
    /// Windows that wait at most, before those that have ended are computed at once.
    pub waiting_max: usize,
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

/// The greatest key that ends then.
fn last_of(end: Timestamp) -> Key {
    (end, WindowIndex(u8::MAX), DatastreamId(u32::MAX))
}

/// The windows that wait, by their end.
#[derive(Debug)]
pub struct Settling {
    rule: SettleRule,
    waiting: BTreeMap<Key, Waiting>,
    added: Vec<(Span, WindowIndex, DatastreamId)>,
    overdue: Overdue,
}

/// How many windows end by a time, kept up as they come and go.
#[derive(Debug)]
struct Overdue {
    until: Timestamp,
    count: usize,
}

impl Settling {
    /// Nothing waits yet.
    pub fn new(rule: SettleRule) -> Self {
        Self {
            rule,
            waiting: BTreeMap::new(),
            added: Vec::new(),
            overdue: Overdue { until: Timestamp::from_millis(i64::MIN), count: 0 },
        }
    }

    /// The rule.
    pub fn rule(&self) -> SettleRule {
        self.rule
    }

    /// Takes up a window that waited when the store was last written. What preceded it is not known any more: its
    /// neighbours are looked at with it.
    pub fn restore(&mut self, span: Span, window: WindowIndex, id: DatastreamId, now: Timestamp) {
        let waiting = Waiting { from: span.from, first_touched: now, last_touched: now, late: true };
        if self.waiting.insert((span.until, window, id), waiting).is_none() && span.until <= self.overdue.until {
            self.overdue.count += 1;
        }
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
            if span.until <= self.overdue.until {
                self.overdue.count += 1;
            }
            self.added.push((span, window, id));
        }
        fresh
    }

    /// Makes a window wait because a neighbour or the registry changed; it is due at once. Says whether it did not wait.
    pub fn revise(&mut self, span: Span, window: WindowIndex, id: DatastreamId) -> bool {
        let beginning = Timestamp::from_millis(i64::MIN);
        self.touch(span, window, id, beginning, false)
    }

    /// Windows that may settle now, those that end first before others.
    pub fn due(&self, now: Timestamp) -> impl Iterator<Item = (Key, Waiting)> {
        self.ended(now).filter(self.is_quiet(now)).map(|(key, waiting)| (*key, *waiting))
    }

    /// Of these windows, those that may settle now.
    pub fn due_of(&self, now: Timestamp, keys: impl Iterator<Item = Key>) -> impl Iterator<Item = (Key, Waiting)> {
        let last = last_of(now.plus_millis(-self.rule.settle_ms));
        let waiting = keys.filter(move |key| *key <= last).filter_map(|key| self.waiting.get_key_value(&key));
        waiting.filter(self.is_quiet(now)).map(|(key, waiting)| (*key, *waiting))
    }

    fn is_quiet(&self, now: Timestamp) -> impl Fn(&(&Key, &Waiting)) -> bool + use<> {
        let quiet_ms = if self.waiting.len() < self.rule.waiting_max { self.rule.quiet_ms } else { 0 };
        let quiet = now.plus_millis(-quiet_ms);
        // Touched later than now: the clock was ahead then and is set back. To wait for it again could take years.
        move |(_, waiting)| waiting.last_touched <= quiet || waiting.last_touched > now
    }

    /// Whether as many wait as may, and some of them need not.
    pub fn is_full(&self, now: Timestamp) -> bool {
        self.waiting.len() >= self.rule.waiting_max && self.ended(now).next().is_some()
    }

    /// How many windows have ended, are past their settling time, and are not written yet.
    pub fn overdue(&mut self, now: Timestamp) -> usize {
        let until = now.plus_millis(-self.rule.settle_ms);
        // Only what ended since it was last asked is counted; all of it, where the clock was set back.
        let (before, from) = match until >= self.overdue.until {
            true => (self.overdue.count, Bound::Excluded(last_of(self.overdue.until))),
            false => (0, Bound::Unbounded),
        };
        let since = self.waiting.range((from, Bound::Included(last_of(until)))).count();
        self.overdue = Overdue { until, count: before + since };
        self.overdue.count
    }

    fn ended(&self, now: Timestamp) -> impl Iterator<Item = (&Key, &Waiting)> {
        self.waiting.range(..=last_of(now.plus_millis(-self.rule.settle_ms)))
    }

    /// The window no longer waits.
    pub fn settled(&mut self, key: &Key) {
        if self.waiting.remove(key).is_some() && key.0 <= self.overdue.until {
            self.overdue.count -= 1;
        }
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
        let mut settling = Settling::new(SettleRule { settle_ms: 0, quiet_ms: 5_000, waiting_max: 2 });
        let (span, year) = (Span { from: at(0), until: at(1_000) }, 365 * 86_400_000);
        settling.touch(span, WindowIndex(0), DatastreamId(1), at(10_000 + year), false);
        assert_eq!(settling.due(at(10_000 + year)).count(), 0, "not quiet yet");
        assert_eq!(settling.due(at(10_500)).count(), 1);
    }
    #[test]
    fn when_as_many_wait_as_may_those_that_have_ended_do_not_wait_for_quiet() {
        let at = Timestamp::from_millis;
        let mut settling = Settling::new(SettleRule { settle_ms: 100, quiet_ms: 5_000, waiting_max: 2 });
        let span = |from| Span { from: at(from), until: at(from + 1_000) };
        settling.touch(span(0), WindowIndex(0), DatastreamId(1), at(1_200), false);
        assert!(!settling.is_full(at(1_200)));
        assert_eq!(settling.due(at(1_200)).count(), 0, "not quiet yet");
        settling.touch(span(1_000), WindowIndex(0), DatastreamId(1), at(1_200), false);
        assert!(settling.is_full(at(1_200)));
        assert_eq!(settling.due(at(1_200)).count(), 1, "the other has not ended");
        settling.settled(&(at(1_000), WindowIndex(0), DatastreamId(1)));
        settling.touch(span(2_000), WindowIndex(0), DatastreamId(1), at(1_200), false);
        assert!(!settling.is_full(at(1_200)), "windows that have not ended hold nothing up");
    }
    #[test]
    fn what_is_overdue_is_counted_as_windows_come_and_go_and_when_the_clock_is_set_back() {
        let at = Timestamp::from_millis;
        let mut settling = Settling::new(SettleRule { settle_ms: 100, quiet_ms: 0, waiting_max: 9 });
        let touch = |settling: &mut Settling, from, id| {
            let span = Span { from: at(from), until: at(from + 1_000) };
            settling.touch(span, WindowIndex(0), DatastreamId(id), at(5_000), false);
        };
        touch(&mut settling, 0, 1);
        touch(&mut settling, 1_000, 1);
        assert_eq!([1_099, 1_100, 2_100].map(|now| settling.overdue(at(now))), [0, 1, 2]);
        touch(&mut settling, 0, 2);
        touch(&mut settling, 0, 2);
        touch(&mut settling, 3_000, 2);
        assert_eq!(settling.overdue(at(2_100)), 3);
        settling.settled(&(at(1_000), WindowIndex(0), DatastreamId(1)));
        settling.settled(&(at(1_000), WindowIndex(0), DatastreamId(1)));
        settling.settled(&(at(4_000), WindowIndex(0), DatastreamId(2)));
        assert_eq!([2_100, 1_100, 9_000].map(|now| settling.overdue(at(now))), [2, 1, 2]);
    }
}
