//! Which nodes there are, what they are called, where they stand and how they prove who they are.
//!
//! The registry is a file, `records.db`, and what memory holds of it. A change is on disk, with who made it and why,
//! before it is seen. Other processes may change the file meanwhile: [`Registry::refresh`] sees that. What the pure
//! stages need of it is a [`Snapshot`]. The doors ask it as [`crate::telemetry::ingest::Admission`] and
//! [`crate::telemetry::ingest::Sessions`]; these and all that changes it block.

mod admission;
pub mod cli;
mod commands;
mod counters;
mod describe;
mod edit;
mod error;
mod knocks;
mod load;
mod secret;
mod sessions;

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior};

pub use crate::audit::Cause;
pub use crate::secret::Secret;
pub use admission::CertifiedNodes;
pub use commands::{COMMANDS_WAITING_MAX, CommandRecord, CommandState};
pub use counters::Counters;
pub use edit::Details;
pub use error::RegistryError;
pub use knocks::Knock;
pub use secret::{FAILURES_PER_MINUTE_MAX, SECRET_BYTES_MAX};

use crate::audit;
use crate::catalogue::{Position, Text};
use crate::clock::Clock;
use crate::reading::{DatastreamKey, NodeId, Timestamp};
use crate::secret::locked;
use crate::store::{StoreError, records};
use secret::Verifier;

/// The nodes, their secrets, placements and calibrations, their sessions and commands.
pub struct Registry {
    config: RegistryConfig,
    clock: Clock,
    opened_at: Timestamp,
    // Taken before `state` where both are: what memory holds follows the order of commits.
    file: Mutex<File>,
    state: RwLock<State>,
    verifier: Verifier,
    knocks: Mutex<knocks::Pending>,
    counters: Counters,
}

/// How nodes come in.
#[derive(Debug, Clone, Copy)]
pub struct RegistryConfig {
    /// Who may enrol.
    pub mode: Enrolment,
    /// Most nodes, revoked ones included.
    pub nodes_max: usize,
    /// How long a node that knocked and was let in may take to come back and bind its secret.
    pub claim: Duration,
    /// Most knocks kept.
    pub knocks_max: usize,
}

/// Who may enrol a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enrolment {
    /// An unknown node is enrolled when it first comes in, and the first secret it shows is bound to it.
    Open,
    /// A node is added by a person, who gives it the secret that the registry makes.
    Claim,
}

struct File {
    connection: Connection,
    /// SQLite's `data_version` when the file was last read: it moves with the commits of others.
    data_version: i64,
    /// The snapshot's revision when [`Registry::refresh`] was last called.
    revision_told: u64,
}

/// What memory holds of the file. Secrets stay out of the snapshot, which goes everywhere.
#[derive(Default)]
struct State {
    snapshot: Arc<Snapshot>,
    secrets: HashMap<NodeId, Arc<str>>,
}

impl Registry {
    /// Opens the records at `path`, creating them when there are none.
    ///
    /// # Errors
    /// The file cannot be read, or a newer program wrote it.
    pub fn open(path: &Path, config: RegistryConfig) -> Result<Arc<Self>, RegistryError> {
        let mut connection = records::open(path).map_err(StoreError::Open)?;
        audit::adopt(&mut connection)?;
        let data_version = data_version(&connection)?;
        let state = load::all(&connection)?;
        let clock = Clock::new(Timestamp::default());
        Ok(Arc::new(Self {
            config,
            opened_at: clock.now(),
            clock,
            file: Mutex::new(File { connection, data_version, revision_told: state.snapshot.revision }),
            state: RwLock::new(state),
            verifier: Verifier::new()?,
            knocks: Mutex::default(),
            counters: Counters::default(),
        }))
    }

    /// The registry as it stands now.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.read(|state| state.snapshot.clone())
    }

    /// What the registry counted since it was opened.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Whether a secret is bound to the node.
    pub fn has_secret(&self, node: &NodeId) -> bool {
        self.read(|state| state.secrets.contains_key(node))
    }

    /// Sees what other processes changed, and writes down who knocked. Says whether the snapshot is another one than
    /// at the last call, whoever changed it; a node revoked meanwhile may still be connected.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn refresh(&self) -> Result<bool, RegistryError> {
        self.write_knocks()?;
        self.see_changes()?;
        let mut file = locked(&self.file);
        let revision = self.read(|state| state.snapshot.revision);
        Ok(std::mem::replace(&mut file.revision_told, revision) != revision)
    }

    fn see_changes(&self) -> Result<(), RegistryError> {
        let mut file = locked(&self.file);
        let now = data_version(&file.connection)?;
        if now == file.data_version {
            return Ok(());
        }
        // Sessions and commands move the version too, and are read where they are asked for.
        if revision(&file.connection)? != self.read(|state| state.snapshot.revision) {
            let state = load::all(&file.connection)?;
            self.write(|held| *held = state);
        }
        file.data_version = now;
        Ok(())
    }

    /// Makes one change of what the snapshot shows of `node`: on disk, and in memory, when this returns.
    fn change<T>(
        &self,
        node: &NodeId,
        work: impl FnOnce(&Transaction<'_>, Timestamp) -> Result<T, RegistryError>,
    ) -> Result<T, RegistryError> {
        let mut file = locked(&self.file);
        let transaction = file.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let out = work(&transaction, self.clock.now())?;
        transaction.prepare_cached("UPDATE revision SET value = value + 1")?.execute([])?;
        let revision = revision(&transaction)?;
        let part = load::one(&transaction, node)?;
        transaction.commit()?;
        if revision == self.read(|state| state.snapshot.revision) + 1 {
            self.write(|state| state.replace(node, part, revision));
        } else {
            // Another process changed something that we have not seen yet.
            let state = load::all(&file.connection)?;
            self.write(|held| *held = state);
        }
        Ok(out)
    }

    /// As [`Self::change`], of several nodes: all of it or nothing.
    fn change_many<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>, Timestamp) -> Result<T, RegistryError>,
    ) -> Result<T, RegistryError> {
        let mut file = locked(&self.file);
        let transaction = file.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let out = work(&transaction, self.clock.now())?;
        transaction.prepare_cached("UPDATE revision SET value = value + 1")?.execute([])?;
        transaction.commit()?;
        let state = load::all(&file.connection)?;
        self.write(|held| *held = state);
        Ok(out)
    }

    fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.write().unwrap_or_else(PoisonError::into_inner));
    }
}

fn data_version(connection: &Connection) -> Result<i64, RegistryError> {
    Ok(connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?)
}

fn revision(connection: &Connection) -> Result<u64, RegistryError> {
    let revision: i64 = connection.prepare_cached("SELECT value FROM revision")?.query_row([], |row| row.get(0))?;
    Ok(revision as u64)
}

/// The registry as it stood at one moment; the pure stages are given this.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Rises with every change.
    pub revision: u64,
    /// Every node, revoked ones included.
    pub nodes: HashMap<NodeId, Arc<Node>>,
    /// Calibrations by datastream, by `from`.
    pub calibrations: HashMap<DatastreamKey, Arc<[Calibration]>>,
}

impl Snapshot {
    /// The calibration that holds for what was measured then: of several, the one with the later `from`.
    pub fn calibration(&self, key: &DatastreamKey, measured_at: Timestamp) -> Option<&Calibration> {
        self.calibrations.get(key)?.iter().rev().find(|c| c.holds(measured_at))
    }
}

/// A node.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Its name.
    pub id: NodeId,
    /// Its number, given when it was enrolled and never used again; SensorThings' `@iot.id` of its Thing.
    pub number: u32,
    /// Its type's code in the catalogue.
    pub node_type: Option<Arc<str>>,
    /// What people call it.
    pub name: Option<Text>,
    /// The hardware's serial number.
    pub serial: Option<String>,
    /// When it was enrolled.
    pub enrolled_at: Timestamp,
    /// Whether it may no longer come in.
    pub revoked: bool,
    /// Until when the first secret that it shows is bound to it; none once that has happened.
    pub awaited_until: Option<Timestamp>,
    /// Where it stood from when, by `from`.
    pub placements: Vec<Placement>,
}

impl Node {
    /// Where it stood at that moment; before its first placement, there.
    pub fn placement(&self, at: Timestamp) -> Option<&Placement> {
        self.placements.iter().rev().find(|placement| placement.from <= at).or(self.placements.first())
    }
}

/// Where a node stands from a moment on. The first placement of a node holds from the beginning of time.
#[derive(Debug, Clone, PartialEq)]
pub struct Placement {
    /// From when.
    pub from: Timestamp,
    /// The site's code in the catalogue.
    pub site: Option<Arc<str>>,
    /// The zone's code: the site's unless told otherwise.
    pub zone: Option<Arc<str>>,
    /// Its own position, or the site's.
    pub position: Option<Position>,
}

/// `value = raw · gain + offset` for what was measured within `[from, until)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    /// First `measured_at` it holds for.
    pub from: Timestamp,
    /// First `measured_at` it no longer holds for.
    pub until: Option<Timestamp>,
    /// Factor.
    pub gain: f64,
    /// Added after the factor, in the quantity's unit.
    pub offset: f64,
    /// The instrument was being calibrated, or is known to be wrong: observations get flag 4.
    pub unsound: bool,
    /// Why, by whom.
    pub note: String,
}

impl Calibration {
    /// Whether it holds for what was measured then.
    pub fn holds(&self, measured_at: Timestamp) -> bool {
        self.from <= measured_at && self.until.is_none_or(|until| measured_at < until)
    }
}

#[cfg(test)]
mod tests;
