//! The HTTP door: so many connections at a time, and none that holds its place by saying little or reading nothing.
//!
//! A connection has a deadline. Each byte that its peer takes moves it on; the first byte of a request does, and further ones do
//! not: so who sends a request byte by byte has as long as who sends it at once. Further connections wait unaccepted
//! while all places are taken.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep};

use super::access::Peer;
use super::wire::{Tls, Wire};
use crate::keys::Served;

/// The door's bounds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Connections at a time.
    pub(super) connections_max: usize,
    /// From a request's first byte to its answer's first; longer than an answer may take.
    pub(super) request: Duration,
    /// Without a byte that the peer takes, or a new request.
    pub(super) idle: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { connections_max: 512, request: Duration::from_secs(90), idle: Duration::from_secs(60) }
    }
}

/// Accepts within the bounds.
pub(super) struct Doors {
    socket: TcpListener,
    room: Arc<Semaphore>,
    bounds: Bounds,
    tls: Option<Tls>,
}

impl Doors {
    pub(super) fn new(socket: TcpListener, served: Option<Arc<Served>>, bounds: Bounds) -> Self {
        let tls = served.map(|served| Tls::new(served, bounds.connections_max));
        Self { socket, room: Arc::new(Semaphore::new(bounds.connections_max)), bounds, tls }
    }
}

/// The next connection with its place. Cancel-safe: nothing is awaited once there is one.
async fn take(socket: &mut TcpListener, room: &Arc<Semaphore>) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
    let place = room.clone().acquire_owned().await.expect("the semaphore is never closed");
    // axum's own way: it waits after an error that is not the peer's, such as too many open files.
    let (stream, address) = Listener::accept(socket).await;
    let _ = stream.set_nodelay(true);
    (stream, address, place)
}

impl Listener for Doors {
    type Io = Guarded;
    type Addr = Peer;

    async fn accept(&mut self) -> (Guarded, Peer) {
        let Self { socket, room, bounds, tls } = self;
        let Some(tls) = tls else {
            let (stream, address, place) = take(socket, room).await;
            return (Guarded::new(Wire::Clear(stream), *bounds, place), Peer { address, tls: false });
        };
        loop {
            tokio::select! {
                biased;
                (wire, address, place) = tls.ready() => {
                    return (Guarded::new(wire, *bounds, place), Peer { address, tls: true });
                }
                (stream, address, place) = take(socket, room) => tls.begin(stream, address, place),
            }
        }
    }

    fn local_addr(&self) -> io::Result<Peer> {
        Ok(Peer { address: self.socket.local_addr()?, tls: self.tls.is_some() })
    }
}

/// A connection with its deadline.
pub(crate) struct Guarded {
    stream: Wire,
    deadline: Pin<Box<Sleep>>,
    /// Bytes of a request came, and none of its answer went.
    in_request: bool,
    bounds: Bounds,
    _place: OwnedSemaphorePermit,
}

impl Guarded {
    fn new(stream: Wire, bounds: Bounds, place: OwnedSemaphorePermit) -> Self {
        Self { stream, deadline: Box::pin(sleep(bounds.idle)), in_request: false, bounds, _place: place }
    }

    /// An error once the deadline has passed.
    fn overdue(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.deadline.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }

    fn took(&mut self) {
        self.in_request = false;
        self.deadline.as_mut().reset(Instant::now() + self.bounds.idle);
    }
}

impl AsyncRead for Guarded {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = out.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, out);
        if read.is_ready() && out.filled().len() > before && !self.in_request {
            self.in_request = true;
            let request = self.bounds.request;
            self.deadline.as_mut().reset(Instant::now() + request);
        }
        // Looked at when bytes came, too: drop by drop they would come for ever.
        match self.overdue(cx) {
            Poll::Ready(late) => Poll::Ready(late),
            Poll::Pending => read,
        }
    }
}

impl AsyncWrite for Guarded {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write(cx, bytes) {
            Poll::Ready(written) => {
                self.took();
                Poll::Ready(written)
            }
            Poll::Pending => self.overdue(cx).map(|late| late.map(|()| 0)),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write_vectored(cx, pieces) {
            Poll::Ready(written) => {
                self.took();
                Poll::Ready(written)
            }
            Poll::Pending => self.overdue(cx).map(|late| late.map(|()| 0)),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    const BOUNDS: Bounds =
        Bounds { connections_max: 2, request: Duration::from_millis(300), idle: Duration::from_millis(300) };
    const PATIENCE: Duration = Duration::from_secs(20);

    async fn door() -> SocketAddr {
        let socket = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = socket.local_addr().expect("it is bound");
        let large = vec![b'x'; 32 << 20];
        let routes = axum::Router::new()
            .route("/", axum::routing::get(|| async { "well" }))
            .route("/large", axum::routing::get(move || async move { large }));
        tokio::spawn(async move { axum::serve(Doors::new(socket, None, BOUNDS), routes).await });
        address
    }

    /// Whether the other side ends the connection.
    async fn is_ended(stream: &mut TcpStream) -> bool {
        let read = async {
            let mut bytes = [0; 1024];
            while stream.read(&mut bytes).await.is_ok_and(|count| count > 0) {}
        };
        tokio::time::timeout(PATIENCE, read).await.is_ok()
    }

    #[tokio::test]
    async fn who_says_little_loses_its_place_to_who_waits() {
        let address = door().await;
        let mut silent = TcpStream::connect(address).await.expect("a listener");
        let mut slow = TcpStream::connect(address).await.expect("a listener");
        let (mut reading, mut writing) = slow.split();
        // Both places are taken; a third waits for one of them.
        let asked = tokio::spawn(async move {
            let mut third = TcpStream::connect(address).await.expect("a listener");
            third.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.expect("written");
            let mut answer = String::new();
            third.read_to_string(&mut answer).await.expect("an answer");
            answer
        });
        let drops = async {
            while writing.write_all(b"G").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let ended = async { while reading.read(&mut [0; 64]).await.is_ok_and(|count| count > 0) {} };
        tokio::time::timeout(PATIENCE, async {
            tokio::select! { () = drops => {}, () = ended => {} }
        })
        .await
        .expect("drop by drop is no reason to stay");
        assert!(is_ended(&mut silent).await);
        let answer = tokio::time::timeout(PATIENCE, asked).await.expect("its turn comes").expect("no panic");
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("well"), "{answer}");
    }

    #[tokio::test]
    async fn who_reads_slowly_is_served_and_who_reads_nothing_is_not() {
        let address = door().await;
        let ask = b"GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        let mut slow = TcpStream::connect(address).await.expect("a listener");
        slow.write_all(ask).await.expect("written");
        let mut deaf = TcpStream::connect(address).await.expect("a listener");
        deaf.write_all(ask).await.expect("written");
        let (mut got, mut bytes) = (0, vec![0; 1 << 20]);
        let read = async {
            loop {
                match slow.read(&mut bytes).await.expect("it is served") {
                    0 => break got,
                    count => got += count,
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let got = tokio::time::timeout(PATIENCE, read).await.expect("it ends");
        assert!(got > 32 << 20, "{got}");
        // What the system holds for it is less than the answer.
        tokio::time::sleep(2 * BOUNDS.idle).await;
        let mut rest = Vec::new();
        let ended = tokio::time::timeout(PATIENCE, deaf.read_to_end(&mut rest)).await.expect("it was ended");
        assert!(ended.is_err() || rest.len() < 32 << 20, "{} bytes", rest.len());
    }
}
