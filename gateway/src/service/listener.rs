//! HTTP's listening socket, in clear or with TLS: so many connections at a time, and more wait in the kernel until one ends.
//!
//! A TLS handshake is made beside, with a time of its own, so that a slow one holds up nobody; a part of the places is all
//! that strangers who stall can take. Who speaks HTTP in clear where TLS is awaited is told so.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;

use super::access::Peer;
use crate::keys::{Failed, Handshakes, Served};

/// How long to wait after the system refused a connection (no file descriptors left).
const AFTER_ERROR: Duration = Duration::from_millis(200);
/// How long a handshake may take.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// Handshakes under way at a time, where there are places for more.
const HANDSHAKES_MAX: usize = 256;
/// How long who spoke in clear has to read the answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);
/// What they are told.
const SPEAKS_TLS: &[u8] =
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 56\r\n\
    Connection: close\r\n\r\nThis port speaks HTTPS: begin the address with https://\n";

/// Takes connections, `connections_max` at a time.
pub(crate) struct Listener {
    socket: TcpListener,
    free: Arc<Semaphore>,
    tls: Option<Tls>,
}

/// Handshakes, and where their connections come out.
struct Tls {
    handshakes: Arc<Handshakes>,
    done: mpsc::Sender<(Stream, Peer)>,
    ready: mpsc::Receiver<(Stream, Peer)>,
}

impl Listener {
    pub(crate) fn new(socket: TcpListener, connections_max: usize, tls: Option<Arc<Served>>) -> Self {
        let tls = tls.map(|served| {
            let most = (connections_max / 4).min(HANDSHAKES_MAX);
            let (done, ready) = mpsc::channel(1);
            Tls {
                handshakes: Arc::new(Handshakes::new(served.clone(), served.for_http(), HANDSHAKE_TIMEOUT, most)),
                done,
                ready,
            }
        });
        Self { socket, free: Arc::new(Semaphore::new(connections_max)), tls }
    }
}

/// The next connection with its place. Cancel-safe: nothing is awaited once there is one.
async fn take(socket: &TcpListener, free: &Arc<Semaphore>) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
    let place = free.clone().acquire_owned().await.expect("it is never closed");
    loop {
        match socket.accept().await {
            Ok((stream, address)) => {
                // Answers leave at once; on an error the connection is about to end anyway.
                let _ = stream.set_nodelay(true);
                return (stream, address, place);
            }
            Err(error) => {
                tracing::warn!(%error, "an HTTP connection could not be taken");
                tokio::time::sleep(AFTER_ERROR).await;
            }
        }
    }
}

impl axum::serve::Listener for Listener {
    type Io = Stream;
    type Addr = Peer;

    async fn accept(&mut self) -> (Stream, Peer) {
        let Self { socket, free, tls } = self;
        let Some(Tls { handshakes, done, ready }) = tls else {
            let (inner, address, place) = take(socket, free).await;
            return (Stream { inner: Wire::Clear(inner), _place: place }, Peer { address, tls: false });
        };
        loop {
            tokio::select! {
                biased;
                connection = ready.recv() => return connection.expect("we hold a sender"),
                (stream, address, place) = take(socket, free) => {
                    tokio::spawn(greet(stream, address, place, handshakes.clone(), done.clone()));
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<Peer> {
        Ok(Peer { address: self.socket.local_addr()?, tls: self.tls.is_some() })
    }
}

async fn greet(
    stream: TcpStream,
    address: SocketAddr,
    place: OwnedSemaphorePermit,
    handshakes: Arc<Handshakes>,
    done: mpsc::Sender<(Stream, Peer)>,
) {
    match handshakes.shake(stream).await {
        Ok(inner) => {
            let stream = Stream { inner: Wire::Tls(Box::new(inner)), _place: place };
            // Nobody takes it once the gateway stops.
            let _ = done.send((stream, Peer { address, tls: true })).await;
        }
        Err(Failed::NotTls(stream)) => {
            tracing::debug!(%address, "HTTP in clear where TLS is spoken");
            let _ = timeout(ANSWER_TIMEOUT, tell(stream)).await;
        }
        Err(error) => tracing::debug!(%address, %error, "a TLS handshake came to nothing"),
    }
}

/// Says that TLS is spoken here. To close with bytes unread would take the answer back.
async fn tell(mut stream: TcpStream) -> io::Result<()> {
    stream.write_all(SPEAKS_TLS).await?;
    stream.shutdown().await?;
    let mut unread = [0; 1024];
    for _ in 0..64 {
        if stream.read(&mut unread).await? == 0 {
            break;
        }
    }
    Ok(())
}

/// A connection, and the place it takes.
pub(crate) struct Stream {
    inner: Wire,
    _place: OwnedSemaphorePermit,
}

enum Wire {
    Clear(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// What both kinds do alike.
macro_rules! on_wire {
    ($stream:expr, $inner:ident => $call:expr) => {
        match &mut $stream.inner {
            Wire::Clear($inner) => $call,
            Wire::Tls($inner) => $call,
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        on_wire!(self, inner => Pin::new(inner).poll_read(cx, buffer))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        on_wire!(self, inner => Pin::new(inner).poll_write(cx, bytes))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on_wire!(self, inner => Pin::new(inner).poll_flush(cx))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on_wire!(self, inner => Pin::new(inner).poll_shutdown(cx))
    }
}

#[cfg(test)]
mod tests {
    use axum::serve::Listener as _;

    use super::*;

    #[tokio::test]
    async fn more_connections_than_may_be_wait_until_one_ends() {
        let socket = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let address = socket.local_addr().expect("an address");
        let mut listener = Listener::new(socket, 1, None);
        let _clients =
            (TcpStream::connect(address).await.expect("one"), TcpStream::connect(address).await.expect("two"));
        let (first, peer) = listener.accept().await;
        assert!(!peer.tls && peer.address.ip().is_loopback());
        let short = Duration::from_millis(50);
        assert!(tokio::time::timeout(short, listener.accept()).await.is_err(), "no place");
        drop(first);
        tokio::time::timeout(Duration::from_secs(5), listener.accept()).await.expect("a place");
    }

    #[test]
    fn the_answer_in_clear_is_as_long_as_it_says() {
        let text = std::str::from_utf8(SPEAKS_TLS).expect("text");
        let (head, body) = text.split_once("\r\n\r\n").expect("a body");
        assert!(head.contains(&format!("Content-Length: {}", body.len())), "{} bytes", body.len());
    }
}
