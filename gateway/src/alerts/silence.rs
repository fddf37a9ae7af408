//! When a node that is not heard is silent: by its shortest period, by how it is powered, and by the sun where it has power at night
//! alone.

use crate::catalogue::{Catalogue, Position, Power};
use crate::reading::Timestamp;

/// A node is silent after so many periods without a word, and not sooner than a power's own patience.
const PERIODS_MISSED: i64 = 3;
const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
/// Lamps are surely lit when the sun's middle is so far below the horizon: civil twilight ends at 6 degrees.
const LIT_BELOW_DEG: f64 = -6.0;
/// How fine the moment is looked for at which it became dark.
const STEP_MS: i64 = 5 * MINUTE_MS;

/// How long a node may be silent, in milliseconds.
pub fn patience_ms(power: Power, period_s: Option<u32>) -> i64 {
    let (least, without_period) = match power {
        Power::Mains => (5 * MINUTE_MS, HOUR_MS),
        // Time at which it has power alone.
        Power::Night => (15 * MINUTE_MS, HOUR_MS),
        Power::Battery | Power::Solar => (30 * MINUTE_MS, 25 * HOUR_MS),
    };
    period_s.map_or(without_period, |period| (i64::from(period) * 1_000 * PERIODS_MISSED + MINUTE_MS).max(least))
}

/// The moment from which a node is silent, if it is: `heard` for the last time then, not asked after before `from` (the gateway's
/// start), and, where it has power at night alone, not before it became dark; `dark_since` is none by day.
pub fn since(
    power: Power,
    period_s: Option<u32>,
    heard: Timestamp,
    from: Timestamp,
    dark_since: Option<Timestamp>,
    now: Timestamp,
) -> Option<Timestamp> {
    let mut counted_from = heard.max(from);
    if power == Power::Night {
        counted_from = counted_from.max(dark_since?);
    }
    (now.millis_since(counted_from) > patience_ms(power, period_s)).then_some(heard)
}

/// Since when it has been dark in the city, at the middle of its communities; none by day.
pub fn dark_here(catalogue: &Catalogue, now: Timestamp) -> Option<Timestamp> {
    let n = catalogue.zones.len() as f64;
    let sum = |of: fn(&Position) -> f64| catalogue.zones.iter().map(|zone| of(&zone.position)).sum::<f64>();
    let middle = Position { lat: sum(|at| at.lat) / n, lon: sum(|at| at.lon) / n };
    // Without communities nobody knows where it is: lamps are asked after as if it were night.
    if n > 0.0 { dark_since(middle, now) } else { Some(Timestamp::default()) }
}

/// Since when it has been dark there; none by day.
pub fn dark_since(place: Position, now: Timestamp) -> Option<Timestamp> {
    if elevation_deg(place, now) > LIT_BELOW_DEG {
        return None;
    }
    // No night of the city is longer than a day.
    let before = (1..=24 * HOUR_MS / STEP_MS).map(|step| now.plus_millis(-step * STEP_MS));
    let dark = before.take_while(|at| elevation_deg(place, *at) <= LIT_BELOW_DEG);
    Some(dark.last().unwrap_or(now))
}

/// The height of the sun's middle above the horizon, in degrees, to some tenths: the low-precision formulae of the Astronomical
/// Almanac, without refraction.
pub fn elevation_deg(place: Position, at: Timestamp) -> f64 {
    const J2000_MS: f64 = 946_728_000_000.0;
    let days = (at.millis() as f64 - J2000_MS) / 86_400_000.0;
    let anomaly = (357.528 + 0.985_600_3 * days).to_radians();
    let mean_longitude = 280.460 + 0.985_647_4 * days;
    let longitude = (mean_longitude + 1.915 * anomaly.sin() + 0.020 * (2.0 * anomaly).sin()).to_radians();
    let obliquity = (23.439 - 0.000_000_4 * days).to_radians();
    let right_ascension = (obliquity.cos() * longitude.sin()).atan2(longitude.cos());
    let declination = (obliquity.sin() * longitude.sin()).asin();
    let sidereal_hours = 18.697_374_558 + 24.065_709_824_419_08 * days;
    let hour_angle = (sidereal_hours * 15.0 + place.lon).to_radians() - right_ascension;
    let latitude = place.lat.to_radians();
    (latitude.sin() * declination.sin() + latitude.cos() * declination.cos() * hour_angle.cos()).asin().to_degrees()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CITY: Position = Position { lat: 40.64, lon: 22.94 };

    fn at(text: &str) -> Timestamp {
        Timestamp::from_millis(text.parse::<jiff::Timestamp>().expect("a time").as_millisecond())
    }

    #[test]
    fn patience_follows_period_and_power() {
        assert_eq!(patience_ms(Power::Mains, Some(60)), 5 * MINUTE_MS);
        assert_eq!(patience_ms(Power::Mains, Some(900)), 46 * MINUTE_MS);
        assert_eq!(patience_ms(Power::Mains, None), HOUR_MS);
        assert_eq!(patience_ms(Power::Night, Some(900)), 46 * MINUTE_MS);
        assert_eq!(patience_ms(Power::Battery, Some(86_400)), 3 * 24 * HOUR_MS + MINUTE_MS);
    }

    /// Rise and set of the sun at Thessaloniki as almanacs print them (elevation −0.83°), to within three minutes.
    #[test]
    fn the_sun_rises_and_sets_when_almanacs_say() {
        for (moment, up) in [
            ("2026-06-21T02:54:00Z", false),
            ("2026-06-21T03:00:00Z", true),
            ("2026-06-21T17:57:00Z", true),
            ("2026-06-21T18:07:00Z", false),
            ("2026-12-21T05:45:00Z", false),
            ("2026-12-21T05:55:00Z", true),
            ("2026-12-21T14:59:00Z", true),
            ("2026-12-21T15:10:00Z", false),
        ] {
            let elevation = elevation_deg(CITY, at(moment));
            assert_eq!(elevation > -0.833, up, "{moment}: {elevation}");
        }
    }

    #[test]
    fn a_lamp_is_asked_after_at_night_alone() {
        let silent = |heard: &str, now: &str| {
            let now = at(now);
            since(Power::Night, Some(900), at(heard), at("2026-01-01T00:00:00Z"), dark_since(CITY, now), now).is_some()
        };
        // Last heard at dawn.
        assert!(!silent("2026-06-21T02:00:00Z", "2026-06-21T12:00:00Z"), "it is day");
        assert!(!silent("2026-06-21T02:00:00Z", "2026-06-21T18:55:00Z"), "it is dark for some minutes");
        assert!(silent("2026-06-21T02:00:00Z", "2026-06-21T20:00:00Z"), "it did not come with the dark");
        assert!(!silent("2026-06-21T19:30:00Z", "2026-06-21T20:00:00Z"), "it came");
        assert!(silent("2026-06-20T20:00:00Z", "2026-06-21T20:00:00Z"), "nor the night before");
    }

    #[test]
    fn a_gateway_that_was_away_asks_after_nobody_at_once() {
        let now = at("2026-06-21T12:00:00Z");
        let silent = |from: Timestamp| since(Power::Mains, Some(60), at("2026-06-20T12:00:00Z"), from, None, now);
        assert_eq!(silent(now.plus_millis(-4 * MINUTE_MS)), None);
        assert_eq!(silent(now.plus_millis(-6 * MINUTE_MS)), Some(at("2026-06-20T12:00:00Z")));
    }
}
