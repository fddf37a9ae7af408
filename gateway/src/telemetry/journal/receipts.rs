//! [`Receipts`]: how a sender learns that its records are on disk.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;

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
