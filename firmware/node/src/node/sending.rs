//! From the queue to a batch and back: what is on its way, what has arrived, what has to be sent again.

use embedded_hal::i2c::I2c;
use protocols::native::{BATCH_READINGS_MAX, Batch, Clock as BatchClock, Reading};

use super::Node;
use crate::memory::{Memory, MemoryFailed};
use crate::queue::{Class, MeasuredAt, Record};
use crate::trace::Event;

/// A reading waits so long for others to share its batch, unless it is urgent.
const LINGER_MS: u64 = 500;

/// A batch on its way: the readings of one class before a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shipment {
    class: Class,
    from: u32,
    to: u32,
    /// Its readings tell their age: it must not be sent later as it is.
    pub aged: bool,
}

impl Shipment {
    /// How many readings.
    pub const fn readings(&self) -> u32 {
        self.to.wrapping_sub(self.from)
    }
}

impl<M: Memory, I: I2c> Node<M, I> {
    /// How long nothing needs to be sent, in milliseconds; none when nothing waits.
    pub fn send_in_ms(&self, now_ms: u64) -> Option<u64> {
        let unsent = self.unsent();
        if unsent == 0 {
            return None;
        }
        if self.urgent || unsent >= BATCH_READINGS_MAX as u32 {
            return Some(0);
        }
        let since_ms = self.waiting_since_ms.unwrap_or(0);
        Some((since_ms + LINGER_MS).saturating_sub(now_ms))
    }

    /// Readings that are not on their way.
    fn unsent(&self) -> u32 {
        Class::ALL.iter().enumerate().map(|(k, class)| self.queue.span(*class).1.wrapping_sub(self.cursor(k))).sum()
    }

    /// Where the next batch of a class begins: a ring that overflowed has moved on by itself.
    fn cursor(&self, k: usize) -> u32 {
        let (tail, head) = self.queue.span(Class::ALL[k]);
        let sent = self.sent[k];
        if sent.wrapping_sub(tail) <= head.wrapping_sub(tail) { sent } else { tail }
    }

    /// The next batch, safety first, then the oldest; it is on its way from then on.
    pub fn next_batch(&mut self, now_ms: u64) -> Option<(Shipment, Batch)> {
        for k in 0..Class::ALL.len() {
            if let Some(found) = self.batch_of(k, now_ms) {
                if self.unsent() == 0 {
                    self.urgent = false;
                    self.waiting_since_ms = None;
                }
                self.trace.note(now_ms, Event::Sent, found.0.readings());
                return Some(found);
            }
        }
        None
    }

    /// There was no room for the batch: it is not on its way after all.
    pub fn not_sent(&mut self, shipment: Shipment) {
        if let Some(k) = Class::ALL.iter().position(|class| *class == shipment.class) {
            self.sent[k] = shipment.from;
        }
        self.waiting_since_ms.get_or_insert(0);
    }

    /// The gateway has the batch: its readings leave.
    pub fn acknowledged(&mut self, shipment: Shipment, now_ms: u64) {
        self.trace.note(now_ms, Event::Acknowledged, shipment.readings());
        self.queue.acknowledge(shipment.class, shipment.to, &mut self.memory);
    }

    /// The gateway will never take the batch: its readings are given up, counted.
    pub fn refused(&mut self, shipment: Shipment, now_ms: u64) {
        self.trace.note(now_ms, Event::Refused, shipment.readings());
        for position in 0..shipment.readings() {
            self.queue.give_up(shipment.class, shipment.from.wrapping_add(position), &mut self.memory);
        }
    }

    /// What was on its way is lost: all that waits is to be sent again.
    pub fn send_again(&mut self) {
        self.sent = Class::ALL.map(|class| self.queue.span(class).0);
        self.waiting_since_ms.get_or_insert(0);
    }

    fn batch_of(&mut self, k: usize, now_ms: u64) -> Option<(Shipment, Batch)> {
        let class = Class::ALL[k];
        let (first, from) = self.first_of(k)?;
        let (clock, offset_ms) = self.dated(&first, None, now_ms)?;
        let mut batch = Batch::new(self.names.incarnation, first.boot, first.sequence, clock);
        batch.push(reading(&first, offset_ms)).ok()?;
        let mut to = from.wrapping_add(1);
        while batch.len() < BATCH_READINGS_MAX {
            let Ok(Some(record)) = self.queue.get(class, to, &mut self.memory) else { break };
            let follows =
                record.boot == first.boot && Some(record.sequence) == first.sequence.checked_add(to.wrapping_sub(from));
            if !follows {
                break;
            }
            let Some((_, offset_ms)) = self.dated(&record, Some(clock), now_ms) else { break };
            if batch.push(reading(&record, offset_ms)).is_err() {
                break;
            }
            to = to.wrapping_add(1);
        }
        self.sent[k] = to;
        Some((Shipment { class, from, to, aged: clock == BatchClock::Age }, batch))
    }

    /// The first reading of a class that is not on its way; damaged ones at the front are given up.
    fn first_of(&mut self, k: usize) -> Option<(Record, u32)> {
        let class = Class::ALL[k];
        loop {
            let from = self.cursor(k);
            let (tail, head) = self.queue.span(class);
            if from == head {
                return None;
            }
            match self.queue.get(class, from, &mut self.memory) {
                Ok(Some(record)) => return Some((record, from)),
                Ok(None) if from == tail => {
                    self.queue.give_up(class, from, &mut self.memory);
                    self.sent[k] = from.wrapping_add(1);
                }
                // What stands before it has to leave first; or the memory may answer later.
                Ok(None) | Err(MemoryFailed) => return None,
            }
        }
    }

    /// How a reading is dated in a batch: on `clock`, or on the clock that suits it; none when it does not go on that one.
    fn dated(&self, record: &Record, clock: Option<BatchClock>, now_ms: u64) -> Option<(BatchClock, i32)> {
        let measured_at = match record.measured_at {
            MeasuredAt::Uptime(ms) if record.boot == self.names.boot => self.clock.date(ms),
            other => other,
        };
        match (measured_at, clock) {
            (MeasuredAt::Unix(ms), None) => Some((BatchClock::Unix { base_ms: ms }, 0)),
            (MeasuredAt::Unix(ms), Some(BatchClock::Unix { base_ms })) => {
                Some((BatchClock::Unix { base_ms }, i32::try_from(ms.checked_sub(base_ms)?).ok()?))
            }
            (MeasuredAt::Uptime(ms), None | Some(BatchClock::Age)) => {
                // Of a reading of an earlier boot only the least age is known: that of this boot.
                let age_ms = if record.boot == self.names.boot { now_ms.saturating_sub(ms) } else { now_ms };
                Some((BatchClock::Age, age_ms.min(i32::MAX as u64) as i32))
            }
            _ => None,
        }
    }
}

fn reading(record: &Record, offset_ms: i32) -> Reading {
    Reading { quantity: record.quantity, channel: record.channel, offset_ms, value: record.value }
}
