//! The journal: what is received goes to disk here before it is acknowledged; the one durability point of the system.
//!
//! Records are bytes; what they mean is [`super::frame`]'s. They are kept in a folder of preallocated segments and
//! written by one thread, which commits all that has queued with one sync and then tells the senders
//! ([`Receipts`]). Guarantees:
//!
//! - A record that was receipted is read back after any crash, once, in the order of positions; a position is never
//!   given twice; nothing that was not appended is ever read.
//! - Damage costs the records it touches and no others, and is told ([`Recovery`], [`verify`]).
//! - When the cap or the disk is full, nothing is acknowledged until there is room again. A failed sync or any other
//!   error of the disk stops the journal: what it left behind is not known, so nothing may be tried again.
//!
//! ```text
//! senders → queue (bounded in bytes) → writer's thread → log → segments: header, then marks and records
//!                                                                 ↑ reader, recovery, verify
//! ```

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::watch;

mod active;
#[cfg(any(test, fuzzing))]
pub(crate) mod hostile;
mod log;
mod queue;
mod reader;
mod receipts;
mod record;
mod recovery;
mod salvage;
mod segment;
mod storage;
#[cfg(test)]
mod tests;
mod times;
mod verify;
mod writer;

pub use reader::{ReadError, Reader};
pub use receipts::Receipts;
pub use recovery::{Damage, Recovery};
pub use salvage::{Content, FileReport, Salvage, SalvageError, salvage, salvage_into};
pub use times::Times;
pub use verify::{Report, SegmentReport, verify};

use log::Index;
use queue::Queue;
use storage::{Folder, Storage};

/// A record's place in the journal: 1 for the first record ever, never used again.
pub type Position = u64;

/// The bounds of a journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalConfig {
    /// Bytes of a segment's file.
    pub segment_bytes: u64,
    /// Bytes of all segments together. When full, nothing is acknowledged until segments are released.
    pub bytes_max: u64,
    /// Bytes of records on their way to the disk. When full, senders wait.
    pub queue_bytes_max: u32,
    /// Bytes of the longest record. A longer one is refused.
    pub record_bytes_max: usize,
    /// Positions before this are not given: what the store has seen already, should the folder have been lost.
    pub next_at_least: Position,
}

impl Default for JournalConfig {
    fn default() -> JournalConfig {
        JournalConfig {
            segment_bytes: 16 << 20,
            bytes_max: 2 << 30,
            queue_bytes_max: 8 << 20,
            record_bytes_max: 1 << 20,
            next_at_least: 1,
        }
    }
}

impl JournalConfig {
    fn check(&self) -> Result<(), JournalError> {
        // A header, a mark and the record.
        let needed = segment::ITEMS_AT + 2 * record::HEADER as u64 + self.record_bytes_max as u64;
        if self.record_bytes_max > record::PAYLOAD_MAX {
            return Err(JournalError::Config("record_bytes_max is more than 1 GiB"));
        }
        if self.segment_bytes < needed {
            return Err(JournalError::Config("segment_bytes does not hold a record of record_bytes_max"));
        }
        if self.bytes_max < 2 * self.segment_bytes {
            return Err(JournalError::Config("bytes_max does not hold two segments"));
        }
        if self.queue_bytes_max == 0 {
            return Err(JournalError::Config("queue_bytes_max is 0"));
        }
        Ok(())
    }
}

/// The journal, open: its folder is locked and its writer's thread runs until [`Journal::close`] or the end of this.
pub struct Journal {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
    _lock: Option<fs::File>,
}

/// Why a journal could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The bounds contradict each other.
    #[error("journal: {0}")]
    Config(&'static str),
    /// Another process has it open.
    #[error("{0} is open in another gateway")]
    Locked(PathBuf),
    /// Written by a newer program.
    #[error(
        "{path} has format {found}, newer than the {known} that this program knows: run the newer program, or restore a backup"
    )]
    Newer {
        /// The segment.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The newest that is known.
        known: u32,
    },
    /// The disk's own error.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

impl JournalError {
    fn from_survey(dir: &Path, error: recovery::SurveyError) -> JournalError {
        match error {
            recovery::SurveyError::Newer { name, found } => {
                JournalError::Newer { path: dir.join(name), found, known: segment::version_known() }
            }
            recovery::SurveyError::Io { name, source } => JournalError::Io { path: dir.join(name), source },
        }
    }
}

/// The journal's disk failed while it ran. The process is to stop.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{doing} failed")]
pub struct Failure {
    /// What it was doing.
    pub doing: &'static str,
    /// The cause.
    pub source: Arc<io::Error>,
}

/// The journal has stopped: its disk failed. The process is about to stop too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the journal has stopped")]
pub struct Stopped;

/// Why a record was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// It is longer than [`JournalConfig::record_bytes_max`]: its sender should have looked.
    #[error("a record of {bytes} bytes is longer than the {bytes_max} that the journal takes")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// The longest that is taken.
        bytes_max: usize,
    },
    /// Nothing is written any more.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

/// Why nothing is acknowledged for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PauseReason {
    /// Another segment would exceed [`JournalConfig::bytes_max`].
    Cap,
    /// The disk, or the quota, is full.
    DiskFull,
}

/// The state of a journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    /// Whether and why it waits for room.
    pub paused: Option<PauseReason>,
    /// Bytes of all segment files.
    pub bytes: u64,
    /// Their bound.
    pub bytes_max: u64,
    /// The last position that is on disk; 0 when none ever was.
    pub committed: Position,
    /// The position from which records are kept.
    pub oldest: Position,
    /// Groups committed since it was opened.
    pub groups: u64,
    /// Records committed since it was opened.
    pub records: u64,
    /// How long the groups took to be written and synced.
    pub times: Times,
    /// Whether its disk failed.
    pub failed: bool,
}

/// What the journal's handles share.
struct Shared {
    storage: Arc<dyn Storage>,
    index: Arc<Index>,
    queue: Queue,
    bytes_max: u64,
    record_bytes_max: usize,
    progress: Mutex<Progress>,
    failure: watch::Sender<Option<Failure>>,
}

#[derive(Default)]
struct Progress {
    paused: Option<PauseReason>,
    groups: u64,
    records: u64,
    times: Times,
}

impl Shared {
    fn progress(&self) -> std::sync::MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count_group(&self, records: u64, took: Duration) {
        let mut progress = self.progress();
        progress.times.add(took);
        progress.groups += 1;
        progress.records += records;
    }

    /// Sets why it is paused and returns what was set before.
    fn set_paused(&self, reason: Option<PauseReason>) -> Option<PauseReason> {
        std::mem::replace(&mut self.progress().paused, reason)
    }

    fn fail(&self, failure: Failure) {
        // Closed first: whoever learns of the failure finds that nothing is taken any more.
        self.queue.close();
        self.failure.send_if_modified(|first| {
            let unset = first.is_none();
            first.get_or_insert(failure);
            unset
        });
    }
}

impl Journal {
    /// Opens the journal in `dir`, makes it if there is none, and says what was found.
    ///
    /// # Errors
    /// [`JournalError`]: a newer format is refused, untouched; so is a folder that another gateway has open.
    pub fn open(dir: &Path, config: JournalConfig) -> Result<(Journal, Recovery), JournalError> {
        let failed = |source| JournalError::Io { path: dir.to_owned(), source };
        config.check()?;
        fs::create_dir_all(dir).map_err(failed)?;
        if let Some(parent) = dir.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            fs::File::open(parent).and_then(|parent| parent.sync_all()).map_err(failed)?;
        }
        let mut options = fs::File::options();
        let lock = options.create(true).truncate(false).write(true).open(dir.join(segment::LOCK)).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(JournalError::Locked(dir.to_owned())),
            Err(fs::TryLockError::Error(source)) => return Err(failed(source)),
        }
        let opened = Journal::open_in(Arc::new(Folder::new(dir.to_owned())), config);
        let (mut journal, recovery) = opened.map_err(|error| JournalError::from_survey(dir, error))?;
        journal._lock = Some(lock);
        Ok((journal, recovery))
    }

    fn open_in(storage: Arc<dyn Storage>, config: JournalConfig) -> Result<(Journal, Recovery), recovery::SurveyError> {
        let (log, recovery) = recovery::open(Arc::clone(&storage), config.clone())?;
        let shared = Arc::new(Shared {
            storage,
            index: Arc::clone(log.index()),
            queue: Queue::new(config.queue_bytes_max),
            bytes_max: config.bytes_max,
            record_bytes_max: config.record_bytes_max,
            progress: Mutex::default(),
            failure: watch::Sender::new(None),
        });
        let writer = writer::Writer::new(log, Arc::clone(&shared));
        let thread = thread::Builder::new().name("journal".into()).spawn(move || writer.run());
        let thread =
            thread.map_err(|source| recovery::SurveyError::Io { name: "the writer's thread".into(), source })?;
        Ok((Journal { shared, thread: Mutex::new(Some(thread)), _lock: None }, recovery))
    }

    /// The way in.
    pub fn appender(&self) -> Appender {
        Appender { shared: Arc::clone(&self.shared) }
    }

    /// Reads what is committed, from that position on.
    pub fn reader(&self, from: Position) -> Reader {
        Reader::new(Arc::clone(&self.shared.storage), Arc::clone(&self.shared.index), from)
    }

    /// Lets go of records before that position: segments that hold no others are removed, but for the newest. Blocks.
    ///
    /// # Errors
    /// [`Stopped`] when the disk fails at it; [`Journal::failed`] tells how.
    pub fn release(&self, before: Position) -> Result<(), Stopped> {
        match self.shared.index.release(&*self.shared.storage, before) {
            Ok(0) => {}
            Ok(_) => self.shared.queue.disk_has_room(),
            Err(source) => {
                tracing::error!(error = %source, "releasing a segment failed: the journal stops");
                self.shared.fail(Failure { doing: "releasing a segment", source: Arc::new(source) });
                return Err(Stopped);
            }
        }
        Ok(())
    }

    /// Whether it waits at its cap, or will soon: a checkpoint would free segments.
    pub fn is_nearly_full(&self) -> bool {
        let full = self.shared.progress().paused == Some(PauseReason::Cap);
        full || self.shared.index.lock().bytes() >= self.shared.bytes_max - self.shared.bytes_max / 8
    }

    /// Its state now.
    pub fn status(&self) -> Status {
        let index = self.shared.index.lock();
        let (bytes, committed) = (index.bytes(), index.committed);
        let oldest = index.segments.front().map_or(committed + 1, |oldest| oldest.first);
        drop(index);
        let progress = self.shared.progress();
        Status {
            paused: progress.paused,
            bytes,
            bytes_max: self.shared.bytes_max,
            committed,
            oldest,
            groups: progress.groups,
            records: progress.records,
            times: progress.times.clone(),
            failed: self.shared.failure.borrow().is_some(),
        }
    }

    /// Waits until the disk fails, if it ever does, and tells how. Cancel-safe.
    pub async fn failed(&self) -> Failure {
        let mut failure = self.shared.failure.subscribe();
        let failed = failure.wait_for(Option::is_some).await.expect("the sender is in the state that self holds");
        failed.clone().expect("that is what was waited for")
    }

    /// Takes no more records, commits those that are queued, and ends the thread. Blocks. Records that find no room
    /// stay unacknowledged.
    ///
    /// # Errors
    /// [`Stopped`] when the disk failed, before or at it.
    pub fn close(&self) -> Result<(), Stopped> {
        self.shared.queue.close();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        let ended = thread.is_none_or(|thread| thread.join().is_ok());
        if ended && self.shared.failure.borrow().is_none() { Ok(()) } else { Err(Stopped) }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        // Whoever wants to know how it ended has called it before.
        let _ = self.close();
    }
}

/// Whether a process has the journal in `dir` open now.
pub fn is_open(dir: &Path) -> bool {
    let Ok(lock) = fs::File::options().write(true).open(dir.join(segment::LOCK)) else { return false };
    matches!(lock.try_lock_shared(), Err(fs::TryLockError::WouldBlock))
}

/// The way into the journal, for the doors. Cheap to clone.
#[derive(Clone)]
pub struct Appender {
    shared: Arc<Shared>,
}

impl Appender {
    /// Gives `record` to the journal and returns when it is queued, which takes as long as the queue is full;
    /// `receipts` counts it once it is on disk. Cancel-safe: a record whose call was dropped is not queued.
    ///
    /// # Errors
    /// [`AppendError`]: the journal's disk has failed, it was closed, or the record is too long.
    pub async fn append(&self, record: Vec<u8>, receipts: Arc<Receipts>) -> Result<(), AppendError> {
        let (bytes, bytes_max) = (record.len(), self.shared.record_bytes_max);
        if bytes > bytes_max {
            return Err(AppendError::TooLong { bytes, bytes_max });
        }
        if self.shared.queue.push(record, receipts).await { Ok(()) } else { Err(Stopped.into()) }
    }
}
