//! Reading the registry's rows into what memory holds of them.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{Connection, Params, Row};

use super::{Calibration, Node, Placement, RegistryError, Snapshot, State};
use crate::catalogue::{Position, Text};
use crate::reading::{DatastreamKey, NodeId, Timestamp};
use crate::store::StoreError;

/// A node, and the PHC string of its secret.
pub(super) type NodeRow = (Node, Option<Arc<str>>);

/// What the file says of one node.
pub(super) struct Part {
    pub(super) node: Option<NodeRow>,
    pub(super) calibrations: HashMap<DatastreamKey, Vec<Calibration>>,
}

impl State {
    /// Puts what the file says of `node` in place of what memory held of it.
    pub(super) fn replace(&mut self, node: &NodeId, part: Part, revision: u64) {
        // Copies the map only while somebody holds the snapshot before; the nodes in it are shared.
        let snapshot = Arc::make_mut(&mut self.snapshot);
        snapshot.revision = revision;
        snapshot.calibrations.retain(|key, _| key.node != *node);
        snapshot.calibrations.extend(part.calibrations.into_iter().map(|(key, list)| (key, list.into())));
        self.secrets.remove(node);
        if let Some((found, secret)) = part.node {
            snapshot.nodes.insert(node.clone(), Arc::new(found));
            self.secrets.extend(secret.map(|secret| (node.clone(), secret)));
        }
    }
}

/// All of it, as of one commit.
pub(super) fn all(connection: &Connection) -> Result<State, RegistryError> {
    let transaction = connection.unchecked_transaction()?;
    let placements = placements(&transaction, "", [])?;
    let mut snapshot = Snapshot { revision: super::revision(&transaction)?, ..Snapshot::default() };
    let mut secrets = HashMap::new();
    for (node, secret) in nodes(&transaction, "", [], placements)? {
        secrets.extend(secret.map(|secret| (node.id.clone(), secret)));
        snapshot.nodes.insert(node.id.clone(), Arc::new(node));
    }
    snapshot.calibrations =
        calibrations(&transaction, "", [])?.into_iter().map(|(key, list)| (key, list.into())).collect();
    Ok(State { snapshot: Arc::new(snapshot), secrets })
}

/// What there is of one node.
pub(super) fn one(connection: &Connection, node: &NodeId) -> Result<Part, RegistryError> {
    let placements = placements(connection, "WHERE node = ?1", [node.as_str()])?;
    let node_row = nodes(connection, "WHERE id = ?1", [node.as_str()], placements)?.pop();
    Ok(Part { node: node_row, calibrations: calibrations(connection, "WHERE node = ?1", [node.as_str()])? })
}

fn nodes(
    connection: &Connection,
    which: &str,
    params: impl Params,
    mut placements: HashMap<NodeId, Vec<Placement>>,
) -> Result<Vec<NodeRow>, RegistryError> {
    let columns = "id, node_type, name_el, name_en, serial, enrolled_at, revoked, secret, number, awaited_until";
    let mut statement = connection.prepare_cached(&format!("SELECT {columns} FROM node {which}"))?;
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let id = node_id(row, 0)?;
        let name = |el: Option<String>, en: Option<String>| Some(Text { el: el?, en: en? });
        let node = Node {
            number: row.get(8)?,
            node_type: text(row, 1)?,
            name: name(row.get(2)?, row.get(3)?),
            serial: row.get(4)?,
            enrolled_at: Timestamp::from_millis(row.get(5)?),
            revoked: row.get(6)?,
            awaited_until: row.get::<_, Option<i64>>(9)?.map(Timestamp::from_millis),
            placements: placements.remove(&id).unwrap_or_default(),
            id,
        };
        found.push((node, text(row, 7)?));
    }
    Ok(found)
}

fn placements(
    connection: &Connection,
    which: &str,
    params: impl Params,
) -> Result<HashMap<NodeId, Vec<Placement>>, RegistryError> {
    let sql = format!("SELECT node, valid_from, site, zone, lat, lon FROM placement {which} ORDER BY node, valid_from");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params)?;
    let mut found = HashMap::<_, Vec<_>>::new();
    while let Some(row) = rows.next()? {
        let position = |lat: Option<f64>, lon: Option<f64>| Some(Position { lat: lat?, lon: lon? });
        found.entry(node_id(row, 0)?).or_default().push(Placement {
            from: Timestamp::from_millis(row.get(1)?),
            site: text(row, 2)?,
            zone: text(row, 3)?,
            position: position(row.get(4)?, row.get(5)?),
        });
    }
    Ok(found)
}

fn calibrations(
    connection: &Connection,
    which: &str,
    params: impl Params,
) -> Result<HashMap<DatastreamKey, Vec<Calibration>>, RegistryError> {
    let columns = "node, quantity, channel, valid_from, valid_until, gain, offset, unsound, note";
    let order = "ORDER BY node, quantity, channel, valid_from";
    let mut statement = connection.prepare_cached(&format!("SELECT {columns} FROM calibration {which} {order}"))?;
    let mut rows = statement.query(params)?;
    let mut found = HashMap::<_, Vec<_>>::new();
    while let Some(row) = rows.next()? {
        let quantity: String = row.get(1)?;
        let key = DatastreamKey { node: node_id(row, 0)?, quantity: quantity.into(), channel: row.get(2)? };
        found.entry(key).or_default().push(Calibration {
            from: Timestamp::from_millis(row.get(3)?),
            until: row.get::<_, Option<i64>>(4)?.map(Timestamp::from_millis),
            gain: row.get(5)?,
            offset: row.get(6)?,
            unsound: row.get(7)?,
            note: row.get(8)?,
        });
    }
    Ok(found)
}

/// The node's name in that column.
pub(super) fn node_id(row: &Row<'_>, column: usize) -> Result<NodeId, RegistryError> {
    let name: String = row.get(column)?;
    NodeId::new(&name).map_err(|_| StoreError::Damaged(format!("a node called `{name}`")).into())
}

fn text(row: &Row<'_>, column: usize) -> Result<Option<Arc<str>>, rusqlite::Error> {
    Ok(row.get::<_, Option<String>>(column)?.map(Arc::from))
}
