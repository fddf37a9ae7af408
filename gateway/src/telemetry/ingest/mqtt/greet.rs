//! The beginning of a connection: a CONNECT is read, its node admitted and seated, its session found.
//!
//! A node is admitted before its seat is taken from an earlier connection, so that only who knows the secret can close it.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use super::connections::{Connected, NoSeat, Seat};
use super::dialogue::Dialogue;
use super::hello::{Hello, Refused, Will};
use super::line::Line;
use super::wire::{self, Framed};
use super::{House, Intake, Peer, Refusal};
use crate::reading::NodeId;
use crate::telemetry::ingest::{Denied, Session};

/// What a client is let in with.
pub(super) struct Welcome {
    pub(super) dialogue: Box<Dialogue>,
    pub(super) seat: Seat,
    pub(super) will: Option<Will>,
    pub(super) keep_alive: Option<Duration>,
    /// Whether the session is one that was kept.
    pub(super) resumed: bool,
}

/// Who is not let in: why, and its name if it told one. None for who simply went away.
pub(super) type NotGreeted = Option<(Refused, Option<NodeId>)>;

/// Reads a CONNECT and decides on it. The CONNACK of who is let in is in the output, not yet sent; packets that came
/// with the CONNECT are in the input.
pub(super) async fn greet<I: Intake, S: AsyncRead + AsyncWrite + Unpin>(
    line: &mut Line<S>,
    peer: &Peer,
    house: &House<I>,
) -> Result<Welcome, NotGreeted> {
    let config = &house.config;
    let hello = match timeout(config.limits.connect_timeout, read_hello(line, house)).await {
        Ok(hello) => hello?,
        Err(_) => return Err(Some((Refused { refusal: Refusal::ConnectTimeout, protocol: None }, None))),
    };
    let node = hello.node.clone();
    let refused = |refusal| Some((Refused { refusal, protocol: Some(hello.protocol) }, Some(node.clone())));

    let kicks = config.connections.kicks();
    // Who shows a certificate is judged by it, whatever password comes with it.
    let admit = |secret: Option<Vec<u8>>| {
        let (admission, certified, node) = (config.admission.clone(), config.certified.clone(), node.clone());
        let (certificate, from) = (peer.certificate, peer.address.ip().to_canonical());
        house.blocking(move || match (certificate, certified) {
            (Some(certificate), Some(certified)) => certified.admit_certified(&node, &certificate),
            (Some(_), None) => Err(Denied::WrongCertificate),
            (None, _) => admission.admit_from(&node, secret.as_deref(), from),
        })
    };
    admit(hello.secret.clone()).await.map_err(|denied| refused(denied.into()))?;
    let connected = Connected {
        node: node.clone(),
        since: config.clock.now(),
        peer: peer.address,
        protocol: hello.protocol,
        tls: peer.tls,
        certificate: peer.certificate,
    };
    let enter = config.connections.clone().enter(connected, config.limits.connections_max);
    // The first connection leaves at once unless the journal takes nothing, not even its will.
    let seat = match timeout(config.limits.connect_timeout, enter).await {
        Ok(Ok(seat)) => seat,
        Ok(Err(NoSeat::Full)) => return Err(refused(Refusal::ConnectionsFull)),
        Ok(Err(NoSeat::TakenOver)) => {
            config.counters.was_taken_over();
            return Err(None);
        }
        Err(_) => return Err(refused(Refusal::Unavailable)),
    };
    if config.connections.kicks() != kicks {
        admit(hello.secret.clone()).await.map_err(|denied| refused(denied.into()))?;
    }

    let new_id = getrandom::u64().expect("the system gives randomness");
    let (sessions, clean, expiry_s) = (config.sessions.clone(), hello.clean, hello.expiry_s);
    let (session, present) = house
        .blocking(move || {
            let found = sessions.find(&node);
            let resumed = found.clone().filter(|_| !clean);
            let present = resumed.is_some();
            let session = resumed.map_or(Session { id: new_id, commands_qos: None, expiry_s }, |session| Session {
                expiry_s,
                ..session
            });
            if expiry_s > 0 {
                sessions.keep(&node, &session);
            } else if found.is_some() && !present {
                sessions.forget(&node);
            }
            (session, present)
        })
        .await;

    line.output.extend_from_slice(&hello.connack(present, &config.limits));
    let resumed = present.then_some(session.commands_qos);
    let dialogue = Dialogue::new(&hello, session.id, resumed, config.answer.clone(), &config.limits);
    let keep_alive = Duration::from_millis(u64::from(hello.keep_alive_s) * 1500);
    Ok(Welcome {
        dialogue: Box::new(dialogue),
        seat,
        will: hello.will,
        keep_alive: (hello.keep_alive_s > 0).then_some(keep_alive),
        resumed: present,
    })
}

async fn read_hello<I, S: AsyncRead + AsyncWrite + Unpin>(
    line: &mut Line<S>,
    house: &House<I>,
) -> Result<Hello, NotGreeted> {
    /// Whoever is not let in yet gets no more memory than this.
    const CONNECT_BYTES_MAX: usize = 16 * 1024;
    let bytes_max = CONNECT_BYTES_MAX.min(house.config.limits.packet_bytes_max as usize);
    let malformed = Some((Refused { refusal: Refusal::Malformed, protocol: None }, None));
    loop {
        match wire::frame(&line.input, bytes_max) {
            // Whoever says something else first is no MQTT client: not waited for.
            _ if line.input.first().is_some_and(|first| *first != 0x10) => return Err(malformed),
            Ok(Framed::Whole(packet)) => {
                let hello = Hello::read(packet).map_err(|refused| Some((refused, None)))?;
                let length = packet.length;
                line.consume(length);
                return Ok(hello);
            }
            Ok(Framed::Partial) => {}
            Ok(Framed::TooLarge { .. }) | Err(_) => return Err(malformed),
        }
        match line.fill().await {
            Ok(0) | Err(_) if line.input.is_empty() => return Err(None),
            Ok(0) | Err(_) => return Err(malformed),
            Ok(_) => {}
        }
    }
}
