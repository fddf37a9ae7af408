//! The node's application: it samples sensors, keeps readings until the gateway has them, and does what the gateway asks.
//!
//! No allocation, no operating system, no `unsafe`: a board gives it an I2C bus, memory, a network or a serial line, and the
//! time. Everything here runs on the host in its tests.
//!
//! - [`channels`], [`sensors`]: what is measured and when a value is worth a reading.
//! - [`memory`], [`cell`], [`queue`]: what outlives power.
//! - [`node`]: the node itself; pure but for its bus and its memory, it is handed the time.
//! - [`uplink`], [`serial`], [`console`]: its three ways out; `network` (feature) brings embassy-net's sockets to the first.
//! - [`tasks`]: the loops that a board spawns.
#![cfg_attr(not(test), no_std)]

pub mod backoff;
pub mod cell;
pub mod channels;
pub mod clock;
pub mod console;
pub mod fault;
pub mod identity;
pub mod memory;
#[cfg(feature = "network")]
pub mod network;
pub mod node;
pub mod queue;
pub mod sensors;
pub mod serial;
pub mod sntp;
pub mod tasks;
pub mod trace;
pub mod uplink;

/// The firmware's version, as status tells it.
pub const FIRMWARE: &str = env!("CARGO_PKG_VERSION");
