//! One connection: its socket, its deadlines, and the calls of others. The thin driver of [`Dialogue`].
//!
//! Reading and acknowledging overlap: what has come is handed to the journal packet by packet, and PUBACKs are written
//! together whenever the journal has committed some. While the journal takes no more, the socket is not read.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use mqtt_protocol_core::mqtt::result_code::DisconnectReasonCode;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::connections::{Call, Seat};
use super::dialogue::{Dialogue, Event};
use super::greet::{Welcome, greet};
use super::hello::Will;
use super::line::Line;
use super::wire::Fault;
use super::{House, Intake, Peer};
use crate::reading::NodeId;
use crate::telemetry::ingest::Session;
use crate::telemetry::journal::{Receipts, Stopped};

/// Serves one peer from its CONNECT to its end.
pub(super) async fn serve<I: Intake, S: AsyncRead + AsyncWrite + Unpin + Send>(
    stream: S,
    peer: Peer,
    house: Arc<House<I>>,
    mut stop: watch::Receiver<bool>,
) {
    let mut line = Line::new(stream);
    // Boxed: what only the beginning or the end needs does not stay in the task's memory.
    let greeted = tokio::select! {
        greeted = Box::pin(greet(&mut line, &peer, &house)) => greeted,
        () = stopped(&mut stop) => return,
    };
    match greeted {
        Ok(welcome) => {
            let mut visit = Visit::new(line, house, stop, welcome);
            let ending = visit.talk().await;
            Box::pin(visit.leave(ending)).await;
        }
        Err(Some((refused, node))) => {
            house.config.counters.refuse(refused.refusal);
            let node = node.as_ref().map(NodeId::as_str);
            tracing::info!(peer = %peer.address, node, reason = %refused.refusal, "a node was refused");
            if let Some(connack) = refused.connack() {
                line.output.extend_from_slice(&connack);
                if line.flush(house.config.limits.write_timeout).await.is_ok() {
                    Box::pin(line.close(house.config.limits.close_timeout)).await;
                }
            }
        }
        Err(None) => {}
    }
}

/// Waits for the gateway's stop; a sender that is gone is one. Cancel-safe.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _stops = stop.wait_for(|stop| *stop).await.is_ok();
}

/// An established connection.
struct Visit<I: Intake, S> {
    line: Line<S>,
    house: Arc<House<I>>,
    stop: watch::Receiver<bool>,
    dialogue: Box<Dialogue>,
    seat: Seat,
    will: Option<Will>,
    keep_alive: Option<Duration>,
    /// Whether the session is one that was kept, and for how long it was to be kept when the connection began.
    resumed: bool,
    expiry_s: u32,
    receipts: Arc<Receipts>,
    /// When the last whole packet was taken.
    heard_at: Instant,
    /// Since when a packet's end is awaited.
    partial_since: Option<Instant>,
}

/// What a connection at rest wakes for.
enum Woken {
    Called(Call),
    OnDisk,
    Read(usize),
    Timer,
}

/// Why a connection ends.
#[derive(Debug, Clone, Copy)]
enum Ending {
    /// The client said good-bye, and whether its will is to be sent.
    Goodbye { will: bool },
    /// The client is gone.
    Gone,
    /// The client did what MQTT, or what was agreed on, does not allow.
    Fault(Fault),
    /// No packet within keep-alive, or one that did not end.
    Silent,
    /// Called away.
    Called(Call),
    /// The gateway stops.
    Stopping,
    /// The journal has stopped.
    JournalStopped,
}

impl From<io::Error> for Ending {
    fn from(_: io::Error) -> Self {
        Ending::Gone
    }
}

impl From<Stopped> for Ending {
    fn from(_: Stopped) -> Self {
        Ending::JournalStopped
    }
}

impl<I: Intake, S: AsyncRead + AsyncWrite + Unpin + Send> Visit<I, S> {
    fn new(line: Line<S>, house: Arc<House<I>>, stop: watch::Receiver<bool>, welcome: Welcome) -> Self {
        house.config.counters.entered();
        let Welcome { dialogue, seat, will, keep_alive, resumed } = welcome;
        Self {
            expiry_s: dialogue.expiry_s(),
            line,
            house,
            stop,
            dialogue,
            seat,
            will,
            keep_alive,
            resumed,
            receipts: Arc::new(Receipts::default()),
            heard_at: Instant::now(),
            partial_since: None,
        }
    }

    async fn talk(&mut self) -> Ending {
        match self.converse().await {
            Ok(never) => match never {},
            Err(ending) => ending,
        }
    }

    async fn converse(&mut self) -> Result<std::convert::Infallible, Ending> {
        if self.dialogue.commands_qos().is_some() {
            self.send_commands(Vec::new()).await?;
        }
        let mut timer = pin!(sleep_until(self.next_timer()));
        loop {
            self.acknowledge();
            self.take_packets().await?;
            self.flush().await?;
            let reads = !self.dialogue.is_full();
            if !reads {
                // It may well have spoken; it is we who do not listen.
                self.heard_at = Instant::now();
                self.partial_since = None;
            }
            // A packet that has begun, or memory to give back, may bring the timer nearer; it follows a deadline that has
            // moved away only when it fires.
            let next = self.next_timer();
            if next < timer.deadline() {
                timer.as_mut().reset(next);
            }
            let woken = tokio::select! {
                biased;
                () = stopped(&mut self.stop) => return Err(Ending::Stopping),
                call = self.seat.called() => Woken::Called(call),
                _ = self.receipts.more_than(self.dialogue.on_disk()), if self.dialogue.waits() => Woken::OnDisk,
                read = self.line.fill(), if reads => Woken::Read(read?),
                () = &mut timer => Woken::Timer,
            };
            match woken {
                Woken::Called(Call::Commands) => Box::pin(self.send_commands(Vec::new())).await?,
                Woken::Called(call) => return Err(Ending::Called(call)),
                Woken::Read(0) => return Err(Ending::Gone),
                Woken::Timer if self.deadline() <= Instant::now() => return Err(Ending::Silent),
                Woken::Timer => {
                    if self.trims_at().is_some_and(|at| at <= Instant::now()) {
                        self.line.trim();
                        self.dialogue.trim();
                    }
                    timer.as_mut().reset(self.next_timer());
                }
                Woken::OnDisk | Woken::Read(_) => {}
            }
        }
    }

    fn next_timer(&self) -> Instant {
        let deadline = self.deadline();
        self.trims_at().map_or(deadline, |trims_at| deadline.min(trims_at))
    }

    /// When the memory of busier times is given back: to do so after each burst would cost more than the burst.
    fn trims_at(&self) -> Option<Instant> {
        const REST: Duration = Duration::from_secs(1);
        let rests = self.line.input.is_empty() && !self.dialogue.waits();
        (rests && self.line.is_grown()).then(|| self.heard_at + REST)
    }

    fn deadline(&self) -> Instant {
        let limits = &self.house.config.limits;
        let silent = self.heard_at + self.keep_alive.unwrap_or(limits.silence_max);
        self.partial_since.map_or(silent, |since| silent.min(since + limits.packet_timeout))
    }

    /// Writes the PUBACKs of what is on disk.
    fn acknowledge(&mut self) {
        let acks = self.dialogue.committed(self.receipts.committed(), &mut self.line.output);
        self.house.config.counters.acknowledged(acks);
    }

    async fn flush(&mut self) -> Result<(), Ending> {
        if self.line.output.is_empty() {
            return Ok(());
        }
        let write_timeout = self.house.config.limits.write_timeout;
        tokio::select! {
            biased;
            written = self.line.flush(write_timeout) => match written {
                Err(error) if error.kind() == io::ErrorKind::TimedOut => Err(Ending::Silent),
                written => Ok(written?),
            },
            call = self.seat.called_away() => Err(Ending::Called(call)),
        }
    }

    /// Takes all whole packets that have come, until too much waits for the disk.
    async fn take_packets(&mut self) -> Result<(), Ending> {
        if self.line.input.is_empty() {
            return Ok(());
        }
        let clock = &self.house.config.clock;
        let now = clock.now();
        self.dialogue.at(now, clock.is_suspect(now));
        let (mut at, mut published, mut taken) = (0, 0, Vec::new());
        let outcome = loop {
            if self.dialogue.is_full() {
                self.partial_since = None;
                break Ok(());
            }
            match self.dialogue.next(&self.line.input[at..], &mut self.line.output) {
                Ok(Some((length, event))) => {
                    at += length;
                    published += u64::from(matches!(event, Event::Record(_) | Event::Oversized(_)));
                    if let Err(ending) = self.obey(event, &mut taken).await {
                        break Err(ending);
                    }
                }
                Ok(None) => {
                    let partial = at < self.line.input.len();
                    let since = self.partial_since.filter(|_| at == 0);
                    self.partial_since = partial.then(|| since.unwrap_or_else(Instant::now));
                    break Ok(());
                }
                Err(fault) => break Err(Ending::Fault(fault)),
            }
        };
        if at > 0 {
            self.heard_at = Instant::now();
        }
        self.line.consume(at);
        self.house.config.counters.published(published);
        if !taken.is_empty() {
            Box::pin(self.send_commands(taken)).await?;
        }
        outcome
    }

    async fn obey(&mut self, event: Event, taken: &mut Vec<u64>) -> Result<(), Ending> {
        match event {
            Event::Record(record) => self.append(record).await,
            Event::Oversized(record) => {
                self.append(record).await?;
                Err(Ending::Fault(Fault::TooLarge))
            }
            Event::Subscription { qos, response } => Box::pin(self.keep_subscription(qos, response)).await,
            Event::CommandTaken(command) => {
                self.house.config.counters.took_command();
                taken.push(command);
                Ok(())
            }
            Event::UnknownAck => {
                self.house.config.counters.took_unknown_ack();
                Ok(())
            }
            Event::Goodbye { will } => Err(Ending::Goodbye { will }),
            Event::Done => Ok(()),
        }
    }

    /// Hands a record to the journal. While that waits, what is on disk is acknowledged all the same.
    async fn append(&mut self, record: Vec<u8>) -> Result<(), Ending> {
        let Self { house, receipts, dialogue, line, seat, stop, .. } = self;
        let config = &house.config;
        let mut append = pin!(config.intake.append(record, receipts.clone()));
        loop {
            tokio::select! {
                biased;
                appended = &mut append => return Ok(appended?),
                call = seat.called_away() => return Err(Ending::Called(call)),
                () = stopped(stop) => return Err(Ending::Stopping),
                committed = receipts.more_than(dialogue.on_disk()) => {
                    config.counters.acknowledged(dialogue.committed(committed, &mut line.output));
                    match line.flush(config.limits.write_timeout).await {
                        Err(error) if error.kind() == io::ErrorKind::TimedOut => return Err(Ending::Silent),
                        flushed => flushed?,
                    }
                }
            }
        }
    }

    async fn keep_subscription(&mut self, qos: Option<u8>, response: Vec<u8>) -> Result<(), Ending> {
        let changed = qos != self.dialogue.commands_qos();
        self.dialogue.subscribed(qos);
        if changed && self.dialogue.expiry_s() > 0 {
            self.keep_session().await;
        }
        self.line.output.extend_from_slice(&response);
        if qos.is_some() { self.send_commands(Vec::new()).await } else { Ok(()) }
    }

    async fn keep_session(&self) {
        let node = self.seat.node().clone();
        let sessions = self.house.config.sessions.clone();
        let session = Session {
            id: self.dialogue.session(),
            commands_qos: self.dialogue.commands_qos(),
            expiry_s: self.dialogue.expiry_s(),
        };
        self.house
            .blocking(move || {
                if session.expiry_s > 0 {
                    sessions.keep(&node, &session);
                } else {
                    sessions.forget(&node);
                }
            })
            .await;
    }

    /// Notes which commands the node has taken, and sends those that wait.
    async fn send_commands(&mut self, taken: Vec<u64>) -> Result<(), Ending> {
        let looks = taken.is_empty() || self.dialogue.wants_more_commands();
        let node = self.seat.node().clone();
        let sessions = self.house.config.sessions.clone();
        let waiting = self
            .house
            .blocking(move || {
                for command in taken {
                    sessions.delivered(command);
                }
                if looks { sessions.commands(&node) } else { Vec::new() }
            })
            .await;
        if !looks {
            return Ok(());
        }
        let offered = self.dialogue.offer(&waiting, &mut self.line.output);
        self.house.config.counters.sent_commands(offered.sent);
        if offered.left_out > 0 {
            self.house.config.counters.left_out_commands(offered.left_out);
            tracing::warn!(node = %self.seat.node(), count = offered.left_out, "commands larger than the node takes");
        }
        if !offered.done.is_empty() {
            self.flush().await?;
            let sessions = self.house.config.sessions.clone();
            self.house.blocking(move || offered.done.into_iter().for_each(|done| sessions.delivered(done))).await;
        }
        Ok(())
    }

    /// Ends the connection: what waits is acknowledged where there is time, the will is sent, the client is told why.
    async fn leave(mut self, ending: Ending) {
        let house = self.house.clone();
        let counters = &house.config.counters;
        if ending.is_the_clients_silence()
            && let Some(record) = self.dialogue.cut_short(&self.line.input)
        {
            counters.published(1);
            let _appended = self.append_last(record).await;
        }
        if ending.waits_for_the_disk() {
            let until = Instant::now() + house.config.limits.drain_timeout;
            while self.dialogue.waits()
                && timeout_at(until, self.receipts.more_than(self.dialogue.on_disk())).await.is_ok()
            {
                self.acknowledge();
            }
        }
        if let Some(will) = self.will.take().filter(|_| ending.sends_the_will()) {
            let now = house.config.clock.now();
            self.dialogue.at(now, house.config.clock.is_suspect(now));
            let record = self.dialogue.will(&will);
            let _appended = self.append_last(record).await;
        }
        let expiry_s = self.dialogue.expiry_s();
        // The time that a session is kept begins now; one that is kept for ever, or not at all, is as it should be.
        let is_timed = expiry_s > 0 && expiry_s < u32::MAX;
        if is_timed || expiry_s != self.expiry_s || (expiry_s == 0 && self.resumed) {
            self.keep_session().await;
        }
        let Self { mut line, dialogue, seat, .. } = self;
        let node = seat.node().clone();
        drop(seat);
        counters.left();
        match ending {
            Ending::Fault(fault) => {
                counters.was_malformed();
                tracing::info!(%node, reason = %fault, "a connection was closed for what its node sent");
            }
            Ending::Silent => {
                counters.ran_out_of_time();
                tracing::debug!(%node, "a connection was closed for its silence");
            }
            Ending::Called(Call::TakenOver) => counters.was_taken_over(),
            Ending::Called(Call::Revoked) => tracing::info!(%node, "a connection was closed: the node is revoked"),
            _ => {}
        }
        if let Some(reason) = ending.reason() {
            dialogue.put_disconnect(reason, &mut line.output);
            // Who may be deaf gets less time to hear it.
            let patience = Duration::from_secs(1).min(house.config.limits.write_timeout);
            if line.flush(patience).await.is_ok() {
                line.close(house.config.limits.close_timeout).await;
            }
        }
    }

    /// Hands a last record to the journal, for which it waits unless the gateway stops.
    async fn append_last(&mut self, record: Vec<u8>) -> Result<(), Stopped> {
        let config = &self.house.config;
        let given_up = async {
            stopped(&mut self.stop).await;
            tokio::time::sleep(config.limits.drain_timeout).await;
        };
        tokio::select! {
            biased;
            appended = config.intake.append(record, self.receipts.clone()) => appended,
            () = given_up => Err(Stopped),
        }
    }
}

impl Ending {
    /// What an MQTT 5 client is told; nothing to who is gone.
    fn reason(self) -> Option<DisconnectReasonCode> {
        match self {
            Ending::Goodbye { .. } | Ending::Gone => None,
            Ending::Fault(fault) => Some(fault.reason()),
            Ending::Silent => Some(DisconnectReasonCode::KeepAliveTimeout),
            Ending::Called(Call::Revoked) => Some(DisconnectReasonCode::NotAuthorized),
            Ending::Called(_) => Some(DisconnectReasonCode::SessionTakenOver),
            Ending::Stopping | Ending::JournalStopped => Some(DisconnectReasonCode::ServerShuttingDown),
        }
    }

    fn sends_the_will(self) -> bool {
        match self {
            Ending::Goodbye { will } => will,
            Ending::Gone | Ending::Fault(_) | Ending::Silent | Ending::Called(_) => true,
            Ending::Stopping | Ending::JournalStopped => false,
        }
    }

    fn waits_for_the_disk(self) -> bool {
        matches!(self, Ending::Fault(_) | Ending::Stopping)
    }

    fn is_the_clients_silence(self) -> bool {
        matches!(self, Ending::Gone | Ending::Silent)
    }
}
