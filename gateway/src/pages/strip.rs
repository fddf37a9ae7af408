//! The gaps of a week as a strip: what came, what came in part, what did not come.

use super::Pages;
use crate::reading::Timestamp;
use crate::store::StoreError;
use crate::store::model::{Datastream, Order, Page, Span, Status, WindowIndex, WindowLength};

/// How long a strip is.
pub(super) const WEEK_MS: i64 = 7 * 86_400_000;
const CELLS_MAX: usize = 800;

/// What a window had of what was expected of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    Full,
    Partial,
    Missing,
    Neutral,
}

impl Kept {
    pub(super) const fn code(self) -> &'static str {
        match self {
            Kept::Full => "full",
            Kept::Partial => "partial",
            Kept::Missing => "missing",
            Kept::Neutral => "neutral",
        }
    }
}

/// Windows of one kind beside each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) kept: Kept,
    /// In cells.
    pub(super) at: usize,
    pub(super) length: usize,
}

/// A strip, and how long the gaps on it are together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Strip {
    pub(super) runs: Vec<Run>,
    pub(super) cells: usize,
    pub(super) missing_ms: i64,
}

impl Strip {
    /// The strip of those windows, each with what it had.
    fn of(windows: &[(Span, Kept)]) -> Self {
        let mut strip = Strip { cells: windows.len(), ..Strip::default() };
        for (at, (span, kept)) in windows.iter().enumerate() {
            if *kept == Kept::Missing {
                strip.missing_ms += span.until.millis_since(span.from);
            }
            match strip.runs.last_mut() {
                Some(run) if run.kept == *kept => run.length += 1,
                _ => strip.runs.push(Run { kept: *kept, at, length: 1 }),
            }
        }
        strip
    }
}

/// The window that strips are made of: an hour, or the nearest longer one, or the longest there is.
pub(super) fn window(lengths: &[WindowLength]) -> WindowIndex {
    let minutes = |length: &WindowLength| match length {
        WindowLength::Minutes(m) => i64::from(*m),
        WindowLength::LocalDay => 1_440,
    };
    let fits = lengths.iter().enumerate().filter(|(_, l)| minutes(l) >= 60).min_by_key(|(_, l)| minutes(l));
    let longest = || lengths.iter().enumerate().max_by_key(|(_, l)| minutes(l));
    WindowIndex(fits.or_else(longest).map_or(0, |(place, _)| place as u8))
}

/// The strip of a series for the week before `now`.
pub(super) fn week(pages: &Pages, datastream: &Datastream, now: Timestamp) -> Result<Strip, StoreError> {
    let reader = &pages.gateway.reader;
    let window = window(reader.windows());
    let span = Span { from: now.plus_millis(-WEEK_MS), until: now };
    let found = reader.aggregates(datastream.id, window, span, Order::Ascending, Page { skip: 0, top: CELLS_MAX })?;
    let expected = reader.period_s(&datastream.key).is_some();
    let mut found = found.into_iter().peekable();
    let mut windows = Vec::with_capacity(170);
    let mut at = reader.window_around(window, span.from).until;
    while at < now && windows.len() < CELLS_MAX {
        let here = reader.window_around(window, at);
        while found.peek().is_some_and(|aggregate| aggregate.span.from < here.from) {
            found.next();
        }
        let aggregate = found.next_if(|aggregate| aggregate.span.from == here.from);
        let before = datastream.first_at.is_none_or(|first| here.until <= first);
        let kept = match aggregate {
            Some(a) if a.values.count == 0 => Kept::Missing,
            Some(a) if a.status == Status::Open || a.values.valid || a.values.capture.is_none() => Kept::Full,
            Some(_) => Kept::Partial,
            None if before || !expected || now < here.until => Kept::Neutral,
            None => Kept::Missing,
        };
        windows.push((here, kept));
        at = here.until;
    }
    Ok(Strip::of(&windows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn like_windows_run_together_and_gaps_add_up() {
        let hour = |n: i64| Span {
            from: Timestamp::from_millis(n * 3_600_000),
            until: Timestamp::from_millis((n + 1) * 3_600_000),
        };
        let kept = [Kept::Neutral, Kept::Full, Kept::Full, Kept::Missing, Kept::Missing, Kept::Partial];
        let windows: Vec<_> = kept.iter().enumerate().map(|(n, kept)| (hour(n as i64), *kept)).collect();
        let strip = Strip::of(&windows);
        assert_eq!((strip.cells, strip.missing_ms), (6, 2 * 3_600_000));
        let runs: Vec<_> = strip.runs.iter().map(|run| (run.kept, run.at, run.length)).collect();
        assert_eq!(runs, [(Kept::Neutral, 0, 1), (Kept::Full, 1, 2), (Kept::Missing, 3, 2), (Kept::Partial, 5, 1)]);
    }

    #[test]
    fn the_strip_is_made_of_hours_where_there_are_some() {
        let minutes = WindowLength::Minutes;
        assert_eq!(window(&[minutes(15), minutes(60), WindowLength::LocalDay]), WindowIndex(1));
        assert_eq!(window(&[minutes(5), minutes(15)]), WindowIndex(1));
        assert_eq!(window(&[WindowLength::LocalDay]), WindowIndex(0));
    }
}
