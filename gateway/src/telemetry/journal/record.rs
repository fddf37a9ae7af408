//! What stands in a segment after its header: items, one after another, without padding.
//!
//! ```text
//! offset 0   length    u32  little endian; the two high bits say the kind: 00 record, 10 mark, 11 void
//!        4   checksum  u32  CRC-32C of the segment's id, position, length (with its kind) and payload
//!        8   position  u64
//!        16  payload
//! ```
//!
//! - A *record* is what a sender appended. Its position is one more than that of the record before.
//! - A *mark* opens each group that is committed: everything up to its position was on disk before the group was
//!   written. So bytes that make no sense before a mark were acknowledged once and are damage; after the last mark
//!   they may be a group that a power cut tore, of which nobody was told.
//! - A *void* is laid by recovery over such a torn place, so that it is not taken for damage ever after. Its position
//!   is the last that was lost there.
//!
//! The segment's id, which is random, is in the checksum: bytes that the file held before, or that a sender made to
//! look like items, never count.

/// Bytes before the payload.
pub(super) const HEADER: usize = 16;

const KIND: u32 = 0b11 << 30;
const MARK: u32 = 0b10 << 30;
const VOID: u32 = 0b11 << 30;
/// Longest payload that the format can say.
pub(super) const PAYLOAD_MAX: usize = (1 << 30) - 1;

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Record,
    Mark,
    Void,
}

/// A sound item; its payload is what follows the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) kind: Kind,
    pub(super) position: u64,
    /// Bytes it takes in the segment.
    pub(super) total: usize,
}

/// Writes an item behind `out`.
pub(super) fn encode(out: &mut Vec<u8>, segment: u64, kind: Kind, position: u64, payload: &[u8]) {
    out.extend_from_slice(&header(segment, kind, position, payload));
    out.extend_from_slice(payload);
}

/// The header of an item whose payload is already where it belongs.
pub(super) fn header(segment: u64, kind: Kind, position: u64, payload: &[u8]) -> [u8; HEADER] {
    debug_assert!(payload.len() <= PAYLOAD_MAX, "the journal refuses longer records at its door");
    let kind = match kind {
        Kind::Record => 0,
        Kind::Mark => MARK,
        Kind::Void => VOID,
    };
    let length = payload.len() as u32 | kind;
    let mut out = [0; HEADER];
    out[..4].copy_from_slice(&length.to_le_bytes());
    out[4..8].copy_from_slice(&checksum(segment, position, length, payload).to_le_bytes());
    out[8..].copy_from_slice(&position.to_le_bytes());
    out
}

/// How many bytes the item that begins with `header` says that it takes.
pub(super) fn claimed(header: &[u8; HEADER]) -> usize {
    HEADER + (field(header, 0) & !KIND) as usize
}

/// The item at the beginning of `bytes`, if it is sound and may stand there: `last` is the position before it, and
/// `gap` the number of bytes between it and the item before, which made no sense.
pub(super) fn sound(bytes: &[u8], segment: u64, last: u64, gap: usize) -> Option<Item> {
    let (header, rest) = bytes.split_first_chunk::<HEADER>()?;
    let length = field(header, 0);
    let position = u64::from(field(header, 8)) | u64::from(field(header, 12)) << 32;
    let missing_max = (gap / HEADER) as u64;
    let ahead = position.checked_sub(last)?;
    let kind = match length & KIND {
        0 if ahead >= 1 && ahead <= missing_max + 1 => Kind::Record,
        MARK if ahead <= missing_max => Kind::Mark,
        VOID if ahead <= missing_max + (claimed(header) / HEADER) as u64 => Kind::Void,
        _ => return None,
    };
    let payload = rest.get(..(length & !KIND) as usize)?;
    let sound = field(header, 4) == checksum(segment, position, length, payload);
    sound.then_some(Item { kind, position, total: claimed(header) })
}

fn field(header: &[u8; HEADER], at: usize) -> u32 {
    u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
}

fn checksum(segment: u64, position: u64, length: u32, payload: &[u8]) -> u32 {
    let mut head = [0; 20];
    head[..8].copy_from_slice(&segment.to_le_bytes());
    head[8..16].copy_from_slice(&position.to_le_bytes());
    head[16..].copy_from_slice(&length.to_le_bytes());
    crc32c::crc32c_append(crc32c::crc32c(&head), payload)
}

/// A place in a segment where bytes make no sense, with a sound item after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hole {
    pub(super) at: usize,
    pub(super) bytes: usize,
    /// Records that stood there.
    pub(super) lost: u64,
    /// The position that the last of them had, or the one before the hole.
    pub(super) last: u64,
    /// Whether a mark after it says that it was on disk once.
    pub(super) durable: bool,
}

/// What stands in a segment's items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Scan {
    /// Sound records.
    pub(super) records: u64,
    /// The position of the first and of the last of them.
    pub(super) span: Option<(u64, u64)>,
    /// The last position that is accounted for, by a record, a mark or a void.
    pub(super) last: u64,
    /// Where the last sound item ends.
    pub(super) end: usize,
    /// Bytes after it, up to the last that is not zero.
    pub(super) tail: usize,
    /// Where the last mark begins; what is after it is not known to have been on disk.
    pub(super) last_mark: usize,
    /// Whether that mark is the last item, as a clean stop leaves it.
    pub(super) closed: bool,
    pub(super) holes: Vec<Hole>,
}

/// Looks at every item in `bytes`, which begin where a segment's items do; `before` is the position before its first.
pub(super) fn scan(bytes: &[u8], segment: u64, before: u64) -> Scan {
    let mut scan =
        Scan { records: 0, span: None, last: before, end: 0, tail: 0, last_mark: 0, closed: true, holes: Vec::new() };
    while let Some((gap, item)) = next(&bytes[scan.end..], segment, scan.last, 0) {
        let at = scan.end + gap;
        if gap > 0 {
            let held = item.position - u64::from(item.kind == Kind::Record);
            scan.holes.push(Hole { at: scan.end, bytes: gap, lost: held - scan.last, last: held, durable: false });
        }
        match item.kind {
            Kind::Record => {
                scan.records += 1;
                scan.span = Some((scan.span.map_or(item.position, |(first, _)| first), item.position));
            }
            // A group is written once the one before is on disk: so all that stands before a mark was.
            Kind::Mark => {
                scan.last_mark = at;
                scan.holes.iter_mut().for_each(|hole| hole.durable = true);
            }
            Kind::Void => {}
        }
        scan.closed = item.kind == Kind::Mark;
        scan.last = item.position;
        scan.end = at + item.total;
    }
    scan.tail = bytes[scan.end..].iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    scan
}

/// The first sound item in `bytes`, and where it begins; `gap` bytes before them made no sense already.
pub(super) fn next(bytes: &[u8], segment: u64, last: u64, gap: usize) -> Option<(usize, Item)> {
    let mut at = 0;
    while at + HEADER <= bytes.len() {
        if let Some(item) = sound(&bytes[at..], segment, last, gap + at) {
            return Some((at, item));
        }
        at += 1;
        // Sixteen zeros are no item: a run of them, such as the part of a segment not used yet, is passed at once.
        if bytes[at..].starts_with(&[0; HEADER]) {
            at += bytes[at..].iter().position(|byte| *byte != 0)? + 1 - HEADER;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEGMENT: u64 = 0x0123_4567_89ab_cdef;

    fn two_groups() -> (Vec<u8>, usize) {
        let mut bytes = Vec::new();
        encode(&mut bytes, SEGMENT, Kind::Mark, 6, b"");
        encode(&mut bytes, SEGMENT, Kind::Record, 7, b"seven");
        encode(&mut bytes, SEGMENT, Kind::Record, 8, b"");
        let second = bytes.len();
        encode(&mut bytes, SEGMENT, Kind::Mark, 8, b"");
        encode(&mut bytes, SEGMENT, Kind::Record, 9, b"nine");
        (bytes, second)
    }

    #[test]
    fn bytes_are_laid_out_as_drawn() {
        let mut bytes = Vec::new();
        encode(&mut bytes, SEGMENT, Kind::Record, 0x0102, b"ab");
        assert_eq!(bytes[..4], [2, 0, 0, 0]);
        assert_eq!(bytes[8..], [2, 1, 0, 0, 0, 0, 0, 0, b'a', b'b']);
        let mut covered = SEGMENT.to_le_bytes().to_vec();
        covered.extend_from_slice(&bytes[8..16]);
        covered.extend_from_slice(&bytes[..4]);
        covered.extend_from_slice(b"ab");
        assert_eq!(bytes[4..8], crc32c::crc32c(&covered).to_le_bytes());
    }

    #[test]
    fn sound_items_are_found_and_what_follows_them_is_the_tail() {
        let (mut bytes, second) = two_groups();
        let end = bytes.len();
        bytes.extend_from_slice(&[0; 100]);
        let expected = Scan {
            records: 3,
            span: Some((7, 9)),
            last: 9,
            end,
            tail: 0,
            last_mark: second,
            closed: false,
            holes: Vec::new(),
        };
        assert_eq!(scan(&bytes, SEGMENT, 6), expected);
        bytes[end + 40] = 1;
        assert_eq!(scan(&bytes, SEGMENT, 6), Scan { tail: 41, ..expected });
    }

    #[test]
    fn another_segments_items_do_not_count() {
        let (bytes, _) = two_groups();
        assert_eq!(scan(&bytes, SEGMENT + 1, 6).records, 0);
    }

    #[test]
    fn damage_before_a_mark_was_durable_and_after_the_last_one_it_may_not_have_been() {
        let (bytes, second) = two_groups();
        let mut early = bytes.clone();
        early[HEADER + 2] ^= 0x10;
        let hole = Hole { at: HEADER, bytes: HEADER + 5, lost: 1, last: 7, durable: true };
        assert_eq!(scan(&early, SEGMENT, 6).holes, [hole]);

        let mut late = bytes.clone();
        encode(&mut late, SEGMENT, Kind::Record, 10, b"ten");
        late[second + HEADER + 9] ^= 1;
        let hole = Hole { at: second + HEADER, bytes: HEADER + 4, lost: 1, last: 9, durable: false };
        assert_eq!(scan(&late, SEGMENT, 6).holes, [hole]);
    }

    #[test]
    fn a_void_accounts_for_what_was_torn() {
        let (mut bytes, second) = two_groups();
        encode(&mut bytes, SEGMENT, Kind::Record, 10, b"ten");
        let at = second + HEADER;
        let void = header(SEGMENT, Kind::Void, 9, &bytes[at + HEADER..at + HEADER + 4]);
        bytes[at..at + HEADER].copy_from_slice(&void);
        let scan = scan(&bytes, SEGMENT, 6);
        assert_eq!((scan.holes.len(), scan.records, scan.last), (0, 3, 10));
    }
}
