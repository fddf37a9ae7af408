//! How long to wait after a failure: doubling, capped, and spread so that many gateways do not come back at once.

use std::time::Duration;

/// Delays that double from the smallest to the largest.
#[derive(Debug)]
pub(in crate::telemetry) struct Delay {
    min: Duration,
    max: Duration,
    failures: u32,
}

impl Delay {
    /// Delays between `min` and `max`.
    pub(in crate::telemetry) fn new(min: Duration, max: Duration) -> Self {
        Self { min, max: max.max(min), failures: 0 }
    }

    /// The delay after one more failure: the longest when `slowly`. `random` takes up to half of it away.
    pub(in crate::telemetry) fn next(&mut self, slowly: bool, random: u32) -> Duration {
        let doubled = self.min.saturating_mul(1u32.checked_shl(self.failures).unwrap_or(u32::MAX));
        self.failures = (self.failures + 1).min(31);
        let whole = if slowly { self.max } else { doubled.min(self.max) };
        whole.mul_f64(1.0 - f64::from(random) / f64::from(u32::MAX) / 2.0)
    }

    /// Failures since the last success.
    pub(in crate::telemetry) fn failures(&self) -> u32 {
        self.failures
    }

    /// It went well: begin with the smallest again.
    pub(in crate::telemetry) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_longest_and_begin_again_after_a_success() {
        let mut delay = Delay::new(Duration::from_secs(1), Duration::from_secs(60));
        let seconds: Vec<u64> = (0..9).map(|_| delay.next(false, 0).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        for _ in 0..100 {
            assert_eq!(delay.next(false, 0).as_secs(), 60);
        }
        delay.reset();
        assert_eq!(delay.next(false, 0).as_secs(), 1);
    }

    #[test]
    fn chance_takes_up_to_half_away() {
        let mut delay = Delay::new(Duration::from_secs(8), Duration::from_secs(8));
        assert_eq!(delay.next(false, u32::MAX), Duration::from_secs(4));
        assert_eq!(delay.next(true, u32::MAX / 2).as_secs_f64().round(), 6.0);
    }

    #[test]
    fn what_a_person_must_mend_waits_the_longest_at_once() {
        let mut delay = Delay::new(Duration::from_secs(1), Duration::from_secs(60));
        assert_eq!(delay.next(true, 0).as_secs(), 60);
    }
}
