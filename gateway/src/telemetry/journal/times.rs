//! How long commits took: a histogram of fixed size, two buckets to each doubling.

use std::time::Duration;

/// The first bucket's upper bound.
const FIRST_S: f64 = 50e-6;
/// Buckets with a bound: the last ends at 1.6 s.
const BOUNDED: usize = 31;

/// Times of commits, counted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Times {
    counts: [u64; BOUNDED + 1],
    sum_s: f64,
}

impl Times {
    pub(super) fn add(&mut self, took: Duration) {
        let seconds = took.as_secs_f64();
        let bucket = (0..BOUNDED).find(|bucket| seconds <= bound_s(*bucket)).unwrap_or(BOUNDED);
        self.counts[bucket] += 1;
        self.sum_s += seconds;
    }

    /// Each bound in seconds, the greatest last, and how many took no longer.
    pub fn cumulated(&self) -> impl Iterator<Item = (f64, u64)> {
        self.counts[..BOUNDED].iter().enumerate().scan(0, |sum, (bucket, count)| {
            *sum += count;
            Some((bound_s(bucket), *sum))
        })
    }

    /// How many there were.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// How long all of them took.
    pub fn sum_s(&self) -> f64 {
        self.sum_s
    }
}

fn bound_s(bucket: usize) -> f64 {
    FIRST_S * 2f64.powf(bucket as f64 / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_time_is_in_the_bucket_that_it_fits_and_every_later_one() {
        let mut times = Times::default();
        [10, 50, 60, 3_000_000].map(Duration::from_micros).into_iter().for_each(|took| times.add(took));
        let cumulated: Vec<(f64, u64)> = times.cumulated().collect();
        assert_eq!(cumulated[..2].iter().map(|(_, count)| *count).collect::<Vec<_>>(), [2, 3]);
        assert_eq!((cumulated.len(), cumulated[30].1, times.count()), (31, 3, 4));
        assert!((1.6..1.7).contains(&cumulated[30].0) && (times.sum_s() - 3.000_12).abs() < 1e-9);
    }
}
