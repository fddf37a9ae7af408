//! Local time as the models see it, and chance that is the same each time.

use jiff::tz::TimeZone;

use crate::reading::Timestamp;

/// Days before this one have no uses, trips or energy: counters begin here. 2026-01-01T00:00:00Z.
const BEGINNING: Timestamp = Timestamp::from_millis(1_767_225_600_000);

/// A moment of local life.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Moment {
    /// Local days since counters began.
    pub day: i64,
    /// How much of the local day has passed, 0 to 1: it never goes back, not on a day of 25 hours either.
    pub part: f64,
    /// Day of the year, from 1.
    pub day_of_year: f64,
    /// 0 Monday to 6 Sunday.
    pub weekday: i8,
    /// Milliseconds since 1970.
    pub millis: i64,
}

impl Moment {
    /// That instant in the city.
    pub(super) fn of(at: Timestamp, zone: &TimeZone) -> Self {
        let instant = jiff::Timestamp::from_millisecond(at.millis()).unwrap_or_default();
        let local = instant.to_zoned(zone.clone());
        let date = local.date();
        let start = |date: jiff::civil::Date| {
            let midnight = date.at(0, 0, 0, 0).to_zoned(zone.clone());
            midnight.map_or(at.millis(), |midnight| midnight.timestamp().as_millisecond())
        };
        let (begins, ends) = (start(date), start(date.saturating_add(jiff::Span::new().days(1))));
        let first = jiff::civil::date(2026, 1, 1);
        Self {
            day: date.since(first).map_or(0, |span| i64::from(span.get_days())),
            part: (at.millis() - begins) as f64 / (ends - begins).max(1) as f64,
            day_of_year: f64::from(date.day_of_year()),
            weekday: date.weekday().to_monday_zero_offset(),
            millis: at.millis(),
        }
    }

    /// Hours since local midnight.
    pub(super) fn hour(&self) -> f64 {
        self.part * 24.0
    }

    /// Whether it is Saturday or Sunday.
    pub(super) fn weekend(&self) -> bool {
        self.weekday >= 5
    }

    /// 1 in the middle of January, 0 in the middle of July.
    pub(super) fn winter(&self) -> f64 {
        0.5 + 0.5 * ((self.day_of_year - 15.0) / 365.25 * std::f64::consts::TAU).cos()
    }

    /// Height of the sun at 40.6° north as the sine of its angle; negative at night.
    pub(super) fn sun(&self) -> f64 {
        let declination = 0.409 * ((self.day_of_year - 81.0) / 365.25 * std::f64::consts::TAU).sin();
        // Local time is about half an hour ahead of the sun in winter, an hour and a half in summer.
        let offset = 12.4 + if (86.0..300.0).contains(&self.day_of_year) { 1.0 } else { 0.0 };
        let angle = (self.hour() - offset) / 24.0 * std::f64::consts::TAU;
        0.651 * declination.sin() + 0.759 * declination.cos() * angle.cos()
    }

    /// A hump of height 1 around an hour of the day, so many hours wide.
    pub(super) fn around(&self, hour: f64, width: f64) -> f64 {
        let distance = (self.hour() - hour) / width;
        (-distance * distance).exp()
    }

    /// A counter: what `total` says of each whole day since counters began, and as much of this day's as `done` says of
    /// the part of the day that has passed; `done` runs from 0 to 1.
    pub(super) fn counted(&self, total: impl Fn(i64) -> f64, done: impl Fn(f64) -> f64) -> f64 {
        if self.millis < BEGINNING.millis() {
            return 0.0;
        }
        let before: f64 = (0..self.day).map(|day| total(day).floor()).sum();
        before + total(self.day).floor() * done(self.part).clamp(0.0, 1.0)
    }
}

/// How much of a day's doings is done at a part of the day: the share of a table of 24 hours' weights that has passed.
pub(super) fn done(part: f64, weights: &[f64; 24]) -> f64 {
    let hour = (part * 24.0).clamp(0.0, 24.0);
    let whole = (hour as usize).min(23);
    let passed: f64 = weights[..whole].iter().sum::<f64>() + weights[whole] * (hour - whole as f64);
    passed / weights.iter().sum::<f64>()
}

/// Chance, the same for the same seed and beat.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chance {
    seed: u64,
    beat: u64,
}

impl Chance {
    /// Chance of a part of a node.
    pub(super) fn new(seed: u64, part: u64) -> Self {
        Self { seed: mixed(seed ^ mixed(part)), beat: 0 }
    }

    /// That of a beat.
    pub(super) fn at(self, beat: i64) -> Self {
        Self { beat: beat as u64, ..self }
    }

    /// A number within [0, 1); another one for each `salt`.
    pub(super) fn unit(self, salt: u64) -> f64 {
        (mixed(self.seed ^ mixed(self.beat ^ mixed(salt))) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A number within (−1, 1), mostly near 0.
    pub(super) fn around_zero(self, salt: u64) -> f64 {
        self.unit(salt) + self.unit(salt + 1) - 1.0
    }

    /// Something that wanders smoothly between −1 and 1 within about so many hours.
    pub(super) fn wander(self, millis: i64, hours: f64, salt: u64) -> f64 {
        let place = millis as f64 / (hours * 3_600_000.0);
        let at = |step: f64| self.at(step as i64).unit(salt) * 2.0 - 1.0;
        let (step, rest) = (place.floor(), place - place.floor());
        let eased = rest * rest * (3.0 - 2.0 * rest);
        at(step) * (1.0 - eased) + at(step + 1.0) * eased
    }
}

/// The finaliser of SplitMix64: every bit of the input moves every bit of the output.
fn mixed(value: u64) -> u64 {
    let mut value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}
