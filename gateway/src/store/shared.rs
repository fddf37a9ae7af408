//! What the store's writer and its readers share, and the judged view of a datastream.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, RwLock};

use rusqlite::Connection;

use super::live::{Directory, Entry};
use super::model::{Aggregate, JudgedObservation, Span, Status, Values, WindowIndex};
use super::observations::{self, Versions};
use super::{StoreError, sqlite};
use crate::aggregate::{Expectation, WindowInput, Windows, fold};
use crate::catalogue::{Catalogue, Quantity, Rule};
use crate::quality;
use crate::reading::{DatastreamKey, Observation, Timestamp};
use crate::registry::{Calibration, Snapshot};

/// Idle connections kept; more readers at once open their own and drop them.
const IDLE_CONNECTIONS_MAX: usize = 4;

/// Shared by the one writer and all readers.
pub(crate) struct Shared {
    pub(crate) path: PathBuf,
    pub(crate) directory: Directory,
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) windows: Arc<Windows>,
    registry: RwLock<Arc<Snapshot>>,
    idle: Mutex<Vec<Connection>>,
}

impl Shared {
    pub(crate) fn new(
        path: PathBuf,
        catalogue: Arc<Catalogue>,
        windows: Arc<Windows>,
        registry: Arc<Snapshot>,
    ) -> Self {
        Self {
            path,
            directory: Directory::default(),
            catalogue,
            windows,
            registry: RwLock::new(registry),
            idle: Mutex::default(),
        }
    }

    /// The registry as results are made with now.
    pub(crate) fn registry(&self) -> Arc<Snapshot> {
        self.registry.read().expect("no panic while the lock is held").clone()
    }

    pub(crate) fn set_registry(&self, snapshot: Arc<Snapshot>) {
        *self.registry.write().expect("no panic while the lock is held") = snapshot;
    }

    /// Runs `read` on a connection of the pool, in one read transaction.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let idle = self.idle.lock().expect("no panic while the lock is held").pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => sqlite::open_reader(&self.path)?,
        };
        let result = {
            let transaction = connection.transaction()?;
            read(&transaction)
        };
        let mut idle = self.idle.lock().expect("no panic while the lock is held");
        if idle.len() < IDLE_CONNECTIONS_MAX {
            idle.push(connection);
        }
        result
    }

    pub(crate) fn quantity(&self, entry: &Entry) -> Option<&Quantity> {
        entry.quantity.map(|index| self.catalogue.quantity(index))
    }

    /// Observations within `span`, judged among their neighbours, and the last before it.
    pub(crate) fn judged(&self, connection: &Connection, entry: &Entry, span: Span) -> Result<Judged, StoreError> {
        let observations = observations::within(connection, entry, span, Versions::Current)?;
        self.judge(connection, entry, span, observations)
    }

    /// Judges `observations`, which are all the current ones within `span`.
    pub(crate) fn judge(
        &self,
        connection: &Connection,
        entry: &Entry,
        span: Span,
        observations: Vec<Observation>,
    ) -> Result<Judged, StoreError> {
        let Some(quantity) = self.quantity(entry) else { return Ok(Judged::default()) };
        let calibrations = calibrations(&self.registry(), &entry.key);
        let look_back = quality::look_back_ms(quantity);
        let context = span.from.plus_millis(-look_back);
        let mut all = observations::before(connection, entry, context, quality::BEFORE)?;
        if look_back > 0 {
            let span = Span { from: context, until: span.from };
            all.extend(observations::within(connection, entry, span, Versions::Current)?);
        }
        let start = all.len();
        all.extend(observations);
        let end = all.len();
        all.extend(observations::after(connection, entry, span.until, quality::AFTER)?);
        let mut judged = quality::judge(&all, quantity, &calibrations);
        judged.truncate(end);
        let within = judged.split_off(start);
        let before = judged.into_iter().rev().find(|o| o.flag().counts());
        Ok(Judged { before, within })
    }

    /// The numbers of one window as they are now.
    pub(crate) fn fold(&self, connection: &Connection, entry: &Entry, span: Span) -> Result<Values, StoreError> {
        let Some(quantity) = self.quantity(entry) else { return Ok(Values::default()) };
        let judged = self.judged(connection, entry, span)?;
        let companion = match &quantity.rule {
            Rule::Circular { calm: Some((speed, _)) } => self.companion(connection, entry, speed, span)?,
            _ => Vec::new(),
        };
        Ok(fold(&WindowInput {
            span,
            observations: &judged.within,
            before: judged.before.as_ref(),
            quantity,
            expectation: self.expectation(entry),
            companion: &companion,
        }))
    }

    fn companion(
        &self,
        connection: &Connection,
        entry: &Entry,
        quantity: &str,
        span: Span,
    ) -> Result<Vec<JudgedObservation>, StoreError> {
        let all = self.directory.all();
        let same = |other: &&Arc<Entry>| {
            other.key.node == entry.key.node
                && other.key.channel == entry.key.channel
                && &*other.key.quantity == quantity
        };
        let Some(other) = all.iter().find(same) else { return Ok(Vec::new()) };
        let judged = self.judged(connection, other, span)?;
        Ok(judged.before.into_iter().chain(judged.within).collect())
    }

    /// How often readings of this datastream are expected.
    pub(crate) fn expectation(&self, entry: &Entry) -> Expectation {
        Expectation::every(self.period_s(&entry.key))
    }

    /// Seconds between readings: the node's type says, else the quantity.
    pub(crate) fn period_s(&self, key: &DatastreamKey) -> Option<u32> {
        let registry = self.registry();
        let node_type = registry.nodes.get(&key.node).and_then(|node| node.node_type.as_ref());
        let own = node_type
            .and_then(|code| self.catalogue.node_types.get(code))
            .and_then(|node_type| node_type.period_s.get(&key.quantity))
            .copied();
        own.or_else(|| self.catalogue.quantity(self.catalogue.find(&key.quantity)?).period_s)
    }

    /// The zone of the datastream's node at `at`.
    pub(crate) fn zone(&self, entry: &Entry, at: Timestamp) -> Option<Arc<str>> {
        let registry = self.registry();
        registry.nodes.get(&entry.key.node)?.placement(at)?.zone.clone()
    }

    /// An aggregate that is not written: open, or ended and waiting to settle.
    pub(crate) fn unsettled_aggregate(
        &self,
        connection: &Connection,
        entry: &Entry,
        (window, start): (WindowIndex, Timestamp),
        now: Timestamp,
    ) -> Result<Aggregate, StoreError> {
        let span = self.windows.around(window, start);
        Ok(Aggregate {
            datastream: entry.id,
            window,
            span,
            values: self.fold(connection, entry, span)?,
            status: if now < span.until { Status::Open } else { Status::Provisional },
            revision: 0,
            change: None,
            zone: self.zone(entry, span.from),
        })
    }
}

/// Observations of a span with their judgement.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    /// The last one before the span that counts.
    pub(crate) before: Option<JudgedObservation>,
    /// Those within, sorted by time, then ordinal.
    pub(crate) within: Vec<JudgedObservation>,
}

fn calibrations(registry: &Snapshot, key: &DatastreamKey) -> Arc<[Calibration]> {
    if registry.calibrations.is_empty() {
        return Arc::new([]);
    }
    registry.calibrations.get(key).cloned().unwrap_or_default()
}
