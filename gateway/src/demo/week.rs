//! The week of real measurements that is part of the program, and its replay as an endless run of weeks around now.
//!
//! A reading keeps its weekday and its local time of day: it is taken from Aberdeen's summer time to the city's time, and
//! moved by whole weeks. The hour that the city's spring leaves out is left out; autumn's doubled hour is filled once.

use std::io::{BufRead, BufReader};
use std::sync::Arc;

use jiff::civil::{Date, DateTime, Time, date};
use jiff::tz::{AmbiguousOffset, TimeZone};
use protocols::native::Decimal;

use super::models::Sample;
use crate::reading::Timestamp;

/// The archive's week: a Monday to a Sunday.
const WEEK: &[u8] = include_bytes!("../../data/sensor-community-aberdeen-2019-05-06-week.csv.gz");
/// Where its days begin: Aberdeen had summer time, an hour ahead of the UTC that the archive tells.
const MONDAY: Date = date(2019, 5, 6);
const SUMMER_TIME_S: i64 = 3_600;
const WEEK_S: i64 = 7 * 86_400;

/// The archive's columns with values: quantity, and the unit where it is not the catalogue's.
const QUANTITIES: [(&str, &str); 5] =
    [("pm10", ""), ("pm25", ""), ("temperature", ""), ("humidity", ""), ("pressure", "Pa")];
/// The column of the first of them.
const FIRST_COLUMN: usize = 6;

/// One line of the archive: lean, for there are many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Line {
    /// Seconds since the week's Monday began, local.
    second: u32,
    /// What the values are: the first of [`QUANTITIES`] that there is; the others follow.
    first: u8,
    count: u8,
    /// Hundredths.
    values: [i32; 3],
}

/// The measurements of one place of the archive.
#[derive(Debug, Clone)]
pub(super) struct Replay {
    lines: Arc<[Line]>,
}

/// Reads those places of the archive, by its numbers for locations; in the same order.
pub(super) fn read(locations: &[u32]) -> Vec<Replay> {
    let mut places = vec![Vec::new(); locations.len()];
    let reader = BufReader::with_capacity(16 * 1_024, flate2::read::GzDecoder::new(WEEK));
    for text in reader.lines().skip(1) {
        let text = text.expect("the archive in the program unpacks");
        let columns: Vec<&str> = text.split(',').collect();
        let place = columns.get(3).and_then(|number| number.parse().ok());
        let Some(index) = place.and_then(|place: u32| locations.iter().position(|l| *l == place)) else { continue };
        places[index].extend(line(&columns));
    }
    let sorted = |mut lines: Vec<Line>| {
        lines.sort_by_key(|line| line.second);
        lines.shrink_to_fit();
        Replay { lines: lines.into() }
    };
    places.into_iter().map(sorted).collect()
}

/// A line of the archive; none when it has no values, as when a sensor failed.
fn line(columns: &[&str]) -> Option<Line> {
    let at: DateTime = columns[0].parse().expect("the archive's times are ISO 8601");
    let monday = MONDAY.to_datetime(Time::midnight());
    let since = at.duration_since(monday).as_secs() + SUMMER_TIME_S;
    let mut line = Line { second: since.rem_euclid(WEEK_S) as u32, first: 0, count: 0, values: [0; 3] };
    for index in 0..QUANTITIES.len() {
        let text = columns.get(FIRST_COLUMN + index).copied().unwrap_or_default();
        if text.is_empty() {
            continue;
        }
        let value: f64 = text.parse().expect("the archive's values are numbers");
        let value = Decimal::nearest(value, 2).expect("the archive's values are small");
        if line.count == 0 {
            line.first = index as u8;
        } else if usize::from(line.first + line.count) != index {
            // P2 without P1 between: none of the archive's sensors leaves a gap, and a gap is not made up.
            break;
        }
        line.values[usize::from(line.count)] = value.mantissa() as i32;
        line.count += 1;
    }
    (line.count > 0).then_some(line)
}

impl Replay {
    /// The samples of `(after, until]`.
    pub(super) fn between(&self, after: Timestamp, until: Timestamp, zone: &TimeZone) -> Vec<Sample> {
        let mut samples = Vec::new();
        // A day on either side covers every time zone.
        let mut monday = monday_before(after.plus_millis(-86_400_000));
        while Timestamp::from_millis(utc_millis(monday)) <= until.plus_millis(86_400_000) {
            let local = |at: Timestamp| (at.millis() - utc_millis(monday)).div_euclid(1_000);
            let from = self.lines.partition_point(|line| i64::from(line.second) < local(after) - 86_400);
            let to = self.lines.partition_point(|line| i64::from(line.second) <= local(until) + 86_400);
            for line in self.lines.get(from..to).unwrap_or_default() {
                if let Some(at) = instant(monday, line.second, zone)
                    && at > after
                    && at <= until
                {
                    samples.extend(line.samples(at));
                }
            }
            monday = monday.saturating_add(jiff::Span::new().days(7));
        }
        samples
    }
}

impl Line {
    fn samples(&self, at: Timestamp) -> impl Iterator<Item = Sample> + '_ {
        (0..usize::from(self.count)).map(move |index| {
            let (quantity, unit) = QUANTITIES[usize::from(self.first) + index];
            let value = Decimal::new(i64::from(self.values[index]), -2).expect("hundredths in 32 bits");
            Sample { at, quantity, value, unit }
        })
    }
}

/// The Monday of the week that `at` is in, by UTC.
fn monday_before(at: Timestamp) -> Date {
    let day = jiff::Timestamp::from_millisecond(at.millis()).unwrap_or_default().to_zoned(TimeZone::UTC).date();
    day.saturating_sub(jiff::Span::new().days(i64::from(day.weekday().to_monday_zero_offset())))
}

fn utc_millis(day: Date) -> i64 {
    day.to_zoned(TimeZone::UTC).map_or(0, |midnight| midnight.timestamp().as_millisecond())
}

/// When that second of the local week is; none in the hour that spring leaves out.
fn instant(monday: Date, second: u32, zone: &TimeZone) -> Option<Timestamp> {
    let days = i64::from(second / 86_400);
    let second = second % 86_400;
    let time = Time::new((second / 3_600) as i8, (second / 60 % 60) as i8, (second % 60) as i8, 0).ok()?;
    let local = monday.checked_add(jiff::Span::new().days(days)).ok()?.to_datetime(time);
    let ambiguous = zone.to_ambiguous_zoned(local);
    if matches!(ambiguous.offset(), AmbiguousOffset::Gap { .. }) {
        return None;
    }
    let instant = ambiguous.earlier().ok()?.timestamp();
    Some(Timestamp::from_millis(instant.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::demo::city::AIR;

    impl Replay {
        /// How many values the week has.
        fn len(&self) -> usize {
            self.lines.iter().map(|line| usize::from(line.count)).sum()
        }
    }

    fn city() -> TimeZone {
        TimeZone::get("Europe/Athens").expect("a time zone")
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::from_millis(text.parse::<jiff::Timestamp>().expect("a time").as_millisecond())
    }

    fn replays() -> Vec<Replay> {
        read(&AIR.map(|air| air.location))
    }

    #[test]
    fn weekday_and_local_time_of_day_stay() {
        // The archive's first reading of this place: 2019-05-06T00:01:17Z, a Monday, 01:01:17 in Aberdeen.
        let replay = &read(&[7647])[0];
        let first = |from: &str, to: &str| replay.between(at(from), at(to), &city()).first().map(|s| s.at);
        // 16 November 2026 is a Monday of winter time, 13 July one of summer time.
        assert_eq!(first("2026-11-15T23:00:00Z", "2026-11-16T00:00:00Z"), Some(at("2026-11-15T23:01:17Z")));
        assert_eq!(first("2026-07-12T22:00:00Z", "2026-07-13T00:00:00Z"), Some(at("2026-07-12T22:01:17Z")));
    }

    #[test]
    fn every_reading_is_unique_by_quantity_and_time_and_in_order_also_when_clocks_change() {
        let spans = [("2026-10-19", "2026-11-02"), ("2027-03-22", "2027-04-05")];
        for (place, replay) in replays().iter().enumerate() {
            for (from, to) in spans {
                let span = (at(&format!("{from}T00:00:00Z")), at(&format!("{to}T00:00:00Z")));
                let samples = replay.between(span.0, span.1, &city());
                let names: HashSet<_> = samples.iter().map(|s| (s.quantity, s.at)).collect();
                assert_eq!(names.len(), samples.len(), "place {place}, {from}");
                assert!(samples.is_sorted_by_key(|s| s.at), "place {place}, {from}");
                let weeks = 2 * replay.len();
                assert!(samples.len() < weeks + 500 && samples.len() > weeks - 1_000, "{} of {weeks}", samples.len());
            }
        }
    }

    #[test]
    fn parts_of_a_span_make_the_whole_of_it() {
        let replay = &replays()[3];
        let (from, to) = (at("2026-11-19T00:00:00Z"), at("2026-11-24T00:00:00Z"));
        let whole = replay.between(from, to, &city());
        let mut parts = Vec::new();
        let mut reached = from;
        while reached < to {
            let next = reached.plus_millis(4_321_000).min(to);
            parts.extend(replay.between(reached, next, &city()));
            reached = next;
        }
        assert_eq!(parts, whole);
        assert!(whole.len() > 5_000, "{}", whole.len());
    }

    #[test]
    fn every_place_of_the_city_has_most_of_a_week() {
        for (air, replay) in AIR.iter().zip(replays()) {
            assert!(replay.len() > 10_000, "{}: {}", air.site, replay.len());
        }
    }
}
