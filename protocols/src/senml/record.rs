//! A pack as it was written: its records, each with what is wrong with it.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::label::Label;
use super::{NAME_BYTES_MAX, RECORDS_MAX, Resolve, SenmlError, TEXT_BYTES_MAX, VERSION_MAX, base64url};

/// One record, as it is written: bases hold for the records that follow, too. To write a pack, fill in the fields that
/// it has and leave the others to `..Default::default()`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record<'a> {
    /// `bver`: the version of SenML.
    pub base_version: Option<u32>,
    /// `bn`: goes before every name.
    pub base_name: Option<Cow<'a, str>>,
    /// `bt`: added to every time, in seconds.
    pub base_time: Option<f64>,
    /// `bu`: the unit where none is told.
    pub base_unit: Option<Cow<'a, str>>,
    /// `bv`: added to every number.
    pub base_value: Option<f64>,
    /// `bs`: added to every sum.
    pub base_sum: Option<f64>,
    /// `n`.
    pub name: Option<Cow<'a, str>>,
    /// `u`.
    pub unit: Option<Cow<'a, str>>,
    /// `v`, `vs`, `vb` or `vd`.
    pub value: Option<Value<'a>>,
    /// `s`: the value's integral over time.
    pub sum: Option<f64>,
    /// `t`: seconds, since 1970 or from now.
    pub time: Option<f64>,
    /// `ut`: seconds until the next reading, at most.
    pub update_time: Option<f64>,
}

/// What a record tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// `v`: a number. From CBOR it may be infinite or none.
    Number(f64),
    /// `vb`.
    Boolean(bool),
    /// `vs`.
    Text(Cow<'a, str>),
    /// `vd`.
    Data(Cow<'a, [u8]>),
}

/// Why a record cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordError {
    /// In the pack's array, but not a record.
    NotARecord,
    /// No name: neither a base name nor its own.
    NameMissing,
    /// The name has a character that names do not have, starts with a sign, or is longer than [`NAME_BYTES_MAX`].
    NameInvalid,
    /// Neither a value nor a sum.
    NoValue,
    /// More than one of `v`, `vs`, `vb`, `vd`.
    SeveralValues,
    /// A field has a value of another type than its label says, or one that cannot be.
    WrongType,
    /// A label comes twice.
    RepeatedLabel,
    /// A label that is not known and ends in `_`: without knowing it the record must not be used.
    UnknownMandatoryLabel,
    /// A text longer than [`TEXT_BYTES_MAX`].
    TextTooLong,
    /// The time is no instant that 64 bits of milliseconds can tell.
    TimeOutOfRange,
    /// This record, or one before it, sets a base that cannot be used.
    Base,
}

/// A pack that was read; [`resolve`](Self::resolve) makes readings of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Pack<'a> {
    pub(super) records: Vec<Parsed<'a>>,
}

impl<'a> Pack<'a> {
    /// How many records it has; at least one.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Never: a pack without records is an error.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The records one by one, bases applied, times told in full for a pack received at `received_at_ms`.
    pub fn resolve(self, received_at_ms: i64) -> Resolve<'a> {
        Resolve::new(self.records, received_at_ms)
    }
}

/// Gathers a pack's records within its bounds.
pub(super) struct PackBuilder<'a> {
    records: Vec<Parsed<'a>>,
    overflow: bool,
}

impl<'a> PackBuilder<'a> {
    pub(super) fn new() -> Self {
        Self { records: Vec::new(), overflow: false }
    }

    /// Whether another record is of use.
    pub(super) fn has_room(&self) -> bool {
        self.records.len() < RECORDS_MAX
    }

    /// A record to be filled in, behind those before; only to be asked for while there is room.
    pub(super) fn next(&mut self) -> &mut Parsed<'a> {
        self.records.push(Parsed::default());
        self.records.last_mut().expect("one was pushed")
    }

    /// A record came for which there is no room.
    pub(super) fn overflow(&mut self) {
        self.overflow = true;
    }

    pub(super) fn finish(self) -> Result<Pack<'a>, SenmlError> {
        if self.overflow {
            return Err(SenmlError::TooManyRecords);
        }
        if self.records.is_empty() {
            return Err(SenmlError::Empty);
        }
        if self.records.iter().any(|parsed| parsed.record.base_version.is_some_and(|told| told > VERSION_MAX)) {
            return Err(SenmlError::Version);
        }
        Ok(Pack { records: self.records })
    }
}

/// A record with what was found wrong while reading it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Parsed<'a> {
    pub(super) record: Record<'a>,
    pub(super) problem: Option<RecordError>,
    /// The bases that it sets and that cannot be used, a bit each.
    pub(super) broken_bases: u32,
    seen: u32,
}

/// What stands behind a label, before it is known whether it may.
#[derive(Debug)]
pub(super) enum Scalar<'a> {
    Number(f64),
    Boolean(bool),
    Text(Cow<'a, str>),
    Data(Cow<'a, [u8]>),
    /// Null, an array, a map: nothing that SenML has.
    Other,
}

impl<'a> Parsed<'a> {
    pub(super) fn not_a_record() -> Self {
        Self { problem: Some(RecordError::NotARecord), ..Self::default() }
    }

    /// Whether it has anything but bases; one that has not sets them and tells nothing.
    pub(super) fn is_only_bases(&self) -> bool {
        let Record { name, unit, value, sum, time, update_time, .. } = &self.record;
        self.seen != 0
            && name.is_none()
            && unit.is_none()
            && value.is_none()
            && sum.is_none()
            && time.is_none()
            && update_time.is_none()
    }

    /// Whether the record sets that base itself, well or not.
    pub(super) const fn sets(&self, base: Label) -> bool {
        self.seen & base.bit() != 0
    }

    /// Takes one field.
    pub(super) fn set(&mut self, label: Label, scalar: Scalar<'a>) {
        if label == Label::Ignored {
            return;
        }
        let repeated = self.sets(label);
        self.seen |= label.bit();
        let outcome = if repeated { Err(RecordError::RepeatedLabel) } else { self.put(label, scalar) };
        if let Err(error) = outcome {
            if label.is_base() {
                self.broken_bases |= label.bit();
            }
            self.problem.get_or_insert(error);
        }
    }

    fn put(&mut self, label: Label, scalar: Scalar<'a>) -> Result<(), RecordError> {
        let record = &mut self.record;
        match label {
            Label::BaseVersion => record.base_version = Some(version(number(scalar)?)?),
            Label::BaseName => record.base_name = Some(text(scalar)?),
            Label::BaseTime => record.base_time = Some(number(scalar)?),
            Label::BaseUnit => record.base_unit = Some(text(scalar)?),
            Label::BaseValue => record.base_value = Some(number(scalar)?),
            Label::BaseSum => record.base_sum = Some(number(scalar)?),
            Label::Name => record.name = Some(text(scalar)?),
            Label::Unit => record.unit = Some(text(scalar)?),
            Label::Sum => record.sum = Some(number(scalar)?),
            Label::Time => record.time = Some(number(scalar)?),
            Label::UpdateTime => record.update_time = Some(number(scalar)?),
            Label::Value | Label::StringValue | Label::BooleanValue | Label::DataValue => {
                let value = match label {
                    Label::Value => Value::Number(number(scalar)?),
                    Label::StringValue => Value::Text(text(scalar)?),
                    Label::DataValue => Value::Data(data(scalar)?),
                    _ => Value::Boolean(boolean(&scalar)?),
                };
                if record.value.replace(value).is_some() {
                    return Err(RecordError::SeveralValues);
                }
            }
            Label::Mandatory | Label::MandatoryBase => return Err(RecordError::UnknownMandatoryLabel),
            Label::Ignored => {}
        }
        Ok(())
    }
}

fn number(scalar: Scalar<'_>) -> Result<f64, RecordError> {
    if let Scalar::Number(number) = scalar { Ok(number) } else { Err(RecordError::WrongType) }
}

fn boolean(scalar: &Scalar<'_>) -> Result<bool, RecordError> {
    if let Scalar::Boolean(boolean) = scalar { Ok(*boolean) } else { Err(RecordError::WrongType) }
}

fn text(scalar: Scalar<'_>) -> Result<Cow<'_, str>, RecordError> {
    match scalar {
        Scalar::Text(text) if text.len() > TEXT_BYTES_MAX => Err(RecordError::TextTooLong),
        Scalar::Text(text) => Ok(text),
        _ => Err(RecordError::WrongType),
    }
}

/// Bytes as CBOR has them, or as text in base64url as JSON has them.
fn data(scalar: Scalar<'_>) -> Result<Cow<'_, [u8]>, RecordError> {
    match scalar {
        Scalar::Data(data) if data.len() > TEXT_BYTES_MAX => Err(RecordError::TextTooLong),
        Scalar::Data(data) => Ok(data),
        other => base64url::decode(&text(other)?).map(Cow::Owned).ok_or(RecordError::WrongType),
    }
}

fn version(told: f64) -> Result<u32, RecordError> {
    let version = told as u32; // saturates, and what is not a number becomes 0
    if told >= 1.0 && (f64::from(version) == told || version > VERSION_MAX) {
        Ok(version)
    } else {
        Err(RecordError::WrongType)
    }
}

impl core::fmt::Display for RecordError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::NotARecord => f.write_str("not a record"),
            Self::NameMissing => f.write_str("no name"),
            Self::NameInvalid => write!(f, "a name of other characters than SenML's, or longer than {NAME_BYTES_MAX}"),
            Self::NoValue => f.write_str("neither a value nor a sum"),
            Self::SeveralValues => f.write_str("more than one value"),
            Self::WrongType => f.write_str("a field of another type than its label says"),
            Self::RepeatedLabel => f.write_str("a label comes twice"),
            Self::UnknownMandatoryLabel => f.write_str("an unknown label that must be understood"),
            Self::TextTooLong => write!(f, "a text longer than {TEXT_BYTES_MAX} bytes"),
            Self::TimeOutOfRange => f.write_str("a time out of range"),
            Self::Base => f.write_str("a base in this record or before it cannot be used"),
        }
    }
}

impl core::error::Error for RecordError {}
