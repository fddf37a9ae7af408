//! Whether there is a place for a node that is to be added: its name is free and none of ours, what is said of it can
//! be, and there are not as many as may be. Whoever adds and whoever only asks are held to the same.

use std::collections::HashSet;

use rusqlite::Connection;

use super::Details;
use crate::catalogue::Catalogue;
use crate::reading::NodeId;
use crate::registry::{Registry, RegistryError};
use crate::secret::locked;

/// Names that pages about nodes have.
const RESERVED: [&str; 3] = ["new", "import", "knocking"];

impl Registry {
    /// What [`Self::add_nodes`] would say of each of these nodes, when those before it that could be added are there.
    /// Nothing is added.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn could_add(
        &self,
        nodes: &[(NodeId, Details)],
        catalogue: &Catalogue,
    ) -> Result<Vec<Result<(), RegistryError>>, RegistryError> {
        let file = locked(&self.file);
        let transaction = file.connection.unchecked_transaction()?;
        let mut room = Room::look(&transaction, self.config.nodes_max)?;
        let verdicts = nodes.iter().map(|(id, details)| match room.take_for(id, details, catalogue) {
            Err(error @ RegistryError::Store(_)) => Err(error),
            verdict => Ok(verdict),
        });
        verdicts.collect()
    }
}

/// Places for nodes that are added one after another, in one transaction.
pub(in crate::registry) struct Room<'a> {
    connection: &'a Connection,
    count: usize,
    nodes_max: usize,
    taken: HashSet<NodeId>,
}

impl<'a> Room<'a> {
    pub(in crate::registry) fn look(connection: &'a Connection, nodes_max: usize) -> Result<Self, RegistryError> {
        let sql = "SELECT count(*) FROM node";
        let count: i64 = connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
        Ok(Self { connection, count: count as usize, nodes_max, taken: HashSet::new() })
    }

    /// Takes a place for a node of which this is said.
    pub(in crate::registry) fn take_for(
        &mut self,
        id: &NodeId,
        details: &Details,
        catalogue: &Catalogue,
    ) -> Result<(), RegistryError> {
        details.check(catalogue)?;
        self.take(id)
    }

    /// Takes a place for a node of which nothing is said yet.
    pub(in crate::registry) fn take(&mut self, id: &NodeId) -> Result<(), RegistryError> {
        if RESERVED.contains(&id.as_str()) {
            return Err(RegistryError::Reserved(id.clone()));
        }
        let sql = "SELECT EXISTS(SELECT 1 FROM node WHERE id = ?1)";
        let is_there = self.connection.prepare_cached(sql)?.query_row([id.as_str()], |row| row.get(0))?;
        if is_there || self.taken.contains(id) {
            return Err(RegistryError::NodeExists(id.clone()));
        }
        if self.count >= self.nodes_max {
            return Err(RegistryError::NodesMax(self.nodes_max));
        }
        self.count += 1;
        self.taken.insert(id.clone());
        Ok(())
    }
}
