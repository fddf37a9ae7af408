//! Words of an expression: names, literals, signs.
//!
//! A `+` that a client did not encode arrives as a space; before the hours of an offset it is taken for the `+` it was.

use std::fmt;

use crate::service::sensorthings::error::ApiError;
use crate::service::sensorthings::geometry::Geometry;
use crate::service::sensorthings::value::{Instant, Value};

/// One word.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token<'a> {
    Open,
    Close,
    Comma,
    Minus,
    Literal(Value),
    Word(&'a str),
    End,
}

impl fmt::Display for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Token::Open => f.write_str("'('"),
            Token::Close => f.write_str("')'"),
            Token::Comma => f.write_str("','"),
            Token::Minus => f.write_str("'-'"),
            Token::Literal(value) => write!(f, "the literal {}", value.plain()),
            Token::Word(word) => write!(f, "'{word}'"),
            Token::End => f.write_str("the end"),
        }
    }
}

/// Gives words one by one. Cloned to look ahead.
#[derive(Debug, Clone)]
pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// How many bytes were read.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    pub(super) fn next(&mut self) -> Result<Token<'a>, ApiError> {
        let rest = self.text[self.at..].trim_start();
        self.at = self.text.len() - rest.len();
        let Some(first) = rest.chars().next() else { return Ok(Token::End) };
        let sign = match first {
            '(' => Some(Token::Open),
            ')' => Some(Token::Close),
            ',' => Some(Token::Comma),
            '-' => Some(Token::Minus),
            _ => None,
        };
        if let Some(sign) = sign {
            self.at += 1;
            return Ok(sign);
        }
        if first == '\'' {
            return self.quoted().map(|text| Token::Literal(Value::Text(text)));
        }
        if first.is_ascii_digit() {
            return self.numeric().map(Token::Literal);
        }
        if first.is_alphabetic() || matches!(first, '_' | '@') {
            return self.word();
        }
        Err(ApiError::bad(format!("'{first}' at character {} has no meaning in an expression", self.at + 1)))
    }

    /// A text in single quotes; a quote inside is doubled. Stands on the opening quote.
    fn quoted(&mut self) -> Result<String, ApiError> {
        let mut text = String::new();
        let mut rest = &self.text[self.at + 1..];
        loop {
            let Some(end) = rest.find('\'') else {
                return Err(ApiError::bad("a text in quotes does not end"));
            };
            text.push_str(&rest[..end]);
            rest = &rest[end + 1..];
            match rest.strip_prefix('\'') {
                Some(after) => {
                    text.push('\'');
                    rest = after;
                }
                None => break,
            }
        }
        self.at = self.text.len() - rest.len();
        Ok(text)
    }

    fn word(&mut self) -> Result<Token<'a>, ApiError> {
        let rest = &self.text[self.at..];
        let inside = |c: char| c.is_alphanumeric() || matches!(c, '_' | '@' | '/' | '.' | '-' | ':' | '$');
        let end = rest.find(|c| !inside(c)).unwrap_or(rest.len());
        let word = &rest[..end];
        self.at += end;
        if !rest[end..].starts_with('\'') {
            return Ok(Token::Word(word));
        }
        let text = self.quoted()?;
        match word {
            "duration" => duration(&text).map(|us| Token::Literal(Value::Duration(us))),
            "geography" | "geometry" => {
                Geometry::parse(&text).map(|shape| Token::Literal(Value::Geometry(Box::new(shape)))).ok_or_else(|| {
                    ApiError::bad(format!("'{text}' is no POINT, LINESTRING or POLYGON in well-known text"))
                })
            }
            _ => Err(ApiError::bad(format!("there are no literals of the form {word}'…'"))),
        }
    }

    /// A number, a date, a time, a moment or an interval. Stands on a digit.
    fn numeric(&mut self) -> Result<Value, ApiError> {
        let rest = &self.text[self.at..];
        let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '.' | '+' | '-' | '/');
        let mut end = rest.find(|c| !inside(c)).unwrap_or(rest.len());
        let mut text = rest[..end].to_owned();
        // "…T12:00:00 02:00": the '+' of an offset, lost on the way.
        while text.contains('T') && rest[end..].starts_with(' ') && offset_follows(&rest[end + 1..]) {
            let from = end + 1;
            end = from + rest[from..].find(|c| !inside(c)).unwrap_or(rest.len() - from);
            text.push('+');
            text.push_str(&rest[from..end]);
        }
        self.at += end;
        literal(&text)
    }
}

/// Whether an offset, `02:00`, comes next: then the end, an interval's other half, or what is not part of a time.
fn offset_follows(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 5
        && bytes[..2].iter().all(u8::is_ascii_digit)
        && bytes[2] == b':'
        && bytes[3..5].iter().all(u8::is_ascii_digit)
        && bytes.get(5).is_none_or(|b| !b.is_ascii_alphanumeric() && *b != b':')
}

fn literal(text: &str) -> Result<Value, ApiError> {
    let wrong = || ApiError::bad(format!("'{text}' is neither a number nor a time; texts stand in 'quotes'"));
    if let Some((from, until)) = text.split_once('/') {
        let from = instant(from)?;
        let until = match until.strip_prefix('P') {
            Some(_) => Instant(from.0.saturating_add(duration(until)?)),
            None => instant(until)?,
        };
        if until < from {
            return Err(ApiError::bad(format!("the interval '{text}' ends before it begins")));
        }
        return Ok(Value::Interval(from, until));
    }
    if text.contains('T') {
        return instant(text).map(Value::Time);
    }
    if text.contains(':') {
        return text.parse().map(Value::TimeOfDay).map_err(|_| wrong());
    }
    if text.len() == 10 && text.as_bytes()[4] == b'-' {
        return text.parse().map(Value::Date).map_err(|_| wrong());
    }
    if let Ok(number) = text.parse::<i64>() {
        return Ok(Value::Int(number));
    }
    let plain = |b: u8| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-');
    if !text.bytes().all(plain) {
        return Err(wrong());
    }
    text.parse::<f64>().ok().filter(|n| n.is_finite()).map(Value::Number).ok_or_else(wrong)
}

fn instant(text: &str) -> Result<Instant, ApiError> {
    let time: jiff::Timestamp = text.parse().map_err(|_| {
        ApiError::bad(format!(
            "'{text}' is no moment: write it as 2026-11-22T21:57:04.000Z, or with an offset, %2B02:00"
        ))
    })?;
    Ok(Instant(time.as_microsecond()))
}

fn duration(text: &str) -> Result<i64, ApiError> {
    let wrong = || ApiError::bad(format!("'{text}' is no duration in days, hours, minutes and seconds, such as PT1H"));
    let span: jiff::Span = text.parse().map_err(|_| wrong())?;
    if span.get_years() != 0 || span.get_months() != 0 {
        return Err(wrong());
    }
    let length = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).map_err(|_| wrong())?;
    i64::try_from(length.as_micros()).map_err(|_| wrong())
}
