//! Serial lines that several nodes share (RS-485): the gateway polls, one node at a time answers.
//!
//! ```text
//! 0x00, COBS of the plain frame, 0x00     the first 0x00 ends whatever noise came before
//!
//! plain   offset 0   kind         0 poll, 1 data, 2 ack, 3 idle, 4 command
//!                1   node length  1 to 64
//!                2   node         a-z 0-9 - _ .
//!                ..  id           u16, little endian       data, ack, command
//!                ..  payload      a native frame           data, command
//!                n−4 CRC-32       of all before it, little endian
//!
//! gateway  poll n1 ──►            ◄── data n1 #7 (batch)     n1 keeps what it sent
//!          ack n1 #7 ──►                                     n1 forgets it; once the journal has it
//!          poll n2 ──►            ◄── idle n2                n2 has nothing to tell
//!          command n2 #3 ──►      ◄── ack n2 #3
//! ```
//!
//! A poll that is not answered in time is a node's silence; data that was not acknowledged is sent again under the same
//! id, and what is in it names itself. Nothing here allocates or panics; bytes that are no frame are counted, and the
//! next 0x00 begins anew.

use cobs::{DecodeResult, DecoderState};
use heapless::Vec;

use crate::crc32;
use crate::native::FRAME_BYTES_MAX;

/// Longest name of a node, in bytes.
pub const NODE_BYTES_MAX: usize = 64;

/// Longest plain frame, before COBS: what a [`Deframer`] needs to hold any.
pub const PLAIN_BYTES_MAX: usize = 2 + NODE_BYTES_MAX + 2 + FRAME_BYTES_MAX + crc32::LENGTH;

/// Longest frame on the wire, with both delimiters.
pub const LINE_BYTES_MAX: usize = PLAIN_BYTES_MAX + PLAIN_BYTES_MAX.div_ceil(254) + 2;

/// One frame on a serial line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineFrame<'a> {
    /// The gateway asks `node` for what it has.
    Poll {
        /// Who is asked.
        node: &'a str,
    },
    /// A node sends a native frame.
    Data {
        /// Who sends.
        node: &'a str,
        /// Its number for this frame, to be acknowledged.
        id: u16,
        /// The native frame.
        payload: &'a [u8],
    },
    /// A frame is safe with the other side.
    Ack {
        /// The node that sent the data or got the command.
        node: &'a str,
        /// The frame's number.
        id: u16,
    },
    /// A node has nothing to send.
    Idle {
        /// Who answers.
        node: &'a str,
    },
    /// The gateway sends a native frame.
    Command {
        /// For whom.
        node: &'a str,
        /// Its number for this frame, to be acknowledged.
        id: u16,
        /// The native frame.
        payload: &'a [u8],
    },
}

/// Bytes between two delimiters that are no frame, or a frame that cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineError {
    /// Not COBS: cut, or noise.
    Cobs,
    /// Longer than the buffer.
    TooLong,
    /// Altered on the way.
    Crc,
    /// Whole, and yet no frame: a kind there is not, a name that is none.
    Malformed,
}

/// How many frames a line lost, and to what. The counts stop at their highest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineErrors {
    /// [`LineError::Cobs`].
    pub cobs: u32,
    /// [`LineError::TooLong`].
    pub too_long: u32,
    /// [`LineError::Crc`].
    pub crc: u32,
    /// [`LineError::Malformed`].
    pub malformed: u32,
}

impl<'a> LineFrame<'a> {
    /// The node that it is from or for.
    pub const fn node(&self) -> &'a str {
        match self {
            Self::Poll { node }
            | Self::Data { node, .. }
            | Self::Ack { node, .. }
            | Self::Idle { node }
            | Self::Command { node, .. } => node,
        }
    }

    /// Writes the frame, delimiters and all, at the start of `out`, and returns that part; [`LINE_BYTES_MAX`] suffices.
    ///
    /// # Errors
    /// [`LineError::Malformed`] when the node's name is none, [`LineError::TooLong`] when the payload is longer than a
    /// native frame or `out` is too short.
    pub fn encode<'b>(&self, out: &'b mut [u8]) -> Result<&'b [u8], LineError> {
        let (kind, id, payload): (u8, Option<u16>, &[u8]) = match *self {
            Self::Poll { .. } => (0, None, &[]),
            Self::Data { id, payload, .. } => (1, Some(id), payload),
            Self::Ack { id, .. } => (2, Some(id), &[]),
            Self::Idle { .. } => (3, None, &[]),
            Self::Command { id, payload, .. } => (4, Some(id), payload),
        };
        let node = self.node();
        if !is_node_name(node.as_bytes()) {
            return Err(LineError::Malformed);
        }
        if payload.len() > FRAME_BYTES_MAX {
            return Err(LineError::TooLong);
        }
        let mut plain = Vec::<u8, PLAIN_BYTES_MAX>::new();
        let mut put = |bytes: &[u8]| plain.extend_from_slice(bytes).map_err(|_| LineError::TooLong);
        put(&[kind, node.len() as u8])?;
        put(node.as_bytes())?;
        if let Some(id) = id {
            put(&id.to_le_bytes())?;
        }
        put(payload)?;
        let crc = crc32::of(&plain);
        plain.extend_from_slice(&crc).map_err(|_| LineError::TooLong)?;

        let (first, rest) = out.split_first_mut().ok_or(LineError::TooLong)?;
        *first = 0;
        let length = cobs::try_encode(&plain, rest).map_err(|_| LineError::TooLong)?;
        *rest.get_mut(length).ok_or(LineError::TooLong)? = 0;
        out.get(..length + 2).ok_or(LineError::TooLong)
    }

    /// The frame that `plain` is, COBS undone.
    fn parse(plain: &'a [u8]) -> Result<Self, LineError> {
        let body = crc32::strip(plain).ok_or(LineError::Crc)?;
        let [kind, node_length, rest @ ..] = body else { return Err(LineError::Malformed) };
        let (node, rest) = rest.split_at_checked(usize::from(*node_length)).ok_or(LineError::Malformed)?;
        if !is_node_name(node) {
            return Err(LineError::Malformed);
        }
        let node = core::str::from_utf8(node).map_err(|_| LineError::Malformed)?;
        let numbered = || {
            let (id, payload) = rest.split_first_chunk().ok_or(LineError::Malformed)?;
            Ok((u16::from_le_bytes(*id), payload))
        };
        match kind {
            0 if rest.is_empty() => Ok(Self::Poll { node }),
            1 => numbered().map(|(id, payload)| Self::Data { node, id, payload }),
            2 => match numbered()? {
                (id, []) => Ok(Self::Ack { node, id }),
                _ => Err(LineError::Malformed),
            },
            3 if rest.is_empty() => Ok(Self::Idle { node }),
            4 => numbered().map(|(id, payload)| Self::Command { node, id, payload }),
            _ => Err(LineError::Malformed),
        }
    }
}

fn is_node_name(name: &[u8]) -> bool {
    let allowed = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.');
    (1..=NODE_BYTES_MAX).contains(&name.len()) && name.iter().all(allowed)
}

/// Finds frames in a line's bytes, as they come, in any pieces.
///
/// `N` bounds the plain frame: [`PLAIN_BYTES_MAX`] takes all. What is longer is one error, and the next 0x00 begins anew.
#[derive(Debug)]
pub struct Deframer<const N: usize = PLAIN_BYTES_MAX> {
    plain: Vec<u8, N>,
    cobs: DecoderState,
    state: State,
    errors: LineErrors,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// A frame's bytes are in `plain`, or none are yet.
    Filling,
    /// The frame in `plain` was handed out: the next byte begins a new one.
    Taken,
    /// Too long: waiting for the delimiter.
    Skipping,
}

impl<const N: usize> Default for Deframer<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> Deframer<N> {
    /// One that has seen nothing yet.
    pub const fn new() -> Self {
        Self {
            plain: Vec::new(),
            cobs: DecoderState::Idle,
            state: State::Filling,
            errors: LineErrors { cobs: 0, too_long: 0, crc: 0, malformed: 0 },
        }
    }

    /// Takes the line's next byte: the frame that it ends, or why what it ends is none; counted in [`errors`](Self::errors).
    pub fn push(&mut self, byte: u8) -> Option<Result<LineFrame<'_>, LineError>> {
        if self.state == State::Taken {
            self.plain.clear();
            self.state = State::Filling;
        }
        if self.state == State::Skipping {
            if byte != 0 {
                return None;
            }
            self.cobs = DecoderState::Idle;
            self.state = State::Taken;
            return Some(Err(self.errors.count(LineError::TooLong)));
        }
        match self.cobs.feed(byte) {
            Ok(DecodeResult::NoData) => None,
            Ok(DecodeResult::DataContinue(plain)) => {
                if self.plain.push(plain).is_err() {
                    self.state = State::Skipping;
                }
                None
            }
            Ok(DecodeResult::DataComplete) => {
                self.state = State::Taken;
                Some(LineFrame::parse(&self.plain).map_err(|error| self.errors.count(error)))
            }
            Err(_) => {
                self.state = State::Taken;
                Some(Err(self.errors.count(LineError::Cobs)))
            }
        }
    }

    /// How many frames were lost so far.
    pub const fn errors(&self) -> LineErrors {
        self.errors
    }
}

impl LineErrors {
    fn count(&mut self, error: LineError) -> LineError {
        let counter = match error {
            LineError::Cobs => &mut self.cobs,
            LineError::TooLong => &mut self.too_long,
            LineError::Crc => &mut self.crc,
            LineError::Malformed => &mut self.malformed,
        };
        *counter = counter.saturating_add(1);
        error
    }

    /// All of them.
    pub const fn total(&self) -> u32 {
        self.cobs.saturating_add(self.too_long).saturating_add(self.crc).saturating_add(self.malformed)
    }
}

impl core::fmt::Display for LineError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Cobs => "not COBS between two delimiters",
            Self::TooLong => "too long for a frame on a line",
            Self::Crc => "the checksum is wrong",
            Self::Malformed => "no kind of frame, or no node's name",
        })
    }
}

impl core::error::Error for LineError {}

#[cfg(test)]
mod tests;
