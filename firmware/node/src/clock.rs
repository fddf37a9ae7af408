//! The node's clock: milliseconds since it started, and what they are since 1970 once somebody has told.

use crate::queue::MeasuredAt;

/// A time that took longer than this to come is not used: half of it is how wrong the clock may be.
pub const ROUND_TRIP_MS_MAX: u64 = 2_000;
/// The earliest time believed: 2026-01-01. A server that lost its own clock tells 1970.
pub const UNIX_MS_MIN: i64 = 1_767_225_600_000;

/// What the uptime is since 1970, if it is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Clock {
    started_at_unix_ms: Option<i64>,
    set_at_ms: u64,
}

impl Clock {
    /// A clock that nobody has set.
    pub const fn new() -> Self {
        Self { started_at_unix_ms: None, set_at_ms: 0 }
    }

    /// Sets it: `unix_ms` was told by an answer that came at `now_ms` to a question asked at `asked_ms`. Whether it was used.
    pub fn set(&mut self, unix_ms: i64, asked_ms: u64, now_ms: u64) -> bool {
        let Some(round_trip) = now_ms.checked_sub(asked_ms) else { return false };
        if round_trip > ROUND_TRIP_MS_MAX || unix_ms < UNIX_MS_MIN {
            return false;
        }
        self.started_at_unix_ms = Some(unix_ms + (round_trip / 2) as i64 - now_ms as i64);
        self.set_at_ms = now_ms;
        true
    }

    /// Whether somebody has told the time since the start.
    pub const fn is_set(&self) -> bool {
        self.started_at_unix_ms.is_some()
    }

    /// How long ago it was set; none when it was not.
    pub fn age_ms(&self, now_ms: u64) -> Option<u64> {
        self.started_at_unix_ms.map(|_| now_ms.saturating_sub(self.set_at_ms))
    }

    /// What a reading measured at `uptime_ms` is dated with.
    pub fn date(&self, uptime_ms: u64) -> MeasuredAt {
        match self.started_at_unix_ms {
            Some(started) => MeasuredAt::Unix(started + uptime_ms as i64),
            None => MeasuredAt::Uptime(uptime_ms),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: i64 = 1_795_348_800_000;

    #[test]
    fn half_of_the_round_trip_is_added() {
        let mut clock = Clock::new();
        assert_eq!(clock.date(70), MeasuredAt::Uptime(70));
        assert!(clock.set(NOON, 1_000, 1_100));
        assert_eq!(clock.date(1_100), MeasuredAt::Unix(NOON + 50));
        assert_eq!(clock.date(100), MeasuredAt::Unix(NOON - 950));
        assert_eq!(clock.age_ms(1_700), Some(600));
    }

    #[test]
    fn an_answer_that_cannot_be_right_is_not_used() {
        let mut clock = Clock::new();
        for (unix_ms, asked, now) in [(0, 0, 10), (NOON, 10, 0), (NOON, 0, 2_001)] {
            assert!(!clock.set(unix_ms, asked, now), "{unix_ms} {asked} {now}");
        }
        assert!(!clock.is_set());
    }
}
