//! [`Reader`]: memory and store as one, for services, pages and sinks. Every call blocks: use a blocking thread.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::StoreError;
use super::live::{Came, Entry};
use super::model::{
    Aggregate, Datastream, JudgedObservation, Order, Page, Rejection, Span, Status, Values, WindowIndex, WindowLength,
};
use super::observations::{self, Versions};
use super::shared::Shared;
use crate::catalogue::Catalogue;
use crate::clock::Clock;
use crate::reading::{DatastreamId, DatastreamKey, NodeId, Timestamp};
use crate::registry::Snapshot;

/// Reads what is stored and what waits in memory for the next checkpoint. Cheap to clone.
#[derive(Clone)]
pub struct Reader {
    shared: Arc<Shared>,
    clock: Arc<Clock>,
}

/// A datastream that something came of.
#[derive(Debug, Clone, Copy)]
pub struct Arrived<'a> {
    /// Its number.
    pub id: DatastreamId,
    /// What names it.
    pub key: &'a DatastreamKey,
    /// Earliest time it ever had.
    pub begun_at: Timestamp,
    /// Latest time it has.
    pub last_at: Timestamp,
    /// What came, where that is known.
    pub came: Option<Came>,
}

impl Reader {
    pub(crate) fn new(shared: Arc<Shared>, clock: Arc<Clock>) -> Self {
        Self { shared, clock }
    }

    /// The configured windows, in order; a [`WindowIndex`] is a place in this list.
    pub fn windows(&self) -> &[WindowLength] {
        self.shared.windows.lengths()
    }

    /// The window of that index around `at`.
    pub fn window_around(&self, window: WindowIndex, at: Timestamp) -> Span {
        self.shared.windows.around(window, at)
    }

    /// Every datastream, by id.
    pub fn datastreams(&self) -> Vec<Arc<Datastream>> {
        self.shared.directory.all().iter().map(|entry| Arc::new(describe(entry))).collect()
    }

    /// How many datastreams there are.
    pub fn datastreams_count(&self) -> usize {
        self.shared.directory.next_id().0 as usize - 1
    }

    /// The datastream with that number.
    pub fn datastream(&self, id: DatastreamId) -> Option<Arc<Datastream>> {
        self.shared.directory.get(id).map(|entry| Arc::new(describe(&entry)))
    }

    /// The latest observation that came since the start, judged by its value alone (range, date, calibration): for
    /// lists of thousands. Touches no disk.
    pub fn latest(&self, id: DatastreamId) -> Option<JudgedObservation> {
        let entry = self.shared.directory.get(id)?;
        let last = entry.live().last?;
        let quantity = self.shared.quantity(&entry)?;
        let registry = self.shared.registry();
        let calibrations = registry.calibrations.get(&entry.key).map_or(&[][..], |held| held);
        crate::quality::judge(&[last], quantity, calibrations).pop()
    }

    /// Gives each datastream that something came of since the last call; `all`: each that ever had something, and of none is said what
    /// came. Touches no disk. There is one who asks: the watcher of alerts.
    pub fn take_arrived(&self, all: bool, mut each: impl FnMut(&Arrived<'_>)) {
        for entry in self.shared.directory.all().iter().filter(|entry| !entry.external) {
            let mut live = entry.live();
            let (came, times) = (live.came.take(), live.begun_at.zip(live.last_at));
            drop(live);
            let Some((begun_at, last_at)) = times.filter(|_| all || came.is_some()) else { continue };
            let came = came.filter(|_| !all);
            each(&Arrived { id: entry.id, key: &entry.key, begun_at, last_at, came });
        }
    }

    /// How many seconds lie between readings of that datastream, where it has a period.
    pub fn period_s(&self, key: &DatastreamKey) -> Option<u32> {
        self.shared.period_s(key)
    }

    /// The code of the zone that a node stood in, where that is known.
    pub fn zone(&self, node: &NodeId, at: Timestamp) -> Option<Arc<str>> {
        self.shared.registry().nodes.get(node)?.placement(at)?.zone.clone()
    }

    /// What the node last said on `status`, and when, as of the last checkpoint.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub fn node_status(&self, node: &NodeId) -> Result<Option<(Vec<u8>, Timestamp)>, StoreError> {
        self.shared.read(|connection| {
            let mut statement = connection.prepare_cached("SELECT status, status_at FROM node WHERE id = ?1")?;
            let found = statement.query_row([node.as_str()], |row| {
                Ok((row.get::<_, Option<Vec<u8>>>(0)?, row.get::<_, Option<i64>>(1)?))
            });
            Ok(match found.optional()? {
                Some((Some(status), Some(at))) => Some((status, Timestamp::from_millis(at))),
                _ => None,
            })
        })
    }

    /// Current observations (superseded ones left out) measured within `span`, judged, in the order asked.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub fn observations(
        &self,
        id: DatastreamId,
        span: Span,
        order: Order,
        page: Page,
    ) -> Result<Vec<JudgedObservation>, StoreError> {
        let Some(entry) = self.shared.directory.get(id) else { return Ok(Vec::new()) };
        self.shared.read(|connection| {
            let span = narrow(connection, &entry, span, order, page)?;
            let mut found = observations::within(connection, &entry, span, Versions::Current)?;
            if order == Order::Descending {
                found.reverse();
            }
            let mut wanted: Vec<_> = found.into_iter().skip(page.skip).take(page.top).collect();
            if order == Order::Descending {
                wanted.reverse();
            }
            let (Some(first), Some(last)) = (wanted.first(), wanted.last()) else { return Ok(Vec::new()) };
            // Judged with all that shares its ends' times, then cut to what was asked.
            let around = Span { from: first.measured_at, until: last.measured_at.plus_millis(1) };
            let ends = (first.ordinal, last.ordinal);
            let mut judged = self.shared.judged(connection, &entry, around)?.within(around).to_vec();
            if let Some(end) = judged.iter().rposition(|o| o.ordinal == ends.1) {
                judged.truncate(end + 1);
            }
            if let Some(start) = judged.iter().position(|o| o.ordinal == ends.0) {
                judged.drain(..start);
            }
            if order == Order::Descending {
                judged.reverse();
            }
            Ok(judged)
        })
    }

    /// How many current observations were measured within `span`.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub fn count_observations(&self, id: DatastreamId, span: Span) -> Result<u64, StoreError> {
        let Some(entry) = self.shared.directory.get(id) else { return Ok(0) };
        {
            let live = entry.live();
            let all = live.first_at.is_none_or(|at| span.from <= at) && live.last_at.is_none_or(|at| at < span.until);
            if all {
                return Ok(live.count().saturating_sub(live.superseded.len() as u64));
            }
        }
        self.shared
            .read(|connection| Ok(observations::within(connection, &entry, span, Versions::Current)?.len() as u64))
    }

    /// The observation with that ordinal, superseded or not.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub fn observation(&self, id: DatastreamId, ordinal: u32) -> Result<Option<JudgedObservation>, StoreError> {
        let Some(entry) = self.shared.directory.get(id) else { return Ok(None) };
        self.shared.read(|connection| {
            let Some(found) = observations::by_ordinal(connection, &entry, ordinal)? else { return Ok(None) };
            let span = Span { from: found.measured_at, until: found.measured_at.plus_millis(1) };
            let mut beside = observations::within(connection, &entry, span, Versions::Current)?;
            if !beside.iter().any(|o| o.ordinal == ordinal) {
                beside.push(found);
            }
            let judged = self.shared.judge(connection, &entry, span, beside)?;
            Ok(judged.within(span).iter().find(|o| o.ordinal == ordinal).copied())
        })
    }

    /// Aggregates of the windows that start within `span`: those written, and those open or provisional as they are now.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub fn aggregates(
        &self,
        id: DatastreamId,
        window: WindowIndex,
        span: Span,
        order: Order,
        page: Page,
    ) -> Result<Vec<Aggregate>, StoreError> {
        let Some(entry) = self.shared.directory.get(id) else { return Ok(Vec::new()) };
        self.shared.read(|connection| {
            let wanted = page.skip.saturating_add(page.top);
            let starts = self.starts(connection, &entry, window, span, order, wanted)?;
            let now = self.clock.now();
            starts
                .into_iter()
                .skip(page.skip)
                .map(|start| match written(connection, &entry, window, start)? {
                    Some(aggregate) => Ok(aggregate),
                    None => self.shared.unsettled_aggregate(connection, &entry, (window, start), now),
                })
                .collect()
        })
    }

    /// How many aggregates [`Reader::aggregates`] would give for that span.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub fn count_aggregates(&self, id: DatastreamId, window: WindowIndex, span: Span) -> Result<u64, StoreError> {
        let Some(entry) = self.shared.directory.get(id) else { return Ok(0) };
        self.shared.read(|connection| {
            let all = self.starts(connection, &entry, window, span, Order::Ascending, usize::MAX)?;
            Ok(all.len() as u64)
        })
    }

    /// Starts, within `span`, of the first `wanted` windows that have an aggregate, in the order asked.
    ///
    /// Rows of one window instant lie beside each other for all datastreams: one look-up for each instant, bounded by the
    /// datastream's own time, is cheaper than an index that every checkpoint would have to scatter rows into. The walk
    /// ends when it has what was asked for.
    fn starts(
        &self,
        connection: &Connection,
        entry: &Entry,
        window: WindowIndex,
        span: Span,
        order: Order,
        wanted: usize,
    ) -> Result<Vec<Timestamp>, StoreError> {
        let (unsettled, first, last) = {
            let live = entry.live();
            (live.unsettled(window).collect::<Vec<_>>(), live.begun_at, live.last_at)
        };
        let mut starts = Vec::new();
        let (Some(first), Some(last)) = (first, last) else { return Ok(starts) };
        if span.until <= span.from || last < span.from {
            return Ok(starts);
        }
        let mut statement = connection
            .prepare_cached("SELECT 1 FROM aggregate WHERE window = ?1 AND start = ?2 AND datastream = ?3")?;
        let around = |at| self.shared.windows.around(window, at);
        let earliest = around(first.max(span.from));
        if span.until <= earliest.from {
            return Ok(starts);
        }
        let latest = around(last.min(span.until.plus_millis(-1)));
        let mut here = if order == Order::Ascending { earliest } else { latest };
        while starts.len() < wanted && (earliest.from..=latest.from).contains(&here.from) {
            let at = here.from;
            let waits = unsettled.binary_search(&at).is_ok();
            if span.contains(at) && (waits || statement.exists(params![window.0, at.millis(), entry.id.0])?) {
                starts.push(at);
            }
            here = match order {
                Order::Ascending => around(here.until),
                Order::Descending => around(here.from.plus_millis(-1)),
            };
        }
        Ok(starts)
    }

    /// Written aggregates with a change number above `after`, in the order of change, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub fn changes(&self, after: u64, limit: usize) -> Result<Vec<Aggregate>, StoreError> {
        self.shared.read(|connection| {
            let mut statement = connection.prepare_cached(&format!(
                "SELECT {AGGREGATE_COLUMNS} FROM aggregate WHERE change > ?1 ORDER BY change LIMIT ?2"
            ))?;
            let rows = statement.query_map(params![after as i64, limit as i64], |row| Ok(aggregate(row)))?;
            rows.map(|row| row?).collect()
        })
    }

    /// Rejections, newest first, of one node or of all.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub fn rejections(&self, node: Option<&NodeId>, page: Page) -> Result<Vec<Rejection>, StoreError> {
        self.shared.read(|connection| super::rejections::list(connection, node, page))
    }

    /// The rejection with that number and its frame, encoded as the journal had it.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub fn rejection(&self, id: u64) -> Result<Option<(Rejection, Vec<u8>)>, StoreError> {
        self.shared.read(|connection| super::rejections::find(connection, id))
    }

    /// How many lines of that sink are kept in quarantine.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub fn quarantined(&self, sink: &str) -> Result<u64, StoreError> {
        self.shared.read(|connection| {
            let mut statement = connection.prepare_cached("SELECT count(*) FROM quarantine WHERE sink = ?1")?;
            Ok(statement.query_row([sink], |row| row.get::<_, i64>(0))? as u64)
        })
    }

    /// The catalogue that results are made with.
    pub fn catalogue(&self) -> &Arc<Catalogue> {
        &self.shared.catalogue
    }

    /// The registry that results are made with now.
    pub fn registry(&self) -> Arc<Snapshot> {
        self.shared.registry()
    }
}

fn describe(entry: &Entry) -> Datastream {
    let live = entry.live();
    Datastream {
        id: entry.id,
        key: entry.key.clone(),
        created_at: entry.created_at,
        begun_at: live.begun_at,
        first_at: live.first_at,
        last_at: live.last_at,
        received_at: live.received_at,
        count: live.count(),
        external: entry.external,
    }
}

/// The part of `span` that surely holds the page asked for: without it, the newest ten of two years would be looked for
/// in two years of blocks.
fn narrow(connection: &Connection, entry: &Entry, span: Span, order: Order, page: Page) -> Result<Span, StoreError> {
    let wanted = page.skip.saturating_add(page.top);
    const NEAR_ENOUGH: usize = 2_000;
    if wanted > NEAR_ENOUGH {
        return Ok(span);
    }
    let found = match order {
        Order::Descending => observations::before(connection, entry, span.until, wanted)?,
        Order::Ascending => observations::after(connection, entry, span.from, wanted)?,
    };
    if found.len() < wanted {
        return Ok(span);
    }
    Ok(match (order, found.first(), found.last()) {
        (Order::Descending, Some(first), _) => Span { from: span.from.max(first.measured_at), ..span },
        (Order::Ascending, _, Some(last)) => Span { until: span.until.min(last.measured_at.plus_millis(1)), ..span },
        _ => span,
    })
}

/// The aggregate of that window as it was last written.
pub(super) fn written(
    connection: &Connection,
    entry: &Entry,
    window: WindowIndex,
    start: Timestamp,
) -> Result<Option<Aggregate>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {AGGREGATE_COLUMNS} FROM aggregate WHERE window = ?1 AND start = ?2 AND datastream = ?3"
    ))?;
    statement.query_row(params![window.0, start.millis(), entry.id.0], |row| Ok(aggregate(row))).optional()?.transpose()
}

/// The columns that [`aggregate`] reads, in its order.
const AGGREGATE_COLUMNS: &str = "datastream, window, start, end, change, revision, zone, count, suspect, failed, \
     expected, valid, mean, min, max, sum, p10, p50, p90, p95, shares";

fn aggregate(row: &Row<'_>) -> Result<Aggregate, StoreError> {
    let count: u32 = row.get(7)?;
    let expected: Option<u32> = row.get(10)?;
    let shares: Option<String> = row.get(20)?;
    let shares = match shares {
        None => Vec::new(),
        Some(text) => serde_json::from_str(&text).map_err(|e| StoreError::Damaged(e.to_string()))?,
    };
    let p10: Option<f64> = row.get(16)?;
    let percentiles = match p10 {
        None => None,
        Some(p10) => Some([p10, row.get(17)?, row.get(18)?, row.get(19)?]),
    };
    Ok(Aggregate {
        datastream: DatastreamId(row.get(0)?),
        window: WindowIndex(row.get(1)?),
        span: Span { from: Timestamp::from_millis(row.get(2)?), until: Timestamp::from_millis(row.get(3)?) },
        change: Some(row.get::<_, i64>(4)? as u64),
        revision: row.get(5)?,
        zone: row.get::<_, Option<String>>(6)?.map(Into::into),
        status: Status::Settled,
        values: Values {
            count,
            suspect: row.get(8)?,
            failed: row.get(9)?,
            expected,
            capture: expected.map(|expected| (f64::from(count) / f64::from(expected)).min(1.0)),
            valid: row.get(11)?,
            mean: row.get(12)?,
            min: row.get(13)?,
            max: row.get(14)?,
            sum: row.get(15)?,
            percentiles,
            shares,
        },
    })
}
