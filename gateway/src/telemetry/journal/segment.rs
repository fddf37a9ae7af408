//! A segment: a file of the journal, named for the first position it may hold, preallocated, begun with a header.
//!
//! ```text
//! offset 0   magic          8 bytes "CITYJRNL"
//!        8   version        u32 = 1
//!        12  zero           u32
//!        16  id             u64  random
//!        24  first          u64  the first position it may hold
//!        32  after          u64  the last position before it that was on disk when it was made
//!        40  bytes          u64  the file's length
//!        48  zero           12 bytes
//!        60  checksum       u32  CRC-32C of the 60 bytes before
//! ```
//!
//! All numbers are little endian. The header stands twice, at 0 and at 4096, so that one bad sector does not take a
//! whole segment; items follow the second. Magic, version and checksum stay where they are in every later format.

use std::io;

use super::Position;
use super::storage::{File, Storage};

/// Where items begin.
pub(super) const ITEMS_AT: u64 = SECOND_AT + HEADER as u64;

const POSITION_MAX: Position = Position::MAX / 2;
const MAGIC: [u8; 8] = *b"CITYJRNL";
const VERSION: u32 = 1;
const HEADER: usize = 64;
const SECOND_AT: u64 = 4096;

/// What a segment says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) id: u64,
    pub(super) first: Position,
    pub(super) after: Position,
    pub(super) bytes: u64,
}

/// How a file's header was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Sound(Header),
    /// Both copies are damaged, or it is the header of another file.
    Unreadable,
    /// Sound, and of a newer format.
    Newer(u32),
}

impl Header {
    fn encode(&self) -> [u8; HEADER] {
        let mut out = [0; HEADER];
        out[..8].copy_from_slice(&MAGIC);
        out[8..12].copy_from_slice(&VERSION.to_le_bytes());
        out[16..24].copy_from_slice(&self.id.to_le_bytes());
        out[24..32].copy_from_slice(&self.first.to_le_bytes());
        out[32..40].copy_from_slice(&self.after.to_le_bytes());
        out[40..48].copy_from_slice(&self.bytes.to_le_bytes());
        let checksum = crc32c::crc32c(&out[..60]);
        out[60..].copy_from_slice(&checksum.to_le_bytes());
        out
    }
}

/// The header in the beginning of a segment's file, named for `first`.
pub(super) fn read_header(bytes: &[u8], first: Position) -> Found {
    let copies = [0, SECOND_AT as usize].into_iter().filter_map(|at| bytes.get(at..at + HEADER)?.try_into().ok());
    for copy in copies {
        match read_copy(copy) {
            Some(Found::Sound(header)) if header.first != first => {}
            Some(found) => return found,
            None => {}
        }
    }
    Found::Unreadable
}

/// The header in the beginning of a file, whatever its name.
pub(super) fn any_header(bytes: &[u8]) -> Found {
    let copies = [0, SECOND_AT as usize].into_iter().filter_map(|at| bytes.get(at..at + HEADER)?.try_into().ok());
    let mut found = copies.filter_map(read_copy).filter(|found| match found {
        // As no journal has it: positions begin with 1.
        Found::Sound(header) => (1..=POSITION_MAX).contains(&header.first),
        _ => true,
    });
    found.next().unwrap_or(Found::Unreadable)
}

fn read_copy(bytes: &[u8; HEADER]) -> Option<Found> {
    let number = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("8 bytes of 64"));
    if bytes[..8] != MAGIC || bytes[60..] != crc32c::crc32c(&bytes[..60]).to_le_bytes() {
        return None;
    }
    let version = number(8) as u32;
    Some(match version {
        VERSION => Found::Sound(Header { id: number(16), first: number(24), after: number(32), bytes: number(40) }),
        newer => Found::Newer(newer),
    })
}

/// The newest format that this program knows.
pub(super) const fn version_known() -> u32 {
    VERSION
}

/// What a file of the folder is, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    Segment(Position),
    /// A segment whose making was cut short; it holds nothing.
    Unfinished,
    Lock,
    Foreign,
}

/// The lock's name.
pub(super) const LOCK: &str = "LOCK";

/// The name of the segment that begins with `first`.
pub(super) fn name(first: Position) -> String {
    format!("{first:020}.journal")
}

/// What the file of that name is.
pub(super) fn named(name: &str) -> Named {
    if name == LOCK {
        return Named::Lock;
    }
    let Some((digits, rest)) = name.split_once('.') else { return Named::Foreign };
    let written_so = digits.len() == 20 && digits.bytes().all(|b| b.is_ascii_digit());
    match (digits.parse().unwrap_or(0), rest) {
        // Half of all positions is more than any journal gives, and leaves room to count on.
        (first @ 1..=POSITION_MAX, "journal") if written_so => Named::Segment(first),
        (1..=POSITION_MAX, "journal.new") if written_so => Named::Unfinished,
        _ => Named::Foreign,
    }
}

/// Makes a segment's file, whole and on disk under its name when this returns.
///
/// # Errors
/// The storage's. What was begun is removed again; when that fails too, [`Named::Unfinished`] stays, which the next
/// opening removes.
pub(super) fn create(storage: &dyn Storage, header: &Header) -> io::Result<Box<dyn File>> {
    let unfinished = format!("{}.new", name(header.first));
    let made = (|| {
        let file = storage.create(&unfinished)?;
        file.allocate(header.bytes)?;
        file.write_at(0, &header.encode())?;
        file.write_at(SECOND_AT, &header.encode())?;
        file.sync_all()?;
        storage.rename(&unfinished, &name(header.first))?;
        storage.sync_dir()?;
        Ok(file)
    })();
    if made.is_err() {
        let _ = storage.remove(&unfinished);
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER_1: Header = Header { id: 7, first: 3, after: 2, bytes: 5000 };

    fn both(header: [u8; HEADER]) -> Vec<u8> {
        let mut bytes = vec![0; ITEMS_AT as usize];
        bytes[..HEADER].copy_from_slice(&header);
        bytes[SECOND_AT as usize..].copy_from_slice(&header);
        bytes
    }

    #[test]
    fn one_sound_copy_of_the_header_is_enough() {
        for broken in [0, SECOND_AT as usize] {
            let mut bytes = both(HEADER_1.encode());
            bytes[broken + 20] ^= 1;
            assert_eq!(read_header(&bytes, 3), Found::Sound(HEADER_1));
        }
        assert_eq!(read_header(&both(HEADER_1.encode()), 4), Found::Unreadable, "another segment's");
        assert_eq!(read_header(&[], 3), Found::Unreadable);
    }

    #[test]
    fn a_newer_version_is_told_from_damage() {
        let mut newer = HEADER_1.encode();
        newer[8] = 2;
        assert_eq!(read_header(&both(newer), 3), Found::Unreadable);
        let checksum = crc32c::crc32c(&newer[..60]);
        newer[60..].copy_from_slice(&checksum.to_le_bytes());
        assert_eq!(read_header(&both(newer), 3), Found::Newer(2));
    }

    #[test]
    fn names_say_what_a_file_is() {
        assert_eq!(named(&name(42)), Named::Segment(42));
        assert_eq!(named("00000000000000000042.journal.new"), Named::Unfinished);
        assert_eq!(named("LOCK"), Named::Lock);
        for foreign in ["42.journal", "notes.txt", "00000000000000000042.journal~", "00000000000000000000.journal"] {
            assert_eq!(named(foreign), Named::Foreign, "{foreign}");
        }
    }
}
