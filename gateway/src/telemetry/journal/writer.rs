//! The writer's thread: takes what has queued, commits it, and only then tells the senders.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::{error, info, warn};

use super::log::{CommitError, Log};
use super::queue::Queued;
use super::{Failure, PauseReason, Receipts, Shared};

/// How long a full disk is left alone before it is tried again. A release tries at once.
const FULL_DISK_RETRY: Duration = Duration::from_secs(1);

pub(super) struct Writer {
    log: Log,
    shared: Arc<Shared>,
    /// Records of the group for each sender, to tell each once.
    senders: HashMap<usize, (Arc<Receipts>, u64)>,
}

impl Writer {
    pub(super) fn new(log: Log, shared: Arc<Shared>) -> Writer {
        Writer { log, shared, senders: HashMap::new() }
    }

    /// Runs until the queue is closed and empty, or the disk fails; the failure is then the shared state's.
    pub(super) fn run(mut self) {
        let mut records = Vec::new();
        let mut done = Ok(());
        while done.is_ok() && self.shared.queue.take(&mut records) {
            done = self.commit(&mut records);
        }
        match done.and_then(|()| self.log.close()) {
            Ok(()) => {}
            Err(CommitError::Full(_)) => {
                warn!(
                    records = records.len(),
                    "the journal closes with records that are not on disk, for want of room"
                );
            }
            Err(CommitError::Failed { doing, source }) => {
                error!(error = %source, "{doing} failed: the journal stops");
                self.shared.fail(Failure { doing, source: Arc::new(source) });
            }
        }
    }

    fn commit(&mut self, records: &mut Vec<Queued>) -> Result<(), CommitError> {
        let mut last_try = false;
        while !records.is_empty() {
            let began = Instant::now();
            match self.log.append_group(records) {
                Ok(count) => {
                    self.paused(None);
                    self.shared.count_group(count as u64, began.elapsed());
                    self.shared.queue.done(records[..count].iter());
                    self.tell(records.drain(..count));
                }
                Err(CommitError::Full(reason)) if !last_try => {
                    self.paused(Some(reason));
                    last_try = !self.shared.queue.wait_for_disk(FULL_DISK_RETRY);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn tell(&mut self, committed: impl Iterator<Item = Queued>) {
        for Queued { receipts, .. } in committed {
            self.senders.entry(Arc::as_ptr(&receipts) as usize).or_insert((receipts, 0)).1 += 1;
        }
        for (_, (receipts, count)) in self.senders.drain() {
            receipts.commit(count);
        }
    }

    fn paused(&mut self, reason: Option<PauseReason>) {
        let before = self.shared.set_paused(reason);
        match (before, reason) {
            (None, Some(PauseReason::Cap)) => {
                warn!("the journal is full: nothing is acknowledged until segments are released")
            }
            (None, Some(PauseReason::DiskFull)) => warn!("the disk is full: nothing is acknowledged until it has room"),
            (Some(_), None) => info!("the journal has room again"),
            _ => {}
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Senders must not wait for a thread that is gone.
        if std::thread::panicking() {
            let source = Arc::new(std::io::Error::other("its thread panicked"));
            self.shared.fail(Failure { doing: "writing the journal", source });
        }
    }
}
