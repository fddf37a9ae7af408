//! [`Node`]: an honest node. It keeps each message until it is acknowledged, and sends what is not again after the
//! connection was lost, as the design asks of nodes.
//!
//! rumqttc loses messages on a resumed session, so each connection gets a fresh event loop and a clean session, and this
//! file holds what is under way. One feeder hands messages over in order, so the n-th packet id that the loop reports is
//! the n-th message handed over.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use rumqttc::QoS;
use tokio::sync::mpsc;

use crate::gateway::{Address, Gateway};
use crate::{wait_longer, wait_until};

/// Messages under way at once; nodes may count on 200 at least.
const IN_FLIGHT: u16 = 200;
/// Largest packet either way.
const PACKET_BYTES_MAX: u32 = 256 * 1024;
/// Between two tries to connect.
const RETRY: Duration = Duration::from_millis(50);

/// Which MQTT a node speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// 3.1.1.
    V4,
    /// 5.
    V5,
}

/// Names a message of a node: the first is 0.
pub type Ticket = u64;

#[derive(Debug, Clone)]
struct Message {
    topic: String,
    payload: Vec<u8>,
    retain: bool,
}

#[derive(Debug, Default)]
struct State {
    /// Not acknowledged yet.
    held: BTreeMap<Ticket, Message>,
    handed_over: u64,
    acknowledged: u64,
    sent_again: u64,
    connections: u64,
    connected: bool,
    last_error: Option<String>,
    /// Reason codes of MQTT 5's PUBACKs that are no success.
    refusals: Vec<String>,
    /// Handed to the loop in this connection, packet id not known yet.
    unnamed: VecDeque<Ticket>,
    named: HashMap<u16, Ticket>,
}

/// An honest node.
#[derive(Debug)]
pub struct Node {
    name: String,
    messages: Option<mpsc::Sender<Message>>,
    state: Arc<Mutex<State>>,
    thread: Option<JoinHandle<()>>,
}

impl Node {
    /// A node that speaks MQTT 3.1.1 and shows a password.
    pub fn new(gateway: &Gateway, name: &str) -> Self {
        Self::with(gateway.mqtt(), name, Protocol::V4, "a secret of its own")
    }

    /// A node that speaks MQTT 5.
    pub fn new_v5(gateway: &Gateway, name: &str) -> Self {
        Self::with(gateway.mqtt(), name, Protocol::V5, "a secret of its own")
    }

    /// A node in full.
    pub fn with(address: Address, name: &str, protocol: Protocol, secret: &str) -> Self {
        let (messages, waiting) = mpsc::channel(1_000);
        let state = Arc::new(Mutex::new(State::default()));
        let life = Life {
            address,
            name: name.to_owned(),
            protocol,
            secret: secret.to_owned(),
            state: state.clone(),
            waiting: Arc::new(tokio::sync::Mutex::new(waiting)),
        };
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(life.live());
        });
        Self { name: name.to_owned(), messages: Some(messages), state, thread: Some(thread) }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Publishes on its topic for readings; waits only when very many wait already.
    pub fn publish(&self, payload: impl Into<Vec<u8>>) {
        self.publish_on(&format!("city/{}/readings", self.name), payload, false);
    }

    /// Publishes anywhere, with RETAIN or without.
    ///
    /// # Panics
    /// When its thread has panicked.
    pub fn publish_on(&self, topic: &str, payload: impl Into<Vec<u8>>, retain: bool) {
        let message = Message { topic: topic.to_owned(), payload: payload.into(), retain };
        self.state().handed_over += 1;
        let messages = self.messages.as_ref().expect("it is taken only by drop");
        messages.blocking_send(message).expect("its thread lives as long as it");
    }

    /// How many messages were acknowledged.
    pub fn acknowledged(&self) -> u64 {
        self.state().acknowledged
    }

    /// A count of acknowledged messages that others can hold.
    pub fn acknowledged_count(&self) -> impl Fn() -> u64 + Send + 'static {
        let state = self.state.clone();
        move || state.lock().expect("nobody panics while holding it").acknowledged
    }

    /// How many messages were sent again because a connection ended before they were acknowledged.
    pub fn sent_again(&self) -> u64 {
        self.state().sent_again
    }

    /// How many connections it has made.
    pub fn connections(&self) -> u64 {
        self.state().connections
    }

    /// Whether it is connected.
    pub fn is_connected(&self) -> bool {
        self.state().connected
    }

    /// What its last connection ended with, or why none came about.
    pub fn last_error(&self) -> Option<String> {
        self.state().last_error.clone()
    }

    /// PUBACKs of MQTT 5 that told another reason than success.
    pub fn refusals(&self) -> Vec<String> {
        self.state().refusals.clone()
    }

    /// Waits until it is connected.
    pub fn wait_connected(&self) {
        wait_until(&format!("{} to be connected", self.name), || self.is_connected().then_some(()));
    }

    /// Waits until all that was published is acknowledged.
    pub fn wait_acknowledged(&self) {
        wait_longer(&format!("the acknowledgements of {}", self.name), Duration::from_secs(180), || {
            let state = self.state();
            (state.acknowledged == state.handed_over).then_some(())
        });
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics while holding it")
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.messages = None;
        if let Some(thread) = self.thread.take()
            && !std::thread::panicking()
        {
            thread.join().expect("a node does not panic");
        }
    }
}

/// What the node's thread owns.
struct Life {
    address: Address,
    name: String,
    protocol: Protocol,
    secret: String,
    state: Arc<Mutex<State>>,
    waiting: Arc<tokio::sync::Mutex<mpsc::Receiver<Message>>>,
}

/// The loop of one connection, whichever MQTT it speaks.
enum Poll {
    V4(Box<rumqttc::EventLoop>),
    V5(Box<rumqttc::v5::EventLoop>),
}

/// Its client.
#[derive(Clone)]
enum Client {
    V4(rumqttc::AsyncClient),
    V5(rumqttc::v5::AsyncClient),
}

/// What a loop tells that matters here.
enum Told {
    Connected,
    Named(u16),
    Acknowledged(u16, Option<String>),
    Nothing,
}

impl Life {
    async fn live(self) {
        let mut next = 0;
        loop {
            let (client, mut events) = self.connection();
            let mut feeder = tokio::spawn(feed(client, self.state.clone(), self.waiting.clone(), next));
            let error = loop {
                tokio::select! {
                    told = events.poll() => match told {
                        Ok(told) => self.note(told),
                        Err(error) => break error,
                    },
                    // The node is dropped. Nothing is polled after this, so the poll that is cut short loses nothing.
                    _ = &mut feeder => return,
                }
            };
            feeder.abort();
            let _ = feeder.await;
            {
                let mut state = self.state.lock().expect("nobody panics while holding it");
                state.connected = false;
                state.last_error = Some(error);
                let sent = state.named.len() as u64;
                state.sent_again += sent;
                state.unnamed.clear();
                state.named.clear();
                next = state.acknowledged + state.held.len() as u64;
            }
            if self.waiting.lock().await.is_closed() {
                return;
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    fn connection(&self) -> (Client, Poll) {
        let address = self.address.get();
        let (host, port) = address.rsplit_once(':').unwrap_or(("127.0.0.1", "1"));
        let port = port.parse().expect("a port");
        match self.protocol {
            Protocol::V4 => {
                let mut options = rumqttc::MqttOptions::new(&self.name, host, port);
                options.set_credentials(&self.name, &self.secret).set_clean_session(true).set_inflight(IN_FLIGHT);
                options.set_keep_alive(Duration::from_secs(30));
                options.set_max_packet_size(PACKET_BYTES_MAX as usize, PACKET_BYTES_MAX as usize);
                let (client, mut events) = rumqttc::AsyncClient::new(options, usize::from(IN_FLIGHT));
                let mut network = rumqttc::NetworkOptions::new();
                network.set_tcp_nodelay(true);
                events.set_network_options(network);
                (Client::V4(client), Poll::V4(Box::new(events)))
            }
            Protocol::V5 => {
                let mut options = rumqttc::v5::MqttOptions::new(&self.name, host, port);
                options.set_credentials(&self.name, &self.secret).set_clean_start(true);
                options.set_outgoing_inflight_upper_limit(IN_FLIGHT).set_keep_alive(Duration::from_secs(30));
                options.set_max_packet_size(Some(PACKET_BYTES_MAX));
                let mut network = rumqttc::NetworkOptions::new();
                network.set_tcp_nodelay(true);
                options.set_network_options(network);
                let (client, events) = rumqttc::v5::AsyncClient::new(options, usize::from(IN_FLIGHT));
                (Client::V5(client), Poll::V5(Box::new(events)))
            }
        }
    }

    fn note(&self, told: Told) {
        let mut state = self.state.lock().expect("nobody panics while holding it");
        match told {
            Told::Connected => {
                state.connected = true;
                state.connections += 1;
            }
            Told::Named(packet_id) => {
                let ticket = state.unnamed.pop_front().expect("only what was handed over is sent");
                state.named.insert(packet_id, ticket);
            }
            Told::Acknowledged(packet_id, refusal) => {
                let ticket = state.named.remove(&packet_id).expect("only what was sent is acknowledged");
                state.held.remove(&ticket);
                state.acknowledged += 1;
                state.refusals.extend(refusal);
            }
            Told::Nothing => {}
        }
    }
}

/// Hands over what is held from connections before, then what is new. Ends when the node is dropped.
async fn feed(
    client: Client,
    state: Arc<Mutex<State>>,
    waiting: Arc<tokio::sync::Mutex<mpsc::Receiver<Message>>>,
    mut next: Ticket,
) {
    let held: Vec<(Ticket, Message)> = {
        let state = state.lock().expect("nobody panics while holding it");
        state.held.iter().map(|(ticket, message)| (*ticket, message.clone())).collect()
    };
    for (ticket, message) in held {
        hand_over(&client, &state, ticket, message).await;
    }
    let mut waiting = waiting.lock().await;
    while let Some(message) = waiting.recv().await {
        state.lock().expect("nobody panics while holding it").held.insert(next, message.clone());
        hand_over(&client, &state, next, message).await;
        next += 1;
    }
}

async fn hand_over(client: &Client, state: &Mutex<State>, ticket: Ticket, message: Message) {
    state.lock().expect("nobody panics while holding it").unnamed.push_back(ticket);
    let Message { topic, payload, retain } = message;
    // The loop is gone only when the connection is, and then this task is ended.
    let _ = match client {
        Client::V4(client) => client.publish(topic, QoS::AtLeastOnce, retain, payload).await.map_err(drop),
        Client::V5(client) => {
            client.publish(topic, rumqttc::v5::mqttbytes::QoS::AtLeastOnce, retain, payload).await.map_err(drop)
        }
    };
}

impl Poll {
    async fn poll(&mut self) -> Result<Told, String> {
        match self {
            Poll::V4(events) => {
                use rumqttc::{Event, Outgoing, Packet};
                Ok(match events.poll().await.map_err(|error| error.to_string())? {
                    Event::Incoming(Packet::ConnAck(_)) => Told::Connected,
                    Event::Incoming(Packet::PubAck(ack)) => Told::Acknowledged(ack.pkid, None),
                    Event::Outgoing(Outgoing::Publish(packet_id)) => Told::Named(packet_id),
                    _ => Told::Nothing,
                })
            }
            Poll::V5(events) => {
                use rumqttc::Outgoing;
                use rumqttc::v5::Event;
                use rumqttc::v5::mqttbytes::v5::{Packet, PubAckReason};
                Ok(match events.poll().await.map_err(|error| error.to_string())? {
                    Event::Incoming(Packet::ConnAck(_)) => Told::Connected,
                    Event::Incoming(Packet::PubAck(ack)) => {
                        let refusal = (ack.reason != PubAckReason::Success).then(|| format!("{:?}", ack.reason));
                        Told::Acknowledged(ack.pkid, refusal)
                    }
                    Event::Outgoing(Outgoing::Publish(packet_id)) => Told::Named(packet_id),
                    _ => Told::Nothing,
                })
            }
        }
    }
}
