//! SenML (RFC 8428), in JSON and in CBOR: what makers other than us send, and anybody with `mosquitto_pub`.
//!
//! A pack is parsed as a whole, then resolved record by record: a record that makes no sense is an error of its own and
//! spoils no other. Base values hold for the records that follow, also those of a record that makes no sense itself.
//! Needs an allocator; texts are borrowed from the payload where it has them plain.

mod cbor;
mod encode;
mod json;
mod name;
mod resolve;

use alloc::borrow::Cow;
use alloc::vec::Vec;

pub use encode::{Entry, to_cbor, to_json};
pub use name::{InvalidName, Name};
pub use resolve::{RecordError, Resolved, Time};

/// Most records of a pack.
pub const RECORDS_MAX: usize = 1_024;
/// Longest text of a field, in bytes.
pub const TEXT_BYTES_MAX: usize = 1_024;
/// The version of SenML that RFC 8428 describes.
const VERSION: f64 = 10.0;

/// A pack, parsed and not yet resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct Pack<'a> {
    records: Vec<Record<'a>>,
}

/// The payload is no SenML pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PackError {
    /// Not well-formed JSON, or not an array of objects.
    Json {
        /// Line of the payload, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// Not well-formed CBOR, or not an array of maps.
    Cbor {
        /// Offset in the payload.
        offset: usize,
    },
    /// The first byte is that of neither.
    NoPack,
    /// No records.
    Empty,
    /// More than [`RECORDS_MAX`] records.
    TooManyRecords,
}

impl core::fmt::Display for PackError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Json { line, column } => write!(f, "no SenML in JSON: line {line}, column {column}"),
            Self::Cbor { offset } => write!(f, "no SenML in CBOR: byte {offset}"),
            Self::NoPack => f.write_str("a SenML pack begins with [ or with a CBOR array"),
            Self::Empty => f.write_str("the pack has no records"),
            Self::TooManyRecords => write!(f, "more than {RECORDS_MAX} records"),
        }
    }
}

impl core::error::Error for PackError {}

/// Parses a pack, in JSON or in CBOR by its first byte.
///
/// # Errors
/// [`PackError`] when it is no array of records at all.
pub fn parse(payload: &[u8]) -> Result<Pack<'_>, PackError> {
    let records = match payload.first() {
        Some(b'[') => json::records(payload)?,
        Some(0x80..=0x9f) => cbor::records(payload)?,
        _ => return Err(PackError::NoPack),
    };
    if records.is_empty() {
        return Err(PackError::Empty);
    }
    Ok(Pack { records })
}

impl<'a> Pack<'a> {
    /// How many records it has.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether it has none; a parsed pack always has one.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The records with base values applied, in their order; `received_at_ms` is what relative times refer to.
    /// A record that only carries base values gives nothing.
    pub fn resolve(self, received_at_ms: i64) -> impl Iterator<Item = Result<Resolved<'a>, RecordError>> {
        resolve::resolve(self.records, received_at_ms)
    }
}

/// A value of a record.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// A number; in CBOR it may be not finite.
    Number(f64),
    /// True or false.
    Boolean(bool),
    /// Text.
    Text(Cow<'a, str>),
    /// Bytes, in JSON as base64 that is not looked into.
    Data,
}

/// A record as it stands in the pack.
#[derive(Clone, Debug, Default, PartialEq)]
struct Record<'a> {
    base_version: Option<f64>,
    base_name: Option<Cow<'a, str>>,
    base_time: Option<f64>,
    base_unit: Option<Cow<'a, str>>,
    base_value: Option<f64>,
    name: Option<Cow<'a, str>>,
    unit: Option<Cow<'a, str>>,
    value: Option<Value<'a>>,
    sum: Option<f64>,
    time: Option<f64>,
    flaw: Option<Flaw>,
}

/// What is wrong with a record before it is resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    /// A field has a value of another type than its label asks for.
    Type(Label),
    /// A label that ends in `_`, or a negative one, says that who does not know it must not use the record.
    MustUnderstand,
    /// More than one of v, vs, vb and vd.
    SeveralValues,
    /// A text longer than [`TEXT_BYTES_MAX`].
    TextTooLong,
}

/// The labels of RFC 8428, table 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// bver
    BaseVersion,
    /// bn
    BaseName,
    /// bt
    BaseTime,
    /// bu
    BaseUnit,
    /// bv
    BaseValue,
    /// bs
    BaseSum,
    /// n
    Name,
    /// u
    Unit,
    /// v
    Value,
    /// vs
    StringValue,
    /// vb
    BooleanValue,
    /// vd
    DataValue,
    /// s
    Sum,
    /// t
    Time,
    /// ut
    UpdateTime,
}

const LABELS: [(Label, &str, i64); 15] = [
    (Label::BaseVersion, "bver", -1),
    (Label::BaseName, "bn", -2),
    (Label::BaseTime, "bt", -3),
    (Label::BaseUnit, "bu", -4),
    (Label::BaseValue, "bv", -5),
    (Label::BaseSum, "bs", -6),
    (Label::Name, "n", 0),
    (Label::Unit, "u", 1),
    (Label::Value, "v", 2),
    (Label::StringValue, "vs", 3),
    (Label::BooleanValue, "vb", 4),
    (Label::Sum, "s", 5),
    (Label::Time, "t", 6),
    (Label::UpdateTime, "ut", 7),
    (Label::DataValue, "vd", 8),
];

impl Label {
    fn of_text(text: &str) -> Option<Self> {
        LABELS.iter().find(|(_, name, _)| *name == text).map(|(label, _, _)| *label)
    }

    fn of_number(number: i64) -> Option<Self> {
        LABELS.iter().find(|(_, _, n)| *n == number).map(|(label, _, _)| *label)
    }

    /// The label in JSON.
    pub fn text(self) -> &'static str {
        LABELS.iter().find(|(label, _, _)| *label == self).map_or("", |(_, name, _)| name)
    }
}

/// What stands behind a label.
enum Field<'a> {
    Number(f64),
    Boolean(bool),
    Text(Cow<'a, str>),
    Data,
    Other,
}

impl<'a> Record<'a> {
    fn set(&mut self, label: Label, field: Field<'a>) {
        match (label, field) {
            (_, Field::Text(text)) if text.len() > TEXT_BYTES_MAX => self.flawed(Flaw::TextTooLong),
            (Label::BaseVersion, Field::Number(n)) => self.base_version = Some(n),
            (Label::BaseName, Field::Text(text)) => self.base_name = Some(text),
            (Label::BaseTime, Field::Number(n)) => self.base_time = Some(n),
            (Label::BaseUnit, Field::Text(text)) => self.base_unit = Some(text),
            (Label::BaseValue, Field::Number(n)) => self.base_value = Some(n),
            (Label::BaseSum | Label::UpdateTime, Field::Number(_)) => {}
            (Label::Name, Field::Text(text)) => self.name = Some(text),
            (Label::Unit, Field::Text(text)) => self.unit = Some(text),
            (Label::Sum, Field::Number(n)) => self.sum = Some(n),
            (Label::Time, Field::Number(n)) => self.time = Some(n),
            (Label::Value, Field::Number(n)) => self.set_value(Value::Number(n)),
            (Label::StringValue, Field::Text(text)) => self.set_value(Value::Text(text)),
            (Label::BooleanValue, Field::Boolean(boolean)) => self.set_value(Value::Boolean(boolean)),
            (Label::DataValue, Field::Text(_) | Field::Data) => self.set_value(Value::Data),
            (label, _) => self.flawed(Flaw::Type(label)),
        }
    }

    fn set_value(&mut self, value: Value<'a>) {
        if self.value.is_some() {
            self.flawed(Flaw::SeveralValues);
        }
        self.value = Some(value);
    }

    fn flawed(&mut self, flaw: Flaw) {
        self.flaw.get_or_insert(flaw);
    }
}

#[cfg(test)]
mod tests;
