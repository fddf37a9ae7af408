//! What a checkpoint adds to what was taken up: windows that are due are computed from their observations.
//!
//! A result that equals what is written changes nothing; another one gets a change number, and the next revision.

use std::collections::HashSet;

use super::intake::Intake;
use crate::quality;
use crate::reading::{DatastreamId, Timestamp};
use crate::registry::Snapshot;
use crate::store::live::Entry;
use crate::store::model::{Aggregate, Span, Status, Values, WindowIndex};
use crate::store::{Judged, StoreError, before};
use crate::telemetry::settling::{Key, Waiting};

/// Windows computed in one checkpoint at most, so that frames never wait long behind a backlog's windows; the next
/// checkpoint follows when those that came meanwhile are taken up.
const WINDOWS_A_CHECKPOINT_MAX: usize = 4_000;

/// Longest span of windows that are computed from one look, in milliseconds.
const GROUP_MS: i64 = 8 * 86_400_000;

/// A window that is due.
struct Due {
    span: Span,
    window: WindowIndex,
    waiting: Waiting,
}

/// What is due by datastream, in groups of windows that lie near each other.
fn groups(due: Vec<(Key, Waiting)>) -> Vec<(DatastreamId, Vec<Due>)> {
    let mut due = due;
    due.sort_unstable_by_key(|((_, window, id), waiting)| (*id, waiting.from, *window));
    let mut groups: Vec<(DatastreamId, Vec<Due>)> = Vec::new();
    for ((until, window, id), waiting) in due {
        let one = Due { span: Span { from: waiting.from, until }, window, waiting };
        match groups.last_mut() {
            Some((last, group)) if *last == id && until.millis_since(group[0].span.from) <= GROUP_MS => group.push(one),
            _ => groups.push((id, vec![one])),
        }
    }
    groups
}

impl Intake {
    /// Writes everything in hand, with the windows that are due. Says whether more windows are due at once.
    ///
    /// # Errors
    /// [`StoreError`]: nothing is lost, and the same checkpoint can be tried again.
    pub fn checkpoint(&mut self, now: Timestamp, rejections_max: usize) -> Result<bool, StoreError> {
        self.computed.clear();
        self.revise_outdated()?;
        let due = self.due(now);
        let more = due.len() >= WINDOWS_A_CHECKPOINT_MAX || !self.outdated.is_empty();
        for (id, group) in groups(due) {
            self.settle(id, &group)?;
        }
        // Some wait again: a neighbour changed, or a reading came after a checkpoint that a full disk refused.
        let added = self.settling.take_added();
        let settling = &self.settling;
        self.next.settled.retain(|(span, window, id)| !settling.waits(&(span.until, *window, *id)));
        let still =
            |(span, window, id): &(Span, WindowIndex, DatastreamId)| settling.waits(&(span.until, *window, *id));
        self.next.unsettled.extend(added.into_iter().filter(still));
        for place in std::mem::take(&mut self.unsaved) {
            let node = &mut self.nodes[place];
            node.unsaved = false;
            let names: Vec<_> = node.names.take_changed();
            self.next.names.extend(names.iter().map(|boot| node.name_row(boot)));
            self.next.nodes.push((node.id.clone(), node.row()));
        }
        self.next.rejections_max = rejections_max;
        self.writer.checkpoint(&self.next)?;
        self.all_written();
        match self.writer.merge() {
            // The checkpoint is written whatever becomes of this.
            Err(error) if error.is_disk_full() => tracing::warn!(%error, "the disk is full: nothing is merged"),
            merged => merged?,
        }
        Ok(more)
    }

    /// What one checkpoint settles: windows that end first before others, and with each the others of its datastream, since one look
    /// at its observations serves them all.
    fn due(&self, now: Timestamp) -> Vec<(Key, Waiting)> {
        let mut due = Vec::new();
        let mut seen = HashSet::new();
        for (first, waiting) in self.settling.due(now) {
            if due.len() >= WINDOWS_A_CHECKPOINT_MAX {
                break;
            }
            let id = first.2;
            if seen.insert(id) {
                due.push((first, waiting));
                let windows = self.hot[id.0 as usize - 1].entry.live().waiting().to_vec();
                let keys = windows.into_iter().map(|(from, w)| (self.shared.windows.around(w, from).until, w, id));
                due.extend(self.settling.due_of(now, keys.filter(|key| *key != first)));
            }
        }
        due
    }

    /// Computes windows of one datastream that lie near each other from one look at its observations, and finds the
    /// neighbours that may change with them.
    fn settle(&mut self, id: DatastreamId, group: &[Due]) -> Result<(), StoreError> {
        let Some(entry) = self.shared.directory.get(id) else { return Ok(()) };
        let spans = || group.iter().map(|due| due.span);
        let (Some(from), Some(until)) = (spans().map(|s| s.from).min(), spans().map(|s| s.until).max()) else {
            return Ok(());
        };
        let whole = Span { from, until };
        let judged = self.shared.judged(self.writer.connection(), &entry, whole)?;
        let companion = self.shared.companions(self.writer.connection(), &entry, whole)?;
        for due in group {
            let (span, window) = (due.span, due.window);
            let values = self.shared.fold_judged(&entry, span, &judged, &companion);
            self.put(&entry, window, span, values)?;
            self.settling.settled(&(span.until, window, id));
            self.computed.insert((span.until, window, id));
            self.next.settled.push((span, window, id));
            self.forget_window(id, window, span.from);
        }
        for due in group {
            self.neighbours(&entry, due, &judged)?;
        }
        Ok(())
    }

    /// A late reading may change the judgement of the one before it, of the one after it, and of those that a flat line
    /// test sees it from; a first reading in time, only that of the one before, if its window has settled already.
    fn neighbours(&mut self, entry: &Entry, due: &Due, judged: &Judged) -> Result<(), StoreError> {
        let Some(quantity) = self.shared.quantity(entry).cloned() else { return Ok(()) };
        let (span, window, waiting) = (due.span, due.window, &due.waiting);
        let settle_ms = self.settling.rule().settle_ms;
        if let Some(previous) = judged.previous_at(span.from) {
            let earlier = self.shared.windows.around(window, previous);
            let revised = waiting.first_touched == Timestamp::from_millis(i64::MIN);
            if waiting.late || (!revised && waiting.first_touched >= earlier.until.plus_millis(settle_ms)) {
                self.revise(entry, earlier, window)?;
            }
        }
        if waiting.late || waiting.first_touched >= span.until.plus_millis(settle_ms) {
            self.dependants(entry, &quantity.code, span, window)?;
        }
        if !waiting.late {
            return Ok(());
        }
        if let Some(next) = judged.next_at(span.until) {
            let later = self.shared.windows.around(window, next);
            self.revise(entry, later, window)?;
        }
        let seen_until = span.until.plus_millis(quality::look_back_ms(&quantity));
        let mut at = span.until;
        while at < seen_until {
            let later = self.shared.windows.around(window, at);
            self.revise(entry, later, window)?;
            at = later.until;
        }
        Ok(())
    }

    /// Directions whose calm rule looks at this datastream.
    fn dependants(&mut self, entry: &Entry, code: &str, span: Span, window: WindowIndex) -> Result<(), StoreError> {
        let catalogue = self.shared.catalogue.clone();
        for (place, quantity) in catalogue.quantities().iter().enumerate() {
            if quantity.rule.companion() != Some(code) {
                continue;
            }
            let node = self.node(&entry.key.node);
            let index = crate::catalogue::QuantityIndex(place as u16);
            if let Some(place) = self.nodes[node].datastream(index, entry.key.channel) {
                let other = self.hot[place].entry.clone();
                self.revise(&other, span, window)?;
            }
        }
        Ok(())
    }

    /// The window is computed again, if it is written.
    fn revise(&mut self, entry: &Entry, span: Span, window: WindowIndex) -> Result<(), StoreError> {
        // This checkpoint computed it from everything that is taken up: it has seen what its neighbour has.
        if self.computed.contains(&(span.until, window, entry.id)) {
            return Ok(());
        }
        let in_hand = self.next.aggregates.contains_key(&(window, span.from, entry.id));
        let has_numbers = in_hand || self.writer.written(entry, window, span.from)?.is_some();
        if has_numbers && self.settling.revise(span, window, entry.id) {
            entry.live().wait(window, span.from);
        }
        Ok(())
    }

    /// Takes the numbers of a window in hand under a change number of their own, unless they are those that it has. One
    /// that is in hand keeps its revision until it is written. Says whether they are other ones.
    pub(super) fn put(
        &mut self,
        entry: &Entry,
        window: WindowIndex,
        span: Span,
        values: Values,
    ) -> Result<bool, StoreError> {
        let key = (window, span.from, entry.id);
        let zone = self.shared.zone(entry, span.from);
        let same = |one: &Aggregate| one.values == values && one.zone == zone;
        let written = self.writer.written(entry, window, span.from)?;
        let as_written = match &written {
            // What is left of its observations would give other numbers than what was there.
            Some(_) if entry.live().is_past(span.from) => true,
            Some(written) => same(written),
            None => !entry.external && values.count == 0 && values.failed == 0,
        };
        if as_written {
            return Ok(self.next.aggregates.remove(&key).is_some());
        }
        if self.next.aggregates.get(&key).is_some_and(same) {
            return Ok(false);
        }
        self.last_change += 1;
        let revision = written.map_or(0, |written| written.revision + 1);
        let (status, change) = (Status::Settled, Some(self.last_change));
        let aggregate = Aggregate { datastream: entry.id, window, span, values, status, revision, change, zone };
        self.next.aggregates.insert(key, aggregate);
        Ok(true)
    }

    /// The registry changed: results are made with `snapshot` from now on, and windows that it may change are computed
    /// again, with the next checkpoints.
    pub fn registry_changed(&mut self, snapshot: std::sync::Arc<Snapshot>) {
        let before = self.shared.registry();
        self.shared.set_registry(snapshot);
        self.compare(Some(&before));
    }

    /// Finds the datastreams whose windows were made with another registry than now: with `before`, or with one that is
    /// not known any more.
    pub(super) fn compare(&mut self, before: Option<&Snapshot>) {
        let always = Timestamp::from_millis(i64::MIN);
        for hot in self.hot.iter().filter(|hot| !hot.entry.external) {
            let entry = &hot.entry;
            let now = self.shared.basis(entry);
            if entry.live().basis != Some(now) {
                let from = before.map_or(always, |before| self.shared.differs_from(before, entry));
                self.outdated.entry(entry.id).and_modify(|since| *since = from.min(*since)).or_insert(from);
            }
        }
    }

    /// Windows of outdated datastreams wait. With a datastream's last one its new basis is in hand, and the same
    /// checkpoint holds both: after a crash it is outdated still, or its windows wait.
    fn revise_outdated(&mut self) -> Result<(), StoreError> {
        let mut looked_up = 0;
        while looked_up < WINDOWS_A_CHECKPOINT_MAX
            && let Some((id, from)) = self.outdated.pop_first()
        {
            let place = id.0 as usize - 1;
            let entry = self.hot[place].entry.clone();
            looked_up += self.revise_from(&entry, from)?;
            let basis = self.shared.basis(&entry);
            entry.live().basis = Some(basis);
            self.mark_touched(place);
        }
        Ok(())
    }

    /// All written windows of the datastream that end after `from` wait, and the one before. Says how many were looked up.
    fn revise_from(&mut self, entry: &Entry, from: Timestamp) -> Result<usize, StoreError> {
        let (first, last) = {
            let live = entry.live();
            (live.begun_at.max(live.removed_until), live.last_at)
        };
        let (Some(first), Some(last)) = (first, last) else { return Ok(0) };
        // What was measured last before is judged by the one after it, which is another one now.
        let previous = before(self.writer.connection(), entry, from, quality::AFTER)?;
        let from = previous.first().map_or(from, |previous| previous.measured_at);
        let mut looked_up = 0;
        for window in self.shared.windows.indices() {
            let mut at = first.max(from);
            while at <= last {
                let span = self.shared.windows.around(window, at);
                self.revise(entry, span, window)?;
                looked_up += 1;
                at = span.until;
            }
        }
        Ok(looked_up)
    }
}
