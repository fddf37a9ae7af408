//! End to end: the real binary, real peers, faults. What the tests in `tests/tests` share.
//!
//! Everything here looks at the gateway from outside, by the names it promises: its commands, its topics, its HTTP. The
//! tests are plain threads; each waits for conditions, never for a time to pass.

pub mod book;
pub mod broker;
pub mod crowd;
pub mod disk;
pub mod faults;
pub mod front;
pub mod gateway;
pub mod hook;
pub mod http;
pub mod ledger;
pub mod mail;
pub mod mix;
pub mod network;
pub mod node;
pub mod peer;
pub mod people;
pub mod producer;
pub mod random;
pub mod raw;
pub mod rows;
pub mod senml;
pub mod sensorthings;
pub mod tls;

use std::time::{Duration, Instant};

pub use gateway::Gateway;
pub use ledger::{Ledger, LedgerWatch};
pub use node::Node;

/// How long a condition may take to come true on a machine that is busy with other tests.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until `condition` gives something.
///
/// # Panics
/// When it does not within [`PATIENCE`]; says what was waited for.
pub fn wait_until<T>(what: &str, condition: impl FnMut() -> Option<T>) -> T {
    wait_longer(what, PATIENCE, condition)
}

/// As [`wait_until`], for what takes longer.
///
/// # Panics
/// When `condition` gives nothing within `patience`.
pub fn wait_longer<T>(what: &str, patience: Duration, mut condition: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = condition() {
            return found;
        }
        assert!(started.elapsed() < patience, "after {} s still waiting for {what}", patience.as_secs());
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Milliseconds since 1970 by this machine's clock.
///
/// # Panics
/// When that clock stands before 1970.
pub fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("it is past 1970");
    i64::try_from(since.as_millis()).expect("the clock is within 292 million years")
}
