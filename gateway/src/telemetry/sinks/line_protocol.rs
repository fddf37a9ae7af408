//! InfluxDB's line protocol, written by us: one [`Row`], one line, times in milliseconds.
//!
//! ```text
//! pm25,channel=0,node=swing-3,window=PT1H,zone=DKA mean=12.5,count=12i,…,revision=0i 1795384800000
//! ```
//!
//! A line says exactly what the row says, or it is not written and [`EncodeError`] says why: the protocol has no
//! way to write some texts, and stores differ on others. Tags that are empty and numbers that are not finite are
//! left out. Tags come in the order of their keys, as InfluxDB likes them.

use std::fmt::{self, Write};
use std::sync::Arc;

use crate::reading::Timestamp;
use crate::store::model::Values;

/// One aggregate as a line shows it.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// The measurement: the quantity's code.
    pub quantity: &'a str,
    /// Tag `node`.
    pub node: &'a str,
    /// Tag `channel`.
    pub channel: u8,
    /// Tag `window`, ISO 8601.
    pub window: &'a str,
    /// Tag `zone`; left out when there is none.
    pub zone: Option<&'a str>,
    /// The window's start.
    pub from: Timestamp,
    /// The fields.
    pub values: &'a Values,
    /// Field `revision`.
    pub revision: u32,
    /// Codes of states by number, for `share_{state}`; a state that is not here shows its number.
    pub states: &'a [(i32, Arc<str>)],
}

/// Why a row cannot be a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// A line needs a measurement.
    #[error("the quantity's code is empty")]
    NoMeasurement,
    /// `#` begins a comment, and stores skip comments without a word.
    #[error("the quantity's code begins with #, which would make the line a comment")]
    Comment,
    /// A line break ends a line, and other control characters are not sure to arrive.
    #[error("the {0} holds a control character")]
    ControlCharacter(Part),
    /// At the end, or before a comma, space, equals sign or backslash: InfluxDB and VictoriaMetrics read it differently.
    #[error("the {0} holds a backslash where stores differ on its meaning")]
    Backslash(Part),
    /// In a field's key VictoriaMetrics takes it for the start of a text.
    #[error("the state's code holds a double quote")]
    Quote,
}

/// A part of a line that is someone's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The measurement.
    Quantity,
    /// The tag `node`.
    Node,
    /// The tag `window`.
    Window,
    /// The tag `zone`.
    Zone,
    /// The key of a `share_` field.
    State,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Part::Quantity => "quantity's code",
            Part::Node => "node's name",
            Part::Window => "window",
            Part::Zone => "zone's code",
            Part::State => "state's code",
        })
    }
}

/// Appends `row` as a line, its line break included. On an error `out` is as it was.
///
/// # Errors
/// [`EncodeError`] when the protocol cannot say what the row says.
pub fn encode(row: &Row<'_>, out: &mut String) -> Result<(), EncodeError> {
    let before = out.len();
    let written = write_line(row, out);
    if written.is_err() {
        out.truncate(before);
    }
    written
}

fn write_line(row: &Row<'_>, out: &mut String) -> Result<(), EncodeError> {
    if row.quantity.is_empty() {
        return Err(EncodeError::NoMeasurement);
    }
    if row.quantity.starts_with('#') {
        return Err(EncodeError::Comment);
    }
    push_text(Part::Quantity, row.quantity, &[',', ' '], out)?;
    put(out, format_args!(",channel={}", row.channel));
    push_tag("node", Part::Node, row.node, out)?;
    push_tag("window", Part::Window, row.window, out)?;
    push_tag("zone", Part::Zone, row.zone.unwrap_or_default(), out)?;

    // `count` is always there, so a line never lacks a field.
    let values = row.values;
    put(out, format_args!(" count={}i", values.count));
    if let Some(expected) = values.expected {
        put(out, format_args!(",n_expected={expected}i"));
    }
    put(out, format_args!(",suspect={}i,revision={}i,valid={}", values.suspect, row.revision, values.valid));
    push_number("capture", values.capture, out);
    push_number("mean", values.mean, out);
    push_number("min", values.min, out);
    push_number("max", values.max, out);
    push_number("sum", values.sum, out);
    if let Some(percentiles) = values.percentiles {
        for (key, value) in ["p10", "p50", "p90", "p95"].into_iter().zip(percentiles) {
            push_number(key, Some(value), out);
        }
    }
    for &(state, share) in &values.shares {
        push_share(row, state, share, out)?;
    }
    put(out, format_args!(" {}\n", row.from.millis()));
    Ok(())
}

fn push_tag(key: &str, part: Part, value: &str, out: &mut String) -> Result<(), EncodeError> {
    if value.is_empty() {
        return Ok(());
    }
    put(out, format_args!(",{key}="));
    push_text(part, value, &[',', '=', ' '], out)
}

fn push_number(key: &str, value: Option<f64>, out: &mut String) {
    if let Some(value) = value.filter(|value| value.is_finite()) {
        put(out, format_args!(",{key}="));
        push_float(value, out);
    }
}

fn push_share(row: &Row<'_>, state: i32, share: f64, out: &mut String) -> Result<(), EncodeError> {
    if !share.is_finite() {
        return Ok(());
    }
    out.push_str(",share_");
    match row.states.iter().find(|(number, _)| *number == state) {
        Some((_, code)) if code.contains('"') => return Err(EncodeError::Quote),
        Some((_, code)) => push_text(Part::State, code, &[',', '=', ' '], out)?,
        None => put(out, format_args!("{state}")),
    }
    out.push('=');
    push_float(share, out);
    Ok(())
}

/// The fewest digits that read back as the same number; an exponent where plain digits would be a long row of zeros.
fn push_float(value: f64, out: &mut String) {
    let size = value.abs();
    if size == 0.0 || (1e-5..1e16).contains(&size) {
        put(out, format_args!("{value}"));
    } else {
        put(out, format_args!("{value:e}"));
    }
}

fn push_text(part: Part, text: &str, special: &[char], out: &mut String) -> Result<(), EncodeError> {
    let mut rest = text.chars();
    while let Some(char) = rest.next() {
        if char.is_control() {
            return Err(EncodeError::ControlCharacter(part));
        }
        // InfluxDB takes a backslash before anything but a special character as itself and has no way to write one
        // before them; VictoriaMetrics counts backslashes in pairs. Elsewhere both agree.
        if char == '\\' && rest.clone().next().is_none_or(|next| matches!(next, ',' | '=' | ' ' | '\\')) {
            return Err(EncodeError::Backslash(part));
        }
        if special.contains(&char) {
            out.push('\\');
        }
        out.push(char);
    }
    Ok(())
}

fn put(out: &mut String, text: fmt::Arguments<'_>) {
    out.write_fmt(text).expect("writing to a String does not fail");
}

#[cfg(any(test, fuzzing))]
pub(crate) mod readback;
#[cfg(test)]
mod tests;
