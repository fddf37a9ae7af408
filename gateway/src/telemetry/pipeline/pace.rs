//! [`Pace`]: when a checkpoint is due. Pure: it is handed the time and what is in hand.

use super::PipelineConfig;
use crate::reading::Timestamp;

/// With nothing to take up and windows due, a checkpoint comes after this, not only at its interval.
const EARLY_MS: i64 = 1_000;
/// With frames to take up and more windows due than one checkpoint settles, or a journal at its cap, the next comes after
/// this.
const BUSY_MS: i64 = 500;
/// With rejections in hand a checkpoint comes after this: who mends a node looks for them. While they keep coming it comes
/// after twice as long each time, up to its interval, so that a node that sends nonsense costs no more than others.
const REJECTED_MS: i64 = 5_000;
/// Bytes of rejected frames in memory that make a checkpoint due.
const REJECTED_BYTES_MAX: usize = 8 * 1024 * 1024;
/// After a checkpoint that a full disk refused, the next try.
const RETRY_MS: i64 = 5_000;

/// What waits for a checkpoint.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct InHand {
    /// Frames or orders.
    pub(super) any: bool,
    /// Readings.
    pub(super) readings: usize,
    /// Rejections that no list shows yet.
    pub(super) rejections: usize,
    /// Bytes of their frames.
    pub(super) rejected_bytes: usize,
    /// Whether the journal waits for room, or will soon.
    pub(super) journal_is_full: bool,
    /// Whether nothing is taken up until windows are computed.
    pub(super) windows_are_full: bool,
}

/// When checkpoints were written, and why the next one may be early.
pub(super) struct Pace {
    interval_ms: i64,
    readings_max: usize,
    written_at: Timestamp,
    waiting_since: Option<Timestamp>,
    rejections_wait_ms: i64,
    /// The last one left windows that are due.
    more_due: bool,
    refused_at: Option<Timestamp>,
}

impl Pace {
    pub(super) fn new(config: &PipelineConfig, now: Timestamp) -> Self {
        Self {
            interval_ms: config.checkpoint_ms,
            readings_max: config.checkpoint_readings,
            written_at: now,
            waiting_since: None,
            rejections_wait_ms: REJECTED_MS,
            more_due: false,
            refused_at: None,
        }
    }

    /// Whether a checkpoint is due. `idle`: there is nothing to take up.
    pub(super) fn is_due(
        &mut self,
        now: Timestamp,
        idle: bool,
        in_hand: InHand,
        windows_due: impl FnOnce() -> bool,
    ) -> bool {
        if self.refused_at.is_some_and(|at| (0..RETRY_MS).contains(&now.millis_since(at))) {
            return false;
        }
        if self.refused_at.is_some() || in_hand.rejected_bytes >= REJECTED_BYTES_MAX {
            return true;
        }
        if in_hand.readings >= self.readings_max || in_hand.windows_are_full {
            return true;
        }
        let since_last = now.millis_since(self.written_at);
        // A clock that was set back must not hold checkpoints up.
        if since_last < 0 {
            self.written_at = now;
        }
        if in_hand.journal_is_full && in_hand.any && since_last >= BUSY_MS {
            return true;
        }
        if self.more_due && (idle || since_last >= BUSY_MS) {
            return true;
        }
        if in_hand.rejections > 0 && since_last >= self.rejections_wait_ms {
            return true;
        }
        let since = *self.waiting_since.get_or_insert(now);
        if !in_hand.any {
            self.waiting_since = None;
        } else if now.millis_since(since) >= self.interval_ms {
            return true;
        } else if now < since {
            self.waiting_since = Some(now);
        }
        let after = if idle { EARLY_MS } else { self.interval_ms };
        since_last >= after && windows_due()
    }

    /// A checkpoint with those `rejections` is written; it may have left windows that are due.
    pub(super) fn written(&mut self, now: Timestamp, rejections: usize, more_due: bool) {
        self.rejections_wait_ms = match rejections {
            0 => REJECTED_MS,
            _ => (self.rejections_wait_ms * 2).min(self.interval_ms.max(REJECTED_MS)),
        };
        self.written_at = now;
        self.waiting_since = None;
        self.more_due = more_due;
        self.refused_at = None;
    }

    /// A full disk refused it.
    pub(super) fn refused(&mut self, now: Timestamp) {
        self.refused_at = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: PipelineConfig = PipelineConfig {
        checkpoint_ms: 60_000,
        checkpoint_readings: 1_000,
        observations_ms: 0,
        aggregates_ms: 0,
        rejections_ms: 0,
        rejections_max: 0,
        disk_bytes_max: 0,
    };

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    /// When checkpoints are written in the first `until` ms, looked at each half second.
    fn written(until: i64, in_hand: impl Fn(i64) -> InHand) -> Vec<i64> {
        let mut pace = Pace::new(&CONFIG, at(0));
        let mut times = Vec::new();
        for ms in (500..=until).step_by(500) {
            let held = in_hand(ms);
            if pace.is_due(at(ms), false, held, || false) {
                pace.written(at(ms), held.rejections, false);
                times.push(ms);
            }
        }
        times
    }

    #[test]
    fn a_rejection_is_listed_soon_and_a_stream_of_them_costs_no_more_than_other_frames() {
        let rejected = InHand { any: true, rejections: 1, ..InHand::default() };
        let frames = InHand { any: true, ..InHand::default() };
        assert_eq!(written(130_000, |_| frames), [60_500, 121_000]);
        assert_eq!(written(20_000, |ms| if ms <= 5_000 { rejected } else { InHand::default() }), [5_000]);
        assert_eq!(written(200_000, |_| rejected), [5_000, 15_000, 35_000, 75_000, 135_000, 195_000]);
        // After a quiet checkpoint the next one is soon again.
        let calm = |ms| if (5_500..=70_000).contains(&ms) { frames } else { rejected };
        assert_eq!(written(76_000, calm), [5_000, 65_500, 70_500]);
    }

    #[test]
    fn a_journal_at_its_cap_does_not_wait_for_the_interval() {
        let full = InHand { any: true, journal_is_full: true, ..InHand::default() };
        assert_eq!(
            written(2_000, |ms| if ms < 1_000 { InHand { journal_is_full: false, ..full } } else { full }),
            [1_000, 1_500, 2_000]
        );
        // What is stored already frees nothing.
        assert_eq!(written(130_000, |_| InHand { any: false, ..full }), Vec::<i64>::new());
    }

    #[test]
    fn windows_at_their_bound_are_computed_at_once() {
        let full = InHand { windows_are_full: true, ..InHand::default() };
        assert_eq!(written(1_500, |_| full), [500, 1_000, 1_500]);
    }

    #[test]
    fn a_full_disk_is_tried_again_after_a_while_however_much_is_in_hand() {
        let mut pace = Pace::new(&CONFIG, at(0));
        let much =
            InHand { any: true, readings: 5_000, rejections: 9, rejected_bytes: usize::MAX, ..InHand::default() };
        assert!(pace.is_due(at(100), true, much, || true));
        pace.refused(at(100));
        assert!(!pace.is_due(at(200), true, much, || true));
        assert!(!pace.is_due(at(5_000), true, much, || true));
        assert!(pace.is_due(at(5_100), true, much, || true));
        pace.written(at(5_100), 9, false);
        assert!(!pace.is_due(at(5_200), true, InHand::default(), || true));
    }

    #[test]
    fn a_clock_that_was_set_back_holds_nothing_up() {
        let mut pace = Pace::new(&CONFIG, at(10_000_000));
        let frames = InHand { any: true, ..InHand::default() };
        assert!(!pace.is_due(at(10_000_500), false, frames, || false));
        assert!(!pace.is_due(at(1_000), false, frames, || false));
        assert!(pace.is_due(at(61_000), false, frames, || false));
        pace.refused(at(61_000));
        assert!(pace.is_due(at(500), false, frames, || false));
    }
}
