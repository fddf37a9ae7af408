//! Commands on their way to a connected node: which are sent, which wait for its PUBACK. Pure.
//!
//! Commands live in the registry until a node acknowledges them; here is only what one connection has under way. A
//! command's packet identifier follows from its number, so that it is the same when a session goes on in another
//! connection, or in another run of the gateway.

use std::collections::VecDeque;

use mqtt_protocol_core::mqtt::packet::{Qos, v3_1_1, v5_0};

use super::Protocol;
use crate::telemetry::ingest::Command;

/// What one connection has under way.
#[derive(Debug)]
pub(super) struct Commands {
    protocol: Protocol,
    /// With which QoS the node subscribed, if it did.
    qos: Option<u8>,
    /// The client's receive maximum.
    in_flight_max: usize,
    /// The client's maximum packet size.
    packet_bytes_max: usize,
    /// Packet identifier and number of what waits for its PUBACK.
    in_flight: VecDeque<(u16, u64)>,
    /// What the client will not take, so that it is counted once.
    left_out: Vec<u64>,
    /// The session goes on: what waits at the first look may have been sent before. Then: the last such command.
    resumed: Resumed,
    /// Some did not fit into the client's receive maximum.
    more: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Resumed {
    No,
    NotLooked,
    UpTo(u64),
}

/// What came of an offer.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Offered {
    /// Commands written.
    pub(super) sent: u64,
    /// Commands larger than the client takes.
    pub(super) left_out: u64,
    /// Those sent with QoS 0, of which nothing more will be heard.
    pub(super) done: Vec<u64>,
}

impl Commands {
    pub(super) fn new(
        protocol: Protocol,
        resumed: Option<Option<u8>>,
        in_flight_max: u16,
        packet_bytes_max: u32,
    ) -> Self {
        Self {
            protocol,
            qos: resumed.flatten(),
            in_flight_max: usize::from(in_flight_max),
            packet_bytes_max: packet_bytes_max as usize,
            in_flight: VecDeque::new(),
            left_out: Vec::new(),
            resumed: if resumed.is_some() { Resumed::NotLooked } else { Resumed::No },
            more: false,
        }
    }

    pub(super) fn subscribe(&mut self, qos: Option<u8>) {
        self.qos = qos;
    }

    pub(super) fn qos(&self) -> Option<u8> {
        self.qos
    }

    /// Whether commands wait for room, so that a PUBACK is a reason to look again.
    pub(super) fn wants_more(&self) -> bool {
        self.more
    }

    /// Writes those of `waiting` (all that the node has not acknowledged, oldest first) that are not under way.
    pub(super) fn offer(&mut self, topic: &str, waiting: &[Command], out: &mut Vec<u8>) -> Offered {
        let mut offered = Offered::default();
        self.more = false;
        let Some(qos) = self.qos else { return offered };
        if self.resumed == Resumed::NotLooked {
            self.resumed = waiting.last().map_or(Resumed::No, |last| Resumed::UpTo(last.id));
        }
        for command in waiting {
            let packet_id = packet_id(command.id);
            let known = |(used, id): &(u16, u64)| *used == packet_id || *id == command.id;
            if self.left_out.contains(&command.id) || self.in_flight.iter().any(known) {
                continue;
            }
            if qos > 0 && self.in_flight.len() >= self.in_flight_max {
                self.more = true;
                break;
            }
            let again = qos > 0 && matches!(self.resumed, Resumed::UpTo(last) if command.id <= last);
            let packet = publish(self.protocol, topic, &command.payload, (qos > 0).then_some(packet_id), again);
            if packet.len() > self.packet_bytes_max {
                self.left_out.push(command.id);
                offered.left_out += 1;
                continue;
            }
            out.extend_from_slice(&packet);
            offered.sent += 1;
            if qos > 0 {
                self.in_flight.push_back((packet_id, command.id));
            } else {
                offered.done.push(command.id);
            }
        }
        offered
    }

    /// Writes an answer, with QoS 0; nothing if the node did not subscribe or would not take it.
    pub(super) fn put_answer(&self, topic: &str, payload: &[u8], out: &mut Vec<u8>) {
        if self.qos.is_some() {
            let packet = publish(self.protocol, topic, payload, None, false);
            if packet.len() <= self.packet_bytes_max {
                out.extend_from_slice(&packet);
            }
        }
    }

    /// The command that this PUBACK acknowledges.
    pub(super) fn acknowledged(&mut self, packet_id: u16) -> Option<u64> {
        let place = self.in_flight.iter().position(|(id, _)| *id == packet_id)?;
        self.in_flight.remove(place).map(|(_, command)| command)
    }
}

fn packet_id(command: u64) -> u16 {
    (command % 65_535) as u16 + 1
}

fn publish(protocol: Protocol, topic: &str, payload: &[u8], packet_id: Option<u16>, again: bool) -> Vec<u8> {
    let qos = if packet_id.is_some() { Qos::AtLeastOnce } else { Qos::AtMostOnce };
    macro_rules! build {
        ($version:ident) => {{
            let mut builder = $version::Publish::builder()
                .topic_name(topic)
                .expect("a node's name makes a good topic")
                .qos(qos)
                .dup(again)
                .payload(payload);
            if let Some(packet_id) = packet_id {
                builder = builder.packet_id(packet_id);
            }
            builder.build().expect("topic, QoS and identifier agree").to_continuous_buffer()
        }};
    }
    match protocol {
        Protocol::V311 => build!(v3_1_1),
        Protocol::V5 => build!(v5_0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOPIC: &str = "city/a/commands";

    fn command(id: u64) -> Command {
        Command { id, payload: vec![1; id as usize].into() }
    }

    #[test]
    fn a_command_is_sent_once_and_again_with_dup_in_a_session_that_goes_on() {
        let mut commands = Commands::new(Protocol::V5, None, 10, u32::MAX);
        let mut out = Vec::new();
        assert_eq!(commands.offer(TOPIC, &[command(1)], &mut out), Offered::default());
        commands.subscribe(Some(1));
        assert_eq!(commands.offer(TOPIC, &[command(1)], &mut out).sent, 1);
        assert_eq!(out[0], 0x32);
        assert_eq!(commands.offer(TOPIC, &[command(1), command(2)], &mut out).sent, 1);
        assert_eq!(commands.acknowledged(3), Some(2));
        assert_eq!(commands.acknowledged(3), None);

        let mut commands = Commands::new(Protocol::V5, Some(Some(1)), 10, u32::MAX);
        out.clear();
        assert_eq!(commands.offer(TOPIC, &[command(1)], &mut out).sent, 1);
        assert_eq!(out[0], 0x3a);
        out.clear();
        assert_eq!(commands.offer(TOPIC, &[command(1), command(4)], &mut out).sent, 1);
        assert_eq!(out[0], 0x32, "what came after the first look was never sent before");
    }

    #[test]
    fn the_clients_receive_maximum_and_packet_size_hold() {
        let mut commands = Commands::new(Protocol::V5, None, 2, 40);
        commands.subscribe(Some(1));
        let mut out = Vec::new();
        let waiting = [command(1), command(100), command(2), command(3)];
        let expected = Offered { sent: 2, left_out: 1, done: Vec::new() };
        assert_eq!(commands.offer(TOPIC, &waiting, &mut out), expected);
        assert!(commands.wants_more());
        assert_eq!(commands.acknowledged(2), Some(1));
        let expected = Offered { sent: 1, left_out: 0, done: Vec::new() };
        assert_eq!(commands.offer(TOPIC, &waiting[1..], &mut out), expected);
        assert!(!commands.wants_more());
    }

    #[test]
    fn with_qos_0_a_command_is_done_when_sent() {
        let mut commands = Commands::new(Protocol::V311, None, 1, u32::MAX);
        commands.subscribe(Some(0));
        let mut out = Vec::new();
        assert_eq!(commands.offer(TOPIC, &[command(1), command(2)], &mut out).done, [1, 2]);
        assert_eq!(out[0], 0x30);
    }
}
