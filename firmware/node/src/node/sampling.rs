//! From sample to reading: every sensor is looked at once a second, play equipment as often as its buffer needs.

use embedded_hal::i2c::I2c;
use heapless::Deque;
use protocols::native::Decimal;
use protocols::quantity;

use super::Node;
use crate::channels::{self, SPECS, Source, Verdict};
use crate::memory::Memory;
use crate::queue::{Class, Record};
use crate::sensors::SensorFailed;
use crate::sensors::play::Hit;
use crate::sensors::suite::Sample;
use crate::trace::Event;

/// Between two looks at a sensor.
const SAMPLE_MS: u64 = 1_000;
/// Between two searches for sensors that are not there.
const PROBE_MS: u64 = 30_000;
/// Between two writes of counts.
const KEEP_MS: u64 = 60_000;
/// Hits that one look can tell.
const HITS_MAX: usize = 4;

impl<M: Memory, I: I2c> Node<M, I> {
    /// Does what is due at `now_ms`; to be called every 40 ms, or the accelerometer's buffer runs over. Whether a reading came
    /// to wait.
    pub fn tick(&mut self, now_ms: u64) -> bool {
        if self.identity.is_none() {
            return false;
        }
        let before = self.names.next_sequence;
        if self.probed_at_ms.is_none_or(|at_ms| now_ms - at_ms >= PROBE_MS) {
            self.probed_at_ms = Some(now_ms);
            let trace = &mut self.trace;
            self.sensors.probe(|source| trace.note(now_ms, Event::Sensor, source as u32));
        }
        let all = self.sampled_at_ms.is_none_or(|at_ms| now_ms - at_ms >= SAMPLE_MS);
        if all {
            self.sampled_at_ms = Some(match self.sampled_at_ms {
                Some(at_ms) => now_ms - (now_ms - at_ms) % SAMPLE_MS,
                None => now_ms,
            });
            for source in [Source::Air, Source::Surface, Source::Parking, Source::Lamp, Source::Supply] {
                self.look_at(source, now_ms);
            }
            self.offer_own(now_ms);
        }
        self.look_at_play(all, now_ms);
        if now_ms - self.kept_at_ms >= KEEP_MS {
            self.keep(now_ms);
        }
        self.names.next_sequence != before
    }

    /// Has every channel report its next sample.
    pub(super) fn sample_now(&mut self) {
        self.sampled_at_ms = None;
        for channel in &mut self.channels {
            channel.report_next();
        }
    }

    fn look_at(&mut self, source: Source, now_ms: u64) {
        match self.sensors.sample(source, now_ms, |_| {}) {
            Ok(Some(Sample::One(value))) => {
                let first = SPECS.iter().position(|spec| spec.source == source);
                if let Some(index) = first {
                    self.offer(index, value, now_ms);
                }
            }
            Ok(Some(Sample::Lamp { power, energy })) => {
                self.offer_quantity(quantity::LAMP_POWER, power, now_ms);
                self.offer_quantity(quantity::LAMP_ENERGY, energy, now_ms);
            }
            Ok(_) => {}
            Err(SensorFailed) => self.trace.note(now_ms, Event::SensorFailed, source as u32),
        }
    }

    fn look_at_play(&mut self, all: bool, now_ms: u64) {
        let mut hits: Deque<Hit, HITS_MAX> = Deque::new();
        let sample = self.sensors.sample(Source::Play, now_ms, |hit| {
            hits.push_back(hit).ok();
        });
        for hit in &hits {
            // Hundredths of g and tenths of a millisecond, of one time: the two belong together.
            self.tell(quantity::IMPACT, (hit.peak_mg + 5) / 10, now_ms);
            self.tell(quantity::IMPACT_DURATION, (hit.duration_us + 50) / 100, now_ms);
        }
        match sample {
            Ok(Some(Sample::Play { tilt, uses })) if all => {
                self.offer_quantity(quantity::TILT, tilt, now_ms);
                self.offer_quantity(quantity::USES, uses, now_ms);
            }
            Ok(_) => {}
            Err(SensorFailed) => self.trace.note(now_ms, Event::SensorFailed, Source::Play as u32),
        }
    }

    fn offer_own(&mut self, now_ms: u64) {
        let uptime_s = (now_ms / 1_000).min(i32::MAX as u64) as i32;
        self.offer_quantity(quantity::UPTIME, uptime_s, now_ms);
        self.offer_quantity(quantity::RESET_CAUSE, i32::from(self.start.cause.code()), now_ms);
        self.offer_quantity(quantity::LINK_ERRORS, self.link_errors.min(i32::MAX as u32) as i32, now_ms);
        let kind = self.start.fault.map_or(0, |fault| fault.kind as i32);
        self.offer_quantity(quantity::FAULT, kind, now_ms);
        if let Some(fault) = self.fault_untold.take() {
            self.tell(quantity::FAULT_PLACE, fault.place, now_ms);
        }
    }

    /// An event.
    fn tell(&mut self, quantity: u8, raw: u32, now_ms: u64) {
        let Some(index) = channels::find(quantity, 0) else { return };
        let raw = raw.min(i32::MAX as u32) as i32;
        let verdict = self.channels[index].event(&SPECS[index], raw);
        self.take(index, verdict, now_ms);
    }

    fn offer_quantity(&mut self, quantity: u8, raw: i32, now_ms: u64) {
        if let Some(index) = channels::find(quantity, 0) {
            self.offer(index, raw, now_ms);
        }
    }

    fn offer(&mut self, index: usize, raw: i32, now_ms: u64) {
        let verdict = self.channels[index].offer(&SPECS[index], raw, now_ms);
        self.take(index, verdict, now_ms);
    }

    fn take(&mut self, index: usize, verdict: Verdict, now_ms: u64) {
        let spec = &SPECS[index];
        if verdict.out_of_range {
            self.trace.note(now_ms, Event::OutOfRange, u32::from(spec.quantity));
        }
        if verdict.stuck {
            self.trace.note(now_ms, Event::SensorStuck, spec.source as u32);
            self.sensors.restart(spec.source);
        }
        let Some(steps) = verdict.report else { return };
        let Some(value) = Decimal::new(i64::from(steps), spec.exponent) else { return };
        let record = Record {
            boot: self.names.boot,
            sequence: self.names.next_sequence,
            measured_at: self.clock.date(now_ms),
            quantity: spec.quantity,
            channel: spec.channel,
            value,
        };
        self.names.next_sequence += 1;
        let class = if verdict.alarm { Class::Safety } else { spec.class };
        let dropped = self.queue.dropped().total();
        self.queue.push(class, record, &mut self.memory);
        if self.queue.dropped().total() != dropped {
            self.trace.note(now_ms, Event::Dropped, self.queue.dropped().total());
        }
        self.urgent |= verdict.urgent;
        self.waiting_since_ms.get_or_insert(now_ms);
    }
}
