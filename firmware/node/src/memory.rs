//! Memory that keeps its bytes without power: what the node needs of it, and how it is shared out.
//!
//! A write that power leaves half done may leave any part of its bytes new and the rest old; nothing else changes. What must
//! survive that is kept in a [`Cell`](crate::cell::Cell) or in the [`Queue`](crate::queue::Queue), which say how.

/// Bytes that outlive power, written in place: an EEPROM, an FRAM, a file in tests.
pub trait Memory {
    /// How many bytes there are.
    fn capacity(&self) -> u32;
    /// Reads from `at` until `into` is full.
    ///
    /// # Errors
    /// [`MemoryFailed`] when the part does not answer or the bytes lie outside it.
    fn read(&mut self, at: u32, into: &mut [u8]) -> Result<(), MemoryFailed>;
    /// Writes `bytes` from `at` and returns when they are kept.
    ///
    /// # Errors
    /// [`MemoryFailed`] when the part does not answer or the bytes lie outside it.
    fn write(&mut self, at: u32, bytes: &[u8]) -> Result<(), MemoryFailed>;
}

/// The memory did not answer, or has no such place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryFailed;

impl core::fmt::Display for MemoryFailed {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the memory did not answer")
    }
}

impl core::error::Error for MemoryFailed {}

impl<M: Memory + ?Sized> Memory for &mut M {
    fn capacity(&self) -> u32 {
        (**self).capacity()
    }

    fn read(&mut self, at: u32, into: &mut [u8]) -> Result<(), MemoryFailed> {
        (**self).read(at, into)
    }

    fn write(&mut self, at: u32, bytes: &[u8]) -> Result<(), MemoryFailed> {
        (**self).write(at, bytes)
    }
}

/// Memories for tests.
#[cfg(test)]
pub(crate) mod fake {
    use super::{Memory, MemoryFailed};

    /// Bytes in RAM, which can lose power in the middle of a write.
    #[derive(Clone)]
    pub(crate) struct FakeMemory {
        pub(crate) bytes: Vec<u8>,
        /// Bytes that can still be written before power goes.
        pub(crate) power: Option<usize>,
        /// Bytes written so far.
        pub(crate) written: usize,
    }

    impl FakeMemory {
        pub(crate) fn new(capacity: usize) -> Self {
            Self { bytes: vec![0xff; capacity], power: None, written: 0 }
        }
    }

    impl Memory for FakeMemory {
        fn capacity(&self) -> u32 {
            self.bytes.len() as u32
        }

        fn read(&mut self, at: u32, into: &mut [u8]) -> Result<(), MemoryFailed> {
            if self.power == Some(0) {
                return Err(MemoryFailed);
            }
            let from = self.bytes.get(at as usize..at as usize + into.len()).ok_or(MemoryFailed)?;
            into.copy_from_slice(from);
            Ok(())
        }

        fn write(&mut self, at: u32, bytes: &[u8]) -> Result<(), MemoryFailed> {
            let place = self.bytes.get_mut(at as usize..at as usize + bytes.len()).ok_or(MemoryFailed)?;
            let kept = self.power.map_or(bytes.len(), |left| left.min(bytes.len()));
            place[..kept].copy_from_slice(&bytes[..kept]);
            self.written += kept;
            if let Some(left) = &mut self.power {
                *left -= kept;
                if kept < bytes.len() || *left == 0 && kept < bytes.len() {
                    *left = 0;
                    return Err(MemoryFailed);
                }
            }
            Ok(())
        }
    }
}
