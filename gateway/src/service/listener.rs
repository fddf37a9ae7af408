//! HTTP's listening socket: so many connections at a time, and more wait in the kernel until one ends.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::access::Peer;
use super::wire::{Tls, Wire};
use crate::keys::Served;

/// How long to wait after the system refused a connection (no file descriptors left).
const AFTER_ERROR: Duration = Duration::from_millis(200);

/// Takes connections, `connections_max` at a time.
pub(crate) struct Listener {
    socket: TcpListener,
    free: Arc<Semaphore>,
    tls: Option<Tls>,
}

impl Listener {
    pub(crate) fn new(socket: TcpListener, connections_max: usize, served: Option<Arc<Served>>) -> Self {
        let tls = served.map(|served| Tls::new(served, connections_max));
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
        let Some(tls) = tls else {
            let (stream, address, place) = take(socket, free).await;
            return (Stream { inner: Wire::Clear(stream), _place: place }, Peer { address, tls: false });
        };
        loop {
            tokio::select! {
                biased;
                (inner, address, place) = tls.ready() => {
                    return (Stream { inner, _place: place }, Peer { address, tls: true });
                }
                (stream, address, place) = take(socket, free) => tls.begin(stream, address, place),
            }
        }
    }

    fn local_addr(&self) -> io::Result<Peer> {
        Ok(Peer { address: self.socket.local_addr()?, tls: self.tls.is_some() })
    }
}

/// A connection, and the place it takes.
pub(crate) struct Stream {
    inner: Wire,
    _place: OwnedSemaphorePermit,
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
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
}
