//! The log itself, without threads: groups of records go to the newest segment and are on disk when that returns.
//!
//! Guarantees: a position is given once; a record counts as committed only after the sync that covers it; whole
//! segments go, oldest first, and never the newest, so that positions go on after a restart. The writer's thread owns
//! the [`Log`]; readers and whoever releases share its [`Index`].

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::active::{Active, Recent};
use super::record;
use super::segment::{self, Header, ITEMS_AT};
use super::storage::{Storage, is_full};
use super::{JournalConfig, PauseReason, Position};

/// The newest segment and what goes on in it.
pub(super) struct Log {
    storage: Arc<dyn Storage>,
    config: JournalConfig,
    index: Arc<Index>,
    active: Option<Active>,
    next: Position,
    appended: bool,
}

/// Why a group was not committed.
#[derive(Debug)]
pub(super) enum CommitError {
    /// No room: nothing was committed, try the same again later.
    Full(PauseReason),
    /// The disk failed: what was written is unknown, and nothing may be tried again.
    Failed { doing: &'static str, source: io::Error },
}

impl Log {
    /// A log that goes on with `active`, or with a new segment, at `next`.
    pub(super) fn new(
        storage: Arc<dyn Storage>,
        config: JournalConfig,
        index: Arc<Index>,
        active: Option<Active>,
        next: Position,
    ) -> Log {
        Log { storage, config, index, active, next, appended: false }
    }

    /// What readers see of it.
    pub(super) fn index(&self) -> &Arc<Index> {
        &self.index
    }

    /// Commits the first of `records`, as many as one segment takes, and says how many.
    ///
    /// # Errors
    /// [`CommitError`]; then none of them counts.
    pub(super) fn append_group<R: AsRef<[u8]>>(&mut self, records: &[R]) -> Result<usize, CommitError> {
        let Some(first) = records.first() else { return Ok(0) };
        let needed = (2 * record::HEADER + first.as_ref().len()) as u64;
        let mut active = match self.active.take() {
            Some(active) if active.bytes.saturating_sub(active.end) >= needed => active,
            other => {
                // Put back first: when there is no room for another, this one stays the newest.
                self.active = other;
                self.roll()?
            }
        };
        let written = active.write_group(self.next, records);
        let active = self.active.insert(active);
        let count = match written {
            Ok(count) => count,
            Err((_, source)) if is_full(&source) => return Err(CommitError::Full(PauseReason::DiskFull)),
            Err((doing, source)) => return Err(CommitError::Failed { doing, source }),
        };
        self.next += count as u64;
        self.appended = true;
        self.index.committed(self.next - 1, active);
        Ok(count)
    }

    /// Leaves a mark behind the last group, so that a later damage to it is told from a torn tail.
    ///
    /// # Errors
    /// [`CommitError::Failed`]; all that was committed stays so.
    pub(super) fn close(&mut self) -> Result<(), CommitError> {
        let Some(active) = self.active.as_mut().filter(|_| self.appended) else { return Ok(()) };
        if active.bytes.saturating_sub(active.end) < record::HEADER as u64 {
            return Ok(());
        }
        let failed = |(_, source)| CommitError::Failed { doing: "closing a segment", source };
        active.write_group::<&[u8]>(self.next, &[]).map_err(failed)?;
        self.appended = false;
        self.index.committed(self.next - 1, active);
        Ok(())
    }

    fn roll(&mut self) -> Result<Active, CommitError> {
        let bytes = self.config.segment_bytes;
        if self.index.lock().bytes() + bytes > self.config.bytes_max {
            return Err(CommitError::Full(PauseReason::Cap));
        }
        let failed = |source| CommitError::Failed { doing: "making a segment", source };
        let id = getrandom::u64().map_err(|error| failed(io::Error::other(error.to_string())))?;
        let after = self.index.lock().committed;
        let header = Header { id, first: self.next, after, bytes };
        let file = segment::create(&*self.storage, &header).map_err(|source| match is_full(&source) {
            true => CommitError::Full(PauseReason::DiskFull),
            false => failed(source),
        })?;
        let segments = &mut self.index.lock().segments;
        // One that held nothing and was too short has the same name: the new file stands in its place.
        segments.pop_back_if(|newest| newest.first == header.first);
        segments.push_back(Segment { first: self.next, last: self.next - 1, id: Some(id), end: ITEMS_AT, bytes });
        Active::new(file, id, ITEMS_AT, bytes).map_err(failed)
    }
}

/// What is in the journal: shared by its writer, its readers and whoever releases.
#[derive(Default)]
pub(super) struct Index {
    state: Mutex<Segments>,
    committed: Condvar,
    releasing: Mutex<()>,
}

/// Its segments, oldest first.
#[derive(Default)]
pub(super) struct Segments {
    pub(super) segments: VecDeque<Segment>,
    /// The last position that is on disk.
    pub(super) committed: Position,
    /// The newest bytes, where they are not in the page cache.
    pub(super) recent: Recent,
}

/// A segment as its readers see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) first: Position,
    /// The last position in it; for one that cannot be read, the last that may be in it.
    pub(super) last: Position,
    /// Its id, unless its header cannot be read.
    pub(super) id: Option<u64>,
    /// Where its committed items end.
    pub(super) end: u64,
    /// Bytes of its file.
    pub(super) bytes: u64,
}

impl Segments {
    /// Bytes of all files.
    pub(super) fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.bytes).sum()
    }
}

impl Index {
    pub(super) fn new(segments: VecDeque<Segment>, committed: Position) -> Index {
        Index { state: Mutex::new(Segments { segments, committed, recent: Recent::default() }), ..Index::default() }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Segments> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn committed(&self, last: Position, active: &Active) {
        let mut state = self.lock();
        state.committed = last;
        active.remember(&mut state.recent);
        if let Some(newest) = state.segments.back_mut() {
            newest.last = last;
            newest.end = active.end;
        }
        drop(state);
        self.committed.notify_all();
    }

    /// Waits until `position` is committed, at most for `timeout`, and says whether it is.
    pub(super) fn wait(&self, position: Position, timeout: Duration) -> bool {
        let deadline = Instant::now() + timeout;
        let mut state = self.lock();
        while state.committed < position {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = self.committed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// Removes every segment, but the newest, that holds nothing at `before` or after it; says how many.
    pub(super) fn release(&self, storage: &dyn Storage, before: Position) -> io::Result<usize> {
        let _one_at_a_time = self.releasing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut released = 0;
        loop {
            let oldest = {
                let state = self.lock();
                match state.segments.front() {
                    Some(oldest) if oldest.last < before && state.segments.len() > 1 => oldest.first,
                    _ => return Ok(released),
                }
            };
            // One by one, each on disk before the next: what is left never has a segment missing between others.
            match storage.remove(&segment::name(oldest)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => storage.sync_dir()?,
            }
            self.lock().segments.pop_front();
            released += 1;
        }
    }
}
