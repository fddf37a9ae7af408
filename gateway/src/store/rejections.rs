//! Rejections as the database keeps them: for pages and for the command line.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::StoreError;
use super::model::{Page, Rejection};
use crate::reading::{NodeId, RejectReason, Timestamp};

const COLUMNS: &str = "id, rejection.position, reading, node, reason, detail, received_at, replayed_at";

/// Rejections, newest first, of one node or of all.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn list(connection: &Connection, node: Option<&NodeId>, page: Page) -> Result<Vec<Rejection>, StoreError> {
    let filter = if node.is_some() { "node = ?1" } else { "?1 IS NULL" };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM rejection WHERE {filter} ORDER BY id DESC LIMIT ?2 OFFSET ?3"
    ))?;
    let values = params![node.map(NodeId::as_str), page.top as i64, page.skip as i64];
    let rows = statement.query_map(values, |row| Ok(rejection(row)))?;
    rows.map(|row| row?).collect()
}

/// The rejection with that number and its frame, encoded as the journal had it.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn find(connection: &Connection, id: u64) -> Result<Option<(Rejection, Vec<u8>)>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS}, frame FROM rejection
           JOIN rejected_frame ON rejected_frame.position = rejection.position WHERE id = ?1"
    ))?;
    let found = statement.query_row([id as i64], |row| Ok((rejection(row), row.get(8)?))).optional()?;
    found.map(|(rejection, frame)| Ok((rejection?, frame))).transpose()
}

/// Whether the rejection with that number is kept and was not played again yet.
pub(super) fn may_be_replayed(connection: &Connection, id: u64) -> Result<bool, StoreError> {
    let mut statement = connection.prepare_cached("SELECT 1 FROM rejection WHERE id = ?1 AND replayed_at IS NULL")?;
    Ok(statement.exists([id as i64])?)
}

fn rejection(row: &Row<'_>) -> Result<Rejection, StoreError> {
    let node: String = row.get(3)?;
    let reason: String = row.get(4)?;
    Ok(Rejection {
        id: row.get::<_, i64>(0)? as u64,
        position: row.get::<_, i64>(1)? as u64,
        reading: row.get(2)?,
        node: NodeId::new(&node).map_err(|e| StoreError::Damaged(e.to_string()))?,
        reason: RejectReason::from_code(&reason).ok_or_else(|| StoreError::Damaged(format!("reason {reason}")))?,
        detail: row.get(5)?,
        received_at: Timestamp::from_millis(row.get(6)?),
        replayed_at: row.get::<_, Option<i64>>(7)?.map(Timestamp::from_millis),
    })
}
