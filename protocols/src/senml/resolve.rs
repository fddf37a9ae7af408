//! Resolving (RFC 8428, section 4.6): every record made whole, bases added, time told in full.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use super::label::Label;
use super::record::Parsed;
use super::{NAME_BYTES_MAX, RecordError, Value};

/// Times below this, in seconds, are relative to now (RFC 8428, section 4.5.3).
const ABSOLUTE_FROM_S: f64 = 268_435_456.0;

/// A record that needs no other to be understood.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolved<'a> {
    /// Base name and name, as one; see [`Name::parse`](super::Name::parse).
    pub name: Cow<'a, str>,
    /// SenML's unit, if one was told.
    pub unit: Option<Cow<'a, str>>,
    /// The value; `None` when the record tells a sum alone.
    pub value: Option<Value<'a>>,
    /// The value's integral over time, if told.
    pub sum: Option<f64>,
    /// When it was measured, in milliseconds since 1970.
    pub measured_at_ms: i64,
    /// Where that comes from.
    pub time: TimeKind,
}

/// Where a record's time comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeKind {
    /// The record tells it.
    Absolute,
    /// The record tells how far from its receipt it is.
    Relative,
    /// The record tells nothing: it is the receipt's.
    Absent,
}

/// A pack's records one by one, with their places in the pack: the reading, or why there is none. A record that only
/// sets bases is passed over.
#[derive(Clone, Debug)]
pub struct Resolve<'a> {
    records: Vec<Parsed<'a>>,
    next: usize,
    received_at_ms: i64,
    bases: Bases<'a>,
}

/// What the records so far have set.
#[derive(Clone, Debug, Default)]
struct Bases<'a> {
    name: Option<Cow<'a, str>>,
    time: Option<f64>,
    unit: Option<Cow<'a, str>>,
    value: Option<f64>,
    sum: Option<f64>,
    /// Those that cannot be used, a bit each; such a bit goes when the base is set again.
    broken: u32,
}

impl<'a> Resolve<'a> {
    pub(super) fn new(records: Vec<Parsed<'a>>, received_at_ms: i64) -> Self {
        Self { records, next: 0, received_at_ms, bases: Bases::default() }
    }
}

impl<'a> Iterator for Resolve<'a> {
    type Item = (usize, Result<Resolved<'a>, RecordError>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let index = self.next;
            let parsed = self.records.get_mut(index)?;
            self.next += 1;
            self.bases.take(parsed);
            if parsed.problem.is_none() && parsed.is_only_bases() && self.bases.broken == 0 {
                continue;
            }
            return Some((index, self.bases.resolve(parsed, self.received_at_ms)));
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.records.len() - self.next))
    }
}

impl<'a> Bases<'a> {
    /// Takes over what the record sets for itself and those that follow.
    fn take(&mut self, parsed: &mut Parsed<'a>) {
        let record = &mut parsed.record;
        replace(&mut self.name, record.base_name.take());
        replace(&mut self.time, record.base_time.take());
        replace(&mut self.unit, record.base_unit.take());
        replace(&mut self.value, record.base_value.take());
        replace(&mut self.sum, record.base_sum.take());
        for base in
            [Label::BaseName, Label::BaseTime, Label::BaseUnit, Label::BaseValue, Label::BaseSum, Label::BaseVersion]
        {
            if parsed.sets(base) {
                self.broken &= !base.bit();
            }
        }
        self.broken |= parsed.broken_bases;
    }

    fn resolve(&self, parsed: &mut Parsed<'a>, received_at_ms: i64) -> Result<Resolved<'a>, RecordError> {
        if let Some(problem) = parsed.problem {
            return Err(problem);
        }
        if self.broken != 0 {
            return Err(RecordError::Base);
        }
        let record = &mut parsed.record;
        let name = self.full_name(record.name.take())?;
        let value = match (record.value.take(), self.value) {
            (Some(Value::Number(own)), Some(base)) => Some(Value::Number(base + own)),
            (value, _) => value,
        };
        if value.is_none() && record.sum.is_none() {
            return Err(RecordError::NoValue);
        }
        let (measured_at_ms, time) = instant(self.time, record.time, received_at_ms)?;
        Ok(Resolved {
            name,
            unit: record.unit.take().or_else(|| self.unit.clone()),
            value,
            sum: added(self.sum, record.sum),
            measured_at_ms,
            time,
        })
    }

    fn full_name(&self, own: Option<Cow<'a, str>>) -> Result<Cow<'a, str>, RecordError> {
        let base = self.name.as_ref().filter(|base| !base.is_empty());
        let name = match (base, own.filter(|own| !own.is_empty())) {
            (None, None) => return Err(RecordError::NameMissing),
            (Some(base), None) => base.clone(),
            (None, Some(own)) => own,
            (Some(base), Some(own)) => {
                let mut name = String::with_capacity(base.len() + own.len());
                name.push_str(base);
                name.push_str(&own);
                Cow::Owned(name)
            }
        };
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b':' | b'.' | b'/' | b'_');
        let starts_well = name.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric);
        if starts_well && name.len() <= NAME_BYTES_MAX && name.bytes().all(allowed) {
            Ok(name)
        } else {
            Err(RecordError::NameInvalid)
        }
    }
}

fn replace<T>(base: &mut Option<T>, set: Option<T>) {
    if set.is_some() {
        *base = set;
    }
}

/// Base and own together, either counting as 0 beside the other; nothing when neither was told.
fn added(base: Option<f64>, own: Option<f64>) -> Option<f64> {
    match (base, own) {
        (Some(base), Some(own)) => Some(base + own),
        (one, other) => one.or(other),
    }
}

fn instant(base: Option<f64>, own: Option<f64>, received_at_ms: i64) -> Result<(i64, TimeKind), RecordError> {
    let Some(told_s) = added(base, own) else { return Ok((received_at_ms, TimeKind::Absent)) };
    let told_ms = crate::round_half_away(told_s * 1000.0).ok_or(RecordError::TimeOutOfRange)?;
    if told_s >= ABSOLUTE_FROM_S {
        return Ok((told_ms, TimeKind::Absolute));
    }
    let measured_at_ms = received_at_ms.checked_add(told_ms).ok_or(RecordError::TimeOutOfRange)?;
    Ok((measured_at_ms, TimeKind::Relative))
}
