//! The queue between senders, which wait while it is full, and the writer's thread, which takes all that has come.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;

use super::Receipts;

/// A record on its way to the disk.
pub(super) struct Queued {
    pub(super) record: Vec<u8>,
    pub(super) receipts: Arc<Receipts>,
}

impl AsRef<[u8]> for Queued {
    fn as_ref(&self) -> &[u8] {
        &self.record
    }
}

/// Bounded in bytes: a record counts from when it is queued until it is on disk.
pub(super) struct Queue {
    room: Semaphore,
    bytes_max: u32,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    records: Vec<Queued>,
    /// Whether the writer sleeps until a record comes: who brings one need not wake it otherwise.
    writer_sleeps: bool,
    room_made: bool,
    closed: bool,
}

/// Bytes that a record takes of the bound beside its own: what the queue itself keeps for it.
const RECORD_COST: usize = 64;

impl Queue {
    pub(super) fn new(bytes_max: u32) -> Queue {
        Queue {
            room: Semaphore::new(bytes_max as usize),
            bytes_max,
            state: Mutex::new(State::default()),
            changed: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cost(&self, record: &[u8]) -> u32 {
        // A record longer than the queue takes all of it.
        u32::try_from(record.len() + RECORD_COST).unwrap_or(u32::MAX).min(self.bytes_max)
    }

    /// Queues the record once there is room; false when the queue is closed.
    pub(super) async fn push(&self, record: Vec<u8>, receipts: Arc<Receipts>) -> bool {
        let Ok(room) = self.room.acquire_many(self.cost(&record)).await else { return false };
        let mut state = self.lock();
        if state.closed {
            return false;
        }
        room.forget();
        state.records.push(Queued { record, receipts });
        let sleeps = std::mem::take(&mut state.writer_sleeps);
        drop(state);
        if sleeps {
            self.changed.notify_one();
        }
        true
    }

    /// Waits for records and moves all into `out`, which is empty; false when there are none and will be none.
    pub(super) fn take(&self, out: &mut Vec<Queued>) -> bool {
        let mut state = self.lock();
        while state.records.is_empty() {
            if state.closed {
                return false;
            }
            state.writer_sleeps = true;
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.writer_sleeps = false;
        std::mem::swap(&mut state.records, out);
        true
    }

    /// Gives back the room of records that are on disk.
    pub(super) fn done<'a>(&self, records: impl Iterator<Item = &'a Queued>) {
        let bytes = records.map(|queued| self.cost(&queued.record) as usize).sum();
        self.room.add_permits(bytes);
    }

    /// Waits until there may be room on the disk again, at most for `timeout`; false when the queue was closed.
    pub(super) fn wait_for_disk(&self, timeout: Duration) -> bool {
        let waiting = |state: &mut State| !state.room_made && !state.closed;
        let waited = self.changed.wait_timeout_while(self.lock(), timeout, waiting);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.room_made = false;
        !state.closed
    }

    /// Segments were released: a writer that waits for the disk may try again.
    pub(super) fn disk_has_room(&self) {
        self.lock().room_made = true;
        self.changed.notify_one();
    }

    /// Takes no more records, and lets all who wait go.
    pub(super) fn close(&self) {
        self.room.close();
        self.lock().closed = true;
        self.changed.notify_one();
    }
}
