//! Which window an instant falls into: half-open, in UTC or by local days of 23, 24 or 25 hours.

use std::collections::HashMap;
use std::sync::Mutex;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::reading::Timestamp;
use crate::store::model::{Span, WindowIndex, WindowLength};

const DAY_MS: i64 = 86_400_000;
const MINUTE_MS: i64 = 60_000;
const LOCAL_DAYS_KEPT_MAX: usize = 4_096;

/// The configured windows and the time zone of local days.
#[derive(Debug)]
pub struct Windows {
    lengths: Vec<WindowLength>,
    zone: TimeZone,
    /// Local days by their number of days since 1970: the time-zone rules are slow to ask for each reading.
    days: Mutex<HashMap<i64, Span>>,
}

impl Windows {
    /// Windows of those lengths (1 to 7, checked by the configuration), with local days of `zone`.
    pub fn new(lengths: Vec<WindowLength>, zone: TimeZone) -> Self {
        Self { lengths, zone, days: Mutex::default() }
    }

    /// The lengths, in the order of their index.
    pub fn lengths(&self) -> &[WindowLength] {
        &self.lengths
    }

    /// Every window's index.
    pub fn indices(&self) -> impl Iterator<Item = WindowIndex> + use<> {
        (0..self.lengths.len() as u8).map(WindowIndex)
    }

    /// The time zone of local days.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The window of that index around `at`.
    pub fn around(&self, index: WindowIndex, at: Timestamp) -> Span {
        match self.lengths[usize::from(index.0)] {
            WindowLength::Minutes(minutes) => {
                let length = i64::from(minutes) * MINUTE_MS;
                let from = at.millis().div_euclid(length).saturating_mul(length);
                Span { from: Timestamp::from_millis(from), until: Timestamp::from_millis(from.saturating_add(length)) }
            }
            WindowLength::LocalDay => self.local_day(at),
        }
    }

    /// The local day around `at`.
    pub fn local_day(&self, at: Timestamp) -> Span {
        // The local date is that of UTC or one beside it.
        let number = at.millis().div_euclid(DAY_MS);
        for number in [number, number + 1, number - 1] {
            let day = self.day(number);
            if day.contains(at) {
                return day;
            }
        }
        unreachable!("local days tile time, and no zone is more than a day from UTC")
    }

    /// The local day that many days after 1970-01-01.
    fn day(&self, number: i64) -> Span {
        let mut days = self.days.lock().expect("no panic while the lock is held");
        if let Some(span) = days.get(&number) {
            return *span;
        }
        let span = Span { from: self.midnight(number), until: self.midnight(number + 1) };
        if days.len() >= LOCAL_DAYS_KEPT_MAX {
            days.clear();
        }
        days.insert(number, span);
        span
    }

    /// The first instant of the local day; plain UTC where the calendar ends.
    fn midnight(&self, number: i64) -> Timestamp {
        let utc = Timestamp::from_millis(number.saturating_mul(DAY_MS));
        let date = i32::try_from(number)
            .ok()
            .and_then(|days| Date::constant(1970, 1, 1).checked_add(jiff::Span::new().try_days(days).ok()?).ok());
        date.and_then(|date| date.to_zoned(self.zone.clone()).ok())
            .map_or(utc, |zoned| Timestamp::from_millis(zoned.timestamp().as_millisecond()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn athens() -> Windows {
        let lengths = vec![WindowLength::Minutes(15), WindowLength::Minutes(60), WindowLength::LocalDay];
        Windows::new(lengths, TimeZone::get("Europe/Athens").expect("the zone is bundled or on the system"))
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::from_millis(text.parse::<jiff::Timestamp>().expect("a time").as_millisecond())
    }

    fn span(from: &str, until: &str) -> Span {
        Span { from: at(from), until: at(until) }
    }

    #[test]
    fn windows_are_half_open_and_aligned() {
        let windows = athens();
        let quarter = span("2026-03-01T10:15:00Z", "2026-03-01T10:30:00Z");
        assert_eq!(windows.around(WindowIndex(0), quarter.from), quarter);
        assert_eq!(windows.around(WindowIndex(0), quarter.until.plus_millis(-1)), quarter);
        assert_ne!(windows.around(WindowIndex(0), quarter.until), quarter);
        assert_eq!(windows.around(WindowIndex(1), quarter.from), span("2026-03-01T10:00:00Z", "2026-03-01T11:00:00Z"));
    }

    #[test]
    fn a_local_day_has_23_hours_in_march_and_25_in_october() {
        let windows = athens();
        let day = |text: &str| windows.around(WindowIndex(2), at(text));
        assert_eq!(day("2026-03-28T12:00:00Z"), span("2026-03-27T22:00:00Z", "2026-03-28T22:00:00Z"));
        assert_eq!(day("2026-03-29T12:00:00Z"), span("2026-03-28T22:00:00Z", "2026-03-29T21:00:00Z"));
        assert_eq!(day("2026-10-25T12:00:00Z"), span("2026-10-24T21:00:00Z", "2026-10-25T22:00:00Z"));
    }

    #[test]
    fn every_instant_of_a_year_lies_in_its_own_local_day() {
        let windows = athens();
        let mut now = at("2026-01-01T00:00:00Z");
        while now < at("2027-01-01T00:00:00Z") {
            assert!(windows.local_day(now).contains(now), "{now}");
            now = now.plus_millis(1_800_000);
        }
    }
}
