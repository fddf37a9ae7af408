//! Why the node started, and what went wrong in the run before: kept by the board where a reset does not reach, read once.

use protocols::native::Status;

/// Why the node started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResetCause {
    /// Power came.
    PowerOn,
    /// The watchdog bit.
    Watchdog,
    /// The firmware did it: a command, a fault.
    Software,
    /// The reset pin, or another cause from outside.
    Pin,
}

impl ResetCause {
    /// As status and readings tell it.
    pub const fn code(self) -> u8 {
        match self {
            Self::PowerOn => Status::RESET_POWER_ON,
            Self::Watchdog => Status::RESET_WATCHDOG,
            Self::Software => Status::RESET_SOFTWARE,
            Self::Pin => Status::RESET_PIN,
        }
    }
}

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum FaultKind {
    /// A broken promise in the firmware.
    Panic = 1,
    /// The processor refused an instruction or an address.
    HardFault = 2,
    /// No progress: the watchdog.
    Hang = 3,
}

/// What is known of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// What it was.
    pub kind: FaultKind,
    /// Where the processor was; the line of the source for a panic.
    pub place: u32,
    /// Milliseconds since the start when it happened.
    pub at_ms: u32,
}
