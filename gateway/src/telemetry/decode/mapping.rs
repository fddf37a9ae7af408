//! Reads a maker's own JSON message by the mapping that fits it. Pure.

use serde_json::Value;

use crate::catalogue::mapping::{Field, Mapping, Mappings, TimeFormat, TimeFrom};
use crate::reading::{RejectReason, Timestamp};
use crate::telemetry::validate::{Refusal, Told};

/// Decimals kept of a value that has a factor: enough for every sensor, and no noise of the multiplication.
const FACTOR_POWER: f64 = 1e9;

/// A message as its mapping reads it.
#[derive(Debug, Clone, PartialEq)]
pub struct Message<'m> {
    /// The mapping.
    pub mapping: &'m Mapping,
    /// When it was measured; none: it does not say.
    pub measured_at: Option<Timestamp>,
    /// Its values: one at least.
    pub records: Vec<Record<'m>>,
}

/// A value of a message.
#[derive(Debug, Clone, PartialEq)]
pub struct Record<'m> {
    /// The field's place in the mapping: the reading's number in its message, whatever other fields there are.
    pub index: u32,
    /// The field.
    pub field: &'m Field,
    /// The value, factor and offset applied.
    pub told: MappedValue,
}

/// A value as a message told it.
#[derive(Debug, Clone, PartialEq)]
pub enum MappedValue {
    /// A number, or a text that is one.
    Number(f64),
    /// True or false.
    Boolean(bool),
    /// A word.
    Text(String),
    /// Something that no quantity takes.
    Other,
}

impl MappedValue {
    fn of(value: &Value, field: &Field) -> Self {
        let scaled = |number: f64| {
            if field.factor == 1.0 && field.offset == 0.0 {
                return Self::Number(number);
            }
            Self::Number(((number * field.factor + field.offset) * FACTOR_POWER).round() / FACTOR_POWER)
        };
        match value {
            Value::Number(number) => number.as_f64().map_or(Self::Other, scaled),
            Value::String(text) => text.trim().parse().map_or_else(|_| Self::Text(text.clone()), scaled),
            Value::Bool(boolean) => Self::Boolean(*boolean),
            Value::Null | Value::Array(_) | Value::Object(_) => Self::Other,
        }
    }

    /// As validation takes it.
    pub fn as_told(&self) -> Told<'_> {
        match self {
            Self::Number(number) => Told::Number(*number),
            Self::Boolean(boolean) => Told::Boolean(*boolean),
            Self::Text(text) => Told::Text(text),
            Self::Other => Told::Other,
        }
    }
}

/// Reads a message that came on `topic`. What it does not have of the mapping's fields is not missed; when it has none of
/// them the whole message is refused.
///
/// # Errors
/// [`Refusal`]: no mapping fits, the payload is not JSON, its time cannot be read, or it has none of the fields.
pub fn read<'m>(mappings: &'m Mappings, topic: &'m str, payload: &[u8]) -> Result<Message<'m>, Refusal> {
    let malformed = |detail: String| Refusal::new(RejectReason::Malformed, detail);
    let codes: Vec<&str> = mappings.for_topic(topic).map(|mapping| &*mapping.code).collect();
    if codes.is_empty() {
        return Err(Refusal::new(RejectReason::UnknownFormat, format!("no mapping is for the topic {topic:?}")));
    }
    let message: Value =
        serde_json::from_slice(payload).map_err(|error| malformed(format!("the payload is not JSON: {error}")))?;
    let mapping = mappings.find(topic, &message).ok_or_else(|| {
        let detail = format!("of the mappings for the topic, none fits by its `when`: {}", codes.join(", "));
        Refusal::new(RejectReason::UnknownFormat, detail)
    })?;
    let measured_at = mapping.time.as_ref().map(|from| time(from, &message)).transpose().map_err(malformed)?.flatten();
    let found = (0u32..).zip(&mapping.fields).filter_map(|(index, field)| {
        let value = field.path.find(&message).filter(|value| !value.is_null())?;
        Some(Record { index, field, told: MappedValue::of(value, field) })
    });
    let records: Vec<Record<'_>> = found.collect();
    if records.is_empty() {
        let paths: Vec<String> = mapping.fields.iter().map(|field| field.path.to_string()).collect();
        return Err(malformed(format!("mapping {}: the message has none of {}", mapping.code, paths.join(", "))));
    }
    Ok(Message { mapping, measured_at, records })
}

/// When the message says that it was measured; none when it says nothing.
fn time(from: &TimeFrom, message: &Value) -> Result<Option<Timestamp>, String> {
    let Some(value) = from.path.find(message).filter(|value| !value.is_null()) else { return Ok(None) };
    let wrong = || format!("the time at {} cannot be read: {value}", from.path);
    let text = value.as_str().map(str::trim);
    let number = || value.as_f64().or_else(|| text?.parse().ok()).filter(|number: &f64| number.is_finite());
    let millis = match from.format {
        TimeFormat::Seconds => (number().ok_or_else(wrong)? * 1e3).round() as i64,
        TimeFormat::Milliseconds => number().ok_or_else(wrong)?.round() as i64,
        TimeFormat::Text => {
            let text = text.ok_or_else(wrong)?;
            let absolute = text.parse::<jiff::Timestamp>().ok();
            let local = || {
                let local: jiff::civil::DateTime = text.parse().ok()?;
                Some(local.to_zoned(from.zone.clone()).ok()?.timestamp())
            };
            absolute.or_else(local).ok_or_else(wrong)?.as_millisecond()
        }
    };
    Ok(Some(Timestamp::from_millis(millis)))
}

#[cfg(test)]
mod tests;
