//! Registers of the board's devices, 32 bits each: the one place that reads and writes them.

/// Reads the register at `address`.
#[inline]
pub fn read(address: usize) -> u32 {
    // SAFETY: every address given is a device register of this board's memory map; reading one touches no memory of Rust's.
    unsafe { core::ptr::read_volatile(address as *const u32) }
}

/// Writes the register at `address`.
#[inline]
pub fn write(address: usize, value: u32) {
    // SAFETY: as for `read`; none of the devices used reaches into memory by itself.
    unsafe { core::ptr::write_volatile(address as *mut u32, value) }
}
