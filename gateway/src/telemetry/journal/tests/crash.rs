//! Random operations and power cuts against a model.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::telemetry::journal::log::CommitError;

#[derive(Clone, Debug)]
enum Operation {
    /// Records of these lengths, in groups of so many.
    Append(Vec<usize>, usize),
    /// Everything before the committed position but so many.
    Release(u64),
    /// A clean stop and a start.
    Close,
    /// The process is killed: what was written is read again, synced or not.
    Kill,
    /// The power goes.
    Crash(u64),
    /// The power goes after so many operations of the disk, wherever that is, and then again at opening.
    CutAfter(u32, u64),
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        6 => (vec(0..250usize, 1..12), 1..6usize).prop_map(|(lengths, group)| Operation::Append(lengths, group)),
        2 => (0..20u64).prop_map(Operation::Release),
        1 => Just(Operation::Close),
        1 => Just(Operation::Kill),
        2 => any::<u64>().prop_map(Operation::Crash),
        4 => (0..30u32, any::<u64>()).prop_map(|(after, seed)| Operation::CutAfter(after, seed)),
    ]
}

/// What must be, may be and must not be in the journal.
#[derive(Default)]
struct Model {
    /// Receipted, or seen by a reader.
    kept: BTreeMap<Position, Vec<u8>>,
    /// Appended, but the disk failed before the receipt.
    perhaps: BTreeSet<Vec<u8>>,
    released: Position,
    appended: u32,
}

impl Model {
    fn record(&mut self, length: usize) -> Vec<u8> {
        self.appended += 1;
        let mut record = self.appended.to_le_bytes().to_vec();
        record.resize(4 + length, self.appended as u8);
        record
    }

    /// Appends; whether the disk lives.
    fn append(&mut self, log: &mut Log, records: &[Vec<u8>]) -> bool {
        let mut rest = records;
        while !rest.is_empty() {
            match log.append_group(rest) {
                Ok(count) => {
                    let last = log.index().lock().committed;
                    for (record, position) in rest[..count].iter().zip(last - count as u64 + 1..) {
                        assert!(self.kept.insert(position, record.clone()).is_none(), "{position} is given again");
                    }
                    rest = &rest[count..];
                }
                Err(error) => {
                    self.perhaps.extend(rest.iter().cloned());
                    return matches!(error, CommitError::Full(_));
                }
            }
        }
        true
    }

    fn check(&mut self, disk: &Forgetful, log: &Log, recovery: &Recovery) {
        assert!(!recovery.damaged.iter().any(|damage| damage.before_durable), "a crash is no damage: {recovery:?}");
        let read = read_all(disk, log);
        assert!(read.is_sorted_by(|(a, _), (b, _)| a < b));
        let newest = self.kept.last_key_value().map_or(0, |(newest, _)| *newest);
        assert!(log.index().lock().committed >= newest, "a position would be given again");
        let read: BTreeMap<Position, Vec<u8>> = read.into_iter().collect();
        for (position, record) in self.kept.range(self.released..) {
            assert_eq!(read.get(position), Some(record), "{position} was receipted");
        }
        for (position, record) in read {
            if let Some(kept) = self.kept.get(&position) {
                assert_eq!(*kept, record);
            } else {
                assert!(self.perhaps.remove(&record), "{position} was invented, or is there twice");
                self.kept.insert(position, record);
            }
        }
    }
}

/// Numbers that look random.
fn choices(mut seed: u64) -> impl FnMut() -> u32 {
    move || {
        seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (seed ^ seed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        ((mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb) >> 33) as u32
    }
}

fn run(disk: Forgetful, operations: Vec<Operation>, config: &JournalConfig) {
    let mut model = Model::default();
    let (mut log, _) = open(&disk, config.clone()).expect("new");
    let mut power_fails = None;
    for operation in operations {
        let mut alive = true;
        let mut stopped = false;
        match operation {
            Operation::Append(lengths, group) => {
                let records: Vec<Vec<u8>> = lengths.into_iter().map(|length| model.record(length)).collect();
                for group in records.chunks(group) {
                    alive = alive && model.append(&mut log, group);
                }
            }
            Operation::Release(but) => {
                let before = log.index().lock().committed.saturating_sub(but);
                model.released = model.released.max(before);
                alive = log.index().release(&disk, before).is_ok();
            }
            Operation::Close => {
                alive = log.close().is_ok();
                stopped = true;
            }
            Operation::Kill => alive = false,
            Operation::Crash(seed) => {
                disk.crash(choices(seed));
                alive = false;
            }
            Operation::CutAfter(operations, seed) => {
                disk.cut_power_after(operations);
                power_fails = Some(seed);
            }
        }
        if !alive || stopped {
            log = loop {
                if let Some(seed) = power_fails.take().filter(|_| !alive) {
                    disk.crash(choices(seed));
                }
                // An opening may be cut short as well.
                match open(&disk, config.clone()) {
                    Ok((log, recovery)) => {
                        model.check(&disk, &log, &recovery);
                        break log;
                    }
                    Err(_) => {
                        disk.crash(choices(7));
                        alive = false;
                    }
                }
            };
        }
    }
    disk.crash(choices(1));
    let (log, recovery) = open(&disk, config.clone()).expect("opened at last");
    model.check(&disk, &log, &recovery);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn what_was_receipted_survives_every_crash_in_order_and_once(operations in vec(operation(), 1..40)) {
        run(Forgetful::default(), operations, &small());
    }

    #[test]
    fn a_cap_that_is_reached_changes_nothing_of_that(operations in vec(operation(), 1..40)) {
        run(Forgetful::default(), operations, &JournalConfig { bytes_max: 3 * small().segment_bytes, ..small() });
    }

    #[test]
    fn nor_do_sectors_that_are_written_again_with_what_was_receipted_in_them(operations in vec(operation(), 1..40)) {
        run(Forgetful::by_sectors(), operations, &small());
    }
}
