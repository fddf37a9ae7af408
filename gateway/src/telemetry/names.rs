//! The duplicate filter: which names of one node's readings were used.
//!
//! A native reading's name is (incarnation, boot, sequence): kept as intervals, at most [`INTERVALS_MAX`] a node. Beyond
//! that the least recently used go, and the node's readings that are not found are looked up by value instead.
//! A message without times of its own is known by session, packet id and content, the last [`DELIVERIES_MAX`] a node.

use std::collections::{HashSet, VecDeque};

/// Intervals kept of one node.
pub(super) const INTERVALS_MAX: usize = 1_024;
/// Messages without times of their own kept of one node; more than a client may have in flight.
pub(super) const DELIVERIES_MAX: usize = 1_024;

/// The names used by one node.
#[derive(Debug, Default)]
pub(super) struct Names {
    boots: Vec<Boot>,
    intervals: usize,
    clock: u64,
    deliveries: VecDeque<u64>,
    delivered: HashSet<u64>,
}

/// The sequences used in one (incarnation, boot): sorted, disjoint, inclusive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Boot {
    /// The incarnation.
    pub(super) incarnation: u64,
    /// The boot.
    pub(super) boot: u32,
    /// `(first, last)` of each interval.
    pub(super) intervals: Vec<(u32, u32)>,
    /// Rises with use.
    pub(super) used: u64,
    /// Changed since the last checkpoint.
    pub(super) changed: bool,
}

impl Names {
    /// Whether that sequence was used.
    pub(super) fn contains(&self, incarnation: u64, boot: u32, sequence: u32) -> bool {
        self.find(incarnation, boot).is_some_and(|b| {
            let after = b.intervals.partition_point(|(first, _)| *first <= sequence);
            after > 0 && b.intervals[after - 1].1 >= sequence
        })
    }

    /// Marks that sequence as used. Gives what had to be forgotten for it.
    pub(super) fn insert(&mut self, incarnation: u64, boot: u32, sequence: u32) -> Vec<Boot> {
        self.clock += 1;
        let place = match self.boots.iter().position(|b| b.incarnation == incarnation && b.boot == boot) {
            Some(place) => place,
            None => {
                self.boots.push(Boot { incarnation, boot, intervals: Vec::new(), used: 0, changed: true });
                self.boots.len() - 1
            }
        };
        let entry = &mut self.boots[place];
        entry.used = self.clock;
        entry.changed = true;
        let before = entry.intervals.len();
        add(&mut entry.intervals, sequence);
        self.intervals = self.intervals + entry.intervals.len() - before;
        let mut forgotten = Vec::new();
        while self.intervals > INTERVALS_MAX {
            forgotten.push(self.forget_one());
        }
        forgotten
    }

    /// Whether that message came before; remembers it.
    pub(super) fn deliver_again(&mut self, hash: u64) -> bool {
        if !self.delivered.insert(hash) {
            return true;
        }
        self.deliveries.push_back(hash);
        if self.deliveries.len() > DELIVERIES_MAX
            && let Some(oldest) = self.deliveries.pop_front()
        {
            self.delivered.remove(&oldest);
        }
        false
    }

    /// Takes up what the store kept.
    pub(super) fn restore(&mut self, boot: Boot) {
        self.clock = self.clock.max(boot.used);
        self.intervals += boot.intervals.len();
        self.boots.push(boot);
    }

    /// What changed since this was last asked.
    pub(super) fn take_changed(&mut self) -> Vec<Boot> {
        let changed = |b: &mut Boot| std::mem::take(&mut b.changed).then(|| b.clone());
        self.boots.iter_mut().filter_map(changed).collect()
    }

    fn find(&self, incarnation: u64, boot: u32) -> Option<&Boot> {
        self.boots.iter().rev().find(|b| b.incarnation == incarnation && b.boot == boot)
    }

    /// Forgets the least recently used boot; of the only one, its first interval.
    fn forget_one(&mut self) -> Boot {
        if self.boots.len() == 1 {
            let only = &mut self.boots[0];
            let first = only.intervals.remove(0);
            self.intervals -= 1;
            return Boot { intervals: vec![first], ..only.clone() };
        }
        let oldest = (0..self.boots.len()).min_by_key(|i| self.boots[*i].used).expect("there is more than one");
        let boot = self.boots.swap_remove(oldest);
        self.intervals -= boot.intervals.len();
        boot
    }

    /// Whether this boot is still known.
    pub(super) fn knows(&self, incarnation: u64, boot: u32) -> bool {
        self.find(incarnation, boot).is_some()
    }
}

fn add(intervals: &mut Vec<(u32, u32)>, sequence: u32) {
    let after = intervals.partition_point(|(first, _)| *first <= sequence);
    let joins_before = after > 0 && intervals[after - 1].1 >= sequence.saturating_sub(1);
    let joins_after = after < intervals.len() && intervals[after].0 == sequence.saturating_add(1);
    match (joins_before, joins_after) {
        (true, true) => {
            intervals[after - 1].1 = intervals[after].1;
            intervals.remove(after);
        }
        (true, false) => intervals[after - 1].1 = intervals[after - 1].1.max(sequence),
        (false, true) => intervals[after].0 = sequence,
        (false, false) => intervals.insert(after, (sequence, sequence)),
    }
}

impl Boot {
    /// The intervals as bytes: pairs of four.
    pub(super) fn encode_intervals(&self) -> Vec<u8> {
        self.intervals.iter().flat_map(|(a, b)| [a.to_le_bytes(), b.to_le_bytes()].concat()).collect()
    }

    /// The intervals in those bytes.
    pub(super) fn decode_intervals(bytes: &[u8]) -> Vec<(u32, u32)> {
        let number = |c: &[u8]| u32::from_le_bytes([c[0], c[1], c[2], c[3]]);
        bytes.chunks_exact(8).map(|pair| (number(&pair[..4]), number(&pair[4..]))).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn intervals_hold_just_what_was_used(sequences in prop::collection::vec(0u32..200, 0..300)) {
            let mut names = Names::default();
            let mut model = BTreeSet::new();
            for sequence in sequences {
                prop_assert_eq!(names.contains(1, 2, sequence), model.contains(&sequence));
                names.insert(1, 2, sequence);
                model.insert(sequence);
            }
            for sequence in 0..201 {
                prop_assert_eq!(names.contains(1, 2, sequence), model.contains(&sequence));
            }
            let bytes = names.boots.first().map(Boot::encode_intervals).unwrap_or_default();
            prop_assert_eq!(Boot::decode_intervals(&bytes), names.boots.first().map(|b| b.intervals.clone()).unwrap_or_default());
        }
    }

    #[test]
    fn the_ends_of_the_sequence_are_names_too() {
        let mut names = Names::default();
        for sequence in [0, u32::MAX, 1, u32::MAX - 1] {
            names.insert(7, 7, sequence);
        }
        assert_eq!(names.boots[0].intervals, [(0, 1), (u32::MAX - 1, u32::MAX)]);
    }

    #[test]
    fn a_node_never_has_more_than_its_bound_and_what_goes_is_told() {
        let mut names = Names::default();
        let mut forgotten = 0;
        for i in 0..3_000 {
            forgotten += names.insert(i / 10, 0, (i % 10) as u32 * 2).len();
        }
        assert!(names.intervals <= INTERVALS_MAX);
        assert!(forgotten > 100);
        assert!(names.contains(299, 0, 18) && !names.contains(0, 0, 0));
    }

    #[test]
    fn a_message_is_known_until_many_others_came() {
        let mut names = Names::default();
        assert!(!names.deliver_again(5));
        assert!(names.deliver_again(5));
        for hash in 100..100 + DELIVERIES_MAX as u64 {
            names.deliver_again(hash);
        }
        assert!(!names.deliver_again(5));
    }
}
