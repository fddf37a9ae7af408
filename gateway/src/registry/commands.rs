//! Commands that wait for their nodes, and what the nodes answered.
//!
//! A command is queued, then delivered (the node's client acknowledged it), then answered. [`COMMANDS_WAITING_MAX`]
//! may wait for a node: one more is refused. Of those that no longer wait, the last [`COMMANDS_KEPT`] of a node stay.

use rusqlite::{OptionalExtension, TransactionBehavior};
use serde_json::json;

use super::edit::trace;
use super::{Cause, Registry, RegistryError};
use crate::reading::{NodeId, Timestamp};
use crate::secret::locked;
use crate::telemetry::ingest::Command;

/// Most commands that wait for a node.
pub const COMMANDS_WAITING_MAX: usize = 64;
/// Commands of a node that are kept after they were delivered or answered.
const COMMANDS_KEPT: usize = 256;

/// How far a command came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommandState {
    /// It waits for its node.
    Queued,
    /// The node's client acknowledged it.
    Delivered,
    /// The node answered.
    Answered,
}

/// A command and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandRecord {
    /// Its number.
    pub id: u64,
    /// The native command frame.
    pub payload: Vec<u8>,
    /// How far it came.
    pub state: CommandState,
    /// When it was queued.
    pub created_at: Timestamp,
    /// When it was acknowledged.
    pub delivered_at: Option<Timestamp>,
    /// When the answer came.
    pub answered_at: Option<Timestamp>,
    /// The native reply frame.
    pub reply: Option<Vec<u8>>,
}

impl Registry {
    /// Queues a command, durably, and gives its number; `encode` makes the frame that carries it.
    ///
    /// # Errors
    /// The node is not known, as many wait as may, or the file cannot be written.
    pub fn queue_command(
        &self,
        cause: Cause<'_>,
        node: &NodeId,
        encode: impl FnOnce(u64) -> Vec<u8>,
    ) -> Result<u64, RegistryError> {
        let now = self.clock.now();
        let mut file = locked(&self.file);
        let transaction = file.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let known = transaction.prepare_cached("SELECT 1 FROM node WHERE id = ?1")?.exists([node.as_str()])?;
        if !known {
            return Err(RegistryError::UnknownNode(node.clone()));
        }
        let sql = "SELECT count(*) FROM command WHERE node = ?1 AND state = 0";
        let waiting: i64 = transaction.prepare_cached(sql)?.query_row([node.as_str()], |row| row.get(0))?;
        if waiting as usize >= COMMANDS_WAITING_MAX {
            return Err(RegistryError::CommandsFull { node: node.clone(), max: COMMANDS_WAITING_MAX });
        }
        let sql = "INSERT INTO command(node, payload, created_at) VALUES (?1, x'', ?2)";
        transaction.prepare_cached(sql)?.execute((node.as_str(), now.millis()))?;
        let id = transaction.last_insert_rowid();
        let sql = "UPDATE command SET payload = ?2 WHERE id = ?1";
        transaction.prepare_cached(sql)?.execute((id, encode(id as u64)))?;
        let sql = "DELETE FROM command WHERE id IN
            (SELECT id FROM command WHERE node = ?1 AND state > 0 ORDER BY id DESC LIMIT -1 OFFSET ?2)";
        transaction.prepare_cached(sql)?.execute((node.as_str(), COMMANDS_KEPT as i64))?;
        trace(&transaction, now, cause, "command", node, None, Some(json!({ "command": id })))?;
        transaction.commit()?;
        Ok(id as u64)
    }

    /// Keeps what `node` answered to a command. Says whether the command is that node's; the first answer stays, so
    /// that a reply that is read twice changes nothing.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn record_reply(&self, node: &NodeId, command: u64, reply: &[u8]) -> Result<bool, RegistryError> {
        let now = self.clock.now().millis();
        let file = locked(&self.file);
        let sql = "SELECT state FROM command WHERE id = ?1 AND node = ?2";
        let row = (command as i64, node.as_str());
        let state: Option<i64> = file.connection.prepare_cached(sql)?.query_row(row, |row| row.get(0)).optional()?;
        if matches!(state, Some(0 | 1)) {
            let sql = "UPDATE command SET state = 2, reply = ?2, answered_at = ?3 WHERE id = ?1";
            file.connection.prepare_cached(sql)?.execute((command as i64, reply, now))?;
        }
        Ok(state.is_some())
    }

    /// The last `top` commands of a node, newest first.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn commands_of(&self, node: &NodeId, top: usize) -> Result<Vec<CommandRecord>, RegistryError> {
        let file = locked(&self.file);
        let sql = "SELECT id, payload, state, created_at, delivered_at, answered_at, reply
            FROM command WHERE node = ?1 ORDER BY id DESC LIMIT ?2";
        let mut statement = file.connection.prepare_cached(sql)?;
        let time = |millis: Option<i64>| millis.map(Timestamp::from_millis);
        let rows = statement.query_map((node.as_str(), top as i64), |row| {
            Ok(CommandRecord {
                id: row.get::<_, i64>(0)? as u64,
                payload: row.get(1)?,
                state: match row.get::<_, i64>(2)? {
                    0 => CommandState::Queued,
                    1 => CommandState::Delivered,
                    _ => CommandState::Answered,
                },
                created_at: Timestamp::from_millis(row.get(3)?),
                delivered_at: time(row.get(4)?),
                answered_at: time(row.get(5)?),
                reply: row.get(6)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The nodes for which commands wait: the doors look there for what another process queued.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn nodes_with_commands(&self) -> Result<Vec<NodeId>, RegistryError> {
        let file = locked(&self.file);
        let sql = "SELECT DISTINCT node FROM command WHERE state = 0 ORDER BY node";
        let mut statement = file.connection.prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(super::load::node_id(row, 0)?);
        }
        Ok(found)
    }

    pub(super) fn waiting_commands(&self, node: &NodeId) -> Result<Vec<Command>, rusqlite::Error> {
        let file = locked(&self.file);
        let sql = "SELECT id, payload FROM command WHERE node = ?1 AND state = 0 ORDER BY id";
        let mut statement = file.connection.prepare_cached(sql)?;
        let rows = statement.query_map([node.as_str()], |row| {
            Ok(Command { id: row.get::<_, i64>(0)? as u64, payload: row.get::<_, Vec<u8>>(1)?.into() })
        })?;
        rows.collect()
    }

    pub(super) fn mark_delivered(&self, command: u64) -> Result<(), rusqlite::Error> {
        let file = locked(&self.file);
        let sql = "UPDATE command SET state = 1, delivered_at = ?2 WHERE id = ?1 AND state = 0";
        file.connection.prepare_cached(sql)?.execute((command as i64, self.clock.now().millis()))?;
        Ok(())
    }
}
