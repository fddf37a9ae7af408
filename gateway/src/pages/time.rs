//! Times as people in the city read them: local and plain, with the offset where it matters.

use jiff::Zoned;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::format;
use super::text::Lang;
use crate::reading::Timestamp;

/// Now, here, in one language.
#[derive(Clone, Debug)]
pub(super) struct Local {
    pub(super) now: Timestamp,
    pub(super) zone: TimeZone,
    pub(super) lang: Lang,
}

/// An instant, ready to be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct When {
    /// `σήμερα 14:20`
    pub(super) short: String,
    /// `πριν 3 λεπτά`
    pub(super) age: String,
    /// `22/11/2026 14:20:05 +02:00`
    pub(super) full: String,
    /// RFC 3339.
    pub(super) iso: String,
}

impl Local {
    /// The instant in the city's time zone; none beyond the calendar's end.
    pub(super) fn zoned(&self, at: Timestamp) -> Option<Zoned> {
        Some(jiff::Timestamp::from_millisecond(at.millis()).ok()?.to_zoned(self.zone.clone()))
    }

    /// The instant, ready to be shown.
    pub(super) fn when(&self, at: Timestamp) -> When {
        When {
            short: self.short(at),
            age: format::age(self.now.millis_since(at), self.lang),
            full: self.full(at),
            iso: at.to_string(),
        }
    }

    /// `σήμερα 14:20`, `χθες 14:20`, `20 Νοε 14:20`, `20/11/2025 14:20`.
    pub(super) fn short(&self, at: Timestamp) -> String {
        let (Some(then), Some(now)) = (self.zoned(at), self.zoned(self.now)) else { return at.to_string() };
        let time = then.strftime("%H:%M");
        let days = then.date().duration_since(now.date()).as_hours() / 24;
        match days {
            0 => format!("{} {time}", self.lang.today_at()),
            -1 => format!("{} {time}", self.lang.yesterday_at()),
            1 => format!("{} {time}", self.lang.tomorrow_at()),
            _ if then.year() == now.year() => format!("{} {time}", self.day(&then)),
            _ => then.strftime("%d/%m/%Y %H:%M").to_string(),
        }
    }

    /// `20 Νοε`.
    pub(super) fn day(&self, then: &Zoned) -> String {
        format!("{} {}", then.day(), self.lang.months()[then.month() as usize - 1])
    }

    /// Date and time with seconds and offset.
    pub(super) fn full(&self, at: Timestamp) -> String {
        self.zoned(at).map_or_else(|| at.to_string(), |z| z.strftime("%d/%m/%Y %H:%M:%S %:z").to_string())
    }

    /// Date and time with offset, as files have it.
    pub(super) fn iso(&self, at: Timestamp) -> String {
        self.zoned(at).map_or_else(|| at.to_string(), |z| z.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string())
    }

    /// What a field for date and time holds.
    pub(super) fn field(&self, at: Timestamp) -> String {
        self.zoned(at).map_or_else(String::new, |z| z.strftime("%Y-%m-%dT%H:%M").to_string())
    }

    /// What a person or a link wrote: local date and time, a date, or an instant with its offset.
    pub(super) fn parse(&self, text: &str) -> Option<Timestamp> {
        let text = text.trim();
        if let Ok(instant) = text.parse::<jiff::Timestamp>() {
            return Some(Timestamp::from_millis(instant.as_millisecond()));
        }
        let civil: DateTime = text.parse().ok()?;
        Some(Timestamp::from_millis(civil.to_zoned(self.zone.clone()).ok()?.timestamp().as_millisecond()))
    }

    /// The first instant of the local day around `at`.
    pub(super) fn midnight(&self, at: Timestamp) -> Option<Timestamp> {
        Some(Timestamp::from_millis(self.zoned(at)?.start_of_day().ok()?.timestamp().as_millisecond()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local(now: &str) -> Local {
        let zone = TimeZone::get("Europe/Athens").expect("the zone is bundled");
        Local { now: at(now), zone, lang: Lang::El }
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::from_millis(text.parse::<jiff::Timestamp>().expect("a time").as_millisecond())
    }

    #[test]
    fn days_near_now_have_names() {
        let local = local("2026-11-22T12:23:00Z");
        for (then, told) in [
            ("2026-11-22T12:20:00Z", "σήμερα 14:20"),
            ("2026-11-21T22:00:00Z", "σήμερα 00:00"),
            ("2026-11-21T21:59:00Z", "χθες 23:59"),
            ("2026-11-20T12:20:00Z", "20 Νοε 14:20"),
            ("2025-11-20T12:20:00Z", "20/11/2025 14:20"),
        ] {
            assert_eq!(local.short(at(then)), told);
        }
    }

    #[test]
    fn the_hour_that_repeats_is_told_by_its_offset() {
        let local = local("2026-11-22T12:23:00Z");
        assert_eq!(local.full(at("2026-10-25T00:30:00Z")), "25/10/2026 03:30:00 +03:00");
        assert_eq!(local.full(at("2026-10-25T01:30:00Z")), "25/10/2026 03:30:00 +02:00");
    }

    #[test]
    fn what_a_field_holds_is_read_back() {
        let local = local("2026-11-22T12:23:00Z");
        for text in ["2026-11-20T14:20", "2026-11-20T12:20:00Z", "2026-11-20T14:20:00+02:00"] {
            assert_eq!(local.parse(text), Some(at("2026-11-20T12:20:00Z")), "{text}");
        }
        assert_eq!(local.parse("2026-11-20"), Some(at("2026-11-19T22:00:00Z")));
        assert_eq!(local.parse("χθες"), None);
        assert_eq!(local.parse(&local.field(at("2026-11-20T12:20:00Z"))), Some(at("2026-11-20T12:20:00Z")));
    }
}
