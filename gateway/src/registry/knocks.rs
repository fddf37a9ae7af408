//! Who knocked and was not let in, for the person who would add it.
//!
//! Knocks wait in memory and are written together, so that a stranger costs no disk write of its own; what waits is
//! lost when the process dies. `[limits] knocks_max` are kept. A flood of invented names pushes out little: an address
//! has a tenth of the list at most, and its own oldest go first; of a list that is full from many addresses, those go
//! first who knocked the fewest times, since a node that is there knocks again.

use std::collections::HashMap;
use std::net::IpAddr;

use rusqlite::Connection;

use super::load::node_id;
use super::{Registry, RegistryError};
use crate::reading::{NodeId, Timestamp};
use crate::secret::locked;

/// An address has this part of the list at most.
const SHARE: usize = 10;

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
    /// From where, the last time; empty where somebody else stood between (a broker, a serial line, a certificate).
    pub address: String,
}

/// A knock that is not written yet.
pub(super) struct Waiting {
    last_at: Timestamp,
    count: u64,
    address: Option<IpAddr>,
}

/// Knocks that are not written yet.
pub(super) type Pending = HashMap<(NodeId, &'static str), Waiting>;

impl Registry {
    pub(super) fn knock(&self, node: &NodeId, reason: &'static str, address: Option<IpAddr>) {
        let now = self.clock.now();
        let mut pending = locked(&self.knocks);
        let key = (node.clone(), reason);
        if let Some(waiting) = pending.get_mut(&key) {
            *waiting = Waiting { last_at: now, count: waiting.count + 1, address };
            return;
        }
        let full = pending.len() >= self.config.knocks_max
            || pending.values().filter(|waiting| waiting.address == address).count() >= self.knocks_of_address();
        if full {
            self.counters.count_knock_not_kept();
            return;
        }
        pending.insert(key, Waiting { last_at: now, count: 1, address });
    }

    fn knocks_of_address(&self) -> usize {
        (self.config.knocks_max / SHARE).max(1)
    }

    pub(super) fn write_knocks(&self) -> Result<(), RegistryError> {
        let pending = std::mem::take(&mut *locked(&self.knocks));
        if pending.is_empty() {
            return Ok(());
        }
        let mut file = locked(&self.file);
        let transaction = file.connection.transaction()?;
        for ((node, reason), Waiting { last_at, count, address }) in &pending {
            let sql = "INSERT INTO knock(node, reason, last_at, count, address) VALUES (?1, ?2, ?3, ?4, ?5)
                ON CONFLICT DO UPDATE SET last_at = excluded.last_at, count = count + excluded.count,
                    address = excluded.address";
            let address = address.map(|address| address.to_string()).unwrap_or_default();
            let row = (node.as_str(), reason, last_at.millis(), *count as i64, address);
            transaction.prepare_cached(sql)?.execute(row)?;
        }
        let shares = "DELETE FROM knock WHERE (node, reason) IN (SELECT node, reason FROM
            (SELECT node, reason, row_number() OVER (PARTITION BY address ORDER BY last_at DESC, node) AS place FROM knock)
            WHERE place > ?1)";
        transaction.prepare_cached(shares)?.execute([self.knocks_of_address() as i64])?;
        let all = "DELETE FROM knock WHERE (node, reason) IN
            (SELECT node, reason FROM knock ORDER BY min(count, 5) DESC, last_at DESC LIMIT -1 OFFSET ?1)";
        transaction.prepare_cached(all)?.execute([self.config.knocks_max as i64])?;
        Ok(transaction.commit()?)
    }

    /// Forgets who knocked last before that time; says how many lines of the list went. Telling the audit log is for the
    /// caller.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn forget_knocks(&self, before: Timestamp) -> Result<usize, RegistryError> {
        let sql = "DELETE FROM knock WHERE last_at < ?1";
        Ok(locked(&self.file).connection.execute(sql, [before.millis()])?)
    }

    /// The knocks, latest first.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn knocks(&self) -> Result<Vec<Knock>, RegistryError> {
        self.write_knocks()?;
        let file = locked(&self.file);
        let sql = "SELECT node, reason, last_at, count, address FROM knock ORDER BY last_at DESC, node";
        let mut statement = file.connection.prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let last_at = Timestamp::from_millis(row.get(2)?);
            let count = row.get::<_, i64>(3)? as u64;
            found.push(Knock { node: node_id(row, 0)?, reason: row.get(1)?, last_at, count, address: row.get(4)? });
        }
        Ok(found)
    }
}

/// A node that was added is not unknown any more.
pub(super) fn answered(connection: &Connection, node: &NodeId) -> Result<(), RegistryError> {
    let sql = "DELETE FROM knock WHERE node = ?1 AND reason = 'unknown_node'";
    connection.prepare_cached(sql)?.execute([node.as_str()])?;
    Ok(())
}
