//! The CMSDK watchdog: its first expiry is a non-maskable interrupt, in which the cause is noted; its second resets.

use crate::register::{read, write};

const BASE: usize = 0x4000_8000;
const LOAD: usize = BASE;
const CONTROL: usize = BASE + 0x08;
const INTERRUPT_CLEAR: usize = BASE + 0x0c;
const LOCK: usize = BASE + 0xc00;
const UNLOCKED: u32 = 0x1acc_e551;
const COUNTS_PER_SECOND: u32 = 25_000_000;

/// Starts it: unless it is fed, an interrupt comes after `seconds` and a reset after as many again.
pub fn start(seconds: u32) {
    write(LOCK, UNLOCKED);
    write(LOAD, seconds.saturating_mul(COUNTS_PER_SECOND));
    write(CONTROL, 3);
    write(LOCK, 0);
}

/// Begins the count anew.
pub fn feed() {
    write(LOCK, UNLOCKED);
    write(INTERRUPT_CLEAR, 1);
    let load = read(LOAD);
    write(LOAD, load);
    write(LOCK, 0);
}
