//! What is known of each datastream in memory: where it stands, its latest observations, the windows that wait.
//!
//! One writer, the pipeline; readers take short locks, one datastream at a time. What memory holds and what the database
//! holds may overlap for a moment at a checkpoint: ordinals tell the same observation.

use std::sync::{Arc, Mutex, MutexGuard, RwLock};

use super::model::WindowIndex;
use crate::catalogue::QuantityIndex;
use crate::reading::{DatastreamId, DatastreamKey, Observation, Timestamp};

/// Observations kept in memory of each datastream when they are stored too: most windows settle without the disk.
const RECENT_KEPT_MAX: usize = 40;

/// A datastream in memory.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) id: DatastreamId,
    pub(crate) key: DatastreamKey,
    /// None when the catalogue no longer has the quantity.
    pub(crate) quantity: Option<QuantityIndex>,
    pub(crate) external: bool,
    pub(crate) created_at: Timestamp,
    live: Mutex<Live>,
}

impl Entry {
    pub(crate) fn new(
        id: DatastreamId,
        key: DatastreamKey,
        quantity: Option<QuantityIndex>,
        external: bool,
        created_at: Timestamp,
        live: Live,
    ) -> Self {
        Self { id, key, quantity, external, created_at, live: Mutex::new(live) }
    }

    pub(crate) fn live(&self) -> MutexGuard<'_, Live> {
        self.live.lock().expect("no panic while the lock is held")
    }
}

/// Observations that came, before calibration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Came {
    /// The earliest time of them.
    pub from: Timestamp,
    /// The smallest and the largest value.
    pub range: (f64, f64),
}

impl Came {
    /// Both together.
    pub fn and(self, other: Self) -> Self {
        let ((low, high), (other_low, other_high)) = (self.range, other.range);
        Self { from: self.from.min(other.from), range: (low.min(other_low), high.max(other_high)) }
    }
}

/// The part of a datastream that changes.
#[derive(Debug, Default)]
pub(crate) struct Live {
    pub(crate) next_ordinal: u32,
    /// Ordinals of observations that a later one corrected, sorted.
    pub(crate) superseded: Vec<u32>,
    /// Observations that are no longer kept.
    pub(crate) removed: u32,
    /// Of those measured before this, some are no longer kept: windows that begin before it stay as they are written.
    pub(crate) removed_until: Option<Timestamp>,
    /// Earliest `measured_at` ever: aggregates reach back to it when observations no longer do.
    pub(crate) begun_at: Option<Timestamp>,
    /// Earliest `measured_at` that is kept.
    pub(crate) first_at: Option<Timestamp>,
    pub(crate) last_at: Option<Timestamp>,
    pub(crate) received_at: Option<Timestamp>,
    /// What its windows were made with, see [`super::basis`]; none when that is not known.
    pub(crate) basis: Option<u64>,
    /// The latest of this run, by `measured_at`, then by arrival: a correction stands after what it corrects.
    pub(crate) last: Option<Observation>,
    /// What came since that was last asked for; none where nothing did.
    pub(crate) came: Option<Came>,
    /// Latest observations; those from `written` on are not in the database yet.
    pub(crate) recent: Vec<Observation>,
    pub(crate) written: usize,
    /// Every observation measured at or after this is in `recent`.
    pub(crate) complete_from: Option<Timestamp>,
    /// Windows that wait to settle or to be computed again, as readers see it: start and index, sorted. A window that
    /// settles leaves it when its numbers are in the database.
    pub(super) unsettled: Vec<(Timestamp, WindowIndex)>,
}

impl Live {
    /// Adds an observation, and gives it its ordinal.
    pub(crate) fn push(&mut self, mut observation: Observation, received_at: Timestamp) -> u32 {
        observation.ordinal = self.next_ordinal;
        self.next_ordinal += 1;
        let at = observation.measured_at;
        self.reaches(at);
        self.received_at = Some(received_at);
        if self.complete_from.is_none() {
            self.complete_from = Some(Timestamp::from_millis(i64::MIN));
        }
        if self.last.is_none_or(|last| last.measured_at <= at) {
            self.last = Some(observation);
        }
        let came = Came { from: at, range: (observation.value, observation.value) };
        self.came = Some(self.came.map_or(came, |before| before.and(came)));
        self.recent.push(observation);
        observation.ordinal
    }

    /// There is something of that time.
    pub(crate) fn reaches(&mut self, at: Timestamp) {
        for first in [&mut self.begun_at, &mut self.first_at] {
            *first = Some(first.map_or(at, |first| first.min(at)));
        }
        self.last_at = Some(self.last_at.map_or(at, |last| last.max(at)));
    }

    /// How many observations are kept, superseded ones included.
    pub(crate) fn count(&self) -> u64 {
        u64::from(self.next_ordinal.saturating_sub(self.removed))
    }

    /// Of a window that begins then, observations may be gone.
    pub(crate) fn is_past(&self, from: Timestamp) -> bool {
        self.removed_until.is_some_and(|until| from < until)
    }

    /// Marks `ordinal` as corrected.
    pub(crate) fn supersede(&mut self, ordinal: u32) {
        if let Err(place) = self.superseded.binary_search(&ordinal) {
            self.superseded.insert(place, ordinal);
        }
    }

    /// The window that starts at `from` waits.
    pub(crate) fn wait(&mut self, window: WindowIndex, from: Timestamp) {
        if let Err(place) = self.unsettled.binary_search(&(from, window)) {
            self.unsettled.insert(place, (from, window));
        }
    }

    /// These windows, sorted, no longer wait.
    pub(crate) fn settled(&mut self, windows: &[(Timestamp, WindowIndex)]) {
        self.unsettled.retain(|waiting| windows.binary_search(waiting).is_err());
    }

    /// Windows that wait, by their start.
    pub(crate) fn waiting(&self) -> &[(Timestamp, WindowIndex)] {
        &self.unsettled
    }

    /// Starts, ascending, of the windows of that index that wait.
    pub(crate) fn unsettled(&self, window: WindowIndex) -> impl Iterator<Item = Timestamp> {
        self.unsettled.iter().filter(move |(_, w)| *w == window).map(|(from, _)| *from)
    }

    /// What the database does not hold yet.
    pub(crate) fn unwritten(&self) -> &[Observation] {
        &self.recent[self.written..]
    }

    /// The database no longer holds some of what was measured before `until`: neither does memory.
    pub(super) fn removed_before(&mut self, until: Timestamp) {
        let mut place = 0;
        let written = self.written;
        self.recent.retain(|o| {
            place += 1;
            place > written || o.measured_at >= until
        });
        self.written -= place - self.recent.len();
        self.complete_from = self.complete_from.map(|before| before.max(until));
        self.removed_until = Some(self.removed_until.map_or(until, |before| before.max(until)));
    }

    /// The database holds all: keeps only the latest in memory.
    pub(crate) fn all_written(&mut self) {
        if self.recent.len() > RECENT_KEPT_MAX {
            self.recent.sort_unstable_by_key(|o| (o.measured_at, o.ordinal));
            let dropped = self.recent.len() - RECENT_KEPT_MAX;
            let from = self.recent[dropped - 1].measured_at.plus_millis(1);
            self.recent.drain(..dropped);
            self.complete_from = self.complete_from.map(|before| before.max(from));
            if self.recent.capacity() > RECENT_KEPT_MAX * 2 {
                self.recent.shrink_to(RECENT_KEPT_MAX + 8);
            }
        }
        self.written = self.recent.len();
    }
}

/// Every datastream; an id is a place in the list, from 1.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    entries: RwLock<Vec<Arc<Entry>>>,
}

impl Directory {
    pub(crate) fn get(&self, id: DatastreamId) -> Option<Arc<Entry>> {
        let entries = self.entries.read().expect("no panic while the lock is held");
        entries.get((id.0 as usize).checked_sub(1)?).cloned()
    }

    pub(crate) fn all(&self) -> Vec<Arc<Entry>> {
        self.entries.read().expect("no panic while the lock is held").clone()
    }

    /// The id of the next datastream.
    pub(crate) fn next_id(&self) -> DatastreamId {
        DatastreamId(self.entries.read().expect("no panic while the lock is held").len() as u32 + 1)
    }

    pub(crate) fn add(&self, entry: Arc<Entry>) {
        let mut entries = self.entries.write().expect("no panic while the lock is held");
        debug_assert_eq!(entry.id.0 as usize, entries.len() + 1);
        entries.push(entry);
    }
}
