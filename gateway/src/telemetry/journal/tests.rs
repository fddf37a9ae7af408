//! The journal on a disk that forgets, against a model; and as its users see it, with threads and a real disk.

use std::sync::Arc;

use super::log::Log;
use super::reader::Reader;
use super::recovery::{self, Damage, Recovery, SurveyError};
use super::segment::ITEMS_AT;
use super::storage::Storage;
use super::storage::forgetful::Forgetful;
use super::{JournalConfig, Position};

mod crash;
mod damage;
mod running;
mod salvage;

/// Segments that hold a few records each, and whole sectors.
fn small() -> JournalConfig {
    JournalConfig {
        segment_bytes: ITEMS_AT + 960,
        bytes_max: 1 << 20,
        queue_bytes_max: 4096,
        record_bytes_max: 700,
        next_at_least: 1,
    }
}

fn open(disk: &Forgetful, config: JournalConfig) -> Result<(Log, Recovery), SurveyError> {
    recovery::open(Arc::new(disk.clone()), config)
}

fn reader(disk: &Forgetful, log: &Log, from: Position) -> Reader {
    Reader::new(Arc::new(disk.clone()), Arc::clone(log.index()), from)
}

fn read_all(disk: &Forgetful, log: &Log) -> Vec<(Position, Vec<u8>)> {
    let mut out = Vec::new();
    let mut reader = reader(disk, log, 1);
    while reader.next_batch(1000, &mut out).expect("a disk that reads") > 0 {}
    assert_eq!(reader.position(), log.index().lock().committed + 1);
    out
}

fn append_all(log: &mut Log, mut records: &[Vec<u8>]) {
    while !records.is_empty() {
        records = &records[log.append_group(records).expect("committed")..];
    }
}

fn records(numbers: std::ops::Range<u8>) -> Vec<Vec<u8>> {
    numbers.map(|number| vec![number; 40 + usize::from(number)]).collect()
}

fn names(disk: &Forgetful) -> Vec<String> {
    disk.list().expect("a list")
}
