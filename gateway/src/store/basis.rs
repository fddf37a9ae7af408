//! What a datastream's windows are made with beside observations, as one number: the calibrations of its own and of the
//! quantity that its rule looks at, its node's placements, how often readings are expected.
//!
//! It is stored beside the datastream when all its windows were computed, or are to be computed again, with it; where the
//! registry gives another one, they must be. Pure; the same in every build, since it outlives the program.

use super::live::Entry;
use super::shared::Shared;
use crate::reading::{DatastreamKey, Timestamp};
use crate::registry::{Calibration, Placement, Snapshot};

/// FNV-1a over numbers and words, each set apart from the next.
struct Fingerprint(u64);

impl Fingerprint {
    fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn number(&mut self, number: u64) {
        self.bytes(&number.to_le_bytes());
    }

    fn time(&mut self, at: Timestamp) {
        self.number(at.millis() as u64);
    }

    fn calibrations(&mut self, calibrations: &[Calibration]) {
        self.number(calibrations.len() as u64);
        for c in calibrations {
            self.time(c.from);
            self.time(c.until.unwrap_or(Timestamp::from_millis(i64::MAX)));
            self.number(c.gain.to_bits());
            self.number(c.offset.to_bits());
            self.number(u64::from(c.unsound));
        }
    }

    fn placements(&mut self, placements: &[Placement]) {
        for placement in placements {
            self.time(placement.from);
            // No code holds these bytes.
            self.bytes(placement.zone.as_deref().unwrap_or("\u{1}").as_bytes());
            self.bytes(&[0]);
        }
    }
}

impl Shared {
    /// What the datastream's windows are made with now.
    pub(crate) fn basis(&self, entry: &Entry) -> u64 {
        let registry = self.registry();
        let mut print = Fingerprint(0xcbf2_9ce4_8422_2325);
        print.placements(placements(&registry, &entry.key));
        print.number(u64::from(self.period_s(&entry.key).unwrap_or(0)));
        print.calibrations(calibrations(&registry, &entry.key));
        if let Some(companion) = self.companion_key(entry) {
            print.calibrations(calibrations(&registry, &companion));
        }
        print.0
    }

    /// From when on the registry gives other windows than `before` did: the first instant of the first calibration that
    /// is not the same; always, where something else may have changed.
    pub(crate) fn differs_from(&self, before: &Snapshot, entry: &Entry) -> Timestamp {
        let always = Timestamp::from_millis(i64::MIN);
        let now = self.registry();
        let node_type = |snapshot: &Snapshot| snapshot.nodes.get(&entry.key.node).and_then(|n| n.node_type.clone());
        if placements(before, &entry.key) != placements(&now, &entry.key) || node_type(before) != node_type(&now) {
            return always;
        }
        let mut first: Option<Timestamp> = None;
        for key in std::iter::once(entry.key.clone()).chain(self.companion_key(entry)) {
            let (old, new) = (calibrations(before, &key), calibrations(&now, &key));
            let same = old.iter().zip(new).take_while(|(a, b)| a == b).count();
            first = old[same..].iter().chain(&new[same..]).map(|c| c.from).chain(first).min();
        }
        first.unwrap_or(always)
    }

    fn companion_key(&self, entry: &Entry) -> Option<DatastreamKey> {
        let code = self.quantity(entry)?.rule.companion()?;
        Some(DatastreamKey { quantity: code.into(), ..entry.key.clone() })
    }
}

fn calibrations<'a>(registry: &'a Snapshot, key: &DatastreamKey) -> &'a [Calibration] {
    registry.calibrations.get(key).map_or(&[], |held| held)
}

fn placements<'a>(registry: &'a Snapshot, key: &DatastreamKey) -> &'a [Placement] {
    registry.nodes.get(&key.node).map_or(&[], |node| &node.placements[..])
}
