//! When an inspection is due. Pure: days of the city's calendar in, days out.
//!
//! A day that something is due is in time until its end, by the local clock; daylight saving makes some days 23 or 25 hours
//! long and no inspection late. Months are calendar months: from 31 January one month on is the last of February.

use jiff::civil::Date;
use jiff::{ToSpan, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::catalogue::inspections::Interval;
use crate::reading::Timestamp;

/// A rule and its window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// How often.
    pub rule: Interval,
    /// The first day that the rule holds; without an inspection yet the first one is due then, or in that day's part of the
    /// month.
    pub from: Date,
    /// Days before the due day from which on it may be made for it.
    pub before_days: u16,
    /// Days after the due day until which it still counts as in time.
    pub after_days: u16,
}

/// The last inspection of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Last {
    /// The day it was made.
    pub made: Date,
    /// The day it had been due.
    pub due: Option<Date>,
}

/// How a plan stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// It may not be made yet.
    Later,
    /// It may be made.
    Open,
    /// It is due today, or within the days that are allowed after.
    Due,
    /// It should have been made.
    Overdue {
        /// Days since the last one on which it was in time.
        days: u32,
    },
}

impl Plan {
    /// The day that the next one is due; none when there is none to come.
    pub fn due(&self, last: Option<Last>) -> Option<Date> {
        let Some(last) = last else {
            return Some(match self.rule {
                Interval::PerMonth(n) => part_of_month(self.from, n).1,
                Interval::Yearly { month, day } => occurrence_after(self.from.saturating_sub(1.day()), month, day),
                _ => self.from,
            });
        };
        let after = |date: Date, months: u16| date.saturating_add(i32::from(months).months());
        Some(match self.rule {
            Interval::Once => return None,
            Interval::Days(days) => last.made.saturating_add(i32::from(days).days()),
            Interval::Months(months) => after(last.made, months),
            Interval::MonthsAnchored(months) => match last.due.filter(|due| self.is_within(last.made, *due)) {
                Some(due) => after(due, months),
                None => after(last.made, months),
            },
            Interval::PerMonth(n) => {
                let end = part_of_month(last.made.max(self.from), n).1;
                part_of_month(end.saturating_add(1.day()), n).1
            }
            // One that was made in the window before the day was made for it.
            Interval::Yearly { month, day } => {
                let made_for = last.made.saturating_add(i32::from(self.before_days).days());
                occurrence_after(made_for.max(self.from.saturating_sub(1.day())), month, day)
            }
        })
    }

    /// How it stands on a day.
    pub fn standing(&self, last: Option<Last>, today: Date) -> Option<Standing> {
        let due = self.due(last)?;
        let in_time_until = due.saturating_add(i32::from(self.after_days).days());
        Some(if today > in_time_until {
            Standing::Overdue { days: days_between(in_time_until, today) }
        } else if today >= due {
            Standing::Due
        } else if today >= due.saturating_sub(i32::from(self.before_days).days()) {
            Standing::Open
        } else {
            Standing::Later
        })
    }

    /// The instant from which on it is overdue: the end of the last day that it is in time.
    pub fn overdue_from(&self, last: Option<Last>, zone: &TimeZone) -> Option<Timestamp> {
        let next = self.due(last)?.saturating_add(i32::from(self.after_days).days()).tomorrow().ok()?;
        let midnight = next.to_zoned(zone.clone()).ok()?;
        Some(Timestamp::from_millis(midnight.timestamp().as_millisecond()))
    }

    fn is_within(&self, made: Date, due: Date) -> bool {
        made >= due.saturating_sub(i32::from(self.before_days).days())
            && made <= due.saturating_add(i32::from(self.after_days).days())
    }
}

/// The day of the city's calendar on which an instant lies.
pub fn local_day(at: Timestamp, zone: &TimeZone) -> Date {
    let at = jiff::Timestamp::from_millisecond(at.millis()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    at.to_zoned(zone.clone()).date()
}

/// Whole days from one day to a later one; 0 when it is not later.
pub fn days_between(from: Date, to: Date) -> u32 {
    from.until(to).map_or(0, |span| u32::try_from(span.get_days()).unwrap_or(0))
}

/// The first and last day of the part of its month that a day lies in, of `n` parts as equal as whole days allow.
fn part_of_month(day: Date, n: u8) -> (Date, Date) {
    let (length, n) = (i32::from(day.days_in_month()), i32::from(n.max(1)));
    let parts = (0..n).map(|i| (i * length / n + 1, (i + 1) * length / n));
    let of = |number: i32| i8::try_from(number).ok().and_then(|number| day.with().day(number).build().ok());
    let mut parts = parts.filter(|(first, last)| first <= last);
    let (first, last) = parts.find(|(_, last)| i32::from(day.day()) <= *last).unwrap_or((1, length));
    (of(first).unwrap_or(day), of(last).unwrap_or(day))
}

/// The first such day of a year after `day`.
fn occurrence_after(day: Date, month: i8, number: i8) -> Date {
    let in_year = |year: i16| {
        let first = Date::new(year, month.clamp(1, 12), 1).unwrap_or(Date::MAX);
        first.with().day(number.clamp(1, first.days_in_month())).build().unwrap_or(first)
    };
    let this = in_year(day.year());
    if this > day { this } else { in_year(day.year().saturating_add(1)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().expect("a day")
    }

    fn plan(rule: Interval) -> Plan {
        Plan { rule, from: day("2026-01-01"), before_days: 0, after_days: 0 }
    }

    fn made(text: &str) -> Option<Last> {
        Some(Last { made: day(text), due: None })
    }

    #[test]
    fn the_next_is_due() {
        let cases = [
            // Daily, weekly, every three months, yearly: EN 1176-7's four.
            (Interval::Days(1), "2026-03-28", "2026-03-29"),
            (Interval::Days(7), "2026-12-28", "2027-01-04"),
            (Interval::Months(3), "2026-11-30", "2027-02-28"),
            (Interval::Months(3), "2027-11-30", "2028-02-29"),
            (Interval::Months(12), "2028-02-29", "2029-02-28"),
            (Interval::Months(12), "2027-02-28", "2028-02-28"),
            (Interval::Months(1), "2026-01-31", "2026-02-28"),
            // Twice a month: a lift in a public building.
            (Interval::PerMonth(2), "2026-02-01", "2026-02-28"),
            (Interval::PerMonth(2), "2026-02-14", "2026-02-28"),
            (Interval::PerMonth(2), "2026-02-15", "2026-03-15"),
            (Interval::PerMonth(2), "2028-02-15", "2028-03-15"),
            (Interval::PerMonth(2), "2026-12-31", "2027-01-15"),
            (Interval::PerMonth(1), "2026-04-30", "2026-05-31"),
            (Interval::PerMonth(3), "2026-04-10", "2026-04-20"),
            (Interval::PerMonth(0), "2026-04-10", "2026-05-31"),
            (Interval::PerMonth(60), "2026-02-10", "2026-02-11"),
            (Interval::Yearly { month: 5, day: 15 }, "2026-05-14", "2026-05-15"),
            (Interval::Yearly { month: 5, day: 15 }, "2026-05-15", "2027-05-15"),
            (Interval::Yearly { month: 2, day: 29 }, "2026-03-01", "2027-02-28"),
            (Interval::Yearly { month: 2, day: 29 }, "2027-03-01", "2028-02-29"),
        ];
        for (rule, last, due) in cases {
            assert_eq!(plan(rule).due(made(last)), Some(day(due)), "{rule:?} after {last}");
        }
        assert_eq!(plan(Interval::Once).due(made("2026-03-01")), None);
    }

    #[test]
    fn the_first_is_due_when_the_plan_begins() {
        let cases = [
            (Interval::Once, "2026-01-01"),
            (Interval::Days(1), "2026-01-01"),
            (Interval::Months(12), "2026-01-01"),
            (Interval::PerMonth(2), "2026-01-15"),
            (Interval::Yearly { month: 1, day: 1 }, "2026-01-01"),
            (Interval::Yearly { month: 12, day: 31 }, "2026-12-31"),
        ];
        for (rule, due) in cases {
            assert_eq!(plan(rule).due(None), Some(day(due)), "{rule:?}");
        }
    }

    #[test]
    fn within_its_window_a_check_keeps_its_day_of_the_year() {
        // Vehicles: three weeks before to one after.
        let kteo = Plan { before_days: 21, after_days: 7, ..plan(Interval::MonthsAnchored(24)) };
        let last = |made: &str| Some(Last { made: day(made), due: Some(day("2026-06-20")) });
        for (made, due) in [
            ("2026-05-30", "2028-06-20"),
            ("2026-06-27", "2028-06-20"),
            ("2026-05-29", "2028-05-29"),
            ("2026-06-28", "2028-06-28"),
        ] {
            assert_eq!(kteo.due(last(made)), Some(day(due)), "{made}");
        }
        let yearly = Plan { before_days: 30, ..plan(Interval::Yearly { month: 5, day: 15 }) };
        assert_eq!(yearly.due(made("2026-04-15")), Some(day("2027-05-15")), "it was made for May");
        assert_eq!(yearly.due(made("2026-04-14")), Some(day("2026-05-15")), "it was too early to be");
    }

    #[test]
    fn it_opens_falls_due_and_is_overdue_by_days() {
        let plan = Plan { before_days: 3, after_days: 2, ..plan(Interval::Days(10)) };
        let on = |today: &str| plan.standing(made("2026-03-20"), day(today)).expect("there is a next one");
        assert_eq!(on("2026-03-26"), Standing::Later);
        assert_eq!(on("2026-03-27"), Standing::Open);
        assert_eq!(on("2026-03-30"), Standing::Due);
        assert_eq!(on("2026-04-01"), Standing::Due);
        assert_eq!(on("2026-04-02"), Standing::Overdue { days: 1 });
        assert_eq!(on("2027-04-02"), Standing::Overdue { days: 366 });
    }

    #[test]
    fn a_minute_before_midnight_is_in_time_and_a_minute_after_is_not() {
        let zone = TimeZone::get("Europe/Athens").expect("bundled");
        let daily = plan(Interval::Days(1));
        // Clocks go forward on 29 March 2026 and back on 25 October.
        for (last, midnight) in [
            ("2026-03-27", "2026-03-29T00:00:00+02:00"),
            ("2026-03-28", "2026-03-30T00:00:00+03:00"),
            ("2026-10-23", "2026-10-25T00:00:00+03:00"),
            ("2026-10-24", "2026-10-26T00:00:00+02:00"),
        ] {
            let from = daily.overdue_from(made(last), &zone).expect("there is a next one");
            let expected: jiff::Timestamp = midnight.parse().expect("an instant");
            assert_eq!(from.millis(), expected.as_millisecond(), "{last}");
            for (minutes, overdue) in [(-1, false), (1, true)] {
                let today = local_day(from.plus_millis(minutes * 60_000), &zone);
                let standing = daily.standing(made(last), today).expect("there is a next one");
                assert_eq!(matches!(standing, Standing::Overdue { .. }), overdue, "{last} {minutes}");
            }
        }
    }

    #[test]
    fn no_plan_overflows() {
        for rule in [
            Interval::Days(u16::MAX),
            Interval::Months(u16::MAX),
            Interval::PerMonth(255),
            Interval::Yearly { month: 99, day: -4 },
        ] {
            for last in [Date::MIN, Date::MAX, day("2026-01-31")] {
                let plan = Plan { before_days: u16::MAX, after_days: u16::MAX, ..plan(rule) };
                let _ = plan.standing(Some(Last { made: last, due: None }), Date::MAX);
                let _ = plan.overdue_from(Some(Last { made: last, due: Some(last) }), &TimeZone::UTC);
            }
        }
    }
}
