//! Makes frames of messages and gives them to the journal, in the order of arrival.

use std::sync::Arc;

use rumqttc::{Publish, QoS};
use tokio::sync::{mpsc, watch};

use super::acks::{Acks, Epoch, Waiting};
use super::topics::{self, Refused};
use super::{BROKER_NODE, BrokerConfig};
use crate::reading::{NodeId, RejectReason};
use crate::telemetry::frame::{Delivery, Frame, FrameKind, Origin};
use crate::telemetry::ingest::Denied;
use crate::telemetry::ingest::doors::Doors;
use crate::telemetry::ingest::mqtt::Intake;

/// Bytes kept of a payload that is larger than may be.
const OVERSIZED_KEPT_MAX: usize = 4_096;

/// A message, and the connection it came on.
pub(super) struct Arrived {
    pub(super) epoch: Epoch,
    /// The session's random name.
    pub(super) session: u64,
    pub(super) publish: Publish,
}

/// The task that makes frames.
pub(super) struct Take<I> {
    config: BrokerConfig<I>,
    acks: Arc<Acks>,
    doors: Doors,
    nobody: NodeId,
}

impl<I: Intake> Take<I> {
    pub(super) fn new(config: BrokerConfig<I>, acks: Arc<Acks>) -> Self {
        let nobody = NodeId::new(BROKER_NODE).expect("a good name");
        Self { doors: Doors::new(config.vouched.clone()), config, acks, nobody }
    }

    /// Takes messages until `stop` holds true or the journal takes nothing any more. What was not taken is not acknowledged.
    pub(super) async fn run(mut self, mut arrived: mpsc::Receiver<Arrived>, mut stop: watch::Receiver<bool>) {
        let taking = async {
            while let Some(message) = arrived.recv().await {
                let waiting = Waiting { epoch: message.epoch, packet_id: message.publish.pkid };
                let frame = self.frame(message).await;
                self.acks.expect(waiting);
                if self.config.intake.append(frame.encode(), self.acks.receipts()).await.is_err() {
                    return;
                }
            }
        };
        tokio::select! {
            () = taking => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
    }

    async fn frame(&mut self, Arrived { session, publish, .. }: Arrived) -> Frame {
        let received_at = self.config.clock.now();
        let (node, kind) = self.judge(&publish).await;
        let refused = matches!(kind, FrameKind::Refused { .. });
        self.config.state.count_message(refused);
        let mut payload = Vec::from(publish.payload);
        if payload.len() > self.config.payload_bytes_max {
            payload.truncate(OVERSIZED_KEPT_MAX);
        }
        Frame {
            kind,
            node,
            origin: Origin::Broker,
            received_at,
            clock_suspect: self.config.clock.is_suspect(received_at),
            delivery: Delivery {
                session,
                packet_id: publish.pkid,
                at_least_once: publish.qos == QoS::AtLeastOnce,
                duplicate: publish.dup,
                retained: publish.retain,
            },
            payload,
        }
    }

    async fn judge(&mut self, publish: &Publish) -> (NodeId, FrameKind) {
        let mappings = &self.config.catalogue.mappings;
        let judged = topics::judge(&publish.topic, publish.retain, &publish.payload, mappings);
        let (node, told) = match judged {
            Ok((node, kind)) => (Some(node), Ok(kind)),
            Err(Refused { node, reason }) => (node, Err(reason)),
        };
        let admitted = match &node {
            Some(node) => self.doors.admit(node).await,
            None => Ok(()),
        };
        let (node, told) = match admitted {
            Ok(()) => (node, told),
            Err(Denied::LimitReached) => (None, Err(RejectReason::LimitReached)),
            Err(_) => (None, Err(RejectReason::UnknownNode)),
        };
        let oversized = publish.payload.len() > self.config.payload_bytes_max;
        let told = if oversized { Err(RejectReason::Oversized) } else { told };
        let node = node.unwrap_or_else(|| self.nobody.clone());
        let topic = || publish.topic.clone();
        (node, told.unwrap_or_else(|reason| FrameKind::Refused { reason, topic: topic() }))
    }
}
