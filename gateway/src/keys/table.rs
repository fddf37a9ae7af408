//! The table of certificates issued: which node, until when, revoked or not.

use std::fmt;

use rusqlite::{Connection, OptionalExtension, Row};
use serde_json::json;

use super::{CERTIFICATES_OF_NODE_MAX, KeysError};
use crate::audit::hex;
use crate::reading::{NodeId, Timestamp};
use crate::secret;
use crate::store::StoreError;

/// SHA-256 of a certificate in DER form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Of a certificate in DER form.
    pub fn of(der: &[u8]) -> Self {
        Self(secret::digest(der))
    }

    /// As people compare it: 16 hexadecimal digits.
    pub fn short(&self) -> String {
        hex(&self.0[..8])
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

/// A node's certificate, without its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// What it is known by.
    pub fingerprint: Fingerprint,
    /// Whose it is.
    pub node: NodeId,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it ends.
    pub valid_until: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

impl Certificate {
    /// Whether it holds at that moment.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && now < self.valid_until
    }

    /// As the audit log tells it.
    pub(super) fn told(&self) -> serde_json::Value {
        json!({ "fingerprint": self.fingerprint.to_string(), "valid_until": self.valid_until.to_string() })
    }
}

const COLUMNS: &str = "fingerprint, node, issued_at, valid_until, revoked_at";

fn read(row: &Row<'_>) -> rusqlite::Result<Certificate> {
    let time = |column| row.get(column).map(Timestamp::from_millis);
    let node: String = row.get(1)?;
    let node = NodeId::new(&node)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(1, rusqlite::types::Type::Text, Box::new(error)))?;
    Ok(Certificate {
        fingerprint: Fingerprint(row.get(0)?),
        node,
        issued_at: time(2)?,
        valid_until: time(3)?,
        revoked_at: row.get::<_, Option<i64>>(4)?.map(Timestamp::from_millis),
    })
}

pub(super) fn find(connection: &Connection, fingerprint: &Fingerprint) -> Result<Option<Certificate>, StoreError> {
    let mut one = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM certificate WHERE fingerprint = ?1"))?;
    Ok(one.query_row([fingerprint.0], read).optional()?)
}

/// The newest first.
pub(super) fn list(connection: &Connection, node: Option<&NodeId>) -> Result<Vec<Certificate>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM certificate WHERE ?1 IS NULL OR node = ?1 ORDER BY issued_at DESC, node, fingerprint"
    );
    let mut all = connection.prepare_cached(&sql)?;
    Ok(all.query_map([node.map(NodeId::as_str)], read)?.collect::<Result<_, _>>()?)
}

pub(super) fn insert(connection: &Connection, certificate: &Certificate) -> Result<(), StoreError> {
    let sql = "INSERT INTO certificate(fingerprint, node, issued_at, valid_until) VALUES (?1, ?2, ?3, ?4)";
    let Certificate { fingerprint, node, issued_at, valid_until, .. } = certificate;
    connection.execute(sql, (fingerprint.0, node.as_str(), issued_at.millis(), valid_until.millis()))?;
    Ok(())
}

pub(super) fn revoke(connection: &Connection, fingerprint: &Fingerprint, at: Timestamp) -> Result<(), StoreError> {
    let sql = "UPDATE certificate SET revoked_at = ?2 WHERE fingerprint = ?1 AND revoked_at IS NULL";
    connection.execute(sql, (fingerprint.0, at.millis()))?;
    Ok(())
}

/// How many were issued and revoked so far: both rise only.
pub(super) type Marks = (i64, i64);

/// The table's marks.
pub(super) fn marks(connection: &Connection) -> Result<Marks, StoreError> {
    let sql = "SELECT count(*), count(revoked_at) FROM certificate";
    Ok(connection.prepare_cached(sql)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

/// Whether the node may have one more.
pub(super) fn may_have_one(connection: &Connection, node: &NodeId, now: Timestamp) -> Result<(), KeysError> {
    let revoked: Option<bool> = connection
        .prepare_cached("SELECT revoked FROM node WHERE id = ?1")?
        .query_row([node.as_str()], |row| row.get(0))
        .optional()?;
    match revoked {
        None => return Err(KeysError::UnknownNode(node.clone())),
        Some(true) => return Err(KeysError::RevokedNode(node.clone())),
        Some(false) => {}
    }
    let holding = list(connection, Some(node))?.iter().filter(|one| one.holds(now)).count();
    if holding >= CERTIFICATES_OF_NODE_MAX {
        return Err(KeysError::Full(node.clone(), holding));
    }
    Ok(())
}
