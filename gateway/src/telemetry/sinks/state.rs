//! How a sink is doing, for pages, metrics and `/readyz`.

use std::time::Duration;

use crate::reading::Timestamp;

/// How a sink is doing. Counts of rows and bytes are since the process started.
#[derive(Clone, Debug, PartialEq)]
pub struct SinkState {
    /// Which sink: `influxdb`.
    pub name: &'static str,
    /// Where it sends, without user and password.
    pub url: String,
    /// The last change it is done with.
    pub cursor: u64,
    /// The store's newest change; `newest - cursor` is what waits.
    pub newest: u64,
    /// What it does now.
    pub phase: Phase,
    /// When the other store last took rows.
    pub last_success_at: Option<Timestamp>,
    /// The last trouble, kept after it has passed.
    pub last_error: Option<Trouble>,
    /// Something a person should look at, though sending goes on: the bucket was not found.
    pub warning: Option<String>,
    /// Rows the other store took.
    pub rows_sent: u64,
    /// Bytes of bodies it took, as sent: compressed when compression is on.
    pub bytes_sent: u64,
    /// Requests that failed or were refused.
    pub requests_failed: u64,
    /// Lines kept in quarantine, of earlier runs too.
    pub quarantined: u64,
}

/// What went wrong, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// When.
    pub at: Timestamp,
    /// What, for a person; without secrets.
    pub message: String,
}

/// What a sink does now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Not begun yet.
    Starting,
    /// All is sent.
    Idle,
    /// Sending.
    Sending,
    /// The other store is away or busy; the same rows are tried again.
    Waiting {
        /// When.
        until: Timestamp,
    },
    /// The other store cannot take rows until a person changes something; tried again slowly.
    Misconfigured {
        /// What to look at.
        why: String,
        /// When it is tried again.
        until: Timestamp,
    },
}

impl Phase {
    /// The word that metrics and APIs show.
    pub const fn code(&self) -> &'static str {
        match self {
            Phase::Starting => "starting",
            Phase::Idle => "idle",
            Phase::Sending => "sending",
            Phase::Waiting { .. } => "waiting",
            Phase::Misconfigured { .. } => "misconfigured",
        }
    }
}

impl SinkState {
    /// How many changes wait to be sent. A window revised while it waits counts once more.
    pub fn behind(&self) -> u64 {
        self.newest.saturating_sub(self.cursor)
    }

    /// How long until the next attempt, when the last one failed.
    pub fn retry_in(&self, now: Timestamp) -> Option<Duration> {
        match self.phase {
            Phase::Waiting { until } | Phase::Misconfigured { until, .. } => {
                Some(Duration::from_millis(until.millis_since(now).try_into().unwrap_or(0)))
            }
            Phase::Starting | Phase::Idle | Phase::Sending => None,
        }
    }
}
