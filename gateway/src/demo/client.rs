//! A node of the demonstration as an MQTT client: publishes with QoS 1, remembers how far it was acknowledged, comes back.
//!
//! rumqttc loses queued publishes when a session resumes, so each connection is a new client with a new session, and
//! whatever was not acknowledged is made and published again: sources give the same samples each time. The gateway tells
//! by their names that they are the same.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::tz::TimeZone;
use protocols::native::{Frame, NodeState, Status};
use rumqttc::{AsyncClient, Event, EventLoop, LastWill, MqttOptions, Outgoing, Packet, QoS};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout};

use super::city::CityNode;
use super::folder::Kept;
use super::message::{Message, Naming, messages};
use crate::reading::Timestamp;

/// Messages of one node that are not acknowledged at a time.
const WINDOW: usize = 16;
/// How much of a backlog is made at once.
const STRETCH_MS: i64 = 3 * 3_600_000;
/// How often a node looks whether something is due.
const TICK: Duration = Duration::from_millis(250);
/// How long a leaving node waits for what is under way.
const LEAVE_WITHIN: Duration = Duration::from_secs(2);
const RETRY_MIN: Duration = Duration::from_millis(200);
const RETRY_MAX: Duration = Duration::from_secs(3);

/// What all nodes tell of how they get on.
#[derive(Default)]
pub(super) struct Progress {
    /// Readings acknowledged in this run.
    pub readings: AtomicU64,
    /// Messages acknowledged in this run.
    pub messages: AtomicU64,
    /// Nodes that are connected.
    pub connected: AtomicU64,
    /// Nodes that have delivered what they had kept.
    pub delivered: AtomicU64,
    /// The node that was acknowledged last, and the last trouble that a node had.
    last: Mutex<(String, Option<String>)>,
}

impl Progress {
    /// The node that was acknowledged last.
    pub(super) fn last_node(&self) -> String {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    /// The last trouble that a node had, once.
    pub(super) fn take_trouble(&self) -> Option<String> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).1.take()
    }

    fn trouble(&self, what: String) {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).1 = Some(what);
    }
}

/// What every node needs of its surroundings.
#[derive(Clone)]
pub(super) struct Surroundings {
    /// Where the gateway is; none while it is away.
    pub gateway: watch::Receiver<Option<SocketAddr>>,
    /// Says when to leave.
    pub stop: watch::Receiver<bool>,
    /// Where all tell how they get on.
    pub progress: Arc<Progress>,
    /// The city's time zone.
    pub zone: TimeZone,
}

/// The client of one node.
pub(super) struct NodeClient {
    node: CityNode,
    kept: Arc<Mutex<Kept>>,
    around: Surroundings,
    delivered: bool,
}

/// What came of a connection.
enum Ended {
    /// It broke, or was never made.
    Broken,
    /// The node was told to leave.
    Left,
}

/// A message under way.
struct Flight {
    packet: Option<u16>,
    /// How far the node has come with it; none for a status.
    reached: Option<(Timestamp, u32, u32)>,
}

/// What is under way on one connection. Packets get their numbers in the order they were given, and may be acknowledged
/// in any.
#[derive(Default)]
struct InFlight {
    flights: VecDeque<Flight>,
}

impl InFlight {
    fn sent(&mut self, packet: u16) {
        if let Some(flight) = self.flights.iter_mut().find(|flight| flight.packet.is_none()) {
            flight.packet = Some(packet);
        }
    }

    /// Takes the acknowledgement of a packet, and gives what thereby is acknowledged without a gap.
    fn acknowledged(&mut self, packet: u16, done: &mut Vec<(Timestamp, u32, u32)>) {
        const DONE: Option<u16> = Some(0);
        if let Some(flight) = self.flights.iter_mut().find(|flight| flight.packet == Some(packet)) {
            flight.packet = DONE;
        }
        while self.flights.front().is_some_and(|flight| flight.packet == DONE) {
            done.extend(self.flights.pop_front().and_then(|flight| flight.reached));
        }
    }
}

impl NodeClient {
    /// The client of `node`, which goes on where `kept` says.
    pub(super) fn new(node: CityNode, kept: Arc<Mutex<Kept>>, around: Surroundings) -> Self {
        Self { node, kept, around, delivered: false }
    }

    /// Publishes what the node measures until it is told to leave.
    pub(super) async fn run(mut self) {
        let mut delay = RETRY_MIN;
        loop {
            let Some(address) = self.gateway().await else { return };
            let began = Instant::now();
            if let Ended::Left = self.connection(address).await {
                return;
            }
            if began.elapsed() > RETRY_MAX {
                delay = RETRY_MIN;
            }
            let mut stop = self.around.stop.clone();
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(delay) => {}
            }
            delay = (delay * 2).min(RETRY_MAX);
        }
    }

    /// Where the gateway is, when it is there; none when it is time to leave.
    async fn gateway(&mut self) -> Option<SocketAddr> {
        let mut stop = self.around.stop.clone();
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => None,
            address = self.around.gateway.wait_for(Option::is_some) => address.ok().and_then(|address| *address),
        }
    }

    async fn connection(&mut self, address: SocketAddr) -> Ended {
        let (client, events) = self.connect(address);
        let (heard, mut hearing) = mpsc::channel(WINDOW * 4);
        let poll = tokio::spawn(poll(events, heard));
        let ended = self.talk(&client, &mut hearing).await;
        if let Ended::Left = ended {
            let _ = client.try_disconnect();
            // Nothing more is heard: the channel must not hold the poll up.
            let drain = async { while hearing.recv().await.is_some() {} };
            let _ = timeout(LEAVE_WITHIN, drain).await;
        }
        poll.abort();
        ended
    }

    fn connect(&self, address: SocketAddr) -> (AsyncClient, EventLoop) {
        let id = self.node.id.as_str();
        let mut options = MqttOptions::new(id, address.ip().to_string(), address.port());
        options.set_credentials(id, self.kept().secret.as_str());
        options.set_keep_alive(Duration::from_secs(60));
        options.set_clean_session(true);
        options.set_inflight(WINDOW as u16 * 2);
        options.set_max_packet_size(16 * 1_024, 64 * 1_024);
        options.set_last_will(LastWill::new(
            self.topic("status"),
            self.status(NodeState::Offline),
            QoS::AtLeastOnce,
            true,
        ));
        let (client, mut events) = AsyncClient::new(options, WINDOW * 2 + 4);
        let mut network = events.network_options();
        network.set_tcp_nodelay(true);
        events.set_network_options(network);
        (client, events)
    }

    async fn talk(&mut self, client: &AsyncClient, hearing: &mut mpsc::Receiver<Heard>) -> Ended {
        match hearing.recv().await {
            Some(Heard::Connected) => {}
            Some(Heard::Broken(why)) => {
                self.around.progress.trouble(format!("{}: {why}", self.node.id));
                return Ended::Broken;
            }
            _ => return Ended::Broken,
        }
        self.around.progress.connected.fetch_add(1, Ordering::Relaxed);
        let ended = self.publish(client, hearing).await;
        self.around.progress.connected.fetch_sub(1, Ordering::Relaxed);
        ended
    }

    async fn publish(&mut self, client: &AsyncClient, hearing: &mut mpsc::Receiver<Heard>) -> Ended {
        let (mut made, mut naming) = {
            let kept = self.kept();
            (kept.through, kept.naming)
        };
        let mut in_flight = InFlight::default();
        let mut waiting: VecDeque<Message> = VecDeque::new();
        let mut stop = self.around.stop.clone();
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut leave_at: Option<Instant> = None;
        let mut offline_told = false;
        self.send_status(client, NodeState::Online, &mut in_flight);
        loop {
            if leave_at.is_none() {
                self.make_due(&mut made, &mut naming, &mut waiting, in_flight.flights.is_empty());
            }
            while leave_at.is_none()
                && in_flight.flights.len() < WINDOW
                && let Some(message) = waiting.pop_front()
            {
                let reached = Some((message.through, message.next_sequence, message.readings));
                self.send(client, "readings", message.payload, reached, &mut in_flight);
            }
            if let Some(deadline) = leave_at {
                if in_flight.flights.is_empty() && !offline_told {
                    offline_told = true;
                    self.send_status(client, NodeState::Offline, &mut in_flight);
                } else if in_flight.flights.is_empty() || Instant::now() > deadline {
                    return Ended::Left;
                }
            }
            tokio::select! {
                heard = hearing.recv() => match heard {
                    Some(Heard::Sent(packet)) => in_flight.sent(packet),
                    Some(Heard::Acknowledged(packet)) => self.acknowledge(packet, &mut in_flight),
                    Some(Heard::Connected) => {}
                    Some(Heard::Broken(_)) | None => return if leave_at.is_some() { Ended::Left } else { Ended::Broken },
                },
                _ = stop.wait_for(|stop| *stop), if leave_at.is_none() => leave_at = Some(Instant::now() + LEAVE_WITHIN),
                _ = tick.tick() => {}
            }
        }
    }

    /// Makes the next messages, when those made before are on their way.
    fn make_due(&mut self, made: &mut Timestamp, naming: &mut Naming, waiting: &mut VecDeque<Message>, quiet: bool) {
        let now = now();
        if !waiting.is_empty() || *made >= now {
            return;
        }
        let until = now.min(made.plus_millis(STRETCH_MS));
        let samples = self.node.source.between(*made, until, &self.around.zone);
        *made = until;
        waiting.extend(messages(&self.node.id, self.node.dialect, naming, &samples));
        if until == now && quiet && waiting.is_empty() && !self.delivered {
            self.delivered = true;
            self.around.progress.delivered.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn acknowledge(&mut self, packet: u16, in_flight: &mut InFlight) {
        let mut done = Vec::new();
        in_flight.acknowledged(packet, &mut done);
        let progress = &self.around.progress;
        for (through, sequence, readings) in done {
            let mut kept = self.kept();
            kept.through = through;
            kept.naming.sequence = sequence;
            kept.readings += u64::from(readings);
            drop(kept);
            progress.readings.fetch_add(u64::from(readings), Ordering::Relaxed);
            progress.messages.fetch_add(1, Ordering::Relaxed);
            self.node.id.as_str().clone_into(&mut progress.last.lock().unwrap_or_else(PoisonError::into_inner).0);
        }
    }

    fn send_status(&self, client: &AsyncClient, state: NodeState, in_flight: &mut InFlight) {
        self.send(client, "status", self.status(state), None, in_flight);
    }

    fn send(
        &self,
        client: &AsyncClient,
        topic: &str,
        payload: Vec<u8>,
        reached: Option<(Timestamp, u32, u32)>,
        in_flight: &mut InFlight,
    ) {
        // There is room for more than a window in the client's queue. If the connection is gone, that is heard soon.
        if client.try_publish(self.topic(topic), QoS::AtLeastOnce, topic == "status", payload).is_ok() {
            in_flight.flights.push_back(Flight { packet: None, reached });
        }
    }

    fn topic(&self, what: &str) -> String {
        format!("city/{}/{what}", self.node.id)
    }

    fn status(&self, state: NodeState) -> Vec<u8> {
        let status = Status {
            state,
            firmware: heapless_text("demo"),
            reset_cause: Status::RESET_POWER_ON,
            boot: self.kept().naming.boot,
            dropped_readings: 0,
            queue_depth: 0,
        };
        Frame::Status(status).to_bytes().expect("a status has bytes").to_vec()
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn heapless_text<T: for<'a> TryFrom<&'a str>>(text: &str) -> T {
    T::try_from(text).ok().expect("a short text")
}

/// What a connection's poll heard.
pub(super) enum Heard {
    Connected,
    Sent(u16),
    Acknowledged(u16),
    Broken(String),
}

/// Polls the client in a task of its own, for a poll must not be cancelled half-way; ends with the connection.
pub(super) async fn poll(mut events: EventLoop, heard: mpsc::Sender<Heard>) {
    loop {
        let told = match events.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(_))) => Heard::Connected,
            Ok(Event::Incoming(Packet::PubAck(ack))) => Heard::Acknowledged(ack.pkid),
            Ok(Event::Outgoing(Outgoing::Publish(packet))) => Heard::Sent(packet),
            Ok(Event::Outgoing(Outgoing::Disconnect)) => return,
            Ok(_) => continue,
            Err(error) => Heard::Broken(error.to_string()),
        };
        let broken = matches!(told, Heard::Broken(_));
        if heard.send(told).await.is_err() || broken {
            return;
        }
    }
}

fn now() -> Timestamp {
    Timestamp::from_millis(jiff::Timestamp::now().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flight(through: i64) -> Flight {
        Flight { packet: None, reached: Some((Timestamp::from_millis(through), through as u32, 1)) }
    }

    #[test]
    fn only_what_is_acknowledged_without_a_gap_counts_as_reached() {
        let mut in_flight = InFlight { flights: (1..=3).map(flight).collect() };
        for packet in [7, 8, 9] {
            in_flight.sent(packet);
        }
        let mut done = Vec::new();
        in_flight.acknowledged(8, &mut done);
        in_flight.acknowledged(99, &mut done);
        assert!(done.is_empty());
        in_flight.acknowledged(7, &mut done);
        assert_eq!(done.iter().map(|(through, ..)| through.millis()).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(in_flight.flights.len(), 1);
    }
}
