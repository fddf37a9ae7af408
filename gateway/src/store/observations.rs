//! Observations of one datastream, from memory and database as one: a span, what stands before it, what comes after.

use std::cmp::Reverse;

use rusqlite::{Connection, params};

use super::StoreError;
use super::codec;
use super::live::Entry;
use super::model::Span;
use crate::reading::{Observation, Timestamp};

/// Which of the stored observations.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Versions {
    /// Those that no later one corrected.
    Current,
    /// All.
    All,
}

/// What memory held of a datastream at one moment. Taken before the database is read, so that a checkpoint between the
/// two shows an observation twice, never not at all.
struct Memory {
    observations: Vec<Observation>,
    complete_from: Option<Timestamp>,
    superseded: Vec<u32>,
}

impl Memory {
    fn of(entry: &Entry, keep: impl Fn(&Observation) -> bool) -> Self {
        let live = entry.live();
        Self {
            observations: live.recent.iter().copied().filter(keep).collect(),
            complete_from: live.complete_from,
            superseded: live.superseded.clone(),
        }
    }

    /// Whether nothing measured at or after `from` is in the database alone.
    fn is_complete_from(&self, from: Timestamp) -> bool {
        self.complete_from.is_some_and(|complete| complete <= from)
    }

    fn finish(mut self, versions: Versions) -> Vec<Observation> {
        // Those of one instant by their values: their order must not be that of their arrival.
        self.observations.sort_unstable_by(|a, b| {
            let times = a.measured_at.cmp(&b.measured_at);
            times.then(a.value.total_cmp(&b.value)).then(a.ordinal.cmp(&b.ordinal))
        });
        self.observations.dedup_by_key(|o| o.ordinal);
        if versions == Versions::Current && !self.superseded.is_empty() {
            self.observations.retain(|o| self.superseded.binary_search(&o.ordinal).is_err());
        }
        self.observations
    }
}

/// Observations measured within `span`, sorted by time, then value.
pub(crate) fn within(
    connection: &Connection,
    entry: &Entry,
    span: Span,
    versions: Versions,
) -> Result<Vec<Observation>, StoreError> {
    let mut memory = Memory::of(entry, |o| span.contains(o.measured_at));
    if !memory.is_complete_from(span.from) {
        let mut stored = Vec::new();
        each_block(connection, entry, span, |blob| decode(entry, blob, &mut stored))?;
        memory.observations.extend(stored.into_iter().filter(|o| span.contains(o.measured_at)));
    }
    Ok(memory.finish(versions))
}

/// The last `count` current observations measured before `at`, oldest first.
pub(crate) fn before(
    connection: &Connection,
    entry: &Entry,
    at: Timestamp,
    count: usize,
) -> Result<Vec<Observation>, StoreError> {
    let mut memory = Memory::of(entry, |o| o.measured_at < at);
    let complete = memory.complete_from;
    let superseded = memory.superseded.clone();
    let current = |o: &&Observation| superseded.binary_search(&o.ordinal).is_err();
    let known = |memory: &Memory, from: Option<Timestamp>| {
        from.map_or(0, |from| memory.observations.iter().filter(|o| o.measured_at >= from).filter(current).count())
    };
    if known(&memory, complete) < count && complete != Some(Timestamp::from_millis(i64::MIN)) {
        // Blocks by their latest time: once `count` are known at or after the next block's latest, it can hold none.
        let mut blocks = blocks_before(connection, entry, at, count)?;
        blocks.sort_unstable_by_key(|block| Reverse(block.measured_max));
        for block in blocks {
            if known(&memory, Some(block.measured_max.plus_millis(1))) >= count {
                break;
            }
            let mut stored = Vec::new();
            decode(entry, &block.data(connection, entry)?, &mut stored)?;
            memory.observations.extend(stored.into_iter().filter(|o| o.measured_at < at));
            memory.observations.sort_unstable_by_key(|o| o.ordinal);
            memory.observations.dedup_by_key(|o| o.ordinal);
        }
    }
    let mut found = memory.finish(Versions::Current);
    found.drain(..found.len().saturating_sub(count));
    Ok(found)
}

/// The first `count` current observations measured at or after `at`.
pub(crate) fn after(
    connection: &Connection,
    entry: &Entry,
    at: Timestamp,
    count: usize,
) -> Result<Vec<Observation>, StoreError> {
    let mut memory = Memory::of(entry, |o| o.measured_at >= at);
    if !memory.is_complete_from(at) {
        let mut stored = Vec::new();
        for blob in blobs_after(connection, entry, at, count)? {
            decode(entry, &blob, &mut stored)?;
        }
        memory.observations.extend(stored.into_iter().filter(|o| o.measured_at >= at));
    }
    let mut found = memory.finish(Versions::Current);
    found.truncate(count);
    Ok(found)
}

/// The observation with that ordinal, corrected or not.
pub(crate) fn by_ordinal(
    connection: &Connection,
    entry: &Entry,
    ordinal: u32,
) -> Result<Option<Observation>, StoreError> {
    if let Some(found) = entry.live().recent.iter().find(|o| o.ordinal == ordinal) {
        return Ok(Some(*found));
    }
    let mut statement = connection.prepare_cached(
        "SELECT delta.data FROM segment CROSS JOIN delta ON delta.segment = segment.id AND delta.datastream = ?1
           WHERE ordinal_min <= ?2 AND ordinal_max >= ?2
         UNION ALL
         SELECT data FROM chunk WHERE datastream = ?1 AND ordinal_min <= ?2 AND ordinal_max >= ?2",
    )?;
    let mut rows = statement.query(params![entry.id.0, ordinal])?;
    let mut stored = Vec::new();
    while let Some(row) = rows.next()? {
        decode(entry, row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?, &mut stored)?;
        if let Some(found) = stored.iter().find(|o| o.ordinal == ordinal) {
            return Ok(Some(*found));
        }
        stored.clear();
    }
    Ok(None)
}

/// Adds the observations of a block to `out`.
pub(crate) fn decode(entry: &Entry, blob: &[u8], out: &mut Vec<Observation>) -> Result<(), StoreError> {
    codec::decode(blob, out).map_err(|damaged| StoreError::Damaged(format!("datastream {}: {damaged}", entry.id.0)))
}

/// Calls `each` with every stored block that may hold something of `span`.
fn each_block(
    connection: &Connection,
    entry: &Entry,
    span: Span,
    mut each: impl FnMut(&[u8]) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT delta.data FROM segment CROSS JOIN delta ON delta.segment = segment.id AND delta.datastream = ?1
           WHERE measured_min < ?3 AND measured_max >= ?2
         UNION ALL
         SELECT data FROM chunk WHERE datastream = ?1 AND measured_min < ?3 AND measured_min >= coalesce(
             (SELECT max(measured_min) FROM chunk WHERE datastream = ?1 AND measured_min <= ?2), ?2)",
    )?;
    let mut rows = statement.query(params![entry.id.0, span.from.millis(), span.until.millis()])?;
    while let Some(row) = rows.next()? {
        each(row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?)?;
    }
    Ok(())
}

/// A stored block, not read yet.
struct Block {
    segment: Option<i64>,
    measured_min: i64,
    measured_max: Timestamp,
}

impl Block {
    fn data(&self, connection: &Connection, entry: &Entry) -> Result<Vec<u8>, StoreError> {
        Ok(match self.segment {
            Some(segment) => connection
                .prepare_cached("SELECT data FROM delta WHERE segment = ?1 AND datastream = ?2")?
                .query_row(params![segment, entry.id.0], |row| row.get(0))?,
            None => connection
                .prepare_cached("SELECT data FROM chunk WHERE datastream = ?1 AND measured_min = ?2")?
                .query_row(params![entry.id.0, self.measured_min], |row| row.get(0))?,
        })
    }
}

/// Every delta with something before `at`, and the last chunks that begin before it: sealed chunks do not overlap.
fn blocks_before(
    connection: &Connection,
    entry: &Entry,
    at: Timestamp,
    count: usize,
) -> Result<Vec<Block>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT segment.id, measured_min, measured_max FROM segment
           CROSS JOIN delta ON delta.segment = segment.id AND delta.datastream = ?1 WHERE measured_min < ?2
         UNION ALL
         SELECT * FROM (SELECT NULL, measured_min, measured_max FROM chunk
           WHERE datastream = ?1 AND measured_min < ?2 ORDER BY measured_min DESC LIMIT ?3)",
    )?;
    // A sealed chunk holds some hundreds, the newest perhaps less.
    let chunks = (count / 256 + 3) as i64;
    let rows = statement.query_map(params![entry.id.0, at.millis(), chunks], |row| {
        Ok(Block { segment: row.get(0)?, measured_min: row.get(1)?, measured_max: Timestamp::from_millis(row.get(2)?) })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Every delta with something at or after `at`, the chunk around it, and the first chunks that begin after it.
fn blobs_after(
    connection: &Connection,
    entry: &Entry,
    at: Timestamp,
    count: usize,
) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT data FROM segment CROSS JOIN delta ON delta.segment = segment.id AND delta.datastream = ?1
           WHERE measured_max >= ?2
         UNION ALL
         SELECT * FROM (SELECT data FROM chunk WHERE datastream = ?1 AND measured_min < ?2 ORDER BY measured_min DESC LIMIT 1)
         UNION ALL
         SELECT * FROM (SELECT data FROM chunk WHERE datastream = ?1 AND measured_min >= ?2 ORDER BY measured_min LIMIT ?3)",
    )?;
    let rows = statement.query_map(params![entry.id.0, at.millis(), count as i64], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
