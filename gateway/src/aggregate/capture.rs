//! Capture: how many samples were expected, how many came, and whether that is enough.
//!
//! An hour, or less, is valid with at least 75 % of its expected samples; a day, or any window of several hours, with at
//! least 75 % of its hours valid (18 of 24; European practice for hourly and daily means, 2011/850/EU guidance).

use crate::store::model::Span;

const HOUR_MS: i64 = 3_600_000;
const ENOUGH_PERCENT: i64 = 75;

/// What a window expects of its datastream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expectation {
    period_ms: Option<i64>,
}

impl Expectation {
    /// A reading every so many seconds; none for what comes by event.
    pub fn every(period_s: Option<u32>) -> Self {
        Self { period_ms: period_s.filter(|s| *s > 0).map(|s| i64::from(s) * 1_000) }
    }

    /// How long one reading speaks for, in milliseconds, where there is a period.
    pub fn period_ms(self) -> Option<i64> {
        self.period_ms
    }

    /// Samples expected in `span`: whole periods; at least one.
    pub fn samples(self, span: Span) -> Option<u32> {
        let length = span.until.millis_since(span.from);
        self.period_ms.map(|period| (length / period).clamp(1, i64::from(u32::MAX)) as u32)
    }

    /// Whether `times`, the sorted times of what counts in `span`, are enough. Without a period anything is.
    pub fn enough(self, span: Span, times: &[i64]) -> bool {
        let Some(period) = self.period_ms else { return !times.is_empty() };
        let length = span.until.millis_since(span.from);
        if length <= HOUR_MS || period > HOUR_MS {
            let expected = (length / period).max(1);
            return times.len() as i64 * 100 >= expected * ENOUGH_PERCENT;
        }
        let per_hour = HOUR_MS / period;
        let hours = length / HOUR_MS;
        let mut valid = 0;
        let mut rest = times;
        for hour in 0..hours {
            let end = span.from.millis() + (hour + 1) * HOUR_MS;
            let n = rest.partition_point(|at| *at < end);
            valid += i64::from(n as i64 * 100 >= per_hour * ENOUGH_PERCENT);
            rest = &rest[n..];
        }
        valid * 100 >= hours * ENOUGH_PERCENT
    }
}
