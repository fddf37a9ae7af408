//! Resolving: base values applied, times made absolute (RFC 8428, sections 4.5.3, 4.5.4 and 4.6).

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Flaw, Label, Record, VERSION, Value};
use crate::round_half_away;

/// Times below this many seconds are relative to now (RFC 8428, section 4.5.3).
const RELATIVE_BELOW_S: f64 = 268_435_456.0;

/// A record with everything that holds for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolved<'a> {
    /// Base name and name.
    pub name: Cow<'a, str>,
    /// Its unit, or the base unit.
    pub unit: Option<Cow<'a, str>>,
    /// Its value; a number includes the base value.
    pub value: Value<'a>,
    /// The sum over time, where it is told.
    pub sum: Option<f64>,
    /// When.
    pub time: Time,
}

/// How a record's time was told, with the time in milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time {
    /// As such.
    Absolute(i64),
    /// As seconds from now: `received_at` and that.
    Relative(i64),
    /// Not at all: `received_at`.
    Absent(i64),
}

impl Time {
    /// Milliseconds since 1970.
    pub const fn unix_ms(self) -> i64 {
        match self {
            Self::Absolute(ms) | Self::Relative(ms) | Self::Absent(ms) => ms,
        }
    }
}

/// A record that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordError {
    /// The pack is of a later version of SenML.
    Version,
    /// No name, or one with other characters than A–Z a–z 0–9 - : . / _, or that does not begin with a letter or digit.
    Name,
    /// No value and no sum.
    NoValue,
    /// A sum alone, which no quantity takes.
    SumAlone,
    /// A time that is no number of milliseconds.
    Time,
    /// A value of a type that the label does not have.
    Type(Label),
    /// A label that must be understood, and is not.
    MustUnderstand,
    /// More than one value.
    SeveralValues,
    /// A text beyond its bound.
    TextTooLong,
}

impl core::fmt::Display for RecordError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Version => f.write_str("the pack says a later version of SenML than 10"),
            Self::Name => f.write_str("a name has A–Z a–z 0–9 - : . / _ and begins with a letter or a digit"),
            Self::NoValue => f.write_str("the record has no value"),
            Self::SumAlone => f.write_str("the record has a sum and no value"),
            Self::Time => f.write_str("the record's time is no time"),
            Self::Type(label) => write!(f, "the field {} has a value of another type", label.text()),
            Self::MustUnderstand => f.write_str("a label that ends in _ is not known"),
            Self::SeveralValues => f.write_str("the record has more than one value"),
            Self::TextTooLong => f.write_str("a text is longer than 1,024 bytes"),
        }
    }
}

impl core::error::Error for RecordError {}

#[derive(Default)]
struct Base<'a> {
    version: Option<f64>,
    name: Option<Cow<'a, str>>,
    time: Option<f64>,
    unit: Option<Cow<'a, str>>,
    value: Option<f64>,
}

pub(super) fn resolve(
    records: Vec<Record<'_>>,
    received_at_ms: i64,
) -> impl Iterator<Item = Result<Resolved<'_>, RecordError>> {
    let mut base = Base::default();
    records.into_iter().filter_map(move |mut record| {
        base.take(&mut record);
        let only_base =
            record.value.is_none() && record.sum.is_none() && record.name.is_none() && record.flaw.is_none();
        (!only_base || base.is_newer()).then(|| base.apply(record, received_at_ms))
    })
}

impl<'a> Base<'a> {
    /// Base values of the record hold from here on.
    fn take(&mut self, record: &mut Record<'a>) {
        self.version = record.base_version.or(self.version);
        self.time = record.base_time.or(self.time);
        self.value = record.base_value.or(self.value);
        if let Some(name) = record.base_name.take() {
            self.name = Some(name);
        }
        if let Some(unit) = record.base_unit.take() {
            self.unit = Some(unit);
        }
    }

    fn is_newer(&self) -> bool {
        self.version.is_some_and(|version| version > VERSION)
    }

    fn apply(&self, record: Record<'a>, received_at_ms: i64) -> Result<Resolved<'a>, RecordError> {
        if self.is_newer() {
            return Err(RecordError::Version);
        }
        match record.flaw {
            None => {}
            Some(Flaw::Type(label)) => return Err(RecordError::Type(label)),
            Some(Flaw::MustUnderstand) => return Err(RecordError::MustUnderstand),
            Some(Flaw::SeveralValues) => return Err(RecordError::SeveralValues),
            Some(Flaw::TextTooLong) => return Err(RecordError::TextTooLong),
        }
        let time = self.time(record.time, received_at_ms)?;
        let value = match record.value {
            Some(Value::Number(number)) => Value::Number(number + self.value.unwrap_or(0.0)),
            Some(other) => other,
            None => match (self.value, record.sum) {
                (Some(value), _) => Value::Number(value),
                (None, Some(_)) => return Err(RecordError::SumAlone),
                (None, None) => return Err(RecordError::NoValue),
            },
        };
        let name = self.name(record.name)?;
        Ok(Resolved { name, unit: record.unit.or_else(|| self.unit.clone()), value, sum: record.sum, time })
    }

    fn name(&self, name: Option<Cow<'a, str>>) -> Result<Cow<'a, str>, RecordError> {
        let name = match (&self.name, name) {
            (Some(base), None) => base.clone(),
            (None, Some(name)) => name,
            (Some(base), Some(name)) => {
                let mut whole = String::with_capacity(base.len() + name.len());
                whole.push_str(base);
                whole.push_str(&name);
                Cow::Owned(whole)
            }
            (None, None) => return Err(RecordError::Name),
        };
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b':' | b'.' | b'/' | b'_');
        let begins_well = name.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
        if begins_well && name.bytes().all(allowed) { Ok(name) } else { Err(RecordError::Name) }
    }

    fn time(&self, time: Option<f64>, received_at_ms: i64) -> Result<Time, RecordError> {
        if self.time.is_none() && time.is_none() {
            return Ok(Time::Absent(received_at_ms));
        }
        let seconds = self.time.unwrap_or(0.0) + time.unwrap_or(0.0);
        let ms = round_half_away(seconds * 1_000.0).ok_or(RecordError::Time)?;
        if seconds >= RELATIVE_BELOW_S {
            return Ok(Time::Absolute(ms));
        }
        // 0 is now: as good as nothing told.
        if ms == 0 {
            return Ok(Time::Absent(received_at_ms));
        }
        received_at_ms.checked_add(ms).map(Time::Relative).ok_or(RecordError::Time)
    }
}
