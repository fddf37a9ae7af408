//! The way to the gateway: one MQTT 5 session, kept over broken connections and resumed.
//!
//! A batch stays in the node's queue until its PUBACK says that the gateway has it on disk. At most [`WINDOW`] are on their
//! way. When the gateway has forgotten the session, or a batch on its way tells ages that have grown stale, the session begins
//! anew and all that waits is sent again; names make that harmless.
//!
//! The board gives a [`Dialer`] (sockets) and a [`Network`] (cable in, cable out).

use core::cell::RefCell;

use embassy_futures::select::{Either, Either3, select, select3};
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::signal::Signal;
use embassy_time::{Duration, Instant, Timer, with_timeout};
use embedded_hal::i2c::I2c;
use embedded_io_async::{Read, Write};
use heapless::{Deque, String};
use minimq::{
    Buffers, ConfigBuilder, ConnectEvent, Connection, Error, Io, Op, PeerError, Publication, QoS, ReasonCode, Session,
    SubscriptionOptions, TopicFilter, Will,
};
use protocols::native::{FRAME_BYTES_MAX, Frame, NodeState, TimeRequest};

use crate::backoff::Backoff;
use crate::identity::{Endpoint, Identity};
use crate::memory::Memory;
use crate::node::{Duty, Node, Shipment};
use crate::trace::Event;

/// Batches on their way at once.
pub const WINDOW: usize = 4;
/// Bytes that a packet from the gateway may have.
pub const RX_BYTES: usize = 384;
/// Bytes for packets on their way and one more.
pub const TX_BYTES: usize = 2_560;

const KEEP_ALIVE_S: u16 = 30;
const SESSION_EXPIRY_S: u32 = 86_400;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(8);
/// Readings wait so long for the clock to be set before they are sent with their age.
const CLOCK_WAIT_MS: u64 = 3_000;
/// The clock is asked for again so often: a crystal drifts by 50 parts in a million, 0.2 s in an hour.
const CLOCK_AGE_MS_MAX: u64 = 3_600_000;
const CLOCK_ASK_MS: u64 = 10_000;
const STATUS_MS: u64 = 900_000;
/// At least so often the loop comes round, to say that it lives.
const ROUND: Duration = Duration::from_millis(1_000);
/// A batch that the gateway calls malformed so often is given up.
const REFUSALS_MAX: u8 = 3;
/// A connection that held so long went well.
const WENT_WELL: Duration = Duration::from_secs(10);

/// Rung when something came to wait.
pub type Bell = Signal<CriticalSectionRawMutex, ()>;

/// Opens connections.
pub trait Dialer {
    /// A stream of bytes, both ways. A write that the other side does not take must fail after some seconds.
    type Io<'a>: Read + Write
    where
        Self: 'a;

    /// Connects.
    fn dial(&mut self, to: Endpoint) -> impl Future<Output = Result<Self::Io<'_>, DialFailed>>;
}

/// Nobody answered, or the network is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DialFailed;

/// Tells whether the network is there.
pub trait Network {
    /// Returns when there is a network.
    fn up(&self) -> impl Future<Output = ()>;
    /// Returns when there is none.
    fn down(&self) -> impl Future<Output = ()>;
}

/// Memory for packets.
pub struct PacketBuffers {
    rx: [u8; RX_BYTES],
    tx: [u8; TX_BYTES],
    frame: [u8; FRAME_BYTES_MAX],
    will: [u8; 64],
}

impl PacketBuffers {
    /// Empty ones.
    pub const fn new() -> Self {
        Self { rx: [0; RX_BYTES], tx: [0; TX_BYTES], frame: [0; FRAME_BYTES_MAX], will: [0; 64] }
    }
}

impl Default for PacketBuffers {
    fn default() -> Self {
        Self::new()
    }
}

/// Why a connection ended, as the trace tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
enum End {
    /// The stream broke or the gateway closed it.
    Broken = 1,
    /// The gateway refused the connection, a subscription or a message.
    Refused = 2,
    /// The cable is out.
    NoNetwork = 3,
    /// It did not answer in time.
    TimedOut = 4,
    /// Nobody to talk to.
    Unreachable = 5,
}

fn now_ms() -> u64 {
    Instant::now().as_millis()
}

type Topic = String<80>;

fn topic(node: &str, leaf: &str) -> Topic {
    let mut topic = Topic::new();
    // 5 + 64 + 9 bytes at most.
    for part in ["city/", node, leaf] {
        topic.push_str(part).ok();
    }
    topic
}

struct Topics {
    readings: Topic,
    status: Topic,
    commands: Topic,
    replies: Topic,
}

/// What is on its way, which outlives a connection as the session does.
struct Window {
    shipments: Deque<(Shipment, Op), WINDOW>,
    /// Batches at once: one while it is not clear which of them is refused.
    limit: usize,
    refusals: u8,
}

/// Keeps the node connected, for ever.
pub async fn run<M: Memory, I: I2c, D: Dialer, N: Network>(
    node: &RefCell<Node<M, I>>,
    identity: &Identity,
    bell: &Bell,
    network: &N,
    dialer: &mut D,
    buffers: &mut PacketBuffers,
) -> ! {
    let topics = Topics {
        readings: topic(&identity.node, "/readings"),
        status: topic(&identity.node, "/status"),
        commands: topic(&identity.node, "/commands"),
        replies: topic(&identity.node, "/replies"),
    };
    let PacketBuffers { rx, tx, frame, will } = buffers;
    let mut backoff = Backoff::default();
    loop {
        let offline = node.borrow().status(NodeState::Offline);
        let will_bytes: &[u8] = offline.encode(will).unwrap_or_default();
        let config = ConfigBuilder::new(Buffers::new(rx, tx))
            .keepalive_interval(KEEP_ALIVE_S)
            .session_expiry_interval(SESSION_EXPIRY_S)
            .client_id(&identity.node)
            .and_then(|config| config.auth(&identity.node, identity.secret.as_bytes()))
            .and_then(|config| {
                config.will(Will::new(&topics.status, will_bytes, &[])?.retained().qos(QoS::AtLeastOnce))
            })
            .expect("name and topic are short enough, and nothing is set twice");
        let mut session = Session::new(config);
        let mut window = Window { shipments: Deque::new(), limit: WINDOW, refusals: 0 };
        node.borrow_mut().send_again();
        loop {
            // Without a network there is no hurry, and nothing to back off from.
            while let Either::Second(()) = select(network.up(), Timer::after(ROUND)).await {
                node.borrow_mut().progressed(Duty::Uplink);
                backoff.reset();
            }
            node.borrow_mut().note(now_ms(), Event::Connecting, backoff.attempts());
            let started = Instant::now();
            let end = match with_timeout(CONNECT_TIMEOUT, dialer.dial(identity.gateway)).await {
                Ok(Ok(io)) => {
                    let talk = talk(node, bell, &topics, frame, &mut session, &mut window, io);
                    match select(talk, network.down()).await {
                        Either::First(end) => end,
                        Either::Second(()) => End::NoNetwork,
                    }
                }
                Ok(Err(DialFailed)) => End::Unreachable,
                Err(_) => End::TimedOut,
            };
            let wait_ms = {
                let mut node = node.borrow_mut();
                node.note(now_ms(), Event::Lost, end as u32);
                node.count_link_error();
                node.progressed(Duty::Uplink);
                if started.elapsed() > WENT_WELL || end == End::NoNetwork {
                    backoff.reset();
                }
                backoff.next_ms(node.chance() as u32)
            };
            pause(node, wait_ms).await;
            if window.shipments.iter().any(|(shipment, _)| shipment.aged) {
                // Sent again as they are, they would tell an age that was right before the break.
                break;
            }
        }
    }
}

/// Waits, and says meanwhile that it lives.
async fn pause<M: Memory, I: I2c>(node: &RefCell<Node<M, I>>, wait_ms: u32) {
    let until = Instant::now() + Duration::from_millis(u64::from(wait_ms));
    while Instant::now() < until {
        Timer::at(until.min(Instant::now() + ROUND)).await;
        node.borrow_mut().progressed(Duty::Uplink);
    }
}

/// One connection, from its CONNECT to its end.
async fn talk<M: Memory, I: I2c, S: Io>(
    node: &RefCell<Node<M, I>>,
    bell: &Bell,
    topics: &Topics,
    frame: &mut [u8; FRAME_BYTES_MAX],
    session: &mut Session<'_>,
    window: &mut Window,
    io: S,
) -> End {
    let mut connection = match with_timeout(CONNECT_TIMEOUT, session.connect(io)).await {
        Ok(Ok(connection)) => connection,
        Ok(Err(Error::Peer(_))) => return End::Refused,
        Ok(Err(_)) => return End::Broken,
        Err(_) => return End::TimedOut,
    };
    let connected_ms = now_ms();
    match connection.connect_event() {
        ConnectEvent::Connected => {
            node.borrow_mut().note(connected_ms, Event::Connected, 0);
            window.shipments.clear();
            node.borrow_mut().send_again();
            let options = SubscriptionOptions::default().maximum_qos(QoS::AtLeastOnce);
            let filter = TopicFilter::new(&topics.commands).options(options);
            if connection.subscribe(&[filter], &[]).await.is_err() {
                return End::Broken;
            }
        }
        ConnectEvent::Reconnected => {
            node.borrow_mut().note(connected_ms, Event::Resumed, window.shipments.len() as u32)
        }
    }
    let mut status_ms = None;
    let mut asked_ms = None;
    loop {
        settle(node, &connection, window);
        if let Err(end) =
            send(node, topics, frame, &mut connection, window, connected_ms, &mut status_ms, &mut asked_ms).await
        {
            return end;
        }
        node.borrow_mut().progressed(Duty::Uplink);
        let send_in =
            node.borrow().send_in_ms(now_ms()).map_or(ROUND, |ms| Duration::from_millis(ms.max(20)).min(ROUND));
        match select3(connection.poll(), bell.wait(), Timer::after(send_in)).await {
            Either3::First(Ok(Some(message))) => {
                if let Ok(frame) = Frame::decode(message.payload()) {
                    node.borrow_mut().receive(frame, now_ms());
                }
            }
            Either3::First(Ok(None)) | Either3::Second(()) | Either3::Third(()) => {}
            Either3::First(Err(Error::Peer(PeerError::Rejected(code)))) => {
                refusal(node, &connection, window, code);
                return End::Refused;
            }
            Either3::First(Err(_)) => return End::Broken,
        }
    }
}

/// Takes what was acknowledged out of the window and out of the queue.
fn settle<M: Memory, I: I2c, S: Io>(
    node: &RefCell<Node<M, I>>,
    connection: &Connection<'_, '_, S>,
    window: &mut Window,
) {
    while let Some((shipment, op)) = window.shipments.front() {
        if !connection.is_complete(op) {
            break;
        }
        node.borrow_mut().acknowledged(*shipment, now_ms());
        window.shipments.pop_front();
        window.limit = WINDOW;
        window.refusals = 0;
    }
}

/// The gateway refused a message. Which one is only clear when one alone was on its way: then it is given up if it can never be
/// taken; otherwise all are sent again, one by one.
fn refusal<M: Memory, I: I2c, S: Io>(
    node: &RefCell<Node<M, I>>,
    connection: &Connection<'_, '_, S>,
    window: &mut Window,
    code: ReasonCode,
) {
    let mut node = node.borrow_mut();
    let alone = window.limit == 1;
    if alone
        && code == ReasonCode::PayloadFormatInvalid
        && let Some((shipment, op)) = window.shipments.front()
        && connection.is_complete(op)
    {
        window.refusals += 1;
        if window.refusals >= REFUSALS_MAX {
            node.refused(*shipment, now_ms());
            window.refusals = 0;
        }
    }
    window.limit = 1;
    window.shipments.clear();
    node.send_again();
}

/// Sends what there is to send and room for.
#[expect(clippy::too_many_arguments, reason = "one loop's state, passed on once")]
async fn send<M: Memory, I: I2c, S: Io>(
    node: &RefCell<Node<M, I>>,
    topics: &Topics,
    frame: &mut [u8; FRAME_BYTES_MAX],
    connection: &mut Connection<'_, '_, S>,
    window: &mut Window,
    connected_ms: u64,
    status_ms: &mut Option<u64>,
    asked_ms: &mut Option<u64>,
) -> Result<(), End> {
    let now = now_ms();
    let clock_due = node.borrow().clock().age_ms(now).is_none_or(|age_ms| age_ms >= CLOCK_AGE_MS_MAX)
        && asked_ms.is_none_or(|ms| now - ms >= CLOCK_ASK_MS);
    if clock_due {
        let question = Frame::TimeRequest(TimeRequest { t_node_ms: now });
        publish(connection, &topics.replies, &question, frame, false).await?;
        *asked_ms = Some(now);
    }
    let status_due = node.borrow_mut().take_status_due() || status_ms.is_none_or(|ms| now - ms >= STATUS_MS);
    if status_due {
        let status = node.borrow().status(NodeState::Online);
        publish(connection, &topics.status, &status, frame, true).await?;
        *status_ms = Some(now);
    }
    loop {
        let Some(reply) = node.borrow().reply() else { break };
        if publish(connection, &topics.replies, &Frame::Reply(reply), frame, false).await?.is_none() {
            break;
        }
        node.borrow_mut().replied(now_ms());
    }
    // Its own messages above leave room for the window: minimq keeps 8.
    let clock_awaited = !node.borrow().clock().is_set() && now - connected_ms < CLOCK_WAIT_MS;
    while !clock_awaited && window.shipments.len() < window.limit && connection.can_publish(QoS::AtLeastOnce) {
        if node.borrow().send_in_ms(now_ms()) != Some(0) {
            break;
        }
        let Some((shipment, batch)) = node.borrow_mut().next_batch(now_ms()) else { break };
        match publish(connection, &topics.readings, &Frame::Batch(batch), frame, false).await? {
            Some(op) => {
                // The loop's condition left room for one.
                window.shipments.push_back((shipment, op)).ok();
            }
            None => {
                node.borrow_mut().not_sent(shipment);
                break;
            }
        }
    }
    Ok(())
}

/// Publishes a frame; none when the session has no room for it now.
async fn publish<S: Io>(
    connection: &mut Connection<'_, '_, S>,
    topic: &str,
    frame: &Frame,
    buffer: &mut [u8; FRAME_BYTES_MAX],
    retained: bool,
) -> Result<Option<Op>, End> {
    let Ok(bytes) = frame.encode(buffer) else { return Ok(None) };
    let publication = Publication::bytes(topic, bytes).qos(QoS::AtLeastOnce);
    let publication = if retained { publication.retain() } else { publication };
    match connection.publish(publication).await {
        Ok(op) => Ok(op),
        Err(minimq::PubError::Session(Error::NotReady | Error::Resource(_))) => Ok(None),
        Err(_) => Err(End::Broken),
    }
}

#[cfg(test)]
mod tests;
