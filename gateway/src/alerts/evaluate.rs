//! What a rule makes of a time series: pure, and the same whatever the order in which readings came.
//!
//! A series is judged anew over a span each time it is asked. What later readings have cleared is therefore never raised, and a
//! reading that comes late is judged where it was measured.

use crate::catalogue::alerts::{Side, Test};
use crate::reading::Timestamp;

/// A value at a moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// When it was measured.
    pub at: Timestamp,
    /// In the unit of the test.
    pub value: f64,
}

/// A time during which a rule was met.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Episode {
    /// The first value beyond the level.
    pub from: Timestamp,
    /// When it was met: beyond for as long as the test asks.
    pub met_at: Timestamp,
    /// When it was over; none while it is met.
    pub until: Option<Timestamp>,
    /// The value furthest beyond, and when that was.
    pub worst: Point,
}

/// The episodes of a series in the order of measurement. `met`: whether the rule was met before the series begins.
///
/// Two values that are further apart than `gap_ms` say nothing of the time between: what has to last begins anew after it.
pub fn episodes(test: &Test, series: &[Point], gap_ms: i64, met: bool) -> Vec<Episode> {
    let mut found = Vec::new();
    let mut state = if met { State::before(series) } else { State::Clear };
    let mut last: Option<Timestamp> = None;
    for point in series {
        let gap = last.is_some_and(|last| point.at.millis_since(last) > gap_ms);
        last = Some(point.at);
        state = match state {
            State::Beyond { .. } if gap => State::Clear.next(test, *point, &mut found),
            State::Met { episode, .. } if gap => State::Met { episode, back_at: None }.next(test, *point, &mut found),
            state => state.next(test, *point, &mut found),
        };
    }
    if let State::Met { episode, .. } = state {
        found.push(episode);
    }
    found
}

/// Where a series stands.
#[derive(Debug, Clone, Copy)]
enum State {
    Clear,
    /// Beyond the level, and not for long enough yet.
    Beyond {
        from: Timestamp,
        worst: Point,
    },
    /// Met; back since then, and not for long enough yet.
    Met {
        episode: Episode,
        back_at: Option<Timestamp>,
    },
}

impl State {
    fn before(series: &[Point]) -> Self {
        let Some(first) = series.first() else { return Self::Clear };
        let episode = Episode { from: first.at, met_at: first.at, until: None, worst: *first };
        Self::Met { episode, back_at: None }
    }

    fn next(self, test: &Test, point: Point, found: &mut Vec<Episode>) -> Self {
        match self {
            Self::Clear if test.is_beyond(point.value) => {
                Self::Beyond { from: point.at, worst: point }.lasts(test, point)
            }
            Self::Clear => Self::Clear,
            Self::Beyond { from, worst } if test.is_beyond(point.value) => {
                let worst = if test.is_worse(point.value, worst.value) { point } else { worst };
                Self::Beyond { from, worst }.lasts(test, point)
            }
            Self::Beyond { .. } => Self::Clear,
            Self::Met { mut episode, back_at } => {
                if test.is_worse(point.value, episode.worst.value) {
                    episode.worst = point;
                }
                if !test.is_back(point.value) {
                    return Self::Met { episode, back_at: None };
                }
                let back_at = back_at.unwrap_or(point.at);
                if point.at.millis_since(back_at) < test.clear_ms {
                    return Self::Met { episode, back_at: Some(back_at) };
                }
                found.push(Episode { until: Some(point.at), ..episode });
                Self::Clear
            }
        }
    }

    /// Met, once it has been beyond for long enough.
    fn lasts(self, test: &Test, point: Point) -> Self {
        let Self::Beyond { from, worst } = self else { return self };
        if point.at.millis_since(from) < test.for_ms {
            return self;
        }
        Self::Met { episode: Episode { from, met_at: point.at, until: None, worst }, back_at: None }
    }
}

/// Whether no value of `[min, max]` can begin or keep up anything.
pub fn is_quiet(test: &Test, min: f64, max: f64) -> bool {
    let worst = if test.side == Side::Above { max } else { min };
    !test.is_beyond(worst)
}

/// Changes within `over_ms`, in the unit an hour: each value against the oldest one that is not older than that, and at least
/// half as old.
pub fn changes(series: &[Point], over_ms: i64) -> Vec<Point> {
    let mut oldest = 0;
    let mut changes = Vec::new();
    for point in series {
        while series[oldest].at < point.at.plus_millis(-over_ms) {
            oldest += 1;
        }
        let lasted = point.at.millis_since(series[oldest].at);
        if lasted * 2 >= over_ms && lasted > 0 {
            let hours = lasted as f64 / 3_600_000.0;
            changes.push(Point { at: point.at, value: (point.value - series[oldest].value) / hours });
        }
    }
    changes
}

/// How far values from `since` on are from the median of those of the `days` before each day: as a part of it. Nothing is said
/// where there is no such median of that many days, or it is 0.
pub fn drifts(hours: &[Point], days: u32, since: Timestamp) -> Vec<Point> {
    const DAY_MS: i64 = 86_400_000;
    let learnt_ms = i64::from(days) * DAY_MS;
    let mut drifts = Vec::new();
    // The baseline moves by whole days, and the day that is judged is no part of it.
    let (mut of_day, mut baseline) = (i64::MIN, None);
    for point in hours.iter().filter(|point| point.at >= since) {
        let day = point.at.millis().div_euclid(DAY_MS);
        if day != of_day {
            of_day = day;
            let end = Timestamp::from_millis(day * DAY_MS);
            let begin = end.plus_millis(-learnt_ms);
            let known = hours.first().is_some_and(|first| first.at <= begin.plus_millis(DAY_MS));
            let mut before: Vec<f64> = hours.iter().filter(|p| p.at >= begin && p.at < end).map(|p| p.value).collect();
            baseline = if known { percentile(&mut before, 0.5) } else { None };
        }
        if let Some(usual) = baseline.filter(|usual| usual.abs() > f64::EPSILON) {
            drifts.push(Point { at: point.at, value: ((point.value - usual) / usual).abs() });
        }
    }
    drifts
}

/// What is told of blows from `since` on: those above `factor` times the 95th percentile of the blows of the `days` before them, and above `level`;
/// in the first days after `begun_at` those above `always` alone.
pub fn blows(
    series: &[Point],
    (days, factor): (u32, f64),
    (level, always): (f64, f64),
    (begun_at, since): (Timestamp, Timestamp),
) -> Vec<Point> {
    let learnt_ms = i64::from(days) * 86_400_000;
    let is_told = |(place, point): &(usize, &Point)| {
        if point.at < begun_at.plus_millis(learnt_ms) {
            return point.value > always;
        }
        if point.value <= level {
            return false;
        }
        let from = series.partition_point(|before| before.at < point.at.plus_millis(-learnt_ms));
        let mut before: Vec<f64> = series[from..*place].iter().map(|point| point.value).collect();
        percentile(&mut before, 0.95).is_none_or(|usual| point.value > usual * factor) || point.value > always
    };
    series.iter().enumerate().filter(|(_, point)| point.at >= since).filter(is_told).map(|(_, point)| *point).collect()
}

/// The value that this part of them does not exceed (nearest rank); none of nothing.
fn percentile(values: &mut [f64], part: f64) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let place = ((values.len() as f64 * part).ceil() as usize).clamp(1, values.len()) - 1;
    let (_, value, _) = values.select_nth_unstable_by(place, f64::total_cmp);
    Some(*value)
}

#[cfg(test)]
mod tests;
