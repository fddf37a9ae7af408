//! What the demonstration's nodes measure: pure functions of time and a seed, and the replayed week.
//!
//! A [`Source`] gives the samples of any span of time, the same ones each time it is asked, in order of time: so a node
//! can be stopped anywhere and go on, and what it sends again is what it sent before. Values stay within what their
//! quantity can be, and counters never fall. Nothing here claims to be a forecast: it is plausible, and no more.

mod site;
mod street;
mod time;

use jiff::tz::TimeZone;
use protocols::native::Decimal;

use super::week::Replay;
use crate::reading::Timestamp;

pub(super) use site::{bin, lift, slide, swing};
pub(super) use street::{lamp, parking, sound, water_level, weather};
use time::{Chance, Moment};

/// One value of one quantity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sample {
    /// When it was measured.
    pub at: Timestamp,
    /// The quantity's code.
    pub quantity: &'static str,
    /// The value.
    pub value: Decimal,
    /// The unit it is told in, where that is not the catalogue's.
    pub unit: &'static str,
}

/// Where a node's samples come from.
pub(super) enum Source {
    /// The week of real measurements.
    Replay(Replay),
    /// A model.
    Model(Model),
}

impl Source {
    /// The samples measured within `(after, until]`, by time.
    pub(super) fn between(&self, after: Timestamp, until: Timestamp, zone: &TimeZone) -> Vec<Sample> {
        match self {
            Source::Replay(replay) => replay.between(after, until, zone),
            Source::Model(model) => model.between(after, until, zone),
        }
    }
}

/// A simulated node.
pub(super) struct Model {
    seed: u64,
    parts: Vec<Part>,
}

/// How a quantity's values come about at a moment; none when nothing is told then.
type Value = Box<dyn Fn(&Moment, Chance) -> Option<f64> + Send + Sync>;

/// One quantity of a simulated node.
struct Part {
    quantity: &'static str,
    digits: u8,
    /// Milliseconds between looks.
    period_ms: i64,
    /// Whether it is looked at on the beat, or once at some moment of each period, as events come.
    scattered: bool,
    value: Value,
}

impl Model {
    fn new(seed: u64) -> Self {
        Self { seed, parts: Vec::new() }
    }

    /// Adds a quantity that is told every so many seconds.
    fn every(
        mut self,
        period_s: i64,
        quantity: &'static str,
        digits: u8,
        value: impl Fn(&Moment, Chance) -> Option<f64> + Send + Sync + 'static,
    ) -> Self {
        let value = Box::new(value);
        self.parts.push(Part { quantity, digits, period_ms: period_s * 1_000, scattered: false, value });
        self
    }

    /// Adds a quantity that is told when something happens, at most once in so many seconds.
    fn events(
        mut self,
        period_s: i64,
        quantity: &'static str,
        digits: u8,
        value: impl Fn(&Moment, Chance) -> Option<f64> + Send + Sync + 'static,
    ) -> Self {
        let value = Box::new(value);
        self.parts.push(Part { quantity, digits, period_ms: period_s * 1_000, scattered: true, value });
        self
    }

    /// Adds what a node with a battery tells of itself: its voltage every so many seconds.
    fn on_battery(self, volts: f64, period_s: i64) -> Self {
        self.every(period_s, "battery", 3, move |moment, chance| {
            // A lithium cell keeps its voltage for years; cold lowers it a little.
            Some(volts - 0.05 * moment.winter() - 0.004 * chance.unit(0))
        })
        .every(900, "signal", 0, |_, chance| Some(-88.0 - 18.0 * chance.unit(0)))
    }

    fn between(&self, after: Timestamp, until: Timestamp, zone: &TimeZone) -> Vec<Sample> {
        let mut samples = Vec::new();
        for (index, part) in self.parts.iter().enumerate() {
            let seed = Chance::new(self.seed, index as u64);
            // Each node has its own beat: a city does not speak all at once.
            let phase = (Chance::new(self.seed, 0xbea7).unit(0) * part.period_ms as f64) as i64 / 1_000 * 1_000;
            let first = (after.millis() - phase).div_euclid(part.period_ms) - 1;
            let last = (until.millis() - phase).div_euclid(part.period_ms);
            for beat in first..=last {
                let chance = seed.at(beat);
                let within = if part.scattered { (chance.unit(99) * (part.period_ms - 1) as f64) as i64 } else { 0 };
                let at = Timestamp::from_millis(beat * part.period_ms + phase + within);
                if at <= after || at > until {
                    continue;
                }
                let Some(value) = (part.value)(&Moment::of(at, zone), chance) else { continue };
                let value = Decimal::nearest(value, part.digits).expect("models give small numbers");
                samples.push(Sample { at, quantity: part.quantity, value, unit: "" });
            }
        }
        samples.sort_by_key(|sample| sample.at);
        // A change that falls on the hourly beat is told once.
        samples.dedup_by_key(|sample| (sample.at, sample.quantity));
        samples
    }
}

#[cfg(test)]
mod tests;
