//! Segments are merged as they gather, and datastreams with enough in hand are sealed into chunks.
//!
//! A checkpoint adds a segment of level 0. [`FAN_IN`] segments of one level become one of the next. While merging, a
//! datastream with at least [`SEAL_MIN`] observations goes into sealed chunks instead, and so does everything at level
//! [`LEVEL_MAX`]. Sealing merges with the chunks that overlap in time, and with a last chunk that is not full, so that
//! chunks of one datastream never overlap.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::StoreError;
use super::codec;
use super::observations::decode;
use super::shared::Shared;
use crate::reading::{DatastreamId, Observation};

/// How many segments of one level are merged.
const FAN_IN: usize = 16;
/// Observations of one datastream that are worth a chunk.
const SEAL_MIN: usize = 512;
/// Observations in a chunk at most, but for those of one instant.
const CHUNK_MAX: usize = 1_024;
/// At this level everything is sealed: three levels of 16 checkpoints of a minute are 2.8 days.
const LEVEL_MAX: i64 = 3;
/// Datastreams moved in one transaction.
const SLICE: usize = 2_000;

/// A new segment of level 0.
pub(crate) fn new_segment(transaction: &Transaction<'_>) -> Result<i64, StoreError> {
    transaction.prepare_cached("INSERT INTO segment(level) VALUES (0)")?.execute([])?;
    Ok(transaction.last_insert_rowid())
}

/// Writes the sorted observations of one datastream into a segment.
pub(crate) fn write_delta(
    transaction: &Transaction<'_>,
    segment: i64,
    id: DatastreamId,
    observations: &[Observation],
) -> Result<(), StoreError> {
    let Some(block) = Block::of(observations) else { return Ok(()) };
    let mut statement =
        transaction.prepare_cached("INSERT OR REPLACE INTO delta VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?;
    let (min, max) = (block.measured_min, block.measured_max);
    statement.execute(params![segment, id.0, block.n, min, max, block.ordinal_min, block.ordinal_max, block.data])?;
    Ok(())
}

/// Merges every level that has gathered enough.
pub(crate) fn merge(connection: &mut Connection, shared: &Shared) -> Result<(), StoreError> {
    for level in 0..LEVEL_MAX {
        let segments = segments_of(connection, Some(level))?;
        if segments.len() >= FAN_IN {
            let seal_min = if level + 1 == LEVEL_MAX { 1 } else { SEAL_MIN };
            merge_segments(connection, shared, &segments, level + 1, seal_min)?;
        }
    }
    Ok(())
}

/// Seals everything.
#[cfg(test)]
pub(crate) fn seal_all(connection: &mut Connection, shared: &Shared) -> Result<(), StoreError> {
    let segments = segments_of(connection, None)?;
    merge_segments(connection, shared, &segments, LEVEL_MAX, 1)
}

fn segments_of(connection: &Connection, level: Option<i64>) -> Result<Vec<i64>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT id FROM segment WHERE ?1 IS NULL OR level = ?1 ORDER BY id")?;
    let rows = statement.query_map([level], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Moves the rows of `segments` into the last of them, or into chunks, some datastreams at a time: a reader sees each
/// datastream before or after, never half.
fn merge_segments(
    connection: &mut Connection,
    shared: &Shared,
    segments: &[i64],
    level: i64,
    seal_min: usize,
) -> Result<(), StoreError> {
    let Some(target) = segments.last() else { return Ok(()) };
    let mut from = 0u32;
    loop {
        let transaction = connection.transaction()?;
        let slice = datastreams_in(&transaction, segments, from)?;
        for id in &slice {
            merge_datastream(&transaction, shared, segments, *target, *id, seal_min)?;
        }
        if slice.len() < SLICE {
            for segment in segments.iter().filter(|segment| *segment != target) {
                transaction.execute("DELETE FROM segment WHERE id = ?1", [segment])?;
            }
            transaction.execute("UPDATE segment SET level = ?2 WHERE id = ?1", params![target, level])?;
            if seal_min == 1 {
                transaction.execute("DELETE FROM segment WHERE id = ?1", [target])?;
            }
            transaction.commit()?;
            return Ok(());
        }
        transaction.commit()?;
        from = slice.last().map_or(u32::MAX, |id| id.0 + 1);
    }
}

fn datastreams_in(transaction: &Transaction<'_>, segments: &[i64], from: u32) -> Result<Vec<DatastreamId>, StoreError> {
    let mut ids = BTreeMap::new();
    let mut statement = transaction.prepare_cached(
        "SELECT datastream FROM delta WHERE segment = ?1 AND datastream >= ?2 ORDER BY datastream LIMIT ?3",
    )?;
    for segment in segments {
        let rows = statement.query_map(params![segment, from, SLICE as i64], |row| row.get::<_, u32>(0))?;
        for id in rows {
            ids.insert(id?, ());
        }
    }
    Ok(ids.into_keys().take(SLICE).map(DatastreamId).collect())
}

/// A datastream's row goes from one segment to another.
const MOVE: &str = "UPDATE delta SET segment = ?3 WHERE segment = ?1 AND datastream = ?2";

fn merge_datastream(
    transaction: &Transaction<'_>,
    shared: &Shared,
    segments: &[i64],
    target: i64,
    id: DatastreamId,
    seal_min: usize,
) -> Result<(), StoreError> {
    let entry =
        shared.directory.get(id).ok_or_else(|| StoreError::Damaged(format!("datastream {} is unknown", id.0)))?;
    let mut observations = Vec::new();
    let mut found = Vec::new();
    let mut select = transaction.prepare_cached("SELECT data FROM delta WHERE segment = ?1 AND datastream = ?2")?;
    for segment in segments {
        let blob: Option<Vec<u8>> = select.query_row(params![segment, id.0], |row| row.get(0)).optional()?;
        if let Some(blob) = blob {
            found.push(*segment);
            decode(&entry, &blob, &mut observations)?;
        }
    }
    observations.sort_unstable_by_key(|o| (o.measured_at, o.ordinal));
    let seal = observations.len() >= seal_min;
    if let [only] = found[..]
        && !seal
    {
        if only != target {
            transaction.prepare_cached(MOVE)?.execute(params![only, id.0, target])?;
        }
        return Ok(());
    }
    let mut delete = transaction.prepare_cached("DELETE FROM delta WHERE segment = ?1 AND datastream = ?2")?;
    for segment in found {
        delete.execute(params![segment, id.0])?;
    }
    if seal {
        seal_chunks(transaction, &entry, observations)
    } else {
        write_delta(transaction, target, id, &observations)
    }
}

/// Writes `observations` into chunks, together with those chunks that overlap them or that are not full beside them.
fn seal_chunks(
    transaction: &Transaction<'_>,
    entry: &super::live::Entry,
    mut observations: Vec<Observation>,
) -> Result<(), StoreError> {
    let (Some(first), Some(last)) = (observations.first(), observations.last()) else { return Ok(()) };
    let (min, max) = (first.measured_at.millis(), last.measured_at.millis());
    // The chunk that begins last before `min` overlaps, or may have room; those that begin within overlap.
    let mut select = transaction.prepare_cached(
        "SELECT measured_min, data FROM chunk WHERE datastream = ?1 AND measured_min <= ?3 AND measured_min >= coalesce(
             (SELECT max(measured_min) FROM chunk WHERE datastream = ?1 AND measured_min < ?2), ?2)
           AND (measured_max >= ?2 OR n < ?4)",
    )?;
    let mut replaced = Vec::new();
    let mut rows = select.query(params![entry.id.0, min, max, (CHUNK_MAX / 2) as i64])?;
    while let Some(row) = rows.next()? {
        replaced.push(row.get::<_, i64>(0)?);
        decode(entry, row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?, &mut observations)?;
    }
    drop(rows);
    let mut delete = transaction.prepare_cached("DELETE FROM chunk WHERE datastream = ?1 AND measured_min = ?2")?;
    for measured_min in replaced {
        delete.execute(params![entry.id.0, measured_min])?;
    }
    observations.sort_unstable_by_key(|o| (o.measured_at, o.ordinal));
    let mut insert = transaction.prepare_cached("INSERT INTO chunk VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
    for part in parts(&observations) {
        let Some(block) = Block::of(part) else { continue };
        let (min, max) = (block.measured_min, block.measured_max);
        insert.execute(params![entry.id.0, min, max, block.n, block.ordinal_min, block.ordinal_max, block.data])?;
    }
    Ok(())
}

/// `observations` in parts of about equal size, at most [`CHUNK_MAX`], never between two of one instant.
fn parts(observations: &[Observation]) -> Vec<&[Observation]> {
    let count = observations.len().div_ceil(CHUNK_MAX).max(1);
    let size = observations.len().div_ceil(count);
    let mut parts = Vec::with_capacity(count);
    let mut rest = observations;
    while rest.len() > size {
        let instant = rest[size].measured_at;
        let mut cut = rest.partition_point(|o| o.measured_at < instant);
        if cut == 0 {
            cut = rest.partition_point(|o| o.measured_at <= instant);
        }
        let (part, remaining) = rest.split_at(cut);
        parts.push(part);
        rest = remaining;
    }
    parts.push(rest);
    parts
}

/// What a row says of its block, beside the bytes.
struct Block {
    n: i64,
    measured_min: i64,
    measured_max: i64,
    ordinal_min: u32,
    ordinal_max: u32,
    data: Vec<u8>,
}

impl Block {
    fn of(observations: &[Observation]) -> Option<Self> {
        let (first, last) = (observations.first()?, observations.last()?);
        let ordinals = observations.iter().map(|o| o.ordinal);
        Some(Self {
            n: observations.len() as i64,
            measured_min: first.measured_at.millis(),
            measured_max: last.measured_at.millis(),
            ordinal_min: ordinals.clone().min()?,
            ordinal_max: ordinals.max()?,
            data: codec::encode(observations),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{schema::TELEMETRY, sqlite};

    #[test]
    fn moving_a_datastreams_row_looks_at_that_row_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let connection = sqlite::open_writer(&folder.path().join("telemetry.db"), TELEMETRY).expect("a store");
        let plan: String = connection
            .query_row(&format!("EXPLAIN QUERY PLAN {MOVE}"), params![1, 2, 3], |row| row.get("detail"))
            .expect("a plan");
        assert!(plan.contains("(segment=? AND datastream=?)"), "{plan}");
    }
}
