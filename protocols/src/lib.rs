//! Wire formats that node and gateway share: what is on the air, on the wire and on a serial line, and nothing else.
//!
//! - [`native`]: frames of our own nodes, compact, without an allocator, with a CRC.
//! - [`mod@line`]: how a native frame travels on a serial line that several nodes share.
//! - `senml` (feature, on by default): RFC 8428 in JSON and CBOR, for everybody else's nodes; needs an allocator.
//! - [`quantity`]: the numbers that stand for quantities in native frames.
//!
//! All of it is handed bytes and times and keeps none; no decoder panics, whatever the bytes.
#![no_std]

#[cfg(feature = "senml")]
extern crate alloc;
#[cfg(test)]
extern crate std;

mod crc32;
pub mod line;
pub mod native;
pub mod quantity;
#[cfg(feature = "senml")]
pub mod senml;

/// What a payload says it is with its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `0x01`: a [`native`] frame.
    Native,
    /// `[`: a SenML pack in JSON.
    SenmlJson,
    /// `0x80` to `0x9f`: a CBOR array, thus a SenML pack in CBOR.
    SenmlCbor,
    /// Nothing that we know, or nothing at all.
    Unknown,
}

/// What `payload` says it is; whether it is so, its decoder tells.
pub const fn format_of(payload: &[u8]) -> Format {
    match payload.first() {
        Some(&native::VERSION) => Format::Native,
        Some(b'[') => Format::SenmlJson,
        Some(0x80..=0x9f) => Format::SenmlCbor,
        _ => Format::Unknown,
    }
}

/// The nearest whole number, halves away from zero; `None` beyond ±2^53, where an `f64` has no halves to round.
fn round_half_away(value: f64) -> Option<i64> {
    // `f64::round` is not in core.
    if value.is_nan() || value.abs() > (1u64 << 53) as f64 {
        return None;
    }
    let whole = value as i64;
    let rest = value - whole as f64;
    Some(if rest >= 0.5 {
        whole + 1
    } else if rest <= -0.5 {
        whole - 1
    } else {
        whole
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_byte_says_what_a_payload_is() {
        let table: [(&[u8], Format); 9] = [
            (&[0x01, 0xff], Format::Native),
            (b"[{}]", Format::SenmlJson),
            (&[0x80], Format::SenmlCbor),
            (&[0x9f, 0xff], Format::SenmlCbor),
            (&[0xa0], Format::Unknown),
            (&[0x7f], Format::Unknown),
            (&[0x00], Format::Unknown),
            (b"{}", Format::Unknown),
            (&[], Format::Unknown),
        ];
        for (payload, format) in table {
            assert_eq!(format_of(payload), format, "{payload:02x?}");
        }
    }
}
