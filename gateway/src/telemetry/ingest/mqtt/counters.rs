//! What the listener counts; the metrics read it.

use std::sync::atomic::{AtomicU64, Ordering};

/// The listener's counters. All rise only, but for [`Counters::connections_open`].
#[derive(Debug, Default)]
pub struct Counters {
    connections_open: AtomicU64,
    connections_total: AtomicU64,
    refused: [AtomicU64; Refusal::ALL.len()],
    taken_over: AtomicU64,
    timed_out: AtomicU64,
    malformed: AtomicU64,
    accept_failures: AtomicU64,
    publishes: AtomicU64,
    acks: AtomicU64,
    commands_sent: AtomicU64,
    commands_acked: AtomicU64,
    commands_too_large: AtomicU64,
    unknown_acks: AtomicU64,
}

/// Why a connection did not come to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// What came first is no CONNECT, or not one that can be read.
    #[error("no CONNECT that can be read")]
    Malformed,
    /// No whole CONNECT in time.
    #[error("no CONNECT in time")]
    ConnectTimeout,
    /// Neither MQTT 3.1.1 nor 5.
    #[error("protocol version not supported")]
    UnsupportedVersion,
    /// Neither user name nor client identifier names a node.
    #[error("neither user name nor client identifier is a node's name")]
    InvalidNode,
    /// An authentication method, of which there is none here.
    #[error("authentication method not supported")]
    AuthenticationMethod,
    /// A will with QoS 2.
    #[error("QoS 2 is not supported")]
    WillQos,
    /// Not enrolled.
    #[error("unknown node")]
    UnknownNode,
    /// Not its secret.
    #[error("wrong secret")]
    WrongSecret,
    /// Not its certificate.
    #[error("wrong certificate")]
    WrongCertificate,
    /// Revoked.
    #[error("revoked")]
    Revoked,
    /// No more nodes are enrolled.
    #[error("too many nodes")]
    LimitReached,
    /// No more connections are taken.
    #[error("too many connections")]
    ConnectionsFull,
    /// The registry or the journal cannot be used now.
    #[error("unavailable")]
    Unavailable,
    /// No TLS where TLS is spoken, or a handshake that came to nothing.
    #[error("no TLS handshake")]
    Handshake,
}

impl Refusal {
    /// Every refusal.
    pub const ALL: [Refusal; 14] = [
        Self::Malformed,
        Self::ConnectTimeout,
        Self::UnsupportedVersion,
        Self::InvalidNode,
        Self::AuthenticationMethod,
        Self::WillQos,
        Self::UnknownNode,
        Self::WrongSecret,
        Self::WrongCertificate,
        Self::Revoked,
        Self::LimitReached,
        Self::ConnectionsFull,
        Self::Unavailable,
        Self::Handshake,
    ];

    /// The code that metrics show.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::ConnectTimeout => "connect_timeout",
            Self::UnsupportedVersion => "unsupported_version",
            Self::InvalidNode => "invalid_node",
            Self::AuthenticationMethod => "authentication_method",
            Self::WillQos => "will_qos",
            Self::UnknownNode => "unknown_node",
            Self::WrongSecret => "wrong_secret",
            Self::WrongCertificate => "wrong_certificate",
            Self::Revoked => "revoked",
            Self::LimitReached => "limit_reached",
            Self::ConnectionsFull => "connections_full",
            Self::Unavailable => "unavailable",
            Self::Handshake => "handshake",
        }
    }
}

macro_rules! readers {
    ($($(#[$doc:meta])+ $name:ident)+) => {
        $($(#[$doc])+ pub fn $name(&self) -> u64 { self.$name.load(Ordering::Relaxed) })+
    };
}

impl Counters {
    readers! {
        /// Nodes connected now.
        connections_open
        /// Connections that were let in.
        connections_total
        /// Connections closed because their node connected again.
        taken_over
        /// Connections closed for silence, a packet that did not end, or a peer that took no bytes.
        timed_out
        /// Established connections closed for what is not MQTT, or not the MQTT agreed on.
        malformed
        /// Times that accepting failed for a reason of our own.
        accept_failures
        /// PUBLISH packets taken, refused ones included.
        publishes
        /// PUBACK packets sent.
        acks
        /// Commands sent to nodes, repetitions included.
        commands_sent
        /// Commands that nodes acknowledged.
        commands_acked
        /// Commands not sent because they are larger than the node's client takes.
        commands_too_large
        /// PUBACK packets for what was not sent on that connection.
        unknown_acks
    }

    /// Connections refused for that reason.
    pub fn refused(&self, refusal: Refusal) -> u64 {
        self.refused[refusal as usize].load(Ordering::Relaxed)
    }

    pub(super) fn refuse(&self, refusal: Refusal) {
        add(&self.refused[refusal as usize], 1);
    }

    pub(super) fn entered(&self) {
        add(&self.connections_open, 1);
        add(&self.connections_total, 1);
    }

    pub(super) fn left(&self) {
        self.connections_open.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn was_taken_over(&self) {
        add(&self.taken_over, 1);
    }

    pub(super) fn ran_out_of_time(&self) {
        add(&self.timed_out, 1);
    }

    pub(super) fn was_malformed(&self) {
        add(&self.malformed, 1);
    }

    pub(super) fn accept_failed(&self) {
        add(&self.accept_failures, 1);
    }

    pub(super) fn published(&self, count: u64) {
        add(&self.publishes, count);
    }

    pub(super) fn acknowledged(&self, count: u64) {
        add(&self.acks, count);
    }

    pub(super) fn sent_commands(&self, count: u64) {
        add(&self.commands_sent, count);
    }

    pub(super) fn took_command(&self) {
        add(&self.commands_acked, 1);
    }

    pub(super) fn left_out_commands(&self, count: u64) {
        add(&self.commands_too_large, count);
    }

    pub(super) fn took_unknown_ack(&self) {
        add(&self.unknown_acks, 1);
    }
}

fn add(counter: &AtomicU64, count: u64) {
    if count > 0 {
        counter.fetch_add(count, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_its_own_place_and_code() {
        let counters = Counters::default();
        for (n, refusal) in Refusal::ALL.into_iter().enumerate() {
            assert_eq!(refusal as usize, n, "{refusal:?}");
            counters.refuse(refusal);
            assert_eq!(counters.refused(refusal), 1);
            assert_eq!(Refusal::ALL.iter().filter(|other| other.code() == refusal.code()).count(), 1);
        }
    }
}
