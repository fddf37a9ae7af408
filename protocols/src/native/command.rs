//! What the gateway asks of a node, and what the node answers.

use serde::{Deserialize, Serialize};

use super::Decimal;

/// One thing asked of a node. A node that meets an id again answers again and does not act again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// The gateway's number for it; the reply carries it.
    pub id: u32,
    /// What to do.
    pub action: Action,
}

/// What a node is asked to do. New actions go before [`Unknown`](Self::Unknown), numbers are never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// 0: measure a quantity every so many seconds; 0 stops it.
    SetSchedule {
        /// The quantity's number.
        quantity: u8,
        /// The sensor's channel.
        channel: u8,
        /// Seconds between readings.
        period_s: u32,
    },
    /// 1: report at once when a value passes a threshold.
    SetThreshold {
        /// The quantity's number.
        quantity: u8,
        /// The sensor's channel.
        channel: u8,
        /// Which threshold.
        kind: Threshold,
        /// Where it is, in the quantity's unit.
        value: Decimal,
    },
    /// 2: `value = gain × raw + offset` from now on.
    SetCalibration {
        /// The quantity's number.
        quantity: u8,
        /// The sensor's channel.
        channel: u8,
        /// The factor.
        gain: Decimal,
        /// What is added, in the quantity's unit.
        offset: Decimal,
    },
    /// 3: make yourself seen (a lamp) for so many seconds, so that a person finds you.
    Identify {
        /// How long.
        seconds: u16,
    },
    /// 4: reply, then start again.
    Reboot,
    /// 5: measure everything now.
    SampleNow,
    /// 6: publish a [`Status`](super::Status) now.
    SendStatus,
    /// An action of a newer gateway, to be answered with [`Outcome::Unsupported`]. It cannot be encoded.
    #[serde(skip)]
    Unknown,
}

/// Which threshold an [`Action::SetThreshold`] sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Threshold {
    /// 0: below it.
    Low,
    /// 1: above it.
    High,
    /// 2: further than it from the value reported last.
    Delta,
}

/// What became of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// The command's id.
    pub command: u32,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// 0: done, and kept where it outlives a power cut.
    Done,
    /// 1: understood and not done.
    Refused {
        /// Why.
        reason: Refusal,
    },
    /// 2: not an action of this node's firmware.
    Unsupported,
}

/// Why a node did not do what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    /// 0: it has no such quantity or channel.
    NoSuchSensor,
    /// 1: the value is beyond what the sensor can do.
    OutOfRange,
    /// 2: it is doing something else; ask again.
    Busy,
    /// 3: its memory could not be written.
    StorageFailed,
}
