//! Who knocked and was not let in, for the person who would add it.
//!
//! Knocks wait in memory and are written together, so that a stranger costs no disk write of its own; what waits is
//! lost when the process dies. [`KNOCKS_MAX`] are kept: the oldest go first.

use std::collections::HashMap;

use super::load::node_id;
use super::{Registry, RegistryError};
use crate::reading::{NodeId, Timestamp};
use crate::secret::locked;

/// Most knocks that are kept.
pub const KNOCKS_MAX: usize = 1_000;

/// A node that was not let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Knock {
    /// What it called itself.
    pub node: NodeId,
    /// Why it was not let in, as metrics say it: `unknown_node`.
    pub reason: String,
    /// The last time.
    pub last_at: Timestamp,
    /// How often.
    pub count: u64,
}

/// Knocks that are not written yet.
pub(super) type Pending = HashMap<(NodeId, &'static str), (Timestamp, u64)>;

impl Registry {
    pub(super) fn knock(&self, node: &NodeId, reason: &'static str) {
        let now = self.clock.now();
        let mut pending = locked(&self.knocks);
        let key = (node.clone(), reason);
        if pending.len() >= KNOCKS_MAX && !pending.contains_key(&key) {
            self.counters.count_knock_not_kept();
            return;
        }
        let (last_at, count) = pending.entry(key).or_default();
        *last_at = now;
        *count += 1;
    }

    pub(super) fn write_knocks(&self) -> Result<(), RegistryError> {
        let pending = std::mem::take(&mut *locked(&self.knocks));
        if pending.is_empty() {
            return Ok(());
        }
        let mut file = locked(&self.file);
        let transaction = file.connection.transaction()?;
        for ((node, reason), (last_at, count)) in &pending {
            let sql = "INSERT INTO knock(node, reason, last_at, count) VALUES (?1, ?2, ?3, ?4)
                ON CONFLICT DO UPDATE SET last_at = excluded.last_at, count = count + excluded.count";
            let row = (node.as_str(), reason, last_at.millis(), *count as i64);
            transaction.prepare_cached(sql)?.execute(row)?;
        }
        let sql = "DELETE FROM knock WHERE (node, reason) IN
            (SELECT node, reason FROM knock ORDER BY last_at DESC LIMIT -1 OFFSET ?1)";
        transaction.prepare_cached(sql)?.execute([KNOCKS_MAX as i64])?;
        Ok(transaction.commit()?)
    }

    /// The knocks, latest first.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn knocks(&self) -> Result<Vec<Knock>, RegistryError> {
        self.write_knocks()?;
        let file = locked(&self.file);
        let sql = "SELECT node, reason, last_at, count FROM knock ORDER BY last_at DESC, node";
        let mut statement = file.connection.prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let last_at = Timestamp::from_millis(row.get(2)?);
            let count = row.get::<_, i64>(3)? as u64;
            found.push(Knock { node: node_id(row, 0)?, reason: row.get(1)?, last_at, count });
        }
        Ok(found)
    }
}
