//! What a node tells of itself, and how it asks for the time.

use heapless::String;
use serde::{Deserialize, Serialize};

/// A node's health, retained on its status topic. The one with [`NodeState::Offline`] is its will: the broker sends it
/// when the node is gone, with what was known when it connected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Whether it is there.
    pub state: NodeState,
    /// The firmware's version, `0.1.0`.
    pub firmware: String<16>,
    /// Why it was started last: [`RESET_POWER_ON`](Self::RESET_POWER_ON) and its like.
    pub reset_cause: u8,
    /// How often it had started, in this incarnation.
    pub boot: u32,
    /// Readings that it had to drop, its store being full, in this incarnation.
    pub dropped_readings: u32,
    /// Readings that wait in its store.
    pub queue_depth: u32,
}

impl Status {
    /// The hardware does not tell why it was reset.
    pub const RESET_UNKNOWN: u8 = 0;
    /// Power came.
    pub const RESET_POWER_ON: u8 = 1;
    /// Power dipped.
    pub const RESET_BROWN_OUT: u8 = 2;
    /// The watchdog bit: the firmware hung.
    pub const RESET_WATCHDOG: u8 = 3;
    /// The firmware did it, or a command.
    pub const RESET_SOFTWARE: u8 = 4;
    /// The reset pin.
    pub const RESET_PIN: u8 = 5;
}

/// Whether a node is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NodeState {
    /// 0: gone.
    Offline,
    /// 1: there.
    Online,
}

/// A node asks for the time, on its replies topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeRequest {
    /// Milliseconds of the node's own monotonic clock when it asks.
    pub t_node_ms: u64,
}

/// The gateway tells the time, on the node's commands topic. At its arrival the time is `unix_ms` and half of what the
/// node's monotonic clock moved on since `t_node_ms`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Time {
    /// As the request told it.
    pub t_node_ms: u64,
    /// Milliseconds since 1970.
    pub unix_ms: i64,
}
