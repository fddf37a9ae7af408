//! A journal that was cut or whose bytes were changed.

use super::*;
use crate::telemetry::journal::segment;
use crate::telemetry::journal::verify::look;

/// Three segments; the last holds two groups and was closed, or not.
fn journal(closed: bool) -> (Forgetful, Vec<(Position, Vec<u8>)>) {
    let disk = Forgetful::default();
    let (mut log, _) = open(&disk, small()).expect("new");
    append_all(&mut log, &records(1..29));
    append_all(&mut log, &records(29..31));
    append_all(&mut log, &records(31..34));
    if closed {
        log.close().expect("closed");
    }
    let all = read_all(&disk, &log);
    assert_eq!((all.len(), names(&disk).len()), (33, 3));
    (disk, all)
}

fn last_segment(disk: &Forgetful) -> (String, Position) {
    let name = names(disk).pop().expect("a segment");
    let segment::Named::Segment(first) = segment::named(&name) else { panic!("{name}") };
    (name, first)
}

#[test]
fn in_sectors_and_in_pages_the_same_bytes_are_written() {
    let pages = Forgetful::default();
    let sectors = Forgetful::by_sectors();
    let layouts = [&pages, &sectors].map(|disk| {
        let (mut log, _) = open(disk, small()).expect("new");
        for number in 1..60 {
            append_all(&mut log, &records(number..number + 1));
            assert_eq!(read_all(disk, &log).last().map(|(_, record)| record[0]), Some(number));
        }
        log.close().expect("closed");
        let state = log.index().lock();
        let ends: Vec<_> = state.segments.iter().map(|segment| (segment.first, segment.last, segment.end)).collect();
        // Beyond the end stand the zeros that stood there.
        for segment in &state.segments {
            let bytes = disk.bytes(&segment::name(segment.first));
            assert_eq!(bytes.len() as u64, small().segment_bytes);
            assert!(bytes[segment.end as usize..].iter().all(|byte| *byte == 0));
        }
        ends
    });
    assert_eq!(layouts[0], layouts[1]);
    // A journal that pages began goes on in sectors, and the other way round.
    for (disk, by_sectors) in [(pages, true), (sectors, false)] {
        let other = disk.copy_as(by_sectors);
        let (mut log, recovery) = open(&other, small()).expect("opened");
        assert_eq!((recovery.records, recovery.damaged), (59, vec![]));
        append_all(&mut log, &records(60..63));
        assert_eq!(read_all(&other, &log).len(), 62);
    }
}

/// Opens, goes on, and opens once more; returns what was found, and what was read at first and at last.
type Records = Vec<(Position, Vec<u8>)>;

fn go_on(disk: &Forgetful) -> (Recovery, Records, Records) {
    let (mut log, recovery) = open(disk, small()).expect("damage does not keep it from opening");
    let first = read_all(disk, &log);
    append_all(&mut log, &records(100..110));
    drop(log);
    let (log, again) = open(disk, small()).expect("opened again");
    assert_eq!(again.torn_bytes, 0);
    let last = read_all(disk, &log);
    assert_eq!(last[..first.len()], first);
    let appended: Vec<_> = last[first.len()..].iter().map(|(_, record)| record.clone()).collect();
    assert_eq!(appended, records(100..110));
    (recovery, first, last)
}

#[test]
fn cut_at_every_byte_of_its_last_segment_it_keeps_what_is_before() {
    let (disk, all) = journal(false);
    let (name, first) = last_segment(&disk);
    let bytes = disk.bytes(&name);
    for length in 0..bytes.len() {
        let disk = disk.copy();
        disk.put(&name, &bytes[..length]);
        let (recovery, kept, on) = go_on(&disk);
        assert_eq!(kept[..], all[..kept.len()], "cut at {length}");
        assert!(kept.len() >= first as usize - 1, "cut at {length}");
        assert!(recovery.damaged.iter().any(|damage| damage.segment == name), "cut at {length}: {recovery:?}");
        assert!(on[kept.len()].0 > 33, "cut at {length}: {} is given again", on[kept.len()].0);
    }
}

#[test]
fn a_changed_byte_costs_at_most_the_record_it_is_in_and_is_told() {
    for (closed, by_sectors) in [(false, false), (true, false), (false, true), (true, true)] {
        let (disk, all) = journal(closed);
        let disk = disk.copy_as(by_sectors);
        let (name, first) = last_segment(&disk);
        let bytes = disk.bytes(&name);
        let used = bytes.iter().rposition(|byte| *byte != 0).expect("not empty") + 1;
        let (log, _) = open(&disk.copy(), small()).expect("sound");
        // Before the mark of the last group, and after it.
        let last_group = ITEMS_AT as usize
            + record_scan(&bytes, log.index().lock().segments.back().and_then(|s| s.id).expect("an id"), first);
        for at in ITEMS_AT as usize..used {
            let disk = disk.copy();
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x41;
            disk.put(&name, &damaged);
            let (recovery, kept, _) = go_on(&disk);
            let lost: Vec<_> = all.iter().filter(|record| !kept.contains(record)).collect();
            assert!(lost.len() <= 1, "at {at}: {lost:?}");
            assert!(kept.iter().all(|record| all.contains(record)), "at {at}");
            let told: u64 = recovery.damaged.iter().map(|damage| damage.lost).sum();
            assert!(recovery.torn_bytes > 0 || !recovery.damaged.is_empty(), "at {at}");
            assert!(recovery.torn_bytes > 0 || told == lost.len() as u64, "at {at}: {recovery:?}");
            if at < last_group {
                assert!(recovery.damaged[0].before_durable, "at {at}: {recovery:?}");
                assert!(recovery.damaged[0].offset <= at as u64);
                assert!(recovery.damaged[0].offset + recovery.damaged[0].bytes > at as u64);
            }
        }
    }
}

/// Where the last mark begins, from the first item on.
fn record_scan(bytes: &[u8], id: u64, first: Position) -> usize {
    crate::telemetry::journal::record::scan(&bytes[ITEMS_AT as usize..], id, first - 1).last_mark
}

#[test]
fn a_changed_byte_in_one_copy_of_the_header_costs_nothing() {
    let (disk, all) = journal(false);
    let (name, _) = last_segment(&disk);
    for at in (0..64).chain(ITEMS_AT as usize - 64..ITEMS_AT as usize) {
        let disk = disk.copy();
        let mut bytes = disk.bytes(&name);
        bytes[at] ^= 0x41;
        disk.put(&name, &bytes);
        let (recovery, kept, _) = go_on(&disk);
        assert_eq!((recovery.damaged, kept), (vec![], all.clone()), "at {at}");
    }
}

#[test]
fn a_segment_without_a_header_is_stepped_over_and_told() {
    let (disk, all) = journal(false);
    let (name, first) = last_segment(&disk);
    let mut bytes = disk.bytes(&name);
    bytes[20] ^= 1;
    bytes[4096 + 20] ^= 1;
    let length = bytes.len() as u64;
    disk.put(&name, &bytes);
    let (recovery, kept, on) = go_on(&disk);
    assert_eq!(kept[..], all[..first as usize - 1]);
    assert!(on[kept.len()].0 > 33);
    let damage = Damage { segment: name, offset: 0, bytes: length, lost: 0, before_durable: true };
    assert_eq!(recovery.damaged, [damage]);
}

#[test]
fn a_segment_that_is_missing_is_told() {
    let (disk, _) = journal(true);
    let middle = names(&disk)[1].clone();
    disk.remove(&middle).expect("removed");
    let (recovery, kept, _) = go_on(&disk);
    assert_eq!(recovery.damaged.len(), 1);
    assert_eq!((recovery.damaged[0].lost, recovery.damaged[0].before_durable), (33 - kept.len() as u64, true));
}

#[test]
fn a_torn_tail_is_cut_once_and_is_no_damage_later() {
    let (disk, mut all) = journal(false);
    let (name, _) = last_segment(&disk);
    let mut bytes = disk.bytes(&name);
    // Where the segment ends, so that what is appended does not reach it.
    let end = bytes.len();
    bytes[end - 3..].copy_from_slice(b"???");
    disk.put(&name, &bytes);
    let (log, recovery) = open(&disk, small()).expect("opened");
    assert!(recovery.torn_bytes > 0 && recovery.damaged.is_empty(), "{recovery:?}");
    drop(log);
    let (mut log, recovery) = open(&disk, small()).expect("opened");
    assert_eq!((recovery.torn_bytes, recovery.damaged), (0, vec![]));
    let more: Vec<Vec<u8>> = vec![vec![9; 600]; 3];
    append_all(&mut log, &more);
    drop(log);
    let (log, recovery) = open(&disk, small()).expect("opened");
    assert_eq!(recovery.damaged, []);
    all.extend((34..).zip(more));
    assert_eq!(read_all(&disk, &log), all);
}

#[test]
fn a_newer_format_is_refused_untouched() {
    let (disk, _) = journal(true);
    let (name, _) = last_segment(&disk);
    let mut bytes = disk.bytes(&name);
    for copy in [0, 4096] {
        bytes[copy + 8] = 2;
        let checksum = crc32c::crc32c(&bytes[copy..copy + 60]);
        bytes[copy + 60..copy + 64].copy_from_slice(&checksum.to_le_bytes());
    }
    disk.put(&name, &bytes);
    disk.put("00000000000000000099.journal.new", b"");
    let before = names(&disk);
    let Err(error) = open(&disk, small()) else { panic!("opened") };
    assert!(matches!(error, SurveyError::Newer { found: 2, name: told } if told == name));
    assert_eq!(names(&disk), before);
}

#[test]
fn foreign_files_are_left_alone_and_unfinished_segments_go() {
    let (disk, all) = journal(true);
    disk.put("notes.txt", b"mine");
    disk.put("00000000000000000099.journal.new", b"");
    let (log, recovery) = open(&disk, small()).expect("opened");
    assert_eq!(recovery.foreign, ["notes.txt"]);
    assert_eq!(read_all(&disk, &log), all);
    assert!(!names(&disk).iter().any(|name| name.ends_with(".new")));
}

#[test]
fn verify_tells_what_is_damaged_and_changes_nothing() {
    let (disk, all) = journal(true);
    let sound = look(&disk).expect("a report");
    assert!(sound.is_sound());
    assert_eq!(sound.records(), all.len() as u64);
    assert!(sound.to_string().ends_with("sound: 33 records in 3 segments"), "{sound}");

    let (name, first) = last_segment(&disk);
    let mut bytes = disk.bytes(&name);
    // In the first record, which follows a mark.
    bytes[ITEMS_AT as usize + 16 + 20] ^= 1;
    disk.put(&name, &bytes);
    let damaged = look(&disk).expect("a report");
    assert!(!damaged.is_sound());
    assert_eq!(disk.bytes(&name), bytes);
    let length = 16 + all[first as usize - 1].1.len();
    let line = format!("  damage: {length} bytes at offset {}, at most 1 records lost, acknowledged", ITEMS_AT + 16);
    assert!(damaged.to_string().contains(&line), "{damaged}");
    assert!(damaged.to_string().ends_with("DAMAGED in 1 places; 32 sound records in 3 segments"), "{damaged}");
}
