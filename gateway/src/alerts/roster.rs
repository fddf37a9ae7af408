//! Who is on call: pure. Entries of the roster, the local time and what the alert is about in; who is told, in order, out.

use std::collections::BTreeSet;

use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Time};
use serde::{Deserialize, Serialize};

/// Minutes of a day.
const DAY_MIN: i16 = 1_440;
/// How finely gaps are looked for, in minutes.
const STEP_MIN: i16 = 15;

/// A turn of duty: who, when, for what, and how they are told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// Who, by pseudonym: `person/…`.
    pub person: Box<str>,
    /// Days of the week on which it begins, 1 is Monday; empty: every day.
    #[serde(default)]
    pub days: BTreeSet<i8>,
    /// Minute of the local day at which it begins,
    pub from_min: i16,
    /// and ends; at or before the beginning: on the next day.
    pub until_min: i16,
    /// The first day that it is for; none: it always was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Date>,
    /// The last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Date>,
    /// Communities; empty: all.
    #[serde(default)]
    pub zones: BTreeSet<Box<str>>,
    /// Kinds of equipment; empty: all, and alerts that are about none.
    #[serde(default)]
    pub kinds: BTreeSet<Box<str>>,
    /// Whether they are told first (1), or when those before have not answered.
    pub rung: u8,
    /// Whether they are told by e-mail.
    pub email: bool,
    /// Webhooks by which they are told, by name: an SMS gateway.
    #[serde(default)]
    pub webhooks: BTreeSet<Box<str>>,
}

/// What somebody is needed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Need<'a> {
    /// The community, where there is one.
    pub zone: Option<&'a str>,
    /// The kind of equipment, where it is about some.
    pub kind: Option<&'a str>,
}

impl Turn {
    /// Whether it is their turn then.
    pub fn holds(&self, at: DateTime) -> bool {
        let minute = i16::from(at.hour()) * 60 + i16::from(at.minute());
        let night = self.until_min <= self.from_min;
        let begun_today = minute >= self.from_min && (night || minute < self.until_min);
        // A night that began yesterday is yesterday's turn.
        let begun_yesterday = night && minute < self.until_min;
        (begun_today && self.begins_on(at.date()))
            || (begun_yesterday && at.date().yesterday().is_ok_and(|day| self.begins_on(day)))
    }

    fn begins_on(&self, day: Date) -> bool {
        let of_week = self.days.is_empty() || self.days.contains(&day.weekday().to_monday_one_offset());
        of_week && self.first.is_none_or(|first| first <= day) && self.last.is_none_or(|last| day <= last)
    }

    /// Whether it is for that.
    pub fn is_for(&self, need: Need<'_>) -> bool {
        let zone = self.zones.is_empty() || need.zone.is_some_and(|zone| self.zones.iter().any(|own| **own == *zone));
        let kind = self.kinds.is_empty() || need.kind.is_some_and(|kind| self.kinds.iter().any(|own| **own == *kind));
        zone && kind
    }

    /// Whether it reaches anybody at all.
    pub fn has_way(&self) -> bool {
        self.email || !self.webhooks.is_empty()
    }
}

/// Who is told of such an alert at that moment: rung by rung, a person once. Within a rung, those come first who are for the fewest
/// communities and kinds.
pub fn ladder<'a>(turns: impl IntoIterator<Item = &'a Turn>, need: Need<'_>, at: DateTime) -> Vec<&'a Turn> {
    let mut ladder: Vec<&Turn> = turns.into_iter().filter(|turn| turn.holds(at) && turn.is_for(need)).collect();
    let breadth = |codes: &BTreeSet<Box<str>>| if codes.is_empty() { usize::MAX } else { codes.len() };
    ladder.sort_by_key(|turn| (turn.rung, breadth(&turn.zones), breadth(&turn.kinds)));
    let mut seen = BTreeSet::new();
    ladder.retain(|turn| seen.insert(&turn.person));
    ladder
}

/// A time in which nobody is on call for anything in general.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// From then,
    pub from: DateTime,
    /// until then.
    pub until: DateTime,
}

/// Gaps of the roster in the `days` from a day on, to a quarter of an hour: times in which an alarm of that need finds nobody.
pub fn gaps(turns: &[Turn], need: Need<'_>, from: Date, days: i64) -> Vec<Gap> {
    let mut gaps: Vec<Gap> = Vec::new();
    for n in 0..days {
        let day = from.saturating_add(n.days());
        for minute in (0..DAY_MIN).step_by(STEP_MIN as usize) {
            let time = Time::constant((minute / 60) as i8, (minute % 60) as i8, 0, 0);
            let at = day.to_datetime(time);
            if turns.iter().any(|turn| turn.holds(at) && turn.is_for(need)) {
                continue;
            }
            let until = at.saturating_add(i64::from(STEP_MIN).minutes());
            match gaps.last_mut() {
                Some(last) if last.until == at => last.until = until,
                _ => gaps.push(Gap { from: at, until }),
            }
        }
    }
    gaps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(person: &str, from: i16, until: i16, rung: u8) -> Turn {
        Turn {
            person: person.into(),
            days: BTreeSet::new(),
            from_min: from * 60,
            until_min: until * 60,
            first: None,
            last: None,
            zones: BTreeSet::new(),
            kinds: BTreeSet::new(),
            rung,
            email: true,
            webhooks: BTreeSet::new(),
        }
    }

    fn at(text: &str) -> DateTime {
        text.parse().expect("a local time")
    }

    fn told(turns: &[Turn], need: Need<'_>, moment: &str) -> Vec<String> {
        ladder(turns, need, at(moment)).iter().map(|turn| turn.person.to_string()).collect()
    }

    #[test]
    fn a_night_belongs_to_the_day_on_which_it_began() {
        // 2026-11-23 is a Monday.
        let night = Turn { days: [1].into(), ..turn("a", 22, 6, 1) };
        for (moment, holds) in [
            ("2026-11-23T21:59", false),
            ("2026-11-23T22:00", true),
            ("2026-11-24T05:59", true),
            ("2026-11-24T06:00", false),
            ("2026-11-24T22:00", false),
            ("2026-11-23T05:00", false),
        ] {
            assert_eq!(night.holds(at(moment)), holds, "{moment}");
        }
        let day_and_night = turn("a", 8, 8, 1);
        assert!(day_and_night.holds(at("2026-11-23T03:00")) && day_and_night.holds(at("2026-11-23T08:00")));
        let once =
            Turn { first: Some(at("2026-11-23T00:00").date()), last: Some(at("2026-11-23T00:00").date()), ..night };
        assert!(once.holds(at("2026-11-24T05:00")) && !once.holds(at("2026-11-30T23:00")));
    }

    #[test]
    fn the_ladder_is_by_rung_and_the_nearer_come_first() {
        let mut turns =
            vec![turn("boss", 0, 0, 2), turn("anybody", 0, 0, 1), turn("lifts", 0, 0, 1), turn("boss", 8, 16, 1)];
        turns[2].kinds = ["lift".into()].into();
        let lift = Need { zone: Some("DKA"), kind: Some("lift") };
        assert_eq!(told(&turns, lift, "2026-11-23T03:00"), ["lifts", "anybody", "boss"]);
        assert_eq!(told(&turns, Need::default(), "2026-11-23T03:00"), ["anybody", "boss"]);
        assert_eq!(told(&turns, Need::default(), "2026-11-23T09:00"), ["anybody", "boss"], "a person once");
        assert_eq!(told(&[], lift, "2026-11-23T03:00"), [""; 0]);
    }

    #[test]
    fn gaps_are_told_to_the_quarter() {
        let week = [turn("a", 6, 22, 1), Turn { days: [1, 2, 3, 4, 5].into(), ..turn("b", 22, 6, 1) }];
        let found = gaps(&week, Need::default(), at("2026-11-23T00:00").date(), 7);
        let shown: Vec<(String, String)> =
            found.iter().map(|gap| (gap.from.to_string(), gap.until.to_string())).collect();
        let expected = [
            ("2026-11-23T00:00:00", "2026-11-23T06:00:00"),
            ("2026-11-28T22:00:00", "2026-11-29T06:00:00"),
            ("2026-11-29T22:00:00", "2026-11-30T00:00:00"),
        ];
        assert_eq!(shown, expected.map(|(from, until)| (from.to_owned(), until.to_owned())));
        assert_eq!(gaps(&[turn("a", 0, 0, 1)], Need::default(), at("2026-11-23T00:00").date(), 7), []);
        assert_eq!(gaps(&[], Need::default(), at("2026-11-23T00:00").date(), 1).len(), 1);
    }
}
