//! Getting the sound records out: of files on a real disk, as they are found.

use std::fs;
use std::path::Path;

use super::*;
use crate::telemetry::journal::storage::Folder;
use crate::telemetry::journal::{Content, SalvageError, salvage, salvage_into, segment, verify};

/// Three segments on a real disk; the records that are in them.
fn journal(folder: &Path) -> Vec<(Position, Vec<u8>)> {
    let (mut log, _) = recovery::open(Arc::new(Folder::new(folder.to_owned())), small()).expect("new");
    append_all(&mut log, &records(1..34));
    log.close().expect("closed");
    (1..).zip(records(1..34)).collect()
}

fn segments(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}

fn got_out(folder: &Path) -> Vec<(Position, Vec<u8>)> {
    let mut got = Vec::new();
    salvage(folder, |position, record| {
        got.push((position, record.to_vec()));
        Ok(())
    })
    .expect("read");
    got
}

#[test]
fn a_new_journal_holds_what_was_sound_at_the_positions_it_had() {
    let (old, new) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let all = journal(old.path());
    // A hole in the middle of the second segment, and the third under another name.
    let paths = segments(old.path());
    assert_eq!(paths.len(), 3);
    let mut second = fs::read(&paths[1]).expect("read");
    let at = ITEMS_AT as usize + 200;
    second[at..at + 4].copy_from_slice(&[0xee; 4]);
    fs::write(&paths[1], &second).expect("written");
    fs::rename(&paths[2], old.path().join("FSCK0001.REC")).expect("renamed");
    fs::write(old.path().join("notes.txt"), "found on the disk").expect("written");
    let before: Vec<_> = segments(old.path()).iter().map(|path| fs::read(path).expect("read")).collect();

    let into = new.path().join("journal");
    let report = salvage_into(old.path(), &into).expect("salvaged");
    assert!(!report.is_whole());
    assert_eq!((report.files.len(), report.files[3].content.clone()), (4, Content::NoHeader));
    assert!(matches!(report.files[1].content, Content::Segment { holes: 1, lost: 1, .. }), "{report}");
    assert_eq!((report.records, report.span), (32, Some((1, 33))));
    let told = report.to_string();
    assert!(told.contains("at most 1 records lost") && told.contains("positions 1 to 33"), "{told}");

    // The new one is sound, opens, and goes on; the old one is as it was.
    let after: Vec<_> = segments(old.path()).iter().map(|path| fs::read(path).expect("read")).collect();
    assert_eq!(before, after);
    let verified = verify(&into).expect("read");
    assert!(verified.is_sound() && verified.records() == 32, "{verified}");
    let kept = got_out(&into);
    assert!(kept.iter().all(|record| all.contains(record)));
    let (log, recovery) = recovery::open(Arc::new(Folder::new(into)), JournalConfig::default()).expect("opens");
    assert_eq!((recovery.damaged, log.index().lock().committed), (Vec::new(), 33));
}

#[test]
fn cut_or_damaged_at_every_byte_of_its_last_segment_what_is_before_and_around_is_got_out() {
    let old = tempfile::tempdir().expect("a folder");
    let all = journal(old.path());
    let last = segments(old.path()).pop().expect("a segment");
    let bytes = fs::read(&last).expect("read");
    let segment::Named::Segment(first) = segment::named(&last.file_name().expect("a name").to_string_lossy()) else {
        panic!("{last:?}");
    };
    let used = bytes.iter().rposition(|byte| *byte != 0).expect("not empty") + 1;
    for at in (0..64).chain(ITEMS_AT as usize - 64..used) {
        fs::write(&last, &bytes[..at]).expect("written");
        let got = got_out(old.path());
        assert_eq!(got[..], all[..got.len()], "cut at {at}");
        assert!(got.len() as u64 >= first - 1, "cut at {at}");
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x41;
        fs::write(&last, &damaged).expect("written");
        let got = got_out(old.path());
        assert!(got.len() + 1 >= all.len() && got.iter().all(|record| all.contains(record)), "damaged at {at}");
    }
}

#[test]
fn copies_count_once_and_a_folder_in_use_is_not_written_into() {
    let old = tempfile::tempdir().expect("a folder");
    let all = journal(old.path());
    let paths = segments(old.path());
    fs::copy(&paths[1], old.path().join("copy")).expect("copied");
    let report = salvage(old.path(), |_, _| Ok(())).expect("read");
    assert_eq!(report.records, all.len() as u64);
    assert!(report.repeated > 0 && report.to_string().contains("got out before"), "{report}");
    let refused = salvage_into(old.path(), old.path());
    assert!(matches!(refused, Err(SalvageError::NotEmpty(_))), "{refused:?}");
    // A newer format is told and left alone.
    let newer = fs::read(&paths[0]).map(|mut bytes| {
        for at in [0, 4096] {
            bytes[at + 8] = 9;
            let checksum = crc32c::crc32c(&bytes[at..at + 60]);
            bytes[at + 60..at + 64].copy_from_slice(&checksum.to_le_bytes());
        }
        bytes
    });
    fs::write(&paths[0], newer.expect("read")).expect("written");
    let report = salvage(old.path(), |_, _| Ok(())).expect("read");
    assert!(report.files.iter().any(|file| file.content == Content::Newer(9)), "{report}");
}
