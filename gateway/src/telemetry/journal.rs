//! The journal: what is received goes to disk here before it is acknowledged; the one durability point of the system.
//!
//! Records are bytes; what they mean is [`super::frame`]'s.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;

/// A record's place in the journal: 1 for the first record ever, never used again.
pub type Position = u64;

/// How many of one sender's records are on disk, in the order it gave them. A sender counts what it appended
/// and acknowledges what this says.
#[derive(Debug, Default)]
pub struct Receipts {
    committed: AtomicU64,
    changed: Notify,
}

impl Receipts {
    /// Records of this sender that are on disk.
    pub fn committed(&self) -> u64 {
        self.committed.load(Ordering::Acquire)
    }

    /// Waits until more than `seen` records are on disk, and says how many. Cancel-safe.
    pub async fn more_than(&self, seen: u64) -> u64 {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let committed = self.committed();
            if committed > seen {
                return committed;
            }
            changed.await;
        }
    }

    /// Says that `count` more records are on disk.
    pub fn commit(&self, count: u64) {
        self.committed.fetch_add(count, Ordering::Release);
        self.changed.notify_waiters();
    }
}

/// The journal has stopped: its disk failed. The process is about to stop too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the journal has stopped")]
pub struct Stopped;

/// The way into the journal, for the doors. Cheap to clone.
#[derive(Clone)]
pub struct Appender {}

impl Appender {
    /// Gives `record` to the journal and returns when it is queued, which takes as long as the queue is full;
    /// `receipts` counts it once it is on disk. Cancel-safe: a record whose call was dropped is not queued.
    ///
    /// # Errors
    /// [`Stopped`] when the journal's disk has failed.
    pub async fn append(&self, _record: Vec<u8>, _receipts: Arc<Receipts>) -> Result<(), Stopped> {
        unimplemented!()
    }
}
