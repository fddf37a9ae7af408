//! What the registry counts since it was opened.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::telemetry::ingest::Denied;

/// Refusals and failures.
#[derive(Debug, Default)]
pub struct Counters {
    denied: [AtomicU64; Counters::REASONS.len()],
    not_verified: AtomicU64,
    knocks_not_kept: AtomicU64,
    failures: AtomicU64,
}

impl Counters {
    const REASONS: [Denied; 6] = [
        Denied::UnknownNode,
        Denied::WrongSecret,
        Denied::WrongCertificate,
        Denied::Revoked,
        Denied::LimitReached,
        Denied::Unavailable,
    ];

    pub(super) fn deny(&self, denied: Denied) {
        let place = Self::REASONS.iter().position(|reason| *reason == denied).expect("REASONS holds every reason");
        self.denied[place].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_not_verified(&self) {
        self.not_verified.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_knock_not_kept(&self) {
        self.knocks_not_kept.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_failure(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
    }

    /// Nodes not let in, by reason.
    pub fn denied(&self) -> impl Iterator<Item = (Denied, u64)> {
        Self::REASONS.into_iter().zip(&self.denied).map(|(reason, n)| (reason, n.load(Ordering::Relaxed)))
    }

    /// Secrets that were not hashed, since the node showed too many.
    pub fn not_verified(&self) -> u64 {
        self.not_verified.load(Ordering::Relaxed)
    }

    /// Knocks that found no room in the list.
    pub fn knocks_not_kept(&self) -> u64 {
        self.knocks_not_kept.load(Ordering::Relaxed)
    }

    /// Times that the records could not be read or written.
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }
}
