//! The doors: whoever comes in is authenticated, held to its topics, and its message made a frame for the journal.

pub mod broker;
mod doors;
pub mod inbox;
pub mod mqtt;
pub mod serial;

use std::net::IpAddr;
use std::sync::Arc;

use crate::keys::Fingerprint;
use crate::reading::NodeId;

/// Decides who may come in. Calls block (a disk, a password hash): use a blocking thread.
pub trait Admission: Send + Sync + 'static {
    /// Whether `node` may come in with that secret; in open enrolment an unknown node is enrolled, durably, before this returns.
    ///
    /// # Errors
    /// [`Denied`] with the reason that the log and the ledger show.
    fn admit(&self, node: &NodeId, secret: Option<&[u8]>) -> Result<(), Denied>;

    /// As [`Self::admit`], of a node that comes from that address: who keeps the refused may keep it as well.
    ///
    /// # Errors
    /// [`Denied`], as before.
    fn admit_from(&self, node: &NodeId, secret: Option<&[u8]>, _from: IpAddr) -> Result<(), Denied> {
        self.admit(node, secret)
    }
}

/// Decides who may come in with a certificate. Calls block.
pub trait Certified: Send + Sync + 'static {
    /// Whether that certificate, whose signature and time were found good, lets `node` in.
    ///
    /// # Errors
    /// [`Denied`] with the reason.
    fn admit_certified(&self, node: &NodeId, certificate: &Fingerprint) -> Result<(), Denied>;
}

/// Decides about nodes that somebody else vouches for: an external broker, which has authenticated them, or the city's
/// own cable.
pub trait Vouched: Send + Sync + 'static {
    /// Whether `node` is enrolled and not revoked, by what memory holds. Does not block.
    fn is_enrolled(&self, node: &NodeId) -> bool;

    /// Whether `node` may come in without a secret; in open enrolment an unknown node is enrolled, durably, before this
    /// returns. Blocks.
    ///
    /// # Errors
    /// [`Denied`] with the reason.
    fn vouch(&self, node: &NodeId) -> Result<(), Denied>;
}

/// Why a node may not come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// Not enrolled, and enrolment is by claim.
    #[error("unknown node")]
    UnknownNode,
    /// The secret is not the one bound to the node, or is missing.
    #[error("wrong secret")]
    WrongSecret,
    /// The certificate shown is another node's, was revoked, or was never issued here.
    #[error("wrong certificate")]
    WrongCertificate,
    /// Revoked.
    #[error("revoked")]
    Revoked,
    /// `[limits] nodes_max` is reached.
    #[error("too many nodes")]
    LimitReached,
    /// The registry cannot be read; try again.
    #[error("registry unavailable")]
    Unavailable,
}

/// MQTT sessions that outlive a connection and a restart, and the commands that wait in them. Calls block.
pub trait Sessions: Send + Sync + 'static {
    /// The session of `node`, if it has one that has not expired.
    fn find(&self, node: &NodeId) -> Option<Session>;
    /// Keeps the session, durably, replacing any before.
    fn keep(&self, node: &NodeId, session: &Session);
    /// Forgets the session.
    fn forget(&self, node: &NodeId);
    /// Commands of `node` that were not acknowledged yet, oldest first.
    fn commands(&self, node: &NodeId) -> Vec<Command>;
    /// Marks the command as acknowledged by the node's client.
    fn delivered(&self, command: u64);
}

/// What outlives a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Random; names what the client sends again.
    pub id: u64,
    /// Whether the node subscribed to its commands, and with which QoS.
    pub commands_qos: Option<u8>,
    /// Seconds it is kept after the connection ends.
    pub expiry_s: u32,
}

/// A command that waits for its node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// Its number.
    pub id: u64,
    /// The native command frame to publish on `city/{node}/commands`.
    pub payload: Arc<[u8]>,
}
