//! SenML (RFC 8428), for nodes that are not ours: packs in JSON and CBOR, read, resolved, written.
//!
//! ```text
//! payload ── json::parse, cbor::parse ──► Pack ── resolve(received_at) ──► each record: Resolved, or why not
//! ```
//!
//! A record that cannot be used spoils no other, unless it sets a base that cannot be used: then those that follow would
//! mean something else, and all of them are errors until that base is set again. What is not a pack at all is a
//! [`SenmlError`]. Borrowed from the payload wherever JSON or CBOR allow; nothing recurses without a bound.
//!
//! Units are told as they are, SenML's own: turning them into ours, and knowing quantities, is left to the gateway.

pub mod cbor;
pub mod json;

mod base64url;
mod label;
mod name;
mod record;
mod resolve;

pub use name::{Name, NameError};
pub use record::{Pack, Record, RecordError, Value};
pub use resolve::{Resolve, Resolved, TimeKind};

/// Most records of a pack.
pub const RECORDS_MAX: usize = 1024;

/// Longest text, or data, of one field, in bytes.
pub const TEXT_BYTES_MAX: usize = 1024;

/// Longest name, base and own together, in bytes.
pub const NAME_BYTES_MAX: usize = 255;

/// The version of SenML that is understood; RFC 8428 is 10.
pub const VERSION_MAX: u32 = 10;

/// A payload that is not a pack that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SenmlError {
    /// Not JSON or CBOR, not an array, cut short, or something follows it.
    Malformed,
    /// A pack has at least one record.
    Empty,
    /// More than [`RECORDS_MAX`].
    TooManyRecords,
    /// A `bver` above [`VERSION_MAX`]: nothing in the pack may be used.
    Version,
}

impl core::fmt::Display for SenmlError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Malformed => "not a SenML pack, or cut short",
            Self::Empty => "a SenML pack without records",
            Self::TooManyRecords => "a SenML pack of more than 1024 records",
            Self::Version => "a SenML pack of a version above 10",
        })
    }
}

impl core::error::Error for SenmlError {}

#[cfg(test)]
mod tests;
