//! The task that polls the broker's connection: it opens it again when it is gone, subscribes when the broker has forgotten,
//! and hands messages over.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rumqttc::{
    AsyncClient, ConnAck, ConnectReturnCode, ConnectionError, Event, EventLoop, Incoming, MqttOptions, Outgoing,
    Publish, QoS, SubAck, SubscribeFilter, SubscribeReasonCode,
};
use tokio::sync::{mpsc, watch};

use super::acks::{Epoch, Gate};
use super::session::{Session, SessionFile};
use super::state::BrokerState;
use super::take::Arrived;
use super::{BrokerConfig, config};
use crate::clock::Clock;
use crate::telemetry::delay::Delay;

const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// Requests to the client that wait: as many as there are packet identifiers, and then some.
const REQUESTS_MAX: usize = 66_000;
/// What MQTT allows. With less, a larger message in a session that is kept would end every connection anew.
const PACKET_BYTES_MAX: usize = 268_435_460;
/// We send nothing but subscriptions.
const OWN_PACKET_BYTES_MAX: usize = 1 << 20;
const RETRY_DELAY_MIN: Duration = Duration::from_millis(500);
const RETRY_DELAY_MAX: Duration = Duration::from_secs(30);
/// A connection that held for so long was a sound one.
const SOUND_AFTER: Duration = Duration::from_secs(10);
/// Where Mosquitto tells how many messages it has dropped.
const DROPPED_TOPIC: &str = "$SYS/broker/publish/messages/dropped";

/// The client, set to what a session that loses nothing needs.
pub(super) fn client(broker: &config::Broker) -> (AsyncClient, EventLoop) {
    let mut options = MqttOptions::new(&broker.client_id, &broker.host, broker.port);
    options
        .set_clean_session(false)
        .set_manual_acks(true)
        .set_keep_alive(KEEP_ALIVE)
        .set_max_packet_size(PACKET_BYTES_MAX, OWN_PACKET_BYTES_MAX);
    if let Some(name) = &broker.username {
        options.set_credentials(name, broker.password.as_ref().map_or("", |password| password.expose()));
    }
    let (client, mut events) = AsyncClient::new(options, REQUESTS_MAX);
    events.network_options.set_tcp_nodelay(true);
    (client, events)
}

/// The task.
pub(super) struct Connection {
    events: EventLoop,
    gate: Arc<Gate>,
    messages: mpsc::Sender<Arrived>,
    state: Arc<BrokerState>,
    clock: Arc<Clock>,
    file: Arc<SessionFile>,
    topics: Vec<String>,
    epoch: Epoch,
    session: u64,
    opened: Option<Instant>,
    /// Subscriptions that the broker has not answered, in the order they are answered in.
    asked: VecDeque<Vec<String>>,
    refused: Vec<String>,
    /// Whether the broker has answered our subscription in the session that it keeps.
    subscribed: bool,
    /// Whether it was told that the broker cannot be reached.
    told: bool,
    /// Whether to ask how many messages were dropped; a broker that ends the connection for it is not asked again.
    asks_dropped: bool,
    delay: Delay,
}

impl Connection {
    pub(super) fn new<I>(
        config: &BrokerConfig<I>,
        events: EventLoop,
        gate: Arc<Gate>,
        messages: mpsc::Sender<Arrived>,
    ) -> Self {
        Self {
            events,
            gate,
            messages,
            state: config.state.clone(),
            clock: config.clock.clone(),
            file: Arc::new(SessionFile::new(config.session_file.clone())),
            topics: config.broker.topics.clone(),
            epoch: 0,
            session: 0,
            opened: None,
            asked: VecDeque::new(),
            refused: Vec::new(),
            subscribed: false,
            told: false,
            asks_dropped: true,
            delay: Delay::new(RETRY_DELAY_MIN, RETRY_DELAY_MAX),
        }
    }

    /// Polls until the client has disconnected, or `stop` holds true while there is no connection.
    pub(super) async fn run(mut self, mut stop: watch::Receiver<bool>) {
        loop {
            // Not in a select: what it had read would be lost.
            match self.events.poll().await {
                Ok(Event::Incoming(Incoming::ConnAck(answer))) => self.connected(answer).await,
                Ok(Event::Incoming(Incoming::Publish(publish))) => self.hand_over(publish).await,
                Ok(Event::Incoming(Incoming::SubAck(answer))) => self.subscribed(&answer),
                Ok(Event::Outgoing(Outgoing::Disconnect)) => return,
                Ok(_) => {}
                Err(error) => {
                    let pause = self.lost(&error).await;
                    tokio::select! {
                        _ = stop.wait_for(|stop| *stop) => return,
                        () = tokio::time::sleep(pause) => {}
                    }
                }
            }
        }
    }

    async fn connected(&mut self, answer: ConnAck) {
        self.epoch += 1;
        self.opened = Some(Instant::now());
        self.asked.clear();
        self.refused.clear();
        self.gate.open(self.epoch);
        self.state.connected(self.clock.now(), answer.session_present);
        tracing::info!(broker = self.state.broker(), session_kept = answer.session_present, "connected to the broker");
        self.told = false;
        self.subscribed &= answer.session_present;
        if !self.subscribed {
            let given_up = self.take_session(answer.session_present).await;
            self.subscribe(given_up);
        }
    }

    /// Takes the session that the broker has kept, or begins one. Says which of its topics are no longer wanted.
    async fn take_session(&mut self, kept: bool) -> Vec<String> {
        let (file, broker, topics) = (self.file.clone(), self.state.broker().to_owned(), self.topics.clone());
        let taken = tokio::task::spawn_blocking(move || {
            let before = if kept { file.load(&broker) } else { None };
            let id = before.as_ref().map_or_else(|| getrandom::u64().unwrap_or_default(), |session| session.id);
            let session = Session { id, broker, topics };
            // Without the file, what an earlier run subscribed to stays, and a message without a time of its own that
            // comes again counts twice.
            if before.as_ref() != Some(&session)
                && let Err(error) = file.keep(&session)
            {
                tracing::warn!(%error, "the broker's session could not be kept in data_dir");
            }
            let left = before.into_iter().flat_map(|before| before.topics);
            (id, left.filter(|topic| !session.topics.contains(topic)).collect())
        });
        match taken.await {
            Ok((id, given_up)) => {
                self.session = id;
                given_up
            }
            Err(ended) => std::panic::resume_unwind(ended.into_panic()),
        }
    }

    fn subscribe(&mut self, given_up: Vec<String>) {
        let client = self.gate.client();
        for topic in given_up {
            // There is room: acknowledgements alone are as many as packet identifiers.
            let _ = client.try_unsubscribe(topic);
        }
        let filter = |topic: &String| SubscribeFilter::new(topic.clone(), QoS::AtLeastOnce);
        let _ = client.try_subscribe_many(self.topics.iter().map(filter));
        self.asked.push_back(self.topics.clone());
        if self.asks_dropped {
            let _ = client.try_subscribe(DROPPED_TOPIC, QoS::AtMostOnce);
            self.asked.push_back(Vec::new());
        }
    }

    fn subscribed(&mut self, answer: &SubAck) {
        let Some(topics) = self.asked.pop_front() else { return };
        if topics.is_empty() {
            return;
        }
        self.subscribed = true;
        let granted = SubscribeReasonCode::Success(QoS::AtLeastOnce);
        let refused = topics.into_iter().zip(&answer.return_codes).filter(|(_, code)| **code != granted);
        self.refused.extend(refused.map(|(topic, _)| topic));
        for topic in &self.refused {
            tracing::error!(broker = self.state.broker(), topic, "the broker does not grant QoS 1 on this topic");
        }
        self.state.granted(self.refused.clone());
    }

    async fn hand_over(&mut self, publish: Publish) {
        if publish.topic == DROPPED_TOPIC {
            let count = std::str::from_utf8(&publish.payload).ok().and_then(|text| text.trim().parse().ok());
            let more = count.map_or(0, |count| self.state.dropped(count));
            if more > 0 {
                tracing::warn!(
                    broker = self.state.broker(),
                    messages = more,
                    "the broker has dropped messages, of this or another client: see docs/broker.md"
                );
            }
            return;
        }
        let message = Arrived { epoch: self.epoch, session: self.session, publish };
        // Full: nothing is read until there is room. Gone: the gateway stops, and the broker keeps the message.
        let _ = self.messages.send(message).await;
    }

    /// The connection is gone. Says how long to wait before the next.
    async fn lost(&mut self, error: &ConnectionError) -> Duration {
        self.gate.close();
        // What was read and not handed over. It must not be taken for the next connection's; in a session that is lost
        // it would not come again.
        let left: Vec<Event> = self.events.state.events.drain(..).collect();
        for event in left {
            if let Event::Incoming(Incoming::Publish(publish)) = event {
                self.hand_over(publish).await;
            }
        }
        // Acknowledgements that passed the gate before it closed, and subscriptions: both are made anew.
        self.events.clean();
        self.events.pending.clear();
        self.events.state.collision = None;

        let held = self.opened.take().map(|opened| opened.elapsed());
        if held.is_some_and(|held| held >= SOUND_AFTER) {
            self.delay.reset();
        } else if held.is_some() {
            self.asks_dropped = false;
        }
        let for_a_person = matches!(
            error,
            ConnectionError::ConnectionRefused(
                ConnectReturnCode::BadUserNamePassword
                    | ConnectReturnCode::NotAuthorized
                    | ConnectReturnCode::BadClientId
            )
        );
        let pause = self.delay.next(for_a_person, getrandom::u32().unwrap_or(0));
        let pause_ms = pause.as_millis() as u64;
        self.state.disconnected(self.clock.now(), error.to_string());
        let broker = self.state.broker();
        if !std::mem::replace(&mut self.told, true) {
            tracing::warn!(broker, %error, pause_ms, "there is no connection to the broker");
        } else {
            tracing::debug!(broker, %error, pause_ms, "there is still no connection to the broker");
        }
        pause
    }
}
