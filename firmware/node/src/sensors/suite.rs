//! The sensors that a node has: looked for at start and, when one stops answering, from time to time.

use embedded_hal::i2c::I2c;

use super::SensorFailed;
use super::lamp::{self, Energy};
use super::magnetometer;
use super::parking::{self, EmptyPlace, Parking};
use super::play::{self, Hit, Play};
use super::supply;
use super::temperature;
use crate::channels::Source;

const AIR: u8 = 0x48;
const SURFACE: u8 = 0x49;
const LAMP: u8 = 0x10;
const PLAY: u8 = 0x19;
const SUPPLY: u8 = 0x11;
/// Tries before a sensor counts as gone.
const FAILURES_MAX: u8 = 3;

const SOURCES: [Source; 6] =
    [Source::Air, Source::Surface, Source::Parking, Source::Lamp, Source::Play, Source::Supply];

/// Counts and learned values that a reset must not lose.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Learned {
    /// Watt-hours.
    pub energy: u32,
    /// Uses of the equipment.
    pub uses: u32,
    /// The parking place when it is empty.
    pub empty_place: Option<EmptyPlace>,
}

/// What one look at a source told: values of its channels, in the order of [`SPECS`](crate::channels::SPECS).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sample {
    /// One value.
    One(i32),
    /// A lamp's power and its energy.
    Lamp {
        /// Tenths of a watt.
        power: i32,
        /// Watt-hours.
        energy: i32,
    },
    /// Play equipment; hits are told beside.
    Play {
        /// Tenths of a degree.
        tilt: i32,
        /// Counted.
        uses: i32,
    },
}

/// Whether a sensor is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    Absent,
    Present,
    /// So many tries went wrong in a row.
    Failing(u8),
}

/// The sensors over one bus.
pub struct Suite<I> {
    bus: I,
    presence: [Presence; SOURCES.len()],
    parking: Parking,
    lamp: Energy,
    energy: u32,
    play: Play,
}

impl<I: I2c> Suite<I> {
    /// The sensors on `bus`, none of them known yet, with what was learned before.
    pub fn new(bus: I, learned: Learned) -> Self {
        Self {
            bus,
            presence: [Presence::Absent; SOURCES.len()],
            parking: Parking::new(learned.empty_place),
            lamp: Energy::default(),
            energy: learned.energy,
            play: Play::new(learned.uses),
        }
    }

    /// What a reset must not lose.
    pub fn learned(&self) -> Learned {
        Learned { energy: self.energy, uses: self.play.uses(), empty_place: self.parking.empty_place() }
    }

    /// Looks for sensors that are not known to be there, and tells each that is found.
    pub fn probe(&mut self, mut found: impl FnMut(Source)) {
        for (index, source) in SOURCES.into_iter().enumerate() {
            if self.presence[index] == Presence::Absent && self.start(source).is_ok() {
                self.presence[index] = Presence::Present;
                found(source);
            }
        }
    }

    /// Whether that sensor is there.
    pub fn has(&self, source: Source) -> bool {
        source == Source::Node
            || SOURCES.iter().position(|s| *s == source).is_some_and(|k| self.presence[k] != Presence::Absent)
    }

    /// Looks at a sensor that is there. `hit` is called for each hit that ended.
    ///
    /// # Errors
    /// [`SensorFailed`] when it stopped answering: it counts as gone from then on.
    pub fn sample(
        &mut self,
        source: Source,
        now_ms: u64,
        hit: impl FnMut(Hit),
    ) -> Result<Option<Sample>, SensorFailed> {
        let Some(index) = SOURCES.iter().position(|s| *s == source) else { return Ok(None) };
        if self.presence[index] == Presence::Absent {
            return Ok(None);
        }
        match self.read(source, now_ms, hit) {
            Ok(sample) => {
                self.presence[index] = Presence::Present;
                Ok(sample)
            }
            Err(SensorFailed) => {
                let failures = match self.presence[index] {
                    Presence::Failing(failures) => failures + 1,
                    _ => 1,
                };
                if failures < FAILURES_MAX {
                    self.presence[index] = Presence::Failing(failures);
                    return Ok(None);
                }
                self.presence[index] = Presence::Absent;
                Err(SensorFailed)
            }
        }
    }

    /// Sets a sensor up again that tells the same value too often.
    pub fn restart(&mut self, source: Source) {
        if self.start(source).is_err()
            && let Some(index) = SOURCES.iter().position(|s| *s == source)
        {
            self.presence[index] = Presence::Absent;
        }
    }

    fn start(&mut self, source: Source) -> Result<(), SensorFailed> {
        match source {
            Source::Air => temperature::start(&mut self.bus, AIR),
            Source::Surface => temperature::start(&mut self.bus, SURFACE),
            Source::Parking => magnetometer::start(&mut self.bus),
            Source::Lamp => lamp::start(&mut self.bus, LAMP),
            Source::Play => play::start(&mut self.bus, PLAY),
            Source::Supply => supply::start(&mut self.bus, SUPPLY),
            Source::Node => Ok(()),
        }
    }

    fn read(&mut self, source: Source, now_ms: u64, mut hit: impl FnMut(Hit)) -> Result<Option<Sample>, SensorFailed> {
        Ok(match source {
            Source::Air => Some(Sample::One(temperature::sample(&mut self.bus, AIR)?)),
            Source::Surface => {
                let hundredths = temperature::sample(&mut self.bus, SURFACE)?;
                Some(Sample::One((hundredths + 5 * hundredths.signum()) / 10))
            }
            Source::Parking => {
                let field = magnetometer::sample(&mut self.bus)?;
                let state = self.parking.sample(field);
                (state != parking::UNKNOWN).then_some(Sample::One(state))
            }
            Source::Lamp => {
                let power = lamp::sample(&mut self.bus, LAMP)?;
                self.energy = self.energy.saturating_add(self.lamp.add(power, now_ms));
                Some(Sample::Lamp { power, energy: self.energy.min(i32::MAX as u32) as i32 })
            }
            Source::Play => {
                let play = &mut self.play;
                play::drain(&mut self.bus, PLAY, |sample| {
                    if let Some(ended) = play.sample(sample) {
                        hit(ended);
                    }
                })?;
                self.play.tilt().map(|tilt| Sample::Play { tilt, uses: self.play.uses().min(i32::MAX as u32) as i32 })
            }
            Source::Supply => Some(Sample::One(supply::sample(&mut self.bus, SUPPLY)?)),
            Source::Node => None,
        })
    }
}
