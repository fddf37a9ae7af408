//! [`Value`]: what properties hold, what filters work on and what becomes JSON, one type for all three.
//!
//! Objects keep the order of their fields, so that answers read as the standard's examples do.

use std::borrow::Cow;
use std::fmt;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use super::geometry::Geometry;
use crate::reading::Timestamp;

/// A value of a property, a literal, or a result.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
    /// A moment.
    Time(Instant),
    /// From a moment until another, the end not inside.
    Interval(Instant, Instant),
    /// A length of time, in microseconds.
    Duration(i64),
    /// A date.
    Date(jiff::civil::Date),
    /// A time of day.
    TimeOfDay(jiff::civil::Time),
    /// A shape from a literal; properties hold GeoJSON objects.
    Geometry(Box<Geometry>),
    /// A list.
    List(Vec<Value>),
    /// Named values, in order.
    Object(Vec<(Cow<'static, str>, Value)>),
}

/// Microseconds since 1970 began, UTC: finer than what is stored, so that a literal between two milliseconds stays there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(pub i64);

impl Instant {
    /// The first whole millisecond that is not before this.
    pub fn millis_ceil(self) -> i64 {
        self.0.div_euclid(1000) + i64::from(self.0.rem_euclid(1000) != 0)
    }

    /// The last whole millisecond that is not after this.
    pub fn millis_floor(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// As jiff has it, when it lies within the years that jiff knows.
    pub fn civil(self) -> Option<jiff::civil::DateTime> {
        let time = jiff::Timestamp::from_microsecond(self.0).ok()?;
        Some(time.to_zoned(jiff::tz::TimeZone::UTC).datetime())
    }
}

impl From<Timestamp> for Instant {
    fn from(time: Timestamp) -> Self {
        Self(time.millis().saturating_mul(1000))
    }
}

impl fmt::Display for Instant {
    /// `2026-11-22T21:57:04.000Z`, with microseconds when there are any.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(time) if self.0 % 1000 == 0 => write!(f, "{time:.3}"),
            Ok(time) => write!(f, "{time:.6}"),
            Err(_) => write!(f, "{} us", self.0),
        }
    }
}

impl Value {
    /// An object of these fields.
    pub fn object(fields: impl IntoIterator<Item = (&'static str, Value)>) -> Self {
        Self::Object(fields.into_iter().map(|(name, value)| (Cow::Borrowed(name), value)).collect())
    }

    /// An object of those fields that have a value.
    pub fn object_of_some(fields: impl IntoIterator<Item = (&'static str, Option<Value>)>) -> Self {
        Self::object(fields.into_iter().filter_map(|(name, value)| Some((name, value?))))
    }

    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// The value of a field of an object, or of a place in a list.
    pub fn get(&self, name: &str) -> Option<&Value> {
        match self {
            Value::Object(fields) => fields.iter().find(|(field, _)| field == name).map(|(_, value)| value),
            Value::List(values) => values.get(name.parse::<usize>().ok()?),
            _ => None,
        }
    }

    /// The number it is.
    pub fn number(&self) -> Option<f64> {
        match self {
            Value::Int(n) => Some(*n as f64),
            Value::Number(n) => Some(*n),
            _ => None,
        }
    }

    /// The text that `$value` gives: texts bare, the rest as JSON.
    pub fn plain(&self) -> String {
        match self {
            Value::Text(text) => text.clone(),
            Value::Time(_) | Value::Interval(..) | Value::Duration(_) | Value::Date(_) | Value::TimeOfDay(_) => {
                self.time_text().unwrap_or_default()
            }
            other => serde_json::to_string(other).unwrap_or_default(),
        }
    }

    fn time_text(&self) -> Option<String> {
        Some(match self {
            Value::Time(at) => at.to_string(),
            Value::Interval(from, until) => format!("{from}/{until}"),
            Value::Duration(us) => jiff::SignedDuration::from_micros(*us).to_string(),
            Value::Date(date) => date.to_string(),
            Value::TimeOfDay(time) => time.to_string(),
            _ => return None,
        })
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Int(i64::from(number))
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        i64::try_from(number).map_or(Self::Number(number as f64), Self::Int)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Null | Value::Geometry(_) => serializer.serialize_unit(),
            Value::Bool(truth) => serializer.serialize_bool(*truth),
            Value::Int(number) => serializer.serialize_i64(*number),
            Value::Number(number) => serializer.serialize_f64(*number),
            Value::Text(text) => serializer.serialize_str(text),
            Value::Time(at) => serializer.collect_str(at),
            Value::Interval(from, until) => serializer.collect_str(&format_args!("{from}/{until}")),
            Value::Duration(_) | Value::Date(_) | Value::TimeOfDay(_) => {
                serializer.serialize_str(&self.time_text().unwrap_or_default())
            }
            Value::List(values) => {
                let mut list = serializer.serialize_seq(Some(values.len()))?;
                for value in values {
                    list.serialize_element(value)?;
                }
                list.end()
            }
            Value::Object(fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (name, value) in fields {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}
