//! Delivers messages as a node does: publishes with QoS 1, comes back when the connection breaks, and sends again what was
//! not acknowledged, until all is. It counts what it was acknowledged, and believes nothing else.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, bail};
use rumqttc::{AsyncClient, MqttOptions, QoS};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout};

use crate::demo::client::{Heard, poll};
use crate::demo::message::Message;
use crate::demo::supervisor::Addresses;
use crate::reading::NodeId;

/// Messages that are not acknowledged at a time.
const WINDOW: usize = 16;
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
const RETRY: Duration = Duration::from_millis(200);
/// After that long a gateway is not coming back.
const GIVE_UP_AFTER: Duration = Duration::from_secs(90);

/// Readings on their way, counted by those who send them.
#[derive(Debug, Default)]
pub(super) struct Flow {
    /// Acknowledged, each once.
    pub acknowledged: AtomicU64,
    /// Sent again.
    pub again: AtomicU64,
}

impl Flow {
    pub(super) fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::Relaxed)
    }

    pub(super) fn again(&self) -> u64 {
        self.again.load(Ordering::Relaxed)
    }
}

/// One node's way to the gateway.
pub(super) struct Sender {
    pub gateway: watch::Receiver<Option<Addresses>>,
    pub id: NodeId,
    pub secret: String,
    /// Between two messages.
    pub pace: Duration,
    pub flow: Arc<Flow>,
}

/// What is left to be done.
struct Left {
    messages: Vec<Message>,
    sent: Vec<bool>,
    waiting: VecDeque<usize>,
}

impl Sender {
    /// Delivers them all.
    ///
    /// # Errors
    /// The gateway did not take them in a minute and a half.
    pub(super) async fn deliver(mut self, messages: Vec<Message>) -> anyhow::Result<()> {
        let mut left = Left { sent: vec![false; messages.len()], waiting: (0..messages.len()).collect(), messages };
        let deadline = Instant::now() + GIVE_UP_AFTER;
        while !left.waiting.is_empty() {
            if Instant::now() > deadline {
                bail!("{}: {} messages are not acknowledged", self.id, left.waiting.len());
            }
            self.connection(&mut left).await?;
            if !left.waiting.is_empty() {
                tokio::time::sleep(RETRY).await;
            }
        }
        Ok(())
    }

    /// One connection, until all is acknowledged or it breaks.
    async fn connection(&mut self, left: &mut Left) -> anyhow::Result<()> {
        let found = timeout(GIVE_UP_AFTER, self.gateway.wait_for(Option::is_some)).await;
        let Some(at) = *found.context("the gateway is away")?? else { return Ok(()) };
        let mut options = MqttOptions::new(self.id.as_str(), at.mqtt.ip().to_string(), at.mqtt.port());
        options.set_credentials(self.id.as_str(), self.secret.as_str());
        options.set_clean_session(true).set_inflight(WINDOW as u16 * 2).set_max_packet_size(16 * 1_024, 64 * 1_024);
        let (client, mut events) = AsyncClient::new(options, WINDOW * 2);
        let mut network = events.network_options();
        network.set_tcp_nodelay(true);
        events.set_network_options(network);
        let (heard, mut hearing) = mpsc::channel(WINDOW * 4);
        let polling = tokio::spawn(poll(events, heard));
        if let Ok(Some(Heard::Connected)) = timeout(CONNECT_WITHIN, hearing.recv()).await {
            let flights = self.publish(&client, &mut hearing, left).await;
            // What was under way comes first on the next connection, in its order.
            flights.into_iter().rev().for_each(|(_, index)| left.waiting.push_front(index));
            let _ = client.try_disconnect();
            let leave = async { while hearing.recv().await.is_some() {} };
            let _ = timeout(Duration::from_millis(500), leave).await;
        }
        polling.abort();
        Ok(())
    }

    /// Publishes what is left; gives back what was under way when the connection broke.
    async fn publish(
        &self,
        client: &AsyncClient,
        hearing: &mut mpsc::Receiver<Heard>,
        left: &mut Left,
    ) -> VecDeque<(Option<u16>, usize)> {
        let topic = format!("city/{}/readings", self.id);
        let mut flights: VecDeque<(Option<u16>, usize)> = VecDeque::new();
        let mut tick = tokio::time::interval(self.pace);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while !(left.waiting.is_empty() && flights.is_empty()) {
            tokio::select! {
                heard = hearing.recv() => match heard {
                    Some(Heard::Sent(packet)) => {
                        if let Some(flight) = flights.iter_mut().find(|flight| flight.0.is_none()) {
                            flight.0 = Some(packet);
                        }
                    }
                    Some(Heard::Acknowledged(packet)) => {
                        if let Some(place) = flights.iter().position(|flight| flight.0 == Some(packet))
                            && let Some((_, index)) = flights.remove(place)
                        {
                            let readings = u64::from(left.messages[index].readings);
                            self.flow.acknowledged.fetch_add(readings, Ordering::Relaxed);
                        }
                    }
                    Some(Heard::Connected) => {}
                    Some(Heard::Broken(_)) | None => return flights,
                },
                _ = tick.tick(), if flights.len() < WINDOW && !left.waiting.is_empty() => {
                    let index = left.waiting[0];
                    let message = &left.messages[index];
                    if client.try_publish(&topic, QoS::AtLeastOnce, false, message.payload.clone()).is_ok() {
                        left.waiting.pop_front();
                        flights.push_back((None, index));
                        if std::mem::replace(&mut left.sent[index], true) {
                            self.flow.again.fetch_add(u64::from(message.readings), Ordering::Relaxed);
                        }
                    }
                }
            }
        }
        flights
    }
}
