//! Playgrounds, waste bins, lifts.

use super::Model;
use super::time::{Chance, Moment, done};

/// Play by hours of the day: after school, and in the evening when it is warm.
const PLAY: [f64; 24] =
    [0., 0., 0., 0., 0., 0., 0., 1., 2., 4., 6., 6., 4., 2., 2., 4., 9., 14., 16., 13., 8., 4., 1., 0.];
/// Trips of a lift in a public building.
const TRIPS: [f64; 24] =
    [0.2, 0.1, 0.1, 0.1, 0.1, 0.3, 1., 5., 9., 9., 8., 8., 8., 8., 7., 5., 4., 4., 3., 3., 2., 1., 0.5, 0.3];
/// What people throw away.
const WASTE: [f64; 24] =
    [1., 0.5, 0.3, 0.2, 0.2, 0.5, 1., 2., 3., 4., 4., 4., 5., 5., 5., 4., 4., 5., 6., 7., 7., 6., 4., 2.];

/// How often children play on a day: more at weekends, less in winter and in the rain.
fn play_of_day(chance: Chance, day: i64, most: f64) -> f64 {
    // 2026-01-01 was a Thursday.
    let weekend = (day + 3).rem_euclid(7) >= 5;
    let season = 0.7 - 0.3 * ((day as f64 - 15.0) / 365.25 * std::f64::consts::TAU).cos();
    most * season * if weekend { 1.0 } else { 0.65 } * (0.55 + 0.45 * chance.at(day).unit(7))
}

fn playing(moment: &Moment) -> f64 {
    PLAY[(moment.hour() as usize).min(23)] / 16.0
}

/// Temperature of the air, as the models of one city share it.
pub(super) fn air(moment: &Moment) -> f64 {
    let city = Chance::new(0x7e55a, 0);
    let mean = 16.5 - 21.0 * (moment.winter() - 0.5);
    mean + 4.5 * moment.around(15.0, 5.0) - 2.5 * moment.around(5.5, 4.0) + 3.5 * city.wander(moment.millis, 60.0, 1)
}

/// A surface in the sun: a slide's chute in July is hot.
fn surface(moment: &Moment, shade: f64) -> f64 {
    let clouds = 0.5 + 0.5 * Chance::new(0x7e55a, 1).wander(moment.millis, 9.0, 2);
    air(moment) - 1.5 + 32.0 * moment.sun().max(0.0) * clouds * (1.0 - shade)
}

/// A swing: uses, blows on its frame, inclination, temperature of the seat.
pub(in crate::demo) fn swing(seed: u64) -> Model {
    let own = Chance::new(seed, 1_000);
    Model::new(seed)
        .every(900, "uses", 0, move |moment, _| {
            Some(moment.counted(|day| play_of_day(own, day, 420.0), |part| done(part, &PLAY)).floor())
        })
        .events(600, "impact", 2, |moment, chance| {
            let likely = 0.5 * playing(moment);
            (chance.unit(0) < likely).then(|| 1.2 + 9.0 * chance.unit(1).powi(3))
        })
        .every(3_600, "tilt", 1, move |moment, chance| {
            Some(0.6 + own.unit(1) + 0.2 * own.wander(moment.millis, 400.0, 3) + 0.1 * chance.around_zero(0))
        })
        .every(900, "surface_temperature", 1, |moment, chance| Some(surface(moment, 0.6) + 0.4 * chance.around_zero(0)))
        .on_battery(3.62, 86_400)
}

/// A slide: uses, temperature of the chute.
pub(in crate::demo) fn slide(seed: u64) -> Model {
    let own = Chance::new(seed, 1_000);
    Model::new(seed)
        .every(900, "uses", 0, move |moment, _| {
            Some(moment.counted(|day| play_of_day(own, day, 520.0), |part| done(part, &PLAY)).floor())
        })
        .every(900, "surface_temperature", 1, |moment, chance| Some(surface(moment, 0.1) + 0.5 * chance.around_zero(0)))
        .on_battery(4.05, 900)
}

/// A waste bin: filled by the day, emptied at night, some nights not.
pub(in crate::demo) fn bin(seed: u64) -> Model {
    let own = Chance::new(seed, 1_000);
    let busy = 45.0 + 50.0 * own.unit(0);
    Model::new(seed)
        .every(3_600, "bin_fill", 0, move |moment, chance| {
            // The lorry comes between 5 and 7 in the morning and misses one day in nine.
            let lorry = (5.0 + 2.0 * own.unit(1)) / 24.0;
            let missed = |day: i64| own.at(day).unit(2) < 0.11;
            let filled = |day: i64| busy * (0.75 + 0.5 * own.at(day).unit(3));
            let mut fill = filled(moment.day) * done(moment.part, &WASTE);
            let mut day = moment.day;
            if moment.part >= lorry && !missed(day) {
                fill -= filled(day) * done(lorry, &WASTE);
            } else {
                // What was left since the lorry came last; after a few days it cannot be fuller.
                for _ in 0..4 {
                    day -= 1;
                    fill += filled(day);
                    if !missed(day) {
                        fill -= filled(day) * done(lorry, &WASTE);
                        break;
                    }
                }
            }
            Some((fill + 1.5 * chance.around_zero(0)).clamp(0.0, 100.0))
        })
        .every(3_600, "bin_temperature", 1, |moment, chance| {
            Some(surface(moment, 0.7) + 2.0 + 0.3 * chance.around_zero(0))
        })
        .on_battery(3.58, 86_400)
}

/// A lift in a public building.
pub(in crate::demo) fn lift(seed: u64) -> Model {
    let own = Chance::new(seed, 1_000);
    let trips = move |day: i64| {
        let weekend = (day + 3).rem_euclid(7) >= 5;
        (260.0 + 240.0 * own.unit(0)) * if weekend { 0.25 } else { 1.0 } * (0.85 + 0.3 * own.at(day).unit(1))
    };
    let busy =
        |moment: &Moment| TRIPS[(moment.hour() as usize).min(23)] / 9.0 * if moment.weekend() { 0.25 } else { 1.0 };
    Model::new(seed)
        .every(900, "lift_trips", 0, move |moment, _| Some(moment.counted(trips, |part| done(part, &TRIPS)).floor()))
        .every(900, "lift_door_cycles", 0, move |moment, _| {
            // Somebody always holds the door.
            Some((1.18 * moment.counted(trips, |part| done(part, &TRIPS))).floor())
        })
        .every(60, "motor_temperature", 1, move |moment, chance| {
            Some(24.0 + 0.35 * (air(moment) - 16.0) + 17.0 * busy(moment) + 0.6 * chance.around_zero(0))
        })
        .events(180, "vibration", 3, move |moment, chance| {
            let worn = 0.11 + 0.05 * own.unit(2);
            (chance.unit(0) < busy(moment)).then(|| (worn + 0.03 * chance.around_zero(1)).max(0.02))
        })
}
