//! Speaks on a port that is open: polls and hears, or hears alone; what is heard goes to the journal, and its
//! acknowledgement to the line.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use protocols::line::{Deframer, LINE_BYTES_MAX, LineFrame};
use protocols::native;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::Instant;

use super::LineConfig;
use crate::reading::NodeId;
use crate::telemetry::frame::{Delivery, Frame, FrameKind, Origin};
use crate::telemetry::ingest::Command;
use crate::telemetry::ingest::doors::Doors;
use crate::telemetry::ingest::mqtt::Intake;
use crate::telemetry::journal::Receipts;

/// Frames passed over before a poll: one that babbles without end must not keep the others from being asked.
const PASSED_OVER_MAX: usize = 16;
/// How often a node's commands are looked for.
const COMMANDS_EVERY: Duration = Duration::from_secs(1);
/// A port that takes no byte for so long is not there.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// Why a talk ended.
pub(super) enum Ended {
    /// The port is not there any more.
    Gone(String),
    /// The journal takes nothing any more.
    Stopped,
}

impl From<io::Error> for Ended {
    fn from(error: io::Error) -> Self {
        Ended::Gone(error.to_string())
    }
}

/// What a line needs beyond the life of its port.
pub(super) struct Talk<I> {
    config: LineConfig<I>,
    doors: Doors,
    /// Random; new for each run.
    session: u64,
    receipts: Arc<Receipts>,
    given: u64,
    /// Numbers our commands on the line.
    command_id: u16,
    looked_for_commands: Vec<(NodeId, Instant)>,
    /// Who speaks unasked: the node that was taken last.
    speaker: Option<NodeId>,
}

/// A frame from the line, with bytes of its own.
#[derive(Debug, PartialEq, Eq)]
struct Heard {
    node: NodeId,
    what: What,
}

#[derive(Debug, PartialEq, Eq)]
enum What {
    Data {
        id: u16,
        payload: Vec<u8>,
    },
    Ack {
        id: u16,
    },
    Idle,
    /// What only a gateway says: our own words, which some adapters give back.
    Echo,
}

/// A port and what has come from it.
struct Port<P> {
    port: P,
    deframer: Box<Deframer>,
    bytes: [u8; 512],
    at: usize,
    end: usize,
}

impl<P: AsyncRead + AsyncWrite + Unpin> Port<P> {
    /// The next frame; none when `silence` has passed without a byte, or the time is past `until`. Cancel-safe.
    async fn hear(
        &mut self,
        silence: Duration,
        until: Instant,
        mut noise: impl FnMut(),
    ) -> Result<Option<Heard>, Ended> {
        loop {
            while self.at < self.end {
                let byte = self.bytes[self.at];
                self.at += 1;
                match self.deframer.push(byte) {
                    None => {}
                    Some(Ok(frame)) => {
                        if let Some(heard) = Heard::of(&frame) {
                            return Ok(Some(heard));
                        }
                    }
                    Some(Err(_)) => noise(),
                }
            }
            let quiet = (Instant::now() + silence).min(until);
            match tokio::time::timeout_at(quiet, self.port.read(&mut self.bytes)).await {
                Err(_) => return Ok(None),
                // A port that was unplugged says this without end.
                Ok(Ok(0)) => return Err(Ended::Gone("the port gives nothing any more".into())),
                Ok(read) => (self.at, self.end) = (0, read?),
            }
        }
    }

    async fn say(&mut self, frame: LineFrame<'_>) -> Result<(), Ended> {
        let mut buffer = [0; LINE_BYTES_MAX];
        let bytes =
            frame.encode(&mut buffer).map_err(|error| Ended::Gone(format!("a frame that cannot be sent: {error}")))?;
        let writing = async {
            self.port.write_all(bytes).await?;
            self.port.flush().await
        };
        match tokio::time::timeout(WRITE_TIMEOUT, writing).await {
            Ok(written) => Ok(written?),
            Err(_) => Err(Ended::Gone("the port takes nothing any more".into())),
        }
    }
}

impl Heard {
    fn of(frame: &LineFrame<'_>) -> Option<Self> {
        let what = match *frame {
            LineFrame::Data { id, payload, .. } => What::Data { id, payload: payload.to_vec() },
            LineFrame::Ack { id, .. } => What::Ack { id },
            LineFrame::Idle { .. } => What::Idle,
            LineFrame::Poll { .. } | LineFrame::Command { .. } => What::Echo,
        };
        Some(Self { node: NodeId::new(frame.node()).ok()?, what })
    }
}

impl<I: Intake> Talk<I> {
    pub(super) fn new(config: LineConfig<I>) -> Self {
        Self {
            doors: Doors::new(config.vouched.clone()),
            config,
            session: getrandom::u64().unwrap_or_default(),
            receipts: Arc::default(),
            given: 0,
            command_id: 0,
            looked_for_commands: Vec::new(),
            speaker: None,
        }
    }

    /// Speaks until the port is gone or the journal has stopped.
    pub(super) async fn over<P: AsyncRead + AsyncWrite + Unpin>(&mut self, port: P) -> Ended {
        let mut port = Port { port, deframer: Box::default(), bytes: [0; 512], at: 0, end: 0 };
        loop {
            let done = if self.config.line.nodes.is_empty() {
                self.listen(&mut port).await
            } else {
                self.round(&mut port).await
            };
            if let Err(ended) = done {
                return ended;
            }
        }
    }

    /// Polls every node once.
    async fn round<P: AsyncRead + AsyncWrite + Unpin>(&mut self, port: &mut Port<P>) -> Result<(), Ended> {
        let begun = Instant::now();
        let mut busy = false;
        for node in self.config.line.nodes.clone() {
            self.pass_over(port).await?;
            port.say(LineFrame::Poll { node: node.as_str() }).await?;
            let data = |what: &What| matches!(what, What::Data { .. } | What::Idle);
            match self.answer(port, &node, data).await? {
                Some(What::Data { id, payload }) => busy |= self.take(port, &node, id, payload).await?,
                Some(_) => {}
                None => {
                    self.config.state.silent(&node);
                    continue;
                }
            }
            self.give_commands(port, &node).await?;
        }
        if !busy {
            let next = begun + Duration::from_millis(u64::from(self.config.line.poll_ms));
            // What comes meanwhile was not asked for; reading it tells that the port is still there.
            while Instant::now() < next {
                if self.hear(port, next - Instant::now(), next).await?.is_some_and(|heard| heard.what != What::Echo) {
                    self.config.state.count(|view| view.unasked += 1);
                }
            }
        }
        Ok(())
    }

    /// Passes over what has come already. It answers an earlier poll, too late; taken for the answer of the next one it would be
    /// acknowledged when its node has made another, and so would every answer after it, for ever.
    async fn pass_over<P: AsyncRead + AsyncWrite + Unpin>(&self, port: &mut Port<P>) -> Result<(), Ended> {
        for _ in 0..PASSED_OVER_MAX {
            match self.hear(port, Duration::ZERO, Instant::now()).await? {
                Some(heard) if heard.what != What::Echo => self.config.state.count(|view| view.unasked += 1),
                Some(_) => {}
                None => break,
            }
        }
        Ok(())
    }

    /// Hears one frame of a node that speaks unasked.
    async fn listen<P: AsyncRead + AsyncWrite + Unpin>(&mut self, port: &mut Port<P>) -> Result<(), Ended> {
        let until = Instant::now() + COMMANDS_EVERY;
        match self.hear(port, COMMANDS_EVERY, until).await? {
            Some(Heard { node, what: What::Data { id, payload } }) => {
                if self.take(port, &node, id, payload).await? {
                    self.give_commands(port, &node).await?;
                }
                Ok(())
            }
            Some(_) => Ok(()),
            None => match self.speaker.clone() {
                Some(node) => self.give_commands(port, &node).await,
                None => Ok(()),
            },
        }
    }

    async fn hear<P: AsyncRead + AsyncWrite + Unpin>(
        &self,
        port: &mut Port<P>,
        silence: Duration,
        until: Instant,
    ) -> Result<Option<Heard>, Ended> {
        let state = &self.config.state;
        let heard = port.hear(silence, until, || state.count(|view| view.noise += 1)).await?;
        if heard.as_ref().is_some_and(|heard| heard.what != What::Echo) {
            state.count(|view| view.frames += 1);
        }
        Ok(heard)
    }

    /// The answer of `node`; none when it is silent. What others say meanwhile was not asked for.
    async fn answer<P: AsyncRead + AsyncWrite + Unpin>(
        &self,
        port: &mut Port<P>,
        node: &NodeId,
        wanted: impl Fn(&What) -> bool,
    ) -> Result<Option<What>, Ended> {
        let silence = Duration::from_millis(u64::from(self.config.line.timeout_ms));
        // Ten bits to a byte. On a noisy line there may be no silence.
        let longest = Duration::from_secs_f64(LINE_BYTES_MAX as f64 * 10.0 / f64::from(self.config.line.baud));
        let until = Instant::now() + silence + longest;
        while let Some(heard) = self.hear(port, silence, until).await? {
            if heard.node == *node && wanted(&heard.what) {
                self.config.state.heard(node, self.config.clock.now());
                return Ok(Some(heard.what));
            }
            if heard.what != What::Echo {
                self.config.state.count(|view| view.unasked += 1);
            }
        }
        Ok(None)
    }

    /// Takes data to the journal, and acknowledges it once it is on disk. Says whether the node was let in.
    async fn take<P: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        port: &mut Port<P>,
        node: &NodeId,
        id: u16,
        payload: Vec<u8>,
    ) -> Result<bool, Ended> {
        if self.doors.admit(node).await.is_err() {
            self.config.state.count(|view| view.denied += 1);
            return Ok(false);
        }
        let received_at = self.config.clock.now();
        self.config.state.heard(node, received_at);
        if self.config.line.nodes.is_empty() && self.speaker.as_ref() != Some(node) {
            self.speaker = Some(node.clone());
            self.looked_for_commands.clear();
        }
        let frame = Frame {
            kind: kind(&payload),
            node: node.clone(),
            origin: Origin::Serial,
            received_at,
            clock_suspect: self.config.clock.is_suspect(received_at),
            delivery: Delivery {
                session: self.session,
                packet_id: id,
                at_least_once: true,
                duplicate: false,
                retained: false,
            },
            payload,
        };
        self.config.intake.append(frame.encode(), self.receipts.clone()).await.map_err(|_| Ended::Stopped)?;
        self.given += 1;
        // Also of a port that was gone meanwhile: what it sent is on disk, and not acknowledged.
        while self.receipts.committed() < self.given {
            self.receipts.more_than(self.given - 1).await;
        }
        port.say(LineFrame::Ack { node: node.as_str(), id }).await?;
        self.config.state.count(|view| view.acks += 1);
        if let Some(answer) = self.config.answer.answer(&frame.kind, &frame.payload, self.config.clock.now()) {
            self.give(port, node, id, &answer).await?;
        }
        Ok(true)
    }

    /// Gives the node its commands, if any wait, once in a while.
    async fn give_commands<P: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        port: &mut Port<P>,
        node: &NodeId,
    ) -> Result<(), Ended> {
        let now = Instant::now();
        match self.looked_for_commands.iter_mut().find(|(known, _)| known == node) {
            Some((_, at)) if now.duration_since(*at) < COMMANDS_EVERY => return Ok(()),
            Some((_, at)) => *at = now,
            None => self.looked_for_commands.push((node.clone(), now)),
        }
        let (sessions, asked) = (self.config.sessions.clone(), node.clone());
        let Ok(commands) = tokio::task::spawn_blocking(move || sessions.commands(&asked)).await else { return Ok(()) };
        for Command { id, payload } in commands {
            if !self.give(port, node, 0, &payload).await? {
                return Ok(());
            }
            let sessions = self.config.sessions.clone();
            let _ = tokio::task::spawn_blocking(move || sessions.delivered(id)).await;
        }
        Ok(())
    }

    /// Gives a native frame to the node; says whether it acknowledged. `not` is a number that its own data had just now:
    /// some adapters give our acknowledgement of it back.
    async fn give<P: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        port: &mut Port<P>,
        node: &NodeId,
        not: u16,
        payload: &[u8],
    ) -> Result<bool, Ended> {
        self.command_id = self.command_id.wrapping_add(1);
        if self.command_id == not {
            self.command_id = self.command_id.wrapping_add(1);
        }
        let id = self.command_id;
        port.say(LineFrame::Command { node: node.as_str(), id, payload }).await?;
        Ok(self.answer(port, node, |what| *what == What::Ack { id }).await?.is_some())
    }
}

/// What a native frame is for. One that cannot be read is kept as readings that cannot be read.
fn kind(payload: &[u8]) -> FrameKind {
    match native::Frame::decode(payload) {
        Ok(native::Frame::Status(_)) => FrameKind::Status,
        Ok(native::Frame::Reply(_) | native::Frame::TimeRequest(_)) => FrameKind::Reply,
        _ => FrameKind::Readings,
    }
}

#[cfg(test)]
mod tests;
