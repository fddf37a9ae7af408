//! Store and forward: readings wait here, through power cuts, until the gateway has acknowledged them.
//!
//! There are two rings in non-volatile memory, so that a flood of routine readings never pushes out an impact or an alarm,
//! and a small third one in RAM for when that memory does not answer. A full ring gives up its oldest reading, counted.
//! A reading is in memory before [`Queue::push`] returns; it leaves by [`Queue::acknowledge`] alone.
//!
//! ```text
//! slot, 32 bytes, little endian; position p stands in slot p mod slots
//! 0   crc        u32, CRC-32 of the rest, xor the key: what an earlier incarnation left is no reading of this one
//! 4   position   u32, so that a slot of an earlier turn is told apart
//! 8   boot       u32
//! 12  sequence   u32
//! 16  time       u48: milliseconds, the top bit set when they count from 1970, not from the boot
//! 22  quantity   u8      23 channel  u8
//! 24  mantissa   i32     28 exponent i8     29 zero, 3 bytes
//! ```
//!
//! Where the rings begin and end is kept in a [`Cell`] every [`MARK_EVERY`] steps; at start the slots behind the kept end
//! are read on as long as they continue it. Readings acknowledged since the last mark are sent again after a power cut:
//! their names tell the gateway.

use heapless::Deque;
use protocols::native::Decimal;
use serde::{Deserialize, Serialize};

use crate::cell::{CRC, Cell};
use crate::memory::{Memory, MemoryFailed};

/// Bytes of a reading in memory.
pub const SLOT_BYTES: u32 = 32;
/// Readings pushed and acknowledged between two marks.
pub const MARK_EVERY: u32 = 16;
/// A ring of fewer slots is not used: its head could come round to where the last mark says that it was.
const SLOTS_MIN: u32 = 2 * MARK_EVERY;
/// Readings that RAM holds when the memory fails.
pub const RAM_READINGS: usize = 16;

const UNIX: u64 = 1 << 47;

/// When a reading was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MeasuredAt {
    /// Milliseconds since 1970.
    Unix(i64),
    /// Milliseconds since the node started: its clock was not set.
    Uptime(u64),
}

/// A reading that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// The boot that measured it.
    pub boot: u32,
    /// Its number in that boot.
    pub sequence: u32,
    /// When.
    pub measured_at: MeasuredAt,
    /// The quantity's number.
    pub quantity: u8,
    /// The channel.
    pub channel: u8,
    /// The value.
    pub value: Decimal,
}

/// How long a reading is worth keeping: each class has a ring of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Impacts and alarms.
    Safety,
    /// Everything else.
    Routine,
    /// What the memory did not take; lost with the power.
    Volatile,
}

impl Class {
    /// In the order in which they are sent.
    pub const ALL: [Class; 3] = [Class::Safety, Class::Volatile, Class::Routine];
}

/// Readings given up because there was no room, since the incarnation began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropped {
    /// Impacts and alarms.
    pub safety: u32,
    /// Others.
    pub routine: u32,
}

impl Dropped {
    /// Both.
    pub const fn total(&self) -> u32 {
        self.safety.saturating_add(self.routine)
    }
}

/// What of the rings is kept in the cell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Marks {
    key: u32,
    safety: (u32, u32),
    routine: (u32, u32),
    dropped: Dropped,
}

#[derive(Debug, Clone, Copy)]
struct Ring {
    at: u32,
    slots: u32,
    key: u32,
    /// Position of the oldest reading that waits.
    tail: u32,
    /// Position of the next to come.
    head: u32,
}

/// The readings that wait.
pub struct Queue {
    cell: Cell,
    safety: Ring,
    routine: Ring,
    ram: Deque<Record, RAM_READINGS>,
    ram_tail: u32,
    dropped: Dropped,
    steps_since_mark: u32,
    memory_failures: u32,
}

impl Queue {
    /// The rings between `at` and the end of the memory: an eighth for safety. Where they were is read from `cell`;
    /// what was kept under another `key` is forgotten.
    #[inline(never)]
    pub fn open<M: Memory>(mut cell: Cell, at: u32, key: u32, memory: &mut M) -> Self {
        let slots = memory.capacity().saturating_sub(at) / SLOT_BYTES;
        let slots = if slots / 8 < SLOTS_MIN { 0 } else { slots };
        let safety_slots = slots / 8;
        let safety = Ring { at, slots: safety_slots, key, tail: 0, head: 0 };
        let routine = Ring { at: at + safety_slots * SLOT_BYTES, slots: slots - safety_slots, key, tail: 0, head: 0 };
        let mut failures = 0;
        let marks = cell.load::<Marks, _>(memory).unwrap_or_else(|MemoryFailed| {
            failures = 1;
            None
        });
        let marks = marks.filter(|marks| marks.key == key);
        let mut queue = Self {
            cell,
            safety,
            routine,
            ram: Deque::new(),
            ram_tail: 0,
            dropped: marks.map(|marks| marks.dropped).unwrap_or_default(),
            steps_since_mark: 0,
            memory_failures: failures,
        };
        let marks = marks.unwrap_or_default();
        // Slots found behind the mark count as steps: power cuts one after another must not leave the mark ever further behind.
        queue.steps_since_mark =
            queue.safety.resume(marks.safety, memory) + queue.routine.resume(marks.routine, memory);
        queue
    }

    /// How many readings RAM and memory hold.
    pub fn len(&self) -> u32 {
        self.safety.len() + self.routine.len() + self.ram.len() as u32
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many readings the memory has room for: safety, routine.
    pub const fn capacity(&self) -> (u32, u32) {
        (self.safety.slots, self.routine.slots)
    }

    /// Readings given up so far.
    pub const fn dropped(&self) -> Dropped {
        self.dropped
    }

    /// How often the memory did not answer.
    pub const fn memory_failures(&self) -> u32 {
        self.memory_failures
    }

    /// Keeps a reading; a full ring gives up its oldest.
    pub fn push<M: Memory>(&mut self, class: Class, record: Record, memory: &mut M) {
        let ring = match class {
            Class::Safety => &mut self.safety,
            Class::Routine => &mut self.routine,
            Class::Volatile => return self.push_ram(record),
        };
        if ring.slots == 0 {
            return self.push_ram(record);
        }
        let bytes = encode(ring.key, ring.head, &record);
        if memory.write(ring.place(ring.head), &bytes).is_err() {
            self.memory_failures = self.memory_failures.saturating_add(1);
            return self.push_ram(record);
        }
        ring.head = ring.head.wrapping_add(1);
        if ring.len() > ring.slots {
            ring.tail = ring.tail.wrapping_add(1);
            self.count_dropped(class);
        }
        self.step(1, memory);
    }

    /// Position of the oldest reading of `class` that waits, and of the next to come.
    pub fn span(&self, class: Class) -> (u32, u32) {
        match class {
            Class::Safety => (self.safety.tail, self.safety.head),
            Class::Routine => (self.routine.tail, self.routine.head),
            Class::Volatile => (self.ram_tail, self.ram_tail.wrapping_add(self.ram.len() as u32)),
        }
    }

    /// The reading at `position`; none when the position is outside the span, or its slot is damaged.
    ///
    /// # Errors
    /// [`MemoryFailed`] when the memory does not answer: the reading may still be there.
    pub fn get<M: Memory>(
        &mut self,
        class: Class,
        position: u32,
        memory: &mut M,
    ) -> Result<Option<Record>, MemoryFailed> {
        let (tail, head) = self.span(class);
        if position.wrapping_sub(tail) >= head.wrapping_sub(tail) {
            return Ok(None);
        }
        let ring = match class {
            Class::Safety => &self.safety,
            Class::Routine => &self.routine,
            Class::Volatile => return Ok(self.ram.iter().nth(position.wrapping_sub(tail) as usize).copied()),
        };
        ring.read(position, memory).inspect_err(|_| self.memory_failures = self.memory_failures.saturating_add(1))
    }

    /// Lets go of what stands before `position`: the gateway has it.
    pub fn acknowledge<M: Memory>(&mut self, class: Class, position: u32, memory: &mut M) {
        let (tail, head) = self.span(class);
        let count = position.wrapping_sub(tail);
        // A ring that overflowed meanwhile has moved past the position by itself.
        if count > head.wrapping_sub(tail) {
            return;
        }
        match class {
            Class::Safety => self.safety.tail = position,
            Class::Routine => self.routine.tail = position,
            Class::Volatile => {
                for _ in 0..count {
                    self.ram.pop_front();
                }
                self.ram_tail = position;
                return;
            }
        }
        self.step(count, memory);
    }

    /// Gives up the reading at the front of `class`: its slot cannot be read, or the gateway will not have it.
    pub fn give_up<M: Memory>(&mut self, class: Class, position: u32, memory: &mut M) {
        let (tail, head) = self.span(class);
        if tail != head && position == tail {
            self.acknowledge(class, tail.wrapping_add(1), memory);
            self.count_dropped(class);
        }
    }

    /// Keeps where the rings stand; before a wanted reset and from time to time.
    pub fn mark<M: Memory>(&mut self, memory: &mut M) {
        let marks = Marks {
            key: self.safety.key,
            safety: (self.safety.tail, self.safety.head),
            routine: (self.routine.tail, self.routine.head),
            dropped: self.dropped,
        };
        match self.cell.store(&marks, memory) {
            Ok(()) => self.steps_since_mark = 0,
            Err(_) => self.memory_failures = self.memory_failures.saturating_add(1),
        }
    }

    fn step<M: Memory>(&mut self, count: u32, memory: &mut M) {
        self.steps_since_mark = self.steps_since_mark.saturating_add(count);
        if self.steps_since_mark >= MARK_EVERY {
            self.mark(memory);
        }
    }

    fn push_ram(&mut self, record: Record) {
        if self.ram.is_full() {
            self.ram.pop_front();
            self.ram_tail = self.ram_tail.wrapping_add(1);
            self.count_dropped(Class::Volatile);
        }
        self.ram.push_back(record).ok();
    }

    fn count_dropped(&mut self, class: Class) {
        let count = match class {
            Class::Safety => &mut self.dropped.safety,
            Class::Routine | Class::Volatile => &mut self.dropped.routine,
        };
        *count = count.saturating_add(1);
    }
}

impl Ring {
    const fn len(&self) -> u32 {
        self.head.wrapping_sub(self.tail)
    }

    const fn place(&self, position: u32) -> u32 {
        self.at + position % self.slots * SLOT_BYTES
    }

    fn read<M: Memory>(&self, position: u32, memory: &mut M) -> Result<Option<Record>, MemoryFailed> {
        let mut bytes = [0; SLOT_BYTES as usize];
        memory.read(self.place(position), &mut bytes)?;
        Ok(decode(self.key, position, &bytes))
    }

    /// Takes up the ring where it was; how many slots were found behind the marked head.
    fn resume<M: Memory>(&mut self, (tail, head): (u32, u32), memory: &mut M) -> u32 {
        (self.tail, self.head) = (tail, head);
        for _ in 0..self.slots {
            let Ok(Some(_)) = self.read(self.head, memory) else { break };
            self.head = self.head.wrapping_add(1);
        }
        if self.len() > self.slots {
            self.tail = self.head.wrapping_sub(self.slots);
        }
        self.head.wrapping_sub(head)
    }
}

fn encode(key: u32, position: u32, record: &Record) -> [u8; SLOT_BYTES as usize] {
    let time = match record.measured_at {
        MeasuredAt::Unix(ms) => ms.clamp(0, UNIX as i64 - 1) as u64 | UNIX,
        MeasuredAt::Uptime(ms) => ms.min(UNIX - 1),
    };
    // Sensors tell 32 bits at most; what is beyond, a command's doing, saturates.
    let mantissa = record.value.mantissa().clamp(i32::MIN.into(), i32::MAX.into()) as i32;
    let mut bytes = [0; SLOT_BYTES as usize];
    bytes[4..8].copy_from_slice(&position.to_le_bytes());
    bytes[8..12].copy_from_slice(&record.boot.to_le_bytes());
    bytes[12..16].copy_from_slice(&record.sequence.to_le_bytes());
    bytes[16..22].copy_from_slice(&time.to_le_bytes()[..6]);
    bytes[22] = record.quantity;
    bytes[23] = record.channel;
    bytes[24..28].copy_from_slice(&mantissa.to_le_bytes());
    bytes[28] = record.value.exponent() as u8;
    let crc = CRC.checksum(&bytes[4..]) ^ key;
    bytes[..4].copy_from_slice(&crc.to_le_bytes());
    bytes
}

fn decode(key: u32, position: u32, bytes: &[u8; SLOT_BYTES as usize]) -> Option<Record> {
    let word = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    if word(0) != CRC.checksum(&bytes[4..]) ^ key || word(4) != position {
        return None;
    }
    let time = u64::from(word(16)) | u64::from(bytes[20]) << 32 | u64::from(bytes[21]) << 40;
    let measured_at = if time & UNIX != 0 { MeasuredAt::Unix((time & !UNIX) as i64) } else { MeasuredAt::Uptime(time) };
    Some(Record {
        boot: word(8),
        sequence: word(12),
        measured_at,
        quantity: bytes[22],
        channel: bytes[23],
        value: Decimal::new(i64::from(word(24) as i32), bytes[28] as i8)?,
    })
}

#[cfg(test)]
mod tests;
