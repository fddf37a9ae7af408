//! With its thread, as its users have it.

use std::time::Duration;

use super::*;
use crate::telemetry::journal::{AppendError, Journal, JournalError, PauseReason, Receipts, Status, Stopped, verify};

fn start(disk: &Forgetful, config: JournalConfig) -> Journal {
    Journal::open_in(Arc::new(disk.clone()), config).expect("opened").0
}

async fn until(journal: &Journal, wanted: impl Fn(&Status) -> bool) {
    let waited = tokio::time::timeout(Duration::from_secs(20), async {
        while !wanted(&journal.status()) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    assert!(waited.await.is_ok(), "{:?}", journal.status());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_senders_are_committed_in_groups_and_each_in_its_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let (journal, _) = Journal::open(&folder.path().join("journal"), JournalConfig::default()).expect("new");
    let senders: Vec<_> = (0..50u8)
        .map(|sender| {
            let appender = journal.appender();
            tokio::spawn(async move {
                let receipts = Arc::new(Receipts::default());
                for number in 0..200u8 {
                    appender.append(vec![sender, number], Arc::clone(&receipts)).await.expect("queued");
                }
                while receipts.more_than(199).await < 200 {}
            })
        })
        .collect();
    for sender in senders {
        sender.await.expect("receipted");
    }
    let status = journal.status();
    assert_eq!((status.records, status.committed), (10_000, 10_000));
    assert!(status.groups < 5_000, "{status:?}");

    let mut reader = journal.reader(1);
    assert!(reader.wait(Duration::ZERO));
    let mut next = [0; 50];
    let mut read = 0;
    while reader
        .read(64 << 10, |position, record| {
            read += 1;
            assert_eq!(position, read);
            assert_eq!(record[1], next[usize::from(record[0])]);
            next[usize::from(record[0])] += 1;
        })
        .expect("read")
        > 0
    {}
    assert_eq!(read, 10_000);
    assert!(!reader.wait(Duration::from_millis(1)));

    journal.close().expect("closed");
    let report = verify(&folder.path().join("journal")).expect("a report");
    assert!(report.is_sound());
    assert_eq!(report.records(), 10_000);
}

#[tokio::test]
async fn a_reader_that_waits_is_woken() {
    let disk = Forgetful::default();
    let journal = start(&disk, small());
    let mut reader = journal.reader(1);
    let thread = std::thread::spawn(move || {
        assert!(reader.wait(Duration::from_secs(20)));
        let mut out = Vec::new();
        reader.next_batch(100, &mut out).expect("read");
        out
    });
    journal.appender().append(b"one".to_vec(), Arc::default()).await.expect("queued");
    assert_eq!(thread.join().expect("read"), [(1, b"one".to_vec())]);
}

#[tokio::test]
async fn at_the_cap_it_pauses_and_goes_on_when_segments_are_released() {
    let disk = Forgetful::default();
    let config = JournalConfig { bytes_max: 2 * small().segment_bytes, ..small() };
    let journal = start(&disk, config.clone());
    let receipts = Arc::new(Receipts::default());
    let sender = tokio::spawn({
        let (appender, receipts) = (journal.appender(), Arc::clone(&receipts));
        async move {
            for record in records(0..100) {
                appender.append(record, Arc::clone(&receipts)).await.expect("queued");
            }
        }
    });
    until(&journal, |status| status.paused == Some(PauseReason::Cap)).await;
    let status = journal.status();
    assert_eq!(receipts.committed(), status.committed);
    assert!(status.committed < 100 && status.bytes <= status.bytes_max, "{status:?}");
    while journal.status().committed < 100 {
        let committed = journal.status().committed;
        journal.release(committed + 1).expect("released");
        until(&journal, |status| status.committed > committed).await;
        assert!(journal.status().bytes <= config.bytes_max);
    }
    receipts.more_than(99).await;
    sender.await.expect("all queued");
    assert_eq!(journal.status().paused, None);
}

#[tokio::test]
async fn a_full_disk_pauses_it_until_there_is_room() {
    let disk = Forgetful::default();
    disk.set_room(Some(small().segment_bytes));
    let journal = start(&disk, small());
    let receipts = Arc::new(Receipts::default());
    for record in records(0..20) {
        journal.appender().append(record, Arc::clone(&receipts)).await.expect("queued");
    }
    until(&journal, |status| status.paused == Some(PauseReason::DiskFull)).await;
    assert!(receipts.committed() < 20);
    assert!(!names(&disk).iter().any(|name| name.ends_with(".new")));
    disk.set_room(None);
    assert_eq!(tokio::time::timeout(Duration::from_secs(20), receipts.more_than(19)).await, Ok(20));
}

#[tokio::test]
async fn closed_while_it_is_paused_it_leaves_the_rest_unacknowledged() {
    let disk = Forgetful::default();
    disk.set_room(Some(0));
    let journal = start(&disk, small());
    let receipts = Arc::new(Receipts::default());
    journal.appender().append(b"one".to_vec(), Arc::clone(&receipts)).await.expect("queued");
    until(&journal, |status| status.paused.is_some()).await;
    journal.close().expect("closed");
    assert_eq!(receipts.committed(), 0);
}

#[tokio::test]
async fn a_failed_sync_stops_it_without_a_receipt() {
    let disk = Forgetful::default();
    let journal = start(&disk, small());
    let receipts = Arc::new(Receipts::default());
    let appender = journal.appender();
    appender.append(b"one".to_vec(), Arc::clone(&receipts)).await.expect("queued");
    receipts.more_than(0).await;
    disk.fail_syncs();
    appender.append(b"two".to_vec(), Arc::clone(&receipts)).await.expect("queued");
    let failure = journal.failed().await;
    assert_eq!(failure.doing, "syncing a segment");
    assert_eq!(receipts.committed(), 1);
    assert!(journal.status().failed);
    let refused = appender.append(b"three".to_vec(), Arc::clone(&receipts)).await;
    assert_eq!(refused, Err(AppendError::Stopped(Stopped)));
    assert_eq!(journal.close(), Err(Stopped));
    assert_eq!(receipts.committed(), 1);
}

#[tokio::test]
async fn a_full_queue_makes_senders_wait_and_a_call_that_is_dropped_queues_nothing() {
    let disk = Forgetful::default();
    disk.set_room(Some(0));
    let journal = start(&disk, JournalConfig { queue_bytes_max: 200, ..small() });
    let receipts = Arc::new(Receipts::default());
    let appender = journal.appender();
    appender.append(vec![1; 100], Arc::clone(&receipts)).await.expect("queued");
    let waits = appender.append(vec![2; 100], Arc::clone(&receipts));
    assert!(tokio::time::timeout(Duration::from_millis(50), waits).await.is_err(), "the queue is full");
    disk.set_room(None);
    appender.append(vec![3; 100], Arc::clone(&receipts)).await.expect("queued in time");
    receipts.more_than(1).await;
    journal.close().expect("closed");
    let (log, _) = open(&disk, small()).expect("opened");
    assert_eq!(read_all(&disk, &log), [(1, vec![1; 100]), (2, vec![3; 100])]);
}

#[tokio::test]
async fn a_record_that_is_too_long_is_refused() {
    let disk = Forgetful::default();
    let journal = start(&disk, small());
    let refused = journal.appender().append(vec![0; 701], Arc::default()).await;
    assert_eq!(refused, Err(AppendError::TooLong { bytes: 701, bytes_max: 700 }));
    let receipts = Arc::new(Receipts::default());
    journal.appender().append(vec![0; 700], Arc::clone(&receipts)).await.expect("queued");
    assert_eq!(receipts.more_than(0).await, 1);
}

#[test]
fn bounds_that_contradict_each_other_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    for config in [
        JournalConfig { segment_bytes: small().segment_bytes - 300, ..small() },
        JournalConfig { bytes_max: 2 * small().segment_bytes - 1, ..small() },
        JournalConfig { queue_bytes_max: 0, ..small() },
        JournalConfig { record_bytes_max: 1 << 30, ..small() },
    ] {
        assert!(matches!(Journal::open(folder.path(), config), Err(JournalError::Config(_))));
    }
}

#[test]
fn a_folder_is_opened_by_one_at_a_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let (journal, _) = Journal::open(folder.path(), small()).expect("opened");
    assert!(matches!(Journal::open(folder.path(), small()), Err(JournalError::Locked(_))));
    drop(journal);
    assert!(Journal::open(folder.path(), small()).is_ok());
}

#[test]
fn positions_go_on_over_many_openings_and_after_all_was_released() {
    let folder = tempfile::tempdir().expect("a folder");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    for opening in 0..20u64 {
        let (journal, recovery) = Journal::open(folder.path(), small()).expect("opened");
        assert_eq!((recovery.damaged.len(), recovery.torn_bytes), (0, 0));
        let receipts = Arc::new(Receipts::default());
        runtime.block_on(async {
            for record in records(0..7) {
                journal.appender().append(record, Arc::clone(&receipts)).await.expect("queued");
            }
            while receipts.more_than(6).await < 7 {}
        });
        let mut out = Vec::new();
        let mut reader = journal.reader(7 * opening + 1);
        while reader.next_batch(1 << 20, &mut out).expect("read") > 0 {}
        assert_eq!(
            out.iter().map(|(position, _)| *position).collect::<Vec<_>>(),
            (7 * opening + 1..=7 * opening + 7).collect::<Vec<_>>()
        );
        journal.release(Position::MAX).expect("released");
        assert!(journal.status().bytes <= small().segment_bytes);
    }
}

#[test]
fn positions_that_the_store_has_seen_are_not_given_again() {
    let disk = Forgetful::default();
    let (mut log, _) = open(&disk, JournalConfig { next_at_least: 1000, ..small() }).expect("new");
    append_all(&mut log, &records(1..3));
    drop(log);
    let (mut log, _) = open(&disk, JournalConfig { next_at_least: 2000, ..small() }).expect("opened");
    append_all(&mut log, &records(3..4));
    drop(log);
    let (log, recovery) = open(&disk, small()).expect("opened");
    assert_eq!(recovery.damaged, []);
    let positions: Vec<Position> = read_all(&disk, &log).into_iter().map(|(position, _)| position).collect();
    assert_eq!(positions, [1000, 1001, 2000]);
}
