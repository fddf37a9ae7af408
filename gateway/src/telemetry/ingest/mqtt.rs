//! The MQTT listener: where nodes come in, with MQTT 3.1.1 or 5, on one port in clear and, if asked for, on one with TLS.
//!
//! It is no broker. A node publishes on its own `readings`, `status` and `replies` with QoS 0 or 1, and subscribes to
//! nothing but its own `commands`. What it publishes becomes a [`Frame`](crate::telemetry::frame::Frame) in the journal; a PUBACK leaves
//! when, and only when, the journal says that the frame is on disk, in the order of arrival.
//!
//! What is full says so by waiting: while the journal takes no more, or too many of a connection's frames wait for the
//! disk, its socket is not read. What a node may not do is kept as a refused frame and acknowledged, since the node
//! could do nothing but send it again; what is not MQTT ends that connection, counted.
//!
//! The logic is in files that do no I/O (`dialogue`, `hello`, `commands`, `topics`, `wire`); `connection`
//! owns the socket. Who may come in, sessions that outlive a connection, and commands are the registry's.
//!
//! A will is sent when the connection ends without a DISCONNECT, at once: a will delay is taken for 0, since a node's silence is
//! judged from its readings. The gateway's own stop sends no will: it says nothing of the node.

mod commands;
mod connection;
mod connections;
mod counters;
mod dialogue;
mod greet;
mod hello;
#[cfg(any(test, fuzzing))]
pub(crate) mod hostile;
mod line;
mod topics;
mod wire;

#[cfg(test)]
mod tests;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio_rustls::rustls::ServerConfig;

pub use self::connections::{Connected, Connections, Protocol};
pub use self::counters::{Counters, Refusal};

use super::{Admission, Certified, Sessions};
use crate::clock::Clock;
use crate::keys::{self, Fingerprint, Handshakes, Served};
use crate::reading::Timestamp;
use crate::telemetry::frame::FrameKind;
use crate::telemetry::journal::{AppendError, Appender, Receipts, Stopped};

/// Takes records on their way to the disk; the journal's [`Appender`], or a test's own.
pub trait Intake: Send + Sync + 'static {
    /// Queues `record`, waiting while the queue is full; `receipts` counts it once it is on disk. Cancel-safe.
    ///
    /// # Errors
    /// [`Stopped`] when nothing will be written any more.
    fn append(&self, record: Vec<u8>, receipts: Arc<Receipts>) -> impl Future<Output = Result<(), Stopped>> + Send;
}

impl Intake for Appender {
    async fn append(&self, record: Vec<u8>, receipts: Arc<Receipts>) -> Result<(), Stopped> {
        Appender::append(self, record, receipts).await.map_err(|error| {
            if let AppendError::TooLong { .. } = error {
                tracing::error!(%error, "[limits] packet_bytes_max is larger than the journal's records");
            }
            Stopped
        })
    }
}

/// Answers a message at once, before anything is decoded: a node that asks for the time. Neither blocks nor waits.
pub trait Answer: Send + Sync + 'static {
    /// The payload to publish on the node's commands topic with QoS 0, if there is an answer to this message.
    fn answer(&self, kind: &FrameKind, payload: &[u8], received_at: Timestamp) -> Option<Vec<u8>>;
}

impl<F: Fn(&FrameKind, &[u8], Timestamp) -> Option<Vec<u8>> + Send + Sync + 'static> Answer for F {
    fn answer(&self, kind: &FrameKind, payload: &[u8], received_at: Timestamp) -> Option<Vec<u8>> {
        self(kind, payload, received_at)
    }
}

/// The bounds of the listener and of each connection.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Largest packet, header included. A larger PUBLISH is refused unread, and its connection ends.
    pub packet_bytes_max: u32,
    /// QoS 1 messages of one connection that may wait for their PUBACK. More end an MQTT 5 connection; MQTT 3.1.1 knows
    /// no such limit, so that connection is not read until some are on disk.
    pub receive_maximum: u16,
    /// Nodes connected at a time; one more is refused with "quota exceeded".
    pub connections_max: usize,
    /// From the accepted connection to its whole CONNECT.
    pub connect_timeout: Duration,
    /// From a packet's first byte to its last, where keep-alive does not ask for less.
    pub packet_timeout: Duration,
    /// How long a client that asked for no keep-alive may be silent: one that lost its power would stay for ever.
    pub silence_max: Duration,
    /// How long a peer may take no byte that is meant for it.
    pub write_timeout: Duration,
    /// How long a connection that the gateway ends waits for its frames to be on disk and acknowledged.
    pub drain_timeout: Duration,
    /// How long a closed peer has to read the last packet and to close its own side.
    pub close_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            packet_bytes_max: 64 * 1024,
            receive_maximum: 1000,
            connections_max: 10_000,
            connect_timeout: Duration::from_secs(10),
            packet_timeout: Duration::from_secs(30),
            silence_max: Duration::from_secs(24 * 60 * 60),
            write_timeout: Duration::from_secs(10),
            drain_timeout: Duration::from_secs(2),
            close_timeout: Duration::from_millis(500),
        }
    }
}

/// What the listener works with.
pub struct ListenerConfig<I> {
    /// Its bounds.
    pub limits: Limits,
    /// Where frames go.
    pub intake: I,
    /// Who may come in.
    pub admission: Arc<dyn Admission>,
    /// Who may come in with a certificate; none where no TLS is spoken.
    pub certified: Option<Arc<dyn Certified>>,
    /// Sessions and commands.
    pub sessions: Arc<dyn Sessions>,
    /// Answers messages at once.
    pub answer: Arc<dyn Answer>,
    /// Stamps frames.
    pub clock: Arc<Clock>,
    /// Where connected nodes are found by others.
    pub connections: Arc<Connections>,
    /// What is counted.
    pub counters: Arc<Counters>,
}

/// The listener, bound to its port.
pub struct Listener<I> {
    socket: TcpListener,
    tls: Option<(TcpListener, Arc<Handshakes>)>,
    house: Arc<House<I>>,
}

/// The other end of a connection.
#[derive(Debug, Clone, Copy)]
struct Peer {
    address: SocketAddr,
    /// Whether nobody between can read it.
    tls: bool,
    /// The certificate that it showed.
    certificate: Option<Fingerprint>,
}

/// TLS handshakes under way at a time, where there are places for more.
const HANDSHAKES_MAX: usize = 512;

/// What every connection shares.
struct House<I> {
    config: ListenerConfig<I>,
    /// Blocking calls at a time: each is a disk or a password hash, and a small box has few of either.
    blocking: Semaphore,
}

const BLOCKING_MAX: usize = 8;

impl<I> House<I> {
    /// Runs `work` where it may block.
    async fn blocking<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        let _permit = self.blocking.acquire().await.expect("the semaphore is never closed");
        match tokio::task::spawn_blocking(work).await {
            Ok(value) => value,
            Err(ended) => std::panic::resume_unwind(ended.into_panic()),
        }
    }
}

impl<I: Intake> Listener<I> {
    /// Binds the port; nothing is accepted before [`Listener::run`].
    ///
    /// # Errors
    /// The address cannot be bound.
    pub async fn bind(address: SocketAddr, config: ListenerConfig<I>) -> io::Result<Self> {
        let socket = TcpListener::bind(address).await?;
        Ok(Self { socket, tls: None, house: Arc::new(House { config, blocking: Semaphore::new(BLOCKING_MAX) }) })
    }

    /// Binds a second port, where TLS is spoken.
    ///
    /// # Errors
    /// The address cannot be bound.
    pub async fn with_tls(
        mut self,
        address: SocketAddr,
        served: Arc<Served>,
        tls: Arc<ServerConfig>,
    ) -> io::Result<Self> {
        let limits = &self.house.config.limits;
        let most = (limits.connections_max / 4).min(HANDSHAKES_MAX);
        let handshakes = Handshakes::new(served, tls, limits.connect_timeout, most);
        self.tls = Some((TcpListener::bind(address).await?, Arc::new(handshakes)));
        Ok(self)
    }

    /// The address bound where TLS is spoken, if it is.
    ///
    /// # Errors
    /// The socket does not know it.
    pub fn local_addr_tls(&self) -> io::Result<Option<SocketAddr>> {
        self.tls.as_ref().map(|(socket, _)| socket.local_addr()).transpose()
    }

    /// The address bound, with the port that was picked for port 0.
    ///
    /// # Errors
    /// The socket does not know it.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Accepts nodes until `stop` holds true (or its sender is gone), then ends every connection: frames that wait for the disk
    /// are acknowledged if that happens within [`Limits::drain_timeout`]. Returns when all are closed.
    pub async fn run(self, stop: watch::Receiver<bool>) {
        let Self { socket, tls, house } = self;
        // Each connection holds a clone; the channel closes when the last has ended.
        let (alive, mut all_ended) = mpsc::channel::<()>(1);
        let clear = Self::accept(&house, socket, None, stop.clone(), alive.clone());
        match tls {
            Some((socket, handshakes)) => {
                tokio::join!(clear, Self::accept(&house, socket, Some(handshakes), stop, alive));
            }
            None => {
                drop(alive);
                clear.await;
            }
        }
        let _closed = all_ended.recv().await;
    }

    /// Accepts at one port until `stop` holds true.
    async fn accept(
        house: &Arc<House<I>>,
        socket: TcpListener,
        tls: Option<Arc<Handshakes>>,
        mut stop: watch::Receiver<bool>,
        alive: mpsc::Sender<()>,
    ) {
        let limits = &house.config.limits;
        // Room for handshakes, and for nodes that come back while their old connection still counts.
        let sockets_max = limits.connections_max + limits.connections_max / 8 + 16;
        let mut failing = Backoff::default();
        loop {
            let accepted = tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => break,
                accepted = socket.accept() => accepted,
            };
            match accepted {
                Ok(_) if alive.strong_count() > sockets_max => {
                    house.config.counters.refuse(Refusal::ConnectionsFull);
                }
                Ok((stream, peer)) => {
                    failing = Backoff::default();
                    Self::welcome(house, (stream, peer), tls.clone(), stop.clone(), alive.clone());
                }
                Err(error) if is_the_peers(&error) => {}
                Err(error) => {
                    house.config.counters.accept_failed();
                    let pause = failing.next();
                    tracing::error!(%error, pause_ms = pause.as_millis() as u64, "a connection could not be accepted");
                    tokio::select! {
                        _ = stop.wait_for(|stop| *stop) => break,
                        () = tokio::time::sleep(pause) => {}
                    }
                }
            }
        }
    }

    fn welcome(
        house: &Arc<House<I>>,
        (stream, peer): (TcpStream, SocketAddr),
        tls: Option<Arc<Handshakes>>,
        mut stop: watch::Receiver<bool>,
        alive: mpsc::Sender<()>,
    ) {
        // Without it a PUBACK waits for the peer's delayed acknowledgement: 2 ms against 0.14 at low rate.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%peer, %error, "TCP_NODELAY was not taken");
        }
        let house = house.clone();
        tokio::spawn(async move {
            match tls {
                None => {
                    let peer = Peer { address: peer, tls: false, certificate: None };
                    connection::serve(stream, peer, house, stop).await;
                }
                Some(handshakes) => {
                    let shaken = tokio::select! {
                        shaken = Box::pin(handshakes.shake(stream)) => shaken,
                        _ = stop.wait_for(|stop| *stop) => return,
                    };
                    match shaken {
                        Ok(stream) => {
                            let peer = Peer { address: peer, tls: true, certificate: keys::shown(&stream) };
                            connection::serve(stream, peer, house, stop).await;
                        }
                        Err(error) => {
                            house.config.counters.refuse(Refusal::Handshake);
                            tracing::info!(%peer, %error, "a TLS handshake came to nothing");
                        }
                    }
                }
            }
            drop(alive);
        });
    }
}

/// Whether accepting failed for that one peer alone.
fn is_the_peers(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted)
}

/// Pauses between failures to accept (no file descriptors left, no memory): 50 ms, doubled to 1 s.
#[derive(Default)]
struct Backoff {
    failures: u32,
}

impl Backoff {
    fn next(&mut self) -> Duration {
        let pause = Duration::from_millis(50 << self.failures.min(5)).min(Duration::from_secs(1));
        self.failures += 1;
        pause
    }
}
