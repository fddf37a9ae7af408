//! The episodes of a rule in a datastream, from the store: as the watcher asks for the latest, and the dry run for the past.

use super::super::evaluate::{self, Episode, Point};
use super::{GAP_MIN_MS, points};
use crate::catalogue::alerts::{AlertRule, Condition, Of, Side, Test, Value};
use crate::reading::{DatastreamId, Timestamp};
use crate::store::model::{Aggregate, Order, Page, Span, Status, WindowIndex, WindowLength};
use crate::store::{Reader, StoreError};

/// Observations that are judged at once, the newest; what is before them is as if it had not been.
const READ_MAX: usize = 100_000;
const NEWEST: Page = Page { skip: 0, top: READ_MAX };
const DAY_MS: i64 = 86_400_000;

/// What was read of one datastream up to one moment: several rules ask for the same.
#[derive(Debug, Default)]
pub(in crate::alerts) struct Seen(Option<(Timestamp, Vec<Point>)>);

impl Seen {
    fn since(
        &mut self,
        reader: &Reader,
        id: DatastreamId,
        (from, until): (Timestamp, Timestamp),
    ) -> Result<&[Point], StoreError> {
        if self.0.as_ref().is_none_or(|(read_from, _)| *read_from > from) {
            let span = Span { from, until: until.plus_millis(1) };
            let mut observations = reader.observations(id, span, Order::Descending, NEWEST)?;
            observations.reverse();
            self.0 = Some((from, points(&observations)));
        }
        let all = self.0.as_ref().map_or(&[][..], |(_, points)| points);
        Ok(&all[all.partition_point(|point| point.at < from)..])
    }
}

/// The episodes of a rule among what was measured in `[from, until]`. `begun_at`: when the datastream began; `met`: whether the rule was
/// met before.
pub(in crate::alerts) fn episodes(
    reader: &Reader,
    rule: &AlertRule,
    id: DatastreamId,
    (from, until): (Timestamp, Timestamp),
    (begun_at, met): (Timestamp, bool),
    seen: &mut Seen,
) -> Result<Vec<Episode>, StoreError> {
    let period_ms = reader.datastream(id).and_then(|d| reader.period_s(&d.key)).map_or(0, |s| i64::from(s) * 1_000);
    let gap_ms = (3 * period_ms).max(GAP_MIN_MS);
    match &rule.on {
        Condition::Level { of: Of::Readings, test, .. } => {
            // One that is beyond from before counts from when it went beyond.
            let from = from.plus_millis(-(test.for_ms.max(test.clear_ms) + gap_ms));
            Ok(evaluate::episodes(test, seen.since(reader, id, (from, until))?, gap_ms, met))
        }
        Condition::Level { of: Of::Windows(length, value), test, .. } => {
            let series = windows(reader, id, *length, (from, until), |window| number(window, *value))?;
            let gap_ms = 3 * length_ms(*length);
            Ok(evaluate::episodes(test, &series, gap_ms, met))
        }
        Condition::Rate { over_s, test, .. } => {
            let over_ms = i64::from(*over_s) * 1_000;
            let from = from.plus_millis(-(over_ms + test.for_ms.max(test.clear_ms) + gap_ms));
            let changes = evaluate::changes(seen.since(reader, id, (from, until))?, over_ms);
            Ok(evaluate::episodes(test, &changes, gap_ms.max(over_ms), met))
        }
        Condition::Drift { days, test, .. } => {
            let length = WindowLength::Minutes(60);
            let learnt = from.plus_millis(-(i64::from(*days) + 1) * DAY_MS);
            let series = windows(reader, id, length, (learnt, until), |window| window.values.mean)?;
            Ok(evaluate::episodes(test, &evaluate::drifts(&series, *days, from), 3 * length_ms(length), met))
        }
        Condition::Impact { days, factor, level, always, .. } => {
            let series = seen.since(reader, id, (from.plus_millis(-i64::from(*days) * DAY_MS), until))?;
            let told = evaluate::blows(series, (*days, *factor), (*level, *always), (begun_at, from));
            // A blow is over as soon as it came.
            let test = Test { side: Side::Above, level: f64::MIN, clear: f64::MIN, for_ms: 0, clear_ms: 0 };
            let each = told.iter().flat_map(|blow| evaluate::episodes(&test, &[*blow], 0, false));
            Ok(each.map(|episode| Episode { until: Some(episode.worst.at), ..episode }).collect())
        }
        Condition::Silence | Condition::Broker { .. } | Condition::Overdue | Condition::Certificate => Ok(Vec::new()),
    }
}

/// A number of each window that has ended, at its end.
fn windows(
    reader: &Reader,
    id: DatastreamId,
    length: WindowLength,
    (from, until): (Timestamp, Timestamp),
    number: impl Fn(&Aggregate) -> Option<f64>,
) -> Result<Vec<Point>, StoreError> {
    let Some(index) = reader.windows().iter().position(|known| *known == length) else { return Ok(Vec::new()) };
    let span = Span { from, until: until.plus_millis(1) };
    let page = Page { skip: 0, top: READ_MAX };
    let windows = reader.aggregates(id, WindowIndex(index as u8), span, Order::Ascending, page)?;
    // One that is open may become another; one with gaps says nothing of the whole.
    let ended = windows.iter().filter(|window| window.status != Status::Open && window.values.valid);
    Ok(ended.filter_map(|window| Some(Point { at: window.span.until, value: number(window)? })).collect())
}

fn number(window: &Aggregate, value: Value) -> Option<f64> {
    match value {
        Value::Mean => window.values.mean,
        Value::Min => window.values.min,
        Value::Max => window.values.max,
        Value::Sum => window.values.sum,
    }
}

const fn length_ms(length: WindowLength) -> i64 {
    match length {
        WindowLength::Minutes(minutes) => minutes as i64 * 60_000,
        WindowLength::LocalDay => DAY_MS,
    }
}
