//! The log itself, without threads: groups of records go to the newest segment and are on disk when that returns.
//!
//! Guarantees: a position is given once; a record counts as committed only after the sync that covers it; whole
//! segments go, oldest first, and never the newest, so that positions go on after a restart. The writer's thread owns
//! the [`Log`]; readers and whoever releases share its [`Index`].

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::record::{self, Kind};
use super::segment::{self, Header, ITEMS_AT};
use super::storage::{File, Storage, is_full};
use super::{JournalConfig, PauseReason, Position};

/// Bytes that are put together before they are written.
const WRITE_BYTES: usize = 1 << 20;

/// The newest segment and what goes on in it.
pub(super) struct Log {
    storage: Arc<dyn Storage>,
    config: JournalConfig,
    index: Arc<Index>,
    active: Option<Active>,
    next: Position,
    buffer: Vec<u8>,
    appended: bool,
}

/// A segment that is written to.
pub(super) struct Active {
    pub(super) file: Box<dyn File>,
    pub(super) id: u64,
    pub(super) end: u64,
    pub(super) bytes: u64,
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
        Log { storage, config, index, active, next, buffer: Vec::new(), appended: false }
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
        let written = write_group(&mut active, &mut self.buffer, self.next, records);
        let end = active.end;
        self.active = Some(active);
        let (count, end) = match written {
            Ok((count, bytes)) => (count, end + bytes),
            Err((_, source)) if is_full(&source) => return Err(CommitError::Full(PauseReason::DiskFull)),
            Err((doing, source)) => return Err(CommitError::Failed { doing, source }),
        };
        if let Some(active) = &mut self.active {
            active.end = end;
        }
        self.next += count as u64;
        self.appended = true;
        self.index.committed(self.next - 1, end);
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
        let mark = record::header(active.id, Kind::Mark, self.next - 1, b"");
        let failed = |source| CommitError::Failed { doing: "closing a segment", source };
        active.file.write_at(active.end, &mark).and_then(|()| active.file.sync_data()).map_err(failed)?;
        active.end += mark.len() as u64;
        self.appended = false;
        self.index.committed(self.next - 1, active.end);
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
        Ok(Active { file, id, end: ITEMS_AT, bytes })
    }
}

/// Writes and syncs a mark and as many records as there is room for; returns how many, and the bytes of all.
fn write_group<R: AsRef<[u8]>>(
    active: &mut Active,
    buffer: &mut Vec<u8>,
    first: Position,
    records: &[R],
) -> Result<(usize, u64), (&'static str, io::Error)> {
    let room = active.bytes - active.end;
    let mut written = 0;
    let mut count = 0;
    buffer.clear();
    record::encode(buffer, active.id, Kind::Mark, first - 1, b"");
    for (payload, position) in records.iter().map(AsRef::as_ref).zip(first..) {
        if written + (buffer.len() + record::HEADER + payload.len()) as u64 > room {
            break;
        }
        record::encode(buffer, active.id, Kind::Record, position, payload);
        count += 1;
        if buffer.len() >= WRITE_BYTES {
            active.file.write_at(active.end + written, buffer).map_err(|source| ("writing a segment", source))?;
            written += buffer.len() as u64;
            buffer.clear();
        }
    }
    active.file.write_at(active.end + written, buffer).map_err(|source| ("writing a segment", source))?;
    // A sync that fails for want of room is a failed sync all the same: what it left behind is not known.
    active.file.sync_data().map_err(|source| ("syncing a segment", io::Error::other(source)))?;
    Ok((count, written + buffer.len() as u64))
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
        Index { state: Mutex::new(Segments { segments, committed }), ..Index::default() }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Segments> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn committed(&self, last: Position, end: u64) {
        let mut state = self.lock();
        state.committed = last;
        if let Some(newest) = state.segments.back_mut() {
            newest.last = last;
            newest.end = end;
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
