//! What the store remembers from the run before.

use std::sync::Arc;

use rusqlite::{Connection, params};

use super::super::StoreError;
use super::super::live::{Entry, Live};
use super::super::model::{Span, WindowIndex, WindowLength};
use super::super::shared::Shared;
use super::{NameRow, NodeRow, Progress};
use crate::reading::{DatastreamId, DatastreamKey, NodeId, Timestamp};

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

/// A window's number is its place in the configuration: the lengths that the store was made with keep theirs.
pub(super) fn hold_to_lengths(connection: &Connection, lengths: &[WindowLength]) -> Result<(), StoreError> {
    for (place, length) in lengths.iter().enumerate() {
        let (place, configured) = (place as i64, length.iso());
        connection.execute("INSERT OR IGNORE INTO window VALUES (?1, ?2)", params![place, configured])?;
        let stored: String =
            connection.query_row("SELECT length FROM window WHERE id = ?1", [place], |row| row.get(0))?;
        if stored != configured {
            let mut statement = connection.prepare("SELECT length FROM window ORDER BY id")?;
            let all: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
            return Err(StoreError::OtherWindows { configured, stored, all: all.join(", ") });
        }
    }
    Ok(())
}

fn node_id(text: &str) -> Result<NodeId, StoreError> {
    NodeId::new(text).map_err(|_| StoreError::Damaged(format!("node {text:?}")))
}

pub(super) fn datastreams(connection: &Connection, shared: &Shared) -> Result<(), StoreError> {
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

pub(super) fn nodes(connection: &Connection) -> Result<Vec<(NodeId, NodeRow)>, StoreError> {
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

pub(super) fn names(connection: &Connection) -> Result<Vec<NameRow>, StoreError> {
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

pub(super) fn delivered(connection: &Connection) -> Result<Vec<(NodeId, u64)>, StoreError> {
    let mut statement = connection.prepare("SELECT node, hash FROM delivered ORDER BY id")?;
    let mut rows = statement.query([])?;
    let mut delivered = Vec::new();
    while let Some(row) = rows.next()? {
        delivered.push((node_id(&row.get::<_, String>(0)?)?, row.get::<_, i64>(1)? as u64));
    }
    Ok(delivered)
}

pub(super) fn unsettled(
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
