//! A batch: readings of one node, in the order that it took them, named so that each counts once.

use heapless::Vec;
use serde::{Deserialize, Serialize};

use super::Decimal;

/// Most readings of a batch: with them even the longest values fit in [`FRAME_BYTES_MAX`](super::FRAME_BYTES_MAX).
pub const BATCH_READINGS_MAX: usize = 28;

/// Readings of one node. Never empty once decoded; the sequence of its last reading fits in 32 bits.
///
/// (node, incarnation, boot, sequence) names a reading for ever. A batch that is sent again may be cut elsewhere, and
/// the ages in it have grown: the same name must come with the same quantity, channel and value, not the same bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    #[serde(with = "postcard::fixint::le")]
    incarnation: u64,
    boot: u32,
    first_sequence: u32,
    clock: Clock,
    readings: Vec<Reading, BATCH_READINGS_MAX>,
}

/// What the times of a batch's readings are measured from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Clock {
    /// The node's clock is set: `measured_at = base_ms + offset_ms`.
    Unix {
        /// Milliseconds since 1970; any time near the readings.
        base_ms: i64,
    },
    /// The node's clock is not set: `measured_at = received_at − offset_ms`, the offset being the age when it was sent.
    Age,
}

/// One value that a sensor told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// The quantity's number, see [`quantity`](crate::quantity).
    pub quantity: u8,
    /// Which of several sensors for one quantity; 0 when there is one.
    pub channel: u8,
    /// Milliseconds from the batch's base, may be negative; with [`Clock::Age`] the reading's age, not negative.
    pub offset_ms: i32,
    /// The value in the quantity's unit.
    pub value: Decimal,
}

/// A reading that a batch does not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PushError {
    /// The batch has [`BATCH_READINGS_MAX`] readings.
    Full,
    /// The reading's sequence would pass 2^32 − 1: the node must begin another boot.
    SequenceOverflow,
    /// An age is negative.
    NegativeAge,
}

impl Batch {
    /// A batch without readings yet; the first one pushed has the sequence `first_sequence`.
    pub const fn new(incarnation: u64, boot: u32, first_sequence: u32, clock: Clock) -> Self {
        Self { incarnation, boot, first_sequence, clock, readings: Vec::new() }
    }

    /// Adds the reading that follows; its sequence is one more than that of the reading before.
    ///
    /// # Errors
    /// [`PushError`] when it cannot; the batch is as it was.
    pub fn push(&mut self, reading: Reading) -> Result<(), PushError> {
        self.takes(self.readings.len(), &reading)?;
        self.readings.push(reading).map_err(|_| PushError::Full)
    }

    /// The random number made when the node was provisioned or its memory was lost.
    pub const fn incarnation(&self) -> u64 {
        self.incarnation
    }

    /// How often the node had started, in this incarnation.
    pub const fn boot(&self) -> u32 {
        self.boot
    }

    /// The sequence of the first reading.
    pub const fn first_sequence(&self) -> u32 {
        self.first_sequence
    }

    /// What the readings' offsets are measured from.
    pub const fn clock(&self) -> Clock {
        self.clock
    }

    /// How many readings it has.
    pub fn len(&self) -> usize {
        self.readings.len()
    }

    /// Whether it has no readings; such a batch cannot be encoded.
    pub fn is_empty(&self) -> bool {
        self.readings.is_empty()
    }

    /// The readings with their sequences.
    pub fn readings(&self) -> impl ExactSizeIterator<Item = (u32, &Reading)> {
        self.readings.iter().enumerate().map(|(k, reading)| (self.first_sequence.wrapping_add(k as u32), reading))
    }

    /// When `reading` was measured, in milliseconds since 1970, if the batch was received at `received_at_ms`;
    /// saturates at the ends of time.
    pub const fn measured_at_ms(&self, reading: &Reading, received_at_ms: i64) -> i64 {
        match self.clock {
            Clock::Unix { base_ms } => base_ms.saturating_add(reading.offset_ms as i64),
            Clock::Age => received_at_ms.saturating_sub(reading.offset_ms as i64),
        }
    }

    /// Whether what came from a wire is a batch that [`new`](Self::new) and [`push`](Self::push) could have made.
    pub(super) fn is_sound(&self) -> bool {
        !self.is_empty() && self.readings.iter().enumerate().all(|(k, reading)| self.takes(k, reading).is_ok())
    }

    fn takes(&self, index: usize, reading: &Reading) -> Result<(), PushError> {
        if index >= BATCH_READINGS_MAX {
            return Err(PushError::Full);
        }
        if self.first_sequence.checked_add(index as u32).is_none() {
            return Err(PushError::SequenceOverflow);
        }
        if matches!(self.clock, Clock::Age) && reading.offset_ms < 0 {
            return Err(PushError::NegativeAge);
        }
        Ok(())
    }
}

impl core::fmt::Display for PushError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Full => "the batch is full",
            Self::SequenceOverflow => "the reading's sequence does not fit in 32 bits",
            Self::NegativeAge => "an age cannot be negative",
        })
    }
}

impl core::error::Error for PushError {}
