//! [`Writer`]: the one writer of `telemetry.db`. What the pipeline has in hand goes to the database in checkpoints, each
//! one transaction, durable when it returns: the journal may then forget what it holds.
//!
//! Nothing in this process opens the file but through SQLite: closing any descriptor of it would drop SQLite's locks.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, Transaction, params};

use super::StoreError;
use super::compaction;
use super::live::{Entry, Live};
use super::model::{Aggregate, Span, WindowIndex};
use super::reader::Reader;
use super::schema::TELEMETRY;
use super::shared::Shared;
use super::sqlite;
use crate::aggregate::Windows;
use crate::catalogue::Catalogue;
use crate::clock::Clock;
use crate::reading::{DatastreamId, DatastreamKey, NodeId, Observation, RejectReason, Timestamp};
use crate::registry::Snapshot;

/// Writes the store. One in the process, in the pipeline's thread.
pub struct Writer {
    pub(super) connection: Connection,
    pub(super) shared: Arc<Shared>,
    progress: Progress,
}

/// How far the store has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The journal position up to which everything is stored.
    pub position: u64,
    /// The last change number given to an aggregate.
    pub change: u64,
}

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

/// What the store remembers for the pipeline from the run before.
pub struct Recovered {
    /// How far it had come.
    pub progress: Progress,
    /// Every node's row.
    pub nodes: Vec<(NodeId, NodeRow)>,
    /// The duplicate filter.
    pub names: Vec<NameRow>,
    /// Hashes of messages without times of their own, oldest first.
    pub delivered: Vec<(NodeId, u64)>,
    /// Windows that wait.
    pub unsettled: Vec<(Span, WindowIndex, DatastreamId)>,
}

impl Writer {
    /// Opens or makes `telemetry.db` in `folder`.
    ///
    /// # Errors
    /// [`StoreError`], also when the file's format is newer than this program.
    pub fn open(
        folder: &Path,
        catalogue: Arc<Catalogue>,
        windows: Arc<Windows>,
        registry: Arc<Snapshot>,
    ) -> Result<(Self, Recovered), StoreError> {
        let path = folder.join("telemetry.db");
        let connection = sqlite::open_writer(&path, TELEMETRY)?;
        let shared = Arc::new(Shared::new(path, catalogue, windows, registry));
        load_datastreams(&connection, &shared)?;
        let progress = connection.query_row("SELECT position, change FROM progress", [], |row| {
            Ok(Progress { position: row.get::<_, i64>(0)? as u64, change: row.get::<_, i64>(1)? as u64 })
        })?;
        let recovered = Recovered {
            progress,
            nodes: load_nodes(&connection)?,
            names: load_names(&connection)?,
            delivered: load_delivered(&connection)?,
            unsettled: load_unsettled(&connection, &shared)?,
        };
        Ok((Self { connection, shared, progress }, recovered))
    }

    /// A reader of the same store.
    pub fn reader(&self, clock: Arc<Clock>) -> Reader {
        Reader::new(self.shared.clone(), clock)
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// How far the store has come.
    pub fn progress(&self) -> Progress {
        self.progress
    }

    /// Adds a datastream. It is in memory at once and in the database with the next checkpoint that names it touched.
    pub(crate) fn add_datastream(&self, key: DatastreamKey, external: bool, created_at: Timestamp) -> Arc<Entry> {
        let quantity = self.shared.catalogue.find(&key.quantity);
        let id = self.shared.directory.next_id();
        let entry = Arc::new(Entry::new(id, key, quantity, external, created_at, Live::default()));
        entry.live().basis = Some(self.shared.basis(&entry));
        self.shared.directory.add(entry.clone());
        entry
    }

    /// The revision under which that window was written, with its values; none when it never was.
    pub(crate) fn written(
        &self,
        entry: &Entry,
        window: WindowIndex,
        start: Timestamp,
    ) -> Result<Option<Aggregate>, StoreError> {
        super::reader::written(&self.connection, entry, window, start)
    }

    /// The writer's connection, to read with.
    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The cursor of that sink: the last change it has delivered.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub fn cursor(&self, sink: &str) -> Result<u64, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT cursor FROM sink WHERE name = ?1")?;
        let mut rows = statement.query([sink])?;
        Ok(rows.next()?.map(|row| row.get::<_, i64>(0)).transpose()?.unwrap_or(0) as u64)
    }

    /// Whether that rejection is kept and was not played again yet.
    pub(crate) fn may_be_replayed(&self, rejection: u64) -> Result<bool, StoreError> {
        super::rejections::may_be_replayed(&self.connection, rejection)
    }

    /// Writes a checkpoint in one durable transaction.
    ///
    /// # Errors
    /// [`StoreError`]; then nothing of the checkpoint is stored, and the same one may be tried again.
    pub fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), StoreError> {
        let entries: Vec<Arc<Entry>> =
            checkpoint.touched.iter().filter_map(|id| self.shared.directory.get(*id)).collect();
        let transaction = self.connection.transaction()?;
        write_datastreams(&transaction, &entries)?;
        write_observations(&transaction, &entries)?;
        write_windows(&transaction, checkpoint)?;
        write_nodes(&transaction, checkpoint)?;
        write_rejections(&transaction, checkpoint)?;
        write_sinks(&transaction, checkpoint)?;
        let change =
            checkpoint.aggregates.values().filter_map(|a| a.change).max().unwrap_or(0).max(self.progress.change);
        transaction
            .prepare_cached("UPDATE progress SET position = ?1, change = ?2")?
            .execute(params![checkpoint.position as i64, change as i64])?;
        transaction.commit()?;
        self.progress = Progress { position: checkpoint.position, change };
        for entry in &entries {
            entry.live().all_written();
        }
        Ok(())
    }

    /// Merges segments that have gathered.
    ///
    /// # Errors
    /// [`StoreError`]; what is merged so far is whole, and the rest may be tried again.
    pub fn merge(&mut self) -> Result<(), StoreError> {
        compaction::merge(&mut self.connection, &self.shared)
    }

    /// Seals everything, as it is after days.
    #[cfg(test)]
    pub(crate) fn compact(&mut self) -> Result<(), StoreError> {
        compaction::seal_all(&mut self.connection, &self.shared)
    }

    /// What the database uses, in bytes; pages that were freed are used again and do not count.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn used_bytes(&self) -> Result<u64, StoreError> {
        let pragma = |name: &str| self.connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        let pages = pragma("page_count")? - pragma("freelist_count")?;
        Ok(pages as u64 * pragma("page_size")? as u64)
    }
}

fn write_datastreams(transaction: &Transaction<'_>, entries: &[Arc<Entry>]) -> Result<(), StoreError> {
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

fn write_observations(transaction: &Transaction<'_>, entries: &[Arc<Entry>]) -> Result<(), StoreError> {
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

fn write_windows(transaction: &Transaction<'_>, checkpoint: &Checkpoint) -> Result<(), StoreError> {
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

fn write_nodes(transaction: &Transaction<'_>, checkpoint: &Checkpoint) -> Result<(), StoreError> {
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
pub(super) const FORGET_FRAMES: &str =
    "DELETE FROM rejected_frame WHERE position < (SELECT coalesce(min(position), 0) FROM rejection)";

fn write_rejections(transaction: &Transaction<'_>, checkpoint: &Checkpoint) -> Result<(), StoreError> {
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

fn write_sinks(transaction: &Transaction<'_>, checkpoint: &Checkpoint) -> Result<(), StoreError> {
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

fn node_id(text: &str) -> Result<NodeId, StoreError> {
    NodeId::new(text).map_err(|_| StoreError::Damaged(format!("node {text:?}")))
}

fn load_datastreams(connection: &Connection, shared: &Shared) -> Result<(), StoreError> {
    let mut superseded = connection.prepare("SELECT ordinal FROM superseded WHERE datastream = ?1 ORDER BY ordinal")?;
    let mut statement = connection.prepare(
        "SELECT id, node, quantity, channel, external, created_at, next_ordinal, first_at, last_at, received_at,
             removed, removed_until, begun_at, basis
           FROM datastream ORDER BY id",
    )?;
    let mut rows = statement.query([])?;
    let mut nodes = std::collections::HashMap::<String, NodeId>::new();
    while let Some(row) = rows.next()? {
        let id = DatastreamId(row.get(0)?);
        if id != shared.directory.next_id() {
            return Err(StoreError::Damaged(format!("datastream {} is missing", shared.directory.next_id().0)));
        }
        let name: String = row.get(1)?;
        let node = match nodes.get(&name) {
            Some(node) => node.clone(),
            None => nodes.entry(name.clone()).or_insert(node_id(&name)?).clone(),
        };
        let code: String = row.get(2)?;
        let quantity = shared.catalogue.find(&code);
        let code = quantity.map_or_else(|| code.into(), |index| shared.catalogue.quantity(index).code.clone());
        let key = DatastreamKey { node, quantity: code, channel: row.get(3)? };
        let time = |column: usize| row.get::<_, Option<i64>>(column).map(|ms| ms.map(Timestamp::from_millis));
        let last_at = time(8)?;
        let live = Live {
            next_ordinal: row.get(6)?,
            superseded: superseded.query_map([id.0], |row| row.get(0))?.collect::<Result<_, _>>()?,
            removed: row.get(10)?,
            removed_until: time(11)?,
            begun_at: time(12)?,
            basis: row.get::<_, Option<i64>>(13)?.map(|basis| basis as u64),
            first_at: time(7)?,
            last_at,
            received_at: time(9)?,
            complete_from: last_at.map(|at| at.plus_millis(1)),
            ..Live::default()
        };
        let created_at = Timestamp::from_millis(row.get(5)?);
        shared.directory.add(Arc::new(Entry::new(id, key, quantity, row.get(4)?, created_at, live)));
    }
    Ok(())
}

fn load_nodes(connection: &Connection) -> Result<Vec<(NodeId, NodeRow)>, StoreError> {
    let mut statement = connection.prepare("SELECT id, ledger, received_at, status, status_at FROM node")?;
    let mut rows = statement.query([])?;
    let mut nodes = Vec::new();
    while let Some(row) = rows.next()? {
        let status: Option<Vec<u8>> = row.get(3)?;
        let status_at: Option<i64> = row.get(4)?;
        let node = NodeRow {
            ledger: row.get(1)?,
            received_at: row.get::<_, Option<i64>>(2)?.map(Timestamp::from_millis),
            status: status.zip(status_at.map(Timestamp::from_millis)),
        };
        nodes.push((node_id(&row.get::<_, String>(0)?)?, node));
    }
    Ok(nodes)
}

fn load_names(connection: &Connection) -> Result<Vec<NameRow>, StoreError> {
    let mut statement = connection.prepare("SELECT node, incarnation, boot, intervals, used FROM name")?;
    let mut rows = statement.query([])?;
    let mut names = Vec::new();
    while let Some(row) = rows.next()? {
        names.push(NameRow {
            node: node_id(&row.get::<_, String>(0)?)?,
            incarnation: row.get::<_, i64>(1)? as u64,
            boot: row.get(2)?,
            intervals: row.get(3)?,
            used: row.get::<_, i64>(4)? as u64,
        });
    }
    Ok(names)
}

fn load_delivered(connection: &Connection) -> Result<Vec<(NodeId, u64)>, StoreError> {
    let mut statement = connection.prepare("SELECT node, hash FROM delivered ORDER BY id")?;
    let mut rows = statement.query([])?;
    let mut delivered = Vec::new();
    while let Some(row) = rows.next()? {
        delivered.push((node_id(&row.get::<_, String>(0)?)?, row.get::<_, i64>(1)? as u64));
    }
    Ok(delivered)
}

fn load_unsettled(
    connection: &Connection,
    shared: &Shared,
) -> Result<Vec<(Span, WindowIndex, DatastreamId)>, StoreError> {
    let mut statement = connection.prepare("SELECT start, end, window, datastream FROM unsettled")?;
    let mut rows = statement.query([])?;
    let mut unsettled = Vec::new();
    while let Some(row) = rows.next()? {
        let span = Span { from: Timestamp::from_millis(row.get(0)?), until: Timestamp::from_millis(row.get(1)?) };
        let window = WindowIndex(row.get(2)?);
        let id = DatastreamId(row.get(3)?);
        let known = usize::from(window.0) < shared.windows.lengths().len();
        if known && let Some(entry) = shared.directory.get(id) {
            entry.live().wait(window, span.from);
            unsettled.push((span, window, id));
        }
    }
    Ok(unsettled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::load;

    #[test]
    fn a_checkpoint_is_durable_when_it_returns() {
        let folder = tempfile::tempdir().expect("a folder");
        let windows = Arc::new(Windows::new(Vec::new(), jiff::tz::TimeZone::UTC));
        let (writer, _) =
            Writer::open(folder.path(), Arc::new(load::embedded()), windows, Arc::default()).expect("a store");
        let pragma = |name| writer.connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).expect("told");
        const FULL: i64 = 2;
        assert_eq!(pragma("synchronous"), FULL, "the journal forgets what a checkpoint holds");
    }
}
