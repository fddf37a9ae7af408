//! [`Checkpoint`]: what the pipeline has in hand, and how each part of it is written.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::{Transaction, params};

use super::super::StoreError;
use super::super::compaction;
use super::super::live::Entry;
use super::super::model::{Aggregate, Span, WindowIndex};
use crate::reading::{DatastreamId, NodeId, Observation, RejectReason, Timestamp};

/// What a node's row holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeRow {
    /// The node's counters, encoded by the ledger.
    pub ledger: Vec<u8>,
    /// When something last came from it.
    pub received_at: Option<Timestamp>,
    /// Its last status message, and when it came.
    pub status: Option<(Vec<u8>, Timestamp)>,
}

/// A rejection to be kept.
#[derive(Clone, Debug)]
pub struct NewRejection {
    /// Journal position of its frame.
    pub position: u64,
    /// Which reading; none for the whole frame.
    pub reading: Option<u32>,
    /// Who sent it.
    pub node: NodeId,
    /// Why.
    pub reason: RejectReason,
    /// What exactly.
    pub detail: String,
    /// When it arrived.
    pub received_at: Timestamp,
    /// The frame, encoded; kept once for all rejections of a position.
    pub frame: Arc<[u8]>,
}

/// One (node, incarnation, boot) of the duplicate filter, its intervals encoded; empty intervals forget it.
#[derive(Clone, Debug, PartialEq)]
pub struct NameRow {
    /// The node.
    pub node: NodeId,
    /// The incarnation.
    pub incarnation: u64,
    /// The boot.
    pub boot: u32,
    /// Encoded intervals.
    pub intervals: Vec<u8>,
    /// Rises with use: the least recently used goes first.
    pub used: u64,
}

/// A line that a sink's server refused for good.
#[derive(Clone, Debug, PartialEq)]
pub struct Quarantined {
    /// The sink.
    pub sink: String,
    /// The change it came from.
    pub change: u64,
    /// The line.
    pub line: String,
    /// What the server said.
    pub error: String,
    /// When.
    pub at: Timestamp,
}

/// Everything that a checkpoint writes beside observations, which it finds itself.
#[derive(Default)]
pub struct Checkpoint {
    /// Journal position up to which everything is in hand.
    pub position: u64,
    /// Datastreams with something new.
    pub touched: Vec<DatastreamId>,
    /// Corrections: datastream, ordinal corrected, ordinal that corrects.
    pub superseded: Vec<(DatastreamId, u32, u32)>,
    /// Windows that now wait.
    pub unsettled: Vec<(Span, WindowIndex, DatastreamId)>,
    /// Windows that no longer wait.
    pub settled: Vec<(Span, WindowIndex, DatastreamId)>,
    /// Aggregates, each with its change number, by window, start and datastream, as the database has them.
    pub aggregates: BTreeMap<(WindowIndex, Timestamp, DatastreamId), Aggregate>,
    /// Rows of nodes that changed.
    pub nodes: Vec<(NodeId, NodeRow)>,
    /// Parts of the duplicate filter that changed.
    pub names: Vec<NameRow>,
    /// Hashes of messages without times of their own.
    pub delivered: Vec<(NodeId, u64)>,
    /// New rejections.
    pub rejections: Vec<NewRejection>,
    /// Most rejections kept; the oldest go first.
    pub rejections_max: usize,
    /// Rejections played again, and when.
    pub replayed: Vec<(u64, Timestamp)>,
    /// Cursors of sinks that moved.
    pub cursors: Vec<(String, u64)>,
    /// Lines that sinks gave up.
    pub quarantined: Vec<Quarantined>,
}

pub(super) fn write_datastreams(transaction: &Transaction<'_>, entries: &[Arc<Entry>]) -> Result<(), StoreError> {
    let mut statement = transaction.prepare_cached(
        "INSERT INTO datastream(id, node, quantity, channel, external, created_at, next_ordinal, first_at, last_at,
             received_at, begun_at, basis)
           VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT (id) DO UPDATE SET
             next_ordinal = excluded.next_ordinal, first_at = excluded.first_at, last_at = excluded.last_at,
             received_at = excluded.received_at, begun_at = excluded.begun_at, basis = excluded.basis",
    )?;
    for entry in entries {
        let live = entry.live();
        statement.execute(params![
            entry.id.0,
            entry.key.node.as_str(),
            &*entry.key.quantity,
            entry.key.channel,
            entry.external,
            entry.created_at.millis(),
            live.next_ordinal,
            live.first_at.map(Timestamp::millis),
            live.last_at.map(Timestamp::millis),
            live.received_at.map(Timestamp::millis),
            live.begun_at.map(Timestamp::millis),
            live.basis.map(|basis| basis as i64),
        ])?;
    }
    Ok(())
}

pub(super) fn write_observations(transaction: &Transaction<'_>, entries: &[Arc<Entry>]) -> Result<(), StoreError> {
    let mut blocks: Vec<(DatastreamId, Vec<Observation>)> = entries
        .iter()
        .map(|entry| (entry.id, entry.live().unwritten().to_vec()))
        .filter(|(_, unwritten)| !unwritten.is_empty())
        .collect();
    if blocks.is_empty() {
        return Ok(());
    }
    blocks.sort_unstable_by_key(|(id, _)| *id);
    let segment = compaction::new_segment(transaction)?;
    for (id, mut observations) in blocks {
        observations.sort_unstable_by_key(|o| (o.measured_at, o.ordinal));
        compaction::write_delta(transaction, segment, id, &observations)?;
    }
    Ok(())
}

pub(super) fn write_windows(transaction: &Transaction<'_>, checkpoint: &Checkpoint) -> Result<(), StoreError> {
    let mut insert = transaction.prepare_cached("INSERT OR IGNORE INTO unsettled VALUES (?1, ?2, ?3, ?4)")?;
    for (span, window, id) in &checkpoint.unsettled {
        insert.execute(params![span.until.millis(), window.0, id.0, span.from.millis()])?;
    }
    let mut delete =
        transaction.prepare_cached("DELETE FROM unsettled WHERE end = ?1 AND window = ?2 AND datastream = ?3")?;
    for (span, window, id) in &checkpoint.settled {
        delete.execute(params![span.until.millis(), window.0, id.0])?;
    }
    let mut supersede = transaction.prepare_cached("INSERT OR IGNORE INTO superseded VALUES (?1, ?2, ?3)")?;
    for (id, ordinal, by) in &checkpoint.superseded {
        supersede.execute(params![id.0, ordinal, by])?;
    }
    let mut aggregate = transaction.prepare_cached(
        "INSERT OR REPLACE INTO aggregate VALUES
           (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)",
    )?;
    for a in checkpoint.aggregates.values() {
        let values = &a.values;
        let shares = (!values.shares.is_empty()).then(|| serde_json::to_string(&values.shares)).transpose();
        let percentile = |i: usize| values.percentiles.map(|p| p[i]);
        aggregate.execute(params![
            a.window.0,
            a.span.from.millis(),
            a.datastream.0,
            a.span.until.millis(),
            a.change.map(|change| change as i64),
            a.revision,
            a.zone.as_deref(),
            values.count,
            values.suspect,
            values.failed,
            values.expected,
            values.valid,
            values.mean,
            values.min,
            values.max,
            values.sum,
            percentile(0),
            percentile(1),
            percentile(2),
            percentile(3),
            shares.expect("numbers are JSON"),
        ])?;
    }
    Ok(())
}

pub(super) fn write_nodes(transaction: &Transaction<'_>, checkpoint: &Checkpoint) -> Result<(), StoreError> {
    let mut node = transaction.prepare_cached("INSERT OR REPLACE INTO node VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for (id, row) in &checkpoint.nodes {
        let (status, status_at) = row.status.as_ref().map(|(bytes, at)| (bytes, at.millis())).unzip();
        node.execute(params![id.as_str(), row.ledger, row.received_at.map(Timestamp::millis), status, status_at])?;
    }
    let mut keep = transaction.prepare_cached("INSERT OR REPLACE INTO name VALUES (?1, ?2, ?3, ?4, ?5)")?;
    let mut forget =
        transaction.prepare_cached("DELETE FROM name WHERE node = ?1 AND incarnation = ?2 AND boot = ?3")?;
    for name in &checkpoint.names {
        let (node, incarnation) = (name.node.as_str(), name.incarnation as i64);
        if name.intervals.is_empty() {
            forget.execute(params![node, incarnation, name.boot])?;
        } else {
            keep.execute(params![node, incarnation, name.boot, name.intervals, name.used as i64])?;
        }
    }
    let mut delivered = transaction.prepare_cached("INSERT INTO delivered(node, hash) VALUES (?1, ?2)")?;
    for (node, hash) in &checkpoint.delivered {
        delivered.execute(params![node.as_str(), *hash as i64])?;
    }
    if !checkpoint.delivered.is_empty() {
        transaction
            .execute("DELETE FROM delivered WHERE id <= (SELECT max(id) FROM delivered) - ?1", [DELIVERED_KEPT_MAX])?;
    }
    Ok(())
}

/// Hashes kept over a restart; older ones are of messages that no client still has in flight.
const DELIVERED_KEPT_MAX: i64 = 200_000;

/// Bytes of frames that no rejection is kept of any more.
pub(in super::super) const FORGET_FRAMES: &str =
    "DELETE FROM rejected_frame WHERE position < (SELECT coalesce(min(position), 0) FROM rejection)";

pub(super) fn write_rejections(transaction: &Transaction<'_>, checkpoint: &Checkpoint) -> Result<(), StoreError> {
    let mut reject = transaction.prepare_cached(
        "INSERT INTO rejection(position, reading, node, reason, detail, received_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    let mut frame = transaction.prepare_cached("INSERT OR IGNORE INTO rejected_frame VALUES (?1, ?2)")?;
    for r in &checkpoint.rejections {
        let position = r.position as i64;
        reject.execute(params![
            position,
            r.reading,
            r.node.as_str(),
            r.reason.code(),
            r.detail,
            r.received_at.millis()
        ])?;
        frame.execute(params![position, &*r.frame])?;
    }
    if !checkpoint.rejections.is_empty() {
        let bound = "DELETE FROM rejection WHERE id <= (SELECT max(id) FROM rejection) - ?1";
        if transaction.execute(bound, [checkpoint.rejections_max as i64])? > 0 {
            transaction.execute(FORGET_FRAMES, [])?;
        }
    }
    let mut replayed = transaction.prepare_cached("UPDATE rejection SET replayed_at = ?2 WHERE id = ?1")?;
    for (id, at) in &checkpoint.replayed {
        replayed.execute(params![*id as i64, at.millis()])?;
    }
    Ok(())
}

pub(super) fn write_sinks(transaction: &Transaction<'_>, checkpoint: &Checkpoint) -> Result<(), StoreError> {
    for (name, cursor) in &checkpoint.cursors {
        transaction
            .prepare_cached("INSERT OR REPLACE INTO sink VALUES (?1, ?2)")?
            .execute(params![name, *cursor as i64])?;
    }
    let mut statement = transaction.prepare_cached(
        "INSERT OR REPLACE INTO quarantine(sink, change, line, error, at) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for q in &checkpoint.quarantined {
        statement.execute(params![q.sink, q.change as i64, q.line, q.error, q.at.millis()])?;
    }
    Ok(())
}
