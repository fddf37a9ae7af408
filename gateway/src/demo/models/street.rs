//! Streets: parking places, lamps, sound, weather, the sea's level.

use super::Model;
use super::site::air;
use super::time::{Chance, Moment};

/// A parking place: told when it changes, and once an hour at the latest.
pub(in crate::demo) fn parking(seed: u64) -> Model {
    let own = Chance::new(seed, 1_000);
    // Whoever parks stays for a turn of some 20 to 70 minutes.
    let turn_ms = (20.0 + 50.0 * own.unit(0)) as i64 * 60_000;
    let occupied = move |turn: i64, moment: &Moment| {
        let wanted = if moment.weekend() { 0.45 } else { 0.55 };
        let demand =
            wanted + 0.35 * moment.around(11.0, 3.5) + 0.35 * moment.around(19.5, 3.0) - 0.3 * moment.around(4.5, 3.0);
        own.at(turn).unit(1) < demand
    };
    let state = move |moment: &Moment| {
        let turn = moment.millis.div_euclid(turn_ms);
        // Decided at the turn's beginning, when the demand is near what it is at its end.
        let hours_ago = (moment.millis - turn * turn_ms) as f64 / 3_600_000.0;
        let began = Moment { part: (moment.part - hours_ago / 24.0).rem_euclid(1.0), ..*moment };
        occupied(turn, &began)
    };
    Model::new(seed)
        .every(60, "parking", 0, move |moment, _| {
            let before =
                Moment { millis: moment.millis - 60_000, part: (moment.part - 1.0 / 1_440.0).max(0.0), ..*moment };
            let (was, is) = (state(&before), state(moment));
            (was != is).then_some(f64::from(u8::from(is)))
        })
        .every(3_600, "parking", 0, move |moment, _| Some(f64::from(u8::from(state(moment)))))
        .on_battery(3.60, 86_400)
}

/// Whether street lighting is on.
fn lit(moment: &Moment) -> bool {
    moment.sun() < -0.05
}

/// Light level: full in the evening, half in the small hours.
fn dimming(moment: &Moment) -> f64 {
    let hour = moment.hour();
    if (1.0..5.0).contains(&hour) { 50.0 } else { 100.0 }
}

/// A street lamp, which speaks while it is lit.
pub(in crate::demo) fn lamp(seed: u64) -> Model {
    let own = Chance::new(seed, 1_000);
    let watts = 58.0 + 25.0 * own.unit(0);
    let power = move |moment: &Moment| if lit(moment) { 2.0 + watts * dimming(moment) / 100.0 } else { 0.0 };
    let energy = Energy::new(power);
    Model::new(seed)
        .every(900, "lamp_power", 1, move |moment, chance| {
            lit(moment).then(|| power(moment) * (1.0 + 0.01 * chance.around_zero(0)))
        })
        .every(900, "lamp_dimming", 0, |moment, _| lit(moment).then(|| dimming(moment)))
        .every(900, "lamp_energy", 3, move |moment, _| lit(moment).then(|| energy.counted_kwh(moment)))
}

/// What a lamp takes on each day of the year in Wh, by quarters of an hour; a day's number counts from 1 January 2026.
struct Energy {
    days: Vec<f64>,
    power: Box<dyn Fn(&Moment) -> f64 + Send + Sync>,
}

impl Energy {
    const STEPS: usize = 96;

    fn new(power: impl Fn(&Moment) -> f64 + Send + Sync + 'static) -> Self {
        let mut energy = Self { days: Vec::new(), power: Box::new(power) };
        energy.days = (0..366).map(|day| energy.of_part(day, 1.0)).collect();
        energy
    }

    /// What it takes until a part of the day.
    fn of_part(&self, day: i64, part: f64) -> f64 {
        let noon = Moment { day, part: 0.5, day_of_year: day_of_year(day), weekday: 0, millis: 0 };
        let step = |k: usize| (self.power)(&Moment { part: k as f64 / Self::STEPS as f64, ..noon }) / 4.0;
        let steps = part.clamp(0.0, 1.0) * Self::STEPS as f64;
        let whole = (steps as usize).min(Self::STEPS);
        let rest = if whole < Self::STEPS { step(whole) * (steps - whole as f64) } else { 0.0 };
        (0..whole).map(step).sum::<f64>() + rest
    }

    fn counted_kwh(&self, moment: &Moment) -> f64 {
        let total = |day: i64| self.days[day_of_year(day) as usize - 1];
        moment.counted(total, |part| self.of_part(moment.day, part) / total(moment.day)) / 1_000.0
    }
}

/// The day of the year of a day's number, to a day or two.
fn day_of_year(day: i64) -> f64 {
    (day as f64).rem_euclid(365.25).floor() + 1.0
}

/// A sound level station on a street: traffic, and people in the evening.
pub(in crate::demo) fn sound(seed: u64) -> Model {
    let own = Chance::new(seed, 1_000);
    let base = 50.0 + 7.0 * own.unit(0);
    let level = move |moment: &Moment| {
        let traffic = moment.around(8.5, 2.2) + 0.8 * moment.around(14.5, 2.5) + moment.around(19.0, 3.2);
        let evening =
            if moment.weekend() { 5.0 * moment.around(23.5, 2.5) + 3.0 * moment.around(0.5, 1.5) } else { 0.0 };
        let quiet = -7.0 * moment.around(4.0, 2.6);
        base + traffic * if moment.weekend() { 6.0 } else { 9.0 }
            + evening
            + quiet
            + 1.5 * own.wander(moment.millis, 1.0, 3)
    };
    Model::new(seed)
        .every(60, "sound_laeq", 1, move |moment, chance| {
            // A horn, a motorcycle.
            let loud = if chance.unit(5) < 0.02 { 12.0 * chance.unit(6) } else { 0.0 };
            Some(level(moment) + 2.5 * chance.around_zero(0) + loud)
        })
        .every(60, "sound_lamax", 1, move |moment, chance| {
            let loud = if chance.unit(5) < 0.02 { 14.0 * chance.unit(6) } else { 0.0 };
            Some(level(moment) + 11.0 + 4.0 * chance.around_zero(2) + loud)
        })
}

/// A weather station, seen from the ground: temperature, humidity, pressure, wind, rain.
pub(in crate::demo) fn weather(seed: u64) -> Model {
    let (own, city) = (Chance::new(seed, 1_000), Chance::new(0x7e55a, 2));
    let bias = own.around_zero(0);
    let wet = move |moment: &Moment| city.wander(moment.millis, 30.0, 5) - 0.62 + 0.2 * moment.winter();
    let wind = move |moment: &Moment| {
        // The Vardaris blows for days from the north-west; otherwise the sea breeze rises at noon.
        let vardaris = (city.wander(moment.millis, 50.0, 6) - 0.35).max(0.0) * 14.0;
        1.2 + vardaris
            + 2.6 * moment.around(15.0, 4.0) * (1.0 - moment.winter())
            + 0.8 * city.wander(moment.millis, 2.0, 7)
    };
    Model::new(seed)
        .every(60, "wind_speed", 2, move |moment, chance| {
            Some((wind(moment) * (1.0 + 0.35 * chance.around_zero(0))).max(0.0))
        })
        .every(60, "wind_direction", 1, move |moment, chance| {
            let from = if wind(moment) > 4.0 { 320.0 } else { 210.0 + 60.0 * city.wander(moment.millis, 5.0, 8) };
            // Rounded to a tenth 359.96 would be 360.
            Some((from + 25.0 * chance.around_zero(0)).rem_euclid(360.0).min(359.9))
        })
        .every(60, "temperature", 2, move |moment, chance| {
            Some(air(moment) + 0.7 * bias + 0.15 * chance.around_zero(0))
        })
        .every(60, "humidity", 2, move |moment, chance| {
            let dry = 1.4 * (air(moment) - 14.0);
            Some(
                (64.0 - dry + 12.0 * moment.winter() + 25.0 * wet(moment).max(0.0) + 1.5 * chance.around_zero(0))
                    .clamp(12.0, 99.0),
            )
        })
        .every(60, "pressure", 2, move |moment, chance| {
            Some(
                1_014.0
                    + 9.0 * city.wander(moment.millis, 70.0, 9)
                    + 0.4 * moment.around(10.0, 3.0)
                    + 0.08 * chance.around_zero(0),
            )
        })
        .every(300, "rain", 1, move |moment, chance| Some((wet(moment).max(0.0) * 4.0 * chance.unit(0)).min(9.0)))
}

/// The sea at the quay: small tides, the wind's set-up.
pub(in crate::demo) fn water_level(seed: u64) -> Model {
    let city = Chance::new(0x7e55a, 3);
    Model::new(seed)
        .every(300, "water_level", 3, move |moment, chance| {
            let tide = (moment.millis as f64 / 44_714_000.0 * std::f64::consts::TAU).sin();
            Some(0.62 + 0.11 * tide + 0.12 * city.wander(moment.millis, 40.0, 1) + 0.012 * chance.around_zero(0))
        })
        .on_battery(3.98, 900)
}
