//! The built-in functions. Arguments of another type than a function takes give null, as null arguments do.

use std::borrow::Cow;

use crate::service::sensorthings::error::ApiError;
use crate::service::sensorthings::filter::Function;
use crate::service::sensorthings::geometry::Geometry;
use crate::service::sensorthings::value::{Instant, Value};

/// Calls a function with as many arguments as the parser has checked.
pub(super) fn call(function: Function, arguments: &[Cow<'_, Value>], now: Instant) -> Result<Value, ApiError> {
    use Function as F;
    Ok(match function {
        F::Now => Value::Time(now),
        F::MinDateTime => Value::Time(Instant(jiff::Timestamp::MIN.as_microsecond())),
        F::MaxDateTime => Value::Time(Instant(jiff::Timestamp::MAX.as_microsecond())),
        F::SubstringOf | F::EndsWith | F::StartsWith | F::Length | F::IndexOf | F::Substring => {
            text(function, arguments).unwrap_or(Value::Null)
        }
        F::ToLower | F::ToUpper | F::Trim | F::Concat => text(function, arguments).unwrap_or(Value::Null),
        F::Round | F::Floor | F::Ceiling => match (&*arguments[0], arguments[0].number()) {
            (Value::Int(number), _) => Value::Int(*number),
            (_, Some(number)) => Value::Number(match function {
                F::Round => number.round(),
                F::Floor => number.floor(),
                _ => number.ceil(),
            }),
            _ => Value::Null,
        },
        F::GeoDistance | F::GeoLength | F::GeoIntersects => geo(function, arguments)?,
        F::StEquals | F::StDisjoint | F::StTouches | F::StWithin => geo(function, arguments)?,
        F::StIntersects | F::StContains | F::StOverlaps | F::StCrosses | F::StRelate => geo(function, arguments)?,
        _ => date(function, &arguments[0]).unwrap_or(Value::Null),
    })
}

fn text(function: Function, arguments: &[Cow<'_, Value>]) -> Option<Value> {
    use Function as F;
    let word = |at: usize| match arguments.get(at).map(|argument| &**argument) {
        Some(Value::Text(text)) => Some(text.as_str()),
        _ => None,
    };
    let number = |at: usize| match arguments.get(at).map(|argument| &**argument) {
        Some(Value::Int(number)) => usize::try_from((*number).max(0)).ok(),
        _ => None,
    };
    let first = word(0)?;
    Some(match function {
        F::SubstringOf => Value::Bool(word(1)?.contains(first)),
        F::EndsWith => Value::Bool(first.ends_with(word(1)?)),
        F::StartsWith => Value::Bool(first.starts_with(word(1)?)),
        F::Length => Value::Int(first.chars().count() as i64),
        F::IndexOf => Value::Int(first.find(word(1)?).map_or(-1, |at| first[..at].chars().count() as i64)),
        F::Substring => {
            let rest = first.chars().skip(number(1)?);
            Value::Text(match arguments.len() {
                3 => rest.take(number(2)?).collect(),
                _ => rest.collect(),
            })
        }
        F::ToLower => Value::Text(first.to_lowercase()),
        F::ToUpper => Value::Text(first.to_uppercase()),
        F::Trim => Value::text(first.trim()),
        _ => Value::Text(format!("{first}{}", word(1)?)),
    })
}

/// Parts of a moment in UTC; of an interval, those of its start.
fn date(function: Function, argument: &Value) -> Option<Value> {
    use Function as F;
    let at = match argument {
        Value::Time(at) | Value::Interval(at, _) => at.civil()?,
        Value::Date(date) => date.to_datetime(jiff::civil::Time::midnight()),
        Value::TimeOfDay(time) => jiff::civil::Date::ZERO.to_datetime(*time),
        _ => return None,
    };
    Some(match function {
        F::Year => Value::Int(i64::from(at.year())),
        F::Month => Value::Int(i64::from(at.month())),
        F::Day => Value::Int(i64::from(at.day())),
        F::Hour => Value::Int(i64::from(at.hour())),
        F::Minute => Value::Int(i64::from(at.minute())),
        F::Second => Value::Int(i64::from(at.second())),
        F::FractionalSeconds => Value::Number(f64::from(at.subsec_nanosecond()) / 1e9),
        F::Date => Value::Date(at.date()),
        F::Time => Value::TimeOfDay(at.time()),
        // Every time is kept in UTC.
        F::TotalOffsetMinutes => Value::Int(0),
        _ => return None,
    })
}

fn geo(function: Function, arguments: &[Cow<'_, Value>]) -> Result<Value, ApiError> {
    use Function as F;
    let Some(first) = Geometry::of(&arguments[0]) else { return Ok(Value::Null) };
    if function == F::GeoLength {
        return Ok(Value::Number(first.length()));
    }
    let Some(second) = arguments.get(1).and_then(|argument| Geometry::of(argument)) else { return Ok(Value::Null) };
    if function == F::GeoDistance {
        return first.distance(&second).map(Value::Number).ok_or_else(two_shapes);
    }
    let answer = match function {
        F::GeoIntersects | F::StIntersects => first.intersects(&second),
        F::StDisjoint => first.intersects(&second).map(|meet| !meet),
        F::StWithin => first.within(&second),
        F::StContains => second.within(&first),
        F::StTouches => first.touches(&second),
        F::StEquals => Some(first == second),
        F::StRelate => {
            let Some(Value::Text(pattern)) = arguments.get(2).map(|argument| &**argument) else {
                return Ok(Value::Null);
            };
            first.relation(&second).map(|relation| relates(&relation, pattern))
        }
        // A point neither overlaps nor crosses: that takes shapes that are partly inside.
        F::StOverlaps | F::StCrosses => first.intersects(&second).map(|_| false),
        _ => None,
    };
    answer.map(Value::Bool).ok_or_else(two_shapes)
}

/// Whether nine intersections fit a pattern: `T` any dimension, `F` none, `*` whatever, or the dimension itself.
fn relates(relation: &str, pattern: &str) -> bool {
    relation.len() == pattern.len()
        && relation.chars().zip(pattern.chars()).all(|(found, wanted)| match wanted.to_ascii_uppercase() {
            '*' => true,
            'T' => found != 'F',
            exact => found == exact,
        })
}

fn two_shapes() -> ApiError {
    ApiError::unsupported("geospatial functions are supported where at least one of the two shapes is a point")
}
