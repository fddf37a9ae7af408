//! The ledger: every frame and every reading is accounted for, for each node and in all, at every moment.
//!
//! frames received = decoded + rejected + pending; readings decoded = stored + duplicate + corrected + rejected.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Mutex;

use serde::Serialize;

use crate::reading::{NodeId, RejectReason};

const REASONS: usize = RejectReason::ALL.len();

/// What became of frames and readings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Frames that could be read.
    pub frames_decoded: u64,
    /// Frames that could not, by reason.
    pub frames_rejected: [u64; REASONS],
    /// Readings found in frames.
    pub decoded: u64,
    /// Stored as new observations.
    pub stored: u64,
    /// Known already: sent again.
    pub duplicate: u64,
    /// Stored in place of an earlier one of the same name.
    pub corrected: u64,
    /// Readings that could not be used, by reason.
    pub rejected: [u64; REASONS],
    /// Intervals that the duplicate filter had to forget; from then on it looks readings up by value.
    pub names_forgotten: u64,
}

impl Counts {
    /// Counts one rejection: of a frame, or of a reading.
    pub fn reject(&mut self, whole_frame: bool, reason: RejectReason) {
        *self.cell(whole_frame, reason) += 1;
    }

    /// Takes one rejection back: what it was about is played again.
    pub fn take_back(&mut self, whole_frame: bool, reason: RejectReason) {
        let cell = self.cell(whole_frame, reason);
        *cell = cell.saturating_sub(1);
    }

    fn cell(&mut self, whole_frame: bool, reason: RejectReason) -> &mut u64 {
        let place = RejectReason::ALL.iter().position(|r| *r == reason).expect("ALL holds every reason");
        if whole_frame { &mut self.frames_rejected[place] } else { &mut self.rejected[place] }
    }

    fn add(&mut self, other: &Counts) {
        self.frames_decoded += other.frames_decoded;
        self.decoded += other.decoded;
        self.stored += other.stored;
        self.duplicate += other.duplicate;
        self.corrected += other.corrected;
        self.names_forgotten += other.names_forgotten;
        for place in 0..REASONS {
            self.frames_rejected[place] += other.frames_rejected[place];
            self.rejected[place] += other.rejected[place];
        }
    }

    /// The bytes that the store keeps: a version, then each number as eight bytes.
    pub fn encode(&self) -> Vec<u8> {
        let single =
            [self.frames_decoded, self.decoded, self.stored, self.duplicate, self.corrected, self.names_forgotten];
        let all = single.iter().chain(&self.frames_rejected).chain(&self.rejected);
        std::iter::once(1u8).chain(all.flat_map(|n| n.to_le_bytes())).collect()
    }

    /// The counts in those bytes; nothing counted where they are none of ours. Reasons that came later count from 0.
    pub fn decode(bytes: &[u8]) -> Self {
        let Some((1, rest)) = bytes.split_first() else { return Self::default() };
        let numbers: Vec<u64> =
            rest.chunks_exact(8).map(|c| u64::from_le_bytes(c.try_into().expect("eight bytes"))).collect();
        let single = |place: usize| numbers.get(place).copied().unwrap_or(0);
        // As many reasons as there were when it was written.
        let (frames, readings) = numbers.get(6..).map_or((&[][..], &[][..]), |n| n.split_at(n.len() / 2));
        let of = |numbers: &[u64]| std::array::from_fn(|place| numbers.get(place).copied().unwrap_or(0));
        Self {
            frames_decoded: single(0),
            decoded: single(1),
            stored: single(2),
            duplicate: single(3),
            corrected: single(4),
            names_forgotten: single(5),
            frames_rejected: of(frames),
            rejected: of(readings),
        }
    }
}

/// The ledger of all nodes, shared by the pipeline, which writes it, and those who show it.
#[derive(Debug, Default)]
pub struct Ledger {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    nodes: HashMap<NodeId, Counts>,
    all: Counts,
    /// Journal position up to which everything is counted.
    position: u64,
    /// Windows that have ended and are due to be written.
    windows_due: u64,
}

impl Ledger {
    /// Takes up where the store left off.
    pub(crate) fn restore(&self, nodes: impl IntoIterator<Item = (NodeId, Counts)>, position: u64) {
        let mut inner = self.inner.lock().expect("no panic while the lock is held");
        inner.position = position;
        for (node, counts) in nodes {
            inner.all.add(&counts);
            inner.nodes.insert(node, counts);
        }
    }

    /// Sets what a batch of frames changed, all at once: the ledger balances at every moment.
    pub(crate) fn update<'a>(
        &self,
        changed: impl IntoIterator<Item = (&'a NodeId, &'a Counts)>,
        position: u64,
        due: u64,
    ) {
        let mut inner = self.inner.lock().expect("no panic while the lock is held");
        for (node, counts) in changed {
            let before = match inner.nodes.get_mut(node) {
                Some(known) => std::mem::replace(known, counts.clone()),
                None => {
                    inner.nodes.insert(node.clone(), counts.clone());
                    Counts::default()
                }
            };
            inner.all.replace(&before, counts);
        }
        inner.position = position;
        inner.windows_due = due;
    }

    /// The ledger as the API shows it; `committed` is the journal's position now.
    pub fn view(&self, committed: impl FnOnce() -> u64) -> LedgerView {
        let inner = self.inner.lock().expect("no panic while the lock is held");
        let nodes = inner.nodes.iter().map(|(node, counts)| (node.clone(), AccountView::of(counts, 0))).collect();
        LedgerView { all: inner.all_view(committed()), nodes }
    }

    /// All nodes together, and what waits; costs the same with any number of nodes.
    pub fn all_view(&self, committed: impl FnOnce() -> u64) -> AllView {
        self.inner.lock().expect("no panic while the lock is held").all_view(committed())
    }

    /// One node's counts.
    pub fn node(&self, node: &NodeId) -> Option<Counts> {
        self.inner.lock().expect("no panic while the lock is held").nodes.get(node).cloned()
    }

    /// All nodes' counts together.
    pub fn all(&self) -> Counts {
        self.inner.lock().expect("no panic while the lock is held").all.clone()
    }
}

impl Inner {
    fn all_view(&self, committed: u64) -> AllView {
        let pending = committed.saturating_sub(self.position);
        AllView { account: AccountView::of(&self.all, pending), pending: pending + self.windows_due }
    }
}

impl Counts {
    /// Adds what `after` has more than `before`; a replay may have taken something back.
    fn replace(&mut self, before: &Counts, after: &Counts) {
        let set = |total: &mut u64, before: u64, after: u64| *total = (*total + after).saturating_sub(before);
        set(&mut self.frames_decoded, before.frames_decoded, after.frames_decoded);
        set(&mut self.decoded, before.decoded, after.decoded);
        set(&mut self.stored, before.stored, after.stored);
        set(&mut self.duplicate, before.duplicate, after.duplicate);
        set(&mut self.corrected, before.corrected, after.corrected);
        set(&mut self.names_forgotten, before.names_forgotten, after.names_forgotten);
        for place in 0..REASONS {
            set(&mut self.frames_rejected[place], before.frames_rejected[place], after.frames_rejected[place]);
            set(&mut self.rejected[place], before.rejected[place], after.rejected[place]);
        }
    }
}

/// `/api/ledger`.
#[derive(Debug, Serialize)]
pub struct LedgerView {
    /// All nodes together.
    pub all: AllView,
    /// Each node, by name.
    pub nodes: BTreeMap<NodeId, AccountView>,
}

/// All nodes together, and what waits.
#[derive(Debug, Serialize)]
pub struct AllView {
    /// The sums.
    #[serde(flatten)]
    pub account: AccountView,
    /// Frames not taken up yet, and windows due to be written; 0: all is stored and every closed window written.
    pub pending: u64,
}

/// Frames and readings.
#[derive(Debug, Serialize)]
pub struct AccountView {
    /// Frames.
    pub frames: FramesView,
    /// Readings.
    pub readings: ReadingsView,
}

/// What became of frames.
#[derive(Debug, Serialize)]
pub struct FramesView {
    /// Decoded, rejected and pending together.
    pub received: u64,
    /// Could be read.
    pub decoded: u64,
    /// Could not, by reason.
    pub rejected: BTreeMap<&'static str, u64>,
    /// On disk and not taken up yet.
    pub pending: u64,
}

/// What became of readings.
#[derive(Debug, Serialize)]
pub struct ReadingsView {
    /// Found in frames.
    pub decoded: u64,
    /// Stored as new.
    pub stored: u64,
    /// Sent again.
    pub duplicate: u64,
    /// Stored in place of an earlier one.
    pub corrected: u64,
    /// Could not be used, by reason.
    pub rejected: BTreeMap<&'static str, u64>,
}

impl AccountView {
    fn of(counts: &Counts, pending: u64) -> Self {
        let reasons = |numbers: &[u64; REASONS]| -> BTreeMap<&'static str, u64> {
            RejectReason::ALL.iter().zip(numbers).filter(|(_, n)| **n > 0).map(|(r, n)| (r.code(), *n)).collect()
        };
        let frames_rejected: u64 = counts.frames_rejected.iter().sum();
        AccountView {
            frames: FramesView {
                received: counts.frames_decoded + frames_rejected + pending,
                decoded: counts.frames_decoded,
                rejected: reasons(&counts.frames_rejected),
                pending,
            },
            readings: ReadingsView {
                decoded: counts.decoded,
                stored: counts.stored,
                duplicate: counts.duplicate,
                corrected: counts.corrected,
                rejected: reasons(&counts.rejected),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_come_back_and_a_newer_version_counts_from_nothing() {
        let mut counts = Counts { stored: 3, names_forgotten: 9, ..Counts::default() };
        counts.reject(true, RejectReason::Malformed);
        counts.reject(false, RejectReason::LimitReached);
        assert_eq!(Counts::decode(&counts.encode()), counts);
        assert_eq!(Counts::decode(&[9, 1, 2]), Counts::default());
    }

    #[test]
    fn counts_written_before_a_reason_came_keep_their_places() {
        let old: Vec<u64> = (1..=6 + 2 * 16).collect();
        let bytes: Vec<u8> = std::iter::once(1).chain(old.iter().flat_map(|n| n.to_le_bytes())).collect();
        let counts = Counts::decode(&bytes);
        assert_eq!((counts.frames_rejected[0], counts.frames_rejected[15], counts.frames_rejected[16]), (7, 22, 0));
        assert_eq!((counts.rejected[0], counts.rejected[15], counts.rejected[16]), (23, 38, 0));
    }

    #[test]
    fn the_sums_follow_what_a_replay_takes_back() {
        let ledger = Ledger::default();
        let node = NodeId::new("n").expect("a name");
        let mut counts = Counts::default();
        counts.reject(false, RejectReason::UnknownQuantity);
        counts.decoded = 1;
        ledger.update([(&node, &counts)], 1, 0);
        counts.take_back(false, RejectReason::UnknownQuantity);
        counts.stored = 1;
        ledger.update([(&node, &counts)], 2, 0);
        let view = ledger.view(|| 5);
        assert_eq!((view.all.account.readings.stored, view.all.account.readings.rejected.len()), (1, 0));
        assert_eq!((view.all.account.frames.pending, view.all.pending), (3, 3));
    }
}
