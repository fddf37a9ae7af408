//! The types every wing speaks: what a node is called, what it measured, when, and what became of it.
//!
//! A value of a stage's type is valid: `Frame → Message → Reading → Observation → Aggregate`.
//! Times are [`Timestamp`]s, whole milliseconds since 1970-01-01T00:00:00Z, and say whose they are:
//! `measured_at` is the node's, `received_at` the gateway's.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The instant that many milliseconds after 1970 began.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970 began.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// The instant that many milliseconds later; saturates at the ends of time.
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Milliseconds from `earlier` to `self`; saturates.
    pub const fn millis_since(self, earlier: Timestamp) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with milliseconds: `2026-11-22T21:57:04.000Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(time) => write!(f, "{time:.3}"),
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

/// What a node is called: 1 to 64 of `a-z 0-9 - _ .`. It names the place, not the hardware.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(Arc<str>);

/// A text that cannot be a node's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a node's name is 1 to 64 of a-z 0-9 - _ .")]
pub struct InvalidNodeId;

impl NodeId {
    /// Longest name, in bytes.
    pub const LENGTH_MAX: usize = 64;

    /// Checks the name.
    ///
    /// # Errors
    /// [`InvalidNodeId`] when it is empty, too long, or has another character.
    pub fn new(name: &str) -> Result<Self, InvalidNodeId> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.');
        if name.is_empty() || name.len() > Self::LENGTH_MAX || !name.bytes().all(allowed) {
            return Err(InvalidNodeId);
        }
        Ok(Self(name.into()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeId({})", self.0)
    }
}

impl std::borrow::Borrow<str> for NodeId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl Serialize for NodeId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for NodeId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        NodeId::new(&text).map_err(serde::de::Error::custom)
    }
}

/// A datastream's number, given at its first reading and never used again; SensorThings' `@iot.id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DatastreamId(pub u32);

/// What names a datastream: a node, a quantity of the catalogue by its code, and a channel.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DatastreamKey {
    /// The node that measures.
    pub node: NodeId,
    /// The quantity's code in the catalogue, `pm25`.
    pub quantity: Arc<str>,
    /// Which of several sensors for one quantity; 0 when there is one.
    pub channel: u8,
}

/// One measured value as the store keeps it: calibration is applied, and flags are made, when it is read,
/// so that neither depends on the order of arrival.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Observation {
    /// When the node measured it.
    pub measured_at: Timestamp,
    /// The value in the catalogue's unit, before calibration.
    pub value: f64,
    /// Its place in the datastream's order of arrival, from 0.
    pub ordinal: u32,
    /// What is known of it beside the value.
    pub marks: Marks,
}

/// What is known of an observation beside its value, a bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks(pub u8);

impl Marks {
    /// The gateway's own clock was not to be trusted when this arrived: clock tests were not evaluated.
    pub const CLOCK_SUSPECT: Marks = Marks(1);
    /// The node's clock was not set: `measured_at` is `received_at` less the age that it told.
    pub const BY_AGE: Marks = Marks(2);
    /// The time was not told at all: `measured_at` is `received_at`.
    pub const BY_RECEIPT: Marks = Marks(4);

    /// Whether all bits of `other` are set here.
    pub const fn has(self, other: Marks) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both sets of bits.
    pub const fn with(self, other: Marks) -> Marks {
        Marks(self.0 | other.0)
    }
}

/// QARTOD's flags (ioos_qc, and the Manual for Real-Time Quality Control): larger is worse, but for 2 and 9.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Flag {
    /// Passed every test that was made.
    Good = 1,
    /// No test could be made.
    NotEvaluated = 2,
    /// Suspect; counts in aggregates, and how many did is told beside.
    Suspect = 3,
    /// Failed; does not count in aggregates.
    Fail = 4,
    /// Missing; does not count.
    Missing = 9,
}

impl Flag {
    /// The flag as QARTOD writes it.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// Whether an observation with this flag counts in aggregates: 1, 2 and 3 do.
    pub const fn counts(self) -> bool {
        matches!(self, Flag::Good | Flag::NotEvaluated | Flag::Suspect)
    }

    /// The flag of an observation from the flags of its tests: the worst of those evaluated.
    pub fn worst(self, other: Flag) -> Flag {
        const fn rank(flag: Flag) -> u8 {
            match flag {
                Flag::NotEvaluated => 0,
                Flag::Good => 1,
                Flag::Suspect => 2,
                Flag::Fail => 3,
                Flag::Missing => 4,
            }
        }
        if rank(other) > rank(self) { other } else { self }
    }
}

/// Why a frame or a reading could not be used. The code is what people see, count and filter by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RejectReason {
    /// The payload's first byte says no format that we know.
    UnknownFormat,
    /// The payload is not what its first byte says: cut short, altered, not well formed.
    Malformed,
    /// The packet is larger than `[limits] packet_bytes_max`.
    Oversized,
    /// The topic is none of those a node may publish on.
    WrongTopic,
    /// The topic is another node's.
    ForeignTopic,
    /// A record names another node than the one that sent it.
    ForeignNode,
    /// RETAIN is set on readings: a retained reading would come back as a new one.
    Retained,
    /// The quantity is not in the catalogue.
    UnknownQuantity,
    /// The unit cannot be converted to the quantity's.
    UnitMismatch,
    /// The value is a kind that the quantity does not take: a text, data, a state not in its list.
    UnsupportedValue,
    /// The value is not a number, or not finite.
    NotANumber,
    /// Measured further in the future than `[limits] clock_ahead_max_s`.
    ClockAhead,
    /// Measured before the retention of observations.
    TooOld,
    /// Measured at a time that cannot be: before the year 2000.
    ImpossibleDate,
    /// A name that was used already, with another content.
    Conflict,
    /// More datastreams or nodes than `[limits]` allows.
    LimitReached,
    /// A broker vouches for a node that the registry does not know, or that was revoked.
    UnknownNode,
}

impl RejectReason {
    /// Every reason, in the order shown. Its places are stored codes: a new one goes to the end.
    pub const ALL: [RejectReason; 17] = [
        Self::UnknownFormat,
        Self::Malformed,
        Self::Oversized,
        Self::WrongTopic,
        Self::ForeignTopic,
        Self::ForeignNode,
        Self::Retained,
        Self::UnknownQuantity,
        Self::UnitMismatch,
        Self::UnsupportedValue,
        Self::NotANumber,
        Self::ClockAhead,
        Self::TooOld,
        Self::ImpossibleDate,
        Self::Conflict,
        Self::LimitReached,
        Self::UnknownNode,
    ];

    /// The code that ledger, API and metrics show.
    pub const fn code(self) -> &'static str {
        match self {
            Self::UnknownFormat => "unknown_format",
            Self::Malformed => "malformed",
            Self::Oversized => "oversized",
            Self::WrongTopic => "wrong_topic",
            Self::ForeignTopic => "foreign_topic",
            Self::ForeignNode => "foreign_node",
            Self::Retained => "retained",
            Self::UnknownQuantity => "unknown_quantity",
            Self::UnitMismatch => "unit_mismatch",
            Self::UnsupportedValue => "unsupported_value",
            Self::NotANumber => "not_a_number",
            Self::ClockAhead => "clock_ahead",
            Self::TooOld => "too_old",
            Self::ImpossibleDate => "impossible_date",
            Self::Conflict => "conflict",
            Self::LimitReached => "limit_reached",
            Self::UnknownNode => "unknown_node",
        }
    }

    /// The reason with that code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }
}

impl fmt::Display for RejectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
