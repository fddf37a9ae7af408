//! The way to the gateway over a serial line that several nodes share: the gateway polls, this node answers.
//!
//! Each answer is one native frame; what it carried leaves the node when its acknowledgement comes. A batch that was not
//! acknowledged is made anew at the next poll, under a new number: an acknowledgement that comes late can then never speak
//! for readings that were not in it.
//!
//! The same port is the [console](crate::console): a line of printable text between frames is taken for one.

use embedded_hal::i2c::I2c;
use protocols::line::{Deframer, LINE_BYTES_MAX, LineFrame};
use protocols::native::{FRAME_BYTES_MAX, Frame, NodeState, TimeRequest};

use crate::memory::Memory;
use crate::node::{Node, Shipment};

/// Longest plain frame that is for a node: a name, and a command or the time.
const PLAIN_BYTES: usize = 160;
const STATUS_MS: u64 = 900_000;
const CLOCK_ASK_MS: u64 = 10_000;
const CLOCK_AGE_MS_MAX: u64 = 3_600_000;

/// What an answer carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cargo {
    Batch(Shipment),
    Reply,
    Status,
    Question,
}

/// A node's end of the line.
pub struct SerialLine {
    deframer: Deframer<PLAIN_BYTES>,
    sent: Option<(u16, Cargo)>,
    next_id: u16,
    status_ms: Option<u64>,
    asked_ms: Option<u64>,
}

impl SerialLine {
    /// A line that nothing came over yet.
    pub const fn new() -> Self {
        Self { deframer: Deframer::new(), sent: None, next_id: 0, status_ms: None, asked_ms: None }
    }

    /// Takes the line's next byte; what has to be answered, if it ends a frame that asks for an answer.
    pub fn push<'b, M: Memory, I: I2c>(
        &mut self,
        byte: u8,
        node: &mut Node<M, I>,
        now_ms: u64,
        out: &'b mut [u8; LINE_BYTES_MAX],
    ) -> Option<&'b [u8]> {
        let Some(Ok(frame)) = self.deframer.push(byte) else { return None };
        let name = node.identity()?.node.clone();
        if frame.node() != name {
            return None;
        }
        match frame {
            LineFrame::Poll { .. } => self.answer(&name, node, now_ms, out),
            LineFrame::Ack { id, .. } => {
                self.acknowledged(id, node, now_ms);
                None
            }
            LineFrame::Command { id, payload, .. } => {
                if let Ok(frame) = Frame::decode(payload) {
                    node.receive(frame, now_ms);
                }
                LineFrame::Ack { node: &name, id }.encode(out).ok()
            }
            // Other nodes' answers, which this one hears too.
            LineFrame::Data { .. } | LineFrame::Idle { .. } => None,
        }
    }

    fn answer<'b, M: Memory, I: I2c>(
        &mut self,
        name: &str,
        node: &mut Node<M, I>,
        now_ms: u64,
        out: &'b mut [u8; LINE_BYTES_MAX],
    ) -> Option<&'b [u8]> {
        match self.sent.take() {
            Some((_, Cargo::Batch(shipment))) => node.not_sent(shipment),
            Some((_, Cargo::Status)) => self.status_ms = None,
            Some((_, Cargo::Reply | Cargo::Question)) | None => {}
        }
        let mut payload = [0; FRAME_BYTES_MAX];
        let Some((cargo, frame)) = self.next(node, now_ms) else {
            return LineFrame::Idle { node: name }.encode(out).ok();
        };
        let payload = frame.encode(&mut payload).ok()?;
        self.next_id = self.next_id.wrapping_add(1);
        self.sent = Some((self.next_id, cargo));
        LineFrame::Data { node: name, id: self.next_id, payload }.encode(out).ok()
    }

    /// What is to be told next: answers, health, the time's question, readings.
    fn next<M: Memory, I: I2c>(&mut self, node: &mut Node<M, I>, now_ms: u64) -> Option<(Cargo, Frame)> {
        if let Some(reply) = node.reply() {
            return Some((Cargo::Reply, Frame::Reply(reply)));
        }
        if node.take_status_due() || self.status_ms.is_none_or(|ms| now_ms - ms >= STATUS_MS) {
            self.status_ms = Some(now_ms);
            return Some((Cargo::Status, node.status(NodeState::Online)));
        }
        let clock_due = node.clock().age_ms(now_ms).is_none_or(|age_ms| age_ms >= CLOCK_AGE_MS_MAX);
        if clock_due && self.asked_ms.is_none_or(|ms| now_ms - ms >= CLOCK_ASK_MS) {
            self.asked_ms = Some(now_ms);
            return Some((Cargo::Question, Frame::TimeRequest(TimeRequest { t_node_ms: now_ms })));
        }
        let (shipment, batch) = node.next_batch(now_ms)?;
        Some((Cargo::Batch(shipment), Frame::Batch(batch)))
    }

    fn acknowledged<M: Memory, I: I2c>(&mut self, id: u16, node: &mut Node<M, I>, now_ms: u64) {
        let Some((_, cargo)) = self.sent.take_if(|(sent, _)| *sent == id) else { return };
        match cargo {
            Cargo::Batch(shipment) => node.acknowledged(shipment, now_ms),
            Cargo::Reply => node.replied(now_ms),
            Cargo::Status | Cargo::Question => {}
        }
    }
}

impl Default for SerialLine {
    fn default() -> Self {
        Self::new()
    }
}
