//! What people change in the registry. Every change says who and why, and leaves what was before and what is after.

use rusqlite::{Connection, Transaction};
use serde_json::Value;

use super::{Calibration, Node, Registry, RegistryError, describe, knocks, load};
use crate::audit::{self, Category, Cause, Entry, Event, Search};
use crate::catalogue::Catalogue;
use crate::reading::{DatastreamKey, NodeId, Timestamp};
use crate::secret::{Secret, locked};

mod checks;
mod details;
mod room;

pub use details::Details;
pub(super) use room::Room;

impl Registry {
    /// Adds a node and makes its secret, which is shown this once.
    ///
    /// # Errors
    /// There is such a node, there are as many as may be, the catalogue lacks a code, or the file cannot be written.
    pub fn add_node(
        &self,
        cause: Cause<'_>,
        id: &NodeId,
        details: &Details,
        catalogue: &Catalogue,
    ) -> Result<Secret, RegistryError> {
        let secret = Secret::generate()?;
        let phc = self.verifier.hash_generated(&secret)?;
        self.change(id, |transaction, now| {
            let mut room = Room::look(transaction, self.config.nodes_max)?;
            self.add(transaction, now, cause, (id, details, Some(&*phc)), catalogue, &mut room)
        })?;
        Ok(secret)
    }

    /// Adds all of these nodes or none; gives their secrets in the same order, which are shown this once.
    ///
    /// # Errors
    /// As [`Self::add_node`]; nothing is added then.
    pub fn add_nodes(
        &self,
        cause: Cause<'_>,
        nodes: &[(NodeId, Details)],
        catalogue: &Catalogue,
    ) -> Result<Vec<Secret>, RegistryError> {
        let secrets = nodes.iter().map(|_| Secret::generate()).collect::<Result<Vec<_>, _>>()?;
        let hashed =
            secrets.iter().map(|secret| self.verifier.hash_generated(secret)).collect::<Result<Vec<_>, _>>()?;
        self.change_many(|transaction, now| {
            let mut room = Room::look(transaction, self.config.nodes_max)?;
            let mut all = nodes.iter().zip(&hashed);
            all.try_for_each(|((id, details), phc)| {
                self.add(transaction, now, cause, (id, details, Some(&**phc)), catalogue, &mut room)
            })
        })?;
        Ok(secrets)
    }

    /// Lets a node in that knocked, with the secret that it has: the one it shows first, within [`RegistryConfig::claim`],
    /// is bound to it. Who knocked under that name is forgotten.
    ///
    /// [`RegistryConfig::claim`]: super::RegistryConfig::claim
    ///
    /// # Errors
    /// As [`Self::add_node`].
    pub fn await_node(
        &self,
        cause: Cause<'_>,
        id: &NodeId,
        details: &Details,
        catalogue: &Catalogue,
    ) -> Result<(), RegistryError> {
        self.change(id, |transaction, now| {
            let mut room = Room::look(transaction, self.config.nodes_max)?;
            self.add(transaction, now, cause, (id, details, None), catalogue, &mut room)
        })
    }

    /// Without a secret, the first that it shows is awaited.
    fn add(
        &self,
        transaction: &Transaction<'_>,
        now: Timestamp,
        cause: Cause<'_>,
        (id, details, phc): (&NodeId, &Details, Option<&str>),
        catalogue: &Catalogue,
        room: &mut Room<'_>,
    ) -> Result<(), RegistryError> {
        room.take_for(id, details, catalogue)?;
        insert_node(transaction, id, phc, now)?;
        if phc.is_none() {
            let until = now.plus_millis(i64::try_from(self.config.claim.as_millis()).unwrap_or(i64::MAX));
            let sql = "UPDATE node SET awaited_until = ?2 WHERE id = ?1";
            transaction.execute(sql, (id.as_str(), until.millis()))?;
        }
        let node = existing(transaction, id)?.0;
        details.write(transaction, &node, catalogue, now)?;
        knocks::answered(transaction, id)?;
        trace(transaction, now, cause, "add", id, None, Some(described(transaction, id)?))
    }

    /// Says more of a node, or that it stands elsewhere.
    ///
    /// # Errors
    /// There is no such node, the catalogue lacks a code, or the file cannot be written.
    pub fn set_node(
        &self,
        cause: Cause<'_>,
        id: &NodeId,
        details: &Details,
        catalogue: &Catalogue,
    ) -> Result<(), RegistryError> {
        self.edit(cause, "set", id, |transaction, node, now| details.write(transaction, node, catalogue, now))
    }

    /// Takes a node's right to come in; what it measured stays. A connection it has is for the caller to end.
    ///
    /// # Errors
    /// There is no such node, or the file cannot be written.
    pub fn revoke(&self, cause: Cause<'_>, id: &NodeId) -> Result<(), RegistryError> {
        self.edit(cause, "revoke", id, |transaction, _, _| {
            transaction.execute("UPDATE node SET revoked = 1 WHERE id = ?1", [id.as_str()])?;
            transaction.execute("DELETE FROM session WHERE node = ?1", [id.as_str()])?;
            Ok(())
        })
    }

    /// Lets a revoked node in again, with the secret it had.
    ///
    /// # Errors
    /// There is no such node, or the file cannot be written.
    pub fn unrevoke(&self, cause: Cause<'_>, id: &NodeId) -> Result<(), RegistryError> {
        self.edit(cause, "unrevoke", id, |transaction, _, _| {
            transaction.execute("UPDATE node SET revoked = 0 WHERE id = ?1", [id.as_str()])?;
            Ok(())
        })
    }

    /// Gives a node a new secret, shown this once; the old one no longer holds.
    ///
    /// # Errors
    /// There is no such node, or the file cannot be written.
    pub fn rotate_secret(&self, cause: Cause<'_>, id: &NodeId) -> Result<Secret, RegistryError> {
        let secret = Secret::generate()?;
        let phc = self.verifier.hash_generated(&secret)?;
        self.edit(cause, "rotate secret", id, |transaction, _, _| {
            let sql = "UPDATE node SET secret = ?2, awaited_until = NULL WHERE id = ?1";
            transaction.execute(sql, (id.as_str(), &*phc))?;
            Ok(())
        })?;
        Ok(secret)
    }

    /// Adds a calibration. One with the same `from` is replaced; where several hold, the one with the later `from` does.
    ///
    /// # Errors
    /// There is no such node or quantity, the calibration cannot hold, or the file cannot be written.
    pub fn add_calibration(
        &self,
        cause: Cause<'_>,
        key: &DatastreamKey,
        calibration: &Calibration,
        catalogue: &Catalogue,
    ) -> Result<(), RegistryError> {
        checks::calibration(calibration)?;
        checks::quantity(catalogue, &key.quantity)?;
        self.change(&key.node, |transaction, now| {
            existing(transaction, &key.node)?;
            let before = load::one(transaction, &key.node)?.calibrations.remove(key).unwrap_or_default();
            let replaced = before.iter().find(|c| c.from == calibration.from);
            let sql = "INSERT OR REPLACE INTO calibration
                (node, quantity, channel, valid_from, valid_until, gain, offset, unsound, note)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
            let row = (
                key.node.as_str(),
                &*key.quantity,
                key.channel,
                calibration.from.millis(),
                calibration.until.map(Timestamp::millis),
                calibration.gain,
                calibration.offset,
                calibration.unsound,
                &calibration.note,
            );
            transaction.prepare_cached(sql)?.execute(row)?;
            let before = replaced.map(|c| describe::calibration(key, c));
            let after = describe::calibration(key, calibration);
            trace(transaction, now, cause, "calibrate", &key.node, before, Some(after))
        })
    }

    /// The last `top` entries of the audit log that tell of a node, newest first.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn changes(&self, node: &NodeId, top: usize) -> Result<Vec<Entry>, RegistryError> {
        let search = Search { subject: subject(node), ..Search::default() };
        Ok(audit::list(&locked(&self.file).connection, &search, top)?)
    }

    /// One change of a node that there is, traced.
    fn edit(
        &self,
        cause: Cause<'_>,
        what: &str,
        id: &NodeId,
        work: impl FnOnce(&Transaction<'_>, &Node, Timestamp) -> Result<(), RegistryError>,
    ) -> Result<(), RegistryError> {
        self.change(id, |transaction, now| {
            let node = existing(transaction, id)?.0;
            let before = described(transaction, id)?;
            work(transaction, &node, now)?;
            trace(transaction, now, cause, what, id, Some(before), Some(described(transaction, id)?))
        })
    }
}

/// The bare row of a new node, which [`Room`] has a place for.
pub(super) fn insert_node(
    connection: &Connection,
    id: &NodeId,
    phc: Option<&str>,
    now: Timestamp,
) -> Result<(), RegistryError> {
    let sql = "INSERT INTO node(id, number, enrolled_at, secret)
               VALUES (?1, (SELECT coalesce(max(number), 0) + 1 FROM node), ?2, ?3)";
    connection.prepare_cached(sql)?.execute((id.as_str(), now.millis(), phc))?;
    Ok(())
}

/// Writes down that somebody did something to a node.
pub(super) fn trace(
    connection: &Connection,
    at: Timestamp,
    cause: Cause<'_>,
    what: &str,
    node: &NodeId,
    before: Option<Value>,
    after: Option<Value>,
) -> Result<(), RegistryError> {
    checks::short("reason", cause.reason)?;
    let subject = subject(node);
    let event = Event::done(Category::Registry, what, &subject).with(before, after);
    audit::append(connection, at, cause, event)?;
    Ok(())
}

/// A node among all that changes are about.
fn subject(node: &NodeId) -> String {
    format!("node/{node}")
}

fn existing(connection: &Connection, id: &NodeId) -> Result<load::NodeRow, RegistryError> {
    load::one(connection, id)?.node.ok_or_else(|| RegistryError::UnknownNode(id.clone()))
}

fn described(connection: &Connection, id: &NodeId) -> Result<Value, RegistryError> {
    let (node, secret) = existing(connection, id)?;
    Ok(describe::node(&node, secret.is_some()))
}
