//! The way of a reading: ingest → journal → decode → validate → aggregate → store → sinks, and the ledger that balances.

pub mod decode;
mod delay;
pub mod frame;
pub mod ingest;
pub mod journal;
pub mod ledger;
mod names;
pub mod pipeline;
pub mod salvage;
pub mod settling;
pub mod sinks;
pub mod validate;
