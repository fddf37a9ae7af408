//! The listener on a real port, with peers that speak raw bytes or through rumqttc, a journal that commits when it is
//! told to, and a registry in memory.

mod acknowledge;
mod clients;
mod connects;
mod cost;
mod doors;
mod ends;
mod sessions;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::JoinHandle;

use super::{Connections, Counters, Intake, Limits, Listener, ListenerConfig};
use crate::clock::Clock;
use crate::reading::{NodeId, Timestamp};
use crate::telemetry::frame::{Frame, FrameKind};
use crate::telemetry::ingest::{Admission, Command, Denied, Session, Sessions};
use crate::telemetry::journal::{Receipts, Stopped};

/// Longest wait for anything: a failure, not a pace.
const PATIENCE: Duration = Duration::from_secs(10);

/// A journal in memory.
struct Journal {
    inner: Mutex<Written>,
    grown: Notify,
    /// A permit for each record that may still be queued.
    room: Semaphore,
}

#[derive(Default)]
struct Written {
    records: Vec<Vec<u8>>,
    waiting: Vec<Arc<Receipts>>,
    commits_at_once: bool,
}

impl Journal {
    fn commits(at_once: bool) -> Arc<Self> {
        let inner = Written { commits_at_once: at_once, ..Written::default() };
        Arc::new(Self { inner: Mutex::new(inner), grown: Notify::new(), room: Semaphore::new(100_000_000) })
    }

    /// Commits the next `count` records.
    fn commit(&self, count: usize) {
        let waiting: Vec<_> = self.inner.lock().expect("no panic").waiting.drain(..count).collect();
        waiting.iter().for_each(|receipts| receipts.commit(1));
    }

    fn len(&self) -> usize {
        self.inner.lock().expect("no panic").records.len()
    }

    /// The frames so far, once there are `count`.
    async fn frames(&self, count: usize) -> Vec<Frame> {
        let grown = async {
            while self.len() < count {
                self.grown.notified().await;
            }
        };
        if tokio::time::timeout(PATIENCE, grown).await.is_err() {
            panic!("{} records, {count} awaited", self.len());
        }
        let inner = self.inner.lock().expect("no panic");
        inner.records.iter().map(|record| Frame::decode(record).expect("a frame")).collect()
    }
}

impl Intake for Arc<Journal> {
    async fn append(&self, record: Vec<u8>, receipts: Arc<Receipts>) -> Result<(), Stopped> {
        self.room.acquire().await.map_err(|_| Stopped)?.forget();
        let at_once = {
            let mut inner = self.inner.lock().expect("no panic");
            inner.records.push(record);
            if !inner.commits_at_once {
                inner.waiting.push(receipts.clone());
            }
            inner.commits_at_once
        };
        if at_once {
            receipts.commit(1);
        }
        self.grown.notify_one();
        Ok(())
    }
}

/// A registry in memory. Every node's secret is "pw"; some names are denied.
#[derive(Default)]
struct Registry {
    sessions: Mutex<HashMap<NodeId, Session>>,
    commands: Mutex<Vec<Command>>,
    admissions: AtomicU32,
    /// Where node `late` is kicked from while it is being admitted for the first time.
    kicks_from: OnceLock<Arc<Connections>>,
}

impl Admission for Registry {
    fn admit(&self, node: &NodeId, secret: Option<&[u8]>) -> Result<(), Denied> {
        let earlier = self.admissions.fetch_add(1, Ordering::SeqCst);
        match node.as_str() {
            "late" if earlier > 0 => Err(Denied::Revoked),
            "late" => {
                self.kicks_from.get().expect("the gateway runs").kick(node);
                Ok(())
            }
            "unknown" => Err(Denied::UnknownNode),
            "revoked" => Err(Denied::Revoked),
            "one-too-many" => Err(Denied::LimitReached),
            "unavailable" => Err(Denied::Unavailable),
            _ if secret == Some(b"pw") => Ok(()),
            _ => Err(Denied::WrongSecret),
        }
    }
}

impl Sessions for Registry {
    fn find(&self, node: &NodeId) -> Option<Session> {
        self.sessions.lock().expect("no panic").get(node).cloned()
    }

    fn keep(&self, node: &NodeId, session: &Session) {
        self.sessions.lock().expect("no panic").insert(node.clone(), session.clone());
    }

    fn forget(&self, node: &NodeId) {
        self.sessions.lock().expect("no panic").remove(node);
    }

    fn commands(&self, _node: &NodeId) -> Vec<Command> {
        self.commands.lock().expect("no panic").clone()
    }

    fn delivered(&self, command: u64) {
        self.commands.lock().expect("no panic").retain(|waiting| waiting.id != command);
    }
}

impl Registry {
    fn command(&self, id: u64) {
        let payload = format!("command {id}").into_bytes().into();
        self.commands.lock().expect("no panic").push(Command { id, payload });
    }
}

/// The product's limits, but for waits that the tests would sit through at their end.
fn limits() -> Limits {
    Limits { close_timeout: Duration::from_millis(20), drain_timeout: Duration::from_millis(100), ..Limits::default() }
}

/// A listener and all that it works with.
struct Gateway {
    journal: Arc<Journal>,
    registry: Arc<Registry>,
    connections: Arc<Connections>,
    counters: Arc<Counters>,
    address: SocketAddr,
    stop: watch::Sender<bool>,
    running: JoinHandle<()>,
}

impl Gateway {
    async fn start(journal: Arc<Journal>) -> Self {
        Self::start_with(journal, Arc::default(), limits()).await
    }

    async fn start_with(journal: Arc<Journal>, registry: Arc<Registry>, limits: Limits) -> Self {
        let (connections, counters) = (Arc::<Connections>::default(), Arc::<Counters>::default());
        // A registry that outlives a run keeps the first: only its first run asks for it.
        let _kept = registry.kicks_from.set(connections.clone());
        let config = ListenerConfig {
            limits,
            intake: journal.clone(),
            admission: registry.clone(),
            certified: None,
            sessions: registry.clone(),
            answer: Arc::new(|_: &FrameKind, payload: &[u8], _: Timestamp| {
                (payload == b"time?").then(|| b"the time".to_vec())
            }),
            clock: Arc::new(Clock::new(Timestamp::default())),
            connections: connections.clone(),
            counters: counters.clone(),
        };
        let listener = Listener::bind("127.0.0.1:0".parse().expect("an address"), config).await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let (stop, stopped) = watch::channel(false);
        let running = tokio::spawn(listener.run(stopped));
        Self { journal, registry, connections, counters, address, stop, running }
    }

    async fn dial(&self) -> Raw {
        Raw { stream: TcpStream::connect(self.address).await.expect("the listener listens") }
    }

    /// A client that is let in as `node`.
    async fn enter(&self, connect: Connect<'_>) -> Raw {
        let mut raw = self.dial().await;
        raw.send(&connect.bytes()).await;
        let connack = raw.packet().await;
        assert_eq!((connack[0], connack[3]), (0x20, 0), "{connack:x?}");
        raw
    }

    async fn end(self) {
        self.stop.send_replace(true);
        within(self.running).await.expect("the listener does not panic");
    }
}

/// What `future` gives, within [`PATIENCE`].
async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("it happens in time")
}

/// Waits until `condition` holds.
async fn until(what: &str, condition: impl Fn() -> bool) {
    let waited = tokio::time::timeout(PATIENCE, async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    assert!(waited.await.is_ok(), "waited in vain: {what}");
}

/// A peer that speaks bytes.
struct Raw {
    stream: TcpStream,
}

impl Raw {
    async fn send(&mut self, bytes: &[u8]) {
        within(self.stream.write_all(bytes)).await.expect("the peer listens");
    }

    /// The next packet.
    async fn packet(&mut self) -> Vec<u8> {
        self.packet_or_end().await.expect("a packet, not the end")
    }

    async fn packet_or_end(&mut self) -> Option<Vec<u8>> {
        let mut packet = vec![0; 2];
        within(self.stream.read_exact(&mut packet)).await.ok()?;
        assert!(packet[1] < 0x80, "the tests' packets are short");
        let length = usize::from(packet[1]);
        packet.resize(2 + length, 0);
        within(self.stream.read_exact(&mut packet[2..])).await.expect("the packet's rest");
        Some(packet)
    }

    /// Packets until the end.
    async fn last_words(&mut self) -> Vec<Vec<u8>> {
        let mut packets = Vec::new();
        while let Some(packet) = self.packet_or_end().await {
            packets.push(packet);
        }
        packets
    }

    /// Asks for an answer and takes it: all that was sent before has been dealt with, and nothing else was answered.
    async fn ping(&mut self) {
        self.send(&[0xc0, 0]).await;
        assert_eq!(self.packet().await, [0xd0, 0]);
    }
}

/// A CONNECT.
#[derive(Clone, Copy)]
struct Connect<'a> {
    v5: bool,
    client_id: &'a str,
    user_name: Option<&'a str>,
    password: Option<&'a str>,
    clean: bool,
    keep_alive_s: u16,
    /// Topic, payload, QoS.
    will: Option<(&'a str, &'a str, u8)>,
    properties: &'a [u8],
}

const V311: Connect<'static> = Connect {
    v5: false,
    client_id: "a",
    user_name: Some("a"),
    password: Some("pw"),
    clean: true,
    keep_alive_s: 60,
    will: None,
    properties: &[],
};
const V5: Connect<'static> = Connect { v5: true, ..V311 };

/// Session expiry, one hour.
const KEPT: &[u8] = &[0x11, 0, 0, 0x0e, 0x10];

impl Connect<'_> {
    fn bytes(self) -> Vec<u8> {
        let mut flags = u8::from(self.clean) << 1;
        flags |= self.will.map_or(0, |(_, _, qos)| 0x04 | qos << 3);
        flags |= u8::from(self.password.is_some()) << 6 | u8::from(self.user_name.is_some()) << 7;
        let mut body = b"\x00\x04MQTT".to_vec();
        body.extend([if self.v5 { 5 } else { 4 }, flags]);
        body.extend(self.keep_alive_s.to_be_bytes());
        if self.v5 {
            body.push(self.properties.len() as u8);
            body.extend(self.properties);
        }
        body.extend(text(self.client_id));
        if let Some((topic, payload, _)) = self.will {
            if self.v5 {
                body.push(0);
            }
            body.extend(text(topic));
            body.extend(text(payload));
        }
        body.extend(self.user_name.map(text).unwrap_or_default());
        body.extend(self.password.map(text).unwrap_or_default());
        packet(0x10, &body)
    }
}

fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u16).to_be_bytes(), text.as_bytes()].concat()
}

fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![first];
    let mut length = body.len();
    loop {
        let more = length >= 0x80;
        out.push(length as u8 & 0x7f | u8::from(more) << 7);
        length >>= 7;
        if !more {
            break;
        }
    }
    out.extend_from_slice(body);
    out
}

/// A PUBLISH; packet identifier 0 means QoS 0. `properties` with their length, for MQTT 5.
fn publish(topic: &str, packet_id: u16, properties: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut body = text(topic);
    if packet_id != 0 {
        body.extend(packet_id.to_be_bytes());
    }
    body.extend(properties);
    body.extend(payload);
    packet(if packet_id == 0 { 0x30 } else { 0x32 }, &body)
}

/// A PUBLISH with QoS 1 on the readings of node `a`.
fn readings(v5: bool, packet_id: u16, payload: &[u8]) -> Vec<u8> {
    publish("city/a/readings", packet_id, if v5 { &[0] } else { &[] }, payload)
}

fn puback(packet_id: u16) -> Vec<u8> {
    let [a, b] = packet_id.to_be_bytes();
    vec![0x40, 2, a, b]
}

/// A SUBSCRIBE for QoS 1.
fn subscribe(v5: bool, filter: &str) -> Vec<u8> {
    let properties: &[u8] = if v5 { &[0] } else { &[] };
    packet(0x82, &[&[0, 9], properties, &text(filter), &[1]].concat())
}
