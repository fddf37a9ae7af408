//! AT24C-class EEPROMs with two-byte addresses: memory that outlives power.

use embedded_hal::i2c::I2c;

use crate::memory::{Memory, MemoryFailed};

/// A page of the smallest part with two-byte addresses (AT24C32); longer pages take shorter writes.
const PAGE_BYTES: u32 = 32;
/// A write takes 5 ms at most; until then the part does not answer. At 400 kHz an attempt takes 25 µs.
const ATTEMPTS_MAX: u32 = 400;

/// A part of the family.
pub struct At24c<I> {
    bus: I,
    address: u8,
    capacity: u32,
}

impl<I: I2c> At24c<I> {
    /// The part of `capacity` bytes at `address`.
    pub const fn new(bus: I, address: u8, capacity: u32) -> Self {
        Self { bus, address, capacity }
    }

    fn inside(&self, at: u32, length: usize) -> Result<(), MemoryFailed> {
        let end = u64::from(at) + length as u64;
        if end <= u64::from(self.capacity) { Ok(()) } else { Err(MemoryFailed) }
    }

    fn retry(&mut self, mut attempt: impl FnMut(&mut I, u8) -> Result<(), I::Error>) -> Result<(), MemoryFailed> {
        for _ in 0..ATTEMPTS_MAX {
            if attempt(&mut self.bus, self.address).is_ok() {
                return Ok(());
            }
        }
        Err(MemoryFailed)
    }
}

impl<I: I2c> Memory for At24c<I> {
    fn capacity(&self) -> u32 {
        self.capacity
    }

    fn read(&mut self, at: u32, into: &mut [u8]) -> Result<(), MemoryFailed> {
        self.inside(at, into.len())?;
        let place = (at as u16).to_be_bytes();
        self.retry(|bus, address| bus.write_read(address, &place, into))
    }

    fn write(&mut self, at: u32, bytes: &[u8]) -> Result<(), MemoryFailed> {
        self.inside(at, bytes.len())?;
        let (mut at, mut left) = (at, bytes);
        while !left.is_empty() {
            let count = ((PAGE_BYTES - at % PAGE_BYTES) as usize).min(left.len());
            let (page, rest) = left.split_at(count);
            let mut message = [0; 2 + PAGE_BYTES as usize];
            message[..2].copy_from_slice(&(at as u16).to_be_bytes());
            message[2..2 + count].copy_from_slice(page);
            self.retry(|bus, address| bus.write(address, &message[..2 + count]))?;
            at += count as u32;
            left = rest;
        }
        // What was written last is only kept once the part answers again.
        self.retry(|bus, address| bus.write(address, &(at as u16).to_be_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use embedded_hal::i2c::{ErrorKind, ErrorType, NoAcknowledgeSource, Operation};

    use super::*;

    /// A part that is busy for some attempts after a write, and wraps within its page as real ones do.
    struct Part {
        bytes: Vec<u8>,
        pointer: usize,
        busy: u32,
        dead: bool,
    }

    impl ErrorType for Part {
        type Error = ErrorKind;
    }

    impl I2c for Part {
        fn transaction(&mut self, address: u8, operations: &mut [Operation<'_>]) -> Result<(), ErrorKind> {
            assert_eq!(address, 0x50);
            if self.dead || self.busy > 0 {
                self.busy = self.busy.saturating_sub(1);
                return Err(ErrorKind::NoAcknowledge(NoAcknowledgeSource::Address));
            }
            for operation in operations {
                match operation {
                    Operation::Write(message) => {
                        self.pointer = usize::from(u16::from_be_bytes([message[0], message[1]]));
                        let page = self.pointer / 32 * 32;
                        for (k, byte) in message[2..].iter().enumerate() {
                            self.bytes[page + (self.pointer - page + k) % 32] = *byte;
                            self.busy = 100;
                        }
                    }
                    Operation::Read(into) => {
                        for byte in into.iter_mut() {
                            *byte = self.bytes[self.pointer];
                            self.pointer += 1;
                        }
                    }
                }
            }
            Ok(())
        }
    }

    fn part() -> At24c<Part> {
        At24c::new(Part { bytes: vec![0xff; 4096], pointer: 0, busy: 0, dead: false }, 0x50, 4096)
    }

    #[test]
    fn a_write_over_pages_comes_back_and_touches_nothing_else() {
        let mut memory = part();
        let bytes: Vec<u8> = (0..100).collect();
        memory.write(50, &bytes).expect("the part works");
        assert_eq!(memory.bus.busy, 0, "returned before the bytes were kept");
        let mut read = [0; 102];
        memory.read(49, &mut read).expect("the part works");
        assert_eq!((read[0], &read[1..101], read[101]), (0xff, &bytes[..], 0xff));
    }

    #[test]
    fn outside_and_dead_parts_fail() {
        let mut memory = part();
        assert_eq!(memory.read(4090, &mut [0; 7]), Err(MemoryFailed));
        assert_eq!(memory.write(u32::MAX, &[1]), Err(MemoryFailed));
        memory.bus.dead = true;
        assert_eq!(memory.read(0, &mut [0; 4]), Err(MemoryFailed));
        assert_eq!(memory.write(0, &[1]), Err(MemoryFailed));
    }
}
