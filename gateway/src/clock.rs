//! The gateway's own clock, and whether it is to be believed.
//!
//! Only thin drivers hold a [`Clock`]; the stages are handed times.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::reading::Timestamp;

/// Reads the system's clock and knows an instant before which it cannot be right.
#[derive(Debug)]
pub struct Clock {
    floor_ms: AtomicI64,
}

impl Clock {
    /// A clock that is not believed before `floor`: the build's date, or the journal's last entry.
    pub fn new(floor: Timestamp) -> Self {
        Self { floor_ms: AtomicI64::new(floor.millis()) }
    }

    /// Raises the floor to `seen`, the latest `received_at` found in the journal.
    pub fn raise_floor(&self, seen: Timestamp) {
        self.floor_ms.fetch_max(seen.millis(), Ordering::Relaxed);
    }

    /// Now, by the system's clock.
    pub fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis());
        Timestamp::from_millis(i64::try_from(since).unwrap_or(i64::MAX))
    }

    /// Whether `now` is before the floor: then nothing is judged by its time.
    pub fn is_suspect(&self, now: Timestamp) -> bool {
        now.millis() < self.floor_ms.load(Ordering::Relaxed)
    }
}
