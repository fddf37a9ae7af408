//! The segment that is written to: a group goes to its end and is on disk when that returns.
//!
//! Where the file takes sectors ([`File::sector`]), a group is written as whole sectors: the bytes before it in its first one
//! are kept in memory and written again as they were, and zeros, which stand there anyway, fill its last. A disk writes a
//! sector wholly or not at all, so what was acknowledged before stands either way. Elsewhere the group's bytes alone are
//! written, and the page cache sees to the rest.
//!
//! Sectors do not pass through the page cache, so the newest of them are kept for readers ([`Recent`]).

use std::io;

use super::Position;
use super::record::{self, Kind};
use super::storage::File;

/// Bytes that are put together before they are written.
const WRITE_BYTES: usize = 1 << 20;
/// Bytes of committed groups that are kept for readers, at least; at most twice as many.
const RECENT_BYTES: usize = 1 << 20;

/// The segment, and where it ends.
pub(super) struct Active {
    file: Box<dyn File>,
    id: u64,
    pub(super) end: u64,
    pub(super) bytes: u64,
    /// Bytes that writes are multiples of: 1 where the file takes none for themselves.
    unit: usize,
    /// The bytes of the last unit before the end.
    tail: Vec<u8>,
    /// What was written last, from `buffer_at` on; its last `group` bytes are the last group, unless that was longer.
    buffer: Vec<u8>,
    group: Option<usize>,
}

impl Active {
    /// The segment in `file`, which goes on at `end`.
    ///
    /// # Errors
    /// The file's, when it does not give what stands before the end.
    pub(super) fn new(file: Box<dyn File>, id: u64, end: u64, bytes: u64) -> io::Result<Active> {
        // The last sector of a file that is no multiple of it would make the file longer.
        let unit = file.sector().filter(|sector| bytes.is_multiple_of(*sector as u64)).unwrap_or(1);
        let mut tail = vec![0; (end % unit as u64) as usize];
        file.read_at(end - tail.len() as u64, &mut tail)?;
        Ok(Active { file, id, end, bytes, unit, tail, buffer: Vec::new(), group: None })
    }

    /// Writes and syncs a mark and as many records as there is room for; returns how many.
    pub(super) fn write_group<R: AsRef<[u8]>>(
        &mut self,
        first: Position,
        records: &[R],
    ) -> Result<usize, (&'static str, io::Error)> {
        let mut at = self.end - self.tail.len() as u64;
        let mut count = 0;
        let mut whole = true;
        self.buffer.clear();
        self.buffer.extend_from_slice(&self.tail);
        record::encode(&mut self.buffer, self.id, Kind::Mark, first - 1, b"");
        for (payload, position) in records.iter().map(AsRef::as_ref).zip(first..) {
            if at + (self.buffer.len() + record::HEADER + payload.len()) as u64 > self.bytes {
                break;
            }
            record::encode(&mut self.buffer, self.id, Kind::Record, position, payload);
            count += 1;
            if self.buffer.len() >= WRITE_BYTES {
                let units = self.buffer.len() - self.buffer.len() % self.unit;
                let written = self.file.write_at(at, &self.buffer[..units]);
                written.map_err(|source| ("writing a segment", source))?;
                self.buffer.drain(..units);
                at += units as u64;
                whole = false;
            }
        }
        let used = self.buffer.len();
        self.buffer.resize(used.next_multiple_of(self.unit), 0);
        self.file.write_at(at, &self.buffer).map_err(|source| ("writing a segment", source))?;
        // A sync that fails for want of room is a failed sync all the same: what it left behind is not known.
        self.file.sync_data().map_err(|source| ("syncing a segment", io::Error::other(source)))?;
        self.buffer.truncate(used);
        self.group = whole.then_some(used - self.tail.len());
        self.end = at + used as u64;
        self.tail.clear();
        self.tail.extend_from_slice(&self.buffer[used - used % self.unit..]);
        Ok(count)
    }

    /// Puts the group that was written last where readers find it.
    pub(super) fn remember(&self, recent: &mut Recent) {
        match self.group {
            Some(group) if self.unit > 1 => recent.push(self.id, self.end, &self.buffer[self.buffer.len() - group..]),
            _ => recent.bytes.clear(),
        }
    }
}

/// The newest bytes of the newest segment.
#[derive(Default)]
pub(super) struct Recent {
    segment: u64,
    end: u64,
    bytes: Vec<u8>,
}

impl Recent {
    /// `group` was committed and ends at `end`.
    fn push(&mut self, segment: u64, end: u64, group: &[u8]) {
        if (self.segment, self.end + group.len() as u64) != (segment, end) {
            self.bytes.clear();
        }
        if self.bytes.len() + group.len() > 2 * RECENT_BYTES {
            let kept = RECENT_BYTES.saturating_sub(group.len()).min(self.bytes.len());
            self.bytes.drain(..self.bytes.len() - kept);
        }
        self.bytes.extend_from_slice(group);
        (self.segment, self.end) = (segment, end);
    }

    /// Fills `out` with what stands at `offset`; whether all of it is here.
    pub(super) fn copy(&self, segment: u64, offset: u64, out: &mut [u8]) -> bool {
        let begin = self.end - self.bytes.len() as u64;
        let here = offset.checked_sub(begin).and_then(|at| self.bytes.get(at as usize..)?.get(..out.len()));
        match here {
            Some(here) if self.segment == segment => {
                out.copy_from_slice(here);
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_bytes_are_kept_and_nothing_else_is_taken_for_them() {
        let mut recent = Recent::default();
        let mut all = vec![0; 100];
        for number in 0..400u32 {
            let group = vec![number as u8; 10_000 + number as usize];
            all.extend_from_slice(&group);
            recent.push(7, all.len() as u64, &group);
            assert!(recent.bytes.len() <= 2 * RECENT_BYTES);
            let mut out = vec![0; group.len() / 2];
            assert!(recent.copy(7, (all.len() - group.len()) as u64, &mut out));
            assert_eq!(out, group[..out.len()]);
        }
        let kept = recent.bytes.len();
        assert!(kept >= RECENT_BYTES);
        let mut out = vec![0; kept];
        assert!(recent.copy(7, (all.len() - kept) as u64, &mut out));
        assert_eq!(out, all[all.len() - kept..]);
        assert!(!recent.copy(7, (all.len() - kept - 1) as u64, &mut out), "older");
        assert!(!recent.copy(7, (all.len() - kept + 1) as u64, &mut out), "beyond the end");
        assert!(!recent.copy(8, (all.len() - kept) as u64, &mut out), "another segment's");
        recent.push(8, 200, &[1; 50]);
        assert!(!recent.copy(8, 100, &mut [0; 60]), "a segment begins anew");
    }
}
