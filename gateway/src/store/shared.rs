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

    /// Observations within `span`, judged among their neighbours.
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
        all.extend(observations);
        all.extend(observations::after(connection, entry, span.until, quality::AFTER)?);
        Ok(Judged { all: quality::judge(&all, quantity, &calibrations) })
    }

    /// The numbers of one window as they are now.
    pub(crate) fn fold(&self, connection: &Connection, entry: &Entry, span: Span) -> Result<Values, StoreError> {
        let judged = self.judged(connection, entry, span)?;
        let companion = self.companions(connection, entry, span)?;
        Ok(self.fold_judged(entry, span, &judged, &companion))
    }

    /// The numbers of a window that lies within the span that `judged` and `companion` were made for.
    pub(crate) fn fold_judged(&self, entry: &Entry, span: Span, judged: &Judged, companion: &Judged) -> Values {
        let Some(quantity) = self.quantity(entry) else { return Values::default() };
        fold(&WindowInput {
            span,
            observations: judged.within(span),
            before: judged.before(span.from),
            quantity,
            expectation: self.expectation(entry),
            companion: companion.within(span),
        })
    }

    /// What the quantity's rule looks at beside the datastream's own observations; only what lies in the window itself
    /// counts: a window must not depend on what is measured before the one before it.
    pub(crate) fn companions(&self, connection: &Connection, entry: &Entry, span: Span) -> Result<Judged, StoreError> {
        match self.quantity(entry).map(|quantity| &quantity.rule) {
            Some(Rule::Circular { calm: Some((speed, _)) }) => self.companion(connection, entry, speed, span),
            _ => Ok(Judged::default()),
        }
    }

    fn companion(
        &self,
        connection: &Connection,
        entry: &Entry,
        quantity: &str,
        span: Span,
    ) -> Result<Judged, StoreError> {
        let all = self.directory.all();
        let same = |other: &&Arc<Entry>| {
            other.key.node == entry.key.node
                && other.key.channel == entry.key.channel
                && &*other.key.quantity == quantity
        };
        match all.iter().find(same) {
            Some(other) => self.judged(connection, other, span),
            None => Ok(Judged::default()),
        }
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

/// Observations of a span with their judgement, and those beside it that it was made with.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    all: Vec<JudgedObservation>,
}

impl Judged {
    /// Those within `span`, sorted by time, then value.
    pub(crate) fn within(&self, span: Span) -> &[JudgedObservation] {
        &self.all[self.place(span.from)..self.place(span.until)]
    }

    /// The last of the [`quality::BEFORE`] observations before `at` that counts.
    pub(crate) fn before(&self, at: Timestamp) -> Option<&JudgedObservation> {
        let place = self.place(at);
        self.all[place.saturating_sub(quality::BEFORE)..place].iter().rev().find(|o| o.flag().counts())
    }

    /// When the last observation before `at` was measured, whatever its flag.
    pub(crate) fn previous_at(&self, at: Timestamp) -> Option<Timestamp> {
        Some(self.all[self.place(at).checked_sub(1)?].measured_at)
    }

    /// When the first observation at or after `at` was measured, whatever its flag.
    pub(crate) fn next_at(&self, at: Timestamp) -> Option<Timestamp> {
        self.all.get(self.place(at)).map(|o| o.measured_at)
    }

    fn place(&self, at: Timestamp) -> usize {
        self.all.partition_point(|o| o.measured_at < at)
    }
}

fn calibrations(registry: &Snapshot, key: &DatastreamKey) -> Arc<[Calibration]> {
    if registry.calibrations.is_empty() {
        return Arc::new([]);
    }
    registry.calibrations.get(key).cloned().unwrap_or_default()
}
