//! Reading what is committed, in order, with file handles of one's own: for the pipeline's thread.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::Position;
use super::log::Index;
use super::record::{self, Kind};
use super::segment::{self, ITEMS_AT};
use super::storage::{File, Storage};

/// Bytes that are read at once.
const BLOCK_BYTES: u64 = 256 * 1024;

/// Reads the journal from a position on, each record once. Blocks.
pub struct Reader {
    storage: Arc<dyn Storage>,
    index: Arc<Index>,
    next: Position,
    at: Option<At>,
    block: Vec<u8>,
    damaged_bytes: u64,
}

/// Where in which segment it reads.
struct At {
    first: Position,
    id: u64,
    file: Box<dyn File>,
    /// Offset of the next item, and of the block's first byte.
    offset: u64,
    block_at: u64,
    /// The position before the next item.
    last: Position,
    /// Bytes between the item before and the offset, which make no sense.
    gap: usize,
}

/// The journal's files cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("journal segment {segment} cannot be read")]
pub struct ReadError {
    /// The segment's file name.
    pub segment: String,
    /// The cause.
    pub source: io::Error,
}

impl Reader {
    pub(super) fn new(storage: Arc<dyn Storage>, index: Arc<Index>, from: Position) -> Reader {
        Reader { storage, index, next: from.max(1), at: None, block: Vec::new(), damaged_bytes: 0 }
    }

    /// The position from which it reads on. Positions before it were lent, or are not in the journal.
    pub fn position(&self) -> Position {
        self.next
    }

    /// Bytes stepped over because they made no sense.
    pub fn damaged_bytes(&self) -> u64 {
        self.damaged_bytes
    }

    /// Waits until there may be something to read, at most for `timeout`; says whether there may be.
    pub fn wait(&self, timeout: Duration) -> bool {
        self.index.wait(self.next, timeout)
    }

    /// Lends committed records to `take`, in order, until their payloads come to `bytes_max` or there are no more;
    /// says how many. At least one, if there is one.
    ///
    /// # Errors
    /// [`ReadError`]; what was lent before stays lent, and the reader goes on behind it.
    pub fn read(&mut self, bytes_max: usize, mut take: impl FnMut(Position, &[u8])) -> Result<usize, ReadError> {
        let (mut count, mut bytes) = (0, 0);
        loop {
            let Some((end, last)) = self.find()? else { return Ok(count) };
            let Some(at) = &mut self.at else { return Ok(count) };
            while at.offset < end {
                let Some((item, payload)) = at.item(&self.index, &mut self.block, end)? else { break };
                self.damaged_bytes += std::mem::take(&mut at.gap) as u64;
                if item.kind == Kind::Record && item.position >= self.next {
                    take(item.position, payload);
                    self.next = item.position + 1;
                    count += 1;
                    bytes += payload.len();
                    if bytes >= bytes_max {
                        return Ok(count);
                    }
                }
            }
            // All of the segment is read: what it should hold and does not is gone.
            self.next = self.next.max(last + 1);
        }
    }

    /// Like [`Reader::read`], with copies of the records put behind `out`.
    ///
    /// # Errors
    /// As there.
    pub fn next_batch(&mut self, bytes_max: usize, out: &mut Vec<(Position, Vec<u8>)>) -> Result<usize, ReadError> {
        self.read(bytes_max, |position, payload| out.push((position, payload.to_vec())))
    }

    /// Goes to the segment that holds the next position; says where its committed items end and what its last is, or
    /// nothing when all that is committed was read.
    fn find(&mut self) -> Result<Option<(u64, Position)>, ReadError> {
        let state = self.index.lock();
        if self.next > state.committed {
            return Ok(None);
        }
        // The first that ends at the next position or after it: there is one, for the newest ends with the last
        // committed.
        let at = state.segments.partition_point(|segment| segment.last < self.next);
        let Some(segment) = state.segments.get(at).cloned() else { return Ok(None) };
        drop(state);
        let Some(id) = segment.id else {
            self.damaged_bytes += segment.bytes;
            self.next = segment.last + 1;
            return self.find();
        };
        if self.at.as_ref().is_none_or(|at| at.id != id) {
            let name = segment::name(segment.first);
            let file = self.storage.open(&name).map_err(|source| ReadError { segment: name, source })?;
            self.block.clear();
            let (offset, block_at, last) = (ITEMS_AT, ITEMS_AT, segment.first - 1);
            self.at = Some(At { first: segment.first, id, file, offset, block_at, last, gap: 0 });
        }
        Ok(Some((segment.end, segment.last)))
    }
}

impl At {
    /// The next sound item, and its payload; nothing when there is none before `end`.
    fn item<'b>(
        &mut self,
        index: &Index,
        block: &'b mut Vec<u8>,
        end: u64,
    ) -> Result<Option<(record::Item, &'b [u8])>, ReadError> {
        self.fill(index, block, end, record::HEADER as u64)?;
        let header = block.get(self.within()..).and_then(|rest| rest.first_chunk());
        if let Some(claimed) = header.map(record::claimed) {
            self.fill(index, block, end, claimed as u64)?;
        }
        let item = match record::sound(&block[self.within()..], self.id, self.last, self.gap) {
            Some(item) => item,
            None => {
                self.fill(index, block, end, end - self.offset)?;
                let Some((gap, item)) = record::next(&block[self.within()..], self.id, self.last, self.gap) else {
                    self.gap += (end - self.offset) as usize;
                    self.offset = end;
                    return Ok(None);
                };
                self.offset += gap as u64;
                self.gap += gap;
                item
            }
        };
        let payload = &block[self.within()..][record::HEADER..item.total];
        self.offset += item.total as u64;
        self.last = item.position;
        Ok(Some((item, payload)))
    }

    fn within(&self) -> usize {
        (self.offset - self.block_at) as usize
    }

    /// Makes sure that the block holds `bytes` from the offset on, as far as there are so many before `end`.
    fn fill(&mut self, index: &Index, block: &mut Vec<u8>, end: u64, bytes: u64) -> Result<(), ReadError> {
        let wanted = bytes.min(end - self.offset);
        if self.offset + wanted <= self.block_at + block.len() as u64 {
            return Ok(());
        }
        let length = wanted.max(BLOCK_BYTES).min(end - self.offset) as usize;
        self.block_at = self.offset;
        block.resize(length, 0);
        if index.lock().recent.copy(self.id, self.offset, block) {
            return Ok(());
        }
        let read = self.file.read_at(self.offset, block);
        read.map_err(|source| ReadError { segment: segment::name(self.first), source })
    }
}
