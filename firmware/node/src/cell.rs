//! A value that survives power going in the middle of its own write: several slots, written in turn, each with a
//! generation and a CRC. The newest whole slot holds; a slot that was cut short is as if it had not been written.
//!
//! ```text
//! 0   crc         u32 LE, CRC-32 of all that follows, as far as the length says
//! 4   generation  u32 LE, one more at each write
//! 8   version     u8, of the value's shape
//! 9   length      u16 LE, of the payload
//! 11  payload     postcard
//! ```
//!
//! Slots beyond two spread the wear of a value that is written often.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::memory::{Memory, MemoryFailed};

const HEADER: usize = 11;
/// Longest slot, header included.
pub const SLOT_BYTES_MAX: usize = 384;

/// CRC-32 as Ethernet has it.
pub(crate) const CRC: crc::Crc<u32, crc::NoTable> = crc::Crc::<u32, crc::NoTable>::new(&crc::CRC_32_ISO_HDLC);

/// Where a value is kept, and which write of it is the newest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    at: u32,
    slot_bytes: u16,
    slots: u8,
    version: u8,
    generation: u32,
}

/// A whole slot.
struct Slot<'b> {
    generation: u32,
    version: u8,
    payload: &'b [u8],
}

/// Why a value could not be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellError {
    /// The memory did not answer.
    Memory,
    /// The value is longer than a slot.
    TooLong,
}

impl From<MemoryFailed> for CellError {
    fn from(_: MemoryFailed) -> Self {
        Self::Memory
    }
}

impl Cell {
    /// A cell at `at`, of `slots` slots of `slot_bytes` each, for a value of that version.
    pub const fn new(at: u32, slot_bytes: u16, slots: u8, version: u8) -> Self {
        assert!(slot_bytes as usize <= SLOT_BYTES_MAX && slots >= 2);
        Self { at, slot_bytes, slots, version, generation: 0 }
    }

    /// The first byte after it.
    pub const fn end(&self) -> u32 {
        self.at + self.slot_bytes as u32 * self.slots as u32
    }

    /// The newest whole value; none when there is none of this version.
    ///
    /// # Errors
    /// [`MemoryFailed`] when the memory does not answer.
    #[inline(never)]
    pub fn load<T: DeserializeOwned, M: Memory>(&mut self, memory: &mut M) -> Result<Option<T>, MemoryFailed> {
        let mut newest = None;
        let mut generation_held = 0;
        for slot in 0..self.slots {
            let mut bytes = [0; SLOT_BYTES_MAX];
            let Some(Slot { generation, version, payload }) = self.read_slot(slot, &mut bytes, memory)? else {
                continue;
            };
            // A slot of another version counts too: the next write has to be newer than it.
            self.generation = self.generation.max(generation);
            if version == self.version
                && (newest.is_none() || generation > generation_held)
                && let Ok(value) = postcard::from_bytes(payload)
            {
                newest = Some(value);
                generation_held = generation;
            }
        }
        Ok(newest)
    }

    /// Keeps `value`; until this returns, what was kept before holds.
    ///
    /// # Errors
    /// [`CellError`] when the memory does not answer or the value is too long.
    #[inline(never)]
    pub fn store<T: Serialize, M: Memory>(&mut self, value: &T, memory: &mut M) -> Result<(), CellError> {
        let mut bytes = [0; SLOT_BYTES_MAX];
        let slot_bytes = usize::from(self.slot_bytes);
        let length = postcard::to_slice(value, &mut bytes[HEADER..slot_bytes]).map_err(|_| CellError::TooLong)?.len();
        let generation = self.generation.wrapping_add(1);
        bytes[4..8].copy_from_slice(&generation.to_le_bytes());
        bytes[8] = self.version;
        bytes[9..11].copy_from_slice(&(length as u16).to_le_bytes());
        let crc = CRC.checksum(&bytes[4..HEADER + length]);
        bytes[..4].copy_from_slice(&crc.to_le_bytes());
        let slot = generation % u32::from(self.slots);
        memory.write(self.at + slot * u32::from(self.slot_bytes), &bytes[..HEADER + length])?;
        self.generation = generation;
        Ok(())
    }

    /// Makes every slot unreadable.
    ///
    /// # Errors
    /// [`MemoryFailed`] when the memory does not answer.
    pub fn erase<M: Memory>(&mut self, memory: &mut M) -> Result<(), MemoryFailed> {
        for slot in 0..self.slots {
            let at = self.at + u32::from(slot) * u32::from(self.slot_bytes);
            let mut left = usize::from(self.slot_bytes);
            while left > 0 {
                let count = left.min(32);
                memory.write(at + (usize::from(self.slot_bytes) - left) as u32, &[0xff; 32][..count])?;
                left -= count;
            }
        }
        self.generation = 0;
        Ok(())
    }

    fn read_slot<'b, M: Memory>(
        &self,
        slot: u8,
        bytes: &'b mut [u8; SLOT_BYTES_MAX],
        memory: &mut M,
    ) -> Result<Option<Slot<'b>>, MemoryFailed> {
        let at = self.at + u32::from(slot) * u32::from(self.slot_bytes);
        memory.read(at, &mut bytes[..HEADER])?;
        let length = usize::from(u16::from_le_bytes([bytes[9], bytes[10]]));
        if HEADER + length > usize::from(self.slot_bytes) {
            return Ok(None);
        }
        memory.read(at + HEADER as u32, &mut bytes[HEADER..HEADER + length])?;
        let crc = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        if CRC.checksum(&bytes[4..HEADER + length]) != crc {
            return Ok(None);
        }
        let generation = u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]);
        Ok(Some(Slot { generation, version: bytes[8], payload: &bytes[HEADER..HEADER + length] }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::fake::FakeMemory;

    const CELL: Cell = Cell::new(16, 64, 2, 1);

    #[test]
    fn an_empty_memory_holds_nothing() {
        assert_eq!(CELL.clone().load::<u32, _>(&mut FakeMemory::new(256)), Ok(None));
    }

    #[test]
    fn the_newest_of_many_writes_is_found_by_a_new_cell() {
        for slots in [2, 3, 8] {
            let mut memory = FakeMemory::new(1024);
            let mut cell = Cell::new(16, 64, slots, 1);
            for value in 0..40u32 {
                cell.store(&value, &mut memory).expect("the memory works");
                assert_eq!(Cell::new(16, 64, slots, 1).load(&mut memory), Ok(Some(value)));
            }
        }
    }

    #[test]
    fn power_cut_at_any_byte_leaves_the_old_value_or_the_new() {
        let old = [1u32, 0xffff_ffff, 3];
        let new = [4u32, 5, 0x8000_0000];
        for power in 0..40 {
            let mut memory = FakeMemory::new(256);
            let mut cell = CELL;
            cell.store(&[9u32, 9, 9], &mut memory).expect("the memory works");
            cell.store(&old, &mut memory).expect("the memory works");
            memory.power = Some(power);
            let outcome = cell.store(&new, &mut memory);
            memory.power = None;
            let found = CELL.clone().load::<[u32; 3], _>(&mut memory).expect("the memory works");
            let expected = if outcome.is_ok() { new } else { old };
            assert_eq!(found, Some(expected), "power for {power} bytes");
        }
    }

    #[test]
    fn after_a_cut_the_next_write_does_not_touch_the_value_that_holds() {
        let mut memory = FakeMemory::new(256);
        let mut cell = CELL;
        cell.store(&1u32, &mut memory).expect("the memory works");
        for power in 0..12 {
            memory.power = Some(power);
            let mut cell = CELL;
            memory.power = None;
            assert_eq!(cell.load::<u32, _>(&mut memory), Ok(Some(1)));
            memory.power = Some(power);
            assert!(cell.store(&2u32, &mut memory).is_err());
        }
    }

    #[test]
    fn another_version_is_not_read_but_is_not_written_over_first() {
        let mut memory = FakeMemory::new(256);
        let mut old = CELL;
        old.store(&7u32, &mut memory).expect("the memory works");
        let mut new = Cell::new(16, 64, 2, 2);
        assert_eq!(new.load::<u32, _>(&mut memory), Ok(None));
        new.store(&8u32, &mut memory).expect("the memory works");
        assert_eq!(Cell::new(16, 64, 2, 2).load(&mut memory), Ok(Some(8u32)));
    }

    #[test]
    fn what_does_not_fit_is_refused_and_nothing_is_written() {
        let mut memory = FakeMemory::new(256);
        let mut cell = CELL;
        assert_eq!(cell.store(&[u32::MAX; 16], &mut memory), Err(CellError::TooLong));
        assert_eq!(memory.written, 0);
    }

    #[test]
    fn an_erased_cell_is_empty() {
        let mut memory = FakeMemory::new(256);
        let mut cell = CELL;
        cell.store(&7u32, &mut memory).expect("the memory works");
        cell.erase(&mut memory).expect("the memory works");
        assert_eq!(CELL.clone().load::<u32, _>(&mut memory), Ok(None));
    }
}
