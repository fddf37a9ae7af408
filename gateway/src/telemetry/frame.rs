//! A [`Frame`]: what came in, from whom and when, as the journal keeps it.
//!
//! ```text
//! offset 0   version      u8   1, or 2 where the payload is packed
//!        1   kind         u8   0 readings, 1 status, 2 reply, 3 refused, 4 replay, 5 external values, 6 mapped
//!        2   delivery     u8   bit 0 DUP, bit 1 RETAIN, bit 2 QoS 1, bit 3 gateway's clock suspect
//!        3   origin       u8   0 MQTT listener, 1 external broker, 2 serial line, 3 the gateway's own inbox
//!        4   received_at  i64  little endian, milliseconds
//!        12  session      u64  the client's session, random
//!        20  packet_id    u16
//!        22  node length  u8, node
//!        ..  detail length u16, detail   refused: reason code and topic; replay: what is played again;
//!                                mapped: topic
//!        ..  payload      the rest; packed: its length u32, and an LZ4 block
//! ```
//!
//! A long payload is packed when that makes it shorter: texts of many readings repeat themselves, and each byte of the journal is
//! written twice.

use crate::reading::{NodeId, RejectReason, Timestamp};

/// One message as it arrived, with all that its later stages may need to know of its arrival.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// What the message is for.
    pub kind: FrameKind,
    /// The node that sent it, as authenticated.
    pub node: NodeId,
    /// How it came.
    pub origin: Origin,
    /// When the gateway had it in full, by its own clock.
    pub received_at: Timestamp,
    /// Whether that clock was not to be trusted then.
    pub clock_suspect: bool,
    /// What the protocol said of the delivery.
    pub delivery: Delivery,
    /// The bytes.
    pub payload: Vec<u8>,
}

/// What a message is for; told by its topic.
#[derive(Clone, Debug, PartialEq)]
pub enum FrameKind {
    /// `city/{node}/readings`.
    Readings,
    /// `city/{node}/status`.
    Status,
    /// `city/{node}/replies`.
    Reply,
    /// Refused at the door, kept to be looked at; the payload may be cut.
    Refused {
        /// Why.
        reason: RejectReason,
        /// The topic it was sent to, cut at 256 bytes.
        topic: String,
    },
    /// A rejection played again after a mend; the payload is the rejected frame, encoded.
    Replay {
        /// The rejection's number.
        rejection: u64,
    },
    /// Daily values of another network, imported.
    External,
    /// A maker's own message, which `mappings.toml` reads.
    Mapped {
        /// The topic it was sent to; [`Frame::MAPPED_TOPIC_MAX`] bytes at most.
        topic: String,
    },
}

impl FrameKind {
    fn detail_length_max(&self) -> usize {
        match self {
            FrameKind::Refused { topic, .. } => 1 + topic.len(),
            FrameKind::Replay { .. } => 8,
            FrameKind::Mapped { topic } => topic.len(),
            FrameKind::Readings | FrameKind::Status | FrameKind::Reply | FrameKind::External => 0,
        }
    }
}

/// How a frame came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Our own MQTT listener.
    Mqtt,
    /// An external broker.
    Broker,
    /// A serial line.
    Serial,
    /// The gateway's own inbox: imports and replays.
    Inbox,
}

/// What the protocol said of the delivery; names a message that is sent again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// The client's session; random, new for a new session.
    pub session: u64,
    /// MQTT's packet identifier; 0 at QoS 0.
    pub packet_id: u16,
    /// Whether it was sent with QoS 1.
    pub at_least_once: bool,
    /// DUP: the client says that it sends this again.
    pub duplicate: bool,
    /// RETAIN.
    pub retained: bool,
}

/// A frame's bytes are not those that [`Frame::encode`] writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Shorter than its own lengths say.
    #[error("the frame is cut short")]
    Short,
    /// Written by a newer gateway.
    #[error("the frame's version {0} is newer than this program")]
    Version(u8),
    /// A kind, origin or reason that there is not.
    #[error("the frame has a field with a value that there is not")]
    Field,
    /// A packed payload that is none.
    #[error("the frame's payload cannot be unpacked")]
    Packed,
}

const VERSION: u8 = 1;
const VERSION_PACKED: u8 = 2;
/// Payloads from here on are packed, in bytes: a message of three readings is shorter, and not worth the time.
const PACK_MIN: usize = 256;
/// Bytes that one byte of an LZ4 block stands for, at most: a run's length grows by 255 for each of its bytes.
const LZ4_RATIO_MAX: usize = 255;
const DUP: u8 = 1;
const RETAIN: u8 = 2;
const QOS_1: u8 = 4;
const CLOCK_SUSPECT: u8 = 8;

impl Frame {
    /// Longest topic that is kept of a refused message, in bytes.
    pub const TOPIC_KEPT_MAX: usize = 256;
    /// Longest topic of a message that a mapping reads, in bytes: the door refuses a longer one.
    pub const MAPPED_TOPIC_MAX: usize = 1_024;

    /// The bytes that the journal keeps.
    pub fn encode(&self) -> Vec<u8> {
        self.encode_with(&self.payload)
    }

    /// The bytes of this frame with another payload: a door that reads many messages keeps one frame as their head
    /// and copies each payload once.
    pub fn encode_with(&self, payload: &[u8]) -> Vec<u8> {
        let node = self.node.as_str().as_bytes();
        let mut out = Vec::with_capacity(24 + node.len() + self.kind.detail_length_max() + payload.len());
        let (kind, detail): (u8, Vec<u8>) = match &self.kind {
            FrameKind::Readings => (0, Vec::new()),
            FrameKind::Status => (1, Vec::new()),
            FrameKind::Reply => (2, Vec::new()),
            FrameKind::Refused { reason, topic } => {
                let code = RejectReason::ALL.iter().position(|r| r == reason).expect("ALL holds every reason");
                let mut cut = topic.len().min(Self::TOPIC_KEPT_MAX);
                while !topic.is_char_boundary(cut) {
                    cut -= 1;
                }
                (3, [&[code as u8], &topic.as_bytes()[..cut]].concat())
            }
            FrameKind::Replay { rejection } => (4, rejection.to_le_bytes().to_vec()),
            FrameKind::External => (5, Vec::new()),
            FrameKind::Mapped { topic } => (6, topic.as_bytes().to_vec()),
        };
        let origin = match self.origin {
            Origin::Mqtt => 0,
            Origin::Broker => 1,
            Origin::Serial => 2,
            Origin::Inbox => 3,
        };
        let bit = |set: bool, bit: u8| if set { bit } else { 0 };
        let delivery = bit(self.delivery.duplicate, DUP)
            | bit(self.delivery.retained, RETAIN)
            | bit(self.delivery.at_least_once, QOS_1)
            | bit(self.clock_suspect, CLOCK_SUSPECT);
        out.extend_from_slice(&[VERSION, kind, delivery, origin]);
        out.extend_from_slice(&self.received_at.millis().to_le_bytes());
        out.extend_from_slice(&self.delivery.session.to_le_bytes());
        out.extend_from_slice(&self.delivery.packet_id.to_le_bytes());
        out.push(node.len() as u8);
        out.extend_from_slice(node);
        out.extend_from_slice(&(detail.len() as u16).to_le_bytes());
        out.extend_from_slice(&detail);
        match pack(payload) {
            Some(packed) => {
                out[0] = VERSION_PACKED;
                out.extend_from_slice(&(payload.len() as u32).to_le_bytes());
                out.extend_from_slice(&packed);
            }
            None => out.extend_from_slice(payload),
        }
        out
    }

    /// The frame in those bytes.
    ///
    /// # Errors
    /// [`FrameError`] when they are not what [`Frame::encode`] writes.
    pub fn decode(bytes: &[u8]) -> Result<Frame, FrameError> {
        let mut rest = bytes;
        let [version, kind, delivery, origin] = take::<4>(&mut rest)?;
        if ![VERSION, VERSION_PACKED].contains(&version) {
            return Err(FrameError::Version(version));
        }
        let received_at = Timestamp::from_millis(i64::from_le_bytes(take(&mut rest)?));
        let session = u64::from_le_bytes(take(&mut rest)?);
        let packet_id = u16::from_le_bytes(take(&mut rest)?);
        let [node_length] = take(&mut rest)?;
        let node = slice(&mut rest, usize::from(node_length))?;
        let node = std::str::from_utf8(node).ok().and_then(|n| NodeId::new(n).ok()).ok_or(FrameError::Field)?;
        let detail_length = u16::from_le_bytes(take(&mut rest)?);
        let mut detail = slice(&mut rest, usize::from(detail_length))?;
        let kind = match kind {
            0 => FrameKind::Readings,
            1 => FrameKind::Status,
            2 => FrameKind::Reply,
            3 => {
                let [code] = take(&mut detail)?;
                let reason = *RejectReason::ALL.get(usize::from(code)).ok_or(FrameError::Field)?;
                FrameKind::Refused { reason, topic: String::from_utf8_lossy(detail).into_owned() }
            }
            4 => FrameKind::Replay { rejection: u64::from_le_bytes(take(&mut detail)?) },
            5 => FrameKind::External,
            6 => FrameKind::Mapped { topic: String::from_utf8_lossy(detail).into_owned() },
            _ => return Err(FrameError::Field),
        };
        let origin = match origin {
            0 => Origin::Mqtt,
            1 => Origin::Broker,
            2 => Origin::Serial,
            3 => Origin::Inbox,
            _ => return Err(FrameError::Field),
        };
        Ok(Frame {
            kind,
            node,
            origin,
            received_at,
            clock_suspect: delivery & CLOCK_SUSPECT != 0,
            delivery: Delivery {
                session,
                packet_id,
                at_least_once: delivery & QOS_1 != 0,
                duplicate: delivery & DUP != 0,
                retained: delivery & RETAIN != 0,
            },
            payload: if version == VERSION_PACKED { unpack(rest)? } else { rest.to_vec() },
        })
    }
}

/// The payload as an LZ4 block, if it is long and gets shorter.
fn pack(payload: &[u8]) -> Option<Vec<u8>> {
    if payload.len() < PACK_MIN || u32::try_from(payload.len()).is_err() {
        return None;
    }
    let packed = lz4_flex::block::compress(payload);
    (packed.len() + size_of::<u32>() < payload.len()).then_some(packed)
}

fn unpack(mut packed: &[u8]) -> Result<Vec<u8>, FrameError> {
    let length = u32::from_le_bytes(take(&mut packed)?) as usize;
    // What is set aside stays in proportion to what came.
    if length > packed.len().saturating_mul(LZ4_RATIO_MAX) {
        return Err(FrameError::Packed);
    }
    let payload = lz4_flex::block::decompress(packed, length).map_err(|_| FrameError::Packed)?;
    if payload.len() == length { Ok(payload) } else { Err(FrameError::Packed) }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], FrameError> {
    let (head, tail) = rest.split_first_chunk::<N>().ok_or(FrameError::Short)?;
    *rest = tail;
    Ok(*head)
}

fn slice<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], FrameError> {
    let (head, tail) = rest.split_at_checked(length).ok_or(FrameError::Short)?;
    *rest = tail;
    Ok(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: FrameKind) -> Frame {
        Frame {
            kind,
            node: NodeId::new("swing-3.toumba").expect("a good name"),
            origin: Origin::Mqtt,
            received_at: Timestamp::from_millis(1_795_384_624_123),
            clock_suspect: true,
            delivery: Delivery { session: 7, packet_id: 513, at_least_once: true, duplicate: true, retained: false },
            payload: b"\x01abc".to_vec(),
        }
    }

    #[test]
    fn every_kind_comes_back_as_it_was() {
        for kind in [
            FrameKind::Readings,
            FrameKind::Status,
            FrameKind::Reply,
            FrameKind::Refused { reason: RejectReason::WrongTopic, topic: "city/ά/x".into() },
            FrameKind::Replay { rejection: 99 },
            FrameKind::External,
            FrameKind::Mapped { topic: "tele/ά/SENSOR".into() },
        ] {
            let frame = frame(kind);
            assert_eq!(Frame::decode(&frame.encode()), Ok(frame));
        }
    }

    #[test]
    fn bytes_cut_short_are_an_error_at_every_length_before_the_payload() {
        let bytes = frame(FrameKind::Readings).encode();
        for length in 0..bytes.len() - 4 {
            assert_eq!(Frame::decode(&bytes[..length]), Err(FrameError::Short), "{length}");
        }
    }

    #[test]
    fn a_long_text_is_packed_and_comes_back_as_it_was() {
        let record = r#"{"n":"temperature.3","v":21.5,"t":1795384624.1}"#;
        for payload in [record.repeat(10).into_bytes(), vec![0; 1 << 20], (0..=255).collect::<Vec<u8>>()] {
            let frame = Frame { payload, ..frame(FrameKind::Readings) };
            assert_eq!(Frame::decode(&frame.encode()), Ok(frame));
        }
        let frame = Frame { payload: record.repeat(10).into_bytes(), ..frame(FrameKind::Readings) };
        let bytes = frame.encode();
        assert_eq!(bytes[0], VERSION_PACKED);
        assert!(bytes.len() * 3 < frame.payload.len());
        // What does not get shorter stays, and so does what is short.
        let short = Frame { payload: record.as_bytes().to_vec(), ..frame };
        assert_eq!(short.encode()[0], VERSION);
        assert!(short.encode().ends_with(record.as_bytes()));
    }

    #[test]
    fn a_packed_payload_that_is_cut_or_changed_is_an_error_or_another_payload_and_never_a_large_one() {
        let frame = Frame { payload: b"0123456789abcdef".repeat(40), ..frame(FrameKind::Readings) };
        let bytes = frame.encode();
        for at in bytes.len() - 60..bytes.len() {
            assert!(Frame::decode(&bytes[..at]).is_err(), "cut at {at}");
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[at] ^= 1 << bit;
                if let Ok(other) = Frame::decode(&changed) {
                    assert!(other.payload.len() <= bytes.len() * LZ4_RATIO_MAX);
                }
            }
        }
        let head = bytes.len() - 60;
        let mut lied = [&bytes[..head], &[0xff; 60]].concat();
        lied.truncate(head + 8);
        assert!(Frame::decode(&lied).is_err());
    }

    #[test]
    fn a_long_topic_is_cut_between_characters() {
        let topic = "ώ".repeat(200);
        let kept = Frame::decode(&frame(FrameKind::Refused { reason: RejectReason::WrongTopic, topic }).encode());
        let Ok(Frame { kind: FrameKind::Refused { topic, .. }, .. }) = kept else { panic!("{kept:?}") };
        assert_eq!(topic, "ώ".repeat(128));
    }
}
