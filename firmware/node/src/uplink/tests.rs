//! The uplink against a gateway that misbehaves: it says nothing, forgets, or refuses. The well-behaved one is the bench's.

use std::convert::Infallible;

use embedded_hal::i2c::{ErrorType as I2cErrorType, Operation};
use embedded_io_async::ErrorType;
use protocols::native::Batch;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::fault::ResetCause;
use crate::identity::Link;
use crate::memory::fake::FakeMemory;
use crate::node::Start;

/// A bus with nothing on it: what the node measures is its uptime and why it started.
struct NoBus;

impl I2cErrorType for NoBus {
    type Error = embedded_hal::i2c::ErrorKind;
}

impl I2c for NoBus {
    fn transaction(&mut self, _: u8, _: &mut [Operation<'_>]) -> Result<(), Self::Error> {
        Err(embedded_hal::i2c::ErrorKind::Other)
    }
}

struct Stream(TcpStream);

impl ErrorType for Stream {
    type Error = embedded_io_async::ErrorKind;
}

impl Read for Stream {
    async fn read(&mut self, into: &mut [u8]) -> Result<usize, Self::Error> {
        self.0.read(into).await.map_err(|_| embedded_io_async::ErrorKind::ConnectionReset)
    }
}

impl Write for Stream {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Self::Error> {
        self.0.write(bytes).await.map_err(|_| embedded_io_async::ErrorKind::ConnectionReset)
    }

    async fn flush(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}

struct Host;

impl Dialer for Host {
    type Io<'a> = Stream;

    async fn dial(&mut self, to: Endpoint) -> Result<Stream, DialFailed> {
        TcpStream::connect((std::net::Ipv4Addr::from(to.address), to.port)).await.map(Stream).map_err(|_| DialFailed)
    }
}

impl Network for Host {
    async fn up(&self) {}

    async fn down(&self) {
        core::future::pending().await
    }
}

/// What the gateway's end of a connection saw.
#[derive(Debug)]
enum Seen {
    Readings { packet: u16, batch: Box<Batch> },
    Other,
}

/// The gateway's end of one connection; it answers CONNECT and SUBSCRIBE, and acknowledges all but readings.
struct Peer(TcpStream);

impl Peer {
    async fn accept(listener: &TcpListener) -> Self {
        Self(listener.accept().await.expect("the listener works").0)
    }

    /// The next message; none when the node has gone.
    async fn next(&mut self) -> Option<Seen> {
        loop {
            let kind = self.0.read_u8().await.ok()?;
            let length = self.varint().await?;
            let mut body = vec![0; length];
            self.0.read_exact(&mut body).await.ok()?;
            match kind >> 4 {
                // CONNACK without a session; SUBACK for one filter with QoS 1.
                1 => self.0.write_all(&[0x20, 3, 0, 0, 0]).await.ok()?,
                8 => self.0.write_all(&[0x90, 4, body[0], body[1], 0, 1]).await.ok()?,
                3 => {
                    let topic_length = usize::from(u16::from_be_bytes([body[0], body[1]]));
                    let (topic, rest) = body[2..].split_at(topic_length);
                    let packet = u16::from_be_bytes([rest[0], rest[1]]);
                    assert_eq!(rest[2], 0, "properties that the test does not read");
                    if let Ok(Frame::Batch(batch)) = Frame::decode(&rest[3..]) {
                        assert_eq!(topic, b"city/swing-3/readings");
                        return Some(Seen::Readings { packet, batch: Box::new(batch) });
                    }
                    self.acknowledge(packet, 0).await;
                    return Some(Seen::Other);
                }
                _ => {}
            }
        }
    }

    async fn readings(&mut self) -> Option<(u16, Box<Batch>)> {
        loop {
            if let Seen::Readings { packet, batch } = self.next().await? {
                return Some((packet, batch));
            }
        }
    }

    async fn acknowledge(&mut self, packet: u16, reason: u8) {
        let [high, low] = packet.to_be_bytes();
        self.0.write_all(&[0x40, 4, high, low, reason, 0]).await.ok();
    }

    async fn varint(&mut self) -> Option<usize> {
        let mut value = 0;
        for shift in [0, 7, 14, 21] {
            let byte = self.0.read_u8().await.ok()?;
            value |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        Some(value)
    }
}

type TestNode = Node<FakeMemory, NoBus>;

/// Runs the uplink of a node with two readings beside `gateway`, until that ends.
async fn beside(gateway: impl AsyncFnOnce(TcpListener, &RefCell<TestNode>) -> Result<(), Infallible>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let start = Start { cause: ResetCause::PowerOn, fault: None, seed: 5 };
    let mut node = Node::start(FakeMemory::new(16_384), NoBus, start);
    let identity = Identity {
        node: String::try_from("swing-3").expect("short"),
        secret: String::try_from("secret").expect("short"),
        gateway: Endpoint { address: [127, 0, 0, 1], port },
        time_server: None,
        link: Link::Mqtt,
        incarnation: 0,
    };
    node.provision(identity.clone(), 0).expect("the memory works");
    let memory = node.into_memory();
    let mut node = Node::start(memory, NoBus, start);
    // The clock is set, so that nothing waits for it.
    node.set_clock(1_795_348_800_000, 0, 1);
    node.tick(1);
    let node = RefCell::new(node);
    let bell = Bell::new();
    let mut buffers = PacketBuffers::new();
    let mut dialer = Host;
    let uplink = run(&node, &identity, &bell, &Host, &mut dialer, &mut buffers);
    let script = tokio::time::timeout(std::time::Duration::from_secs(30), gateway(listener, &node));
    tokio::select! {
        _ = uplink => unreachable!("it runs for ever"),
        outcome = script => outcome.expect("the script ends within 30 s").expect("infallible"),
    }
}

/// Waits until the node has nothing to send any more.
async fn until_empty(node: &RefCell<TestNode>, peer: &mut Peer) {
    while !node.borrow().queue().is_empty() {
        tokio::time::timeout(std::time::Duration::from_millis(50), peer.next()).await.ok();
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_batch_stays_until_its_acknowledgement_and_comes_again_with_the_same_names() {
    Box::pin(beside(async |listener, node| {
        let mut names = Vec::new();
        for _ in 0..2 {
            let mut peer = Peer::accept(&listener).await;
            let (_, batch) = peer.readings().await.expect("readings come");
            names.push((batch.incarnation(), batch.boot(), batch.first_sequence(), batch.len()));
            assert!(!node.borrow().queue().is_empty(), "it left without an acknowledgement");
        }
        let mut peer = Peer::accept(&listener).await;
        let (packet, batch) = peer.readings().await.expect("readings come again");
        names.push((batch.incarnation(), batch.boot(), batch.first_sequence(), batch.len()));
        assert!(names.iter().all(|name| *name == names[0]), "{names:?}");
        peer.acknowledge(packet, 0).await;
        until_empty(node, &mut peer).await;
        assert_eq!(node.borrow().queue().dropped().total(), 0);
        Ok(())
    }))
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_batch_called_malformed_again_and_again_is_given_up_and_counted() {
    Box::pin(beside(async |listener, node| {
        const PAYLOAD_FORMAT_INVALID: u8 = 0x99;
        let waiting = node.borrow().queue().len();
        for _ in 0..1 + u32::from(REFUSALS_MAX) {
            let mut peer = Peer::accept(&listener).await;
            let (packet, _) = peer.readings().await.expect("readings come");
            peer.acknowledge(packet, PAYLOAD_FORMAT_INVALID).await;
            while peer.next().await.is_some() {}
        }
        assert!(node.borrow().queue().is_empty());
        assert_eq!(node.borrow().queue().dropped().total(), waiting);
        Ok(())
    }))
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_batch_refused_for_another_reason_is_kept() {
    Box::pin(beside(async |listener, node| {
        const NOT_AUTHORIZED: u8 = 0x87;
        for _ in 0..2 + u32::from(REFUSALS_MAX) {
            let mut peer = Peer::accept(&listener).await;
            let (packet, _) = peer.readings().await.expect("readings come");
            peer.acknowledge(packet, NOT_AUTHORIZED).await;
            while peer.next().await.is_some() {}
        }
        let mut peer = Peer::accept(&listener).await;
        let (packet, _) = peer.readings().await.expect("readings come");
        peer.acknowledge(packet, 0).await;
        until_empty(node, &mut peer).await;
        assert_eq!(node.borrow().queue().dropped().total(), 0);
        Ok(())
    }))
    .await;
}
