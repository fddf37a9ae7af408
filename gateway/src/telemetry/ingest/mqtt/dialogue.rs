//! What is said on an established connection: packets in, records and packets out. Pure: it is handed bytes, time and
//! what the journal has committed.
//!
//! Every record counts in [`Dialogue::waiting`] until it is on disk; a PUBACK is written for those that came with QoS 1,
//! in their order. A client that has more QoS 1 messages under way than was agreed breaks MQTT 5; of an MQTT 3.1.1
//! client, and of QoS 0, no more are taken until the disk has caught up ([`Dialogue::is_full`]).

use std::collections::VecDeque;
use std::sync::Arc;

use mqtt_protocol_core::mqtt::packet::{Property, Qos, v3_1_1, v5_0};
use mqtt_protocol_core::mqtt::result_code::{
    DisconnectReasonCode, SubackReasonCode, SubackReturnCode, UnsubackReasonCode,
};

use super::commands::{Commands, Offered};
use super::hello::{Hello, Will};
use super::topics::Topics;
use super::wire::{self, Fault, Framed, Packet};
use super::{Answer, Limits, Protocol};
use crate::reading::{RejectReason, Timestamp};
use crate::telemetry::frame::{Delivery, Frame, FrameKind, Origin};
use crate::telemetry::ingest::Command;

/// One connection's side of the conversation.
pub(super) struct Dialogue {
    protocol: Protocol,
    topics: Topics,
    /// What every record of this connection begins with; kind and delivery are set for each.
    head: Frame,
    answer: Arc<dyn Answer>,
    packet_bytes_max: usize,
    receive_maximum: usize,
    /// Records that are not known to be on disk, in order: what to acknowledge when they are.
    waiting: VecDeque<Ack>,
    /// Those of them that came with QoS 1.
    in_flight: usize,
    /// Records known to be on disk.
    committed: u64,
    commands: Commands,
    expiry_s: u32,
}

/// The PUBACK that a record leads to; packet identifier 0 is none, at QoS 0.
#[derive(Debug, Clone, Copy)]
struct Ack {
    packet_id: u16,
    reason: u8,
}

impl Ack {
    const NONE: Ack = Ack { packet_id: 0, reason: 0 };
}

/// What a packet asks of the connection's driver.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// Append this.
    Record(Vec<u8>),
    /// Append this, then end the connection: the packet is too large.
    Oversized(Vec<u8>),
    /// Keep the subscription to commands, then send these bytes.
    Subscription { qos: Option<u8>, response: Vec<u8> },
    /// The node has taken this command.
    CommandTaken(u64),
    /// A PUBACK for nothing that was sent.
    UnknownAck,
    /// The client ends the connection.
    Goodbye { will: bool },
    /// Nothing more.
    Done,
}

/// Of a packet that is too large this much is looked at, for its topic and the payload's beginning.
const OVERSIZED_LOOKED_AT: usize = 1024;
const OVERSIZED_PAYLOAD_KEPT: usize = 256;
const REFUSED_PAYLOAD_MAX: usize = 64 * 1024;

const NOT_AUTHORISED: u8 = 0x87;
const IMPLEMENTATION_SPECIFIC: u8 = 0x83;

impl Dialogue {
    /// The conversation after `hello`. `resumed` holds the subscription of a session that goes on.
    pub(super) fn new(
        hello: &Hello,
        session: u64,
        resumed: Option<Option<u8>>,
        answer: Arc<dyn Answer>,
        limits: &Limits,
    ) -> Self {
        let head = Frame {
            kind: FrameKind::Readings,
            node: hello.node.clone(),
            origin: Origin::Mqtt,
            received_at: Timestamp::default(),
            clock_suspect: false,
            delivery: Delivery { session, ..Delivery::default() },
            payload: Vec::new(),
        };
        Self {
            protocol: hello.protocol,
            topics: Topics::of(&hello.node),
            head,
            answer,
            packet_bytes_max: limits.packet_bytes_max as usize,
            receive_maximum: usize::from(limits.receive_maximum.max(1)),
            waiting: VecDeque::new(),
            in_flight: 0,
            committed: 0,
            commands: Commands::new(hello.protocol, resumed, hello.receive_maximum, hello.packet_bytes_max),
            expiry_s: hello.expiry_s,
        }
    }

    /// Says when the packets that follow were received.
    pub(super) fn at(&mut self, received_at: Timestamp, clock_suspect: bool) {
        self.head.received_at = received_at;
        self.head.clock_suspect = clock_suspect;
    }

    /// Takes the first packet of `input`, and says how many bytes it was and what it asks for; None when its end has
    /// not come. Answers that need nothing of the driver are written to `out`.
    pub(super) fn next(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<Option<(usize, Event)>, Fault> {
        match wire::frame(input, self.packet_bytes_max)? {
            Framed::Partial => Ok(None),
            Framed::Whole(packet) => Ok(Some((packet.length, self.packet(packet, out)?))),
            Framed::TooLarge { first, header, length } if wire::is_publish(first) => {
                let enough = length.min(header + OVERSIZED_LOOKED_AT);
                Ok((input.len() >= enough).then(|| (0, Event::Oversized(self.oversized(first, &input[header..])))))
            }
            Framed::TooLarge { .. } => Err(Fault::TooLarge),
        }
    }

    /// The record of a PUBLISH that is too large and of which no more will come; None when `input` begins otherwise.
    pub(super) fn cut_short(&mut self, input: &[u8]) -> Option<Vec<u8>> {
        match wire::frame(input, self.packet_bytes_max) {
            Ok(Framed::TooLarge { first, header, .. }) if wire::is_publish(first) => {
                Some(self.oversized(first, input.get(header..).unwrap_or_default()))
            }
            _ => None,
        }
    }

    fn packet(&mut self, packet: Packet<'_>, out: &mut Vec<u8>) -> Result<Event, Fault> {
        let Packet { first, body, .. } = packet;
        match first {
            0x30..=0x3f => self.publish(first, body, out),
            0x40 => {
                let packet_id = wire::puback(body, self.protocol)?;
                Ok(self.commands.acknowledged(packet_id).map_or(Event::UnknownAck, Event::CommandTaken))
            }
            0x82 => self.subscribe(body),
            0xa2 => self.unsubscribe(body),
            0xc0 if body.is_empty() => {
                out.extend_from_slice(&[0xd0, 0]);
                Ok(Event::Done)
            }
            0xe0 => self.disconnect(body),
            // A second CONNECT, an AUTH, a step of QoS 2, a server's packet: MQTT, but not here.
            0x10 | 0x20 | 0x50 | 0x62 | 0x70 | 0x90 | 0xb0 | 0xd0 | 0xf0 => Err(Fault::Protocol),
            _ => Err(Fault::Malformed),
        }
    }

    fn publish(&mut self, first: u8, body: &[u8], out: &mut Vec<u8>) -> Result<Event, Fault> {
        let publish = wire::publish(first, body, self.protocol)?;
        if publish.at_least_once && self.in_flight >= self.receive_maximum {
            // Of an MQTT 3.1.1 client no packet is taken when that many wait, see `is_full`.
            return Err(Fault::ReceiveMaximum);
        }
        let (kind, payload, reason) = match self.topics.judge(publish.topic, publish.retain) {
            Ok(kind) => (kind, publish.payload, 0),
            Err(reason) => {
                let code = if reason == RejectReason::Retained { IMPLEMENTATION_SPECIFIC } else { NOT_AUTHORISED };
                let kept = &publish.payload[..publish.payload.len().min(REFUSED_PAYLOAD_MAX)];
                (FrameKind::Refused { reason, topic: publish.topic.to_owned() }, kept, code)
            }
        };
        if kind == FrameKind::Reply
            && let Some(answer) = self.answer.answer(&kind, payload, self.head.received_at)
        {
            self.commands.put_answer(self.topics.commands(), &answer, out);
        }
        self.head.kind = kind;
        self.head.delivery = Delivery {
            session: self.head.delivery.session,
            packet_id: publish.packet_id,
            at_least_once: publish.at_least_once,
            duplicate: publish.duplicate,
            retained: publish.retain,
        };
        self.waiting.push_back(Ack { packet_id: publish.packet_id, reason });
        self.in_flight += usize::from(publish.at_least_once);
        Ok(Event::Record(self.head.encode_with(payload)))
    }

    /// The record of a PUBLISH of which `body` is the beginning.
    fn oversized(&mut self, first: u8, body: &[u8]) -> Vec<u8> {
        let body = &body[..body.len().min(OVERSIZED_LOOKED_AT)];
        let length = body.first_chunk().map_or(0, |length| usize::from(u16::from_be_bytes(*length)));
        let after_length = body.get(2..).unwrap_or_default();
        let (topic, rest) = after_length.split_at(length.min(after_length.len()));
        let at_least_once = first & 0x06 != 0;
        let (packet_id, rest) = match rest.split_first_chunk() {
            Some((id, rest)) if at_least_once => (u16::from_be_bytes(*id), rest),
            _ => (0, rest),
        };
        let rest = if self.protocol == Protocol::V5 { wire::after_properties(rest) } else { rest };
        let topic = String::from_utf8_lossy(topic).into_owned();
        self.head.kind = FrameKind::Refused { reason: RejectReason::Oversized, topic };
        self.head.delivery = Delivery {
            session: self.head.delivery.session,
            packet_id,
            at_least_once,
            duplicate: first & 8 != 0,
            retained: first & 1 != 0,
        };
        self.waiting.push_back(Ack::NONE);
        self.head.encode_with(&rest[..rest.len().min(OVERSIZED_PAYLOAD_KEPT)])
    }

    /// The record of the client's will.
    pub(super) fn will(&mut self, will: &Will) -> Vec<u8> {
        self.head.kind = match self.topics.judge(&will.topic, will.retain) {
            Ok(kind) => kind,
            Err(reason) => FrameKind::Refused { reason, topic: will.topic.to_string() },
        };
        self.head.delivery = Delivery {
            session: self.head.delivery.session,
            packet_id: 0,
            at_least_once: will.at_least_once,
            duplicate: false,
            retained: will.retain,
        };
        self.waiting.push_back(Ack::NONE);
        self.head.encode_with(&will.payload)
    }

    fn subscribe(&mut self, body: &[u8]) -> Result<Event, Fault> {
        let mut qos = self.commands_qos();
        let mut grant = |filter: &str, wanted: Qos| {
            let own = filter == self.topics.commands();
            let granted = u8::from(wanted != Qos::AtMostOnce);
            if own {
                qos = Some(granted);
            }
            own.then_some(granted)
        };
        let response = match self.protocol {
            Protocol::V311 => {
                let packet = whole(v3_1_1::Subscribe::parse(body), body)?;
                let mut codes = Vec::with_capacity(packet.entries().len());
                for entry in packet.entries() {
                    codes.push(match grant(checked(entry.topic_filter())?, entry.sub_opts().qos()) {
                        Some(0) => SubackReturnCode::SuccessMaximumQos0,
                        Some(_) => SubackReturnCode::SuccessMaximumQos1,
                        None => SubackReturnCode::Failure,
                    });
                }
                let suback = v3_1_1::Suback::builder().packet_id(some(packet.packet_id())?).return_codes(codes);
                suback.build().expect("there is a code for each filter").to_continuous_buffer()
            }
            Protocol::V5 => {
                let packet = whole(v5_0::Subscribe::parse(body), body)?;
                if packet.props().iter().any(|property| matches!(property, Property::SubscriptionIdentifier(_))) {
                    return Err(Fault::Protocol);
                }
                let mut codes = Vec::with_capacity(packet.entries().len());
                for entry in packet.entries() {
                    codes.push(match grant(checked(entry.topic_filter())?, entry.sub_opts().qos()) {
                        Some(0) => SubackReasonCode::GrantedQos0,
                        Some(_) => SubackReasonCode::GrantedQos1,
                        None => SubackReasonCode::NotAuthorized,
                    });
                }
                let suback = v5_0::Suback::builder().packet_id(some(packet.packet_id())?).reason_codes(codes);
                suback.build().expect("there is a code for each filter").to_continuous_buffer()
            }
        };
        Ok(Event::Subscription { qos, response })
    }

    fn unsubscribe(&mut self, body: &[u8]) -> Result<Event, Fault> {
        let mut qos = self.commands_qos();
        let response = match self.protocol {
            Protocol::V311 => {
                let packet = whole(v3_1_1::Unsubscribe::parse(body), body)?;
                if packet.entries().iter().any(|filter| filter.as_str() == self.topics.commands()) {
                    qos = None;
                }
                let unsuback = v3_1_1::Unsuback::builder().packet_id(some(packet.packet_id())?);
                unsuback.build().expect("it has its identifier").to_continuous_buffer()
            }
            Protocol::V5 => {
                let packet = whole(v5_0::Unsubscribe::parse(body), body)?;
                let mut codes = Vec::with_capacity(packet.entries().len());
                for filter in packet.entries() {
                    let existed = filter.as_str() == self.topics.commands() && qos.take().is_some();
                    codes.push(if existed {
                        UnsubackReasonCode::Success
                    } else {
                        UnsubackReasonCode::NoSubscriptionExisted
                    });
                }
                let unsuback = v5_0::Unsuback::builder().packet_id(some(packet.packet_id())?).reason_codes(codes);
                unsuback.build().expect("there is a code for each filter").to_continuous_buffer()
            }
        };
        Ok(Event::Subscription { qos, response })
    }

    fn disconnect(&mut self, body: &[u8]) -> Result<Event, Fault> {
        if self.protocol == Protocol::V311 {
            return if body.is_empty() { Ok(Event::Goodbye { will: false }) } else { Err(Fault::Malformed) };
        }
        let packet = whole(v5_0::Disconnect::parse(body), body)?;
        for property in packet.props().iter().flatten() {
            if let Property::SessionExpiryInterval(value) = property {
                if self.expiry_s == 0 && value.val() != 0 {
                    return Err(Fault::Protocol);
                }
                self.expiry_s = value.val();
            }
        }
        let reason = packet.reason_code().unwrap_or(DisconnectReasonCode::NormalDisconnection);
        Ok(Event::Goodbye { will: reason != DisconnectReasonCode::NormalDisconnection })
    }

    /// Takes note that `committed` records of this connection are on disk, and writes their PUBACKs. Says how many.
    pub(super) fn committed(&mut self, committed: u64, out: &mut Vec<u8>) -> u64 {
        let mut acks = 0;
        while self.committed < committed {
            let ack = self.waiting.pop_front().expect("no more is committed than was appended");
            self.committed += 1;
            if ack.packet_id != 0 {
                wire::put_puback(out, ack.packet_id, ack.reason, self.protocol);
                acks += 1;
            }
        }
        self.in_flight -= acks as usize;
        acks
    }

    /// Records known to be on disk.
    pub(super) fn on_disk(&self) -> u64 {
        self.committed
    }

    /// Whether records wait for the disk.
    pub(super) fn waits(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Whether no packet is to be taken before more records are on disk.
    pub(super) fn is_full(&self) -> bool {
        match self.protocol {
            Protocol::V311 => self.waiting.len() >= self.receive_maximum,
            // Messages with QoS 0 are not counted in the agreed maximum, and wait for the disk all the same.
            Protocol::V5 => self.waiting.len() >= 2 * self.receive_maximum,
        }
    }

    /// Gives back memory that only a busy connection needs.
    pub(super) fn trim(&mut self) {
        self.waiting.shrink_to(16);
    }

    /// Writes the commands of `waiting` that are not under way.
    pub(super) fn offer(&mut self, waiting: &[Command], out: &mut Vec<u8>) -> Offered {
        self.commands.offer(self.topics.commands(), waiting, out)
    }

    /// What the commands' subscription is from now on.
    pub(super) fn subscribed(&mut self, qos: Option<u8>) {
        self.commands.subscribe(qos);
    }

    pub(super) fn commands_qos(&self) -> Option<u8> {
        self.commands.qos()
    }

    pub(super) fn wants_more_commands(&self) -> bool {
        self.commands.wants_more()
    }

    /// Seconds that the session is kept after the connection, as last told.
    pub(super) fn expiry_s(&self) -> u32 {
        self.expiry_s
    }

    /// The session that the client's messages belong to.
    pub(super) fn session(&self) -> u64 {
        self.head.delivery.session
    }

    /// The DISCONNECT that tells an MQTT 5 client why; MQTT 3.1.1 has none from a server.
    pub(super) fn put_disconnect(&self, reason: DisconnectReasonCode, out: &mut Vec<u8>) {
        if self.protocol == Protocol::V5 {
            let packet = v5_0::Disconnect::builder().reason_code(reason).build().expect("a reason is all it needs");
            out.extend_from_slice(&packet.to_continuous_buffer());
        }
    }
}

impl Fault {
    pub(super) const fn reason(self) -> DisconnectReasonCode {
        match self {
            Self::Malformed => DisconnectReasonCode::MalformedPacket,
            Self::Protocol => DisconnectReasonCode::ProtocolError,
            Self::TopicName => DisconnectReasonCode::TopicNameInvalid,
            Self::ReceiveMaximum => DisconnectReasonCode::ReceiveMaximumExceeded,
            Self::TopicAlias => DisconnectReasonCode::TopicAliasInvalid,
            Self::TooLarge => DisconnectReasonCode::PacketTooLarge,
            Self::Qos => DisconnectReasonCode::QosNotSupported,
        }
    }
}

/// The packet, if the library took it and nothing is left over.
fn whole<T, E>(parsed: Result<(T, usize), E>, body: &[u8]) -> Result<T, Fault> {
    match parsed {
        Ok((packet, length)) if length == body.len() => Ok(packet),
        _ => Err(Fault::Malformed),
    }
}

fn some(packet_id: u16) -> Result<u16, Fault> {
    if packet_id == 0 { Err(Fault::Malformed) } else { Ok(packet_id) }
}

fn checked(filter: &str) -> Result<&str, Fault> {
    if filter.is_empty() || filter.contains('\0') { Err(Fault::Malformed) } else { Ok(filter) }
}
