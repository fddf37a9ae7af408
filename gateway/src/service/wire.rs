//! What a connection over HTTP runs on: TCP in clear, or TLS over it.
//!
//! Handshakes are made beside the door, each with a time of its own, so that a slow one holds up nobody; a part of the places
//! is all that strangers who stall can take. Who speaks HTTP in clear where TLS is awaited is told so.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;

use crate::keys::{Failed, Handshakes, Served};

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

/// A connection that is ready, its peer, and the place it takes.
pub(super) type Ready = (Wire, SocketAddr, OwnedSemaphorePermit);

/// Handshakes, and where their connections come out.
pub(super) struct Tls {
    handshakes: Arc<Handshakes>,
    done: mpsc::Sender<Ready>,
    ready: mpsc::Receiver<Ready>,
}

impl Tls {
    pub(super) fn new(served: Arc<Served>, connections_max: usize) -> Self {
        let most = (connections_max / 4).min(HANDSHAKES_MAX);
        let config = served.for_http();
        let (done, ready) = mpsc::channel(1);
        Self { handshakes: Arc::new(Handshakes::new(served, config, HANDSHAKE_TIMEOUT, most)), done, ready }
    }

    /// Begins a handshake with a stranger who has a place.
    pub(super) fn begin(&self, stream: TcpStream, address: SocketAddr, place: OwnedSemaphorePermit) {
        let (handshakes, done) = (self.handshakes.clone(), self.done.clone());
        tokio::spawn(async move {
            match handshakes.shake(stream).await {
                // Nobody takes it once the gateway stops.
                Ok(inner) => drop(done.send((Wire::Tls(Box::new(inner)), address, place)).await),
                Err(Failed::NotTls(stream)) => {
                    tracing::debug!(%address, "HTTP in clear where TLS is spoken");
                    let _ = timeout(ANSWER_TIMEOUT, tell(stream)).await;
                }
                Err(error) => tracing::debug!(%address, %error, "a TLS handshake came to nothing"),
            }
        });
    }

    /// The next connection whose handshake is made. Cancel-safe.
    pub(super) async fn ready(&mut self) -> Ready {
        self.ready.recv().await.expect("we hold a sender")
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

/// The bytes of a connection.
pub(super) enum Wire {
    Clear(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// What both kinds do alike.
macro_rules! on_wire {
    ($wire:expr, $inner:ident => $call:expr) => {
        match $wire.get_mut() {
            Wire::Clear($inner) => $call,
            Wire::Tls($inner) => $call,
        }
    };
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        on_wire!(self, inner => Pin::new(inner).poll_read(cx, buffer))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        on_wire!(self, inner => Pin::new(inner).poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        on_wire!(self, inner => Pin::new(inner).poll_write_vectored(cx, pieces))
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Wire::Clear(inner) => inner.is_write_vectored(),
            Wire::Tls(inner) => inner.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on_wire!(self, inner => Pin::new(inner).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on_wire!(self, inner => Pin::new(inner).poll_shutdown(cx))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_in_clear_is_as_long_as_it_says() {
        let text = std::str::from_utf8(SPEAKS_TLS).expect("text");
        let (head, body) = text.split_once("\r\n\r\n").expect("a body");
        assert!(head.contains(&format!("Content-Length: {}", body.len())), "{} bytes", body.len());
    }
}
