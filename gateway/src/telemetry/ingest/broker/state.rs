//! What is known of the connection to the broker: counted here, read by pages, metrics and readiness.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::reading::Timestamp;

/// The connection's state and counters, shared.
#[derive(Debug)]
pub struct BrokerState {
    broker: String,
    messages: AtomicU64,
    refused: AtomicU64,
    acks: AtomicU64,
    acks_stale: AtomicU64,
    connections: AtomicU64,
    sessions_new: AtomicU64,
    slow: Mutex<Slow>,
}

#[derive(Debug, Default)]
struct Slow {
    connected_since: Option<Timestamp>,
    last_error: Option<Trouble>,
    not_granted: Vec<String>,
    dropped_at_first: Option<u64>,
    dropped: u64,
}

/// The state at one moment.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct BrokerView {
    /// `host:port`.
    pub broker: String,
    /// Since when it is connected; none: it is not.
    pub connected_since: Option<Timestamp>,
    /// Messages taken.
    pub messages: u64,
    /// Messages among them that were refused, and kept with the reason.
    pub refused: u64,
    /// Acknowledgements given to the broker.
    pub acks: u64,
    /// Messages that were on disk after their connection was gone: the broker sends them again.
    pub acks_stale: u64,
    /// Connections made.
    pub connections: u64,
    /// Connections for which the broker had no session: what it had kept before, if anything, is gone.
    pub sessions_new: u64,
    /// The last trouble, mended or not.
    pub last_error: Option<Trouble>,
    /// Topics that the broker did not let the gateway subscribe to with QoS 1.
    pub not_granted: Vec<String>,
    /// Messages, of whatever client, that the broker has dropped since the gateway began to look, where it tells.
    pub dropped_by_broker: u64,
}

/// Something that went wrong.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Trouble {
    /// When.
    pub at: Timestamp,
    /// What.
    pub message: String,
}

impl BrokerState {
    /// Nothing has happened yet.
    pub fn new(broker: &str) -> Self {
        let counter = AtomicU64::default;
        Self {
            broker: broker.to_owned(),
            messages: counter(),
            refused: counter(),
            acks: counter(),
            acks_stale: counter(),
            connections: counter(),
            sessions_new: counter(),
            slow: Mutex::default(),
        }
    }

    /// The state now.
    pub fn view(&self) -> BrokerView {
        let slow = self.slow();
        BrokerView {
            broker: self.broker.clone(),
            connected_since: slow.connected_since,
            messages: self.messages.load(Relaxed),
            refused: self.refused.load(Relaxed),
            acks: self.acks.load(Relaxed),
            acks_stale: self.acks_stale.load(Relaxed),
            connections: self.connections.load(Relaxed),
            sessions_new: self.sessions_new.load(Relaxed),
            last_error: slow.last_error.clone(),
            not_granted: slow.not_granted.clone(),
            dropped_by_broker: slow.dropped.saturating_sub(slow.dropped_at_first.unwrap_or(slow.dropped)),
        }
    }

    pub(super) fn broker(&self) -> &str {
        &self.broker
    }

    pub(super) fn count_message(&self, refused: bool) {
        self.messages.fetch_add(1, Relaxed);
        self.refused.fetch_add(u64::from(refused), Relaxed);
    }

    pub(super) fn count_ack(&self) {
        self.acks.fetch_add(1, Relaxed);
    }

    pub(super) fn count_stale_ack(&self) {
        self.acks_stale.fetch_add(1, Relaxed);
    }

    pub(super) fn connected(&self, at: Timestamp, session_present: bool) {
        self.connections.fetch_add(1, Relaxed);
        self.sessions_new.fetch_add(u64::from(!session_present), Relaxed);
        self.slow().connected_since = Some(at);
    }

    pub(super) fn disconnected(&self, at: Timestamp, message: String) {
        let mut slow = self.slow();
        slow.last_error = Some(Trouble { at, message });
        slow.connected_since = None;
    }

    pub(super) fn granted(&self, refused: Vec<String>) {
        self.slow().not_granted = refused;
    }

    /// The broker tells how many messages it has dropped since it started. Says how many more than it told before.
    pub(super) fn dropped(&self, count: u64) -> u64 {
        let mut slow = self.slow();
        match slow.dropped_at_first {
            // It was started again, and counts from 0.
            Some(_) if count < slow.dropped => slow.dropped_at_first = Some(0),
            Some(_) => {}
            None => {
                slow.dropped_at_first = Some(count);
                slow.dropped = count;
            }
        }
        let before = if count < slow.dropped { 0 } else { slow.dropped };
        slow.dropped = count;
        count - before
    }

    fn slow(&self) -> MutexGuard<'_, Slow> {
        self.slow.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BrokerView {
    /// What a person should know.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.connected_since.is_none() {
            let why = self.last_error.as_ref().map_or("not yet", |trouble| &trouble.message);
            warnings.push(format!("the broker {} is not connected: {why}", self.broker));
        }
        if !self.not_granted.is_empty() {
            let topics = self.not_granted.join(", ");
            warnings.push(format!("the broker {} does not grant QoS 1 on {topics}", self.broker));
        }
        if self.dropped_by_broker > 0 {
            warnings.push(format!(
                "the broker {} has dropped {} messages, of this or another client: its queues are too short (docs/broker.md)",
                self.broker, self.dropped_by_broker
            ));
        }
        warnings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_broker_dropped_counts_from_the_first_look_and_through_its_restart() {
        let state = BrokerState::new("b");
        state.connected(Timestamp::default(), true);
        assert_eq!((state.dropped(40), state.view().dropped_by_broker), (0, 0));
        assert_eq!((state.dropped(43), state.view().dropped_by_broker), (3, 3));
        assert!(state.view().warnings()[0].contains("dropped 3 messages"));
        assert_eq!((state.dropped(2), state.view().dropped_by_broker), (2, 2));
        assert_eq!(state.dropped(2), 0);
    }
}
