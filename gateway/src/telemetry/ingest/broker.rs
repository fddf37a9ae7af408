//! An external broker: messages of a Mosquitto or EMQX that the city has already, through `rumqttc`.
//!
//! A message with QoS 1 is acknowledged to the broker when, and only when, the journal says that it is on disk; the broker
//! keeps the session, so that what was not acknowledged comes again after any end, ours or the broker's. While the journal
//! takes no more, nothing is read: the broker keeps what waits, within its own limits (`docs/broker.md`).
//!
//! Three tasks, since `rumqttc` forbids two things: its `poll` is not cancel-safe, so it has a task of its own and is never
//! in a `select!`; and who polls must not wait for room to acknowledge.
//!
//! ```text
//! connection: polls ── messages (bounded) ──► take: frames ──► journal
//!      ▲                                                          │ receipts
//!      └───────────── acknowledgements, of this connection ── acks ┘
//! ```
//!
//! A packet identifier means something on one connection only: each message carries the connection's epoch, and what is
//! left of an earlier one is never acknowledged on a later ([`acks::Gate`]). The broker sends it again, and its name makes
//! it count once.
//!
//! The broker has authenticated its nodes; the topic says who speaks. Which nodes are taken is still the registry's: see
//! [`super::Vouched`]. What is refused for a node that the registry does not know is kept under [`BROKER_NODE`], so that a
//! stranger cannot make the gateway remember names without end.

mod acks;
mod connection;
mod session;
mod state;
mod take;
mod topics;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

pub use state::{BrokerState, BrokerView, Trouble};

use super::Vouched;
use super::mqtt::Intake;
use crate::catalogue::Catalogue;
use crate::catalogue::mapping::Mappings;
use crate::clock::Clock;
use crate::config;
use crate::reading::{NodeId, RejectReason};
use crate::telemetry::frame::{Frame, FrameKind};
use acks::{Acks, Gate};
use connection::Connection;
use take::Take;

/// Whose refused messages are, when their node is not known or the topic names none.
pub const BROKER_NODE: &str = "_broker";
/// Messages between the task that polls and the one that makes frames. When full, nothing is read.
const MESSAGES_WAITING_MAX: usize = 256;
/// How long a stop waits for messages to be on disk and acknowledged.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);

/// The message as it would come in now, if it was refused because its node was not known, and it is `enrolled` now.
pub(in crate::telemetry) fn admitted_now(
    refused: &Frame,
    mappings: &Mappings,
    enrolled: impl Fn(&NodeId) -> bool,
) -> Option<Frame> {
    let FrameKind::Refused { reason: RejectReason::UnknownNode, topic } = &refused.kind else { return None };
    let (node, kind) = topics::judge(topic, refused.delivery.retained, &refused.payload, mappings).ok()?;
    let is_data = matches!(kind, FrameKind::Readings | FrameKind::Mapped { .. });
    (is_data && enrolled(&node)).then(|| Frame { kind, node, ..refused.clone() })
}

/// What it works with.
pub struct BrokerConfig<I> {
    /// The section `[broker]`.
    pub broker: config::Broker,
    /// Largest payload taken; a larger one is rejected as `oversized`.
    pub payload_bytes_max: usize,
    /// Where the session is remembered: its name for messages that are sent again, and its topics.
    pub session_file: PathBuf,
    /// Where frames go.
    pub intake: I,
    /// Which nodes are taken.
    pub vouched: Arc<dyn Vouched>,
    /// Makers' messages are told by its mappings.
    pub catalogue: Arc<Catalogue>,
    /// Stamps frames.
    pub clock: Arc<Clock>,
    /// What pages, metrics and readiness read.
    pub state: Arc<BrokerState>,
}

/// The way in through a broker.
pub struct Broker<I>(BrokerConfig<I>);

impl<I: Intake> Broker<I> {
    /// One that connects when it runs.
    pub fn new(config: BrokerConfig<I>) -> Self {
        Self(config)
    }

    /// Takes messages until `stop` holds true; then what is on disk within [`DRAIN_TIMEOUT`] is acknowledged.
    pub async fn run(self, stop: watch::Receiver<bool>) {
        let Self(config) = self;
        let (client, events) = connection::client(&config.broker);
        let gate = Arc::new(Gate::new(client.clone()));
        let acks = Arc::new(Acks::new(gate.clone(), config.state.clone()));
        let (messages, arrived) = mpsc::channel(MESSAGES_WAITING_MAX);
        let connection = Connection::new(&config, events, gate, messages);
        let polling = tokio::spawn(connection.run(stop.clone()));
        let acknowledging = tokio::spawn(acks.clone().run());
        // Ends with `stop`, or when the journal takes nothing any more.
        Take::new(config, acks.clone()).run(arrived, stop.clone()).await;
        let _ = tokio::time::timeout(DRAIN_TIMEOUT, acks.settled()).await;
        acknowledging.abort();
        // The poll that this cuts short is the last one.
        let _ = client.try_disconnect();
        let ending = polling.abort_handle();
        if tokio::time::timeout(DRAIN_TIMEOUT, polling).await.is_err() {
            ending.abort();
        }
    }
}
