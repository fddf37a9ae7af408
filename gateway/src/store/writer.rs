//! [`Writer`]: the one writer of `telemetry.db`. What the pipeline has in hand goes to the database in checkpoints, each
//! one transaction, durable when it returns: the journal may then forget what it holds.
//!
//! Nothing in this process opens the file but through SQLite: closing any descriptor of it would drop SQLite's locks.

mod checkpoint;
mod load;

use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, params};

pub(super) use checkpoint::FORGET_FRAMES;
pub use checkpoint::{Checkpoint, NameRow, NewRejection, NodeRow, Quarantined};
pub use load::Recovered;

use super::StoreError;
use super::compaction;
use super::live::{Entry, Live};
use super::model::{Aggregate, WindowIndex};
use super::reader::Reader;
use super::schema::TELEMETRY;
use super::shared::Shared;
use super::sqlite;
use crate::aggregate::Windows;
use crate::catalogue::Catalogue;
use crate::clock::Clock;
use crate::reading::{DatastreamKey, Timestamp};
use crate::registry::Snapshot;

/// Pages of the WAL at which SQLite writes them to the file. A page that changes meanwhile is written there once: four times as
/// many as SQLite's own bound, for a WAL of some 16 MB.
const WAL_PAGES: u32 = 4_000;

/// Writes the store. One in the process, in the pipeline's thread.
pub struct Writer {
    pub(super) connection: Connection,
    pub(super) shared: Arc<Shared>,
    progress: Progress,
}

/// How far the store has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The journal position up to which everything is stored.
    pub position: u64,
    /// The last change number given to an aggregate.
    pub change: u64,
}

impl Writer {
    /// Opens or makes `telemetry.db` in `folder`.
    ///
    /// # Errors
    /// [`StoreError`], also when the file's format is newer than this program, or its windows are other ones.
    pub fn open(
        folder: &Path,
        catalogue: Arc<Catalogue>,
        windows: Arc<Windows>,
        registry: Arc<Snapshot>,
    ) -> Result<(Self, Recovered), StoreError> {
        let path = folder.join("telemetry.db");
        let connection = sqlite::open_writer(&path, TELEMETRY)?;
        connection.pragma_update(None, "wal_autocheckpoint", WAL_PAGES)?;
        load::hold_to_lengths(&connection, windows.lengths())?;
        let shared = Arc::new(Shared::new(path, catalogue, windows, registry));
        load::datastreams(&connection, &shared)?;
        let progress = connection.query_row("SELECT position, change FROM progress", [], |row| {
            Ok(Progress { position: row.get::<_, i64>(0)? as u64, change: row.get::<_, i64>(1)? as u64 })
        })?;
        let recovered = Recovered {
            progress,
            nodes: load::nodes(&connection)?,
            names: load::names(&connection)?,
            delivered: load::delivered(&connection)?,
            unsettled: load::unsettled(&connection, &shared)?,
        };
        Ok((Self { connection, shared, progress }, recovered))
    }

    /// A reader of the same store.
    pub fn reader(&self, clock: Arc<Clock>) -> Reader {
        Reader::new(self.shared.clone(), clock)
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// How far the store has come.
    pub fn progress(&self) -> Progress {
        self.progress
    }

    /// Adds a datastream. It is in memory at once and in the database with the next checkpoint that names it touched.
    pub(crate) fn add_datastream(&self, key: DatastreamKey, external: bool, created_at: Timestamp) -> Arc<Entry> {
        let quantity = self.shared.catalogue.find(&key.quantity);
        let id = self.shared.directory.next_id();
        let entry = Arc::new(Entry::new(id, key, quantity, external, created_at, Live::default()));
        entry.live().basis = Some(self.shared.basis(&entry));
        self.shared.directory.add(entry.clone());
        entry
    }

    /// The revision under which that window was written, with its values; none when it never was.
    pub(crate) fn written(
        &self,
        entry: &Entry,
        window: WindowIndex,
        start: Timestamp,
    ) -> Result<Option<Aggregate>, StoreError> {
        super::reader::written(&self.connection, entry, window, start)
    }

    /// The writer's connection, to read with.
    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The cursor of that sink: the last change it has delivered.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub fn cursor(&self, sink: &str) -> Result<u64, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT cursor FROM sink WHERE name = ?1")?;
        let mut rows = statement.query([sink])?;
        Ok(rows.next()?.map(|row| row.get::<_, i64>(0)).transpose()?.unwrap_or(0) as u64)
    }

    /// Whether that rejection is kept and was not played again yet.
    pub(crate) fn may_be_replayed(&self, rejection: u64) -> Result<bool, StoreError> {
        super::rejections::may_be_replayed(&self.connection, rejection)
    }

    /// Writes a checkpoint in one durable transaction.
    ///
    /// # Errors
    /// [`StoreError`]; then nothing of the checkpoint is stored, and the same one may be tried again.
    pub fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), StoreError> {
        let entries: Vec<Arc<Entry>> =
            checkpoint.touched.iter().filter_map(|id| self.shared.directory.get(*id)).collect();
        let transaction = self.connection.transaction()?;
        checkpoint::write_datastreams(&transaction, &entries)?;
        checkpoint::write_observations(&transaction, &entries)?;
        checkpoint::write_windows(&transaction, checkpoint)?;
        checkpoint::write_nodes(&transaction, checkpoint)?;
        checkpoint::write_rejections(&transaction, checkpoint)?;
        checkpoint::write_sinks(&transaction, checkpoint)?;
        let change =
            checkpoint.aggregates.values().filter_map(|a| a.change).max().unwrap_or(0).max(self.progress.change);
        transaction
            .prepare_cached("UPDATE progress SET position = ?1, change = ?2")?
            .execute(params![checkpoint.position as i64, change as i64])?;
        transaction.commit()?;
        self.progress = Progress { position: checkpoint.position, change };
        for entry in &entries {
            entry.live().all_written();
        }
        Ok(())
    }

    /// Merges segments that have gathered.
    ///
    /// # Errors
    /// [`StoreError`]; what is merged so far is whole, and the rest may be tried again.
    pub fn merge(&mut self) -> Result<(), StoreError> {
        compaction::merge(&mut self.connection, &self.shared)
    }

    /// Seals everything, as it is after days.
    #[cfg(test)]
    pub(crate) fn compact(&mut self) -> Result<(), StoreError> {
        compaction::seal_all(&mut self.connection, &self.shared)
    }

    /// What the database uses, in bytes; pages that were freed are used again and do not count.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn used_bytes(&self) -> Result<u64, StoreError> {
        let pragma = |name: &str| self.connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        let pages = pragma("page_count")? - pragma("freelist_count")?;
        Ok(pages as u64 * pragma("page_size")? as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::load;
    use crate::store::model::WindowLength::{LocalDay, Minutes};

    fn open(folder: &Path, lengths: &[crate::store::model::WindowLength]) -> Result<Writer, StoreError> {
        let windows = Arc::new(Windows::new(lengths.to_vec(), jiff::tz::TimeZone::UTC));
        Writer::open(folder, Arc::new(load::embedded()), windows, Arc::default()).map(|(writer, _)| writer)
    }

    #[test]
    fn a_checkpoint_is_durable_when_it_returns() {
        let folder = tempfile::tempdir().expect("a folder");
        let writer = open(folder.path(), &[]).expect("a store");
        let pragma = |name| writer.connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).expect("told");
        const FULL: i64 = 2;
        assert_eq!(pragma("synchronous"), FULL, "the journal forgets what a checkpoint holds");
    }

    #[test]
    fn quarters_are_never_taken_for_hours_because_the_configuration_changed() {
        let folder = tempfile::tempdir().expect("a folder");
        let made_with = [Minutes(15), Minutes(60)];
        drop(open(folder.path(), &made_with).expect("a store"));
        for other in [&[Minutes(60)][..], &[Minutes(60), Minutes(15)], &[Minutes(15), LocalDay, Minutes(60)]] {
            let error = open(folder.path(), other).map(drop).expect_err("other windows");
            assert!(error.to_string().contains("(PT15M, PT1H)"), "{error}");
        }
        for same in [&[Minutes(15)][..], &made_with, &[Minutes(15), Minutes(60), LocalDay]] {
            drop(open(folder.path(), same).expect("each length keeps its place"));
        }
    }
}
