//! Packs as bytes: for the demonstration's nodes and for tests. One base name and base time, then entries.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use minicbor::encode::Write;
use minicbor::{Encoder, encode};

/// A numeric record to be written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entry<'a> {
    /// Name behind the base name: `temperature.1`.
    pub name: &'a str,
    /// Unit, where it is not the receiver's own.
    pub unit: Option<&'a str>,
    /// Value; finite.
    pub value: f64,
    /// Milliseconds since 1970.
    pub unix_ms: i64,
}

/// The entries as a pack in JSON, with times to the millisecond.
pub fn to_json(base_name: &str, entries: &[Entry<'_>]) -> Vec<u8> {
    let mut out = String::from("[");
    for (i, entry) in entries.iter().enumerate() {
        out.push_str(if i == 0 { "{" } else { ",{" });
        if i == 0 {
            out.push_str(&format!("\"bn\":{},", quoted(base_name)));
        }
        out.push_str(&format!("\"n\":{},", quoted(entry.name)));
        if let Some(unit) = entry.unit {
            out.push_str(&format!("\"u\":{},", quoted(unit)));
        }
        out.push_str(&format!("\"v\":{},\"t\":{}}}", entry.value, seconds(entry.unix_ms)));
    }
    out.push(']');
    out.into_bytes()
}

/// The entries as a pack in CBOR.
pub fn to_cbor(base_name: &str, entries: &[Entry<'_>]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out);
    // A vector takes whatever is written to it.
    let _ = write_cbor(&mut encoder, base_name, entries);
    out
}

fn write_cbor<W: Write>(
    encoder: &mut Encoder<W>,
    base_name: &str,
    entries: &[Entry<'_>],
) -> Result<(), encode::Error<W::Error>> {
    encoder.array(entries.len() as u64)?;
    for (i, entry) in entries.iter().enumerate() {
        let fields = 3 + u64::from(i == 0) + u64::from(entry.unit.is_some());
        encoder.map(fields)?;
        if i == 0 {
            encoder.i8(-2)?.str(base_name)?;
        }
        encoder.u8(0)?.str(entry.name)?;
        if let Some(unit) = entry.unit {
            encoder.u8(1)?.str(unit)?;
        }
        encoder.u8(2)?.f64(entry.value)?;
        encoder.u8(6)?.f64(entry.unix_ms as f64 / 1_000.0)?;
    }
    Ok(())
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

fn seconds(unix_ms: i64) -> String {
    let sign = if unix_ms < 0 { "-" } else { "" };
    let (whole, rest) = (unix_ms.unsigned_abs() / 1_000, unix_ms.unsigned_abs() % 1_000);
    if rest == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{rest:03}") }
}
