//! TLS handshakes of strangers: each has its time, and so many are under way at once. One more ends the oldest, so that
//! whoever stalls makes room, and whoever is quick comes through.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::server::TlsStream;

use super::{Fingerprint, Served};
use crate::secret::locked;

/// The first byte of a TLS connection: a handshake record.
const HANDSHAKE: u8 = 0x16;

/// Where strangers' handshakes are made.
pub(crate) struct Handshakes {
    acceptor: TlsAcceptor,
    served: Arc<Served>,
    time: Duration,
    most: usize,
    under_way: Mutex<UnderWay>,
}

#[derive(Default)]
struct UnderWay {
    next: u64,
    /// The oldest first; each ends when its sender is dropped.
    all: BTreeMap<u64, oneshot::Sender<()>>,
}

/// Why a handshake came to nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failed {
    /// The peer speaks something else; the stream is as it came.
    #[error("the peer does not speak TLS")]
    NotTls(TcpStream),
    /// It took too long.
    #[error("the handshake took too long")]
    Slow,
    /// Others came, and it was the oldest.
    #[error("too many handshakes were under way")]
    Crowded,
    /// The peer went away, or the two could not agree.
    #[error("{0}")]
    Tls(#[from] io::Error),
}

impl Handshakes {
    pub(crate) fn new(served: Arc<Served>, config: Arc<ServerConfig>, time: Duration, most: usize) -> Self {
        Self { acceptor: TlsAcceptor::from(config), served, time, most: most.max(1), under_way: Mutex::default() }
    }

    /// Makes the handshake.
    pub(crate) async fn shake(&self, stream: TcpStream) -> Result<TlsStream<TcpStream>, Failed> {
        let (place, cut) = self.enter();
        let shaken = async {
            let mut first = [0];
            if stream.peek(&mut first).await? == 1 && first[0] != HANDSHAKE {
                return Err(Failed::NotTls(stream));
            }
            Ok(self.acceptor.accept(stream).await?)
        };
        let shaken = tokio::select! {
            shaken = timeout(self.time, shaken) => shaken.unwrap_or(Err(Failed::Slow)),
            _ = cut => Err(Failed::Crowded),
        };
        drop(place);
        if shaken.is_err() {
            self.served.count_failed();
        }
        shaken
    }

    fn enter(&self) -> (Place<'_>, oneshot::Receiver<()>) {
        let (end, cut) = oneshot::channel();
        let mut under_way = locked(&self.under_way);
        let id = under_way.next;
        under_way.next += 1;
        if under_way.all.len() >= self.most {
            under_way.all.pop_first();
        }
        under_way.all.insert(id, end);
        (Place { of: self, id }, cut)
    }
}

/// A place among the handshakes under way.
struct Place<'a> {
    of: &'a Handshakes,
    id: u64,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        locked(&self.of.under_way).all.remove(&self.id);
    }
}

/// The fingerprint of the certificate that a client showed and that stood up to the handshake.
pub(crate) fn shown(stream: &TlsStream<TcpStream>) -> Option<Fingerprint> {
    let (_, connection) = stream.get_ref();
    connection.peer_certificates()?.first().map(|certificate| Fingerprint::of(certificate))
}
