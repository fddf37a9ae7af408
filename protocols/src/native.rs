//! Native frames: what our own nodes and the gateway send each other, in MQTT payloads and on serial lines.
//!
//! ```text
//! offset 0   version   0x01
//!        1   kind      0 batch, 1 command, 2 reply, 3 time request, 4 time, 5 status
//!        2   body      below
//!        n−4 CRC-32    of all before it, little endian (ISO HDLC, as in Ethernet)
//!
//! batch         incarnation  8 bytes, little endian
//!               boot         varint
//!               sequence     varint, of the first reading
//!               clock        0 Unix: base_ms zigzag | 1 age
//!               count        1 to 28, then for each reading
//!                 quantity   u8     channel   u8     offset_ms  zigzag
//!                 mantissa   zigzag exponent  i8
//! command       id varint, action and its fields:
//!                 0 schedule     quantity u8, channel u8, period_s varint
//!                 1 threshold    quantity u8, channel u8, kind (0 low, 1 high, 2 delta), mantissa zigzag, exponent i8
//!                 2 calibration  quantity u8, channel u8, gain (mantissa, exponent), offset (mantissa, exponent)
//!                 3 identify     seconds varint
//!                 4 reboot       5 sample now       6 send status
//! reply         command varint, outcome (0 done | 1 refused, reason | 2 unsupported)
//!                 reason: 0 no such sensor, 1 out of range, 2 busy, 3 storage failed
//! time request  t_node_ms varint
//! time          t_node_ms varint, unix_ms zigzag
//! status        state (0 offline, 1 online), firmware (length, UTF-8, ≤ 16 bytes), reset cause u8,
//!               boot varint, dropped readings varint, queue depth varint
//!
//! varint: 7 bits a byte, low bits first, the top bit set on all but the last. zigzag: varint of (n << 1) ^ (n >> 63).
//! That is postcard's encoding of the types below; enums are numbered in their order.
//! ```
//!
//! Nothing here allocates or panics. A frame is at most [`FRAME_BYTES_MAX`] long. Who may send what is not decided here.

mod batch;
mod command;
mod decimal;
mod status;

use heapless::Vec;
use serde::{Deserialize, Serialize};

pub use batch::{BATCH_READINGS_MAX, Batch, Clock, PushError, Reading};
pub use command::{Action, Command, Outcome, Refusal, Reply, Threshold};
pub use decimal::{Decimal, DecimalOutOfRange};
pub use status::{NodeState, Status, Time, TimeRequest};

use crate::crc32;

/// The first byte of every native frame.
pub const VERSION: u8 = 0x01;

/// Longest frame, in bytes.
pub const FRAME_BYTES_MAX: usize = 512;

/// A frame: what is between node and gateway, one message each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::large_enum_variant, reason = "a node has no heap to box a batch in")]
pub enum Frame {
    /// 0: readings.
    Batch(Batch),
    /// 1: the gateway asks something of a node.
    Command(Command),
    /// 2: the node answers.
    Reply(Reply),
    /// 3: a node asks for the time.
    TimeRequest(TimeRequest),
    /// 4: the gateway tells the time.
    Time(Time),
    /// 5: a node's health.
    Status(Status),
}

/// Bytes that are not a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// Too few bytes for any frame.
    TooShort,
    /// More than [`FRAME_BYTES_MAX`] bytes.
    TooLong,
    /// The first byte is another version.
    UnknownVersion(u8),
    /// Altered on the way, or cut.
    Crc,
    /// Whole, and yet not a frame: a kind there is not, a value out of range, a field cut short.
    Malformed,
    /// A frame with something after it.
    TrailingBytes,
}

/// A frame that cannot be put on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncodeError {
    /// The buffer is too small; [`FRAME_BYTES_MAX`] suffices for every frame.
    BufferTooSmall,
    /// A batch without readings, or an [`Action::Unknown`].
    NotEncodable,
}

impl Frame {
    /// Writes the frame at the start of `out`, and returns that part.
    ///
    /// # Errors
    /// [`EncodeError`]; what `out` then holds is of no use.
    pub fn encode<'a>(&self, out: &'a mut [u8]) -> Result<&'a [u8], EncodeError> {
        if let Frame::Batch(batch) = self
            && batch.is_empty()
        {
            return Err(EncodeError::NotEncodable);
        }
        let (version, body) = out.split_first_mut().ok_or(EncodeError::BufferTooSmall)?;
        *version = VERSION;
        let body_length = postcard::to_slice(self, body)
            .map_err(|error| match error {
                postcard::Error::SerializeBufferFull => EncodeError::BufferTooSmall,
                _ => EncodeError::NotEncodable,
            })?
            .len();
        let (covered, rest) = out.split_at_mut_checked(1 + body_length).ok_or(EncodeError::BufferTooSmall)?;
        *rest.first_chunk_mut().ok_or(EncodeError::BufferTooSmall)? = crc32::of(covered);
        out.get(..1 + body_length + crc32::LENGTH).ok_or(EncodeError::BufferTooSmall)
    }

    /// The frame's bytes.
    ///
    /// # Errors
    /// [`EncodeError::NotEncodable`] for a batch without readings or an [`Action::Unknown`].
    pub fn to_bytes(&self) -> Result<Vec<u8, FRAME_BYTES_MAX>, EncodeError> {
        let mut bytes = Vec::new();
        bytes.resize_default(FRAME_BYTES_MAX).map_err(|_| EncodeError::BufferTooSmall)?;
        let length = self.encode(&mut bytes)?.len();
        bytes.truncate(length);
        Ok(bytes)
    }

    /// The frame that `bytes` are, all of them.
    ///
    /// # Errors
    /// [`DecodeError`] when they are not one.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.len() > FRAME_BYTES_MAX {
            return Err(DecodeError::TooLong);
        }
        match bytes.first() {
            None => return Err(DecodeError::TooShort),
            Some(&VERSION) => {}
            Some(&other) => return Err(DecodeError::UnknownVersion(other)),
        }
        if bytes.len() <= 1 + crc32::LENGTH {
            return Err(DecodeError::TooShort);
        }
        let covered = crc32::strip(bytes).ok_or(DecodeError::Crc)?;
        let body = covered.get(1..).ok_or(DecodeError::TooShort)?;
        let (frame, rest) = match postcard::take_from_bytes(body) {
            Ok((Frame::Batch(batch), _)) if !batch.is_sound() => return Err(DecodeError::Malformed),
            Ok(taken) => taken,
            Err(_) => return command_of_a_newer_gateway(body).ok_or(DecodeError::Malformed),
        };
        if rest.is_empty() { Ok(frame) } else { Err(DecodeError::TrailingBytes) }
    }
}

/// The command in `body` whose action has a number that we do not know: its id is all that a node needs to say so.
fn command_of_a_newer_gateway(body: &[u8]) -> Option<Frame> {
    const KIND: u8 = 1;
    const ACTIONS: u32 = 7;
    let ((kind, id, action), _fields) = postcard::take_from_bytes::<(u8, u32, u32)>(body).ok()?;
    (kind == KIND && action >= ACTIONS).then_some(Frame::Command(Command { id, action: Action::Unknown }))
}

impl core::fmt::Display for DecodeError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::TooShort => f.write_str("too short for a frame"),
            Self::TooLong => f.write_str("too long for a frame"),
            Self::UnknownVersion(version) => write!(f, "version {version} of the frames is not known"),
            Self::Crc => f.write_str("the checksum is wrong"),
            Self::Malformed => f.write_str("a field has a value that there is not, or is cut short"),
            Self::TrailingBytes => f.write_str("something follows the frame"),
        }
    }
}

impl core::error::Error for DecodeError {}

impl core::fmt::Display for EncodeError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::BufferTooSmall => "the buffer is too small for the frame",
            Self::NotEncodable => "a batch without readings, or an action that is not known, has no bytes",
        })
    }
}

impl core::error::Error for EncodeError {}

#[cfg(test)]
mod tests;
